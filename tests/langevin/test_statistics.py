"""Statistics of ensembles on data with known answers: levels of tests, coverage of errors, exact small cases."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal, stats

from nonadia.langevin.statistics import (
    batch_mean,
    batch_moments,
    blocking,
    chi_squared,
    chi_squared_of_batches,
    exit_rate,
    jackknife,
    kaplan_meier,
    kolmogorov_smirnov,
    mean_first_passage,
    probability,
    relaxation_rate,
    scattering,
    steady_state,
    variance,
)
from nonadia.langevin.statistics.sums import Sums


def autoregressive(rng: np.random.Generator, shape: tuple[int, ...], correlation: float, axis: int = 0) -> NDArray:
    """Stationary Gaussian series of unit variance and correlation e^{-n/correlation} along an axis."""
    phi = np.exp(-1.0 / correlation)
    noise = np.moveaxis(rng.standard_normal(shape), axis, 0)
    noise[1:] *= np.sqrt(1.0 - phi**2)
    return np.moveaxis(signal.lfilter([1.0], [1.0, -phi], noise, axis=0), 0, axis)


# batches and sums


def test_sums_are_the_same_bits_for_every_chunking_and_leave_out_who_left() -> None:
    rng = np.random.default_rng(3)
    values = rng.standard_normal((1000, 3)) * np.array([1.0, 1e6, 1e-6])
    values[rng.random(1000) < 0.1] = np.nan
    whole = batch_moments(values, 37)
    for cut in (1, 5, 13):
        parts = [batch_moments(values[first : first + 37 * cut], 37) for first in range(0, 1000, 37 * cut)]
        assert np.array_equal(np.concatenate([part.powers for part in parts]), whole.powers)
        assert np.array_equal(np.concatenate([part.counts for part in parts]), whole.counts)
    # strides and order in memory do not matter either
    assert np.array_equal(batch_moments(np.asfortranarray(values), 37).powers, whole.powers)
    padded = np.concatenate([values, np.full((37 * 28 - 1000, 3), np.nan)])
    assert np.array_equal(batch_moments(padded, 37).powers, whole.powers)
    finite = np.isfinite(values).all(axis=1)
    assert np.array_equal(whole.counts.sum(axis=0), np.full(3, finite.sum()))
    np.testing.assert_allclose(whole.powers.sum(axis=0)[0], values[finite].sum(axis=0), rtol=1e-11)
    np.testing.assert_allclose(whole.means()[0], np.nanmean(values[:37], axis=0), rtol=1e-13)
    np.testing.assert_allclose(whole.squares()[3], np.nanmean(values[111:148] ** 2, axis=0), rtol=1e-13)
    assert np.isnan(Sums(np.zeros((1, 1), dtype=int), np.zeros((1, 2, 1))).means()).all()


def test_batch_mean_of_unequal_batches_has_unbiased_error() -> None:
    rng = np.random.default_rng(5)
    sizes = np.array([10, 20, 40, 80, 5, 7])
    scores, squares = [], []
    for _ in range(4000):
        values = rng.standard_normal(sizes.size) / np.sqrt(sizes)
        found = batch_mean(values, sizes)
        scores.append(float(found.deviation(0.0)))
        squares.append(float(found.error) ** 2)
    assert found.degrees == 5
    # var of the mean is 1/Σn; relative standard error of the average of error² is √(2/5/4000)
    assert np.mean(squares) * sizes.sum() == pytest.approx(1.0, abs=4 * np.sqrt(2 / 5 / 4000))
    assert stats.kstest(scores, stats.t(5).cdf).pvalue > 0.001
    inside = np.mean(np.abs(scores) < stats.t.isf(0.025, 5))
    assert inside == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 4000))
    assert float(found.half_width()) == pytest.approx(stats.t.isf(0.025, 5) * float(found.error))


def test_batch_mean_ignores_missing_batches_and_says_nan_for_one() -> None:
    values = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, np.nan]])
    found = batch_mean(values)
    np.testing.assert_allclose(found.value, [3.0, 2.0])
    assert found.error[0] == pytest.approx(2.0 / np.sqrt(3.0)) and np.isnan(found.error[1])
    assert found.degrees.tolist() == [2.0, 0.0]
    with pytest.raises(ValueError, match=r"weights: shape \(4,\)"):
        batch_mean(values, np.ones(4))


def test_jackknife_of_the_mean_is_the_batch_mean_and_removes_the_bias_of_a_variance() -> None:
    rng = np.random.default_rng(8)
    values = rng.standard_normal(12)
    plain, jack = batch_mean(values), jackknife(lambda mean: mean, values)
    assert float(jack.value) == pytest.approx(float(plain.value), rel=1e-12)
    assert float(jack.error) == pytest.approx(float(plain.error), rel=1e-12)
    single = np.array([[v, v * v] for v in values])
    exact = jackknife(lambda both: both[1] - both[0] ** 2, single)
    assert float(exact.value) == pytest.approx(values.var(ddof=1), rel=1e-10)


def test_variance_of_unequal_batches_is_covered_by_its_error() -> None:
    rng = np.random.default_rng(9)
    sizes = np.array([50, 100, 30, 80, 60, 90, 40, 70, 55, 65, 75, 85])
    inside, values = 0, []
    for _ in range(500):
        samples = [rng.standard_normal(n) + 2.0 for n in sizes]
        found = variance([s.mean() for s in samples], [np.mean(s * s) for s in samples], sizes)
        inside += abs(float(found.deviation(1.0))) < stats.t.isf(0.025, 11)
        values.append(float(found.value))
    assert inside / 500 == pytest.approx(0.95, abs=0.035)
    assert np.mean(values) == pytest.approx(1.0, abs=4 * np.sqrt(2 / sizes.sum() / 500))


# blocking


@pytest.mark.parametrize(("correlation", "length"), [(0.05, 1000), (3.0, 2000), (10.0, 4001), (40.0, 20000)])
def test_blocking_finds_the_error_of_a_correlated_series(correlation: float, length: int) -> None:
    series = autoregressive(np.random.default_rng(2), (200, length), correlation, axis=1)
    found = [blocking(s) for s in series]
    phi = np.exp(-1.0 / correlation)
    exact = np.sqrt((1 + phi) / (1 - phi) / length)
    assert np.sqrt(np.mean([f.error**2 for f in found])) == pytest.approx(exact, rel=0.12)
    scores = [f.value / f.error for f in found]
    assert np.std(scores) == pytest.approx(1.0, abs=0.2)
    assert np.mean([f.plateau for f in found]) > 0.95
    assert np.median([f.inefficiency for f in found]) == pytest.approx((1 + phi) / (1 - phi), rel=0.25)


def test_blocking_sees_that_a_series_is_too_short_or_drifts() -> None:
    rng = np.random.default_rng(4)
    short = autoregressive(rng, (100, 1000), 500.0, axis=1)
    assert np.mean([blocking(s).plateau for s in short]) < 0.1
    assert not blocking(np.linspace(0.0, 10.0, 2000) + rng.standard_normal(2000)).plateau
    constant = blocking(np.full(100, 0.1))
    assert constant.error == 0.0 and constant.plateau
    assert np.isnan(blocking([1.0]).error)


# steady states

TIMES = np.arange(200) * 2.0


@pytest.mark.parametrize("batches", [10, 64])
@pytest.mark.parametrize("correlation", [2.0, 20.0, 150.0])
def test_stationary_ensembles_are_called_stationary(batches: int, correlation: float) -> None:
    seen, scores = 0, []
    for seed in range(150):
        found = steady_state(TIMES, autoregressive(np.random.default_rng(seed), (batches, 200, 4), correlation, axis=1))
        if found.since is not None:
            seen += 1
            scores += list(found.value / found.error)
            assert not found.messages
    assert seen >= 0.95 * 150
    assert np.std(scores) == pytest.approx(np.sqrt(1 + 2 / (batches - 3)), abs=0.12)  # Student's t, 600 scores


def relaxing(seed: int, batches: int, amplitude: float, constant: float) -> NDArray:
    """Three observables; one relaxes with a time constant in units of the record, from `amplitude` standard errors."""
    values = autoregressive(np.random.default_rng(seed), (batches, 200, 3), 10.0, axis=1)
    values[:, :, 1] += amplitude / np.sqrt(batches) * np.exp(-TIMES / (constant * TIMES[-1]))
    return values


@pytest.mark.parametrize(("amplitude", "constant"), [(30.0, 0.5), (30.0, 1.0), (30.0, 2.0), (300.0, 0.4), (300.0, 4.0)])
def test_slow_relaxation_is_no_steady_state(amplitude: float, constant: float) -> None:
    found = [steady_state(TIMES, relaxing(seed, 32, amplitude, constant), names="abc") for seed in range(40)]
    assert all(f.since is None for f in found)
    assert all(np.isnan(f.value).all() for f in found)
    assert all(any(": b " in message and "; run " in message for message in f.messages) for f in found)


@pytest.mark.parametrize(("amplitude", "constants"), [(30.0, 3.0), (100.0, 4.0)])
def test_relaxation_is_discarded_and_does_not_bias_the_mean(amplitude: float, constants: float) -> None:
    found = [steady_state(TIMES, relaxing(seed, 32, amplitude, 0.1)) for seed in range(60)]
    since = np.array([TIMES[f.since] / (0.1 * TIMES[-1]) for f in found if f.since is not None])
    assert since.size >= 0.9 * 60
    assert np.median(since) > constants and np.quantile(since, 0.05) > constants - 1.0
    scores = [f.value[1] / f.error[1] for f in found if f.since is not None]
    assert abs(np.mean(scores)) < 0.4 + 3 / np.sqrt(len(scores)) and np.std(scores) < 1.35
    visible = [f.time_constant[1] for f in found]
    assert np.median(visible) == pytest.approx(0.1 * TIMES[-1], rel=0.2)


def test_fast_transient_over_within_the_first_stored_times_is_no_obstacle() -> None:
    times, outcomes = np.arange(41.0), []
    for seed in range(60):
        values = autoregressive(np.random.default_rng(seed), (128, 41, 4), 1.5, axis=1)
        values += np.array([2.0, -1.0, 3.0, 0.5]) * np.exp(-times / 0.7)[:, None]
        outcomes.append(steady_state(times, values).since)
    assert sum(since is not None and since <= 15 for since in outcomes) >= 54


def test_slow_relaxation_behind_a_fast_one_is_not_overlooked() -> None:
    outcomes = []
    for seed in range(30):
        values = autoregressive(np.random.default_rng(seed), (32, 200, 2), 5.0, axis=1)
        fast, slow = np.exp(-TIMES / (0.02 * TIMES[-1])), np.exp(-TIMES / (0.6 * TIMES[-1]))
        values[..., 0] += (200.0 * fast + 10.0 * slow) / np.sqrt(32)
        outcomes.append(steady_state(TIMES, values).since)
    assert outcomes == [None] * 30


def test_one_long_trajectory_uses_blocking_in_time() -> None:
    times = np.arange(4000.0)
    stationary = [
        steady_state(times, autoregressive(np.random.default_rng(s), (1, 4000, 2), 10.0, axis=1)) for s in range(60)
    ]
    assert sum(f.since is not None for f in stationary) >= 57
    scores = np.concatenate([f.value / f.error for f in stationary if f.since is not None])
    assert np.std(scores) == pytest.approx(1.0, abs=0.25)
    for constant, steady in ((0.1, True), (0.5, False), (2.0, False)):
        outcomes = []
        for seed in range(20):
            values = autoregressive(np.random.default_rng(seed), (1, 4000, 2), 10.0, axis=1)
            values[..., 0] += 5.0 * np.exp(-times / (4000 * constant))
            outcomes.append(steady_state(times, values).since)
        if steady:
            since = [s for s in outcomes if s is not None]
            # 3 time constants, in noise of one trajectory
            assert len(since) >= 18 and np.median(since) >= 1200 and min(since) >= 800
        else:
            assert outcomes == [None] * 20


def test_steady_state_of_conserved_missing_and_leaving() -> None:
    rng = np.random.default_rng(6)
    values = autoregressive(rng, (16, 200, 3), 5.0, axis=1)
    values[..., 1] = 0.25
    values[..., 2] = np.nan
    values[3, 150:] = np.nan  # everybody in batch 3 has left
    found = steady_state(TIMES, values, np.full((16, 200), 7.0))
    assert found.since == 0 and found.degrees.tolist() == [14.0, 14.0, 0.0]
    assert found.value[1] == 0.25 and found.error[1] == 0.0 and np.isnan(found.value[2])
    drift = values.copy()
    drift[..., 1] += 1e-4 * TIMES
    assert steady_state(TIMES, drift).since is None
    short = steady_state(TIMES[:5], values[:, :5])
    assert short.since is None and "too few" in short.messages[0]
    with pytest.raises(ValueError, match="means: shape"):
        steady_state(TIMES[:7], values)


# survival


def test_kaplan_meier_by_hand() -> None:
    durations = [1.0, 2.0, 2.0, 3.0, 4.0, 5.0]
    left = [True, True, False, True, False, True]
    found = kaplan_meier(durations, left, [0.0, 1.0, 2.5, 3.0, 5.0, 6.0])
    s1, s2, s3 = 5 / 6, 5 / 6 * 4 / 5, 5 / 6 * 4 / 5 * 2 / 3
    np.testing.assert_allclose(found.survival, [1.0, s1, s2, s3, 0.0, 0.0], atol=1e-15)
    assert found.error[2] == pytest.approx(s2 * np.sqrt(1 / (6 * 5) + 1 / (5 * 4)))
    assert found.error[0] > 0 and found.error[4] > 0  # nothing is certain after six trajectories
    assert found.exits.tolist() == [0, 1, 2, 3, 4, 4] and found.at_risk.tolist() == [6, 6, 3, 3, 1, 0]
    censored = kaplan_meier([1.0, 2.0], [True, False], [1.5, 3.0])
    assert censored.survival[0] == 0.5 and np.isnan(censored.survival[1])
    with pytest.raises(ValueError, match="durations: must be finite"):
        kaplan_meier([np.nan], [False])


def test_kaplan_meier_covers_the_exact_survival_under_random_censoring() -> None:
    rng = np.random.default_rng(12)
    scores = []
    for _ in range(400):
        passage, seen = rng.exponential(1.0, 300), rng.uniform(0.0, 3.0, 300)
        curve = kaplan_meier(np.minimum(passage, seen), passage <= seen, [1.0])
        scores.append((curve.survival[0] - np.exp(-1.0)) / curve.error[0])
    assert abs(np.mean(scores)) < 4 / np.sqrt(400) and np.std(scores) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("end", [0.3, 1.0, 10.0])
def test_rate_is_covered_and_the_test_has_its_level(end: float) -> None:
    rng = np.random.default_rng(13)
    scores, refused, below = [], 0, 0
    for _ in range(400):
        passage = rng.exponential(0.5, 200)
        found = exit_rate(np.minimum(passage, end), passage <= end, lag=0.0)
        scores.append((found.rate - 2.0) / found.error)
        refused += found.p_value < 0.05
        below += found.upper < 2.0
    assert abs(np.mean(scores)) < 0.25 and np.std(scores) == pytest.approx(1.0, abs=0.12)
    assert refused / 400 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)
    assert below / 400 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)


def test_rate_after_a_lag_and_refusal_of_what_is_no_rate() -> None:
    rng = np.random.default_rng(14)
    delayed = 1.0 + rng.exponential(2.0, 2000)
    seen = np.minimum(delayed, 8.0)
    at_once, found = exit_rate(seen, delayed <= 8.0, lag=0.0), exit_rate(seen, delayed <= 8.0)
    assert at_once.p_value < 1e-6 and "not exponential" in at_once.messages[0]
    assert found.lag >= 1.0 and found.p_value > 0.05 and abs(found.rate - 0.5) < 3 * found.error
    broad = np.where(rng.random(2000) < 0.5, rng.exponential(0.1, 2000), rng.exponential(10.0, 2000))
    assert exit_rate(broad, np.ones(2000, dtype=bool), lag=0.0).p_value < 1e-6
    with pytest.raises(ValueError, match="lag"):
        exit_rate(seen, delayed <= 8.0, lag="long")


def test_no_exit_gives_an_upper_bound() -> None:
    found = exit_rate(np.full(100, 5.0), np.zeros(100, dtype=bool))
    assert found.rate == 0.0 and np.isnan(found.error) and found.exits == 0
    assert found.upper == pytest.approx(-np.log(0.05) / 500.0, rel=1e-10)
    assert any("below" in message for message in found.messages)
    bound = mean_first_passage(np.full(100, 5.0), np.zeros(100, dtype=bool))
    assert bound.source == "none left" and bound.value == pytest.approx(1.0 / found.upper)


def test_mean_first_passage_times() -> None:
    rng = np.random.default_rng(15)
    scores = []
    for _ in range(300):
        delayed = 1.0 + rng.exponential(2.0, 300)  # mean 3
        seen, left = np.minimum(delayed, 4.0), delayed <= 4.0
        found = mean_first_passage(seen, left, exit_rate(seen, left, 1.5))
        scores.append((found.value - 3.0) / found.error)
        assert found.source == "exponential tail"
    assert abs(np.mean(scores)) < 0.25 and np.std(scores) == pytest.approx(1.0, abs=0.13)
    everybody = mean_first_passage(delayed, np.ones(300, dtype=bool))
    assert everybody.source == "all left" and everybody.value == pytest.approx(delayed.mean())


def test_error_of_the_mean_first_passage_with_ties() -> None:
    """Greenwood's sum written out, with times that several trajectories share, 0 among them."""
    rng = np.random.default_rng(16)
    times = np.floor(rng.exponential(8.0, 400))
    seen, left = np.minimum(times, 12.0), times < 12.0
    fit = exit_rate(seen, left, 6.5)
    steps = [(t, np.count_nonzero(left & (seen == t)), np.count_nonzero(seen >= t)) for t in np.unique(seen[left]) if t <= 6.5]
    knots, heights = [0.0, *(t for t, _, _ in steps), 6.5], [1.0]
    for _, exits, risk in steps:
        heights.append(heights[-1] * (1 - exits / risk))
    tail, variance = heights[-1] / fit.rate, (heights[-1] / fit.rate) ** 2 / fit.exits
    for j, (_, exits, risk) in enumerate(steps, 1):
        after = sum(heights[k] * (knots[k + 1] - knots[k]) for k in range(j, len(heights))) + tail
        variance += after**2 * exits / (risk * (risk - exits))
    found = mean_first_passage(seen, left, fit)
    assert found.error == pytest.approx(np.sqrt(variance), rel=1e-12) and found.source == "exponential tail"


