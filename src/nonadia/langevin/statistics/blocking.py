"""Standard errors: of means over batches, of one correlated series, of functions of means."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

SHORTEST_SERIES = 16  # blocks that the last level of the blocking keeps: with fewer a straight line passes for a plateau


class Estimate(NamedTuple):
    """Value, one standard error, and the degrees of freedom of that error (Student's t for intervals)."""

    value: NDArray
    error: NDArray
    degrees: NDArray

    def half_width(self, confidence: float = 0.95) -> NDArray:
        """Half width of the confidence interval, t_{ν,(1+c)/2} times the error: wider than c asks for a normal error."""
        return student(self.degrees, 0.5 * (1.0 - confidence)) * self.error

    def deviation(self, expected: ArrayLike) -> NDArray:
        """(value - expected)/error."""
        return np.asarray((self.value - np.asarray(expected)) / self.error)


def student(degrees: ArrayLike, tail: ArrayLike) -> NDArray:
    """t with P(t_ν > t) = tail; NaN without a degree of freedom."""
    degrees = np.asarray(degrees, dtype=float)
    quantile = stats.t.isf(tail, np.maximum(degrees, 1e-300))
    return np.where(degrees > 0, quantile, np.nan)


def batch_mean(values: ArrayLike, weights: ArrayLike | None = None) -> Estimate:
    """Mean over independent batches (first axis) and its standard error.

        m = Σ_b w_b v_b / Σ w_b,   error² = Σ_b w_b (v_b - m)² / [(B - 1) Σ w_b],   B - 1 degrees of freedom

    `weights` are the numbers of trajectories behind each batch mean, (B,) or the shape of `values`: var v_b = σ²/w_b, and
    the error is unbiased for unequal batches. NaN values and zero weights are left out.
    """
    values = np.asarray(values, dtype=float)
    weights = broadcast_weights(values, weights)
    kept = np.isfinite(values) & (weights > 0)
    weights = np.where(kept, weights, 0.0)
    clean = np.where(kept, values, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        norm = weights.sum(axis=0)
        mean = (weights * clean).sum(axis=0) / norm
        degrees = kept.sum(axis=0) - 1.0
        spread = (weights * np.where(kept, clean - mean, 0.0) ** 2).sum(axis=0)
        error = np.where(degrees > 0, np.sqrt(spread / (degrees * norm)), np.nan)
    return Estimate(np.asarray(mean), np.asarray(error), np.maximum(degrees, 0.0))


def broadcast_weights(values: NDArray, weights: ArrayLike | None) -> NDArray:
    """Weights with the shape of the values; (B,) belongs to the first axis."""
    if weights is None:
        return np.ones(values.shape)
    weights = np.asarray(weights, dtype=float)
    if weights.shape == values.shape[:1]:
        weights = weights.reshape(weights.shape + (1,) * (values.ndim - 1))
    try:
        return np.broadcast_to(weights, values.shape)
    except ValueError:
        raise ValueError(f"weights: shape {weights.shape}; must be ({values.shape[0]},) or {values.shape}") from None


def jackknife(function: Callable[[NDArray], ArrayLike], means: ArrayLike, weights: ArrayLike | None = None) -> Estimate:
    """Function θ of the mean over batches, bias removed, error by leaving out one batch at a time.

        θ_J = g θ - Σ_j (1 - m_j/n) θ_(-j),   error² = (1/g) Σ_j (τ_j - θ_J)²/(h_j - 1),
        h_j = n/m_j,   τ_j = h_j θ - (h_j - 1) θ_(-j)

    The delete-m_j jackknife for batches of unequal sizes m_j (F. M. T. A. Busing, E. Meijer, R. van der Leeden, Statistics
    and Computing 9, 3 (1999), eqs. 4 and 6); for equal batches the ordinary jackknife. `means`: (g, ...), `weights` (g,);
    `function` takes an array of the shape means[0].
    """
    means = np.asarray(means, dtype=float)
    weights = np.ones(len(means)) if weights is None else np.asarray(weights, dtype=float)
    used = weights > 0
    means, weights = means[used], weights[used]
    groups, norm = len(means), weights.sum()
    if groups < 2:
        value = np.asarray(function(means[0] if groups else np.full(means.shape[1:], np.nan)), dtype=float)
        return Estimate(value, np.full(value.shape, np.nan), np.zeros(value.shape))
    summed = np.tensordot(weights, means, axes=1)
    full = np.asarray(function(summed / norm), dtype=float)
    left_out = np.stack(
        [np.asarray(function((summed - w * v) / (norm - w)), dtype=float) for w, v in zip(weights, means, strict=True)]
    )
    fraction = (weights / norm).reshape((-1,) + (1,) * full.ndim)
    value = groups * full - ((1.0 - fraction) * left_out).sum(axis=0)
    h = 1.0 / fraction
    pseudo = h * full - (h - 1.0) * left_out
    error = np.sqrt(((pseudo - value) ** 2 / (h - 1.0)).sum(axis=0) / groups)
    return Estimate(value, error, np.full(full.shape, groups - 1.0))


def variance(means: ArrayLike, squares: ArrayLike, weights: ArrayLike | None = None) -> Estimate:
    """Variance <f²> - <f>² over the whole ensemble from batch means of f and f², by the jackknife (its bias removed).

    `means`, `squares`: (B, ...). With f = p this times 1/m is the kinetic temperature about a drifting mean.
    """
    pair = np.stack([np.asarray(means, dtype=float), np.asarray(squares, dtype=float)], axis=1)
    return jackknife(lambda both: both[1] - both[0] ** 2, pair, weights)


class Blocking(NamedTuple):
    """Mean of one correlated series and what its blocking found."""

    value: float
    error: float
    degrees: float  # of the error: half the blocks at the level that was chosen
    block: int  # length of a block in steps of the series
    plateau: bool  # False: the series is too short for its correlation; the error is that of the longest blocks
    inefficiency: float  # g = n error²/variance: n/g samples count as independent


def blocking(series: ArrayLike, *, level: float = 0.01) -> Blocking:
    """Standard error of the mean of one stationary correlated series by blocking, the level chosen by a test.

    Pairs of neighbours are averaged again and again (H. Flyvbjerg, H. G. Petersen, J. Chem. Phys. 91, 461 (1989)). With n_j
    values, variance s_j and lag-one covariance g_j after j halvings, the blocks are uncorrelated from level k on if

        M_k = Σ_{j≥k} n_j [(n_j - 1) s_j/n_j² + g_j]²/s_j²   stays below the χ² quantile with as many degrees as terms

    (M. Jonsson, Phys. Rev. E 98, 043304 (2018), eq. 21). At the first such k the correlation between neighbouring blocks is
    too weak to be seen but not zero; it is added, error² = s_k/(n_k - 1) (1 + 2ρ), ρ = g_k/s_k + (n_k - 1)/n_k² where positive
    (for an AR(1) series without it errors are up to 25% too small). Blocking ends at 16 blocks. A series of odd length loses
    its first value at that level, for the error only.
    """
    values = np.asarray(series, dtype=float).ravel()
    if values.size < 2:
        return Blocking(float(values.mean()) if values.size else np.nan, np.nan, 0.0, 1, False, np.nan)
    mean, full, total = float(values.mean()), float(values.var()), values.size
    if full <= (1e-14 * max(abs(mean), np.abs(values).max())) ** 2:
        return Blocking(mean, 0.0, total - 1.0, 1, True, 1.0)
    sizes, variances, correlations = [], [], []
    blocks = values
    while True:
        n = blocks.size
        centred = blocks - blocks.mean()
        s = float(centred @ centred) / n
        g = float(centred[1:] @ centred[:-1]) / n
        sizes.append(n)
        variances.append(s)
        correlations.append((n - 1.0) / n**2 + g / s if s > 0 else 1.0)
        if n // 2 < SHORTEST_SERIES:
            break
        blocks = blocks[n % 2 :]
        blocks = 0.5 * (blocks[0::2] + blocks[1::2])
    tests = np.cumsum((np.array(sizes) * np.array(correlations) ** 2)[::-1])[::-1]
    quantiles = stats.chi2.isf(level, np.arange(len(sizes), 0, -1))
    passed = np.flatnonzero(tests < quantiles)
    plateau = passed.size > 0
    chosen = int(passed[0]) if plateau else len(sizes) - 1
    error = float(np.sqrt(variances[chosen] / (sizes[chosen] - 1.0) * (1.0 + 2.0 * max(correlations[chosen], 0.0))))
    return Blocking(mean, error, sizes[chosen] / 2.0, 2**chosen, plateau, max(error**2 * total / full, 1.0))
