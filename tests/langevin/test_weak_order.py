"""The weak orders that the schemes declare, measured on the code that moves the ensembles.

Without sampling noise where that is possible: a linear model has moments that obey a linear map, read off the integrator; a
model without noise is an ordinary differential equation. With friction and noise that depend on the position, ensembles with
steps τ and τ/2 follow the same noise, so that the difference of their averages is known better than the averages.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from nonadia.langevin import general
from nonadia.langevin.compiled import fast, philox
from nonadia.langevin.field import CallableField, Uniform
from nonadia.langevin.general import State
from nonadia.langevin.schemes.scheme import named
from nonadia.langevin.statistics import Estimate, batch_mean

from . import test_equilibrium as tensor

SCHEMES = ("baoab", "obabo", "lie-trotter")
KEY = philox.keys(7, 0)


def moved(field: CallableField, scheme: str, x: NDArray, p: NDArray, step: float, steps: int) -> NDArray:
    """(N, 2c): x and p after some steps."""
    state = State.start(x, p)
    general.advance(
        field, named(scheme), state, step=step, steps=steps, first_step=0, key=KEY, first_trajectory=0, exits=general.Exits()
    )  # fmt: skip
    return np.concatenate([state.x, state.p], axis=1)


def order(errors: list[float]) -> float:
    """Slope of log error against log step for steps that halve, from the last two."""
    return float(np.log2(errors[-2] / errors[-1]))


# two coordinates, linear: all moments are Gaussian

SPRING = np.array([[1.0, 0.3], [0.3, 0.7]])
MASSES = np.array([1.0, 2.0])
FRICTION = np.array([[0.6, 0.8], [-0.4, -0.1]])  # an antisymmetric part, and not positive definite
NOISE = np.array([[0.4, 0.1], [0.1, 0.3]])


def linear(noise: NDArray) -> CallableField:
    return CallableField(["x", "y"], MASSES, lambda x: -x @ SPRING, FRICTION, noise)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_moments_of_a_linear_model_converge_with_the_declared_order(scheme: str) -> None:
    assert np.linalg.eigvalsh(FRICTION + FRICTION.T)[0] < 0
    duration, start = 2.0, np.array([1.0, -0.5, 0.0, 0.7])
    rate = np.zeros((4, 4))
    rate[:2, 2:], rate[2:, :2], rate[2:, 2:] = np.diag(1 / MASSES), -SPRING, -FRICTION / MASSES
    source = np.zeros((4, 4))
    source[2:, 2:] = 2 * NOISE
    # Van Loan: the covariance as a block of one exponential
    block = expm(duration * np.block([[rate, source], [np.zeros((4, 4)), -rate.T]]))
    exact_mean, exact_covariance = block[:4, :4] @ start, block[:4, 4:] @ block[:4, :4].T
    mean_errors, covariance_errors = [], []
    for steps in (16, 32, 64):
        step = duration / steps
        unit = np.eye(4)
        map_ = moved(linear(np.zeros((2, 2))), scheme, unit[:, :2].copy(), unit[:, 2:].copy(), step, 1).T
        width = 2 * named(scheme).word.count("O")
        normals = np.empty((1, width, 32))
        philox.fill(normals, KEY, 0, 0)
        kicked = moved(linear(NOISE), scheme, np.zeros((32, 2)), np.zeros((32, 2)), step, 1)
        response, rest, _, _ = np.linalg.lstsq(normals[0].T, kicked, rcond=None)
        assert np.all(rest < 1e-20)
        mean, covariance = start, np.zeros((4, 4))
        for _ in range(steps):
            mean, covariance = map_ @ mean, map_ @ covariance @ map_.T + response.T @ response
        mean_errors.append(float(np.abs(mean - exact_mean).max()))
        covariance_errors.append(float(np.abs(covariance - exact_covariance).max()))
    declared = named(scheme).weak_order
    assert order(mean_errors) == pytest.approx(declared, abs=0.1)
    assert order(covariance_errors) == pytest.approx(declared, abs=0.1)


# one coordinate, everything depends on x (and on t), no noise


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("timed", [False, True])
def test_without_noise_the_path_converges_with_the_declared_order(scheme: str, timed: bool) -> None:
    def force(x: NDArray, t: float) -> NDArray:
        return np.asarray(-x - 0.5 * x**3 + (0.8 * np.cos(1.7 * t) if timed else 0.0))

    def friction(x: NDArray, t: float) -> NDArray:
        return np.asarray(0.3 + 0.8 * np.tanh(2 * x[:, 0]) + (0.3 * np.sin(t) if timed else 0.0))

    field = CallableField(["x"], 1.3, force, friction)
    duration = 3.0
    exact = solve_ivp(
        lambda t, z: [z[1] / 1.3, force(z[:1], t)[0] - friction(z[None, :1], t)[0] * z[1] / 1.3],
        (0.0, duration), [0.9, 0.4], rtol=1e-11, atol=1e-12,
    ).y[:, -1]  # fmt: skip
    errors = []
    for steps in (48, 96, 192):
        end = moved(field, scheme, np.array([[0.9]]), np.array([[0.4]]), duration / steps, steps)[0]
        errors.append(float(np.abs(end - exact).max()))
    assert order(errors) == pytest.approx(named(scheme).weak_order, abs=0.15)


# one coordinate, friction and noise depend on the position, D is not γ k_BT, friction is negative at some x

CELLS, LOW, HIGH = 4000, -8.0, 8.0


def _force(x: NDArray) -> NDArray:
    return -x - 0.2 * x**3


def _friction(x: NDArray) -> NDArray:
    return 0.8 * np.tanh(1.5 * x) + 0.6


def _noise(x: NDArray) -> NDArray:
    return 0.6 + 0.4 * np.sin(1.2 * x + 0.5)


def table() -> Uniform:
    """Cubics through four points of each cell; straight on beyond the ends, where nobody comes."""
    width = (HIGH - LOW) / CELLS
    u = np.arange(4) / 3.0
    vandermonde = np.linalg.inv(np.vander(u, increasing=True))
    points = LOW + width * (np.arange(CELLS)[:, None] + u)

    def rows(function: Callable[[NDArray], NDArray]) -> NDArray:
        inner = function(points) @ vandermonde.T
        return np.concatenate([inner[:1], inner, inner[-1:]])

    return Uniform(LOW, 1.0 / width, CELLS, rows(_force), np.concatenate([rows(_friction), rows(_noise)], axis=1))


def coupled_difference(scheme: str, uniform: Uniform, step: float, duration: float, count: int, batches: int) -> Estimate:
    """⟨f⟩_τ - ⟨f⟩_{τ/2} on the same noise for f = x, x², p²: means over batches."""
    random = np.random.default_rng(3)
    ends = []
    starts = random.standard_normal((2, count)) * 0.3 + np.array([[0.8], [0.3]])
    for coarse, tau in ((True, step), (False, step / 2)):
        x, p = starts[0].copy(), starts[1].copy()
        fast.advance(
            named(scheme).word, x, p, uniform, mass=1.0, step=tau, steps=round(duration / tau), key=KEY, coarse=coarse
        )  # fmt: skip
        ends.append(np.stack([x, x**2, p**2], axis=-1))
    difference = (ends[0] - ends[1]).reshape(batches, -1, 3).mean(axis=1)
    return batch_mean(difference)


def measured_order(large: Estimate, small: Estimate) -> tuple[float, float]:
    """log2 of the ratio of two successive differences, from the observables together, and its standard error.

    One observable alone may have a small error of the leading order by accident; the ratio is that of the projections on the
    larger difference.
    """
    weight = large.value / large.error**2
    top, bottom = float(weight @ large.value), float(weight @ small.value)
    top_error = float(np.sqrt((weight**2) @ large.error**2) / top)
    bottom_error = float(np.sqrt((weight**2) @ small.error**2) / bottom)
    return float(np.log2(top / bottom)), float(np.hypot(top_error, bottom_error) / np.log(2))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_position_dependent_friction_and_noise_have_the_declared_order(scheme: str) -> None:
    uniform = table()
    found, error = measured_order(*(coupled_difference(scheme, uniform, step, 2.4, 200_000, 50) for step in (0.4, 0.2)))
    assert error < 0.15
    assert abs(found - named(scheme).weak_order) < 3 * error + 0.15  # steps are finite: the next order is still there


# two coordinates: a full tensor with an antisymmetric part, D unrelated to it


def tensor_difference(scheme: str, step: float, duration: float, count: int, batches: int) -> Estimate:
    """The same for x_i x_j and p_i p_j, in pieces."""

    def noise(x: NDArray) -> NDArray:
        return 0.6 * tensor.symmetric(-x) + 0.2 * np.eye(2)

    field = CallableField(["x", "y"], tensor.MASSES, tensor.force, tensor.friction, noise)
    random = np.random.default_rng(4)
    parts = []
    for first in range(0, count, count // batches):
        start = random.standard_normal((count // batches, 4)) * 0.3 + np.array([0.8, -0.6, 0.5, 0.4])
        ends = []
        for coarse, tau in ((True, step), (False, step / 2)):
            state = State.start(start[:, :2], start[:, 2:])
            general.advance(
                field, named(scheme), state, step=tau, steps=round(duration / tau), first_step=0, key=KEY,
                first_trajectory=first, exits=general.Exits(), coarse=coarse,
            )  # fmt: skip
            products = [v[:, i] * v[:, j] for v in (state.x, state.p) for i, j in ((0, 0), (0, 1), (1, 1))]
            ends.append(np.stack(products, axis=-1))
        parts.append((ends[0] - ends[1]).mean(axis=0))
    return batch_mean(np.stack(parts))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_full_friction_tensor_has_the_declared_order(scheme: str) -> None:
    found, error = measured_order(*(tensor_difference(scheme, step, 1.2, 40_000, 20) for step in (0.3, 0.15)))
    assert error < 0.2
    assert abs(found - named(scheme).weak_order) < 3 * error + 0.15
