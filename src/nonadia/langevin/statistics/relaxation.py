"""Relaxation of ⟨E⟩(t) as one exponential: rate, its error from batches, and whether the data support it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from .blocking import batch_mean
from .exponential import Decay, fit_decay

GROUPS = 10  # averages over time that the test of the exponential uses, at most
POOR = 0.01  # p-value below which one exponential is refused
BATCHES_PER_GROUP = 4


class Relaxation(NamedTuple):
    """E(t) = E_∞ + A e^{-kt}: k, A, E_∞ with one standard error each."""

    rate: float
    error: float
    amplitude: float
    amplitude_error: float
    asymptote: float
    asymptote_error: float  # 0 where it was given
    p_value: float  # of deviations from one exponential as large as these; NaN for too few batches
    messages: list[str]


def relaxation_rate(
    times: ArrayLike, batches: ArrayLike, weights: ArrayLike | None = None, *, asymptote: float | None = None
) -> Relaxation:
    """Fit E_∞ + A e^{-kt} to the mean over batches; errors by the jackknife (correlations in time respected).

    Parameters
    ----------
    times : (T,) increasing.
    batches : (B, T) batch means of the energy (or of any relaxing observable).
    weights : (B,) trajectories behind each batch.
    asymptote : E_∞ where it is known (e.g. thermal); otherwise fitted.

    Each time counts with the inverse variance of its mean. The test groups times into at most 10 averages, with 4 batches for
    each, and looks at what generalised least squares with their covariance leaves over (Hotelling's T²). The messages say
    when no decay is visible, when the record is shorter than 1/k, and when one exponential does not describe it.
    """
    times, energies = np.asarray(times, dtype=float), np.asarray(batches, dtype=float)
    if energies.ndim != 2 or times.shape != energies.shape[1:] or times.size < 4 or len(energies) < 2:
        raise ValueError(f"batches: shape {energies.shape}; must be (at least 2, {times.size}) with at least 4 times")
    size = np.ones(len(energies)) if weights is None else np.asarray(weights, dtype=float)
    used = np.isfinite(energies).all(axis=1) & (size > 0)
    energies, size = energies[used], size[used]
    if len(energies) < 2:
        raise ValueError("batches: fewer than 2 are complete; trajectories that leave need their own analysis (survival)")
    count = len(energies)
    mean, error, _ = batch_mean(energies, size)
    # a start that is the same for all has no variance: it counts as the best of the others
    positive = error[error > 0]
    floor = 0.3 * float(np.median(positive)) if positive.size else 1.0
    precision = 1.0 / np.maximum(error, floor) ** 2
    full = fit_decay(times, mean, precision, asymptote)
    summed, total = size @ energies, size.sum()
    found = np.array([_numbers(fit_decay(times, (summed - w * v) / (total - w), precision, asymptote))
                      for w, v in zip(size, energies, strict=True)])  # fmt: skip
    h = total / size[:, None]
    pseudo = h * _numbers(full) - (h - 1.0) * found
    errors = np.sqrt(((pseudo - pseudo.mean(axis=0)) ** 2 / (h - 1.0)).sum(axis=0) / count)
    rate = 1.0 / full.time_constant
    p_value = _one_exponential(times, energies, size, full, asymptote)
    span = times[-1] - times[0]
    messages = []
    if not abs(full.amplitude) > 3.0 * errors[1]:
        messages.append("no decay is visible: its amplitude is below three standard errors; the rate means nothing")
    elif rate * span < 1.0 and asymptote is None:
        messages.append(
            f"the record ({span:.4g} a.u.) is shorter than 1/k = {full.time_constant:.4g} a.u.: the rate rests on an "
            "extrapolated end; run longer, or give the asymptote"
        )
    elif full.time_constant < 2.0 * float(np.diff(times).min()):
        messages.append("the decay is over within two stored times; store more of them")
    if p_value < POOR:
        messages.append(f"one exponential does not describe the data (p = {p_value:.2g}); the rate is that of its best fit")
    return Relaxation(rate, errors[0], full.amplitude, errors[1], full.asymptote, errors[2], p_value, messages)


def _numbers(decay: Decay) -> NDArray:
    return np.array([1.0 / decay.time_constant, decay.amplitude, decay.asymptote])


def _one_exponential(times: NDArray, batches: NDArray, size: NDArray, start: Decay, asymptote: float | None) -> float:
    """p-value of what is left over by the best exponential, with the covariance of averages over time."""
    count, free = len(batches), 3 if asymptote is None else 2
    groups = min(GROUPS, count // BATCHES_PER_GROUP, times.size)
    if groups <= free:
        return float("nan")
    # most of the change happens early: groups of equal change of the fit, mixed with equal numbers of times
    change = np.linspace(0.0, 1.0, times.size) + (1.0 - np.exp(-(times - times[0]) / start.time_constant))
    part = np.minimum((change / change[-1] * groups).astype(int), groups - 1)
    members = np.array([part == g for g in np.unique(part)], dtype=float)
    members /= members.sum(axis=1, keepdims=True)
    degrees = len(members) - free
    if degrees < 1:
        return float("nan")
    averages = batches @ members.T
    mean = size @ averages / size.sum()
    centred = (averages - mean) * np.sqrt(size)[:, None]
    covariance = centred.T @ centred / ((count - 1) * size.sum())
    values, vectors = np.linalg.eigh(covariance)
    if values[0] <= 1e-14 * values[-1]:
        return float("nan")
    whiten = (vectors / np.sqrt(values)).T
    elapsed, scale = times - times[0], max(abs(start.amplitude), 1e-300)

    def residual(parameters: NDArray) -> NDArray:
        shape = np.exp(-elapsed * np.exp(parameters[0]) / start.time_constant)
        base = start.asymptote + (parameters[2] * scale if asymptote is None else 0.0)
        return whiten @ (members @ (base + parameters[1] * scale * shape) - mean)

    first = start.amplitude * np.exp(-times[0] / start.time_constant) / scale
    best = optimize.least_squares(residual, [0.0, first, 0.0][:free], method="trf", x_scale="jac")
    statistic = 2.0 * best.cost
    rest = count - 1 - degrees + 1
    return float(stats.f.sf(statistic * rest / ((count - 1) * degrees), degrees, rest))
