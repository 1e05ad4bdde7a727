"""The two systems without a quantum vibration as they are shipped: two wells with a barrier at x', and Figs. 1, 3, 4, 5 again.

REFERENCE values: those of an implementation of the Green's functions that is independent of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot.style import BLACK, DASHES, GREY, OKABE_ITO
from nonadia.units import MEV

from ..statement import Statement, statement
from ..study import Figure
from . import equilibrium, figure_3, figure_4, figure_5, panels
from .curves import KT, SIGNIFICANT, Array, Line, largest, line, maxima, minima, nearest

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

EPS0, LAM, Q = 100.0, 20.0, 0.1  # meV, meV, 1: as the files have them
SLOPE = np.sqrt(2.0) * LAM  # meV
WIDTH = float(KT / MEV / SLOPE)  # k_BT in units of x
CROSSING = float(-EPS0 / SLOPE)  # x'
BIASES = (0.2, 0.4)  # V
WINDOW = (-13.0, 6.0)
GRID = 0.025  # half the spacing of the shipped grid: how well a reference position is taken to be known
DIGIT = 1e-3  # the last digit of reference heights and ratios
WELLS = {"shipped-a": (-5.73, -1.35), "shipped-b": (-5.72, -1.39, 0.64)}
PEAKS = ((-3.55, 0.135), (-0.04, 0.312))  # x, γ at 0 V
RATIO = {0.2: 0.707, 0.4: 0.897}  # D/(γ k_BT) at x = 0
COOLED = {0.2: (-0.75, 0.80), 0.4: (-0.09, 0.09)}  # below 1 between these x
DRIVEN = (-10.55, 3.50)  # peaks at 0.4 V
OURS = "(ours, reference value of an independent implementation: {})"


def resonance(sign: int, bias: float) -> float:
    """x±, LD(62), with these parameters."""
    return float((sign * bias * 500.0 - EPS0) / SLOPE)


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, (first, second, third, fourth) = panels.stacked(4, height=2.5, width=7.8)
    constant, switched = line(data, "shipped-constant"), line(data, "shipped-switched")
    for axes, curve in ((first, constant), (second, switched)):
        panels.potentials(axes, curve, WINDOW)
        axes.set_ylim(-17.0, 32.0)  # the crossing of the diabats is at 25 meV
    third.plot(constant.x, constant.friction, color=GREY, linewidth=4.0, label="γ, constant")
    third.plot(switched.x, switched.friction, color=BLACK, label="γ, switched")
    for curve, name in ((constant, ""), (switched, "D/(k$_B$T) of both")):
        third.plot(curve.x, curve.noise, color=OKABE_ITO[1], linestyle=DASHES[2], label=name)
    split = line(data, "shipped-constant", BIASES[1])
    third.plot(split.x, split.friction, color=OKABE_ITO[2], linestyle=DASHES[1], label=f"γ, constant, {BIASES[1]:g} V")
    third.set_ylabel("γ, D/(k$_B$T) (ħ)")
    for bias, colour in zip(BIASES, (OKABE_ITO[0], OKABE_ITO[1]), strict=True):
        curve = line(data, "shipped-switched", bias)
        fourth.plot(curve.x, curve.friction, color=colour, label=f"γ, {bias:g} V")
        fourth.plot(curve.x, curve.noise, color=colour, linestyle=DASHES[1], label=f"D/(k$_B$T), {bias:g} V")
        panels.mark(fourth, [(resonance(sign, bias), f"$x_{{{'+' if sign > 0 else '-'}}}$") for sign in (-1, 1)], colour)
    fourth.set_yscale("log")
    fourth.set_ylim(5e-5, 10.0)
    fourth.set_ylabel("γ, D/(k$_B$T) (ħ)")
    for axes in (first, second, third, fourth):
        panels.window(axes, WINDOW, zero=axes is third)
        if axes is not fourth:
            panels.mark(axes, [(CROSSING, "$x'$")] + ([] if axes is first else [(0.0, "$x = 0$")]))
        panels.legend_beside(axes)
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    constant, switched = line(data, "shipped-constant"), line(data, "shipped-switched")
    entries = [entry for name, curve in (("shipped-a", constant), ("shipped-b", switched)) for entry in _crossing(name, curve)]
    entries += [*figure_3.wells("shipped-b", switched), *_still(constant, switched)]
    split = maxima((driven := line(data, "shipped-constant", BIASES[1])).x, driven.friction)
    entries += [_at_resonance("shipped-c", "constant coupling: the peak splits, one at", driven, sign) for sign in (-1, 1)]
    entries += [
        statement("shipped-c", "constant coupling at 0.4 V: it splits in two", "maxima of γ", len(split), low=2, high=2)
    ]
    for bias in BIASES:
        entries += _driven(line(data, "shipped-switched", bias), switched, bias)
    return entries + _window(line(data, "shipped-switched", BIASES[1]), driven)


def _crossing(panel: str, curve: Line) -> list[Statement]:
    """Two wells, a barrier between them at x', much lower than the crossing of the diabats."""
    wells, barrier = minima(curve.x, curve.potential), nearest(maxima(curve.x, curve.potential), CROSSING)
    beside = [nearest([well for well in wells if (well.x > CROSSING) == right], CROSSING) for right in (False, True)]
    height = barrier.value - max(well.value for well in beside)
    error = largest(curve.error_potential[panels.within(curve.x, (-8.0, 2.0))])
    diabatic = curve.at(curve.bare, CROSSING) - curve.bare.min()
    found = [
        statement(
            panel,
            "avoided crossing: a maximum of the adiabatic potential between two wells, at x'",
            "x of that maximum",
            barrier.x,
            near=(CROSSING, 0.1 * WIDTH),
            error=barrier.error,
        ),
        statement(
            panel, "(ours: it is a barrier)", "its height above the higher well", height, "meV", low=3 * error, error=error
        ),
        statement(
            panel,
            "the adiabatic potential is lowered there",
            "that height / height of the crossing of the diabats above their minima",
            height / diabatic,
            high=1.0,
            error=error / diabatic,
        ),
    ]
    note = "{}" if panel == "shipped-a" else "(ours, as for constant coupling: {})"
    found += equilibrium.population_statements(panel, curve, note, CROSSING, 8 * WIDTH)
    return found + [_reference(panel, "minimum", nearest(wells, x).x, x, GRID) for x in WELLS[panel]]


