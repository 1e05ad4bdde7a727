"""Density, force and velocity as a film: GIF by Pillow, MP4 by ffmpeg."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import PlotError, closed, style
from .closed import ClosedCase

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Array = np.ndarray
FORMATS = ("gif", "mp4")
FRAMES = 150  # at most
FRAMES_PER_SECOND = 15
_DPI = 100
Update = Callable[[int], None]


def animate(tree: xr.DataTree, outdir: Path, name: str, format: str) -> list[Path]:
    """NAME-animation.gif or .mp4 of every case: n, v and F in one dimension, n and the force as arrows in two.

    PlotError for another format, without ffmpeg (mp4), or for a result with fewer than two snapshots of the fields.
    """
    if format not in FORMATS:
        raise PlotError(f"animations are {' or '.join(FORMATS)}, not {format!r}")
    if not set(closed.GROUPS[:2]) & set(tree.children):
        raise PlotError('holds no wave packet to animate; run an input with system = "molecule" or "marginal"')
    from matplotlib import rc_context

    written = []
    with rc_context(style.RC):  # type: ignore[arg-type]
        for case in closed.split(tree):
            figure, update, frames = film(case)
            path = outdir / f"{name}-animation{case.tail}.{format}"
            _write(figure, update, frames, path, format)
            written.append(path)
    return written


def _write(figure: Figure, update: Update, frames: list[int], path: Path, format: str) -> None:
    from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    writer: AbstractMovieWriter
    if format == "gif":
        writer = PillowWriter(fps=FRAMES_PER_SECOND)
    elif FFMpegWriter.isAvailable():
        writer = FFMpegWriter(fps=FRAMES_PER_SECOND, bitrate=2400)
    else:
        raise PlotError("an mp4 needs the program ffmpeg, which was not found: install it, or use gif")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the layout of the first frame stays: axes that move would jump
    with writer.saving(figure, str(path), dpi=_DPI):
        for frame in frames:
            update(frame)
            writer.grab_frame()


def film(case: ClosedCase) -> tuple[Figure, Update, list[int]]:
    """(figure, function that shows one stored time, indices to show): the fields if they were stored, else the density."""
    data, name = (case.fields, "density") if closed.has(case.fields, "density") else (case.packet, "reduced_density")
    if not closed.has(data, name):
        raise PlotError("holds no density of the nuclei to animate")
    t = closed.times(data, name)
    if t.size < 2:
        raise PlotError('holds one snapshot of the density only; store more of them (factorization.fields = "all")')
    n = np.nan_to_num(data[name].transpose(closed.time_dim(data, name), *case.coordinates).values)
    frames = closed.evenly(t.size, FRAMES)
    fields = case.fields if name == "density" else None
    if len(case.coordinates) == 1:
        figure, update = _line(case, t, n, fields)
    elif len(case.coordinates) == 2:
        figure, update = _plane(case, t, n, fields)
    else:
        raise PlotError("animations are drawn for one or two nuclear coordinates")
    return figure, update, frames


def _line(case: ClosedCase, t: Array, n: Array, fields: xr.Dataset | None) -> tuple[Figure, Update]:
    """Density, velocity and force in three panels over R, with the BO forces behind."""
    from .transfer import DENSITY, FORCE, VELOCITY

    coordinate = case.coordinates[0]
    R = case.nuclear(coordinate)
    panels: list[tuple[str, Array, str]] = [("n (1/bohr)", n, DENSITY)]
    for name, label, colour in (("velocity", "v (atomic units)", VELOCITY), ("force", "F (Hartree/bohr)", FORCE)):
        if fields is not None and closed.has(fields, name):
            values = fields[name].isel(coordinate=0).transpose("snapshot", coordinate).values
            panels.append((label, np.where(n > 1e-4 * n.max(axis=1, keepdims=True), values, np.nan), colour))
    figure = style.new_figure(5.6, 1.9 * len(panels) + 0.8)
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    curves = []
    for axes, (label, values, colour) in zip(grid, panels, strict=True):
        style.zero_line(axes)
        curves.append(axes.plot(R, values[0], color=colour, linewidth=2.0)[0])
        closed.limits(axes, values if values is n else _usual(values, n), np.zeros(1))
        axes.set_ylabel(label)
    if len(panels) == 3 and closed.has(case.packet, "adiabatic_force"):
        _background(grid[2], case, R)
    grid[0].set_xlim(*closed.window(n, R, closed.DENSE))
    grid[-1].set_xlabel(closed.label_of(case, coordinate))
    title = grid[0].set_title("", loc="left")

    def update(frame: int) -> None:
        for curve, (_, values, _) in zip(curves, panels, strict=True):
            curve.set_ydata(values[frame])
        title.set_text(_title(case, t[frame]))

    update(0)
    return figure, update


def _usual(values: Array, n: Array) -> Array:
    """Values less than three times what 95% of the density has at any time: sharp features near nodes set no range."""
    known = np.isfinite(values)
    bound = 3.0 * closed.quantile(np.abs(values[known]), n[known], 0.95)
    return np.where(np.abs(values) <= bound, values, np.nan)


def _background(axes: Any, case: ClosedCase, R: Array) -> None:
    limits = axes.get_ylim()
    for number, force in enumerate(case.packet["adiabatic_force"].isel(coordinate=0).transpose("surface", ...).values):
        colour = closed.surface_colour(number)
        axes.plot(R, force, color=colour, linestyle=style.DASHES[1], linewidth=1.0, zorder=1.5, label=f"BO{number + 1}")
    axes.set_ylim(limits)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, handlelength=1.6)


def _plane(case: ClosedCase, t: Array, n: Array, fields: xr.Dataset | None) -> tuple[Figure, Update]:
    """Colours for the density, arrows for the local force on a coarse grid."""
    from .planes import force_arrows, frame_of, height

    first, second = case.coordinates
    x, y = case.nuclear(first), case.nuclear(second)
    figure = style.new_figure(5.4, 4.0 * height(x, y, n) + 0.9)
    axes = figure.add_subplot()
    image = axes.pcolormesh(x, y, n[0].T, shading="nearest", cmap="YlGnBu", vmin=0.0, vmax=float(n.max()), rasterized=True)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_label("density n (1/bohr²)")
    axes.grid(False)
    axes.set_aspect("equal")
    arrows = None
    if fields is not None and closed.has(fields, "force"):
        every = list(range(t.size))
        arrows = force_arrows(case, every, n)
        quiver = arrows.draw(axes, 0)
        figure.supxlabel(arrows.caption, fontsize=8)
    frame_of(axes, x, y, n)
    axes.set_xlabel(closed.label_of(case, first))
    axes.set_ylabel(closed.label_of(case, second))
    title = axes.set_title("", loc="left")

    def update(frame: int) -> None:
        image.set_array(n[frame].T)
        if arrows is not None:
            quiver.set_UVC(*arrows.components(frame))
        title.set_text(_title(case, t[frame]))

    update(0)
    return figure, update


def _title(case: ClosedCase, time: float) -> str:
    return f"{case.label}, t = {time:.2f} fs" if case.label else f"t = {time:.2f} fs"
