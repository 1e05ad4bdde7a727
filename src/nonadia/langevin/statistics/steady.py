"""Is an ensemble stationary, since when, and what are its steady means?

Observables f_q are known at stored times as means over independent batches of trajectories. A batch is followed through
time, so any contrast Σ_t c_t f(t) with Σ_t c_t = 0 has a standard error from the batches that respects every correlation in
time. Stationary from t_s on means: none of the contrasts

    second half - first half,  second half - first quarter,  second half - first eighth,  slope

of [t_s, T] deviates from zero by more than Student's t allows, the level shared (Bonferroni) between contrasts and
observables. Wherever they do deviate, u = a + b e^{-t/τ} is fitted to that observable from there on (again later on, if
that did not explain everything), and a later t_s is accepted only when the bias left in the mean, Σ |b| e^{-t_s/τ} τ/(T - t_s),
is below a quarter of its standard error and the rest of the record is at least 2 τ long: a short window that merely lacks the
power to see a slow relaxation is no steady state. A fit whose amplitude may be chance does not count.

With few batches the variance of the contrasts comes from blocking of the mean series in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .blocking import broadcast_weights
from .contrasts import FEW_BATCHES as FEW_BATCHES
from .contrasts import ROUNDING, look, visible_decay

FEWEST_TIMES = 8
STEPS, LAST = 32, 24  # candidates for the discarded part: 0, 1/32, ..., 24/32 of the record
BIAS = 0.25  # bias left over, in standard errors
REST = 2.0  # length of the rest of the record, in time constants


class Steady(NamedTuple):
    """Steady means of q observables (NaN where `since` is None)."""

    since: int | None  # index of the first stored time of the steady state
    value: NDArray  # (q,)
    error: NDArray  # (q,) one standard error
    degrees: NDArray  # (q,) of the error
    time_constant: NDArray  # (q,) of the slowest relaxation that was seen; NaN where none was
    messages: list[str]


class _Mode(NamedTuple):
    """A relaxation that was seen from `start` on."""

    time_constant: float
    level: float  # |b| at `start`
    start: float

    def bias(self, time: float, rest: float) -> float:
        """What it adds to the mean over `rest` from `time` on, at most."""
        return self.level * float(np.exp(-(time - self.start) / self.time_constant)) * self.time_constant / rest

    def needed(self, allowed: float) -> float:
        """A record so long that two more time constants are left once the bias is as small as this."""
        decays = np.log(max(self.level / (REST * allowed), 1.0)) if allowed > 0 else np.inf
        return float(self.start + (decays + REST) * self.time_constant)


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

    modes: list[list[_Mode]] = [[] for _ in known]
    unexplained = means.copy()
    elapsed = times - times[0]
    chosen = None
    for start in dict.fromkeys(round(j * (times.size - 1) / STEPS) for j in range(LAST + 1)):
        if times.size - start < FEWEST_TIMES // 2:
            break
        best = look(means[:, start:], weights[:, start:], significance, scale)
        for q in np.flatnonzero(best.score > 1.0):
            part, share = unexplained[:, start:, q], significance / known.size
            if modes[q] and look(part[..., None], weights[:, start:, [q]], share, scale[[q]]).score[0] <= 1.0:
                continue
            later = elapsed[start:] - elapsed[start]
            decay = visible_decay(later, part, weights[:, start:, q], 0.5 * share)
            if decay is not None:
                modes[q].append(_Mode(decay.time_constant, abs(decay.amplitude), elapsed[start]))
                part -= decay.amplitude * np.exp(-later / decay.time_constant)
        rest = elapsed[-1] - elapsed[start]
        bias = np.array([sum(mode.bias(elapsed[start], rest) for mode in each) for each in modes])
        slowest = np.array([max((mode.time_constant for mode in each), default=np.nan) for each in modes])
        settled = np.isnan(slowest) | ((bias <= BIAS * best.error + ROUNDING * scale) & (rest >= REST * slowest))
        if np.all(best.score <= 1.0) and settled.all():
            chosen = start
            break

    def spread(values: NDArray, empty: float = np.nan) -> NDArray:
        result = np.full(count, empty)
        result[known] = values
        return result

    if chosen is None:
        allowed = BIAS * best.error
        needed = np.array([max((m.needed(a) for m in each), default=0.0) for a, each in zip(allowed, modes, strict=True)])
        reasons = _refusal(labels, best.score, ~settled, slowest, needed, elapsed[-1])
        return Steady(None, nothing, nothing, np.zeros(count), spread(slowest), reasons)
    return Steady(chosen, spread(best.value), spread(best.error), spread(best.degrees, 0.0), spread(slowest), [])


def _refusal(
    labels: list[str], score: NDArray, relaxing: NDArray, constant: NDArray, needed: NDArray, duration: float
) -> list[str]:
    """One line for each observable that stands in the way: those that relax too slowly, else those that change."""
    messages = []
    slow = needed > duration
    for q in np.flatnonzero(slow if slow.any() else relaxing):
        if constant[q] > 5.0 * duration:
            text = f"still drifts: no time constant below {5.0 * duration:.3g} a.u. describes it"
        else:
            text = f"relaxes with a time constant of about {constant[q]:.2g} a.u."
        longer = f"run for about {needed[q]:.2g} a.u." if slow[q] and needed[q] < 10 * duration else "run longer"
        messages.append(f"no steady state: {labels[q]} {text}; the record lasts {duration:.3g} a.u.; {longer}")
    if messages:
        return messages
    changing = [label for label, value in zip(labels, score, strict=True) if value > 1.0]
    whose = ", ".join(changing) or "all observables at once"
    return [f"no steady state: {whose} not seen to be stationary in any part of the record ({duration:.3g} a.u.); run longer"]
