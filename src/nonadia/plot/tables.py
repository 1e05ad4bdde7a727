"""Figures of a table that is no junction's: potential, force, friction and noise as given, without parts or populations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.units import ANGSTROM, EV, FS

from . import quantities as q
from . import style
from .cases import Case
from .lines import axis_values, dress, mark_negative
from .quantities import Scale

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# variable, component, label of the axis, unit
Panel = tuple[str, tuple[int, ...], str, Scale]
Array = np.ndarray


def is_plain(forces: xr.Dataset) -> bool:
    """Whether this table lacks what the figures of a junction show."""
    return not {"friction_molecule", "population", "temperature", "error_friction"} <= set(map(str, forces.data_vars))


def noise_scale(data: xr.Dataset, mode: str, other: str) -> Scale:
    """D in the units of friction times energy."""
    powers = int(q.is_length(data, mode)) + int(q.is_length(data, other))
    return Scale(ANGSTROM**powers / (EV**2 * FS), "eV²·fs" + {0: "", 1: "/Å", 2: "/Å²"}[powers])


def line(cases: list[Case], along: str, modes: list[str], marker: str = "") -> Figure:
    """Potential, mean force, friction and noise along one coordinate; a row for each component."""
    panels = _panels(cases[0].data, modes)
    rows = -(-len(panels) // 2)
    figure = style.new_figure(9.2, 2.4 * rows + 0.8)
    grid = list(figure.subplots(rows, 2, sharex=True, squeeze=False).flat)
    colours = style.case_colours(len(cases))
    for axes, (name, index, label, scale) in zip(grid, panels, strict=False):
        if name != "bare_potential":
            style.zero_line(axes)
        for case, colour in zip(cases, colours, strict=True):
            x, xlabel = axis_values(case.data, along)
            values = component(case.data[name], index) * scale.factor
            axes.plot(x, values, color=colour, **({"marker": marker, "linestyle": "none"} if marker else {}))
            if name == "bare_potential" and "potential" in case.data and case.data["mean_force"].values.any():
                axes.plot(x, case.data["potential"].values * scale.factor, color=colour, linestyle=style.DASHES[1])
            stated = f"error_{name.removeprefix('mean_')}"
            if stated in case.data:
                error = component(case.data[stated], index) * scale.factor
                axes.fill_between(x, values - error, values + error, color=colour, alpha=0.2, linewidth=0)
            if name == "friction" and not marker and len(cases) == 1 and len(set(index)) == 1:
                mark_negative(axes, x, values, np.zeros_like(values))
        dress(axes, x, "", marker)
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(scale.label(label))
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    keys: list[Any] = [style.line_key(c.label, colour) for c, colour in zip(cases, colours, strict=True) if c.label]
    if "potential" in cases[0].data and any(case.data["mean_force"].values.any() for case in cases):
        keys += [style.line_key("$U_0$"), style.line_key("$U_0$ minus the integrated force", style.BLACK, style.DASHES[1])]
    if keys:
        style.legend_above(figure, keys)
    return figure


def plane(case: Case, modes: list[str], axes_of: tuple[str, str]) -> Figure:
    """The same over two coordinates, one map a component."""
    panels = _panels(case.data, modes)
    rows = -(-len(panels) // 3)
    figure = style.new_figure(9.6, 2.8 * rows + 0.3)
    grid = list(figure.subplots(rows, 3, sharex=True, sharey=True, squeeze=False).flat)
    first, second = axes_of
    x, xlabel = axis_values(case.data, first)
    y, ylabel = axis_values(case.data, second)
    for axes, (name, index, label, scale) in zip(grid, panels, strict=False):
        part = component(case.data[name].transpose(first, second, ...), index) * scale.factor
        _map(figure, axes, x, y, part.T, scale.label(label))
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[max(0, len(panels) - 3) : len(panels)]:  # nothing below
        axes.tick_params(labelbottom=True)
    figure.supxlabel(xlabel, fontsize=style.RC["axes.labelsize"])
    figure.supylabel(ylabel, fontsize=style.RC["axes.labelsize"])
    if case.label:
        figure.suptitle(case.label, x=0.01, ha="left", fontsize=style.RC["axes.titlesize"])
    return figure


def _map(figure: Figure, axes: Axes, x: Any, y: Any, values: Any, title: str) -> None:
    """Diverging colours where the sign changes, else from zero to the largest magnitude."""
    low, high = min(0.0, float(np.nanmin(values))), max(0.0, float(np.nanmax(values)))
    size = max(-low, high) or 1.0
    look: dict[str, Any] = {"cmap": "viridis", "vmin": low, "vmax": high if high > low else 1.0}
    if low < 0.0 < high:
        look = {"cmap": "RdBu_r", "vmin": -size, "vmax": size}
    image = axes.pcolormesh(x, y, values, shading="nearest", rasterized=True, **look)
    axes.grid(False)
    axes.set_title(title, loc="left")
    figure.colorbar(image, ax=axes, pad=0.02)


def _panels(data: xr.Dataset, modes: list[str]) -> list[Panel]:
    """Variable, component, label and unit; of the symmetric noise each pair once."""
    several = len(modes) > 1

    def sub(*indices: int) -> str:
        return f"$_{{{','.join(modes[i] for i in indices)}}}$" if several else ""

    singles = range(len(modes))
    pairs = [(i, j) for i in singles for j in singles]
    found: list[Panel] = [("bare_potential", (), "potential", q.ENERGY)]
    found += [("mean_force", (i,), f"mean force $F${sub(i)}", q.force(data, modes[i])) for i in singles]
    found += [("friction", (i, j), f"friction γ{sub(i, j)}", q.friction(data, modes[i], modes[j])) for i, j in pairs]
    found += [("noise", (i, j), f"noise $D${sub(i, j)}", noise_scale(data, modes[i], modes[j])) for i, j in pairs if i <= j]
    return [panel for panel in found if panel[0] == "bare_potential" or component(data[panel[0]], panel[1]).any()]


def component(values: xr.DataArray, index: tuple[int, ...]) -> Array:
    """One component of a vector or tensor over the grid."""
    where: tuple[Any, ...] = (..., *index)
    return np.asarray(values.values[where])