def test_wilson_intervals() -> None:
    # scipy's own implementation as the reference
    for events, trials in ((0, 10), (3, 17), (17, 17), (250, 1000)):
        found = probability(events, trials)
        reference = stats.binomtest(events, trials).proportion_ci(method="wilson")
        assert (float(found.lower), float(found.upper)) == pytest.approx((reference.low, reference.high), abs=1e-12)
        assert found.error > 0 and found.lower <= found.value <= found.upper
    assert float(probability(250, 1000).error) == pytest.approx(np.sqrt(0.25 * 0.75 / 1000), rel=1e-2)


# relaxation, scattering


def vibrational(rng: np.random.Generator, batches: int, rate: float, times: NDArray) -> NDArray:
    """Batch means of an energy that relaxes with noise correlated over the relaxation time."""
    noise = autoregressive(rng, (batches, times.size), 1.0 / (rate * (times[1] - times[0])), axis=1)
    return 1.0 + 4.0 * np.exp(-rate * times) + 0.3 * noise


def test_relaxation_rate_is_covered_and_one_exponential_accepted() -> None:
    rng = np.random.default_rng(16)
    times = np.linspace(0.0, 8.0, 81)
    found = [relaxation_rate(times, vibrational(rng, 40, 0.7, times)) for _ in range(80)]
    scores = [(f.rate - 0.7) / f.error for f in found]
    assert abs(np.mean(scores)) < 0.4 and np.std(scores) == pytest.approx(1.0, abs=0.25)
    assert np.mean([f.p_value < 0.05 for f in found]) < 0.15
    assert np.mean([bool(f.messages) for f in found]) < 0.08
    known = relaxation_rate(times, vibrational(rng, 40, 0.7, times), asymptote=1.0)
    assert abs(known.rate - 0.7) < 4 * known.error and known.asymptote == 1.0 and known.asymptote_error < 1e-12
    assert abs(known.amplitude - 4.0) < 4 * known.amplitude_error


