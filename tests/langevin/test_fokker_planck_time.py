"""The time-dependent Fokker-Planck equation against closed forms and the stationary solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from nonadia.langevin.field import CallableField
from nonadia.langevin.fokker_planck.propagate import fokker_planck_propagate
from nonadia.langevin.fokker_planck.solve import bin_probabilities, fokker_planck

START = {"position": 1.0, "momentum": 0.5, "position_variance": 0.1, "momentum_variance": 0.2, "covariance": 0.03}
NAMES = ("position", "momentum", "position_variance", "momentum_variance", "covariance")


def field(force, friction, noise, mass=1.0):
    return CallableField(("x",), (mass,), force, friction, noise)


def ornstein_uhlenbeck(mass, spring, friction, noise, times):
    """Means and covariances of the linear process from START: Van Loan's block exponential."""
    drift, rate = np.array([[0, 1 / mass], [-spring, -friction / mass]]), np.diag([0.0, 2 * noise])
    first = np.array([[0.1, 0.03], [0.03, 0.2]])
    rows = []
    for t in times:
        block = expm(np.block([[-drift, rate], [np.zeros((2, 2)), drift.T]]) * t)
        forward = block[2:, 2:].T
        covariance = forward @ first @ forward.T + forward @ block[:2, 2:]
        rows.append([*(forward @ [1.0, 0.5]), covariance[0, 0], covariance[1, 1], covariance[0, 1]])
    return np.array(rows).T


def test_relaxation_of_an_ornstein_uhlenbeck_process():
    times = np.linspace(0.0, 4.0, 3)
    result = fokker_planck_propagate(field(lambda x: -2.0 * x[:, 0], 0.5, 0.3, 1.5), START, times)
    assert result.attrs["converged"] == 1
    for name, exact in zip(NAMES, ornstein_uhlenbeck(1.5, 2.0, 0.5, 0.3, times), strict=True):
        np.testing.assert_allclose(result[name], exact, atol=1e-7)
    np.testing.assert_allclose(result["survivors"], 1.0, atol=1e-12)


def test_unstable_friction_grows_as_it_must():
    """γ < 0 everywhere, linear: exact covariances, growing."""
    times = np.array([0.0, 1.5])
    result = fokker_planck_propagate(field(lambda x: -x[:, 0], -0.4, 0.1), START, times, tolerance=1e-2)
    assert result.attrs["converged"] == 1
    for name, exact in zip(NAMES, ornstein_uhlenbeck(1.0, 1.0, -0.4, 0.1, times), strict=True):
        np.testing.assert_allclose(result[name], exact, atol=1e-4)


def test_a_driven_oscillator_moves_its_mean_and_not_its_width():
    times = np.array([0.0, 0.4])

    def force(x, t):
        return -2.0 * x[:, 0] + 0.8 * np.sin(1.3 * t)

    result = fokker_planck_propagate(field(force, 0.5, 0.3), START, times, tolerance=2e-2)
    exact = ornstein_uhlenbeck(1.0, 2.0, 0.5, 0.3, times)

    def newton(t, y):
        return [y[1], -2 * y[0] - 0.5 * y[1] + 0.8 * np.sin(1.3 * t)]

    mean = solve_ivp(newton, (0.0, times[-1]), [1.0, 0.5], t_eval=times, rtol=1e-10, atol=1e-12).y
    np.testing.assert_allclose(result["position"], mean[0], atol=3e-4)
    np.testing.assert_allclose(result["momentum"], mean[1], atol=3e-4)
    np.testing.assert_allclose(result["position_variance"], exact[2], atol=3e-4)
    np.testing.assert_allclose(result["momentum_variance"], exact[3], atol=3e-4)


def test_the_stationary_state_stays_what_it_is():
    """Two solvers, one density: started from the stationary ring of a van der Pol oscillator."""
    ring = field(lambda x: -x[:, 0], lambda x: 0.5 * (x[:, 0] ** 2 - 1.0), 0.3)
    stationary = fokker_planck(ring, tolerance=1e-3)
    later = fokker_planck_propagate(ring, stationary, [0.0, 1.0], tolerance=1e-2)
    edges = np.linspace(-3, 3, 13)
    for axis in ("x", "p"):
        before, after = bin_probabilities(stationary, edges, axis), bin_probabilities(later.isel(time=1), edges, axis)
        np.testing.assert_allclose(after, before, atol=5e-4)


def test_bad_input_is_named():
    well = field(lambda x: -x[:, 0], 0.8, 0.4)
    with pytest.raises(ValueError, match="position_variance"):
        fokker_planck_propagate(well, {"position": 0.0, "temperature": 0.1}, [0.0, 1.0])
    with pytest.raises(ValueError, match="'speed' is not known"):
        fokker_planck_propagate(well, {"speed": 0.0}, [0.0, 1.0])
    with pytest.raises(ValueError, match="positive definite"):
        fokker_planck_propagate(well, {**START, "covariance": 1.0}, [0.0, 1.0])
    with pytest.raises(ValueError, match="must increase"):
        fokker_planck_propagate(well, START, [1.0, 0.0])
    with pytest.raises(ValueError, match="a wall of the box already"):
        fokker_planck_propagate(well, START, [0.0, 1.0], box=(None, 3.0), absorbing=(None, 3.0))
