"""The table of `nonadia bench heom`: a line a case as it is finished, then the grid of geometries and the targets."""

from __future__ import annotations

from typing import Any

from .cases import AT_LEAST

HEADER = (
    f"{'case':<20} {'unknowns':>9} {'build':>8} {'precond':>8} {'solve':>8} {'iter':>4} {'error':>7} {'occupation':>14} "
    f"{'MB':>6} {'stream':>6} | {'QuTiP build':>11} {'solve':>8} {'MB':>6} | {'x build':>8} {'x solve':>8}"
)
LEGEND = (
    "times in s, best of repeats; MB: peak of the process above its baseline; stream: one application of the generator over\n"
    "the time to copy its vectors and tables once; x: QuTiP's time over nonadia's, the solve with its preconditioner"
)
NAMES = {"solve_ratio": "solve, x faster than QuTiP", "build_ratio": "build, x faster than QuTiP"}
NAMES |= {
    "total_s": "build, preconditioner and solve, s",
    "peak_gb": "peak memory of the process, GB",
    "stream_ratio": "one application over streaming its data",
}


def seconds(value: float | None) -> str:
    """Three digits of a time, "-" for none."""
    if value is None:
        return "-"
    digits = 5 if value < 0.01 else 4 if value < 1 else 2 if value < 100 else 0
    return f"{value:.{digits}f}"


def own_bytes(measured: dict[str, Any]) -> float | None:
    """Peak of memory above the interpreter's baseline, bytes."""
    if "peak_bytes" not in measured or "baseline_bytes" not in measured:
        return None
    return max(measured["peak_bytes"] - measured["baseline_bytes"], 0)


def row(name: str, entry: dict[str, Any]) -> str:
    """One case; what a limit or a failure left open is said in words."""
    own, peer = entry["nonadia"], entry["qutip"]
    if own["status"] != "ok":
        return f"{name:<20} {own['status']}: {own.get('message', '')}"
    text = (
        f"{name:<20} {own['unknowns']:>9} {seconds(own['build_s']):>8} {seconds(own['preconditioner_s']):>8} "
        f"{seconds(own['solve_s']):>8} {own['iterations']:>4} {own['error']:>7.0e} {own['occupation']:>14.12f} "
        f"{_megabytes(own):>6} {own['streaming']['ratio']:>6.1f} |"
    )
    if peer is None:
        return text
    if "solve_s" in peer:
        text += f" {seconds(peer['build_s']):>11} {seconds(peer['solve_s']):>8} {_megabytes(peer):>6} |"
    else:
        text += f" {seconds(peer.get('build_s')):>11} {peer['status']:>15} |"
    for ratio in ("build_ratio", "solve_ratio"):
        found = entry["ratios"].get(ratio)
        value = "-" if found is None else f"{'>' if found['lower_bound'] else ''}{found['value']:.3g}"
        text += f" {value:>8}"
    return text


def closing(results: dict[str, Any]) -> list[str]:
    """The grid of geometries, every target with its value, and whether it is met."""
    lines = []
    peers = [entry["qutip"] for entry in results["cases"].values() if "solver" in (entry["qutip"] or {})]
    lines += sorted({f"QuTiP {peer['version']}, {peer['solver']}" for peer in peers})
    grid = results["geometries"]
    targets = [(name, t) for name, entry in results["cases"].items() for t in entry["targets"]]
    if grid and grid["status"] == "ok":
        lines.append(
            f"F, γ and D at one x: {grid['solves_per_geometry']} solves; grid of {grid['model']['points']}: first x "
            f"{seconds(grid['first_s'])} s, each further one {seconds(grid['further_s'])} s ({grid['further_over_first']:.2f})"
        )
        for quantity, most in grid["most"].items():
            value = grid[quantity]
            targets.append(("grid", {"quantity": quantity, "bound": most, "value": value, "met": value <= most}))
    for name, target in targets:
        at = ">=" if target["quantity"] in AT_LEAST else "<="
        value = "not measured" if target["value"] is None else f"{target['value']:.3g}"
        state = {True: "met", False: "missed", None: "open"}[target["met"]]
        what = NAMES.get(target["quantity"], target["quantity"].replace("_", " "))
        sign = "> " if target.get("lower_bound") else ""
        lines.append(f"{state:<7} {name}: {what} {sign}{value}, target {at} {target['bound']:g}")
    return lines


def _megabytes(measured: dict[str, Any]) -> str:
    value = own_bytes(measured)
    return "-" if value is None else f"{value / 1e6:.0f}"
