"""Error of F, γ and D against poles and tiers: how deep a hierarchy and how many exponents a model needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import PlotError, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    ("error_force", "mean force $F$"),
    ("error_friction", "friction γ"),
    ("error_noise", "noise $D$"),
    ("fluctuation_dissipation", "|D/(k$_B$T) - γ|"),
)
_MARKS = "osD^vP*X"


def figures(study: xr.Dataset) -> list[tuple[str, Figure]]:
    """(file stem, figure) for each sweep point of a convergence study."""
    if "error_force" not in study:
        raise PlotError("holds no convergence study; make one with nonadia converge")
    sweep = [str(dim) for dim in study["error_force"].dims if f"{dim}_label" in study.coords]
    drawn = []
    for index in np.ndindex(tuple(study.sizes[dim] for dim in sweep)):
        case = study.isel(dict(zip(sweep, index, strict=True)))
        label = ", ".join(f"{dim} = {case[f'{dim}_label'].item()}" for dim in sweep)
        tail = "".join(c for c in label.replace(" = ", "-").replace(", ", "_") if c.isalnum() or c in "-_.+")
        drawn.append((f"convergence-{tail}" if tail else "convergence", errors(case, label)))
    return drawn


def errors(case: xr.Dataset, label: str = "") -> Figure:
    """Upper row: against poles, a line for each number of tiers; lower row: against tiers, a line for each number of poles.

    The grey band ends at the error of the reference itself: differences below it mean nothing.
    """
    shown = [(name, title) for name, title in PANELS if name in case and bool(np.isfinite(case[name].values).any())]
    figure = style.new_figure(2.75 * len(shown) + 0.7, 6.2)
    grid = figure.subplots(2, len(shown), squeeze=False, sharey=True)
    tiers, poles = case["tier"].values, case["poles"].values
    tier_colours, pole_colours = style.case_colours(len(tiers)), _ordered(len(poles))
    for column, (name, title) in enumerate(shown):
        values = case[name].transpose("tier", "poles").values
        upper, lower = grid[:, column]
        for i, colour in enumerate(tier_colours):
            _line(upper, poles, values[i], colour, _MARKS[i % len(_MARKS)])
        for j, colour in enumerate(pole_colours):
            _line(lower, tiers, values[:, j], colour, _MARKS[j % len(_MARKS)])
        for axes, ticks in ((upper, poles), (lower, tiers)):
            axes.set_yscale("log")
            axes.set_xticks(ticks)
            axes.minorticks_off()
            axes.margins(x=0.08)
        upper.set_title(title)
        upper.set_xlabel("poles of the Fermi function")
        lower.set_xlabel("tiers")
    _common_range(grid, case, shown)
    relative = "error relative to the largest value"
    for row, ticks, colours, unit in ((0, tiers, tier_colours, "tiers"), (1, poles, pole_colours, "poles")):
        grid[row, 0].set_ylabel(relative)
        keys = [
            style.line_key(f"{tick} {unit}", colour, marker=_MARKS[i % len(_MARKS)], markersize=4.5)
            for i, (tick, colour) in enumerate(zip(ticks, colours, strict=True))
        ]
        grid[row, -1].legend(handles=keys, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    reference = str(case.attrs.get("reference", ""))
    heading = f"{label}; " if label else ""
    figure.suptitle(f"{heading}reference: {reference}; grey: below the error of the reference", fontsize=style.RC["font.size"])
    return figure


def _line(axes: Axes, x: np.ndarray, values: np.ndarray, colour: str, mark: str) -> None:
    """A pair that equals the reference has no error to draw, one that failed no value."""
    axes.plot(x, np.where(values > 0, values, np.nan), color=colour, marker=mark, markersize=4.5, linewidth=1.3)


def _ordered(count: int) -> list[str]:
    """Colours with an order, for numbers of poles; they differ from those of the tiers."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["plasma"](0.85 * i / max(count - 1, 1))) for i in range(count)]


def _common_range(grid: np.ndarray, case: xr.Dataset, shown: list[tuple[str, str]]) -> None:
    """One range for all panels; in each the reference's own error as a band from below."""
    every = np.concatenate([case[name].values.ravel() for name, _ in shown])
    found = every[np.isfinite(every) & (every > 0)]
    if not found.size:
        raise PlotError("holds a convergence study in which no error could be computed")
    low, high = 0.4 * float(found.min()), 2.5 * float(found.max())
    for column, (name, _) in enumerate(shown):
        own = f"reference_{name}"
        known = float(case[own].values) if own in case else 0.0
        for axes in grid[:, column]:
            axes.set_ylim(low, high)
            if known > low:
                axes.axhspan(low, min(known, high), color=style.GREY, alpha=0.25, linewidth=0)
