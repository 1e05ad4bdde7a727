"""The packet itself: populations and energies, density over time with quantum trajectories, electrons, scattering channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..units import FS
from . import closed, style
from .closed import ClosedCase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
_NOTHING = 1e-12  # Hartree: a part of the energy that never exceeds it is none
_FLAT = 1e-3  # of the range of the surfaces: their slope over the last tenth of the grid counts as none
_DIABATIC = (style.OKABE_ITO[0], style.OKABE_ITO[2], style.BLACK, style.GREY)
_PATHS = 30  # quantum trajectories drawn at most


def energies(case: ClosedCase) -> Figure | None:
    """Populations, what each part of the energy gained since the start, and the change of the total energy."""
    panels: list[Any] = []
    if _populations(case):
        panels.append(draw_populations)
    if closed.has(case.fields, "T_marg", "E_BO"):
        panels.append(draw_ledger)
    elif closed.has(case.packet, "BO_energy"):
        panels.append(draw_energy_path)
    if closed.has(case.fields, "E_total") or closed.has(case.packet, "energy"):
        panels.append(draw_total)
    if not panels:
        return None
    figure = style.new_figure(6.8, 2.3 * len(panels) + 0.8)
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=[1.0] * (len(panels) - 1) + [0.7])
    for axes, draw in zip(grid[:, 0], panels, strict=True):
        draw(axes, case)
    grid[-1, 0].set_xlabel("time t (fs)")
    return figure


def _populations(case: ClosedCase) -> list[tuple[str, Array, str, Any]]:
    """(label, values, colour, line style): adiabatic solid, diabatic dotted; nothing for a single state."""
    found = []
    for name, dim, word, colours, dashes in (
        ("adiabatic_population", "surface", "BO", closed.SURFACES, style.DASHES[0]),
        ("population", "state", "diabatic ", _DIABATIC, style.DASHES[2]),
    ):
        if closed.has(case.packet, name) and case.packet.sizes[dim] > 1:
            values = case.packet[name].transpose(dim, "time").values
            found += [(f"{word}{i + 1}", row, colours[i % len(colours)], dashes) for i, row in enumerate(values)]
    return found


def _beside(axes: Axes) -> None:
    """The legend of one panel, to its right: it never covers data."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.04), borderaxespad=0.2)


def draw_populations(axes: Axes, case: ClosedCase) -> None:
    """Populations of the BO states (solid) and of the given states (dotted)."""
    t = np.asarray(case.packet["time"].values) / FS
    for label, values, colour, dashes in _populations(case):
        axes.plot(t, values, color=colour, linestyle=dashes, label=label, linewidth=1.6 if dashes == "-" else 2.0)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlim(t[0], t[-1])
    axes.set_ylabel("population")
    _beside(axes)


_LEDGER = (
    ("T_marg", "$T_{marg}$", style.OKABE_ITO[0]),
    ("T_geo", "$T_{geo}$", style.OKABE_ITO[2]),
    ("E_BO", "$E_{BO}$", style.OKABE_ITO[1]),
    ("E_external", "$E_{external}$", style.OKABE_ITO[3]),
)


def draw_ledger(axes: Axes, case: ClosedCase) -> None:
    """T_marg, T_geo, E_BO and the energy in the external potentials of the nuclei, each less its value at the start."""
    t = closed.times(case.fields, "T_marg")
    style.zero_line(axes)
    for name, label, colour in _LEDGER:
        if closed.has(case.fields, name) and bool(np.nanmax(np.abs(case.fields[name].values)) > _NOTHING):
            values = case.fields[name].values
            axes.plot(t, values - values[0], color=colour, label=f"Δ{label}", linestyle=style.DASHES[name == "T_geo"])
    axes.set_xlim(t[0], t[-1])
    axes.set_ylabel("energy gained (Hartree)")
    _beside(axes)


def draw_energy_path(axes: Axes, case: ClosedCase) -> None:
    """Kinetic energy of the nuclei and BO energy without a factorization, each less its value at the start."""
    t = np.asarray(case.packet["time"].values) / FS
    style.zero_line(axes)
    for name, label, colour in (
        ("nuclear_kinetic_energy", "Δ$T_n$", style.OKABE_ITO[0]),
        ("BO_energy", "Δ$E_{BO}$", style.OKABE_ITO[1]),
    ):
        if closed.has(case.packet, name):
            values = case.packet[name].values
            axes.plot(t, values - values[0], color=colour, label=label)
    axes.set_xlim(t[0], t[-1])
    axes.set_xlabel("time t (fs)")
    axes.set_ylabel("energy gained (Hartree)")
    _beside(axes)


def draw_total(axes: Axes, case: ClosedCase) -> None:
    """E(t) - E(0): what the field gave, or the drift of a closed system."""
    data, name = (case.fields, "E_total") if closed.has(case.fields, "E_total") else (case.packet, "energy")
    t, values = closed.times(data, name), data[name].values
    style.zero_line(axes)
    axes.plot(t, values - values[0], color=style.BLACK)
    axes.set_xlim(t[0], t[-1])
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))
    axes.set_ylabel("Δ$E_{total}$ (Hartree)")


