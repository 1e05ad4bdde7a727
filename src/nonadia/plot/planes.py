"""Fields of the exact factorization as maps: two coordinates with forces and curvature, three in projections."""

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
MAPS = 4
_DENSE = 0.01  # of the largest density at that time: where forces and curvatures are looked at
_ARROWS = 15  # along each axis


def maps(case: ClosedCase) -> Figure | None:
    """Density with the local force as arrows (upper row) and Berry curvature (lower row) at up to four snapshots."""
    if len(case.coordinates) != 2 or not closed.has(case.fields, "density"):
        return None
    first, second = case.coordinates
    x, y, fields = case.nuclear(first), case.nuclear(second), case.fields
    t = closed.times(fields, "density")
    shown = closed.snapshots(case, t, MAPS)
    n = np.nan_to_num(fields["density"].transpose("snapshot", first, second).values[shown])
    curvature = closed.has(fields, "berry_curvature")
    figure = style.new_figure(2.75 * len(shown) + 1.2, 2.6 * height(x, y, n) * (1 + curvature) + 1.2)
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
        keys.append(style.line_key(arrows.caption, style.OKABE_ITO[1]))
    if curvature:
        plane = fields["berry_curvature"].isel(coordinate=0, coordinate_=1).transpose("snapshot", first, second).values[shown]
        norm, beyond = _curvature_range(plane, n)
        for column in range(len(shown)):
            image = _colours(grid[1, column], x, y, plane[column], cmap="RdBu_r", norm=norm)
            _contours(grid[1, column], x, y, n[column])
        bar_label = f"$C_{{{first},{second}}}$ (1/bohr²)"
        _bar(figure, image, grid[1], bar_label, "both" if beyond else "neither", _ticks(norm))
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
    shown = closed.snapshots(case, t, MAPS)
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
    return figure


def _colours(axes: Axes, x: Array, y: Array, values: Array, **look: Any) -> Any:
    axes.grid(False)
    axes.set_aspect("equal")
    if look["cmap"] == "RdBu_r":
        axes.set_facecolor("#dcdcdc")  # masked: no curvature is defined there
    return axes.pcolormesh(x, y, values.T, shading="nearest", rasterized=True, **look)


def _contours(axes: Axes, x: Array, y: Array, n: Array) -> None:
    axes.contour(x, y, n.T, levels=n.max() * np.array([0.01, 0.1, 0.5]), colors=style.GREY, linewidths=0.8)


def _bar(figure: Figure, image: Any, axes: Any, label: str, extend: str, ticks: list[float] | None = None) -> None:
    bar = figure.colorbar(image, ax=list(axes), pad=0.01, shrink=0.92, extend=extend, ticks=ticks)
    if ticks is not None:
        bar.ax.minorticks_off()
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.set_label(label)


def _curvature_range(plane: Array, n: Array) -> tuple[Any, bool]:
    """Symmetric range up to the largest |C| where n exceeds a hundredth of its maximum, and whether values lie beyond.

    Curvature is sharp near an intersection: colours are logarithmic beyond its mean over the density if it is ten times that.
    """
    from matplotlib.colors import Normalize, SymLogNorm

    size = np.abs(plane)
    seen = np.isfinite(size) & (n > _DENSE * n.max(axis=(1, 2), keepdims=True))
    if not seen.any() or size[seen].max() == 0.0:
        return Normalize(-1.0, 1.0), False
    limit, mean = float(size[seen].max()), float((n * np.where(seen, size, 0.0)).sum() / n.sum())
    beyond = bool(np.nanmax(size) > limit)
    if limit > 10.0 * mean > 0.0:
        return SymLogNorm(linthresh=float(f"{mean:.1g}"), vmin=-limit, vmax=limit), beyond
    return Normalize(-limit, limit), beyond


def _ticks(norm: Any) -> list[float] | None:
    """Zero and the decades that lie well beyond the linear part; None for linear colours."""
    if not hasattr(norm, "linthresh"):
        return None
    first, last = np.ceil(np.log10(2.0 * norm.linthresh)), np.floor(np.log10(norm.vmax))
    decades = [10.0**power for power in np.arange(first, last + 1)] or [float(norm.vmax)]
    return [*(-size for size in reversed(decades)), 0.0, *decades]


@dataclass(frozen=True)
class Arrows:
    """The local force at some snapshots on a coarse grid; NaN where the density is below a hundredth of its maximum.

    full : magnitude that the longest arrows stand for; larger forces are drawn with this length (`cut` says whether any is).
    """

    x: Array
    y: Array
    force: Array  # (snapshot, 2, x, y)
    full: float
    cut: bool

    @property
    def caption(self) -> str:
        """What the arrows mean."""
        return f"local force; longest arrows: {self.full:.2g} Hartree/bohr{' or more' if self.cut else ''}"

    def components(self, number: int) -> tuple[Array, Array]:
        """(F_x, F_y) as quiver wants them, rows along y, none longer than `full`."""
        x, y = self.force[number]
        size = np.hypot(x, y)
        shorter = np.divide(self.full, size, out=np.ones_like(size), where=size > self.full)
        return (x * shorter).T, (y * shorter).T

    def draw(self, axes: Axes, number: int) -> Any:
        """The arrows of one snapshot; the longest spans about one and a half spacings."""
        spacing = max(float(self.x[1] - self.x[0]), float(self.y[1] - self.y[0]))
        scale = self.full / (1.6 * spacing) if self.full else 1.0
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
    values = np.where((thin > _DENSE * n.max(axis=(1, 2))[:, None, None])[:, None], stored, np.nan)
    size = np.hypot(values[:, 0], values[:, 1])
    there = np.isfinite(size)
    if not there.any():
        return Arrows(x[columns], y[rows], values, 0.0, False)
    largest, usual = float(size[there].max()), closed.quantile(size[there], thin[there], 0.95)
    full = largest if largest < 2.0 * usual else usual
    return Arrows(x[columns], y[rows], values, full, full < largest)


def _coarse(x: Array, y: Array, n: Array) -> tuple[Array, Array]:
    """Indices along both axes, equally far apart, over the part of the plane where there is density."""
    parts = []
    for axis, other in ((x, 2), (y, 1)):
        low, high = closed.window(n.max(axis=other), axis, 1e-2)
        parts.append(np.flatnonzero((axis >= low) & (axis <= high)))
    spacing = max(float(np.ptp(axis[part])) for axis, part in zip((x, y), parts, strict=True)) / _ARROWS
    steps = [max(1, round(spacing / float(axis[1] - axis[0]))) for axis in (x, y)]
    return parts[0][steps[0] // 2 :: steps[0]], parts[1][steps[1] // 2 :: steps[1]]


def height(x: Array, y: Array, n: Array) -> float:
    """Height over width of the part of the plane that is shown."""
    (left, right), (low, high) = closed.window(n.max(axis=2), x), closed.window(n.max(axis=1), y)
    return min(1.6, max(0.4, (high - low) / (right - left)))


def frame_of(axes: Axes, x: Array, y: Array, n: Array) -> None:
    """The part of the plane in which there ever is density."""
    axes.set_xlim(*closed.window(n.max(axis=2), x))
    axes.set_ylim(*closed.window(n.max(axis=1), y))
