"""Statements that the paper makes of more than one figure without bias."""

from __future__ import annotations

import numpy as np

from ..statement import Statement, statement
from . import wide_band
from .curves import CROSSING, WIDTH, Line, largest
from .parameters import BANDWIDTH

FAR = 8 * WIDTH  # from the crossing: the Fermi function is e⁻⁸ from full or empty, the width of the level leaves 2%


def population_statements(
    panel: str, curve: Line, note: str = "{}", crossing: float = CROSSING, far: float = FAR
) -> list[Statement]:
    """Which diabat the slope of the adiabatic potential follows far away: U' = U_0' + n E'."""
    left, right = curve.at(curve.population, crossing - far), curve.at(curve.population, crossing + far)
    return [
        statement(
            panel,
            note.format("far to the left the adiabatic potential follows the charged molecule: the level is mostly occupied"),
            "occupation 8 k_BT below the Fermi energy",
            left,
            low=0.95,
        ),
        statement(
            panel,
            note.format("far to the right it follows the neutral molecule: the level is mostly empty"),
            "occupation 8 k_BT above the Fermi energy",
            right,
            high=0.05,
        ),
    ]


def agreement_statements(panel: str, exact: Line, heom: Line, gamma: float, switched: bool) -> list[Statement]:
    """Hierarchy = Green's functions for γ and D, = LD(55); fluctuation and dissipation. All relative to the largest γ.

    gamma : width from one lead alone, meV; a finite band changes friction by terms of the order Γ/W.
    """
    top = largest(exact.friction)
    apart = [
        largest(values - np.interp(heom.x, exact.x, reference)) / top
        for values, reference in ((heom.friction, exact.friction), (heom.noise, exact.noise))
    ]
    stated = [largest(error) / top for error in (heom.error_friction, heom.error_noise)]
    both = float(np.hypot(stated[0], stated[1]))
    wide = largest(heom.friction - wide_band.friction(heom.x, gamma, switched)) / top
    total = gamma if switched else 2 * gamma
    return [
        statement(
            panel,
            "friction by the hierarchy is that of the closed formula for wide bands, Eq. (55)",
            "largest difference / largest γ",
            wide,
            high=2 * total / BANDWIDTH,
            error=stated[0],
        ),
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