def _still(constant: Line, switched: Line) -> list[Statement]:
    """No bias: Figs. 1(b), 3(b), 4."""
    panel = "shipped-c"
    peaks, lonely = maxima(switched.x, switched.friction), maxima(constant.x, constant.friction)
    main, side = nearest(peaks, CROSSING), nearest(peaks, 0.0)
    slope = np.abs(np.gradient(switched.population, switched.x))
    found = [
        # that this one lies at x' is particle-hole symmetry
        statement(panel, "one friction peak with constant coupling", "maxima of γ", len(lonely), low=1, high=1),
        statement(
            panel, "friction peaks at x'", "x of the maximum of γ", main.x, near=(CROSSING, 0.1 * WIDTH), error=main.error
        ),
        statement(panel, "a second peak near x = 0", "x of the other maximum", side.x, near=(0.0, 0.15), error=side.error),
        statement(panel, "the peak at x' is the smaller one", "peak at x' / peak at x = 0", main.value / side.value, high=0.9),
        *figure_4.parts(panel, switched, constant),
        statement(
            panel,
            "at x = 0 any change of the coordinate comes with a strong change of the occupation",
            "|dn/dx| at x = 0 / |dn/dx| at x'",
            switched.at(slope, 0.0) / switched.at(slope, CROSSING),
            low=0.5,
            known="the level is 3.9 k_BT above the Fermi energy there; the occupation changes fastest at x'",
        ),
    ]
    for name, curve in (("constant coupling", constant), ("coupling that switches", switched)):
        top = largest(curve.friction)
        found += [
            statement(
                panel,
                f"fluctuation-dissipation theorem, {name}",
                "largest difference of D/(k_BT) and γ / largest γ",
                largest(curve.noise - curve.friction) / top,
                high=1e-6,
                error=largest(curve.error_noise) / top,
            )
        ]
    for peak, (x, height) in zip((main, side), PEAKS, strict=True):
        found += [_reference(panel, "peak of γ", peak.x, x, GRID), _reference(panel, "height of that peak", peak.value, height)]
    return found


