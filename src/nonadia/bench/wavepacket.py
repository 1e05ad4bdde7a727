"""`nonadia bench wavepacket`: steps, propagations and factorizations against bare Fourier transforms and other packages.

One thread, a process a measurement, everything in one run; the JSON file is written anew after every case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import process
from .suite import GB, OWN_LIMIT, Say, available_memory, machine, save, versions
from .wavepacket_cases import AT_LEAST, BOUNDS, Case
from .wavepacket_peer import PEERS

SCHEMA = 1
AGREEMENT = 1e-8  # of populations and overlaps with those of the wavepacket package
OWN_AGREEMENT = 2.0  # times the stated error bound: split-operator and Chebyshev propagation of nonadia
ROUNDING = 1e-10  # of the norm, and below which differences are no more judged
PACKAGES = ("nonadia", "numpy", "scipy", "numba", "ducc0", *PEERS)


@dataclass(frozen=True)
class Plan:
    """What to run. peers: compare with the packages that are installed; time_limit: seconds for a peer at each case.

    repeats: seconds for each comparison of times. memory_limit: bytes that a process may hold; default 70% of what is free.
    """

    cases: Sequence[Case]
    time_limit: float = 300.0
    peers: bool = True
    repeats: float = 4.0
    memory_limit: float | None = None


def run(plan: Plan, output: Path, say: Say) -> dict[str, Any]:
    """The results, saved in `output`. say(what begins, None) and say(name, entry) when a case is done."""
    limit = plan.memory_limit or 0.7 * available_memory()
    state = {peer: "not asked for" if not plan.peers else "compared" if find_spec(peer) else "not installed" for peer in PEERS}
    results: dict[str, Any] = {
        "schema": SCHEMA,
        "benchmark": "wavepacket",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(PACKAGES),
        "conditions": {"threads": 1, "time_limit_s": plan.time_limit, "memory_limit_bytes": int(limit), "peers": state},
        "cases": {},
        "finished": False,
    }
    save(results, output)
    for case in plan.cases:
        task = {"case": asdict(case), "repeats": plan.repeats}
        say(f"{case.name}: nonadia", None)
        kind = "packet memory" if case.memory else "packet"
        entry: dict[str, Any] = {
            "case": asdict(case),
            "nonadia": process.run({"kind": kind, **task}, OWN_LIMIT, limit),
            "peers": {},
        }
        for peer in PEERS if not case.memory else ():
            if state[peer] == "compared":
                say(f"{case.name}: {peer}, at most {plan.time_limit:.0f} s", None)
                entry["peers"][peer] = process.run({"kind": "packet peer", "peer": peer, **task}, plan.time_limit, limit)
        entry |= judge(case, entry["nonadia"], entry["peers"])
        results["cases"][case.name] = entry
        save(results, output)
        say(case.name, entry)
    results["finished"] = True
    results["finished_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    save(results, output)
    return results


def judge(case: Case, own: dict[str, Any], peers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ratios, differences, and the targets of one case.

    fft_ratio : a step of order 2 over the bare FFT pair of the fastest library installed
    apply_ratio : one application of H in wavepacket over a step of order 2
    peer_ratio, chebyshev_ratio : the propagation in wavepacket over that of nonadia, to 1e-7 by the split operator with error
        control, and by Chebyshev polynomials to rounding as in wavepacket
    single_ratio : a step of one state in qmsolve over one in nonadia
    snapshot_steps : one factorization without refinement over a step of order 2
    Where wavepacket ran into the limit of time, that time bounds peer_ratio from below.
    """
    if own["status"] != "ok":
        return {"ratios": {}, "differences": {}, "targets": _targets(case, {}, set()), "correct": False}
    step, ratios, bounds = own["step_2_s"], {}, set()
    ratios["snapshot_steps"] = own["snapshot_s"] / step
    differences = {}
    if "fft_pair_s" in own:
        ratios["fft_ratio"] = step / min(own["fft_pair_s"].values())
    if "peak_bytes" in own:
        ratios["peak_gb"] = own["peak_bytes"] / GB
        differences["norm"] = abs(own["norm"] - 1.0)
    mine, theirs = own.get("propagation", {}), peers.get("wavepacket", {})
    if "apply_s" in theirs:
        ratios["apply_ratio"] = theirs["apply_s"] / step
    if mine:
        split, chebyshev = mine["split-operator"], mine["chebyshev"]
        differences["own"] = max(own["propagation_difference"] / split["error_bound"], 0.0)
        if "propagation" in theirs:
            other = theirs["propagation"]
            ratios["peer_ratio"] = other["seconds"] / split["seconds"]
            ratios["chebyshev_ratio"] = other["seconds"] / chebyshev["seconds"]
            names = ("population", "overlap_real", "overlap_imag")
            differences["wavepacket"] = max(abs(other[name] - chebyshev[name]) for name in names)
        elif theirs.get("status") == "time limit" and theirs.get("phase") == "propagation":
            ratios["peer_ratio"] = theirs["phase_s"] / split["seconds"]
            bounds.add("peer_ratio")
    if "step_s" in peers.get("qmsolve", {}):
        ratios["single_ratio"] = peers["qmsolve"]["step_s"] / own["single_s"]
    return {
        "ratios": ratios,
        "lower_bounds": sorted(bounds),
        "differences": differences,
        "targets": _targets(case, ratios, bounds),
        "correct": _agrees(own, differences),
    }


def _agrees(own: dict[str, Any], differences: dict[str, float]) -> bool:
    bound = own.get("propagation_difference", 0.0) < ROUNDING or differences["own"] < OWN_AGREEMENT
    return bound and differences.get("wavepacket", 0.0) < AGREEMENT and differences.get("norm", 0.0) < ROUNDING


def _targets(case: Case, ratios: dict[str, float], bounds: set[str]) -> list[dict[str, Any]]:
    found = []
    for quantity in case.targets:
        value, bound = ratios.get(quantity), BOUNDS[quantity]
        met = None if value is None else value >= bound if quantity in AT_LEAST else value <= bound
        lower = quantity in bounds
        found.append(
            {
                "quantity": quantity,
                "bound": bound,
                "value": value,
                "lower_bound": lower,
                "met": None if lower and not met else met,
            }
        )
    return found


def failures(results: dict[str, Any]) -> list[str]:
    """One line for everything asked for that was not computed, or is wrong; speed alone is no failure."""
    lines = []
    for name, entry in results["cases"].items():
        own = entry["nonadia"]
        if own["status"] != "ok":
            lines.append(f"{name}: {own['status']}{': ' + own['message'] if 'message' in own else ''}")
        elif not entry["correct"]:
            lines.append(f"{name}: differs: {entry['differences']}")
        for peer, measured in entry["peers"].items():
            if measured["status"] == "failed":
                lines.append(f"{name}: {peer} failed: {measured['message']}")
    return lines
