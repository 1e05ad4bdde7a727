"""Figures along one coordinate: friction and its parts, noise, populations, currents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import quantities as q
from . import style
from .cases import Case

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .quantities import Scale

Array = np.ndarray


def axis_values(data: xr.Dataset, coordinate: str) -> tuple[Array, str]:
    """Displayed positions along the line and the label of their axis."""
    scale = q.position(data, coordinate)
    return data[coordinate].values * scale.factor, scale.label(f"${coordinate}$" if len(coordinate) == 1 else coordinate)


_PART: dict[str, Any] = {"linewidth": 3.2, "alpha": 0.65}


def friction_parts(cases: list[Case], coordinate: str) -> Figure:
    """γ and its molecular and coupling parts, one panel a case."""
    figure, panels = _panels(len(cases), 2.1)
    negative = False
    for axes, case in zip(panels, cases, strict=True):
        data = case.data
        scale = q.friction(data, coordinate, coordinate)
        x, label = axis_values(data, coordinate)
        style.zero_line(axes)
        total = _component(data, "friction", scale)
        _band(axes, x, total, _component(data, "error_friction", scale), style.TOTAL)
        # the parts are wide and lie below: where one part is everything it shows beside the thin total
        for name, colour in (("friction_molecule", style.MOLECULE), ("friction_coupling", style.COUPLING)):
            axes.plot(x, _component(data, name, scale), color=colour, **_PART)
        axes.plot(x, total, color=style.TOTAL, linewidth=1.0, zorder=4)
        negative |= mark_negative(axes, x, total, _component(data, "error_friction", scale))
        dress(axes, x, case.label)
    _outer_labels(panels, label, scale.label("friction γ"))
    handles = [
        style.line_key("total", style.TOTAL, linewidth=1.0),
        style.line_key("molecular part", style.MOLECULE, **_PART),
        style.line_key("coupling part", style.COUPLING, **_PART),
    ]
    style.legend_above(figure, handles + (_negative_key() if negative else []))
    return figure


def friction_and_noise(cases: list[Case], coordinate: str) -> Figure:
    """γ and D/(k_BT) together; a logarithmic panel beside each when small features would be lost."""
    curves = [_pair(case, coordinate) for case in cases]
    log = any(_needs_log(values) for pair in curves for values, _ in pair)
    figure, panels = _panels(len(cases), 2.1, columns=2 if log else 1)
    negative = False
    for number, (case, pair) in enumerate(zip(cases, curves, strict=True)):
        x, label = axis_values(case.data, coordinate)
        row = panels[2 * number : 2 * number + 2] if log else panels[number : number + 1]
        style.zero_line(row[0])
        for (values, error), colour, dashes in zip(pair, _PAIR_COLOURS, style.DASHES, strict=False):
            _band(row[0], x, values, error, colour)
            row[0].plot(x, values, color=colour, linestyle=dashes)
            if log:
                row[1].semilogy(x, np.where(values > 0, values, np.nan), color=colour, linestyle=dashes)
                row[1].semilogy(x, np.where(values < 0, -values, np.nan), color=colour, linestyle=":", linewidth=2.2)
        for axes in row:
            dress(axes, x, case.label)
        if log:
            _log_limits(row[1], [values for values, _ in pair])
        negative |= mark_negative(row[0], x, *pair[0])
    scale = q.friction(cases[0].data, coordinate, coordinate)
    _outer_labels(panels, label, scale.label("γ and D/(k$_B$T)"), columns=2 if log else 1)
    mean = "" if all(case.one_temperature for case in cases) else " (T: mean over leads)"
    handles = [
        style.line_key("friction γ", _PAIR_COLOURS[0], style.DASHES[0]),
        style.line_key(f"noise D/(k$_B$T){mean}", _PAIR_COLOURS[1], style.DASHES[1]),
    ]
    if log and any((values < 0).any() for pair in curves for values, _ in pair):
        handles.append(style.line_key("negative: shown with the sign reversed on the right", style.GREY, ":"))
    style.legend_above(figure, handles + (_negative_key() if negative else []))
    return figure


_PAIR_COLOURS = (style.OKABE_ITO[0], style.OKABE_ITO[1])


def _pair(case: Case, coordinate: str) -> list[tuple[Array, Array]]:
    """(γ, error) and (D/(k_BT), error) in displayed units."""
    scale = q.friction(case.data, coordinate, coordinate)
    noise = q.Scale(scale.factor / case.kT, scale.unit)
    return [
        (_component(case.data, "friction", scale), _component(case.data, "error_friction", scale)),
        (_component(case.data, "noise", noise), _component(case.data, "error_noise", noise)),
    ]


def mark_negative(axes: Axes, x: Array, values: Array, error: Array) -> bool:
    """Shade where friction is below zero by more than its stated error; whether it is anywhere."""
    below = values + np.where(np.isfinite(error), error, np.inf) < 0.0
    if not below.any() or x.size < 2:
        return bool(below.any())
    edges = np.concatenate([x[:1], 0.5 * (x[1:] + x[:-1]), x[-1:]])
    for i in np.flatnonzero(below):
        axes.axvspan(edges[i], edges[i + 1], **_NEGATIVE)
    return True


_NEGATIVE: dict[str, Any] = {"color": style.OKABE_ITO[3], "alpha": 0.18, "linewidth": 0, "zorder": 0}


def _negative_key() -> list[Any]:
    from matplotlib.patches import Patch

    return [Patch(**_NEGATIVE, label="γ < 0 beyond its stated error")]


def _needs_log(values: Array) -> bool:
    """Whether a local extremum is invisible (below 4% of the largest value) on a linear axis."""
    size = np.abs(values)
    peaks = size[1:-1][(size[1:-1] > size[:-2]) & (size[1:-1] > size[2:])]
    return bool(peaks.size > 1 and peaks.min() < 0.04 * size.max() and peaks.min() > 1e-6 * size.max())


def _log_limits(axes: Axes, curves: list[Array]) -> None:
    """From the largest value down to the smallest, five decades at most."""
    size = np.concatenate([np.abs(values) for values in curves])
    top = np.nanmax(size)
    if top > 0:
        axes.set_ylim(max(np.nanmin(size[size > 0]) * 0.5, 1e-5 * top), 2 * top)


def tensor(cases: list[Case], along: str, modes: list[str], name: str, marker: str = "") -> Figure:
    """All components of friction, or of noise divided by k_BT, along a line; one panel a component."""
    count = len(modes)
    figure = style.new_figure(3.1 * count + 0.8, 2.3 * count + 0.7)
    grid = figure.subplots(count, count, sharex=True, squeeze=False)
    colours = style.case_colours(len(cases))
    for (i, j), axes in np.ndenumerate(grid):
        scale = q.friction(cases[0].data, modes[i], modes[j])
        style.zero_line(axes)
        for case, colour in zip(cases, colours, strict=True):
            x, label = axis_values(case.data, along)
            factor = scale.factor / (case.kT if name == "noise" else 1.0)
            values = case.data[name].values[..., i, j] * factor
            axes.plot(x, values, color=colour, **_points(marker))
        dress(axes, x, "", marker)
        symbol = "γ" if name == "friction" else "D"
        kT = "/(k$_B$T)" if name == "noise" else ""
        axes.set_title(scale.label(f"{symbol}$_{{{modes[i]}{modes[j]}}}${kT}"), loc="left")
    figure.supxlabel(label, fontsize=style.RC["axes.labelsize"])
    _case_legend(figure, cases, colours)
    return figure


def mean_force(cases: list[Case], along: str, modes: list[str], marker: str = "") -> Figure:
    """The electronic mean force (without -∂U_0) and its two parts; one row a coordinate."""
    parts = (
        ("mean_force", "total"),
        ("mean_force_molecule", "molecular part"),
        ("mean_force_coupling", "coupling part"),
    )
    figure = style.new_figure(9.6, 2.5 * len(modes) + 0.7)
    grid = figure.subplots(len(modes), 3, sharex=True, sharey="row", squeeze=False)
    colours = style.case_colours(len(cases))
    for (i, k), axes in np.ndenumerate(grid):
        scale = q.force(cases[0].data, modes[i])
        style.zero_line(axes)
        for case, colour in zip(cases, colours, strict=True):
            x, label = axis_values(case.data, along)
            values = case.data[parts[k][0]].values[..., i] * scale.factor
            axes.plot(x, values, color=colour, **_points(marker))
            if k == 0 and not marker:
                _band(axes, x, values, case.data["error_force"].values[..., i] * scale.factor, colour)
        dress(axes, x, "", marker)
        if i == 0:
            axes.set_title(parts[k][1])
        if k == 0:
            axes.set_ylabel(scale.label(f"mean force $F_{{{modes[i]}}}$"))
    figure.supxlabel(label, fontsize=style.RC["axes.labelsize"])
    _case_legend(figure, cases, colours)
    return figure


def _case_legend(figure: Figure, cases: list[Case], colours: list[str]) -> None:
    if cases[0].label:
        keys = [style.line_key(case.label, colour) for case, colour in zip(cases, colours, strict=True)]
        style.legend_above(figure, keys)


NO_CURRENT = 1e-9  # µA


def transport(cases: list[Case], coordinate: str) -> Figure:
    """Populations of the levels, occupations of the vibrations, and currents into the molecule."""
    first = cases[0].data
    wanted = [name for name in ("population", "vibrational_occupation", "current") if _present(first, name)]
    figure = style.new_figure(3.6 * len(wanted) + 0.6, 3.5)
    colours = style.case_colours(len(cases))
    for number, name in enumerate(wanted):
        axes = figure.add_subplot(1, len(wanted), number + 1)
        factor = q.CURRENT.factor if name == "current" else 1.0
        shown, title, members = _members(first, name)
        members_colours = style.case_colours(len(shown))
        # without a sweep the colours tell the members apart, so that equal curves are both seen
        keys = []
        for number, case in enumerate(cases):
            x, label = axis_values(case.data, coordinate)
            for member, position in enumerate(shown):
                colour = colours[number] if cases[0].label else members_colours[member]
                dashes = style.DASHES[member % len(style.DASHES)]
                axes.plot(x, case.data[name].values[..., position] * factor, color=colour, linestyle=dashes)
                if number == 0:
                    keys.append(style.line_key(members[member], style.BLACK if case.label else colour, dashes))
        dress(axes, x, "")
        axes.set_title(title)
        axes.set_xlabel(label)
        axes.set_ylabel(q.CURRENT.label("current") if name == "current" else "occupation")
        if name == "current":
            style.zero_line(axes)
            if max(abs(limit) for limit in axes.get_ylim()) < NO_CURRENT:
                axes.set_ylim(-1.0, 1.0)  # rounding errors are not a current
        if len(members) > 1:
            axes.legend(handles=keys, loc="best")
    _case_legend(figure, cases, colours)
    return figure


def _present(data: xr.Dataset, name: str) -> bool:
    return name in data and data[name].size > 0 and bool(np.isfinite(data[name].values).any())


def _members(data: xr.Dataset, name: str) -> tuple[list[int], str, list[str]]:
    """Which entries to draw, the panel's title, and the names for its legend."""
    if name == "current":
        leads = [str(lead) for lead in data["lead"].values]
        if len(leads) == 2:  # the other is the same with the opposite sign
            return [0], f"current from {leads[0]} to {leads[1]}", leads[:1]
        return list(range(len(leads))), "currents into the molecule", leads
    dim, title = ("level", "population") if name == "population" else ("vibration", "vibrational quanta")
    names = [str(entry) for entry in data[dim].values]
    if len(names) == 1:
        title = f"{title} of {names[0]}"
    return list(range(len(names))), title, names


