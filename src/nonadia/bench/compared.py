"""A benchmark of cases, each measured in nonadia and in other packages: a process a measurement, everything in one run.

The JSON file is written anew after every case, so that an interrupted run keeps what it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import process
from .suite import OWN_LIMIT, Say, available_memory, machine, save, versions


@dataclass(frozen=True)
class Plan:
    """What to run. cases: with a name and whether it is one of `memory`; peers: compare with the packages that are installed.

    time_limit: seconds for a peer at each case; repeats: seconds for each measurement; memory_limit: bytes that a process may
    hold, default 70% of what is free.
    """

    cases: Sequence[Any]
    time_limit: float = 300.0
    peers: bool = True
    repeats: float = 4.0
    memory_limit: float | None = None


@dataclass(frozen=True)
class Comparison:
    """name of the benchmark; kind: first word of the child processes' tasks; judge(case, own, peers): ratios, targets and
    whether it is `correct`; wrong(entry): what is, in words."""

    name: str
    kind: str
    schema: int
    packages: Sequence[str]
    peers: Sequence[str]
    conditions: dict[str, Any]
    judge: Callable[[Any, dict[str, Any], dict[str, dict[str, Any]]], dict[str, Any]]
    wrong: Callable[[dict[str, Any]], str]

    def run(self, plan: Plan, output: Path, say: Say) -> dict[str, Any]:
        """The results, saved in `output`. say(what begins, None) and say(name, entry) when a case is done."""
        limit = plan.memory_limit or 0.7 * available_memory()
        state = dict.fromkeys(self.peers, "not asked for")
        if plan.peers:
            state = {peer: "compared" if find_spec(peer) else "not installed" for peer in self.peers}
        conditions = {"time_limit_s": plan.time_limit, "memory_limit_bytes": int(limit), "peers": state}
        results: dict[str, Any] = {
            "schema": self.schema,
            "benchmark": self.name,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": versions(self.packages),
            "conditions": self.conditions | conditions,
            "cases": {},
            "finished": False,
        }
        save(results, output)
        for case in plan.cases:
            task = {"case": asdict(case), "repeats": plan.repeats}
            say(f"{case.name}: nonadia", None)
            kind = f"{self.kind} memory" if case.memory else self.kind
            own = process.run({"kind": kind, **task}, OWN_LIMIT, limit)
            entry: dict[str, Any] = {"case": asdict(case), "nonadia": own, "peers": {}}
            for peer in self.peers if not case.memory else ():
                if state[peer] == "compared":
                    say(f"{case.name}: {peer}, at most {plan.time_limit:.0f} s", None)
                    asked = {"kind": f"{self.kind} peer", "peer": peer, **task}
                    entry["peers"][peer] = process.run(asked, plan.time_limit, limit)
            entry |= self.judge(case, own, entry["peers"])
            results["cases"][case.name] = entry
            save(results, output)
            say(case.name, entry)
        results["finished"] = True
        results["finished_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        save(results, output)
        return results

    def failures(self, results: dict[str, Any]) -> list[str]:
        """One line for everything asked for that was not computed, or is wrong; speed alone is no failure."""
        lines = []
        for name, entry in results["cases"].items():
            own = entry["nonadia"]
            if own["status"] != "ok":
                lines.append(f"{name}: {own['status']}{': ' + own['message'] if 'message' in own else ''}")
            elif not entry["correct"]:
                lines.append(f"{name}: {self.wrong(entry)}")
            for peer, measured in entry["peers"].items():
                if measured["status"] == "failed":
                    lines.append(f"{name}: {peer} failed: {measured['message']}")
        return lines
