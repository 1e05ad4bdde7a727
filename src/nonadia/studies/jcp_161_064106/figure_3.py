"""Fig. 3: position-dependent coupling in equilibrium. (a) potentials, (b) friction and noise by both methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..statement import Statement, statement
from ..study import Figure
from . import equilibrium, panels
from .curves import CROSSING, WIDTH, Line, line, maxima, minima, nearest
from .parameters import GAMMA

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

WINDOW = (-12.0, 7.0)
VICINITY = 2.0  # |x| that is called the vicinity of the switch


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure, (above, below) = panels.stacked(2, width=7.6)
    exact = line(data, "switched")
    panels.potentials(above, exact, WINDOW)
    panels.friction_and_noise(below, exact)
    panels.markers(below, line(data, "switched-heom"))
    for axes in (above, below):
        panels.window(axes, WINDOW, zero=axes is below)
        panels.mark(axes, [(CROSSING, "$x'$"), (0.0, "$x = 0$")])
        panels.legend_beside(axes)
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    exact, heom = line(data, "switched"), line(data, "switched-heom")
    entries = equilibrium.population_statements("figure-3a", exact, "(ours, as for Fig. 1(a): {})")
    entries += [*wells("figure-3a", exact), _occupation("figure-3a", exact)]
    peaks = maxima(exact.x, exact.friction)
    main, side = nearest(peaks, CROSSING), nearest(peaks, 0.0)
    entries += [
        statement(
            "figure-3b",
            "friction still peaks at x'",
            "x of the maximum of γ",
            main.x,
            near=(CROSSING, 0.1 * WIDTH),
            error=main.error,
        ),
        statement(
            "figure-3b", "a second peak near x = 0", "x of the other maximum", side.x, near=(0.0, 0.15), error=side.error
        ),
    ]
    return entries + equilibrium.agreement_statements("figure-3b", exact, heom, GAMMA, switched=True)


def wells(panel: str, curve: Line) -> list[Statement]:
    """What the coupling part of the force does to the potential around the switch."""
    step = np.diff(curve.x)
    work = np.concatenate([[0.0], np.cumsum(0.5 * step * (curve.force_molecule[1:] + curve.force_molecule[:-1]))])
    near = panels.within(curve.x, (-VICINITY, VICINITY))
    with_it = minima(curve.x[near], curve.potential[near])
    without = minima(curve.x[near], (curve.bare - work)[near])
    barrier = nearest(maxima(curve.x, curve.potential), 0.0)
    height = barrier.value - max(e.value for e in with_it) if with_it else np.nan
    strongest = float(np.abs(curve.x[np.argmax(np.abs(curve.force_coupling))]))
    outwards = min(-curve.force_coupling[curve.x < 0].min(), curve.force_coupling[curve.x > 0].max())
    return [
        statement(panel, "two minima of the adiabatic potential near x = 0", "minima in |x| < 2", len(with_it), low=2, high=2),
        statement(
            panel,
            "both come from the coupling part of the force",
            "minima in |x| < 2 of the potential without that part",
            len(without),
            high=0,
            known="the left one is there without that part, too; only the right one comes from it",
        ),
        statement(
            panel,
            "(ours: one of them comes from that part)",
            "minima in |x| < 2 - minima there without that part",
            len(with_it) - len(without),
            low=1,
            high=1,
        ),
        statement(
            panel, "x = 0 itself is avoided", "x of the maximum between them", barrier.x, near=(0.0, 0.1), error=barrier.error
        ),
        statement(
            panel,
            "(ours: how high that maximum is)",
            "height above the shallower minimum",
            height,
            "meV",
            low=1.0,
            error=float(curve.error_potential[near].max()),
        ),
        statement(
            panel,
            "the coupling part of the force is largest around the switch",
            "|x| of its largest magnitude",
            strongest,
            high=0.5,
        ),
        statement(
            panel,
            "it drives the vibration away from x = 0 to either side",
            "largest outward force on the side where it is weaker",
            float(outwards),
            "meV",
            low=1.0,
        ),
    ]


def _occupation(panel: str, curve: Line) -> Statement:
    """Why the paper expects the force to be strong at the switch."""
    slope = np.abs(np.gradient(curve.population, curve.x))
    return statement(
        panel,
        "at x = 0 any change of the coordinate comes with a strong change of the occupation",
        "|dn/dx| at x = 0 / |dn/dx| at x'",
        curve.at(slope, 0.0) / curve.at(slope, CROSSING),
        low=0.5,
        known="the level is 2.3 k_BT above the Fermi energy there; the occupation changes fastest at x'",
    )


FIGURE = Figure(
    name="figure-3",
    title="Fig. 3: position-dependent coupling, no bias",
    caption=(
        "As Fig. 1, with the couplings of Fig. 2. (a) Potentials; the coupling part of the mean force adds a maximum at x = 0 "
        "and the minimum to the right of it. (b) Friction and noise by Green's functions (lines) and the hierarchy (markers). "
        "Our parameters."
    ),
    draw=draw,
    statements=statements,
    needs=("switched", "switched-heom"),
)