def test_relaxation_says_when_the_data_do_not_support_it() -> None:
    rng = np.random.default_rng(17)
    times = np.linspace(0.0, 8.0, 81)
    noise = 0.05 * autoregressive(rng, (40, 81), 10.0, axis=1)
    two = relaxation_rate(times, 2.0 * np.exp(-4.0 * times) + np.exp(-0.4 * times) + noise)
    assert two.p_value < 0.01 and "one exponential does not describe" in two.messages[-1]
    flat = relaxation_rate(times, 20.0 * noise)
    assert any("no decay is visible" in m for m in flat.messages)
    slow = relaxation_rate(times, np.exp(-times / 30.0) + 0.02 * noise)
    assert any("shorter than 1/k" in m for m in slow.messages)
    with pytest.raises(ValueError, match="batches: shape"):
        relaxation_rate(times, noise[:1])


def test_scattering_statistics() -> None:
    rng = np.random.default_rng(18)
    index = np.array([0] * 600 + [1] * 1 + [-1] * 399)
    momentum = np.where(index == 0, -20.0, 5.0)[:, None] + rng.standard_normal((1000, 1))
    initial, final = np.full(1000, 0.5), np.where(index == 0, 0.3, 0.1) + 0.01 * rng.standard_normal(1000)
    found = scattering(index, 3, momentum, initial, final)
    assert found.number.tolist() == [600, 1, 0, 399]
    np.testing.assert_allclose(found.probability, [0.6, 0.001, 0.0, 0.399])
    assert np.all(found.probability_error > 0) and found.upper[2] < 0.005
    assert abs(found.momentum[0, 0] + 20.0) < 4 * found.momentum_error[0, 0] < 0.2
    assert abs(found.energy_loss[0] - 0.2) < 4 * found.energy_loss_error[0] < 0.002
    np.testing.assert_allclose(found.energy_loss, 0.5 - found.energy, atol=1e-12)
    assert np.isnan(found.energy[2]) and np.isnan(found.energy_error[1]) and np.isfinite(found.energy[1])
    with pytest.raises(ValueError, match="exit_index"):
        scattering([3], 3, momentum[:1], initial[:1], final[:1])


