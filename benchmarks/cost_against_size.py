"""How time and memory of each engine grow with the size of the problem.

    python benchmarks/cost_against_size.py [ENGINE] [-o FOLDER]      heom, wavepacket, langevin; all of them, about five minutes

Writes cost-ENGINE.json and .png. Each point is measured in a process of its own on one thread (nonadia.bench); models and
conditions are those of `nonadia bench ENGINE`. Lines are least-squares fits to the larger half of the points of a series:
cost ∝ size^p, or cost ∝ factor^tiers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nonadia.bench import cases, langevin_cases, process, suite, wavepacket_cases

MEMORY = "memory above the baseline (MB)"
SIAM, VIBRATION = cases.select(["SIAM 8/3"])[0], cases.select(["vib 8 6/2"])[0]
Point = dict[str, float]


@dataclass(frozen=True)
class Series:
    """One line of the figure: sizes on the axis `axis`; measure(size) → a Point with the engine's quantities."""

    axis: str
    label: str
    sizes: tuple[int, ...]
    measure: Callable[[Series, int], Point]


@dataclass(frozen=True)
class Engine:
    """what: is timed. axes: name → title of its column. quantities: key of a point → label of its row."""

    what: str
    axes: dict[str, str]
    quantities: dict[str, str]
    series: tuple[Series, ...]
    without_law: tuple[tuple[str, str], ...] = ()  # (axis, quantity) that follows none


def child(kind: str, case: Any, repeats: float = 0.5) -> dict[str, Any]:
    """What the process of one measurement answers."""
    done = process.run({"kind": kind, "case": asdict(case), "repeats": repeats}, time_limit=180.0, memory_limit=16e9)
    if done["status"] != "ok":
        raise SystemExit(f"{kind} {case}: {done['status']} {done.get('message', '')}")
    return done


def megabytes(done: dict[str, Any]) -> float:
    return max(done["peak_bytes"] - done["baseline_bytes"], 0) / 1e6


def junction(series: Series, size: int) -> cases.Case:
    """The case of a size: Padé poles or tiers of the impurity, states of the vibration."""
    tiers = int(series.label[-1]) if series.label.startswith("tier") else 0
    if series.axis == "poles":
        return replace(SIAM, poles=size, tiers=tiers)
    if series.axis == "tiers":
        return replace(SIAM, poles=3, tiers=size)
    assert VIBRATION.vibration is not None
    frequency, _, coupling = VIBRATION.vibration
    return replace(VIBRATION, vibration=(frequency, size, coupling), tiers=tiers)


def steady_state(series: Series, size: int) -> Point:
    done = child("own", junction(series, size))
    times = {"build_s": done["build_s"], "solve_s": done["preconditioner_s"] + done["solve_s"]}
    return {"unknowns": done["unknowns"], **times, "memory_mb": megabytes(done)}


def packet(series: Series, size: int) -> wavepacket_cases.Case:
    """size: points on each axis."""
    return wavepacket_cases.Case(series.label, int(series.label[0]), size, 2.2 if series.label[0] > "1" else 4.25, 0.0)


def step_and_snapshot(series: Series, size: int) -> Point:
    case = packet(series, size)
    timed, held = child("packet", case, 0.3), child("packet memory", replace(case, memory=True))
    return {**{key: timed[key] for key in ("step_2_s", "snapshot_s")}, "points": timed["points"], "memory_mb": megabytes(held)}


def ensemble(series: Series, size: int) -> Point:
    number, steps = (size, 1000) if series.axis == "trajectories" else (1000, size)
    case = langevin_cases.Case(series.label, number, steps)
    timed, held = child("langevin", case, 0.3), child("langevin memory", replace(case, memory=True))
    return {"wall_s": timed["threads"]["1"]["wall_s"], "kernel_s": timed["kernel"]["cpu_s"], "memory_mb": megabytes(held)}


ENGINES = {
    "heom": Engine(
        "One HEOM steady state",
        {
            **{"poles": "SIAM: Padé poles", "tiers": "SIAM: tiers", "states": "level and vibration: states"},
            "unknowns": "all: real unknowns",
        },
        {"solve_s": "preconditioner and solve (s)", "build_s": "index tables (s)", "memory_mb": MEMORY},
        (
            Series("poles", "tier 2", (4, 8, 16, 24, 32, 48, 64), steady_state),
            Series("poles", "tier 3", (3, 4, 6, 8, 12, 16), steady_state),
            Series("tiers", "SIAM, 3 poles", (1, 2, 3, 4, 5, 6), steady_state),
            Series("states", "tier 2", (4, 6, 8, 12, 16, 24), steady_state),
            Series("states", "tier 3", (4, 6, 8, 12, 16), steady_state),
        ),
        without_law=(("unknowns", "build_s"),),  # tables do not grow with vibrational states
    ),
    "wavepacket": Engine(
        "A step of order 2 and a factorization, two states",
        {"points": "points of the grid"},
        {"step_2_s": "one step (s)", "snapshot_s": "one factorization (s)", "memory_mb": MEMORY},
        (
            Series("points", "1D", (256, 512, 1024, 2048, 4096, 8192, 16384, 65536), step_and_snapshot),
            Series("points", "2D", (48, 64, 128, 256, 512), step_and_snapshot),
            Series("points", "3D", (40, 48, 64, 80, 96), step_and_snapshot),
        ),
    ),
    "langevin": Engine(
        "An ensemble from a 1D table, with its companion and statistics",
        {"trajectories": "trajectories (1000 steps)", "steps": "steps (1000 trajectories)"},
        {"wall_s": "na.langevin, 1 thread (s)", "kernel_s": "kernel alone (s)", "memory_mb": MEMORY},
        (
            Series("trajectories", "table 1D", (100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000), ensemble),
            Series("steps", "table 1D", (300, 1000, 3000, 10_000, 30_000, 100_000), ensemble),
        ),
    ),
}


