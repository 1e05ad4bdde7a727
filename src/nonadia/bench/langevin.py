"""`nonadia bench langevin`: ensembles with one and two threads, against a NumPy loop and ASE's Langevin, and their memory.

A process a measurement, everything in one run; the JSON file is written anew after every case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import process
from .langevin_cases import AT_LEAST, BOUNDS, FREQUENCY, STEP, Case
from .langevin_peer import PEERS
from .suite import GB, OWN_LIMIT, Say, available_memory, machine, save, versions

SCHEMA = 1
DEVIATION = 5.0  # standard errors of temperature and spread that are right
PACKAGES = ("nonadia", "numpy", "scipy", "numba", "ase")


@dataclass(frozen=True)
class Plan:
    """What to run. peers: compare with a NumPy loop and with ASE where it is installed; time_limit: seconds for each.

    repeats: seconds for each measurement. memory_limit: bytes that a process may hold; default 70% of what is free.
    """

    cases: Sequence[Case]
    time_limit: float = 300.0
    peers: bool = True
    repeats: float = 6.0
    memory_limit: float | None = None


def run(plan: Plan, output: Path, say: Say) -> dict[str, Any]:
    """The results, saved in `output`. say(what begins, None) and say(name, entry) when a case is done."""
    limit = plan.memory_limit or 0.7 * available_memory()
    state = {peer: "not asked for" if not plan.peers else "compared" if find_spec(peer) else "not installed" for peer in PEERS}
    results: dict[str, Any] = {
        "schema": SCHEMA,
        "benchmark": "langevin",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(PACKAGES),
        "conditions": {"time_limit_s": plan.time_limit, "memory_limit_bytes": int(limit), "peers": state},
        "cases": {},
        "finished": False,
    }
    save(results, output)
    for case in plan.cases:
        task = {"case": asdict(case), "repeats": plan.repeats}
        say(f"{case.name}: nonadia", None)
        kind = "langevin memory" if case.memory else "langevin"
        entry: dict[str, Any] = {
            "case": asdict(case),
            "nonadia": process.run({"kind": kind, **task}, OWN_LIMIT, limit),
            "peers": {},
        }
        for peer in PEERS if not case.memory else ():
            if state[peer] == "compared":
                say(f"{case.name}: {peer}, at most {plan.time_limit:.0f} s", None)
                entry["peers"][peer] = process.run({"kind": "langevin peer", "peer": peer, **task}, plan.time_limit, limit)
        entry |= judge(case, entry["nonadia"], entry["peers"])
        results["cases"][case.name] = entry
        save(results, output)
        say(case.name, entry)
    results["finished"] = True
    results["finished_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    save(results, output)
    return results


def judge(case: Case, own: dict[str, Any], peers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ratios, deviations from the exact temperature and spread, and the targets of one case.

    rate_2 : steps of trajectories per second in na.langevin with two threads
    scaling : two threads over one
    numpy_ratio, ase_ratio : na.langevin with one thread over the NumPy loop and ASE, by processor time
    deviations : the larger one of |T/T_exact - 1| and |⟨x²⟩/σ² - 1| of each code
    """
    threads, ratios = own.get("threads", {}), {}
    if "2" in threads:
        ratios = {"rate_2": threads["2"]["rate"], "scaling": threads["2"]["rate"] / threads["1"]["rate"]}
        ratios |= {f"{n}_ratio": threads["1"]["cpu_rate"] / peer["rate"] for n, peer in peers.items() if "rate" in peer}
    if "peak_bytes" in own:
        ratios["peak_gb"] = own["peak_bytes"] / GB
    found = {f"{n} threads": (entry, case.trajectories) for n, entry in threads.items()}
    if "kernel" in own:
        found["kernel"] = own["kernel"], case.trajectories
    found |= {name: (peer, peer["trajectories"]) for name, peer in peers.items() if "spread" in peer}
    deviations = {name: max(abs(e[q] - 1.0) for q in ("temperature", "spread")) for name, (e, _) in found.items()}
    bounds = {name: allowed(count) for name, (_, count) in found.items()}
    right = own["status"] == "ok" and all(deviations[name] < bounds[name] for name in found)
    targets = [{"quantity": q, "bound": BOUNDS[q], "value": ratios.get(q), "met": _met(q, ratios.get(q))} for q in case.targets]
    return {"ratios": ratios, "deviations": deviations, "allowed": bounds, "targets": targets, "correct": right}


def allowed(trajectories: int) -> float:
    """Deviation of a variance of so many numbers, relative: the statistical one, and that of second order in the step."""
    return float(DEVIATION * (2.0 / trajectories) ** 0.5 + (FREQUENCY * STEP) ** 2 / 4.0)


def _met(quantity: Any, value: float | None) -> bool | None:
    bound = BOUNDS[quantity]
    return None if value is None else value >= bound if quantity in AT_LEAST else value <= bound


def failures(results: dict[str, Any]) -> list[str]:
    """One line for everything asked for that was not computed, or is wrong; speed alone is no failure."""
    lines = []
    for name, entry in results["cases"].items():
        own = entry["nonadia"]
        if own["status"] != "ok":
            lines.append(f"{name}: {own['status']}{': ' + own['message'] if 'message' in own else ''}")
        elif not entry["correct"]:
            lines.append(f"{name}: temperature or spread differ by {entry['deviations']}, allowed {entry['allowed']}")
        for peer, measured in entry["peers"].items():
            if measured["status"] == "failed":
                lines.append(f"{name}: {peer} failed: {measured['message']}")
    return lines
