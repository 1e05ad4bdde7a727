"""Fig. 5: friction and noise of the position-dependent coupling at two biases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot.style import GREY

from ..statement import Statement, statement
from ..study import Figure
from . import panels
from .curves import CROSSING, NEAR, SIGNIFICANT, WIDTH, Line, largest, line, maxima, nearest, resonance
from .parameters import BIASES, A

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-18.5, 12.5)
LOW = 3e-5  # of the logarithmic axis, ħ
OUTSIDE = 4 * WIDTH  # from x±: the Fermi edge is down to e⁻⁴ there


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, both = panels.stacked(2)
    for axes, bias in zip(both, BIASES, strict=True):
        exact = line(data, "switched", bias)
        panels.friction_and_noise(axes, exact)
        panels.markers(axes, line(data, "switched-heom", bias))
        axes.plot(exact.x, line(data, "switched").friction, color=GREY, linewidth=1.0, label="friction γ at 0 V")
        axes.set_yscale("log")
        axes.set_xlim(*WINDOW)
        axes.set_ylim(LOW, 30.0)
        axes.text(0.99, 0.94, f"{bias:g} V", transform=axes.transAxes, ha="right", va="top")
        panels.mark(axes, [(resonance(sign, bias), f"$x_{{{'+' if sign > 0 else '-'}}}$") for sign in (-1, 1)])
    keys, names = both[0].get_legend_handles_labels()
    figure.legend(keys, names, loc="outside upper center", ncols=3)
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    """The paper describes panel (a); what we ask of (b) is the same, and marked as ours."""
    ours = [replace(entry, text=f"(ours, at the second bias: {entry.text})") for entry in _at(data, "figure-5b", BIASES[1])]
    return _at(data, "figure-5a", BIASES[0]) + ours


def _at(data: Mapping[str, xr.DataTree], panel: str, bias: float) -> list[Statement]:
    curve, still, heom = line(data, "switched", bias), line(data, "switched"), line(data, "switched-heom", bias)
    peaks, top = maxima(curve.x, curve.friction), largest(curve.friction)
    centre = nearest(peaks, 0.0)
    left, right = resonance(-1, bias), resonance(1, bias)
    found = [
        (name, where, nearest([p for p in peaks if p is not centre], where)) for name, where in (("x-", left), ("x+", right))
    ]
    apart = largest(heom.friction - np.interp(heom.x, curve.x, curve.friction)) / top
    entries = [
        statement(
            panel,
            f"the peak of the avoided crossing splits: one at {name}",
            f"x of the maximum near {name}",
            peak.x,
            near=(where, NEAR),
            error=peak.error,
        )
        for name, where, peak in found
    ]
    return [
        *entries,
        statement(
            panel,
            "none stays at x'",
            "maxima of γ within 0.5 k_BT of x'",
            sum(abs(peak.x - CROSSING) < NEAR for peak in peaks),
            high=0,
        ),
        statement(
            panel, "there is still a peak near x = 0", "x of the maximum", centre.x, near=(0.0, 0.15), error=centre.error
        ),
        statement(
            panel,
            "it is significantly more pronounced than without bias",
            "its height / its height at 0 V",
            centre.value / nearest(maxima(still.x, still.friction), 0.0).value,
            low=SIGNIFICANT,
        ),
        *charging(panel, curve),
        statement(
            panel,
            "friction by the hierarchy is that of the Green's functions",
            "largest difference / largest γ",
            apart,
            high=1e-3,
            error=largest(heom.error_friction) / top,
        ),
        *heating(panel, curve, left, right),
    ]


def charging(panel: str, curve: Line) -> list[Statement]:
    """Why friction peaks at the switch: half filled there, the level charges and empties beside it (0.3 is its width a)."""
    return [
        statement(
            panel,
            "at x = 0 the level is half filled",
            "occupation at x = 0",
            curve.at(curve.population, 0.0),
            near=(0.5, 0.1),
        ),
        statement(
            panel,
            "a small displacement to the left charges it",
            "occupation at x = -0.3",
            curve.at(curve.population, -A),
            low=0.75,
        ),
        statement(
            panel,
            "a small displacement to the right empties it",
            "occupation at x = 0.3",
            curve.at(curve.population, A),
            high=0.25,
        ),
    ]


def heating(
    panel: str, curve: Line, left: float, right: float, outside: float = OUTSIDE, known_at_switch: str = ""
) -> list[Statement]:
    """What the paper says about the noise: fluctuation-dissipation is broken, Joule heating, and cooling at the switch.

    left, right : x±; outside : how far beyond them noise is over; known_at_switch : why the last statement does not hold.
    """
    excess = curve.noise - curve.friction
    x = np.linspace(curve.x[0], curve.x[-1], 4001)  # medians and shares are of equal steps in x
    noise, surplus = np.interp(x, curve.x, curve.noise), np.interp(x, curve.x, excess)
    inside = panels.within(x, (left, right))
    plateau = float(np.median(noise[inside]))
    beyond = max(curve.at(curve.noise, left - outside), curve.at(curve.noise, right + outside))
    centre = panels.within(curve.x, (-0.3, 0.3))
    error = largest(curve.error_noise)
    return [
        statement(
            panel,
            "the fluctuation-dissipation theorem is broken",
            "largest difference of D/(k_BT) and γ / largest γ",
            largest(excess) / largest(curve.friction),
            low=0.1,
            error=error / largest(curve.friction),
        ),
        statement(
            panel,
            "the noise is broad between x- and x+: high there",
            "part of x- < x < x+ where D exceeds half its median there",
            float((noise[inside] >= 0.5 * plateau).mean()),
            low=0.9,
        ),
        statement(
            panel,
            "the noise is broad between x- and x+: low beyond",
            "larger D 4 k_BT beyond x- and x+ / median of D between them",
            beyond / plateau,
            high=0.1,
        ),
        statement(
            panel,
            "noise has a peak at x = 0, too: it stands on the plateau between x- and x+",
            "D at x = 0 / median of D between x- and x+",
            curve.at(curve.noise, 0.0) / plateau,
            low=SIGNIFICANT,
        ),
        statement(
            panel,
            "between x- and x+ D is mostly above γ k_BT (Joule heating)",
            "part of that range where it is",
            float((surplus[inside] > 0).mean()),
            low=0.5,
        ),
        statement(
            panel,
            "around x = 0 it is below: relaxation outweighs heating",
            "largest D/(γ k_BT) for |x| < 0.3",
            float((curve.noise / curve.friction)[centre].max()),
            high=1.0,
            error=error / float(curve.friction[centre].min()),
            known=known_at_switch,
        ),
    ]


FIGURE = Figure(
    name="figure-5",
    title="Fig. 5: position-dependent coupling at a bias",
    caption=(
        f"Friction and noise of Fig. 3's junction at (a) {BIASES[0]:g} V and (b) {BIASES[1]:g} V, by Green's functions "
        "(lines) and the hierarchy (markers, to 0.1% of the largest value), on a logarithmic axis: where the level meets one "
        "chemical potential, at x±, the molecule is next to the other lead, so that those peaks are small. Our parameters and "
        "biases."
    ),
    draw=draw,
    statements=statements,
    needs=("switched", "switched-heom"),
)
