"""Fig. 2: how the couplings to the two leads depend on the coordinate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot.style import OKABE_ITO

from ..statement import Statement, statement
from ..study import Figure
from . import panels
from .curves import largest, line

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-2.0, 2.0)


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, (axes,) = panels.stacked(1, height=3.0)
    curve = line(data, "switched")
    axes.plot(curve.x, curve.profile[:, 0], color=OKABE_ITO[0], label="$g_L$")
    axes.plot(curve.x, curve.profile[:, 1], color=OKABE_ITO[1], linestyle=(0, (5, 2)), label="$g_R$")
    panels.window(axes, WINDOW)
    axes.set_ylabel("coupling $g_K(x)$ (dimensionless)")
    axes.legend(loc="center right")
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    curve = line(data, "switched")
    left, right = curve.profile.T
    slope = np.gradient(right, curve.x)
    here = panels.within(curve.x, WINDOW)
    monotonic = (np.diff(left[here]) < 0) & (np.diff(right[here]) > 0)
    weak = (left[curve.x > WINDOW[1]] / right[curve.x > WINDOW[1]]) ** 2
    total = (left**2 + right**2)[np.abs(curve.x) > WINDOW[1]]
    return [
        statement(
            "figure-2",
            "the coupling to the left lead falls and that to the right one rises with x",
            "part of |x| < 2 where both do",
            float(monotonic.mean()),
            low=1.0,
        ),
        statement("figure-2", "both are equal at x = 0", "g_L - g_R there", curve.at(left - right, 0.0), near=(0.0, 1e-12)),
        statement(
            "figure-2",
            "their slopes are extremal at x = 0",
            "x of the steepest g_R",
            curve.x[np.argmax(slope)],
            near=(0.0, 0.051),
        ),
        statement(
            "figure-2",
            "beyond |x| = 2 the molecule is essentially coupled to one lead",
            "Gamma of the other lead / Gamma of this one",
            float(weak.max()),
            high=0.05,
        ),
        statement(
            "figure-2",
            "there the total width is that of the constant coupling, which has half the Gamma for each lead",
            "largest relative difference",
            largest(total - 1.0),
            high=0.05,
        ),
    ]


FIGURE = Figure(
    name="figure-2",
    title="Fig. 2: metal-molecule couplings",
    caption="Amplitudes g_L and g_R against the coordinate, LD(60) and (61); Gamma_K(x) = g_K² Gamma. Our a and q.",
    draw=draw,
    statements=statements,
    needs=("switched",),
)
