"""Ensembles against time: kinetic temperature, position, energy, survival, current; and single trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.units import KELVIN

from . import quantities as q
from . import style
from .closed import has, symbol
from .langevin_cases import FEWEST, Array, Ensemble, case_keys, chosen, time_scale
from .lines import NO_CURRENT
from .quantities import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 8  # ensembles in one panel
PATHS, COLUMNS = 6, 3  # single trajectories of an ensemble, ensembles side by side
TEMPERATURE = Scale(1.0 / KELVIN, "K")
_STEADY: dict[str, Any] = {"linestyle": (0, (4, 2)), "linewidth": 1.1}
_REFERENCE: dict[str, Any] = {"color": style.GREY, "linewidth": 1.0, "linestyle": ":"}

# variable, index behind time (None: it has no more), label of the axis, unit
Panel = tuple[str, int | None, str, Scale]


def courses(cases: list[Ensemble]) -> Figure:
    """Means over the ensemble with a band of one standard error; dashed: the mean of the steady state, from where it begins.

    Means are over the trajectories that are still there, and end when fewer than ten are.
    """
    shown, colours = chosen(cases, MOST)
    wanted = _panels(shown)
    rows = -(-len(wanted) // 2)
    figure = style.new_figure(9.2, 2.35 * rows + 0.9)
    grid = list(figure.subplots(rows, 2, sharex=True, squeeze=False).flat)
    time = time_scale(shown)
    reference = steady = False
    for axes, panel in zip(grid, wanted, strict=False):
        for case, colour in zip(shown, colours, strict=True):
            steady |= _course(axes, case, panel, time, colour)
        if panel[0] == "kinetic_temperature":
            reference |= _leads(axes, shown)
        if panel[0] == "survival":
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]), top=1.03)
        if panel[0] == "current":
            style.zero_line(axes)
        axes.set_ylabel(panel[3].label(panel[2]))
        axes.set_xlim(0.0, max(float(case.data["time"].values[-1]) for case in shown) * time.factor)
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(time.label("time $t$"))
    for axes in grid[len(wanted) :]:
        axes.set_visible(False)
    keys = case_keys(shown, colours)
    keys += [style.line_key("steady state", style.BLACK, _STEADY["linestyle"], linewidth=1.1)] if steady else []
    keys += [style.line_key("temperature of the electrons", style.GREY, ":", linewidth=1.0)] if reference else []
    if keys:
        style.legend_above(figure, keys)
    return figure


def _panels(cases: Sequence[Ensemble]) -> list[Panel]:
    first = cases[0]
    several = len(first.modes) > 1
    found: list[Panel] = []
    for i, mode in enumerate(first.modes):
        kinetic = "kinetic temperature" + (f" of {symbol(mode)}" if several else "")
        found.append(("kinetic_temperature", i, kinetic, TEMPERATURE))
        found.append(("position", i, f"mean {symbol(mode)}", first.position(mode)))
    found.append(("energy", None, "mean energy", q.ENERGY))
    found.append(("survival", None, "part not yet gone", Scale(1.0, "")))
    leads = [str(lead) for lead in first.data["lead"].values] if "lead" in first.data.coords else []
    for i, lead in enumerate(leads[:1] if len(leads) == 2 else leads):  # of two, the other is the opposite on average
        found.append(("current", i, f"mean current from {lead}", q.CURRENT))
    return [panel for panel in found if any(_to_show(case, panel) for case in cases)]


def _to_show(case: Ensemble, panel: Panel) -> bool:
    """Whether it is there, and no current of rounding errors."""
    name = panel[0]
    if not has(case.data, name):
        return False
    return name != "current" or float(np.nanmax(np.abs(case.data[name].values))) * panel[3].factor > NO_CURRENT


def _course(axes: Axes, case: Ensemble, panel: Panel, time: Scale, colour: str) -> bool:
    """Draw one mean; whether it has a steady state."""
    name, index, _, scale = panel
    if not has(case.data, name):
        return False
    pick: Any = (slice(None),) if index is None else (slice(None), index)
    t = case.data["time"].values * time.factor
    values, error = (case.data[each].values[pick] * scale.factor for each in (name, f"error_{name}"))
    if name != "survival":
        enough = case.data["survivors"].values >= min(FEWEST, case.data["survivors"].values[0])
        values, error = (np.where(enough, each, np.nan) for each in (values, error))
    axes.plot(t, values, color=colour, linewidth=1.2)
    band = np.nan_to_num(error)
    axes.fill_between(t, values - band, values + band, color=colour, alpha=0.25, linewidth=0)
    since = case.steady_since
    if since is None or not has(case.data, f"steady_{name}"):
        return False
    steady = float(np.ravel(case.data[f"steady_{name}"].values)[index or 0]) * scale.factor
    axes.plot([since * time.factor, t[np.isfinite(values)][-1]], [steady] * 2, color=_darker(colour), zorder=4, **_STEADY)
    axes.plot([since * time.factor], [steady], "|", color=_darker(colour), markersize=11, markeredgewidth=1.6, zorder=4)
    return True


def _darker(colour: str) -> Any:
    from matplotlib.colors import to_rgb

    return tuple(0.55 * part for part in to_rgb(colour))


def _leads(axes: Axes, cases: Sequence[Ensemble]) -> bool:
    """A line at each temperature of the electrons that the results know."""
    known = {round(case.kT / KELVIN, 6) for case in cases if case.kT is not None}
    for value in known:
        axes.axhline(value, zorder=1, **_REFERENCE)
    return bool(known)


def trajectories(cases: list[Ensemble]) -> Figure | None:
    """Positions of a few trajectories that were stored whole; None where there are none."""
    kept = [case for case in cases if has(case.data, "trajectory_position")]
    if not kept:
        return None
    shown, _ = chosen(kept, COLUMNS)
    modes = shown[0].modes
    time = time_scale(shown)
    figure = style.new_figure(1.0 + (3.1 if len(shown) > 1 else 5.4) * len(shown), 2.2 * max(len(modes), 1.3) + 0.7)
    grid = figure.subplots(len(modes), len(shown), sharex=True, sharey="row", squeeze=False)
    for (i, k), axes in np.ndenumerate(grid):
        case, scale = shown[k], shown[k].position(modes[i])
        t = case.data["time"].values * time.factor
        paths: Array = case.data["trajectory_position"].values[:, :PATHS, i] * scale.factor
        for path, colour in zip(paths.T, style.case_colours(paths.shape[1]), strict=True):
            axes.plot(t, path, color=colour, linewidth=0.9, alpha=0.9)
        if i == 0 and case.label:
            axes.set_title(case.label, loc="left")
        if k == 0:
            axes.set_ylabel(scale.label(symbol(modes[i])))
        axes.set_xlim(t[0], t[-1])
    figure.supxlabel(time.label("time $t$"), fontsize=style.RC["axes.labelsize"])
    return figure
