"""Fig. 7: with a quantum vibration at a bias. (a) friction and noise, (b) the wings enlarged: extrema of LD(64)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot.style import GREY, OKABE_ITO

from ..statement import Statement, statement
from ..study import Figure
from . import panels
from .curves import CROSSING, SLOPE, WIDTH, Extremum, Line, line, maxima, minima, nearest, resonance
from .parameters import BIASES, OMEGA_Q, SLOWER

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-19.0, 13.0)
BIAS = BIASES[1]
EDGE = 2.5 * WIDTH  # how far from a resonance its extremum may lie: the Fermi edges are that wide
NAMES = {(-1, 0): "$x_-$", (1, -1): "$x_+^{-ω_q}$", (-1, 1): "$x_-^{+ω_q}$", (1, 0): "$x_+$"}


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, (above, below) = panels.stacked(2)
    curve, without = line(data, "vibration-bias"), line(data, "switched", BIAS)
    for axes in (above, below):
        panels.friction_and_noise(axes, curve)
        axes.plot(without.x, without.friction, color=GREY, linewidth=1.0, label="friction γ without the quantum vibration")
        panels.window(axes, WINDOW)
        panels.mark(axes, [(resonance(sign, BIAS, quanta), name) for (sign, quanta), name in NAMES.items()])
    lowest = min(float(curve.friction.min()), 0.0)
    below.set_ylim(1.4 * lowest, 0.3)
    below.fill_between(
        curve.x,
        *below.get_ylim(),
        where=curve.friction + curve.error_friction < 0,
        color=OKABE_ITO[3],
        alpha=0.15,
        linewidth=0,
        step="mid",
        label="γ < 0 beyond its stated error",
    )
    keys, names = below.get_legend_handles_labels()
    figure.legend(keys, names, loc="outside upper center", ncols=2)
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    curve, still, without = line(data, "vibration-bias"), line(data, "vibration"), line(data, "switched", BIAS)
    tops, bottoms = maxima(curve.x, curve.friction), minima(curve.x, curve.friction)
    centre, centre_still = nearest(tops, 0.0), nearest(maxima(still.x, still.friction), 0.0)
    main_still = nearest(maxima(still.x, still.friction), CROSSING)
    others = [peak for peak in tops if abs(peak.x) > 1.0]
    left, right = (nearest(others, resonance(sign, BIAS)) for sign in (-1, 1))
    return [
        _close("figure-7a", "the peak at x' splits: one maximum at x-", left, resonance(-1, BIAS)),
        _close("figure-7a", "the peak at x' splits: the other maximum at x+", right, resonance(1, BIAS)),
        statement("figure-7a", "the peak near x = 0 stays", "x of the maximum", centre.x, near=(0.0, 0.2), error=centre.error),
        statement(
            "figure-7a",
            "it is significantly more pronounced than without bias",
            "its height / its height at 0 V",
            centre.value / centre_still.value,
            low=2.0,
            error=float(curve.error_friction.max()) / centre_still.value,
        ),
        statement(
            "figure-7a",
            "it is more pronounced in comparison with the other peaks, too",
            "(peak at x = 0 / higher other peak) / the same at 0 V",
            (centre.value / max(left.value, right.value)) / (centre_still.value / main_still.value),
            low=2.0,
        ),
        *_inelastic(curve, without, bottoms),
        *_moves(line(data, "vibration-slower"), bottoms),
        *_negative(curve),
    ]


def _close(panel: str, text: str, found: Extremum, where: float) -> Statement:
    return statement(panel, text, "x of the extremum", found.x, near=(where, EDGE), error=found.error)


def _inelastic(curve: Line, without: Line, bottoms: list[Extremum]) -> list[Statement]:
    """One additional extremum for each lead, where an electron can leave one quantum behind."""
    entries = []
    for sign, name in ((1, "(+bias/2 - omega_q - eps0)"), (-1, "(-bias/2 + omega_q - eps0)")):
        where = resonance(sign, BIAS, -sign)
        outer = [e for e in bottoms if abs(e.x) > 1.0]
        found = nearest(outer, where)
        text = f"an additional extremum of the friction at {name}/(√2 lam)"
        entries += [
            _close("figure-7b", text, found, where),
            statement(
                "figure-7b",
                "it is absent without the quantum vibration",
                "|γ| there / |γ| there without the vibration",
                abs(found.value) / abs(without.at(without.friction, found.x)),
                low=10.0,
            ),
        ]
    return entries


def _moves(slower: Line, bottoms: list[Extremum]) -> list[Statement]:
    """The left one follows the frequency of the quantum mode as LD(64) says."""
    before, after = resonance(1, BIAS, -1), resonance(1, BIAS, -1, SLOWER)
    here = nearest(bottoms, before)
    there = nearest(minima(slower.x, slower.friction), after)
    return [
        statement(
            "figure-7b",
            f"the extremum is one of the quantum mode: with {SLOWER:g} instead of {OMEGA_Q:g} meV it moves by their difference",
            "shift in x",
            there.x - here.x,
            near=((OMEGA_Q - SLOWER) / SLOPE, 0.5 * WIDTH),
            error=here.error + there.error,
        )
    ]


def _negative(curve: Line) -> list[Statement]:
    worst = int(np.argmin(curve.friction + curve.error_friction))
    fine = np.linspace(resonance(-1, BIAS), resonance(1, BIAS), 2001)
    upper = np.interp(fine, curve.x, curve.friction + curve.error_friction)
    return [
        statement(
            "figure-7b",
            "friction is negative beyond its error",
            "lowest friction",
            float(curve.friction[worst]),
            "ħ",
            high=-float(curve.error_friction[worst]),
            error=float(curve.error_friction[worst]),
        ),
        statement(
            "figure-7b",
            "it is so for a significant portion of the range",
            "part of x- < x < x+ where γ + error < 0",
            float((upper < 0).mean()),
            low=0.3,
        ),
        statement(
            "figure-7b",
            "(theory, no statement of the paper: noise is positive)",
            "lowest D/(k_BT)",
            float(curve.noise.min()),
            "ħ",
            low=0.0,
            error=float(curve.error_noise[np.argmin(curve.noise)]),
        ),
    ]


FIGURE = Figure(
    name="figure-7",
    title="Fig. 7: with a quantum vibration at a bias",
    caption=(
        f"(a) Friction and noise of Fig. 6's junction at {BIAS:g} V. (b) The same, enlarged, with the positions x± of "
        "LD(62), those where an electron leaves one quantum behind, LD(64), and the regions of negative friction. "
        "Our parameters."
    ),
    draw=draw,
    statements=statements,
    needs=("vibration-bias", "vibration-slower", "vibration", "switched"),
)