# comparisons


def test_chi_squared_and_kolmogorov_smirnov_have_their_level_and_power() -> None:
    rng = np.random.default_rng(20)
    edges = np.concatenate([[-np.inf], np.linspace(-3, 3, 25), [np.inf]])
    chances = np.diff(stats.norm.cdf(edges))
    chi, ks = [], []
    for _ in range(500):
        samples = rng.standard_normal(500)
        chi.append(chi_squared(np.histogram(samples, edges)[0], chances))
        ks.append(kolmogorov_smirnov(samples, stats.norm.cdf).p_value)
    assert 5 < chi[0].degrees < 24
    for p_values in ([c.p_value for c in chi], ks):
        assert stats.kstest(p_values, "uniform").pvalue > 1e-3
    assert ks[-1] == pytest.approx(stats.kstest(samples, "norm").pvalue, rel=1e-6)
    hot = 1.1 * rng.standard_normal(20000)
    assert chi_squared(np.histogram(hot, edges)[0], chances).p_value < 1e-6
    assert kolmogorov_smirnov(hot, stats.norm.cdf).p_value < 1e-6
    with pytest.raises(ValueError, match="probabilities: sum"):
        chi_squared([10, 10], [0.5, 0.4])
    with pytest.raises(ValueError, match="more samples"):
        chi_squared([3, 4], [0.5, 0.5])


