"""Fig. 7: with a quantum vibration at a bias. (a) friction and noise, (b) the wings enlarged: extrema of LD(64)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot.style import DASHES, GREY, OKABE_ITO

from ..statement import Statement, statement
from ..study import Figure
from . import inelastic, panels
from .curves import CROSSING, NEAR, SIGNIFICANT, Line, line, maxima, nearest, resonance
from .parameters import BIASES

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-19.0, 13.0)
BIAS = BIASES[1]
NAMES = {(-1, 0): "$x_-$", (1, -1): "$x_+^{-ω_q}$", (-1, 1): "$x_-^{+ω_q}$", (1, 0): "$x_+$"}


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, (above, below) = panels.stacked(2)
    curve, without = line(data, "vibration-bias"), line(data, "without-vibration-bias")
    fine = np.linspace(*WINDOW, 1601)
    for axes in (above, below):
        for values, colour, dashes, name in (
            (curve.friction, panels.FRICTION, DASHES[0], "friction γ"),
            (curve.noise, panels.NOISE, DASHES[1], "noise D/(k$_B$T)"),
        ):
            axes.plot(fine, panels.smooth(curve.x, values, fine), color=colour, linestyle=dashes, label=name)
            axes.plot(curve.x, values, color=colour, linestyle="none", marker=".", markersize=4)
        axes.plot(without.x, without.friction, color=GREY, linewidth=1.0, label="friction γ without the quantum vibration")
        axes.set_ylabel("γ, D/(k$_B$T) (ħ)")
        panels.window(axes, WINDOW)
        panels.mark(axes, [(resonance(sign, BIAS, quanta), name) for (sign, quanta), name in NAMES.items()])
    lowest = min(float(curve.friction.min()), 0.0)
    below.set_ylim(1.4 * lowest - 0.01, 0.3)
    below.fill_between(
        fine,
        *below.get_ylim(),
        where=panels.smooth(curve.x, curve.friction + curve.error_friction, fine) < 0,
        color=OKABE_ITO[3],
        alpha=0.15,
        linewidth=0,
        label="γ < 0 beyond its stated error",
    )
    keys, names = below.get_legend_handles_labels()
    figure.legend(keys, names, loc="outside upper center", ncols=2)
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    curve, still, without = line(data, "vibration-bias"), line(data, "vibration"), line(data, "without-vibration-bias")
    tops = maxima(curve.x, curve.friction)
    centre, centre_still = nearest(tops, 0.0), nearest(maxima(still.x, still.friction), 0.0)
    main_still = nearest(maxima(still.x, still.friction), CROSSING)
    others = [peak for peak in tops if abs(peak.x) > inelastic.SWITCH]
    left, right = (nearest(others, resonance(sign, BIAS)) for sign in (-1, 1))
    return [
        *inelastic.elastic_positions("figure-7a", left, right, BIAS),
        statement(
            "figure-7a",
            "none stays at x'",
            "maxima of γ within 0.5 k_BT of x'",
            sum(abs(peak.x - CROSSING) < NEAR for peak in tops),
            high=0,
        ),
        statement("figure-7a", "the peak near x = 0 stays", "x of the maximum", centre.x, near=(0.0, 0.2), error=centre.error),
        statement(
            "figure-7a",
            "(ours: it is significantly more pronounced than without bias)",
            "its height / its height at 0 V",
            centre.value / centre_still.value,
            low=SIGNIFICANT,
            error=float(curve.error_friction.max()) / centre_still.value,
        ),
        statement(
            "figure-7a",
            "it is significantly more pronounced in comparison with the other peaks than without bias",
            "(peak at x = 0 / higher other peak) / the same at 0 V",
            (centre.value / max(left.value, right.value)) / (centre_still.value / main_still.value),
            low=SIGNIFICANT,
        ),
        *inelastic.additional_extrema("figure-7b", curve, without, BIAS),
        *inelastic.shifts("figure-7b", curve, line(data, "vibration-slower")),
        *_negative(curve),
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
        f"(a) Friction and noise of Fig. 6's junction at {BIAS:g} V (points; the lines join them), and friction without the "
        "quantum vibration, with bands of the same half width of 5 eV. (b) The same, enlarged. Dotted: the positions x± of "
        "LD(62) and those where an electron leaves one quantum behind, LD(64); shaded: negative friction. The extrema lie "
        "beside the dotted lines. Our parameters."
    ),
    draw=draw,
    statements=statements,
    needs=("vibration-bias", "vibration-slower", "vibration", "without-vibration-bias"),
)
