"""Do samples follow a distribution? χ² of counts and Kolmogorov-Smirnov, for independent and for correlated samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FEWEST = 10.0  # expected samples in a bin
BATCHES_PER_BIN = 4  # batches needed for each bin of the covariance


class Comparison(NamedTuple):
    """A statistic, its degrees of freedom (the bins after merging, less one), the probability of a larger one by chance."""

    statistic: float
    degrees: float
    p_value: float


def _merge(expected: NDArray, least: float) -> NDArray:
    """First bin of each group of neighbours that expects at least `least`; a remainder joins the last group."""
    starts, filled = [0], 0.0
    for k, value in enumerate(expected):
        if filled >= least:
            starts.append(k)
            filled = 0.0
        filled += value
    if filled < least and len(starts) > 1:
        starts.pop()
    return np.array(starts)


def _normal(probabilities: ArrayLike) -> NDArray:
    chances = np.asarray(probabilities, dtype=float)
    total = chances.sum()
    if np.any(chances < 0) or not abs(total - 1.0) < 1e-6:
        raise ValueError(f"probabilities: sum {total:.8g}; must be ≥ 0 and sum to 1 (add bins for what lies outside)")
    return chances / total


def chi_squared(counts: ArrayLike, probabilities: ArrayLike, inefficiency: float = 1.0, parameters: int = 0) -> Comparison:
    """χ² = Σ_k (n_k - N p_k)²/(N p_k g), neighbouring bins merged until each expects at least 10 independent samples.

    inefficiency : g, samples per independent sample (blocking gives it); 1 for independent samples.
    parameters : fitted to the same data, taken from the degrees of freedom.
    """
    seen = np.asarray(counts, dtype=float)
    total = seen.sum()
    expected = total * _normal(probabilities)
    starts = _merge(expected / inefficiency, FEWEST)
    degrees = starts.size - 1 - parameters
    if degrees < 1:
        raise ValueError(f"counts: {total:.0f} samples leave {starts.size} bins with enough of them; more samples are needed")
    seen, expected = np.add.reduceat(seen, starts), np.add.reduceat(expected, starts)
    statistic = float(np.sum((seen - expected) ** 2 / expected) / inefficiency)
    return Comparison(statistic, degrees, float(stats.chi2.sf(statistic, degrees)))


def chi_squared_of_batches(fractions: ArrayLike, probabilities: ArrayLike, weights: ArrayLike | None = None) -> Comparison:
    """Hotelling's T² of the fractions of each bin over independent batches: any correlation inside a batch is respected.

        T² = (f̄ - p)ᵀ C⁻¹ (f̄ - p),   T² (B - d)/[d (B - 1)] ~ F(d, B - d)

    with f̄ the mean over B batches, C its covariance from the batches, d + 1 bins of about equal probability, so few that
    there are 4 batches a bin. fractions (B, bins), or counts; weights (B,) trajectories of each batch. Returns d in `degrees`
    and T². Source: H. Hotelling, Ann. Math. Stat. 2, 360 (1931).
    """
    counts, chances = np.asarray(fractions, dtype=float), _normal(probabilities)
    size = np.ones(len(counts)) if weights is None else np.asarray(weights, dtype=float)
    totals = counts.sum(axis=1)
    used = (totals > 0) & (size > 0)
    shares, size = (counts / np.where(totals > 0, totals, 1.0)[:, None])[used], size[used]
    batches = len(shares)
    bins = batches // BATCHES_PER_BIN
    if bins < 2:
        raise ValueError(f"fractions: {batches} batches; at least {2 * BATCHES_PER_BIN} are needed")
    # neighbours whose cumulated probability lies in the same of `bins` equal parts
    middle = np.cumsum(chances) - 0.5 * chances
    part = np.minimum((middle * bins).astype(int), bins - 1)
    starts = np.flatnonzero(np.diff(part, prepend=-1))
    shares, chances = np.add.reduceat(shares, starts, axis=1), np.add.reduceat(chances, starts)
    d = starts.size - 1
    if d < 1:
        raise ValueError("probabilities: all in one bin; finer bins are needed")
    mean = size @ shares / size.sum()
    deviation = (mean - chances)[:d]
    centred = (shares - mean)[:, :d] * np.sqrt(size)[:, None]
    covariance = centred.T @ centred / ((batches - 1) * size.sum())
    statistic = float(deviation @ np.linalg.pinv(covariance, hermitian=True) @ deviation)
    return Comparison(statistic, d, float(stats.f.sf(statistic * (batches - d) / (d * (batches - 1.0)), d, batches - d)))


def kolmogorov_smirnov(samples: ArrayLike, cdf: Callable[[NDArray], ArrayLike], inefficiency: float = 1.0) -> Comparison:
    """D = max |F_N(x) - F(x)|; p-value of Kolmogorov's distribution for N/g independent samples (exact for g = 1).

    NaN samples (trajectories that left) are not counted. degrees: N/g.
    """
    points = np.asarray(samples, dtype=float).ravel()
    points = np.sort(points[np.isfinite(points)])
    if points.size == 0:
        raise ValueError("samples: none is finite")
    values = np.asarray(cdf(points), dtype=float)
    steps = np.arange(points.size + 1) / points.size
    statistic = float(max(np.max(steps[1:] - values), np.max(values - steps[:-1])))
    effective = points.size / inefficiency
    p_value = float(stats.kstwo.sf(statistic, max(round(effective), 1)))
    return Comparison(statistic, effective, p_value)
