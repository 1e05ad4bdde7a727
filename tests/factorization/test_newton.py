"""Newton's equation for the centre, in closed form: constant forces F̄ and D̄ on two nuclei of different mass (theory A7 i)."""

from __future__ import annotations

import numpy as np

from nonadia.factorization.newton import newton
from nonadia.factorization.problem import Problem
from nonadia.models.molecule import GridCoordinate


def test_newton_under_constant_forces() -> None:
    """x = x_0 + p_0t/M + Ft²/2M with F = F̄ + D̄ (exact) and F = F̄ (incomplete); p²/2M summed over both."""
    masses = np.array([150.0, 350.0])
    problem = Problem([GridCoordinate(name, m, -3.0, 3.0, 16) for name, m in zip("xy", masses, strict=True)])
    t = np.linspace(0.0, 30.0, 31)
    start, kick = np.array([0.3, -0.2]), np.array([2.0, -1.0])
    electric, between = np.array([0.02, -0.05]), np.array([0.01, 0.03])
    whole = electric + between
    exact = start + np.outer(t, kick / masses) + np.outer(0.5 * t**2, whole / masses)
    ledger = [
        {
            "mean_internuclear_force": between,
            "identity_momentum_rhs": whole,
            "position": exact[k],
            "momentum": kick + whole * t[k],
            "norm": np.array(1.0),
        }
        for k in range(len(t))
    ]
    found = newton(problem, list(t), ledger)
    alone = start + np.outer(t, kick / masses) + np.outer(0.5 * t**2, electric / masses)
    assert np.allclose(found["newton_position"], exact, atol=1e-12)
    assert np.allclose(found["newton_incomplete_position"], alone, atol=1e-12)
    assert np.abs(alone - exact).max() > 0.01
    momentum = kick + np.outer(t, whole)
    assert np.allclose(found["newton_kinetic_energy"], (momentum**2 / (2.0 * masses)).sum(axis=1), atol=1e-14)
    assert np.allclose(found["exact_kinetic_energy"], found["newton_kinetic_energy"], atol=1e-14)
    assert found.attrs["newton_error"] < 1e-12
