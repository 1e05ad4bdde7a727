"""Potentials and fields of the exact factorization at snapshots: curves in one dimension, maps in two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import closed, style
from .closed import ClosedCase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
SNAPSHOTS = 6
MAPS = 4
GI, FULL = style.BLACK, style.OKABE_ITO[0]
_SHOWN = 1e-2  # of the largest density at that time: where potentials set the range
_THERE = 1e-6  # of the largest density: below, no potential is drawn
_ARROWS = 15  # along each axis


def potentials(case: ClosedCase) -> Figure | None:
    """ε_gi and ε between the BO surfaces (upper row) and the density (lower row) at up to six snapshots.

    ε has a free constant at every time: it is drawn with the mean of ε_gi over the density.
    """
    if len(case.coordinates) != 1 or not closed.has(case.fields, "density", "scalar_potential_gi"):
        return None
    name = case.coordinates[0]
    R, fields = case.nuclear(name), case.fields
    t = closed.times(fields, "density")
    shown = closed.evenly(t.size, SNAPSHOTS)
    n = np.nan_to_num(fields["density"].transpose("snapshot", name).values)
    energies = closed.surfaces(case)
    columns = -(-len(shown) // 2) if len(shown) > 3 else len(shown)
    rows = -(-len(shown) // columns)
    figure = style.new_figure(3.3 * columns + 0.5, 3.7 * rows + 0.7)
    grid = figure.subplots(2 * rows, columns, sharex=True, sharey="row", squeeze=False, height_ratios=[2.2, 1.0] * rows)
    upper, lower = list(grid[0::2].flat), list(grid[1::2].flat)
    curves = []
    for number, i in enumerate(shown):
        curves.append(_potential(upper[number], case, R, n[i], i, energies))
        lower[number].fill_between(R, 0.0, n[i], color="#555555", alpha=0.25, linewidth=0)
        lower[number].plot(R, n[i], color="#555555", linewidth=1.2)
        lower[number].set_ylim(0.0, 1.08 * float(n.max()))
        upper[number].set_title(f"t = {t[i]:.1f} fs", loc="left")
    for extra in (*upper[len(shown) :], *lower[len(shown) :]):
        extra.set_visible(False)
    left, right = closed.window(n, R, 1e-3)
    upper[0].set_xlim(left, right)
    inside = (R >= left) & (R <= right)
    background = [energies[:, inside].min(axis=1)] if energies is not None else []
    for row in grid[0::2]:
        closed.limits(row[0], *curves, *background)
        row[0].set_ylabel("energy (Hartree)")
    for row in grid[1::2]:
        row[0].set_ylabel("n (1/bohr)")
    figure.supxlabel(closed.label_of(case, name), fontsize=style.RC["axes.labelsize"])
    style.legend_above(figure, _potential_keys(case, energies))
    return figure


def _potential(axes: Axes, case: ClosedCase, R: Array, n: Array, i: int, energies: Array | None) -> Array:
    """One panel; the values that must be seen. Potentials end where the density is too small to be looked at."""
    if energies is not None:
        for number, energy in enumerate(energies):
            axes.plot(R, energy, color=closed.surface_colour(number), linewidth=1.0, alpha=0.8)
    gi = np.asarray(case.fields["scalar_potential_gi"].isel(snapshot=i).values)
    there = n > _THERE * n.max()
    looked = np.where(n > _SHOWN * n.max(), gi, np.nan)
    if closed.has(case.fields, "scalar_potential"):
        full = np.asarray(case.fields["scalar_potential"].isel(snapshot=i).values)
        both = np.isfinite(full) & np.isfinite(gi)
        weight = np.where(both, n, 0.0)
        if weight.sum() > 0:
            shift = float((weight * np.where(both, gi - full, 0.0)).sum() / weight.sum())
            axes.plot(R, np.where(there, full + shift, np.nan), color=FULL, linestyle=style.DASHES[1], linewidth=1.3)
    axes.plot(R, np.where(there, gi, np.nan), color=GI, linewidth=1.8)
    return looked


def _potential_keys(case: ClosedCase, energies: Array | None) -> list[Any]:
    keys = [style.line_key("ε$_{gi}$", GI, linewidth=1.8)]
    if closed.has(case.fields, "scalar_potential"):
        gauge = str(case.fields.attrs.get("gauge", ""))
        label = f"ε, gauge {gauge}, set to the mean of ε$_{{gi}}$"
        keys.append(style.line_key(label, FULL, style.DASHES[1], linewidth=1.3))
    count = 0 if energies is None else len(energies)
    return keys + [style.line_key(f"BO{k + 1}", closed.surface_colour(k), linewidth=1.0) for k in range(count)]


def maps(case: ClosedCase) -> Figure | None:
    """Density with the local force as arrows (upper row) and Berry curvature (lower row) at up to four snapshots."""
    if len(case.coordinates) != 2 or not closed.has(case.fields, "density"):
        return None
    first, second = case.coordinates
    x, y, fields = case.nuclear(first), case.nuclear(second), case.fields
    t = closed.times(fields, "density")
    shown = closed.evenly(t.size, MAPS)
    n = np.nan_to_num(fields["density"].transpose("snapshot", first, second).values[shown])
    curvature = closed.has(fields, "berry_curvature")
    figure = style.new_figure(2.75 * len(shown) + 1.2, 2.75 * (1 + curvature) + 0.8)
    grid = figure.subplots(1 + curvature, len(shown), sharex=True, sharey=True, squeeze=False)
    keys = []
    top = float(n.max())
    for column, i in enumerate(shown):
        image = _colours(grid[0, column], x, y, n[column], cmap="YlGnBu", vmin=0.0, vmax=top)
        grid[0, column].set_title(f"t = {t[i]:.2f} fs", loc="left")
    _bar(figure, image, grid[0], "density n (1/bohr²)", "neither")
    if closed.has(fields, "force"):
        arrows = force_arrows(case, shown, n)
        for column in range(len(shown)):
            arrows.draw(grid[0, column], column)
        keys.append(style.line_key(f"local force; the longest arrow is {arrows.longest:.2g} Hartree/bohr", style.OKABE_ITO[1]))
    if curvature:
        plane = fields["berry_curvature"].isel(coordinate=0, coordinate_=1).transpose("snapshot", first, second).values[shown]
        limit, beyond = _curvature_limit(plane, n)
        for column in range(len(shown)):
            image = _colours(grid[1, column], x, y, plane[column], cmap="RdBu_r", vmin=-limit, vmax=limit)
            _contours(grid[1, column], x, y, n[column])
        bar_label = f"$C_{{{first},{second}}}$ (1/bohr²)"
        _bar(figure, image, grid[1], bar_label, "both" if beyond else "neither")
        keys.append(style.line_key("density 1%, 10%, 50% of its maximum", style.GREY, linewidth=0.8))
    frame_of(grid[0, 0], x, y, n)
    figure.supxlabel(closed.label_of(case, first), fontsize=style.RC["axes.labelsize"])
    figure.supylabel(closed.label_of(case, second), fontsize=style.RC["axes.labelsize"])
    if keys:
        style.legend_above(figure, keys)
    return figure


def projections(case: ClosedCase) -> Figure | None:
    """Density of three coordinates at up to four times: a row for each pair, integrated over the third coordinate."""
    if len(case.coordinates) != 3:
        return None
    t, n = closed.density(case)
    shown = closed.evenly(t.size, MAPS)
    names = case.coordinates
    grids = [case.nuclear(name) for name in names]
    figure = style.new_figure(2.75 * len(shown) + 1.2, 7.8)
    panels = figure.subplots(3, len(shown), squeeze=False)
    for row, (i, j, rest) in enumerate(((0, 1, 2), (0, 2, 1), (1, 2, 0))):
        flat = n[shown].sum(axis=rest + 1) * float(grids[rest][1] - grids[rest][0])
        for column in range(len(shown)):
            axes = panels[row, column]
            image = _colours(axes, grids[i], grids[j], flat[column], cmap="YlGnBu", vmin=0.0, vmax=float(flat.max()))
            frame_of(axes, grids[i], grids[j], flat)
            axes.set_xlabel(closed.label_of(case, names[i]))
        panels[row, 0].set_ylabel(closed.label_of(case, names[j]))
        _bar(figure, image, panels[row], f"∫n d{names[rest]} (1/bohr²)", "neither")
    for column, i in enumerate(shown):
        panels[0, column].set_title(f"t = {t[i]:.2f} fs", loc="left")
    if case.label:
        figure.suptitle(case.label, fontsize=style.RC["axes.titlesize"])
    return figure


def _colours(axes: Axes, x: Array, y: Array, values: Array, **look: Any) -> Any:
    axes.grid(False)
    axes.set_aspect("equal")
    if look["cmap"] == "RdBu_r":
        axes.set_facecolor("#dcdcdc")  # masked: no curvature is defined there
    return axes.pcolormesh(x, y, values.T, shading="nearest", rasterized=True, **look)


def _contours(axes: Axes, x: Array, y: Array, n: Array) -> None:
    axes.contour(x, y, n.T, levels=n.max() * np.array([0.01, 0.1, 0.5]), colors=style.GREY, linewidths=0.8)


def _bar(figure: Figure, image: Any, axes: Any, label: str, extend: str) -> None:
    bar = figure.colorbar(image, ax=list(axes), pad=0.01, shrink=0.92, extend=extend)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.set_label(label)


def _curvature_limit(plane: Array, n: Array) -> tuple[float, bool]:
    """Symmetric range: the largest |C| where the density is above a hundredth of its maximum; whether values lie beyond."""
    size = np.abs(plane)
    seen = np.where(n > 0.01 * n.max(axis=(1, 2), keepdims=True), size, np.nan)
    limit = float(np.nanmax(seen)) if np.isfinite(seen).any() else 0.0
    limit = limit or 1.0
    return limit, bool(np.nanmax(size) > limit)


@dataclass(frozen=True)
class Arrows:
    """The local force at some snapshots on a coarse grid; NaN where the density is below a hundredth of its maximum."""

    x: Array
    y: Array
    force: Array  # (snapshot, 2, x, y)
    longest: float

    def components(self, number: int) -> tuple[Array, Array]:
        """(F_x, F_y) as quiver wants them: rows along y."""
        return self.force[number, 0].T, self.force[number, 1].T

    def draw(self, axes: Axes, number: int) -> Any:
        """The arrows of one snapshot; the longest of all snapshots spans about one and a half spacings."""
        spacing = max(float(self.x[1] - self.x[0]), float(self.y[1] - self.y[0]))
        scale = self.longest / (1.6 * spacing) if self.longest else 1.0
        look: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": scale, "width": 0.006}
        return axes.quiver(self.x, self.y, *self.components(number), color=style.OKABE_ITO[1], **look)


def force_arrows(case: ClosedCase, shown: list[int], n: Array) -> Arrows:
    """Local force at the snapshots `shown`, whose densities are n (snapshot, x, y), thinned to about 15 arrows an axis."""
    first, second = case.coordinates
    x, y = case.nuclear(first), case.nuclear(second)
    columns, rows = _coarse(x, y, n)
    force = case.fields["force"].transpose("snapshot", "coordinate", first, second)
    stored = force.isel({"snapshot": shown, first: columns, second: rows}).values
    thin = n[:, columns][:, :, rows]
    values = np.where((thin > 0.01 * n.max(axis=(1, 2))[:, None, None])[:, None], stored, np.nan)
    size = np.hypot(values[:, 0], values[:, 1])
    return Arrows(x[columns], y[rows], values, float(np.nanmax(size)) if np.isfinite(size).any() else 0.0)


def _coarse(x: Array, y: Array, n: Array) -> tuple[Array, Array]:
    """Indices along both axes, equally far apart, over the part of the plane where there is density."""
    parts = []
    for axis, other in ((x, 2), (y, 1)):
        low, high = closed.window(n.max(axis=other), axis, 1e-2)
        parts.append(np.flatnonzero((axis >= low) & (axis <= high)))
    spacing = max(float(np.ptp(axis[part])) for axis, part in zip((x, y), parts, strict=True)) / _ARROWS
    steps = [max(1, round(spacing / float(axis[1] - axis[0]))) for axis in (x, y)]
    return parts[0][steps[0] // 2 :: steps[0]], parts[1][steps[1] // 2 :: steps[1]]


def frame_of(axes: Axes, x: Array, y: Array, n: Array) -> None:
    """The part of the plane in which there ever is density."""
    axes.set_xlim(*closed.window(n.max(axis=2), x, 1e-4))
    axes.set_ylim(*closed.window(n.max(axis=1), y, 1e-4))
