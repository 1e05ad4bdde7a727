"""Fig. 5: friction and noise of the position-dependent coupling at two biases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot.style import GREY

from ..statement import Statement, statement
from ..study import Figure
from . import panels
from .curves import WIDTH, Line, largest, line, maxima, nearest, resonance
from .parameters import BIASES

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-18.5, 12.5)
LOW = 3e-5  # of the logarithmic axis, ħ


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
    return [entry for letter, bias in zip("ab", BIASES, strict=True) for entry in _at(data, f"figure-5{letter}", bias)]


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
            near=(where, 0.5 * WIDTH),
            error=peak.error,
        )
        for name, where, peak in found
    ]
    return [
        *entries,
        statement(
            panel, "there is still a peak near x = 0", "x of the maximum", centre.x, near=(0.0, 0.15), error=centre.error
        ),
        statement(
            panel,
            "it is significantly more pronounced than without bias",
            "its height / its height at 0 V",
            centre.value / nearest(maxima(still.x, still.friction), 0.0).value,
            low=2.0,
        ),
        statement(
            panel,
            "friction by the hierarchy is that of the Green's functions",
            "largest difference / largest γ",
            apart,
            high=1e-3,
            error=largest(heom.error_friction) / top,
        ),
        *_heating(panel, curve, left, right),
    ]


def _heating(panel: str, curve: Line, left: float, right: float) -> list[Statement]:
    """What the paper says about the noise: fluctuation-dissipation is broken, Joule heating, and cooling at the switch."""
    excess = curve.noise - curve.friction
    x = np.linspace(curve.x[0], curve.x[-1], 4001)  # medians and shares are of equal steps in x
    noise, surplus = np.interp(x, curve.x, curve.noise), np.interp(x, curve.x, excess)
    inside = panels.within(x, (left, right))
    above = x[noise >= 0.5 * np.median(noise[inside])]
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
            "the noise is broad between x- and x+",
            "width over which D exceeds half its median there / (x+ - x-)",
            (above[-1] - above[0]) / (right - left),
            near=(1.0, 0.25),
            error=2 * float(x[1] - x[0]) / (right - left),
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