def density_map(case: ClosedCase) -> Figure | None:
    """n(R, t) of one coordinate with ⟨R⟩ and quantum trajectories dR/dt = v(R, t) on top."""
    if len(case.coordinates) != 1:
        return None
    t, n = closed.density(case)
    if t.size < 2:
        return None
    name = case.coordinates[0]
    R = case.nuclear(name)
    figure = style.new_figure(6.8, 4.4)
    axes = figure.add_subplot()
    _map(figure, axes, t, R, n, "density n (1/bohr)")
    keys = []
    if closed.has(case.paths, "quantum_position"):
        lines = case.paths["quantum_position"].isel(coordinate=0).transpose("trajectory", "time").values
        when = closed.times(case.paths, "quantum_position")
        for i in closed.evenly(len(lines), _PATHS):
            axes.plot(when, lines[i], color=style.BLACK, linewidth=0.5, alpha=0.6)
        keys.append(style.line_key("quantum trajectories", style.BLACK, linewidth=0.8))
    if closed.has(case.packet, "position"):
        mean = case.packet["position"].isel(coordinate=0).values
        axes.plot(closed.times(case.packet, "position"), mean, color=style.OKABE_ITO[1], linestyle="--")
        keys.append(style.line_key("⟨R⟩", style.OKABE_ITO[1], "--"))
    axes.set_ylim(*closed.window(n, R, 1e-3))
    axes.set_ylabel(closed.label_of(case, name))
    _finish(figure, case, keys)
    return figure


def electron_map(case: ClosedCase) -> Figure | None:
    """Density of one electronic coordinate over time, colours logarithmic over six decades."""
    if not closed.has(case.packet, "electron_density") or case.packet["electron_density"].ndim != 2:
        return None
    from matplotlib.colors import LogNorm

    data = case.packet["electron_density"]
    r_name = next(str(dim) for dim in data.dims if dim not in ("time", "snapshot"))
    r, t = np.asarray(case.packet[r_name].values), closed.times(case.packet, "electron_density")
    values = data.transpose(closed.time_dim(case.packet, "electron_density"), r_name).values
    top = float(np.nanmax(values))
    figure = style.new_figure(6.8, 4.4)
    axes = figure.add_subplot()
    _map(figure, axes, t, r, np.maximum(values, 1e-6 * top), "electron density (1/bohr)", LogNorm(1e-6 * top, top))
    axes.set_ylim(*closed.window(values, r, 1e-6))
    axes.set_ylabel(closed.label_of(case, r_name))
    _finish(figure, case, [])
    return figure


def _map(figure: Figure, axes: Axes, t: Array, x: Array, values: Array, label: str, norm: Any = None) -> None:
    """Colours over (t, x): at most 600 times and 800 points are drawn."""
    from matplotlib.colors import PowerNorm

    rows, columns = closed.evenly(t.size, 600), closed.evenly(x.size, 800)
    image = axes.pcolormesh(
        t[rows], x[columns], values[np.ix_(rows, columns)].T, shading="nearest", cmap="YlGnBu", rasterized=True,
        norm=norm or PowerNorm(0.6, vmin=0.0),
    )  # fmt: skip
    axes.grid(False)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.set_label(label)


def _finish(figure: Figure, case: ClosedCase, keys: list[Any]) -> None:
    axes = figure.axes[0]
    axes.set_xlabel("time t (fs)")
    if keys:
        style.legend_above(figure, keys)


def channels(case: ClosedCase) -> Figure | None:
    """Norm on each surface left and right of R = 0 over time, final values in the legend; for surfaces flat at both ends."""
    if len(case.coordinates) != 1 or not asymptotic(case) or not closed.has(case.packet, "adiabatic_density"):
        return None
    name = case.coordinates[0]
    R = case.nuclear(name)
    dim = closed.time_dim(case.packet, "adiabatic_density")
    values = case.packet["adiabatic_density"].transpose("surface", dim, name).values
    t, step = closed.times(case.packet, "adiabatic_density"), R[1] - R[0]
    if t.size < 2:
        return None
    figure = style.new_figure(6.8, 4.2)
    axes = figure.add_subplot()
    weights = np.where(R > 0.0, 1.0, np.where(R < 0.0, 0.0, 0.5))  # a point at 0 belongs to both sides
    keys = []
    for number, part in enumerate(values):
        for side, weight, dashes in (("<", 1.0 - weights, style.DASHES[1]), (">", weights, style.DASHES[0])):
            inside = (np.nan_to_num(part) * weight).sum(axis=-1) * step
            colour = closed.surface_colour(number)
            axes.plot(t, inside, color=colour, linestyle=dashes)
            keys.append(style.line_key(f"BO{number + 1}, {name} {side} 0: {inside[-1]:.4f} at the end", colour, dashes))
    axes.set_xlim(t[0], t[-1])
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("probability")
    _finish(figure, case, keys)
    return figure


def asymptotic(case: ClosedCase) -> bool:
    """Whether two or more surfaces are flat over the outer tenths of the grid: a scattering problem."""
    if not closed.has(case.packet, "adiabatic_energy") or case.packet.sizes["surface"] < 2:
        return False
    energy = case.packet["adiabatic_energy"].transpose("surface", case.coordinates[0]).values
    tenth = max(2, energy.shape[1] // 10)
    span = float(np.ptp(energy))
    return all(float(np.ptp(part, axis=1).max()) < _FLAT * span for part in (energy[:, :tenth], energy[:, -tenth:]))
