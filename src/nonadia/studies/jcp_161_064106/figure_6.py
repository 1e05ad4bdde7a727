"""Fig. 6: with a quantum vibration, in equilibrium. (a) potentials, (b) friction and noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot.style import GREY, OKABE_ITO

from ..statement import Statement, statement
from ..study import Figure
from . import panels
from .curves import CROSSING, SIGNIFICANT, WIDTH, Array, Line, largest, line, maxima, nearest
from .parameters import LAM_Q, OMEGA_Q

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-13.0, 7.0)
STRUCTURE = (CROSSING - WIDTH, 1.0)  # around x' and the switch: what the electrons do to the potential


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, (above, below) = panels.stacked(2, width=7.9)
    curve, without = line(data, "vibration"), line(data, "without-vibration")
    panels.potentials(above, without, WINDOW)
    above.lines[-1].set(color=GREY, linewidth=3.0, alpha=0.7, label="adiabatic, without\nthe quantum vibration")
    above.plot(without.x, _fine(curve, without), color=OKABE_ITO[2], label="adiabatic, with it")
    above.lines[1].set_label("charged, $U_0 + E - λ_q^2/ω_q$")
    panels.markers(below, curve, ("friction γ", "noise D/(k$_B$T)"))
    below.plot(without.x, panels.smooth(curve.x, curve.friction, without.x), color=panels.FRICTION, linewidth=0.9)
    below.set_ylabel("γ, D/(k$_B$T) (ħ)")
    below.plot(without.x, without.friction, color=GREY, label="friction γ, without\nthe quantum vibration")
    for axes in (above, below):
        panels.window(axes, WINDOW, zero=axes is below)
        panels.mark(axes, [(CROSSING, "$x'$"), (0.0, "$x = 0$")])
        panels.legend_beside(axes)
    return figure


def _fine(curve: Line, grid: Line) -> Array:
    """The adiabatic potential between the points of the hierarchy: its slope, the force, is known there."""
    from scipy.interpolate import CubicHermiteSpline

    electrons = CubicHermiteSpline(curve.x, curve.adiabatic() - curve.bare, -curve.force_molecule - curve.force_coupling)
    return np.asarray(electrons(grid.x) + grid.bare)


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    curve, without = line(data, "vibration"), line(data, "without-vibration")
    return [*_potential("figure-6a", curve, without), *_friction("figure-6b", curve, without)]


def _potential(panel: str, curve: Line, without: Line) -> list[Statement]:
    change = curve.adiabatic() - np.interp(curve.x, without.x, without.adiabatic())
    there = panels.within(curve.x, STRUCTURE)
    structure, figure = (np.ptp(without.adiabatic()[panels.within(without.x, part)]) for part in (STRUCTURE, WINDOW))
    error = float(np.hypot(curve.error_potential.max(), without.error_potential.max()))
    return [
        statement(
            panel,
            "the quantum vibration hardly influences the adiabatic potential",
            "largest change around x' and x = 0 / span of the potential there",
            largest(change[there]) / structure,
            high=0.1,
            error=error / structure,
            known="wells and hump there are shallow with our parameters, all within k_BT/3; the change is half as large",
        ),
        statement(
            panel,
            "(ours: it does not on the scale of the whole figure)",
            "largest change in the figure / span of the potential in the figure",
            largest(change) / figure,
            high=0.1,
            error=error / figure,
        ),
    ]


def _friction(panel: str, curve: Line, without: Line) -> list[Statement]:
    peaks, before = maxima(curve.x, curve.friction), maxima(without.x, without.friction)
    main, side = nearest(peaks, CROSSING), nearest(peaks, 0.0)
    main_before, side_before = nearest(before, CROSSING), nearest(before, 0.0)
    error = np.interp([main.x, side.x], curve.x, curve.error_friction)
    uncertain = float(np.hypot(error[0] / main.value, error[1] / side.value)) * main.value / side.value
    plain = np.interp(curve.x, without.x, without.friction)
    growth, doubt = curve.friction / plain, curve.error_friction / plain
    lowest = int(np.argmin(growth - doubt))
    theorem = curve.noise / curve.friction - 1.0
    stated = (curve.error_noise + curve.error_friction) / curve.friction
    return [
        statement(
            panel,
            "the fluctuation-dissipation theorem holds with the quantum vibration",
            "largest |D/(γ k_BT) - 1| at any x",
            float(np.abs(theorem).max()),
            high=0.02,
            error=float(stated.max()),
        ),
        statement(panel, "friction has two peaks", "maxima of γ", len(peaks), low=2, high=2),
        statement(panel, "one is at x'", "x of the maximum", main.x, near=(CROSSING, 0.25 * WIDTH), error=main.error),
        statement(
            panel,
            "the other is where the couplings change fastest",
            "x of the maximum",
            side.x,
            near=(0.0, 0.15),
            error=side.error,
        ),
        statement(
            panel,
            "friction is larger than without the quantum vibration over the whole range",
            "smallest friction with it, less its error / friction without",
            float(growth[lowest] - doubt[lowest]),
            low=1.0,
            error=float(doubt[lowest]),
        ),
        statement(
            panel,
            "it is significantly larger over the whole range",
            "smallest friction with it, less its error / friction without",
            float(growth[lowest] - doubt[lowest]),
            low=SIGNIFICANT,
            error=float(doubt[lowest]),
            known="not at the switch: 5% larger at x = 0, less than twofold for |x| up to 0.3; 2.3- to 2.6-fold beyond 0.45",
        ),
        statement(
            panel,
            "it grows more at x' than at x = 0",
            "growth at x' / growth at x = 0",
            (main.value / main_before.value) / (side.value / side_before.value),
            low=1.1,
            error=uncertain,
        ),
        statement(
            panel,
            "without the quantum vibration the peak at x' is the smaller one",
            "peak at x' / peak at x = 0",
            main_before.value / side_before.value,
            high=0.9,
        ),
        statement(
            panel,
            "with it the peak at x = 0 is the smaller one",
            "peak at x' / peak at x = 0",
            main.value / side.value,
            low=1.1,
            error=uncertain,
        ),
    ]


FIGURE = Figure(
    name="figure-6",
    title="Fig. 6: with a quantum vibration, no bias",
    caption=(
        "(a) Potentials of the neutral and of the charged molecule, whose quantum vibration has relaxed, and the adiabatic "
        "potential with and without that vibration. (b) Friction and noise by the hierarchy (markers, joined by a line), and "
        "friction without the vibration. Bands of 5 eV half width with and without. "
        f"Our parameters; omega_q = {OMEGA_Q:g} meV, lam_q = {LAM_Q:g} meV."
    ),
    draw=draw,
    statements=statements,
    needs=("vibration", "without-vibration"),
)