def test_correlated_samples_need_batches_or_an_inefficiency() -> None:
    rng = np.random.default_rng(21)
    edges = np.concatenate([[-np.inf], np.linspace(-3, 3, 25), [np.inf]])
    chances = np.diff(stats.norm.cdf(edges))
    naive, batched, thinned = [], [], []
    for _ in range(300):
        series = autoregressive(rng, (64, 200), 20.0, axis=1)
        counts = np.stack([np.histogram(s, edges)[0] for s in series])
        naive.append(chi_squared(counts.sum(axis=0), chances).p_value)
        batched.append(chi_squared_of_batches(counts, chances).p_value)
        thinned.append(kolmogorov_smirnov(series, stats.norm.cdf, inefficiency=40.0).p_value)
    assert np.mean(np.array(naive) < 0.05) > 0.9
    assert np.mean(np.array(batched) < 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 300)
    assert np.mean(batched) == pytest.approx(0.5, abs=4 / np.sqrt(12 * 300))
    assert np.mean(np.array(thinned) < 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 300)
    hot = np.stack([np.histogram(1.5 * s, edges)[0] for s in series])
    assert chi_squared_of_batches(hot, chances).p_value < 1e-4
    with pytest.raises(ValueError, match="batches"):
        chi_squared_of_batches(counts[:5], chances)
