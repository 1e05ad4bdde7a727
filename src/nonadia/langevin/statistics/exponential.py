"""Least squares of one exponential: u(t) = a + b e^{-t/τ} (only τ is nonlinear)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar


class Decay(NamedTuple):
    asymptote: float
    amplitude: float  # b, at t = 0
    time_constant: float
    explained: float  # part of the weighted variance of u that the decay takes away
    residual: float  # weighted sum of squares left over


def fit_decay(times: NDArray, values: NDArray, weights: NDArray | None = None, asymptote: float | None = None) -> Decay:
    """Best a, b, τ for Σ_t w_t (u_t - a - b e^{-t/τ})²; a may be given.

    τ is looked for between half the smallest spacing of the times and 20 times their range (variable projection: for each
    τ the best a and b are linear); a result at the upper end means that the values are a straight line.
    """
    weights = np.ones(times.size) if weights is None else weights
    span = times[-1] - times[0]
    shortest = 0.5 * float(np.diff(times).min())
    norm = weights.sum()

    def solve(tau: float) -> tuple[float, float, float]:
        shape = np.exp(-(times - times[0]) / tau)
        if asymptote is not None:
            rest = values - asymptote
            b = float(weights @ (shape * rest) / (weights @ shape**2))
            return asymptote, b, float(weights @ (rest - b * shape) ** 2)
        centre, mean = weights @ shape / norm, weights @ values / norm
        b = float(weights @ ((shape - centre) * (values - mean)) / (weights @ (shape - centre) ** 2))
        a = float(mean - b * centre)
        return a, b, float(weights @ (values - a - b * shape) ** 2)

    grid = np.geomspace(shortest, 20.0 * span, 80)
    costs = [solve(tau)[2] for tau in grid]
    k = int(np.argmin(costs))
    low, high = np.log(grid[max(k - 1, 0)]), np.log(grid[min(k + 1, grid.size - 1)])
    best = minimize_scalar(lambda s: solve(float(np.exp(s)))[2], bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    tau = float(np.exp(best.x)) if best.fun <= costs[k] else float(grid[k])
    a, b, residual = solve(tau)
    base = values - (weights @ values / norm if asymptote is None else asymptote)
    variance = float(weights @ base**2)
    return Decay(a, b * float(np.exp(times[0] / tau)), tau, 1.0 - residual / variance if variance > 0 else 0.0, residual)
