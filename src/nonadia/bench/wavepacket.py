"""`nonadia bench wavepacket`: steps, propagations and factorizations against bare Fourier transforms and other packages.

One thread, a process a measurement, everything in one run; the JSON file is written anew after every case.
"""

from __future__ import annotations

from typing import Any

from .compared import Comparison
from .suite import GB
from .wavepacket_cases import AT_LEAST, BOUNDS, Case
from .wavepacket_peer import PEERS

SCHEMA = 1
AGREEMENT = 1e-8  # of populations and overlaps with those of the wavepacket package
OWN_AGREEMENT = 2.0  # times the stated error bound: split-operator and Chebyshev propagation of nonadia
ROUNDING = 1e-10  # of the norm, and below which differences are no more judged
PACKAGES = ("nonadia", "numpy", "scipy", "numba", "ducc0", *PEERS)


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


BENCHMARK = Comparison(
    name="wavepacket",
    kind="packet",
    schema=SCHEMA,
    packages=PACKAGES,
    peers=PEERS,
    conditions={"threads": 1},
    judge=judge,
    wrong=lambda entry: f"differs: {entry['differences']}",
)
