"""Real form of complex rates, spectral factors, common rates: against dense linear algebra and known processes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm, solve_continuous_lyapunov

from nonadia.langevin.memory.rates import common_rates
from nonadia.langevin.memory.realisation import NegativeSpectrum, RealForm, factorise, lowest_spectrum, stationary

RATES = np.array([1e-3, 1e-2, 0.3, 0.02 + 0.05j, 0.02 - 0.05j, 0.5 + 0.2j])


def process(c: int, count: int, seed: int, smooth: bool = False) -> tuple[RealForm, NDArray]:
    """N (count, n, c, c) of random processes with RATES; smooth: D'(0+) = 0."""
    form = RealForm.of(RATES)
    _, observe = form.full(c)
    white = np.random.default_rng(seed).standard_normal((count, form.size * c, c))
    if smooth:
        white = white - observe.T @ np.linalg.solve(observe @ observe.T, observe @ white)
    return form, (stationary(form, white) @ observe.T).reshape(count, form.size, c, c)


def test_the_real_form_is_the_sum_of_exponentials() -> None:
    random = np.random.default_rng(1)
    amplitudes = random.standard_normal((4, 6, 2, 2)) + 1j * random.standard_normal((4, 6, 2, 2))
    form = RealForm.of(RATES)
    assert form.size == 7  # three real rates, two pairs
    inputs, time, frequency = form.inputs(amplitudes), np.array([0.0, 3.0, 200.0]), np.array([0.0, 0.05, 2.0])
    wanted = np.einsum("kt,xkij->xtij", np.exp(-np.outer(RATES, time)), amplitudes).real
    matrix, observe = form.full(2)
    for t, value in zip(time, np.moveaxis(wanted, 1, 0), strict=True):
        assert np.abs(observe @ expm(-matrix * t) @ inputs.reshape(4, 14, 2) - value).max() < 1e-12
    assert np.abs(form.at_times(inputs, time) - wanted).max() < 1e-12
    for k, w in enumerate(frequency):
        dense = observe @ np.linalg.solve(matrix - 1j * w * np.eye(14), inputs.reshape(4, 14, 2).astype(complex))
        assert np.abs(form.at_frequencies(inputs, frequency)[:, k] - dense).max() < 1e-9 * np.abs(dense).max()


def test_stationary_covariance() -> None:
    form = RealForm.of(RATES)
    matrix, _ = form.full(2)
    white = np.random.default_rng(2).standard_normal((1, 14, 3))
    assert np.allclose(stationary(form, white)[0], solve_continuous_lyapunov(matrix, white[0] @ white[0].T), rtol=1e-9)


@pytest.mark.parametrize("c", [1, 2, 3])
def test_a_spectral_factor_gives_the_correlation_back(c: int) -> None:
    form, inputs = process(c, 3, seed=c)
    found = factorise(form, inputs, 1e-9 * np.abs(inputs).max())
    matrix, observe = form.full(c)
    for k in range(3):  # by dense Lyapunov, not by `stationary`
        covariance = solve_continuous_lyapunov(matrix, found.white[k] @ found.white[k].T)
        assert np.abs(covariance @ observe.T - inputs[k].reshape(-1, c)).max() < 1e-9 * np.abs(inputs[k]).max()
    assert not found.added.any()


@pytest.mark.parametrize("c", [1, 2])
def test_a_correlation_without_a_kink_at_zero_is_realised_too(c: int) -> None:
    """D'(0+) = 0, a spectrum like 1/ω⁴: the Riccati equation alone is singular. What is added is stated."""
    form, inputs = process(c, 2, seed=5, smooth=True)
    largest = np.abs(form.at_frequencies(inputs, form.frequencies())).max()
    found = factorise(form, inputs, 1e-9 * largest)
    _, observe = form.full(c)
    assert 0 < found.added.max() < 1e-8 * largest
    realised = (found.covariance @ observe.T).reshape(inputs.shape)
    time = np.concatenate([[0.0], np.geomspace(0.01, 3000, 30)])
    # the spectrum added is ε Re Σ |λ| e^{-λt}, `added` at its largest; in time it is largest at t = 0
    lift = np.zeros((form.size, 1, 1))
    lift[form.rows, 0, 0] = np.abs(form.rates)
    most = found.added.max() * np.abs(form.rates).sum() / np.abs(form.at_frequencies(lift, form.frequencies())).max()
    change = np.abs(form.at_times(realised - inputs, time)).max()
    assert 0.1 * most < change < 1.01 * most


