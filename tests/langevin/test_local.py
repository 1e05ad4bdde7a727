"""The exact local solution against dense linear algebra: e^{-Λτ} by SciPy, Σ from Van Loan's block exponential."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from nonadia.langevin.local import exact, factor, step_all


def van_loan(drift: NDArray, diffusion: NDArray, step: float) -> tuple[NDArray, NDArray]:
    """exp([[Λ, Q], [0, -Λᵀ]]τ) holds both blocks (C. F. Van Loan, IEEE Trans. Autom. Control 23, 395 (1978))."""
    m = len(drift)
    block = np.zeros((2 * m, 2 * m))
    block[:m, :m], block[:m, m:], block[m:, m:] = drift, diffusion, -drift.T
    whole = expm(block * step)
    decay = expm(-drift * step)
    return decay, decay @ whole[:m, m:]


def random_case(seed: int, m: int) -> tuple[NDArray, NDArray]:
    random = np.random.default_rng(seed)
    root = random.standard_normal((m, m))
    return np.diag((-1.0) ** np.arange(m)) + 0.4 * random.standard_normal((m, m)), root @ root.T


@pytest.mark.parametrize("m", [2, 3, 6])
@pytest.mark.parametrize("step", [1e-3, 0.3, 3.0])
def test_any_tensor(m: int, step: float) -> None:
    """Not symmetric, eigenvalues of both signs."""
    drift, diffusion = random_case(m, m)
    assert np.linalg.eigvals(drift).real.min() < 0 < np.linalg.eigvals(drift).real.max()
    decay, covariance = np.empty((m, m)), np.empty((m, m))
    exact(drift, diffusion, step, decay, covariance)
    wanted_decay, wanted = van_loan(drift, diffusion, step)
    assert np.abs(decay - wanted_decay).max() < 1e-12 * np.abs(wanted_decay).max()
    assert np.abs(covariance - wanted).max() < 1e-11 * np.abs(wanted).max()


@pytest.mark.parametrize(
    "drift",
    [
        np.zeros((2, 2)),
        np.array([[0.5, 1.0], [0.0, 0.5]]),
        np.array([[0.0, 2.0], [-2.0, 0.0]]),
        -np.eye(2),
        np.diag([1e-14, 30.0]),
    ],
    ids=["zero", "defective", "rotation", "growing", "stiff"],
)
def test_special_tensors(drift: NDArray) -> None:
    diffusion = np.array([[1.0, 0.3], [0.3, 0.2]])
    decay, covariance = np.empty((2, 2)), np.empty((2, 2))
    exact(drift, diffusion, 0.7, decay, covariance)
    wanted_decay, wanted = van_loan(drift, diffusion, 0.7)
    assert np.allclose(decay, wanted_decay, rtol=1e-12, atol=1e-15)
    assert np.allclose(covariance, wanted, rtol=1e-11, atol=1e-15)


def test_stationary_covariance_of_long_steps() -> None:
    """After a long time Λ Σ + Σ Λᵀ = Q, whatever the start."""
    drift, diffusion = random_case(1, 3)
    drift += 4.0 * np.eye(3)
    decay, covariance = np.empty((3, 3)), np.empty((3, 3))
    exact(drift, diffusion, 200.0, decay, covariance)
    assert np.abs(decay).max() < 1e-100
    assert np.allclose(drift @ covariance + covariance @ drift.T, diffusion, rtol=1e-10)


@pytest.mark.parametrize("rate", [-3.0, -1e-9, 0.0, 1e-9, 0.4, 40.0])
def test_one_momentum(rate: float) -> None:
    """The closed form of one coordinate against the series of many."""
    momenta = np.array([[1.0], [1.0]])
    drift, diffusion = np.full((2, 1, 1), rate), np.full((2, 1, 1), 0.8)
    assert step_all(momenta, drift, diffusion, 0.9, np.array([[0.0], [1.0]])) == -1
    decay, covariance = np.empty((1, 1)), np.empty((1, 1))
    exact(drift[0], diffusion[0], 0.9, decay, covariance)
    assert momenta[0, 0] == pytest.approx(decay[0, 0], rel=1e-13)
    assert momenta[1, 0] - momenta[0, 0] == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-12)


def test_factor() -> None:
    """Rank-deficient covariances are factors of themselves; indefinite ones are refused."""
    root = np.random.default_rng(3).standard_normal((4, 2))
    low = np.empty((4, 4))
    assert factor(root @ root.T, low)
    assert np.allclose(low @ low.T, root @ root.T, atol=1e-6)
    assert factor(np.zeros((3, 3)), low[:3, :3].copy())
    assert not factor(np.diag([1.0, -1e-3]), np.empty((2, 2)))
    assert not factor(np.array([[0.0, 0.1], [0.1, 1.0]]), np.empty((2, 2)))


def test_moments_of_a_step() -> None:
    """Mean and covariance of many draws from one start."""
    random = np.random.default_rng(5)
    drift, diffusion = random_case(2, 2)
    count = 200_000
    momenta = np.tile([1.0, -2.0], (count, 1))
    normals = random.standard_normal((count, 2))
    step_all(momenta, np.tile(drift, (count, 1, 1)), np.tile(diffusion, (count, 1, 1)), 0.4, normals)
    decay, covariance = van_loan(drift, diffusion, 0.4)
    error = np.sqrt(np.diag(covariance) / count)
    assert np.all(np.abs(momenta.mean(axis=0) - decay @ [1.0, -2.0]) < 4 * error)
    spread = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / count)
    assert np.all(np.abs(np.cov(momenta.T) - covariance) < 4 * spread)


def test_noise_that_cannot_be() -> None:
    """A negative D is found, at the first point where it is."""
    diffusion = np.array([[[1.0]], [[-1.0]], [[-2.0]]])
    assert step_all(np.zeros((3, 1)), np.zeros((3, 1, 1)), diffusion, 0.1, np.ones((3, 1))) == 1
    wide = np.array([np.eye(2), np.diag([1.0, -0.1])])
    assert step_all(np.zeros((2, 2)), np.zeros((2, 2, 2)), wide, 0.1, np.ones((2, 2))) == 1
