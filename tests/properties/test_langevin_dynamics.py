"""Random fields and tensors: the exact local step, reversibility without noise, cuts of an ensemble, units, Boltzmann's law."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nonadia.langevin.field import CallableField
from nonadia.langevin.fokker_planck.solve import fokker_planck
from nonadia.langevin.general import Exits, State, advance
from nonadia.langevin.local import exact, step_all
from nonadia.langevin.schemes.scheme import named

from .cases import cases

Seeds = st.integers(0, 10**6)
Kinds = st.sampled_from(["positive", "negative", "antisymmetric", "any", "defective"])


def drift_of(kind: str, m: int, rng: np.random.Generator) -> NDArray:
    """Λ: with eigenvalues of one sign or of both, a rotation, or not diagonalisable."""
    a = rng.normal(size=(m, m))
    matrices = {
        "positive": a @ a.T + 0.1 * np.eye(m),
        "negative": -a @ a.T - 0.1 * np.eye(m),
        "antisymmetric": a - a.T,
        "any": a,
        "defective": np.diag(np.full(m, rng.normal())) + np.diag(np.ones(m - 1), 1),
    }
    return np.asarray(matrices[kind])


def flow(drift: NDArray, diffusion: NDArray, step: float) -> tuple[NDArray, NDArray]:
    """e^{-Λτ} and Σ."""
    decay, covariance = np.empty_like(drift), np.empty_like(drift)
    exact(drift, diffusion, step, decay, covariance)
    return decay, covariance


@cases(200)
@given(Kinds, st.integers(1, 5), Seeds, st.floats(1e-3, 2.0), st.floats(1e-3, 2.0))
def test_two_steps_are_one(kind: str, m: int, seed: int, one: float, two: float) -> None:
    """E(τ₁+τ₂) = E(τ₂)E(τ₁), Σ(τ₁+τ₂) = E(τ₂)Σ(τ₁)E(τ₂)ᵀ + Σ(τ₂); Σ is symmetric and positive."""
    rng = np.random.default_rng(seed)
    drift, root = drift_of(kind, m, rng), rng.normal(size=(m, m))
    diffusion = root @ root.T
    (e1, s1), (e2, s2), (e, s) = (flow(drift, diffusion, t) for t in (one, two, one + two))
    assert np.abs(e2 @ e1 - e).max() < 1e-11 * max(np.abs(e2).max() * np.abs(e1).max(), 1e-3)
    assert np.abs(e2 @ s1 @ e2.T + s2 - s).max() < 1e-10 * max(np.abs(s).max(), np.abs(e2).max() ** 2 * np.abs(s1).max())
    assert np.abs(s - s.T).max() < 1e-12 * np.abs(s).max()
    assert np.linalg.eigvalsh(s).min() > -1e-12 * np.abs(s).max()


@cases(150)
@given(Kinds, st.integers(1, 5), Seeds, st.floats(1e-3, 3.0))
def test_detailed_balance_of_the_local_step(kind: str, m: int, seed: int, step: float) -> None:
    """Q = ΛS + SΛᵀ, the fluctuation-dissipation theorem of a stationary S: Σ(τ) = S - ESEᵀ for any Λ."""
    rng = np.random.default_rng(seed)
    drift, root = drift_of(kind, m, rng), rng.normal(size=(m, m))
    stationary = root @ root.T
    decay, covariance = flow(drift, drift @ stationary + stationary @ drift.T, step)
    expected = stationary - decay @ stationary @ decay.T
    assert np.abs(covariance - expected).max() < 1e-11 * max(1.0, np.abs(decay).max() ** 2) * np.abs(stationary).max()


@cases(60)
@given(st.integers(2, 4), Seeds, st.floats(0.01, 5.0))
def test_a_magnetic_force_does_no_work(m: int, seed: int, step: float) -> None:
    """Antisymmetric γ, masses of any size: Σ p²/2m stays."""
    rng = np.random.default_rng(seed)
    masses, a, p = rng.uniform(0.5, 20.0, m), rng.normal(size=(m, m)), rng.normal(size=(7, m))
    drift = np.broadcast_to((a - a.T) / masses, (7, m, m)).copy()
    before = (p**2 / masses).sum(axis=1)
    assert step_all(p, drift, np.zeros((7, m, m)), step, rng.normal(size=(7, m))) == -1
    assert np.allclose((p**2 / masses).sum(axis=1), before, rtol=1e-11)


@cases(60)
@given(Kinds, st.integers(2, 4), Seeds, st.floats(0.01, 2.0))
def test_rotated_tensors_give_rotated_flows(kind: str, m: int, seed: int, step: float) -> None:
    """Λ → RΛRᵀ, Q → RQRᵀ: E and Σ with them."""
    rng = np.random.default_rng(seed)
    drift, root = drift_of(kind, m, rng), rng.normal(size=(m, m))
    turn = np.linalg.qr(rng.normal(size=(m, m)))[0]
    diffusion = root @ root.T
    e, s = flow(drift, diffusion, step)
    f, t = flow(turn @ drift @ turn.T, turn @ diffusion @ turn.T, step)
    assert np.abs(f - turn @ e @ turn.T).max() < 1e-11 * np.abs(e).max()
    assert np.abs(t - turn @ s @ turn.T).max() < 1e-11 * np.abs(s).max()


def random_field(seed: int, c: int, scale: float = 1.0, noisy: bool = True) -> CallableField:
    """Nonlinear forces, friction that depends on x and is neither symmetric nor positive; in the unit x/scale of the length."""
    rng = np.random.default_rng(seed)
    masses, stiff, k = rng.uniform(1.0, 4.0, c), rng.uniform(0.5, 1.5, c), rng.normal(size=(c, c))
    base, wave, root = 0.3 * rng.normal(size=(c, c)), 0.2 * rng.normal(size=(c, c)), 0.4 * rng.normal(size=(c, c))

    def times(x: NDArray, matrix: NDArray) -> NDArray:
        """Not by BLAS, whose sums depend on how many points there are."""
        return np.asarray((x[:, None, :] * matrix).sum(axis=-1))

    def bend(x: NDArray) -> NDArray:
        return 1.0 + 0.5 * np.tanh((scale * x).sum(axis=1))[:, None, None]

    return CallableField(
        [f"x{i}" for i in range(c)],
        scale**2 * masses,
        lambda x: scale * (-stiff * scale * x - 0.3 * times(np.sin(times(scale * x, k)), k.T)),
        (lambda x: scale**2 * (base + wave * bend(x))) if noisy else 0.0,
        (lambda x: scale**2 * (root @ root.T) * bend(x)) if noisy else 0.0,
    )


def run(field: CallableField, x: NDArray, p: NDArray, steps: int, scheme: str = "baoab", **options: int) -> State:
    state = State.start(x, p)
    first = options.get("first_step", 0)
    numbers = {"first_step": first, "first_trajectory": options.get("first_trajectory", 0), "key": (3, 5)}
    advance(field, named(scheme), state, step=0.05, steps=steps, exits=Exits(), **numbers)  # type: ignore[arg-type]
    return state


@cases(25)
@given(Seeds, st.integers(1, 3), st.sampled_from(["baoab", "obabo"]))
def test_without_friction_and_noise_time_runs_backwards(seed: int, c: int, scheme: str) -> None:
    """A palindrome of flows: forward, p → -p, forward, p → -p is the start to rounding; the energy error does not drift."""
    rng = np.random.default_rng(seed)
    field, x, p = random_field(seed, c, noisy=False), rng.normal(size=(5, c)), rng.normal(size=(5, c))
    there = run(field, x, p, 200, scheme)
    back = run(field, there.x, -there.p, 200, scheme)
    assert np.abs(back.x - x).max() < 1e-10 and np.abs(back.p + p).max() < 1e-10


@cases(15)
@given(Seeds, st.integers(1, 3), st.integers(1, 10), st.integers(1, 39), st.sampled_from(["baoab", "obabo", "lie-trotter"]))
def test_however_an_ensemble_is_cut(seed: int, c: int, trajectory: int, steps: int, scheme: str) -> None:
    """Parts of the ensemble, and of the time, give the same bits as the whole."""
    rng = np.random.default_rng(seed)
    field, x, p = random_field(seed, c), rng.normal(size=(11, c)), rng.normal(size=(11, c))
    whole = run(field, x, p, 40, scheme)
    part = run(field, x[trajectory:], p[trajectory:], steps, scheme, first_trajectory=trajectory)
    part = run(field, part.x, part.p, 40 - steps, scheme, first_trajectory=trajectory, first_step=steps)
    assert np.array_equal(part.x, whole.x[trajectory:]) and np.array_equal(part.p, whole.p[trajectory:])


@cases(20)
@given(Seeds, st.integers(1, 3), st.integers(-8, 8))
def test_unit_of_length(seed: int, c: int, power: int) -> None:
    """x → x/s, m → s²m, F → sF, γ → s²γ, D → s²D: every single trajectory is the same one, to rounding."""
    rng, s = np.random.default_rng(seed), 2.0**power
    x, p = rng.normal(size=(5, c)), rng.normal(size=(5, c))
    one, other = run(random_field(seed, c), x, p, 60), run(random_field(seed, c, s), x / s, p * s, 60)
    assert np.allclose(s * other.x, one.x, rtol=1e-9, atol=1e-11) and np.allclose(other.p / s, one.p, rtol=1e-9, atol=1e-11)


@cases(2)
@given(Seeds, st.floats(0.1, 0.5))
def test_any_friction_with_its_noise_is_canonical(seed: int, kt: float) -> None:
    """D(x) = γ(x) k_BT: e^{-U/k_BT} whatever γ(x) > 0, by the stationary Fokker-Planck equation within its stated errors."""
    rng = np.random.default_rng(seed)
    a, b, k, mass = *rng.uniform(0.1, 0.4, 2), rng.uniform(0.5, 1.5), rng.uniform(0.7, 3.0)
    depth, place = rng.uniform(-0.2, 0.2), rng.uniform(-0.5, 0.5)

    def potential(x: NDArray) -> NDArray:
        return np.asarray((k * x**2 / 2 + depth * np.tanh(x - place))[:, 0])

    def friction(x: NDArray) -> NDArray:
        return np.asarray(0.1 + a * np.exp(-((x[:, 0] - place) ** 2)) + b * np.tanh(x[:, 0]) ** 2)

    def force(x: NDArray) -> NDArray:
        return np.asarray((-k * x - depth / np.cosh(x - place) ** 2)[:, 0])

    field = CallableField(("x",), (mass,), force, friction, lambda x: kt * friction(x), potential=potential)
    found = fokker_planck(field, tolerance=1e-3)
    assert found.attrs["converged"] == 1, found.attrs["messages"]
    assert abs(float(found["kinetic_temperature"]) / kt - 1.0) < 1e-3
    x = found["x"].values
    weight = np.exp(-potential(x[:, None]) / kt)
    weight /= np.trapezoid(weight, x)
    assert np.trapezoid(np.abs(found["position_density"].values - weight), x) < 2e-3
