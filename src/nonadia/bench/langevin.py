"""`nonadia bench langevin`: ensembles with one and two threads, against a NumPy loop and ASE's Langevin, and their memory.

A process a measurement, everything in one run; the JSON file is written anew after every case.
"""

from __future__ import annotations

from typing import Any

from .compared import Comparison
from .langevin_cases import AT_LEAST, BOUNDS, FREQUENCY, STEP, Case
from .langevin_peer import PEERS
from .suite import GB

SCHEMA = 1
DEVIATION = 5.0  # standard errors of temperature and spread that are right
PACKAGES = ("nonadia", "numpy", "scipy", "numba", "ase")


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


BENCHMARK = Comparison(
    name="langevin",
    kind="langevin",
    schema=SCHEMA,
    packages=PACKAGES,
    peers=PEERS,
    conditions={},
    judge=judge,
    wrong=lambda entry: f"temperature or spread differ by {entry['deviations']}, allowed {entry['allowed']}",
)
