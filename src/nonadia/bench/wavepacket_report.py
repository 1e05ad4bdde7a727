"""The table of `nonadia bench wavepacket`: a line a case as it is finished, then targets and what could not be compared."""

from __future__ import annotations

from typing import Any

from .wavepacket_cases import AT_LEAST

HEADER = (
    f"{'case':<9} {'FFT pair':>9} {'step':>9} {'/pair':>6} {'order 4':>9} {'snapshot':>9} {'/step':>6} {'run':>9} "
    f"{'peak GB':>7} | "
    f"{'apply H':>9} {'/step':>6} {'run':>9} {'x run':>6} {'x same':>6} | {'step':>9} {'x step':>6}"
)
LEGEND = (
    "two states, one thread, times in s, the best of repeats. nonadia: bare FFT pair (forth and back, in place, fastest\n"
    "library), split-operator step of order 2, its ratio to the pair, step of order 4, one factorization snapshot without\n"
    "refinement, and its cost in steps of order 2, a run to 1e-7 with error control | wavepacket: one application of H, its\n"
    "ratio to a step of nonadia, the same run by Chebyshev polynomials; x: its time over nonadia's, by the split operator to\n"
    "1e-7, and by Chebyshev polynomials to the same 1e-12 | qmsolve: a step of one state; x: its time over nonadia's for one"
)
NAMES = {
    "fft_ratio": "split-operator step over the bare FFT pair",
    "peer_ratio": "propagation, x faster than wavepacket",
    "snapshot_steps": "one factorization, in steps of order 2",
    "peak_gb": "peak memory of steps and a factorization, GB",
}


def row(name: str, entry: dict[str, Any]) -> str:
    """One case; what a limit or a failure left open is said in words."""
    own, ratios, peers = entry["nonadia"], entry["ratios"], entry["peers"]
    if own["status"] != "ok":
        return f"{name:<9} {own['status']}: {own.get('message', '')}"
    pair = min(own["fft_pair_s"].values()) if "fft_pair_s" in own else None
    run = own.get("propagation", {}).get("split-operator", {}).get("seconds")
    text = (
        f"{name:<9} {_s(pair):>9} {_s(own['step_2_s']):>9} {_r(ratios, 'fft_ratio'):>6} {_s(own.get('step_4_s')):>9} "
        f"{_s(own['snapshot_s']):>9} {_r(ratios, 'snapshot_steps'):>6} {_s(run):>9} {_r(ratios, 'peak_gb'):>7} |"
    )
    theirs = peers.get("wavepacket")
    if theirs is not None:
        seconds = theirs.get("propagation", {}).get("seconds")
        text += f" {_s(theirs.get('apply_s')):>9} {_r(ratios, 'apply_ratio'):>6}"
        text += f" {_s(seconds) if theirs['status'] == 'ok' else theirs['status']:>9}"
        sign = ">" if "peer_ratio" in entry["lower_bounds"] else ""
        text += f" {sign + _r(ratios, 'peer_ratio'):>6} {_r(ratios, 'chebyshev_ratio'):>6} |"
    single = peers.get("qmsolve")
    if single is not None:
        text += f" {_s(single.get('step_s')):>9} {_r(ratios, 'single_ratio'):>6}"
    return text


def closing(results: dict[str, Any]) -> list[str]:
    """Which peers could not be compared, and every target with its value and whether it is met."""
    lines = []
    for peer, state in results["conditions"]["peers"].items():
        if state == "not installed":
            lines.append(f'{peer} is not installed: nothing to compare with; pip install "nonadia[bench]"')
    for name, entry in results["cases"].items():
        for target in entry["targets"]:
            at = ">=" if target["quantity"] in AT_LEAST else "<="
            value = "not measured" if target["value"] is None else f"{target['value']:.3g}"
            state = {True: "met", False: "missed", None: "open"}[target["met"]]
            sign = "> " if target["lower_bound"] else ""
            lines.append(f"{state:<7} {name}: {NAMES[target['quantity']]} {sign}{value}, target {at} {target['bound']:g}")
    return lines


def _s(value: float | None) -> str:
    """Three digits of a time, "-" for none."""
    return "-" if value is None else f"{value:.2e}" if value < 1e-3 else f"{value:.3g}"


def _r(ratios: dict[str, float], name: str) -> str:
    return f"{ratios[name]:.3g}" if name in ratios else "-"
