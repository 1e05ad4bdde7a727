"""`nonadia bench heom`: every case in nonadia and in QuTiP, one after another, in one run on one thread.

The JSON file is written anew after every case, so that an interrupted run keeps what it has.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import process
from .cases import AT_LEAST, BANDWIDTH, CHEMICAL_POTENTIALS, Case
from .geometries import MOST_FURTHER, MOST_SOLVES

SCHEMA = 1
AGREEMENT = 1e-8  # of occupations, with the oracle and with QuTiP
GB = 1e9
OWN_LIMIT = 900.0  # seconds; the first process of an installation compiles the kernels
BEST_PEER = "PARDISO"  # targets are set against QuTiP's fastest solver
PACKAGES = ("nonadia", "numpy", "scipy", "numba", "qutip", "mkl")


@dataclass(frozen=True)
class Plan:
    """What to run. peer: compare with QuTiP; time_limit: seconds for QuTiP at each case; repeats: seconds of repetitions.

    peer_large: let QuTiP also try the cases that it is not known to finish. points, rounds: of the grid of geometries; without
    points there is none. memory_limit: bytes that a process may hold; default, 70% of what is free now.
    """

    cases: Sequence[Case]
    time_limit: float = 300.0
    peer: bool = True
    peer_large: bool = False
    repeats: float = 3.0
    points: int = 9
    rounds: int = 3
    memory_limit: float | None = None


Say = Callable[[str, dict[str, Any] | None], None]


def run(plan: Plan, output: Path, say: Say) -> dict[str, Any]:
    """The results, saved in `output`. say(what begins, None) and say(name, entry) when a case is done."""
    limit = plan.memory_limit or 0.7 * available_memory()
    peer = plan.peer and find_spec("qutip") is not None
    results: dict[str, Any] = {
        "schema": SCHEMA,
        "benchmark": "heom",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "conditions": {
            "threads": 1,
            "bandwidth_ev": BANDWIDTH,
            "chemical_potentials_ev": CHEMICAL_POTENTIALS,
            "time_limit_s": plan.time_limit,
            "memory_limit_bytes": int(limit),
            "qutip": "compared" if peer else "not asked for" if not plan.peer else "not installed",
        },
        "cases": {},
        "geometries": None,
        "finished": False,
    }
    save(results, output)

    def child(kind: str, **task: Any) -> dict[str, Any]:
        return process.run({"kind": kind, **task}, plan.time_limit if kind == "peer" else OWN_LIMIT, limit)

    if plan.cases:
        child("own", case=asdict(plan.cases[0].small()), repeats=0.0)  # compiles the kernels once, for the processes to come
    for case in plan.cases:
        description = {name: value for name, value in asdict(case).items() if name not in ("name", "targets")}
        say(f"{case.name}: nonadia", None)
        entry: dict[str, Any] = {
            "case": description,
            "nonadia": child("own", case=asdict(case), repeats=plan.repeats),
            "qutip": None,
        }
        if peer and (case.peer or plan.peer_large):
            say(f"{case.name}: QuTiP, at most {plan.time_limit:.0f} s", None)
            entry["qutip"] = child("peer", case=asdict(case), repeats=plan.repeats)
        entry |= judge(case, entry["nonadia"], entry["qutip"])
        results["cases"][case.name] = entry
        save(results, output)
        say(case.name, entry)
    if plan.points:
        say(f"grid of {plan.points} geometries", None)
        results["geometries"] = child("geometries", points=plan.points, rounds=plan.rounds)
        results["geometries"]["most"] = {"solves_per_geometry": MOST_SOLVES, "further_over_first": MOST_FURTHER}
    results["finished"] = True
    results["finished_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    save(results, output)
    return results


def judge(case: Case, own: dict[str, Any], peer: dict[str, Any] | None) -> dict[str, Any]:
    """ratios (value, and whether it is only a lower bound), differences of occupations, and the targets of one case.

    The solve of nonadia counts with its preconditioner, as QuTiP's counts with its factorisation. Where QuTiP ran into a limit,
    the time it had spent in the phase bounds the ratio from below. A slower solver of QuTiP leaves the solve's target open.
    """
    values: dict[str, tuple[float, bool]] = {}
    if own["status"] == "ok":
        values["total_s"] = own["total_s"], False
        values["peak_gb"] = own["peak_bytes"] / GB, False
        values["stream_ratio"] = own["streaming"]["ratio"], False
        mine = {"build": own["build_s"], "solve": own["preconditioner_s"] + own["solve_s"]}
        for phase, seconds in mine.items():
            if peer and f"{phase}_s" in peer:
                values[f"{phase}_ratio"] = peer[f"{phase}_s"] / seconds, False
            elif peer and peer.get("phase") == phase and peer["status"] == "time limit":
                values[f"{phase}_ratio"] = peer["phase_s"] / seconds, True
    differences = {}
    if "occupation" in own:
        references = {"oracle": case.occupation, "qutip": (peer or {}).get("occupation")}
        differences = {name: abs(own["occupation"] - value) for name, value in references.items() if value is not None}
    targets = []
    for target in case.targets:
        value, bound = values.get(target.quantity, (None, False))
        met = None if value is None else target.met(value)
        if (bound and not met) or (target.quantity == "solve_ratio" and BEST_PEER not in (peer or {}).get("solver", "")):
            met = None  # a lower bound below the target decides nothing
        targets.append({"quantity": target.quantity, "bound": target.bound, "value": value, "lower_bound": bound, "met": met})
    ratios = {name: {"value": v, "lower_bound": b} for name, (v, b) in values.items() if name in AT_LEAST}
    agrees = own["status"] == "ok" and all(d < AGREEMENT for d in differences.values())
    return {"ratios": ratios, "occupation_difference": differences, "targets": targets, "correct": agrees}


def failures(results: dict[str, Any]) -> list[str]:
    """One line for everything asked for that was not computed, or is wrong; speed alone is no failure."""
    lines = []
    for name, entry in results["cases"].items():
        own = entry["nonadia"]
        if own["status"] != "ok":
            lines.append(f"{name}: {own['status']}{': ' + own['message'] if 'message' in own else ''}")
        elif not entry["correct"]:
            lines.append(f"{name}: occupation {own['occupation']:.12f} differs by {entry['occupation_difference']}")
        if entry["qutip"] and entry["qutip"]["status"] == "failed":
            lines.append(f"{name}: QuTiP failed: {entry['qutip']['message']}")
    grid = results["geometries"]
    if grid and grid["status"] != "ok":
        lines.append(f"grid of geometries: {grid['status']}{': ' + grid['message'] if 'message' in grid else ''}")
    return lines


def save(results: dict[str, Any], output: Path) -> None:
    """Writes beside the file and renames: there is never half a file."""
    partial = output.with_name(f"{output.name}.part")
    partial.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, output)


def machine() -> dict[str, Any]:
    """Processor, cores, memory and system that the numbers belong to."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    load = os.getloadavg()[0]
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_bytes": total,
        "system": platform.platform(terse=True),
        "load_at_start": load,
    }


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Versions of nonadia and of what its speed, and that of its peers, depends on."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def available_memory() -> float:
    """Bytes of memory that are free for use; all of it where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
