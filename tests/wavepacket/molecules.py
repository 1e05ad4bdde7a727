"""Small molecules with known properties, shared by the tests of this room."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erf

from nonadia.models.molecule import GridCoordinate, Molecule, RealSpace, States

Array = np.ndarray[Any, Any]


def shin_metiu_potential(r: Array, R: Array, t: float = 0.0) -> Array:
    """systems.md S4"""
    length, wide, left, right = 19.0, 5.0, 3.1, 4.0

    def attraction(distance: Array, a: float) -> Array:
        u = np.sqrt(distance**2 + 1e-10)
        return -erf(u / a) / u

    ions = 1.0 / np.abs(length / 2 - R) + 1.0 / np.abs(length / 2 + R)
    return ions + attraction(R - r, wide) + attraction(r - length / 2, left) + attraction(r + length / 2, right)


def shin_metiu(electron: int = 256, nuclear: int = 64) -> Molecule:
    r = GridCoordinate("r", 1.0, -30.0, 30.0, electron)
    return Molecule((GridCoordinate("R", 1836.0, -9.0, 9.0, nuclear),), RealSpace((r,), shin_metiu_potential))


def jahn_teller(points: int = 48, complex_form: bool = False) -> Molecule:
    """k r²/2 + κ(x σ_z + y σ_x); the complex form has σ_y in the place of σ_x: a rotation of the states about σ_z."""
    k, kappa = 0.2, 0.03
    axes = tuple(GridCoordinate(name, 2000.0, -1.6, 1.6, points) for name in "xy")
    return Molecule(
        axes,
        States(
            2,
            {
                (0, 0): lambda x, y, t: 0.5 * k * (x**2 + y**2) + kappa * x,
                (1, 1): lambda x, y, t: 0.5 * k * (x**2 + y**2) - kappa * x,
                (0, 1): lambda x, y, t: (-1j if complex_form else 1.0) * kappa * y,
            },
        ),
    )
