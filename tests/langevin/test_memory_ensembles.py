"""Ensembles with memory: oscillators against closed forms, Boltzmann for any coupling, the Markov limit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_lyapunov
from scipy.stats import ks_2samp, kstest

from nonadia.langevin.compiled import philox
from nonadia.langevin.correlation import mean_square_displacement, velocity_correlation
from nonadia.langevin.field import CallableField, Field
from nonadia.langevin.general import Exits, State, advance
from nonadia.langevin.memory.memory_field import MemoryField, memory_field
from nonadia.langevin.schemes.baoab import BAOAB

from .gle_exact import flow
from .test_memory import KT, MASS, STIFFNESS, harmonic_memory

COUNT = 4000
SEED = 11


def run(field: Field, x: NDArray, p: NDArray, step: float, between: int, stored: int) -> tuple[NDArray, NDArray, NDArray]:
    """Times (T,), positions and momenta (T, N, c)."""
    whole = np.concatenate([p, field.start(x, SEED)], axis=1) if isinstance(field, MemoryField) else p
    state, c = State.start(x, whole), x.shape[1]
    positions, momenta = [state.x.copy()], [state.p[:, :c].copy()]
    for k in range(stored - 1):
        advance(
            field, BAOAB, state, step=step, steps=between, first_step=k * between, key=philox.keys(SEED, 0),
            first_trajectory=0, exits=Exits(),
        )  # fmt: skip
        positions.append(state.x.copy())
        momenta.append(state.p[:, :c].copy())
    return np.arange(stored) * between * step, np.array(positions), np.array(momenta)


def thermal(count: int = COUNT) -> tuple[NDArray, NDArray]:
    random = np.random.default_rng(SEED)
    x = np.sqrt(KT / STIFFNESS) * random.standard_normal((count, 1))
    return x, np.sqrt(MASS * KT) * random.standard_normal((count, 1))


@pytest.mark.parametrize(("name", "form"), [("exponential", "passive"), ("exponential", "general"), ("oscillating", "passive")])
def test_correlations_of_an_oscillator(name: str, form: str) -> None:
    """⟨v(t)v(0)⟩ = (k_BT/m) v(t|v_0 = 1), ⟨(x(t) - x(0))²⟩ = 2(k_BT/k)(1 - x(t|x_0 = 1))."""
    field, closed, _ = harmonic_memory(name, form)
    time, x, p = run(field, *thermal(), step=0.05, between=8, stored=21)
    _, value, error = velocity_correlation(p, time, MASS, origins="first")
    assert np.all(np.abs(value[:, 0, 0] - KT / MASS * closed.kick_velocity(time)) < 4 * error[:, 0, 0])
    _, moved, moved_error = mean_square_displacement(x, time, origins="first")
    wanted = 2 * KT / STIFFNESS * (1 - closed.move(time))
    assert np.all(np.abs(moved - wanted[:, None])[1:] < 4 * moved_error[1:])
    _, value, every = velocity_correlation(p, time, MASS, origins="all")
    assert np.all(np.abs(value[:, 0, 0] - KT / MASS * closed.kick_velocity(time)) < 4 * every[:, 0, 0])
    assert np.mean(every[:10] / error[:10]) < 0.8  # more origins, smaller errors


def test_response_and_spreading_of_an_oscillator_far_from_equilibrium() -> None:
    """Mean and variance of x(t) from rest at x = 0 after a kick: D is not proportional to γ."""
    field, closed, (rates, noise) = harmonic_memory("driven")
    time, x, _ = run(field, np.zeros((COUNT, 1)), np.full((COUNT, 1), 3 * MASS), step=0.05, between=10, stored=13)
    mean, variance = x[:, :, 0].mean(axis=1), x[:, :, 0].var(axis=1, ddof=1)
    wanted = np.array([closed.variance(t, rates, noise) for t in time])
    assert np.all(np.abs(mean - 3 * closed.kick(time))[1:] < 4 * np.sqrt(variance[1:] / COUNT))
    assert np.all(np.abs(variance[1:] / wanted[1:] - 1) < 4 * np.sqrt(2 / COUNT))


def test_steady_temperature_far_from_equilibrium() -> None:
    """m⟨v²⟩ of an oscillator in its steady state, as the Lyapunov equation has it; not k_BT of anything."""
    field, _, _ = harmonic_memory("hot")
    _, _, p = run(field, *thermal(), step=0.05, between=400, stored=3)
    steady = solve_continuous_lyapunov(*flow(field, np.array([[STIFFNESS]])))[1, 1] / MASS
    found = np.mean(p[-1] ** 2) / MASS
    assert abs(found / steady - 1) < 4 * np.sqrt(2 / COUNT)
    assert steady > 1.5 * KT


def double_well(x: NDArray) -> NDArray:
    return np.asarray((x[:, 0] ** 2 - 1) ** 2)


def coupling(x: NDArray) -> NDArray:
    """Amplitudes that vary by a factor of thirty over the wells."""
    return np.stack([0.5 + 15 * np.exp(-4 * (x[:, 0] - 0.8) ** 2), 4.0 + 3 * np.tanh(3 * x[:, 0])], axis=1)


def boltzmann(count: int) -> tuple[NDArray, NDArray, Callable[[NDArray], NDArray]]:
    """x from exp(-U/k_BT), p from Maxwell, and the cumulative distribution of x."""
    grid, random = np.linspace(-4, 4, 4001), np.random.default_rng(SEED)
    cumulative = np.cumsum(np.exp(-double_well(grid[:, None]) / KT))
    cumulative /= cumulative[-1]
    x, p = np.interp(random.random(count), cumulative, grid), np.sqrt(KT) * random.standard_normal(count)
    return x[:, None], p[:, None], lambda at: np.interp(at, grid, cumulative)


@pytest.mark.parametrize(
    ("form", "excess", "stays"), [("passive", 0.0, True), ("reciprocal", 0.02, True), ("general", 0.0, False)]
)
def test_a_coupling_that_depends_on_position_leaves_boltzmann(form: str, excess: float, stays: bool) -> None:
    """Memory as long as the motion, amplitudes that vary by thirty: the passive form keeps exp(-H/k_BT).

    With 2% more noise in one exponent the reciprocal form stays as near; the general one, with D = k_BT γ, drives the
    ensemble into one well within a few periods.
    """
    base, grid = CallableField(["x"], 1.0, lambda x: -4 * x * (x**2 - 1), potential=double_well), np.linspace(-3.5, 3.5, 71)
    rates, amplitudes = np.array([0.7, 4.0]), coupling(grid[:, None])
    noise = KT * amplitudes * np.array([1.0, 1.0 + excess])
    if form == "passive":
        field = memory_field(base, rates, coupling, temperature=KT)
    else:
        field = memory_field(base, rates, amplitudes, noise, grid={"x": grid}, form=form if form == "general" else "auto")
        assert f"{form} form" in field.messages[-1]
    start, momenta, cumulative = boltzmann(2500)
    _, x, p = run(field, start, momenta, step=0.1, between=150, stored=2)
    agrees = kstest(x[-1, :, 0], cumulative).pvalue
    assert agrees > 1e-3 if stays else agrees < 1e-6
    if stays:
        assert abs(np.mean(p[-1] ** 2) / KT - 1) < 4 * np.sqrt(2 / 2500)
        assert kstest(p[-1, :, 0] / np.sqrt(KT), "norm").pvalue > 1e-3


def test_markov_limit_of_an_ensemble() -> None:
    """Rates 1e4 per step, γ(x) negative in places, D(x) not k_BT γ: temperature and positions are those without memory."""
    grid = np.linspace(-9, 9, 81)
    friction, noise = 1.0 - 1.3 * np.exp(-4 * grid**2), 0.5 + 0.8 * np.exp(-((grid - 1) ** 2))
    fast = np.array([1e5])
    base = CallableField(["x"], 1.0, lambda x: -x)
    field = memory_field(base, fast, fast * friction[:, None], fast * noise[:, None], grid={"x": grid})
    count = 2500
    found = []
    for which in (field, field.markov()):
        start = np.random.default_rng(len(found)).standard_normal((2, count, 1))
        _, x, p = run(which, start[0], start[1], step=0.1, between=150, stored=2)
        found.append((x[-1, :, 0], p[-1, :, 0]))
    for with_memory, without in zip(*found, strict=True):
        assert ks_2samp(with_memory, without).pvalue > 1e-3
    temperatures = [np.mean(p**2) for _, p in found]
    errors = [np.std(p**2) / np.sqrt(count) for _, p in found]
    assert abs(temperatures[0] - temperatures[1]) < 4 * np.hypot(*errors)
    assert found[0][1].var() != pytest.approx(found[1][1].var(), rel=1e-9)  # two samples, not one


@pytest.mark.parametrize("form", ["passive", "reciprocal", "general"])
def test_bits_do_not_depend_on_who_else_is_in_the_call(form: str) -> None:
    grid = np.linspace(-8, 8, 33)
    base = CallableField(["x"], 1.0, lambda x: -x)
    amplitudes = coupling(grid[:, None])
    field = memory_field(base, [0.7, 4.0 + 0.5j], amplitudes, temperature=KT, grid={"x": grid}, form=form)
    x, p = thermal(9)
    whole = np.concatenate([p, field.start(x, SEED)], axis=1)
    states = []
    for cuts in ([0, 9], [0, 1, 5, 9]):
        parts = []
        for first, last in pairwise(cuts):
            state = State.start(x[first:last], whole[first:last])
            advance(
                field, BAOAB, state, step=0.1, steps=20, first_step=0, key=philox.keys(SEED, 0), first_trajectory=first,
                exits=Exits(),
            )  # fmt: skip
            parts.append(np.concatenate([state.x, state.p], axis=1))
        states.append(np.concatenate(parts))
    assert np.array_equal(*states)
