"""Contrasts Σ_t c_t f(t), Σ_t c_t = 0, of observables in a window of time, in units of what chance allows.

From batches: one contrast for each batch, which is followed through time, so that every correlation in time is respected; the
standard error comes from the spread over batches. From few batches: the long-run variance of the mean series by blocking,
var Σ_t c_t u(t) = σ² g Σ_t c_t².
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .blocking import batch_mean, blocking, student
from .exponential import Decay, fit_decay

FEW_BATCHES = 8  # below this errors come from blocking in time
MANY_BLOCKS = 16.0  # degrees of freedom that the blocking must leave
ROUNDING = 1e-12  # relative; deviations below are not looked at
TRIALS = 20  # time constants that a fit chooses from, about: its amplitude must be that much more significant


class Window(NamedTuple):
    """Means over a window and the largest contrast of each observable."""

    value: NDArray  # (q,)
    error: NDArray
    degrees: NDArray
    score: NDArray  # (q,) |contrast| over what is allowed: at most 1 when stationary


def early_and_late(length: int) -> NDArray:
    """(4, length): differences of the second half to the first 1/2, 1/4 and 1/8, and the change along a straight line."""
    rows = []
    late = np.zeros(length)
    late[length // 2 :] = 1.0 / (length - length // 2)
    for part in (2, 4, 8):
        row = late.copy()
        early = max(length // part, 1)
        row[:early] -= 1.0 / early
        rows.append(row)
    place = np.linspace(-0.5, 0.5, length)
    rows.append(place / (place @ place))
    return np.stack(rows)


def look(means: NDArray, weights: NDArray, significance: float, scale: NDArray) -> Window:
    """Is the window stationary? means, weights: (B, L, q); significance is shared between all contrasts and observables."""
    rows = early_and_late(means.shape[1])
    tail = 0.5 * significance / (len(rows) * means.shape[2])
    complete, clean, size = _whole(means, weights)
    if (complete.sum(axis=0) < FEW_BATCHES).any():
        return _look_in_time(means, weights, rows, tail, scale)
    steady = batch_mean(clean.mean(axis=1), size)
    change = batch_mean(np.einsum("ct,btq->bcq", rows, clean), np.repeat(size[:, None], len(rows), axis=1))
    return Window(*steady, _score(change.value, change.error, student(change.degrees, tail), scale))


def visible_decay(times: NDArray, means: NDArray, weights: NDArray, tail: float) -> Decay | None:
    """The exponential that best fits the mean of one observable (B, L), if its amplitude is not chance; else None.

    For given τ the amplitude is a contrast, c_t ∝ e^{-t/τ} - its mean.
    """
    series = batch_mean(means, weights).value
    if not np.isfinite(series).all():
        return None
    decay = fit_decay(times, series)
    shape = np.exp(-times / decay.time_constant)
    row = (shape - shape.mean()) / float((shape - shape.mean()) @ (shape - shape.mean()))
    complete, clean, size = _whole(means[:, :, None], weights[:, :, None])
    if complete.sum() < FEW_BATCHES:
        rest = blocking(series - decay.asymptote - decay.amplitude * shape)
        error, degrees = rest.error * np.sqrt(times.size * row @ row), rest.degrees
    else:
        found = batch_mean(np.einsum("t,bt->b", row, clean[:, :, 0]), size[:, 0])
        error, degrees = float(found.error), float(found.degrees)
    return decay if abs(decay.amplitude) > float(student(degrees, tail / TRIALS)) * error else None


def _whole(means: NDArray, weights: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Batches that have somebody at all times (B, q), their means (B, L, q), their weights (B, q)."""
    complete = np.asarray((weights > 0).all(axis=1))
    return complete, np.where(complete[:, None, :], means, 0.0), np.where(complete, weights.mean(axis=1), 0.0)


def _look_in_time(means: NDArray, weights: NDArray, rows: NDArray, tail: float, scale: NDArray) -> Window:
    series = batch_mean(means, weights).value
    length, count = series.shape
    value, error, degrees, score = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count), np.full(count, np.inf)
    norm = (rows**2).sum(axis=1)
    for q in range(count):
        if not np.isfinite(series[:, q]).all():
            continue
        found = blocking(series[:, q])
        value[q], error[q], degrees[q] = found.value, found.error, found.degrees
        if found.plateau and found.degrees >= MANY_BLOCKS:
            change = rows @ series[:, q]
            deviation = found.error * np.sqrt(length * norm)
            score[q] = _score(change[:, None], deviation[:, None], student(found.degrees, tail), scale[q])[0]
    return Window(value, error, degrees, score)


def _score(change: NDArray, error: NDArray, quantile: NDArray, scale: NDArray | float) -> NDArray:
    change = np.where(np.abs(change) <= ROUNDING * scale, 0.0, np.abs(change))
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(change > 0, change / (quantile * error), 0.0)
    return np.asarray(np.where(np.isnan(score), np.inf, score).max(axis=0))
