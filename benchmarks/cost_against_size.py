"""Time and memory of one HEOM steady state against the number of poles, tiers and vibrational states.

    python benchmarks/cost_against_size.py [FOLDER]      about three minutes; writes cost-against-size.json and .png

Each point is measured in a process of its own on one thread (nonadia.bench), model and conditions are those of
`nonadia bench heom`. Lines are least-squares fits to the larger half of the points of a series: cost ∝ size^p for poles, states
and unknowns, cost ∝ factor^tiers for tiers.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nonadia.bench import process, suite
from nonadia.bench.cases import Case, select

SIAM, VIBRATION = select(["SIAM 8/3"])[0], select(["vib 8 6/2"])[0]
QUANTITIES = {
    "solve_s": "preconditioner and solve (s)",
    "build_s": "index tables (s)",
    "memory_mb": "memory above the baseline (MB)",
}


@dataclass(frozen=True)
class Series:
    """One line of the figure: sizes on the axis `axis`, and the case of each size."""

    axis: str
    label: str
    sizes: tuple[int, ...]

    def case(self, size: int) -> Case:
        tiers = int(self.label[-1]) if self.label.startswith("tier") else 0
        if self.axis == "poles":
            return replace(SIAM, poles=size, tiers=tiers)
        if self.axis == "tiers":
            return replace(SIAM, poles=3, tiers=size)
        assert VIBRATION.vibration is not None
        frequency, _, coupling = VIBRATION.vibration
        return replace(VIBRATION, vibration=(frequency, size, coupling), tiers=tiers)


SERIES = (
    Series("poles", "tier 2", (4, 8, 16, 24, 32, 48, 64)),
    Series("poles", "tier 3", (3, 4, 6, 8, 12, 16)),
    Series("tiers", "SIAM, 3 poles", (1, 2, 3, 4, 5, 6)),
    Series("states", "tier 2", (4, 6, 8, 12, 16, 24)),
    Series("states", "tier 3", (4, 6, 8, 12, 16)),
)


def measure(series: Series) -> list[dict[str, float]]:
    """Sizes, unknowns, times (s), memory above the baseline (MB) and iterations of every point."""
    points = []
    for size in series.sizes:
        task = {"kind": "own", "case": asdict(series.case(size)), "repeats": 0.5}
        done = process.run(task, time_limit=120.0, memory_limit=16e9)
        if done["status"] != "ok":
            raise SystemExit(f"{series.axis} {size}, {series.label}: {done['status']} {done.get('message', '')}")
        points.append(
            {
                "size": size,
                "unknowns": done["unknowns"],
                "build_s": done["build_s"],
                "solve_s": done["preconditioner_s"] + done["solve_s"],
                "memory_mb": max(done["peak_bytes"] - done["baseline_bytes"], 0) / 1e6,
                "iterations": done["iterations"],
            }
        )
        print(f"{series.axis:<7} {series.label:<14} {points[-1]}", flush=True)
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


def analyse(axis: str, label: str, points: list[dict[str, float]]) -> dict[str, Any]:
    """A series with its fitted laws. Tables do not grow with vibrational states: their time has no law in the unknowns."""
    sizes = np.array([p["size"] for p in points], dtype=float)
    laws = {}
    for quantity in QUANTITIES:
        if axis != "unknowns" or quantity != "build_s":
            slope, intercept = fit(axis, sizes, np.array([p[quantity] for p in points]))
            laws[quantity] = {"slope": slope, "intercept": intercept, "law": growth(axis, slope)}
    return {"axis": axis, "label": label, "points": points, "fits": laws}


def draw(lines: list[dict[str, Any]], caption: str, file: Path) -> None:
    """A row a quantity, a column an axis; logarithmic except along the tiers."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    axes_names = ("poles", "tiers", "states", "unknowns")
    titles = ("SIAM: Padé poles", "SIAM: tiers", "level and vibration: states", "all: real unknowns")
    figure, grid = plt.subplots(3, 4, figsize=(14, 9), sharex="col", sharey="row", layout="constrained")
    for row, (quantity, name) in enumerate(QUANTITIES.items()):
        for column, axis in enumerate(axes_names):
            ax = grid[row, column]
            drawn = [line for line in lines if line["axis"] == axis]
            for number, line in enumerate(drawn):
                sizes = np.array([p["size"] for p in line["points"]], dtype=float)
                law = line["fits"].get(quantity)
                label = f"{line['label']}: {law['law']}" if law else line["label"]
                color = "0.35" if axis == "unknowns" else f"C{number}"
                ax.plot(sizes, [p[quantity] for p in line["points"]], "o", color=color, markersize=5, label=label)
                if law:
                    x = np.sort(sizes)[len(sizes) // 2 :]
                    exponent = law["slope"] * (x if axis == "tiers" else np.log(x)) + law["intercept"]
                    ax.plot(x, np.exp(exponent), "-", color=color, linewidth=1.2)
            ax.set_yscale("log")
            if axis != "tiers":
                ax.set_xscale("log")
            if axis in ("poles", "states"):
                ax.set_xticks(sorted({p["size"] for line in drawn for p in line["points"]}))
                ax.xaxis.set_major_formatter(ScalarFormatter())
                ax.xaxis.set_minor_formatter(NullFormatter())
                ax.tick_params(axis="x", which="minor", length=0)
            ax.grid(True, which="major", linewidth=0.4, alpha=0.5)
            ax.legend(fontsize=8, loc="upper left")
            if row == 0:
                ax.set_title(titles[column], fontsize=11)
            if row == 2:
                ax.set_xlabel(axis)
            if column == 0:
                ax.set_ylabel(name)
    figure.suptitle(caption, fontsize=9)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> None:
    """Measures, fits, writes both files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "results"
    folder.mkdir(parents=True, exist_ok=True)
    process.run({"kind": "own", "case": asdict(SIAM.small()), "repeats": 0.0}, 300.0, 16e9)  # compiles the kernels
    lines = [analyse(series.axis, series.label, measure(series)) for series in SERIES]
    everything = [point | {"size": point["unknowns"]} for line in lines for point in line["points"]]
    lines.append(analyse("unknowns", "all", everything))
    machine, date = suite.machine(), datetime.now(UTC).isoformat(timespec="minutes")
    result = {"date": date, "machine": machine, "versions": suite.versions(), "threads": 1, "series": lines}
    (folder / "cost-against-size.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    caption = f"One HEOM steady state, one thread of {machine['processor']}, {date[:10]}; lines: fits to the larger half"
    draw(lines, caption, folder / "cost-against-size.png")
    for line in lines:
        for quantity, law in line["fits"].items():
            print(f"{line['axis']:<9} {line['label']:<14} {quantity:<10} {law['law']}")


if __name__ == "__main__":
    main()
