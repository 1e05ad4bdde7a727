"""Statements that the paper makes of more than one figure without bias."""

from __future__ import annotations

import numpy as np

from ..statement import Statement, statement
from .curves import CROSSING, KT, MEV, WIDTH, Line, largest, maxima, nearest

FAR = 8 * WIDTH  # from the crossing: the level is e⁻⁸ from full or empty


def potential_statements(panel: str, curve: Line) -> list[Statement]:
    """Crossing of the diabats, avoided crossing, and which diabat the adiabatic potential follows far away."""
    crossing = float(np.interp(0.0, curve.level, curve.x))
    gradient = np.gradient(curve.force_molecule, curve.x)
    steepest = nearest(maxima(curve.x, gradient), CROSSING)
    deviation = curve.adiabatic() - np.minimum(curve.bare, curve.bare + curve.level)
    left, right = curve.at(deviation, CROSSING - FAR), curve.at(deviation, CROSSING + FAR)
    error = float(curve.error_potential.max())
    return [
        statement(
            panel,
            "the potentials of the neutral and the charged molecule cross at x' = -eps0/(√2 lam)",
            "x of the crossing",
            crossing,
            near=(CROSSING, 1e-6),
        ),
        statement(
            panel,
            "avoided crossing of the adiabatic potential at x': its slope changes from one diabat's to the other's there",
            "x where the molecular part of the mean force changes most",
            steepest.x,
            near=(CROSSING, 0.1 * WIDTH),
            error=steepest.error,
        ),
        statement(
            panel,
            "far to the left the adiabatic potential follows the charged molecule",
            "distance from it 8 k_BT below the Fermi energy",
            left,
            "meV",
            near=(0.0, 0.1 * KT / MEV),
            error=error,
        ),
        statement(
            panel,
            "far to the right it follows the neutral molecule",
            "distance from it 8 k_BT above the Fermi energy",
            right,
            "meV",
            near=(0.0, 0.1 * KT / MEV),
            error=error,
        ),
    ]


def agreement_statements(panel: str, exact: Line, heom: Line) -> list[Statement]:
    """Hierarchy = Green's functions for γ and D; fluctuation and dissipation. All relative to the largest γ."""
    top = largest(exact.friction)
    apart = [
        largest(values - np.interp(heom.x, exact.x, reference)) / top
        for values, reference in ((heom.friction, exact.friction), (heom.noise, exact.noise))
    ]
    stated = [largest(error) / top for error in (heom.error_friction, heom.error_noise)]
    both = float(np.hypot(stated[0], stated[1]))
    return [
        statement(
            panel,
            "friction by the hierarchy is that of the Green's functions",
            "largest difference / largest γ",
            apart[0],
            high=1e-3,
            error=stated[0],
        ),
        statement(
            panel,
            "noise by the hierarchy is that of the Green's functions",
            "largest difference of D/(k_BT) / largest γ",
            apart[1],
            high=1e-3,
            error=stated[1],
        ),
        statement(
            panel,
            "fluctuation-dissipation theorem, Green's functions",
            "largest difference of D/(k_BT) and γ / largest γ",
            largest(exact.noise - exact.friction) / top,
            high=1e-6,
            error=largest(exact.error_noise) / top,
        ),
        statement(
            panel,
            "fluctuation-dissipation theorem, hierarchy",
            "largest difference of D/(k_BT) and γ / largest γ",
            largest(heom.noise - heom.friction) / top,
            high=2e-3,
            error=both,
        ),
    ]
