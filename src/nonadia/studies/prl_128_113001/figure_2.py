"""Fig. 2: energy transfer between electrons and nuclei after a vertical excitation of a two-level diatomic molecule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import closed, style
from nonadia.units import FS

from .reading import RATE, SEEN, Data, above, group, letter, parameters, snapshot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RUN = "diatomic-letter"
EARLY, LATE = 1 / 8, 5 / 8  # of T0
DOTS = (style.OKABE_ITO[3], style.OKABE_ITO[5])
DENSITY, VELOCITY, FORCE = 0.5, 100.0, 5.0  # the Letter's factors
_SHOWN = (-0.9, 2.3)  # bohr
_NEAR = (-0.6, 1.7)  # bohr, where the packet goes


def draw(data: Data) -> Figure:
    """(a) BO surfaces, the packet's way as dots and arrows, (b), (d) |χ|²/2, 100 v, 5 F at T0/8 and 5T0/8, (c) rates."""
    figure = style.new_figure(9.8, 7.4)
    (surfaces, early), (rates, late) = figure.subplots(2, 2)
    _surfaces(surfaces, data)
    _rates(rates, data)
    _fields(early, data, EARLY, DOTS[0])
    _fields(late, data, LATE, DOTS[1])
    for axes, name in ((surfaces, "a"), (early, "b"), (rates, "c"), (late, "d")):
        letter(axes, name)
    return figure


def _surfaces(axes: Axes, data: Data) -> None:
    packet = group(data, RUN, "wavepacket")
    period = parameters(data, RUN)["T0"]
    R, energy = packet["R"].values, packet["adiabatic_energy"].values
    for k in (1, 0):
        axes.plot(R, energy[k], color=closed.surface_colour(k), label=f"$E_{{BO{k + 1}}}$")
    where = packet["position"].values[:, 0]
    height = packet["BO_energy"].values
    s = packet["time"].values / period
    half = s <= 0.5 + 1e-9
    axes.annotate(
        "", (where[0], height[0] - 0.002), xytext=(where[0], energy[0].min()),
        arrowprops={"arrowstyle": "-|>", "color": style.BLACK, "linestyle": ":", "shrinkA": 0, "shrinkB": 4},
    )  # fmt: skip
    axes.plot(where[half], height[half], color=style.BLACK, linewidth=1.0, label="(⟨R⟩, $E_{BO}$), t ≤ $T_0/2$")
    axes.plot(where[~half], height[~half], color=style.BLACK, linewidth=1.2, linestyle=style.DASHES[2], label="t > $T_0/2$")
    for s_0 in (0.19, 0.34, 0.8, 0.87, 1.15):
        i = int(np.argmin(np.abs(s - s_0)))
        axes.annotate(
            "", (where[i + 1], height[i + 1]), xytext=(where[i - 1], height[i - 1]),
            arrowprops={"arrowstyle": "-|>", "color": style.BLACK, "mutation_scale": 13, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
    for s_0, colour, name in ((0.0, style.BLACK, "t = 0"), (EARLY, DOTS[0], "$T_0/8$"), (LATE, DOTS[1], "$5T_0/8$")):
        i = int(np.argmin(np.abs(s - s_0)))
        axes.plot(where[i], height[i], "o", color=colour, markersize=8, zorder=6, label=name)
    axes.set_xlim(*_NEAR)
    axes.set_ylim(-0.005, 0.125)
    axes.set_xlabel("R (bohr)")
    axes.set_ylabel("energy (Hartree)")
    above(axes, 4)


def _rates(axes: Axes, data: Data) -> None:
    fields = group(data, RUN)
    period = parameters(data, RUN)["T0"]
    t = fields["time"].values / FS
    style.zero_line(axes)
    for name, label, colour, dashes in (
        ("rate_T_n", "$dT_n/dt$", style.BLACK, style.DASHES[1]),
        ("rate_T_marg", "$dT_{marg}/dt$", style.OKABE_ITO[0], style.DASHES[0]),
        ("rate_T_geo", "$dT_{geo}/dt$", style.GREY, style.DASHES[2]),
    ):
        axes.plot(t, RATE * fields[name].values, color=colour, linestyle=dashes, label=label)
    for part, colour in ((EARLY, DOTS[0]), (LATE, DOTS[1])):
        at = part * period / FS
        axes.plot(at, RATE * np.interp(at, t, fields["rate_T_marg"].values), "o", color=colour, markersize=8, zorder=5)
    axes.set_xlim(t[0], t[-1])
    axes.set_xlabel("time t (fs)")
    axes.set_ylabel("rate ($10^{-2}$ Hartree/fs)")
    above(axes)


def _fields(axes: Axes, data: Data, part: float, dot: str) -> None:
    packet = group(data, RUN, "wavepacket")
    at = snapshot(group(data, RUN), part * parameters(data, RUN)["T0"])
    shown = at.within(1e-3)
    v, F = (np.where(shown, factor * values, np.nan) for factor, values in ((VELOCITY, at.v), (FORCE, at.F)))
    n = DENSITY * at.n
    style.zero_line(axes)
    axes.fill_between(at.R, 0.0, n, color="#555555", alpha=0.18, linewidth=0)
    axes.plot(at.R, n, color="#555555", label="$|\\chi|^2/2$")
    axes.plot(at.R, v, color=style.OKABE_ITO[2], linestyle=style.DASHES[3], label="100 v")
    axes.plot(at.R, F, color=style.OKABE_ITO[0], linewidth=2.0, label="5 F")
    for k, force in enumerate(packet["adiabatic_force"].values[:, 0]):
        axes.plot(
            at.R, FORCE * force, color=closed.surface_colour(k), linestyle=style.DASHES[1], linewidth=1.2,
            label=f"5 $F_{{BO{k + 1}}}$",
        )  # fmt: skip
    seen = at.within(SEEN)
    values = [n, v[seen], F[seen]]
    axes.set_ylim(min(float(x.min()) for x in values) - 0.15, max(float(x.max()) for x in values) + 0.15)
    axes.set_xlim(_SHOWN)
    axes.plot(0.97, 0.93, "o", color=dot, markersize=8, transform=axes.transAxes)
    axes.set_xlabel("R (bohr)")
    axes.set_ylabel("atomic units, scaled")
    above(axes, 5)