def _driven(curve: Line, still: Line, bias: float) -> list[Statement]:
    """At either bias: the centre is enhanced, and where relaxation outweighs heating."""
    panel, at = "shipped-d", f" at {bias:g} V"
    centre, calm = (nearest(maxima(c.x, c.friction), 0.0) for c in (curve, still))
    noise = nearest(maxima(curve.x, curve.noise), 0.0)
    ratio = curve.noise / curve.friction
    equal = _crossings(curve.x[np.abs(curve.x) < 2.0], (ratio - 1.0)[np.abs(curve.x) < 2.0])
    between = panels.within(curve.x, (COOLED[bias][0] + GRID, COOLED[bias][1] - GRID))
    edges = "{:g} < x < {:g}".format(*COOLED[bias])
    return [
        statement(
            panel,
            f"the peak near x = 0 is significantly more pronounced than without bias{at}",
            "its height / its height at 0 V",
            centre.value / calm.value,
            low=SIGNIFICANT,
        ),
        statement(
            panel,
            f"the strong peak of the friction is larger than that of the noise{at}",
            "peak of D/(k_BT) near x = 0 / peak of γ",
            noise.value / centre.value,
            high=1.0,
        ),
        _reference(panel, f"D/(γ k_BT) at x = 0{at}", curve.at(ratio, 0.0), RATIO[bias]),
        *(
            _reference(panel, f"outermost D = γ k_BT {side} of the switch{at}", x, edge, GRID)
            for side, x, edge in zip(("left", "right"), (equal[0], equal[-1]), COOLED[bias], strict=True)
        ),
        statement(
            panel,
            OURS.format(f"D < γ k_BT for {edges}{at}"),
            f"largest D/(γ k_BT) there, {GRID:g} inside its ends",
            float(ratio[between].max()),
            high=1.0,
            known="it is above 1 for -0.48 < x < -0.17 in between" if bias == BIASES[0] else "",
        ),
        statement(
            panel,
            f"the peak of the avoided crossing splits: one at either x±{at}",
            "maxima of γ besides that near x = 0",
            len(maxima(curve.x, curve.friction)) - 1,
            low=2,
            high=2,
            known="x- is a shoulder, x+ = 0 is the position of the switch" if bias == BIASES[0] else "",
        ),
    ]


def _window(curve: Line, constant: Line) -> list[Statement]:
    """At 0.4 V, where the level at x = 0 is well within the bias window."""
    panel = "shipped-d"
    pairs = [(nearest(maxima(c.x, c.friction), resonance(s, BIASES[1])).value for c in (curve, constant)) for s in (-1, 1)]
    shares = [weak / full for weak, full in pairs]
    left, right = resonance(-1, BIASES[1]), resonance(1, BIASES[1])
    known = "relaxation outweighs heating for -0.08 < x < 0.10 only; the switch is wider"
    found = [_at_resonance(panel, "coupling that switches: one peak at", curve, sign) for sign in (-1, 1)]
    found += [
        statement(
            panel,
            "(theory: these are weak: the far lead has q²/(1 + q²) of the width there, 1/2 if the coupling is constant)",
            f"{name} / the same with constant coupling",
            share,
            near=(2 * Q**2 / (1 + Q**2), 0.05 * 2 * Q**2 / (1 + Q**2)),
        )
        for name, share in zip(("peak at x-", "peak at x+"), shares, strict=True)
    ]
    found += [_reference(panel, "peak of γ at 0.4 V", nearest(maxima(curve.x, curve.friction), x).x, x, GRID) for x in DRIVEN]
    found += figure_5.charging(panel, curve)
    return found + figure_5.heating(panel, curve, left, right, outside=4 * WIDTH, known_at_switch=known)


def _at_resonance(panel: str, text: str, curve: Line, sign: int) -> Statement:
    name, where = f"x{'+' if sign > 0 else '-'}", resonance(sign, BIASES[1])
    peak = nearest(maxima(curve.x, curve.friction), where)
    return statement(
        panel, f"{text} {name}, at 0.4 V", "x of the maximum of γ", peak.x, near=(where, 0.5 * WIDTH), error=peak.error
    )


def _reference(panel: str, quantity: str, value: float, target: float, tolerance: float = DIGIT) -> Statement:
    return statement(panel, OURS.format(f"{target:g}"), quantity, value, near=(target, tolerance))


def _crossings(x: Array, y: Array) -> list[float]:
    """Where y = 0, linearly between points; NaN if nowhere."""
    where = np.flatnonzero(np.diff(np.sign(y)))
    return [float(x[i] - y[i] * (x[i + 1] - x[i]) / (y[i + 1] - y[i])) for i in where] or [np.nan]


FIGURE = Figure(
    name="shipped-parameters",
    title="Shipped parameters: a barrier between two wells",
    caption=(
        "The systems junction (constant coupling) and junction-position-dependent (coupling that switches at x = 0) with the "
        "parameters they are shipped with, ours: eps0 = 100, lam = 20, Gamma = 50 meV (25 meV constant), q = 0.1. Green's "
        "functions. (a) Potentials, constant coupling; (b) coupling that switches; adiabatic ones meet U_0 at x = 9. (c) "
        "Friction (lines) and noise (dots upon them) of both without bias; friction with constant coupling at 0.4 V. (d) "
        "Friction and noise with the coupling that switches at 0.2 and 0.4 V, logarithmic axis; x± of each bias in its colour."
    ),
    draw=draw,
    statements=statements,
    needs=("shipped-constant", "shipped-switched"),
)
