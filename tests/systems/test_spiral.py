"""S1, the spiral of EF(20)-(24): χ, forces, energies and trajectories in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

import nonadia as na

from .cases import FS, NO_FIELDS, shipped, wave_functions

CYCLE = (("propagation.duration", "T0"), ("propagation.store_psi", True), ("propagation.tolerance", 1e-8))
M, T0, TURNS, A, F0, SIGMA = 2000.0, 6.8 * FS, 2, 0.02, 0.1132, 0.1


def curvature(t: NDArray) -> NDArray:
    """f(t); C_12 = 2f."""
    return F0 * np.sin(2 * np.pi * TURNS * t / T0)


def centre(t: NDArray) -> tuple[NDArray, NDArray]:
    """g and dg/dt, (2, time)"""
    w, phase = np.pi / T0, 2 * np.pi * TURNS * t / T0
    s, ds = np.sin(w * t) ** 2, w * np.sin(2 * w * t)
    turn, dturn = np.array([np.cos(phase), np.sin(phase)]), 2 * np.pi * TURNS / T0 * np.array([-np.sin(phase), np.cos(phase)])
    return np.array([[1.0], [-1.0]]) + A * s * turn, A * (ds * turn + s * dturn)


def drift(t: NDArray) -> NDArray:
    """Where the centre under F alone is, less g: -∬ D/M, D = ∫ n C v = 2f (-ġ2, ġ1); (2, time)."""
    fine = np.linspace(0.0, t[-1], 400 * max(1, round(t[-1] / T0)) + 1)
    velocity = centre(fine)[1]
    D = 2.0 * curvature(fine) * np.array([-velocity[1], velocity[0]])
    return make_interp_spline(fine, -D / M, k=5, axis=1).antiderivative(2)(t)


def test_wave_function_and_ledger_over_one_cycle() -> None:
    w, f = shipped("spiral", *NO_FIELDS, *CYCLE)
    t = f.time.values
    g, velocity = centre(t)
    x, y = np.meshgrid(w.X1.values, w.X2.values, indexing="ij")
    psi = wave_functions(w)[:, 0]
    distance = (x - g[0][:, None, None]) ** 2 + (y - g[1][:, None, None]) ** 2
    exact = np.exp(-distance / (2 * SIGMA**2)) / (np.sqrt(np.pi) * SIGMA)
    assert np.abs(psi - exact).max() < 1e-6  # real and positive at all times
    moving = 0.5 * M * (velocity**2).sum(axis=0)
    gained = f.T_marg.values - f.T_marg.values[0]
    assert np.abs(gained - SIGMA**2 * curvature(t) ** 2 / (2 * M) - moving).max() < 1e-10  # EF(24)
    assert f.T_marg.values[0] == pytest.approx(1.0 / (2 * M * SIGMA**2), abs=1e-10)
    assert np.abs(f.momentum.values.T - M * velocity).max() < 1e-7
    D = 2.0 * curvature(t) * np.array([-velocity[1], velocity[0]])
    assert np.abs(f.mean_internuclear_force.values.T - D).max() < 1e-9
    assert np.abs(f.mean_intranuclear_force.values).max() < 1e-15
    power = f.magnetic_power.values
    # Re⟨C_21 v_2 v_1⟩ of a Gaussian with p_1 = f (g2 - X2) + Mġ1, p_2 = f (X1 - g1) + Mġ2: D_1 ġ1, no quantum terms
    assert np.abs(power.T - D * velocity).max() < 1e-6 * np.abs(power).max()
    assert np.abs(power).max() > 5e-8
    assert np.abs(power.sum(axis=1)).max() < 1e-12 * np.abs(power).max()
    for identity in ("power", "work", "momentum"):
        left, right = f[f"identity_{identity}_lhs"].values, f[f"identity_{identity}_rhs"].values
        assert np.abs(left - right).max() < 1e-10 * np.abs(left).max(), identity
    work = make_interp_spline(t, f.rate_T_marg.values, k=5).antiderivative()(t)
    assert np.abs(work - gained).max() < 1e-4 * gained.max()


def test_closed_form_of_the_drift() -> None:
    """Of the reference: the design has 0.100 (X2) and 0.0016 bohr (X1) after ten cycles."""
    t = np.linspace(0.0, 10 * T0, 401)
    assert np.abs(drift(t)[1]).max() == pytest.approx(0.100, abs=5e-4)
    assert np.abs(drift(t)[0]).max() == pytest.approx(0.0016, abs=5e-5)


def check_trajectories(cycles: int, tolerance: float) -> None:
    tree = na.run(na.load("spiral", {"factorization.fields": "none", "propagation.duration": f"{cycles}*T0"}))
    paths, f = tree["trajectories"].to_dataset(), tree["factorization"].to_dataset()
    t = paths.time.values
    g, velocity = centre(t)
    gained = SIGMA**2 * curvature(t) ** 2 / (2 * M) + 0.5 * M * (velocity**2).sum(axis=0)  # EF(24)
    assert np.abs(f.T_marg.values - f.T_marg.values[0] - gained).max() < 1e-3 * gained.max()
    assert np.abs(paths.exact_position.values.T - g).max() < 1e-7
    assert np.abs(paths.newton_position.values.T - g).max() < tolerance
    assert np.abs(paths.newton_incomplete_position.values.T - g - drift(t)).max() < tolerance


def test_trajectories_one_cycle() -> None:
    check_trajectories(1, 5e-6)


@pytest.mark.slow
def test_trajectories_ten_cycles() -> None:
    check_trajectories(10, 5e-5)
