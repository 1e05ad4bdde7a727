"""Fig. 4: friction with position-dependent coupling, its two parts, and friction with constant coupling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot.style import BLACK, COUPLING, DASHES, GREY, MOLECULE

from ..statement import Statement, statement
from ..study import Figure
from . import panels
from .curves import CROSSING, Line, largest, line, maxima, minima, nearest

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-10.0, 5.0)


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, (axes,) = panels.stacked(1, height=3.6)
    curve, constant = line(data, "switched"), line(data, "constant")
    axes.plot(curve.x, curve.friction, color=BLACK, label="total")
    axes.plot(curve.x, curve.friction_molecule, color=MOLECULE, linestyle=DASHES[1], label="molecular part")
    axes.plot(curve.x, curve.friction_coupling, color=COUPLING, linestyle=DASHES[3], label="coupling part")
    axes.plot(constant.x, constant.friction, color=GREY, linestyle=DASHES[2], label="constant coupling")
    panels.window(axes, WINDOW)
    panels.mark(axes, [(CROSSING, "$x'$"), (0.0, "$x = 0$")])
    axes.set_ylabel("friction γ (ħ)")
    axes.legend(loc="upper left")
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    return parts("figure-4", line(data, "switched"), line(data, "constant"))


def parts(panel: str, curve: Line, constant: Line) -> list[Statement]:
    """Where the side peak is, and what its two parts make of it. constant: the same with constant coupling."""
    top = largest(constant.friction)
    total = maxima(curve.x, curve.friction)
    molecule, hollow = (
        nearest(maxima(curve.x, curve.friction_molecule), 0.0),
        nearest(minima(curve.x, curve.friction_molecule), 0.0),
    )
    bumps = maxima(curve.x, np.where(curve.friction_coupling > 1e-3 * top, curve.friction_coupling, 0.0))
    near = panels.within(curve.x, (-1.0, 1.0))
    apart = np.interp(curve.x, constant.x, constant.friction) - curve.friction_molecule
    error = largest(curve.error_friction)
    return [
        statement(
            panel,
            "an additional side peak of the total, which constant coupling does not have",
            "maxima of the total - maxima with constant coupling",
            len(total) - len(maxima(constant.x, constant.friction)),
            low=1,
            high=1,
        ),
        statement(
            panel,
            "the molecular part has a side peak, too",
            "x of its maximum near x = 0",
            molecule.x,
            near=(0.0, 0.3),
            error=molecule.error,
        ),
        statement(
            panel,
            "(ours: how clear the side peak of the molecular part is)",
            "its height above the minimum beside it",
            molecule.value - hollow.value,
            "ħ",
            low=3 * error,
            error=error,
        ),
        statement(
            panel,
            "so the molecular part is not the friction with constant coupling",
            "largest difference for |x| < 1 / largest γ with constant coupling",
            largest(apart[near]) / top,
            low=0.05,
            error=error / top,
        ),
        statement(panel, "the coupling part has one peak", "its maxima above 0.1%", len(bumps), low=1, high=1),
        statement(
            panel,
            "the peak of the coupling part is where the couplings change fastest",
            "x of its maximum",
            nearest(bumps, 0.0).x,
            near=(0.0, 0.1),
            error=nearest(bumps, 0.0).error,
        ),
    ]


FIGURE = Figure(
    name="figure-4",
    title="Fig. 4: parts of the friction",
    caption=(
        "Friction of Fig. 3(b) in total, its molecular and its coupling part, LD(48) and (49), and the friction of Fig. 1(b) "
        "with constant coupling. Our parameters."
    ),
    draw=draw,
    statements=statements,
    needs=("switched", "constant"),
)
