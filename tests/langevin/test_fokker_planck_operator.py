"""The Kramers operator by the moments that it must give, without solving for a stationary state.

    d⟨x⟩/dt = ⟨p⟩/m,  d⟨p⟩/dt = ⟨F⟩ - ⟨γp⟩/m,  d⟨xp⟩/dt = ⟨p²⟩/m + ⟨xF⟩ - ⟨γxp⟩/m,  d⟨p²⟩/dt = 2⟨pF⟩ - 2⟨γp²⟩/m + 2⟨D⟩
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from nonadia.langevin.field import CallableField
from nonadia.langevin.fokker_planck.basis import Basis
from nonadia.langevin.fokker_planck.exponential import Exponential
from nonadia.langevin.fokker_planck.operator import Operator
from nonadia.langevin.fokker_planck.state import State

MASS = 1.7


def density(x: NDArray, p: NDArray) -> NDArray:
    """A correlated Gaussian away from the origin, which has ended before the edges of the box."""
    u, v = x - 0.4, p + 0.6
    return np.asarray(np.exp(-(u**2) / 0.32 - (v - 0.5 * u) ** 2 / 0.5))


def field() -> CallableField:
    return CallableField(
        ["x"],
        MASS,
        lambda x: -1.5 * x[:, 0] + 0.3 * x[:, 0] ** 2,
        lambda x: 0.4 + 0.2 * x[:, 0],
        lambda x: 0.3 + 0.1 * x[:, 0] ** 2,
    )


def operator_of(beta: float, of: CallableField | None = None, edges: int = 41) -> Operator:
    x_axis = Basis(np.linspace(-3.5, 4.0, edges), lambda x: -0.2 * x**2)
    p_axis = Basis(np.linspace(-5.0, 5.0, edges), lambda p: -beta * p**2 / (2.0 * MASS))
    return Operator(of or field(), x_axis, p_axis, beta)


def mean(values: Callable[[NDArray, NDArray], NDArray]) -> float:
    """By sums over a fine grid."""
    x, p = np.meshgrid(np.linspace(-3.5, 4.0, 801), np.linspace(-5.0, 5.0, 801), indexing="ij")
    weight = density(x, p)
    return float((weight * values(x, p)).sum() / weight.sum())


@pytest.mark.parametrize("beta", [0.0, 1.3])
def test_rates_of_moments(beta: float) -> None:
    operator = operator_of(beta)
    c = operator.project(density).ravel()
    change = operator.apply(operator.matrix(), c).reshape(operator.shape)

    def powers(axis: Basis, n: int) -> NDArray:
        """Coefficients of y^n in the test functions, which hold it exactly."""
        y = np.linspace(axis.edges[0], axis.edges[-1], 4 * axis.size)
        found, *_ = np.linalg.lstsq(axis.tests(y), y**n, rcond=None)
        assert np.abs(axis.tests(y) @ found - y**n).max() < 1e-9 * np.abs(y**n).max()
        return found

    def rate(n: int, m: int) -> float:
        return float(powers(operator.x, n) @ change @ powers(operator.p, m))

    def force(x: NDArray) -> NDArray:
        return -1.5 * x + 0.3 * x**2

    def drag(x: NDArray, p: NDArray) -> NDArray:
        return (0.4 + 0.2 * x) * p / MASS

    expected = {
        (0, 0): 0.0,
        (1, 0): mean(lambda x, p: p / MASS),
        (0, 1): mean(lambda x, p: force(x) - drag(x, p)),
        (1, 1): mean(lambda x, p: p**2 / MASS + x * (force(x) - drag(x, p))),
        (0, 2): mean(lambda x, p: 2.0 * p * (force(x) - drag(x, p)) + 2.0 * (0.3 + 0.1 * x**2)),
    }
    for (n, m), value in expected.items():
        assert rate(n, m) == pytest.approx(value, abs=2e-6), (n, m)


def test_moments_and_energies_of_a_state() -> None:
    """k_BT = ⟨p²⟩/m, E = ⟨p²⟩/2m + ⟨U⟩, variances about the means."""
    operator = operator_of(0.0)
    found = State(operator, operator.project(density), lambda x: 0.3 * x**4).scalars()
    x_mean, p_mean, square = mean(lambda x, p: x), mean(lambda x, p: p), mean(lambda x, p: p**2)
    expected = {
        "kinetic_temperature": square / MASS,
        "position": x_mean,
        "position_variance": mean(lambda x, p: (x - x_mean) ** 2),
        "momentum": p_mean,
        "momentum_variance": square - p_mean**2,
        "covariance": mean(lambda x, p: (x - x_mean) * p),
        "kinetic_energy": 0.5 * square / MASS,
        "potential_energy": mean(lambda x, p: 0.3 * x**4),
        "energy": 0.5 * square / MASS + mean(lambda x, p: 0.3 * x**4),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=2e-6), name


def test_a_driven_step_is_of_order_four() -> None:
    """dc/dt = L(t) c, and L does not commute with itself at other times: half the step, a sixteenth of the error."""
    driven = CallableField(
        ["x"],
        MASS,
        lambda x, t: -1.5 * x[:, 0] + 0.9 * np.sin(2.0 * t),
        lambda x, t: 0.4 + 0.3 * np.cos(3.0 * t) + 0.0 * x[:, 0],
        lambda x, t: 0.3 + 0.1 * np.sin(t) + 0.0 * x[:, 0],
    )
    exponential = Exponential(operator_of(0.0, driven, edges=21))
    start = exponential.operator.project(density).ravel()
    exact, *found = (exponential.advance(start, 0.0, 0.8, step) for step in (0.05, 0.4, 0.2))
    errors = [float(np.linalg.norm(c - exact)) for c in found]
    assert errors[0] > 10.0 * errors[1] > 0.0