def measured(series: Series) -> list[Point]:
    """Every point of a series; its size is the number on the axis, points of a grid all together."""
    points = []
    for size in series.sizes:
        point = series.measure(series, size)
        points.append({"size": point.pop("points", size), **point})
        print(f"{series.axis:<12} {series.label:<14} {points[-1]}", flush=True)
    return points


def fit(axis: str, sizes: np.ndarray, cost: np.ndarray) -> tuple[float, float]:
    """(slope, intercept) of log cost over log size (over tiers themselves), from the larger half of the points."""
    used = np.argsort(sizes)[len(sizes) // 2 :]
    x = sizes if axis == "tiers" else np.log(sizes)
    slope, intercept = np.polyfit(x[used], np.log(np.maximum(cost[used], 1e-6)), 1)
    return float(slope), float(intercept)


def growth(axis: str, slope: float) -> str:
    """The fitted law in words."""
    return f"×{np.exp(slope):.1f} a tier" if axis == "tiers" else f"∝ n^{slope:.1f}"


def analyse(engine: Engine, axis: str, label: str, points: list[Point]) -> dict[str, Any]:
    """A series with its fitted laws."""
    sizes = np.array([p["size"] for p in points], dtype=float)
    laws = {}
    for quantity in engine.quantities:
        if (axis, quantity) not in engine.without_law:
            slope, intercept = fit(axis, sizes, np.array([p[quantity] for p in points]))
            laws[quantity] = {"slope": slope, "intercept": intercept, "law": growth(axis, slope)}
    return {"axis": axis, "label": label, "points": points, "fits": laws}


def draw(engine: Engine, lines: list[dict[str, Any]], caption: str, file: Path) -> None:
    """A row a quantity, a column an axis; logarithmic except along the tiers."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows, columns = len(engine.quantities), len(engine.axes)
    size = (max(3.5 * columns, 6.0), 3.0 * rows)
    figure, grid = plt.subplots(rows, columns, figsize=size, sharex="col", sharey="row", layout="constrained", squeeze=False)
    for row, (quantity, name) in enumerate(engine.quantities.items()):
        for column, (axis, title) in enumerate(engine.axes.items()):
            ax = grid[row, column]
            for number, line in enumerate(line for line in lines if line["axis"] == axis):
                _draw_series(ax, line, quantity, f"C{number}")
            ax.set_yscale("log")
            ax.grid(True, which="major", linewidth=0.4, alpha=0.5)
            ax.legend(fontsize=8, loc="upper left")
            if row == 0:
                ax.set_title(title, fontsize=11)
            if row == rows - 1:
                ax.set_xlabel(axis)
            if column == 0:
                ax.set_ylabel(name)
    figure.suptitle(caption, fontsize=9)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _draw_series(ax: Any, line: dict[str, Any], quantity: str, color: str) -> None:
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    axis, law = line["axis"], line["fits"].get(quantity)
    sizes = np.array([p["size"] for p in line["points"]], dtype=float)
    label = f"{line['label']}: {law['law']}" if law else line["label"]
    ax.plot(sizes, [p[quantity] for p in line["points"]], "o", color=color, markersize=5, label=label)
    if law:
        x = np.sort(sizes)[len(sizes) // 2 :]
        exponent = law["slope"] * (x if axis == "tiers" else np.log(x)) + law["intercept"]
        ax.plot(x, np.exp(exponent), "-", color=color, linewidth=1.2)
    if axis != "tiers":
        ax.set_xscale("log")
    if axis in ("poles", "states"):
        ax.set_xticks(sorted({*ax.get_xticks(), *sizes} & set(sizes)))
        ax.xaxis.set_major_formatter(ScalarFormatter())
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(axis="x", which="minor", length=0)


def study(name: str, folder: Path) -> None:
    """Measures one engine, fits, writes both files."""
    engine = ENGINES[name]
    lines = [analyse(engine, series.axis, series.label, measured(series)) for series in engine.series]
    if "unknowns" in engine.axes:
        everything = [point | {"size": point["unknowns"]} for line in lines for point in line["points"]]
        lines.append(analyse(engine, "unknowns", "all", everything))
    machine, date = suite.machine(), datetime.now(UTC).isoformat(timespec="minutes")
    result = {"date": date, "machine": machine, "versions": suite.versions(), "threads": 1, "series": lines}
    (folder / f"cost-{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    caption = f"{engine.what}\none thread of {machine['processor']}, {date[:10]}; lines: fits to the larger half"
    draw(engine, lines, caption, folder / f"cost-{name}.png")
    for line in lines:
        for quantity, law in line["fits"].items():
            print(f"{line['axis']:<12} {line['label']:<14} {quantity:<10} {law['law']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", nargs="*", choices=[*ENGINES, []], default=[])
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results", metavar="FOLDER")
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    process.run({"kind": "own", "case": asdict(SIAM.small()), "repeats": 0.0}, 300.0, 16e9)  # compiles the kernels
    for name in asked.engine or ENGINES:
        study(name, asked.output)


if __name__ == "__main__":
    main()
