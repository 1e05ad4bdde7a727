"""What ensembles come to, over a swept parameter: heating, breaking, energy loss, current."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.units import PS

from . import quantities as q
from . import style
from .closed import has, symbol
from .langevin_cases import Array, Ensemble
from .langevin_time import TEMPERATURE
from .quantities import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")
_RATE = Scale(PS, "1/ps")
_MEV = Scale(1e3 * q.ENERGY.factor, "meV")
_LOGARITHMIC = 30.0  # ratio of rates from which their axis is logarithmic
_LOOK: dict[str, Any] = {"marker": "o", "markersize": 4.5, "linewidth": 1.1, "capsize": 2.5, "elinewidth": 1.1}


def axis_of(cases: Sequence[Ensemble]) -> tuple[str, str, dict[str, float]] | None:
    """(parameter, unit, text → number) of the longest swept parameter whose texts are numbers of one unit; else None."""
    best: tuple[str, str, dict[str, float]] | None = None
    for name in cases[0].point:
        texts = list(dict.fromkeys(case.point[name] for case in cases))
        found = [_NUMBER.fullmatch(text) for text in texts]
        units = {match[2] for match in found if match}
        if all(found) and len(units) == 1 and len(texts) > (len(best[2]) if best else 1):
            numbers = {text: float(match[1]) for text, match in zip(texts, found, strict=True) if match}
            best = (name, units.pop(), numbers)
    return best


# value, and how far it may lie below and above, in displayed units; NaN where it is not known
Reader = Callable[[Ensemble], tuple[float, float, float]]
# label of the axis, its unit, and for each member its name and how it is read
Panel = tuple[str, Scale, list[tuple[str, Reader]]]


def over_sweep(cases: list[Ensemble]) -> Figure | None:
    """Steady kinetic temperature, exit probability (95% interval), rate, energy loss and current; None without a sweep.

    Bars are one standard error but for the probabilities. A second swept parameter is told by colours.
    """
    axis = axis_of(cases)
    if axis is None:
        return None
    name, unit, numbers = axis
    groups: dict[str, list[Ensemble]] = {}
    for case in sorted(cases, key=lambda case: numbers[case.point[name]]):
        rest = ", ".join(f"{other} = {text}" for other, text in case.point.items() if other != name)
        groups.setdefault(rest, []).append(case)
    wanted = [panel for panel in _panels(cases) if any(np.isfinite(read(c)[0]) for _, read in panel[2] for c in cases)]
    if not wanted:
        return None
    columns = min(len(wanted), 2)
    rows = -(-len(wanted) // columns)
    figure = style.new_figure(6.4 if columns == 1 else 9.2, 2.9 * max(rows, 1.25) + 0.6)
    grid = list(figure.subplots(rows, columns, sharex=True, squeeze=False).flat)
    colours = style.case_colours(len(groups))
    for axes, panel in zip(grid, wanted, strict=False):
        for (_, members), colour in zip(groups.items(), colours, strict=True):
            x = np.array([numbers[case.point[name]] for case in members])
            _draw(axes, x, members, panel, colour if len(groups) > 1 else None)
        axes.locator_params(axis="x", nbins=7)
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(f"{name} ({unit})" if unit else name)
        axes.set_ylabel(panel[1].label(panel[0]))
        if len(panel[2]) > 1:
            axes.legend(handles=_member_keys(panel, len(groups) > 1), loc="best")
    for axes in grid[len(wanted) :]:
        axes.set_visible(False)
    named = [(text, colour) for text, colour in zip(groups, colours, strict=True) if text]
    keys = [style.line_key(text, colour, marker="o", markersize=4.5) for text, colour in named]
    if wanted[0][0].startswith("kinetic") and any(case.kT is not None for case in cases):
        keys.append(style.line_key("temperature of the electrons", style.GREY, ":", linewidth=1.2))
    if keys:
        style.legend_above(figure, keys)
    return figure


def _member_keys(panel: Panel, grouped: bool) -> list[Any]:
    colours = [style.BLACK] * len(panel[2]) if grouped else style.case_colours(len(panel[2]))
    dashes = [style.DASHES[k % len(style.DASHES)] for k in range(len(panel[2]))]
    each = zip(panel[2], colours, dashes, strict=True)
    return [style.line_key(member, colour, dash, marker="o", markersize=4.5) for (member, _), colour, dash in each]


def _draw(axes: Axes, x: Array, cases: list[Ensemble], panel: Panel, colour: str | None) -> None:
    own = style.case_colours(len(panel[2]))
    for k, (_, read) in enumerate(panel[2]):
        value, below, above = np.array([read(case) for case in cases]).T
        there = np.isfinite(value)
        paint = colour or own[k]
        bars = np.nan_to_num([below[there], above[there]])
        axes.errorbar(x[there], value[there], yerr=bars, color=paint, linestyle=style.DASHES[k % len(style.DASHES)], **_LOOK)
    if panel[0].startswith("kinetic"):
        known = [(at, case.kT * TEMPERATURE.factor) for at, case in zip(x, cases, strict=True) if case.kT is not None]
        if known:
            axes.plot(*np.array(known).T, color=style.GREY, linestyle=":", linewidth=1.2, zorder=1)
    if panel[0].startswith("exit rate"):
        _rates(axes, x, cases, colour or own[0])
    if panel[0].startswith("probability"):
        axes.set_ylim(-0.03, 1.03)
    if panel[0].startswith(("current", "mean energy")):
        style.zero_line(axes)


def _rates(axes: Axes, x: Array, cases: list[Ensemble], colour: str) -> None:
    """Where nobody left: the 95% upper bound. Logarithmic where the rates span much."""
    rates = np.array([_scalar(case, "exit_rate") for case in cases]) * _RATE.factor
    bounds = np.array([_scalar(case, "exit_rate_bound") for case in cases]) * _RATE.factor
    none = ~(rates > 0) & np.isfinite(bounds)
    axes.plot(x[none], bounds[none], "v", color=colour, markerfacecolor="none", markersize=6)
    for at, bound in zip(x[none], bounds[none], strict=True):
        axes.annotate("95% bound", (at, bound), xytext=(7, -3), textcoords="offset points", fontsize=8, color=style.GREY)
    shown = np.concatenate([rates[rates > 0], bounds[none]])
    if shown.size and shown.max() > _LOGARITHMIC * shown.min():
        axes.set_yscale("log")


def _scalar(case: Ensemble, name: str) -> float:
    return float(case.data[name].item()) if name in case.data else np.nan


def _panels(cases: Sequence[Ensemble]) -> list[Panel]:
    first = cases[0]
    exits = first.exits
    leads = [str(lead) for lead in first.data["lead"].values] if "lead" in first.data.coords else []
    leads = leads[:1] if len(leads) == 2 else leads
    several = len(first.modes) > 1
    return [
        ("kinetic temperature", TEMPERATURE,
         [(symbol(m), _symmetric("steady_kinetic_temperature", i, TEMPERATURE)) for i, m in enumerate(first.modes)]),
        (f"probability: {exits[0]}" if len(exits) == 1 else "probability of each exit", Scale(1.0, ""),
         [(name, _interval(i)) for i, name in enumerate(exits)]),
        ("exit rate", _RATE, [("rate", _rate)]),
        ("mean energy loss" + (f", {exits[0]}" if len(exits) == 1 else ""), _MEV,
         [(name, _symmetric("energy_loss", i, _MEV)) for i, name in enumerate(exits)]),
        (f"current from {leads[0]}" if len(leads) == 1 else "currents into the molecule", q.CURRENT,
         [(lead, _symmetric("steady_current", i, q.CURRENT)) for i, lead in enumerate(leads)]),
        *([] if several or exits else [(f"mean {symbol(first.modes[0])}", first.position(first.modes[0]),
         [(symbol(first.modes[0]), _symmetric("steady_position", 0, first.position(first.modes[0])))])]),
    ]  # fmt: skip


def _symmetric(name: str, i: int, scale: Scale) -> Reader:
    def read(case: Ensemble) -> tuple[float, float, float]:
        if not has(case.data, name):
            return np.nan, np.nan, np.nan
        value, error = (float(np.ravel(case.data[each].values)[i]) * scale.factor for each in (name, f"error_{name}"))
        return value, error, error

    return read


def _interval(i: int) -> Reader:
    def read(case: Ensemble) -> tuple[float, float, float]:
        if not has(case.data, "exit_probability"):
            return np.nan, np.nan, np.nan
        value = float(case.data["exit_probability"].values[i])
        low, high = case.data["exit_probability_interval"].values[i]
        return value, max(value - float(low), 0.0), max(float(high) - value, 0.0)

    return read


def _rate(case: Ensemble) -> tuple[float, float, float]:
    rate, error = _scalar(case, "exit_rate") * _RATE.factor, _scalar(case, "error_exit_rate") * _RATE.factor
    return (rate, error, error) if rate > 0 else (np.nan, np.nan, np.nan)
