"""Energy transfer in one dimension, EF Fig. 2: surfaces, rates, and density, velocity and force where the rate is largest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..units import FS
from . import closed, style
from .closed import ClosedCase
from .wavepacket import draw_ledger

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
INSTANTS = (style.OKABE_ITO[3], style.OKABE_ITO[5])
VELOCITY, FORCE, DENSITY = style.OKABE_ITO[2], style.OKABE_ITO[0], "#555555"
RATE = FS * 100.0  # Hartree per atomic unit of time → 10⁻² Hartree/fs
_PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2.0}
_HEAD = 0.14  # of the height: room for the letter of a panel above its curves
_SEEN = 3e-2  # of the largest density: fields beyond do not set the range of the axis


@dataclass(frozen=True)
class Instant:
    """One stored snapshot that the figure looks at."""

    snapshot: int
    time: float  # fs
    colour: str


def energy_transfer(case: ClosedCase) -> Figure | None:
    """(a) BO surfaces and the path of the packet, (c) dT_n/dt and dT_marg/dt, (b), (d) density, v and F; EF Fig. 2(a)–(d).

    The instants are the stored snapshots nearest to the times asked for, or to the first two maxima of dT_marg/dt.
    """
    if len(case.coordinates) != 1 or not closed.has(case.fields, "density", "velocity", "force", "rate_T_n", "rate_T_marg"):
        return None
    instants = chosen(case)
    surfaces = closed.has(case.packet, "adiabatic_energy", "position", "BO_energy")
    figure = style.new_figure(9.6, 6.8)
    grid = figure.subplots(2, 2)
    upper, rates = grid[:, 0]
    if surfaces:
        draw_surfaces(upper, case, instants)
    else:
        draw_ledger(upper, case)
        upper.set_xlabel("time t (fs)")
    draw_rates(rates, case, instants)
    scales = factors(case, instants)
    for axes, instant in zip(grid[:, 1], instants, strict=False):
        draw_forces(axes, case, instant, scales)
    for axes in grid[len(instants) :, 1]:
        axes.set_visible(False)
    names = ["", *(f"t = {instant.time:.2f} fs" for instant in instants)]
    for axes, letter, name in zip((upper, grid[0, 1], grid[1, 1], rates), "abdc", [*names, "", ""], strict=False):
        axes.text(0.015, 0.985, f"({letter}) {name}", transform=axes.transAxes, va="top", bbox=_PAPER, zorder=8)
    return figure


def chosen(case: ClosedCase) -> list[Instant]:
    """Snapshots nearest to the first two times asked for; else to the first two maxima of dT_marg/dt, or to its extrema."""
    t = closed.times(case.fields, "rate_T_marg")
    stored = closed.times(case.fields, "density")
    rate = case.fields["rate_T_marg"].values
    wanted = list(case.instants) or [float(t[i]) for i in closed.maxima(t, rate)]
    if len(wanted) < len(INSTANTS) and not case.instants:
        wanted += [float(t[np.nanargmin(rate)]), *([] if wanted else [float(t[np.nanargmax(rate)])])]
    found = sorted({closed.nearest(stored, time) for time in wanted[: len(INSTANTS)]})
    return [Instant(i, float(stored[i]), colour) for i, colour in zip(found, INSTANTS, strict=False)]


def draw_surfaces(axes: Axes, case: ClosedCase, instants: list[Instant]) -> None:
    """Adiabatic energies and the packet as (⟨R⟩, E_BO): start, turning points, the chosen instants, arrows; EF Fig. 2(a)."""
    name = case.coordinates[0]
    R = case.nuclear(name)
    energies = case.packet["adiabatic_energy"].transpose("surface", name).values
    for number, energy in enumerate(energies):
        colour = closed.surface_colour(number)
        axes.plot(R, energy, color=colour)
    _, n = closed.density(case)
    left, right = closed.window(n, R, closed.DENSE)
    axes.set_xlim(left, right)
    inside = (R >= left) & (R <= right)
    where = case.packet["position"].values[:, 0]
    height = case.packet["BO_energy"].values
    t = closed.times(case.packet, "position")
    top = max(float(np.nanmax(height)), float(energies[: len(energies), inside].min(axis=1).max()))
    bottom = float(np.nanmin(energies[:, inside]))
    span = top - bottom or 1.0
    axes.set_ylim(bottom - 0.06 * span, top + 0.55 * span)
    _arrows(axes, where, height)
    turns = _turning_points(where)
    handles = [style.line_key(f"BO{number + 1}", closed.surface_colour(number)) for number in range(len(energies))]
    handles.append(style.line_key("(⟨R⟩, $E_{BO}$) of the packet", style.GREY, linewidth=1.2))
    for points, label, fill in (([0], f"start, t = {t[0]:.3g} fs", style.BLACK), (turns, "turning points", "white")):
        if points:
            axes.plot(where[points], height[points], "o", markersize=6, zorder=5, color=fill, markeredgecolor=style.BLACK)
            handles.append(style.line_key(label, fill, "none", marker="o", markersize=6, markeredgecolor=style.BLACK))
    for instant in instants:
        at = closed.nearest(t, instant.time)
        axes.plot(where[at], height[at], "o", markersize=8, color=instant.colour, zorder=6)
        handles.append(style.line_key(f"t = {instant.time:.2f} fs", instant.colour, "none", marker="o", markersize=8))
    above(axes, handles)
    axes.set_xlabel(closed.label_of(case, name))
    axes.set_ylabel("energy (Hartree)")


def above(axes: Axes, handles: list[Any] | None = None) -> None:
    """The legend of one panel in three columns above it: it never covers data."""
    keys = {} if handles is None else {"handles": handles}
    look: dict[str, Any] = {"ncols": 3, "fontsize": 8, "borderaxespad": 0.2, "columnspacing": 1.2}
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), **look, **keys)


def _headroom(axes: Axes) -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + _HEAD * (high - low))


def _turning_points(where: Array) -> list[int]:
    """Stored steps at which ⟨R⟩ turns, if it moved by more than a twentieth of its whole range since the last turn."""
    step = np.diff(where)
    inner = np.flatnonzero(step[1:] * step[:-1] < 0) + 1
    turns, last = [], float(where[0])
    for i in inner:
        if abs(where[i] - last) > 0.05 * np.ptp(where):
            turns.append(int(i))
            last = float(where[i])
    return turns


def _arrows(axes: Axes, x: Array, y: Array, count: int = 7) -> None:
    """A thin path with arrow heads at equal distances along it."""
    axes.plot(x, y, color=style.GREY, linewidth=1.0, zorder=3)
    width, height = np.ptp(x) or 1.0, np.ptp(y) or 1.0
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x) / width, np.diff(y) / height))])
    if along[-1] == 0.0:
        return
    for part in (np.arange(count) + 0.5) / count:
        i = min(int(np.searchsorted(along, part * along[-1])), x.size - 2)
        axes.annotate(
            "", (x[i + 1], y[i + 1]), xytext=(x[i], y[i]), zorder=4,
            arrowprops={"arrowstyle": "-|>", "color": style.GREY, "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip


def draw_rates(axes: Axes, case: ClosedCase, instants: list[Instant]) -> None:
    """dT_n/dt, dT_marg/dt and their difference dT_geo/dt in 10⁻² Hartree/fs, with dots at the chosen instants; EF Fig. 2(c)."""
    t = closed.times(case.fields, "rate_T_marg")
    style.zero_line(axes)
    curves = (
        ("rate_T_n", "$dT_n/dt$", style.BLACK, style.DASHES[1]),
        ("rate_T_marg", "$dT_{marg}/dt$", FORCE, style.DASHES[0]),
        ("rate_T_geo", "$dT_{geo}/dt$", style.GREY, style.DASHES[2]),
    )
    drawn = []
    for name, label, colour, dashes in curves:
        if closed.has(case.fields, name):
            drawn.append(case.fields[name].values * RATE)
            axes.plot(t, drawn[-1], color=colour, linestyle=dashes, label=label, zorder=3 if name == "rate_T_n" else 2)
    for instant in instants:
        value = np.interp(instant.time, t, case.fields["rate_T_marg"].values) * RATE
        axes.plot(instant.time, value, "o", color=instant.colour, markersize=8, zorder=5)
    closed.limits(axes, *drawn)
    _headroom(axes)
    axes.set_xlim(t[0], t[-1])
    above(axes)
    axes.set_xlabel("time t (fs)")
    axes.set_ylabel("rate (10$^{-2}$ Hartree/fs)")


def factors(case: ClosedCase, instants: list[Instant]) -> dict[str, float]:
    """Round factors that bring density and rms velocity and force of all panels to one size (EF Fig. 2: 1/2, 100 and 5)."""
    fields = case.fields.isel(snapshot=[instant.snapshot for instant in instants])
    n = np.nan_to_num(fields["density"].values)
    weight = np.where(n > _SEEN * n.max(axis=-1, keepdims=True), n, 0.0)  # spikes near nodes set no scale
    found = {"density": _round_factor(float(n.max()), 1.5)}
    for name in ("velocity", "force"):
        mean_square = (weight * np.nan_to_num(_component(fields, name)) ** 2).sum(axis=-1) / weight.sum(axis=-1)
        found[name] = _round_factor(float(np.sqrt(mean_square.max())), 0.8)
    return found


def _component(fields: Any, name: str) -> Array:
    return np.asarray(fields[name].isel(coordinate=0).values)


def _round_factor(size: float, most: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that keeps factor · size below `most`."""
    if not np.isfinite(size) or size == 0.0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(most / size))
    return float(max(step * power for step in (1.0, 2.0, 5.0) if step * power * size <= most))


