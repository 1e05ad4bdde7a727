"""Is an ensemble stationary, since when, and what are its steady means?

Observables f_q are known at stored times as means over independent batches of trajectories. A batch is followed through
time, so any contrast Σ_t c_t f(t) with Σ_t c_t = 0 has a standard error from the batches that respects every correlation in
time. Stationary from t_s on means: none of the contrasts

    second half - first half,  second half - first quarter,  second half - first eighth,  slope

of [t_s, T] deviates from zero by more than Student's t allows, the level shared (Bonferroni) between contrasts and
observables. Where the whole record is not stationary, u = a + b e^{-t/τ} is fitted to the relaxing observables, and t_s is
accepted only when the bias left in the mean, |b| e^{-t_s/τ} τ/(T - t_s), is below a quarter of its standard error and the
rest of the record is at least 3 τ long: a short window that merely lacks the power to see a slow relaxation is no steady
state.

With few batches the variance of the contrasts comes from blocking of the mean series in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .blocking import batch_mean, blocking, broadcast_weights, student
from .exponential import Decay, fit_decay

FEW_BATCHES = 8  # below this errors come from blocking in time
FEWEST_TIMES = 8
STEPS, LAST = 32, 24  # candidates for the discarded part: 0, 1/32, ..., 24/32 of the record
VISIBLE, COARSE = 0.3, 16  # part of the variance in time (of all points, or of 16 averages) that a decay must explain to count
BIAS = 0.25  # bias left over, in standard errors
REST = 3.0  # length of the rest of the record, in time constants
MANY_BLOCKS = 16.0  # degrees of freedom that the blocking must leave
ROUNDING = 1e-12  # relative; deviations below are not looked at


class Steady(NamedTuple):
    """Steady means of q observables (NaN where `since` is None)."""

    since: int | None  # index of the first stored time of the steady state
    value: NDArray  # (q,)
    error: NDArray  # (q,) one standard error
    degrees: NDArray  # (q,) of the error
    time_constant: NDArray  # (q,) of the relaxation into it; NaN where none is visible
    messages: list[str]


class _Window(NamedTuple):
    value: NDArray  # (q,)
    error: NDArray
    degrees: NDArray
    score: NDArray  # (q,) largest |contrast| in units of what is allowed


def steady_state(
    times: ArrayLike,
    means: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    significance: float = 0.02,
) -> Steady:
    """First stored time from which all observables are stationary, and their means from there on.

    Parameters
    ----------
    times : (T,) increasing, equally spaced.
    means : (B, T, q) batch means; an observable that is NaN everywhere is left out of the decision.
    weights : (B,), (B, T) or (B, T, q), trajectories behind each mean. A batch that is empty at some time of a window is
        left out of that window.
    significance : probability that a stationary ensemble is not taken as stationary from the start on.
    """
    times, means = np.asarray(times, dtype=float), np.asarray(means, dtype=float)
    if means.ndim != 3 or times.shape != means.shape[1:2]:
        raise ValueError(f"means: shape {means.shape}; must be (batches, {times.size} times, observables)")
    if weights is not None:
        weights = np.asarray(weights, dtype=float)
        if weights.ndim == 2 and weights.shape == means.shape[:2]:
            weights = weights[:, :, None]
    weights = np.where(np.isfinite(means), broadcast_weights(means, weights), 0.0)
    count = means.shape[2]
    labels = [f"observable {q}" for q in range(count)] if names is None else list(names)
    nothing = np.full(count, np.nan)
    known = np.flatnonzero((weights > 0).any(axis=(0, 1)))
    if times.size < FEWEST_TIMES or not known.size:
        why = f"{times.size} stored times are too few (at least {FEWEST_TIMES})" if known.size else "no finite observable"
        return Steady(None, nothing, nothing, np.zeros(count), nothing, [f"no steady state looked for: {why}"])
    means, weights = means[..., known], weights[..., known]
    labels = [labels[q] for q in known]
    scale = np.nanmax(np.where(weights > 0, np.abs(means), 0.0), axis=(0, 1))

    whole = _window(means, weights, significance, scale)
    relaxing = whole.score > 1.0
    constant, amplitude = np.full(known.size, np.nan), np.zeros(known.size)
    elapsed = times - times[0]
    for q in np.flatnonzero(relaxing):
        series = batch_mean(means[..., q], weights[..., q]).value
        if np.isfinite(series).all():
            decay = fit_decay(elapsed, series)
            if max(decay.explained, _explained(decay, elapsed, series)) > VISIBLE:
                constant[q], amplitude[q] = decay.time_constant, decay.amplitude
    visible = np.isfinite(constant)

    chosen, best = None, whole
    for start in dict.fromkeys(round(j * (times.size - 1) / STEPS) for j in range(LAST + 1)):
        if times.size - start < FEWEST_TIMES // 2:
            break
        best = _window(means[:, start:], weights[:, start:], significance, scale) if start else whole
        rest = elapsed[-1] - elapsed[start]
        with np.errstate(under="ignore"):
            bias = np.abs(amplitude) * np.exp(-elapsed[start] / np.where(visible, constant, 1.0)) * constant / rest
        allowed = BIAS * best.error + ROUNDING * scale
        settled = ~visible | ((bias <= allowed) & (rest >= REST * constant))
        if np.all(best.score <= 1.0) and settled.all():
            chosen = start
            break

    def spread(values: NDArray, empty: float = np.nan) -> NDArray:
        result = np.full(count, empty)
        result[known] = values
        return result

    if chosen is None:
        reasons = _refusal(labels, whole, constant, elapsed[-1], best.score)
        return Steady(None, nothing, nothing, np.zeros(count), spread(constant), reasons)
    return Steady(chosen, spread(best.value), spread(best.error), spread(best.degrees, 0.0), spread(constant), [])


def _explained(decay: Decay, times: NDArray, series: NDArray) -> float:
    """Part of the variance of averages over sixteenths of the record that the decay explains: noise averaged out first."""
    model = decay.asymptote + decay.amplitude * np.exp(-times / decay.time_constant)
    parts = np.array_split(np.stack([series, model]), min(COARSE, times.size), axis=1)
    seen, explained = np.array([part.mean(axis=1) for part in parts]).T
    variance = float(np.var(seen))
    return 1.0 - float(np.mean((seen - explained) ** 2)) / variance if variance > 0 else 0.0


def _contrasts(length: int) -> NDArray:
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


def _window(means: NDArray, weights: NDArray, significance: float, scale: NDArray) -> _Window:
    """Means over one window and its largest contrast. means, weights: (B, L, q)."""
    length, count = means.shape[1:]
    contrasts = _contrasts(length)
    tail = 0.5 * significance / (contrasts.shape[0] * count)
    complete = np.asarray((weights > 0).all(axis=1))  # (B, q)
    if (complete.sum(axis=0) < FEW_BATCHES).any():
        return _window_in_time(means, weights, contrasts, tail, scale)
    clean = np.where(complete[:, None, :], means, 0.0)
    size = np.where(complete, weights.mean(axis=1), 0.0)
    steady = batch_mean(clean.mean(axis=1), size)
    change = batch_mean(np.einsum("ct,btq->bcq", contrasts, clean), np.repeat(size[:, None], len(contrasts), axis=1))
    score = _score(change.value, change.error, student(change.degrees, tail), scale)
    return _Window(steady.value, steady.error, steady.degrees, score)


def _window_in_time(means: NDArray, weights: NDArray, contrasts: NDArray, tail: float, scale: NDArray) -> _Window:
    """The same from the mean over all batches: long-run variance σ² g by blocking, var Σ c_t u(t) = σ² g Σ c_t²."""
    series = batch_mean(means, weights).value
    length, count = series.shape
    value, error, degrees, score = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count), np.full(count, np.inf)
    norm = (contrasts**2).sum(axis=1)
    for q in range(count):
        if not np.isfinite(series[:, q]).all():
            continue
        found = blocking(series[:, q])
        value[q], error[q], degrees[q] = found.value, found.error, found.degrees
        if found.plateau and found.degrees >= MANY_BLOCKS:
            change = contrasts @ series[:, q]
            deviation = found.error * np.sqrt(length * norm)
            score[q] = _score(change[:, None], deviation[:, None], student(found.degrees, tail), scale[q])[0]
    return _Window(value, error, degrees, score)


def _score(change: NDArray, error: NDArray, quantile: NDArray, scale: NDArray | float) -> NDArray:
    """Largest |change| over what is allowed, (q,); at most 1 when stationary."""
    change = np.where(np.abs(change) <= ROUNDING * scale, 0.0, np.abs(change))
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(change > 0, change / (quantile * error), 0.0)
    return np.asarray(np.where(np.isnan(score), np.inf, score).max(axis=0))


def _refusal(labels: list[str], whole: _Window, constant: NDArray, duration: float, last: NDArray) -> list[str]:
    messages = []
    for q, label in enumerate(labels):
        if np.isfinite(constant[q]):
            if constant[q] > 5.0 * duration:
                text = f"still drifts: no time constant below {5.0 * duration:.4g} a.u. describes it"
            else:
                text = f"relaxes with a time constant of about {constant[q]:.3g} a.u."
            messages.append(f"no steady state: {label} {text}; the record lasts {duration:.4g} a.u.; run longer")
    if messages:
        return messages
    for q, label in enumerate(labels):
        if whole.score[q] > 1.0 or last[q] > 1.0:
            where = "in every part of the record that was tried" if last[q] > 1.0 else "in the record"
            messages.append(f"no steady state: {label} is not seen to be stationary {where} ({duration:.4g} a.u.); run longer")
    return messages
