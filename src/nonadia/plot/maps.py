"""Maps over two coordinates: components of γ and D, symmetric and antisymmetric parts, forces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import quantities as q
from . import style
from .cases import Case
from .lines import axis_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
# (title, label of the colour bar, values on the plane in displayed units)
Map = tuple[str, str, Array]


def tensors(case: Case, modes: list[str], plane: tuple[str, str]) -> Figure:
    """Upper row γ: diagonal, symmetric and antisymmetric off-diagonal; lower row D/(k_BT)."""
    upper: list[Map | None] = []
    lower: list[Map | None] = []
    for i, first in enumerate(modes):
        for j, second in enumerate(modes[i:], start=i):
            scale = q.friction(case.data, first, second)
            sub = f"$_{{{first}{second}}}$"
            if i == j:
                upper.append(_component(case, f"γ{sub}", "friction", i, j, scale))
            else:
                upper.append(_component(case, f"γ{sub} symmetric", "friction_symmetric", i, j, scale))
                upper.append(_component(case, f"γ{sub} antisymmetric", "friction_antisymmetric", i, j, scale))
            noise = q.Scale(scale.factor / case.kT, scale.unit)
            lower.append(_component(case, f"D{sub}/(k$_B$T)", "noise", i, j, noise))
            if i != j:
                lower.append(None)  # D is symmetric: keep its columns below those of γ
    columns = len(upper)
    figure = style.new_figure(3.0 * columns + 0.6, 5.8)
    grid = figure.subplots(2, columns, sharex=True, sharey=True, squeeze=False)
    for row, entries in zip(grid, (upper, lower), strict=True):
        # components of one row and unit share one scale, so that their sizes can be compared at a glance
        limits: dict[str, float] = {}
        for _, unit, values in filter(None, entries):
            limits[unit] = max(limits.get(unit, 0.0), float(np.nanmax(np.abs(values))))
        for axes, entry in zip(row, entries, strict=True):
            if entry is None:
                _hide(grid, axes)
            else:
                _draw(figure, axes, case, plane, entry, limits[entry[1]])
    _outer(figure, grid, case, plane)
    return figure


_LEVELS = 4  # energies of at most so many levels are drawn


def landscape(case: Case, modes: list[str], plane: tuple[str, str]) -> Figure:
    """Bare potential, level energies, components of the mean force, populations and currents over the plane.

    There is no adiabatic potential here: a mean force of several coordinates has none out of equilibrium.
    """
    data = case.data
    panels: list[Map] = [("bare potential $U_0$, no electrons", "eV", data["bare_potential"].values * q.ENERGY.factor)]
    for i, level in enumerate(data["level"].values[:_LEVELS]):
        panels.append((f"level energy $E_{{{level}}}$", "eV", data["level_energy"].values[..., i] * q.ENERGY.factor))
    for i, mode in enumerate(modes):
        scale = q.force(data, mode)
        panels.append((f"mean force $F_{{{mode}}}$", scale.unit, data["mean_force"].values[..., i] * scale.factor))
    for i, level in enumerate(data["level"].values):
        panels.append((f"population of {level}", "", data["population"].values[..., i]))
    leads = [str(lead) for lead in data["lead"].values]
    for i, lead in enumerate(leads[:1] if len(leads) == 2 else leads):
        panels.append((f"current from {lead}", q.CURRENT.unit, data["current"].values[..., i] * q.CURRENT.factor))
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = style.new_figure(3.1 * columns + 0.6, 2.7 * rows + 0.5)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, entry in zip(grid.flat, panels, strict=False):
        signed = not entry[0].startswith(("population", "bare"))
        _draw(figure, axes, case, plane, entry, float(np.nanmax(np.abs(entry[2]))) if signed else None)
    for axes in list(grid.flat)[len(panels) :]:
        _hide(grid, axes)
    _outer(figure, grid, case, plane)
    return figure


def _hide(grid: Any, axes: Axes) -> None:
    """Leave a place empty; the panel above it then shows the numbers of the x axis."""
    axes.set_visible(False)
    (row, column), *_ = np.argwhere(grid == axes)
    if row > 0:
        grid[row - 1, column].tick_params(labelbottom=True)


def _component(case: Case, title: str, name: str, i: int, j: int, scale: q.Scale) -> Map:
    return title, scale.unit, case.data[name].values[..., i, j] * scale.factor


def _draw(figure: Figure, axes: Axes, case: Case, plane: tuple[str, str], entry: Map, limit: float | None) -> None:
    """One map: diverging colours centred at zero for signed quantities, an ordered map for the others."""
    title, unit, values = entry
    x, _ = axis_values(case.data, plane[0])
    y, _ = axis_values(case.data, plane[1])
    colours: dict[str, Any] = {"cmap": "viridis"} if limit is None else {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    if limit == 0.0:
        colours |= {"vmin": -1.0, "vmax": 1.0}
    image = axes.pcolormesh(x, y, values.T, shading="nearest", rasterized=True, **colours)
    if limit is not None and np.nanmin(values) < -0.01 * limit and np.nanmax(values) > 0.01 * limit:
        axes.contour(x, y, _without_noise(values).T, levels=[0.0], colors=style.BLACK, linewidths=0.8)
    axes.grid(False)
    axes.set_title(title)
    bar = figure.colorbar(image, ax=axes, shrink=0.9, pad=0.02)
    bar.outline.set_visible(False)  # type: ignore[operator]
    if unit:
        bar.set_label(unit)


_NOISE = 1e-6  # of the largest magnitude: below, a change of sign means nothing


def _without_noise(values: Array) -> Array:
    """NaN where a point and all its neighbours are nearly zero: a line where the values cross zero between others stays."""
    size = np.pad(np.abs(values), 1, mode="edge")
    rows, columns = values.shape
    around = np.max([size[i : i + rows, j : j + columns] for i in range(3) for j in range(3)], axis=0)
    return np.where(around < _NOISE * np.nanmax(size), np.nan, values)


def _outer(figure: Figure, grid: Any, case: Case, plane: tuple[str, str]) -> None:
    figure.supxlabel(axis_values(case.data, plane[0])[1], fontsize=style.RC["axes.labelsize"])
    figure.supylabel(axis_values(case.data, plane[1])[1], fontsize=style.RC["axes.labelsize"])
    if case.label:
        figure.suptitle(case.label, fontsize=style.RC["axes.titlesize"])
