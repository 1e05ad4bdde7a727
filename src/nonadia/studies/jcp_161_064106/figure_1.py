"""Fig. 1: constant coupling in equilibrium. (a) potentials, (b) friction and noise by both methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..statement import Statement, statement
from ..study import Figure
from . import equilibrium, panels
from .curves import CROSSING, line, maxima
from .parameters import GAMMA

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-12.0, 7.0)


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, (above, below) = panels.stacked(2, width=7.6)
    exact = line(data, "constant")
    panels.potentials(above, exact, WINDOW)
    panels.friction_and_noise(below, exact)
    panels.markers(below, line(data, "constant-heom"))
    for axes in (above, below):
        panels.window(axes, WINDOW, zero=axes is below)
        panels.mark(axes, [(CROSSING, "$x'$")])
        panels.legend_beside(axes)
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    exact, heom = line(data, "constant"), line(data, "constant-heom")
    peaks = maxima(exact.x, exact.friction)
    return [
        *equilibrium.population_statements("figure-1a", exact),
        # that it lies at x' is particle-hole symmetry and would test nothing
        statement("figure-1b", "one friction peak, that of the avoided crossing", "maxima of γ", len(peaks), low=1, high=1),
        *equilibrium.agreement_statements("figure-1b", exact, heom, GAMMA / 2, switched=False),
    ]


FIGURE = Figure(
    name="figure-1",
    title="Fig. 1: constant metal-molecule coupling, no bias",
    caption=(
        "(a) Potentials of the neutral and the charged molecule and the adiabatic potential, which meets U_0 at the right end. "
        "(b) Electronic friction and noise by Green's functions (lines) and by the hierarchy (markers). Our parameters."
    ),
    draw=draw,
    statements=statements,
    needs=("constant", "constant-heom"),
)