def _component(data: xr.Dataset, name: str, scale: Scale) -> Array:
    """The only component of a one-coordinate tensor, in displayed units."""
    return np.asarray(data[name].values[..., 0, 0] * scale.factor)


def _band(axes: Axes, x: Array, values: Array, error: Array, colour: str) -> None:
    """Error band, where it is wide enough to be seen."""
    if not np.isfinite(error).all():
        return  # no estimate: the result is marked as not converged
    if np.nanmax(error, initial=0.0) > 2e-3 * np.nanmax(np.abs(values), initial=0.0):
        axes.fill_between(x, values - error, values + error, color=colour, alpha=0.18, linewidth=0)


def _panels(rows: int, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Stacked panels that share x; more than four cases go side by side."""
    wide = 2 if rows > 4 and columns == 1 else 1
    down = -(-rows // wide)
    figure = style.new_figure(6.4 if columns * wide == 1 else 9.0, height * max(down, 1.35) + 0.7)
    grid = figure.subplots(down, columns * wide, sharex=True, squeeze=False)
    flat = list(grid.flat)
    for extra in flat[rows * columns :]:
        extra.set_visible(False)
    return figure, flat[: rows * columns]


def _points(marker: str) -> dict[str, Any]:
    """Line style: separate marks when the positions are numbered points, a line otherwise."""
    return {"marker": marker, "markersize": 6, "linestyle": "none"} if marker else {}


_FEW = 4  # points that get a mark each


def dress(axes: Axes, x: Array, title: str, marker: str = "") -> None:
    """Limits and ticks of the x axis, a mark at each of a few points, the title; after everything is drawn."""
    if marker:
        axes.set_xticks(x if x.size <= 12 else x[:: x.size // 8])
    else:
        if x.size <= _FEW:  # what was computed, and what is only a line between
            for line in axes.lines:
                if line.get_gid() != style.ZERO:
                    line.set_marker("o")
        if x.size > 1:
            margin = 0.03 * np.ptp(x) if x.size <= _FEW else 0.0
            axes.set_xlim(x.min() - margin, x.max() + margin)
        axes.locator_params(axis="x", nbins=8, steps=[1, 2, 5, 10])
    if title:
        axes.set_title(title, loc="left")


def _outer_labels(panels: list[Axes], xlabel: str, ylabel: str, columns: int = 1) -> None:
    """x label under the lowest row, one y label for the whole figure."""
    figure = panels[0].get_figure()
    assert figure is not None
    figure.supxlabel(xlabel, fontsize=style.RC["axes.labelsize"])
    figure.supylabel(ylabel, fontsize=style.RC["axes.labelsize"])
