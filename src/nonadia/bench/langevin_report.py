"""The table of `nonadia bench langevin`: a line a case as it is finished, then targets and what could not be compared."""

from __future__ import annotations

from typing import Any

from .langevin_cases import AT_LEAST

HEADER = (
    f"{'case':<14} {'trajectories':>12} {'steps':>6} | {'kernel':>8} {'1 thread':>8} {'2':>8} {'x':>5} {'peak GB':>7} | "
    f"{'NumPy':>8} {'x':>6} | {'ASE':>8} {'x':>6} {'one atom':>8}"
)
LEGEND = (
    "millions of steps of a trajectory per second, the best of repeats. nonadia: the compiled kernel alone (one thread,\n"
    "processor time); na.langevin with all its statistics, 1 and 2 threads (wall time); 2 over 1 | NumPy: a loop over steps\n"
    "for all trajectories at once, tables by np.interp; x: na.langevin with 1 thread over it, by processor time | ASE: its\n"
    "class Langevin, constant friction, all coordinates of all atoms at once; x likewise; one atom: the same, a single atom"
)
NAMES = {
    "rate_2": "millions of steps per second with 2 threads",
    "peak_gb": "peak memory of the process, GB",
}
SCALE = {"rate_2": 1e-6, "peak_gb": 1.0}


def row(name: str, entry: dict[str, Any]) -> str:
    """One case; what a limit or a failure left open is said in words."""
    own, ratios, case = entry["nonadia"], entry["ratios"], entry["case"]
    if own["status"] != "ok":
        return f"{name:<14} {own['status']}: {own.get('message', '')}"
    threads = own["threads"]
    text = (
        f"{name:<14} {case['trajectories']:>12} {case['steps']:>6} | {_m(own.get('kernel')):>8} {_m(threads.get('1')):>8} "
        f"{_m(threads.get('2')):>8} {_r(ratios, 'scaling'):>5} {_r(ratios, 'peak_gb'):>7} |"
    )
    for peer in ("numpy", "ase"):
        measured = entry["peers"].get(peer)
        if measured is not None:
            said = _m(measured) if "rate" in measured else measured["status"]
            text += f" {said:>8} {_r(ratios, f'{peer}_ratio'):>6}"
            text += (
                " |"
                if peer == "numpy"
                else f" {_m({'rate': measured['single_rate']}) if 'single_rate' in measured else '-':>8}"
            )
    return text


def closing(results: dict[str, Any]) -> list[str]:
    """Which peers could not be compared, and every target with its value and whether it is met."""
    lines = []
    if results["conditions"]["peers"].get("ase") == "not installed":
        lines.append('ASE is not installed: nothing to compare with; pip install "nonadia[bench]"')
    for name, entry in results["cases"].items():
        for target in entry["targets"]:
            quantity = target["quantity"]
            at, scale = ">=" if quantity in AT_LEAST else "<=", SCALE[quantity]
            value = "not measured" if target["value"] is None else f"{target['value'] * scale:.3g}"
            state = {True: "met", False: "missed", None: "open"}[target["met"]]
            lines.append(f"{state:<7} {name}: {NAMES[quantity]} {value}, target {at} {target['bound'] * scale:g}")
    return lines


def _m(measured: dict[str, Any] | None) -> str:
    """Millions per second."""
    return "-" if measured is None else f"{measured['rate'] / 1e6:.3g}"


def _r(ratios: dict[str, float], name: str) -> str:
    return f"{ratios[name]:.3g}" if name in ratios else "-"