def test_a_negative_spectrum_is_refused_with_frequency_and_value() -> None:
    """D = e^{-t} - 1.5 e^{-2t}: D(ω) = 1/(1+ω²) - 3/(4+ω²), smallest where (4+ω²)² = 3 (1+ω²)²."""
    form, inputs = RealForm.of([1.0, 2.0]), np.array([1.0, -1.5]).reshape(1, 2, 1, 1)
    at = np.sqrt((4 - np.sqrt(3.0)) / (np.sqrt(3.0) - 1))
    value = 1 / (1 + at**2) - 3 / (4 + at**2)
    lowest, frequency = lowest_spectrum(form, inputs[0], None, form.frequencies())
    assert lowest == pytest.approx(value, rel=1e-6)
    assert frequency == pytest.approx(at, rel=1e-3)
    with pytest.raises(NegativeSpectrum, match=rf"{value:.3g} at frequency 1.76\d* at x = 3"):
        factorise(form, inputs, 1e-3, lambda _: " at x = 3")


def test_a_spectrum_negative_within_its_error_is_lifted_and_no_more() -> None:
    form = RealForm.of([1.0, 2.0, 0.3 + 2.0j])
    inputs = form.inputs(np.array([1.0, 0.0, -0.2]).reshape(1, 3, 1, 1).astype(complex))
    value, _ = lowest_spectrum(form, inputs[0], None, form.frequencies())
    assert value < -0.01
    found = factorise(form, inputs, 2.0)
    realised = (found.covariance[0] @ form.observe).reshape(-1, 1, 1)
    change = form.at_frequencies(realised - inputs[0], form.frequencies())[:, 0, 0].real
    assert 0 < change.min() and change.max() <= found.added[0] * (1 + 1e-6)
    assert lowest_spectrum(form, realised, None, form.frequencies())[0] > -1e-10


def test_no_noise_at_a_geometry() -> None:
    form, inputs = process(2, 2, seed=3)
    inputs[0] = 0.0
    inputs[1, :, 1], inputs[1, :, :, 1] = 0.0, 0.0  # the second force has none
    found = factorise(form, inputs, 1e-9)
    _, observe = form.full(2)
    assert not found.white[0].any()
    realised = (found.covariance[1] @ observe.T).reshape(inputs[1].shape)
    assert np.abs(realised[:, 1]).max() < 1e-7 * np.abs(inputs[1]).max()
    assert np.abs(realised[:, 0, 0] - inputs[1, :, 0, 0]).max() < 1e-7 * np.abs(inputs[1]).max()


@pytest.mark.parametrize("rates", [[0.0], [1.0, -0.1 + 1j], [np.nan], []])
def test_rates_that_do_not_decay_are_refused(rates: list[complex]) -> None:
    with pytest.raises(ValueError, match="rates"):
        RealForm.of(rates)


def test_common_rates_of_kernels_whose_rates_drift() -> None:
    """γ(x,t) = x e^{-(1+x/10)t} + ½ e^{-t/4} cos(xt): the refit keeps integrals and states its error."""
    x = np.linspace(0.5, 1.5, 21)
    rates = np.stack([1 + x / 10 + 0j, 0.25 + 1j * x, 0.25 - 1j * x], axis=1)
    friction = np.stack([x + 0j, 0.25 + 0j * x, 0.25 + 0j * x], axis=1)[..., None, None]
    noise = friction * np.array([1.0, 2.0, 2.0])[:, None, None]
    time = np.linspace(0, 30, 301)
    exact = np.einsum("xkt,xk->xt", np.exp(-rates[..., None] * time), friction[..., 0, 0]).real
    sizes = []
    for tolerance in (1e-2, 1e-4):
        found = common_rates(rates, friction, noise, tolerance)
        sizes.append(found.form.size)
        error = np.abs(found.form.at_times(found.friction, time)[:, :, 0, 0] - exact).max() / np.abs(exact).max()
        assert error <= 1.5 * found.friction_error <= 1.5 * tolerance
        integral = (friction[..., 0, 0] / rates).sum(axis=1).real
        refitted = found.form.at_frequencies(found.friction, np.zeros(1))[:, 0, 0, 0].real
        assert np.abs(refitted / integral - 1).max() < 1e-6
    assert sizes[0] < sizes[1] < 63


def test_rates_that_are_common_already_are_kept() -> None:
    rates = np.tile(np.array([0.5, 2.0 + 1j]), (3, 1))
    friction = np.arange(1.0, 7.0).reshape(3, 2, 1, 1).astype(complex)
    found = common_rates(rates, friction, 2 * friction, 1e-3)
    assert np.array_equal(found.form.rates, rates[0])
    assert found.friction_error == found.noise_error == 0.0
    assert np.array_equal(found.noise, 2 * found.friction)