def _times(factor: float, what: str) -> str:
    """'100 v', 'n/2', 'n'."""
    if factor == 1.0:
        return what
    return f"{factor:g} {what}" if factor > 1.0 else f"{what}/{1.0 / factor:g}"


def draw_forces(axes: Axes, case: ClosedCase, instant: Instant, scales: dict[str, float]) -> None:
    """n, v = Re(v̂χ/χ), the local force Re(F̂χ/χ) and the forces of the static BO surfaces in one panel; EF Fig. 2(b), (d)."""
    name = case.coordinates[0]
    R = case.nuclear(name)
    fields = case.fields.isel(snapshot=instant.snapshot)
    n = np.nan_to_num(fields["density"].values)
    v, F = (_component(fields, which) * scales[which] for which in ("velocity", "force"))
    style.zero_line(axes)
    axes.fill_between(R, 0.0, n * scales["density"], color=DENSITY, alpha=0.18, linewidth=0)
    axes.plot(R, n * scales["density"], color=DENSITY, label=_times(scales["density"], "n"))
    axes.plot(R, v, color=VELOCITY, linestyle=style.DASHES[3], label=_times(scales["velocity"], "v"))
    axes.plot(R, F, color=FORCE, linewidth=2.0, label=_times(scales["force"], "F exact"))
    if closed.has(case.packet, "adiabatic_force"):
        force = case.packet["adiabatic_force"].isel(coordinate=0).transpose("surface", name).values
        for number, curve in enumerate(force):
            axes.plot(
                R, curve * scales["force"], color=closed.surface_colour(number), linestyle=style.DASHES[1], linewidth=1.2,
                label=_times(scales["force"], f"$F_{{BO{number + 1}}}$"), zorder=1.5,
            )  # fmt: skip
    axes.set_xlim(*closed.window(n, R, closed.DENSE))
    seen = n > _SEEN * n.max()
    closed.limits(axes, n * scales["density"], np.where(seen, v, np.nan), np.where(seen, F, np.nan), np.zeros(1))
    _headroom(axes)
    axes.plot(0.975, 0.945, "o", color=instant.colour, markersize=8, transform=axes.transAxes)
    above(axes)
    axes.set_xlabel(closed.label_of(case, name))
    axes.set_ylabel("atomic units, scaled")
