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

    def solve(taus: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """a, b and the sum of squares for each τ."""
        shape = np.exp(-(times - times[0]) / taus[:, None])
        if asymptote is None:
            centre, mean = shape @ weights / norm, float(weights @ values / norm)
            shape, rest = shape - centre[:, None], values - mean
        else:
            centre, mean, rest = np.zeros(taus.size), asymptote, values - asymptote
        b = shape @ (weights * rest) / (shape**2 @ weights)
        return mean - b * centre, b, (rest - b[:, None] * shape) ** 2 @ weights

    grid = np.geomspace(shortest, 20.0 * span, 80)
    costs = solve(grid)[2]
    k = int(np.argmin(costs))
    low, high = np.log(grid[max(k - 1, 0)]), np.log(grid[min(k + 1, grid.size - 1)])
    best = minimize_scalar(
        lambda s: float(solve(np.exp([s]))[2][0]), bounds=(low, high), method="bounded", options={"xatol": 1e-8}
    )
    tau = float(np.exp(best.x)) if best.fun <= costs[k] else float(grid[k])
    a, b, residual = (float(found[0]) for found in solve(np.array([tau])))
    base = values - (weights @ values / norm if asymptote is None else asymptote)
    variance = float(weights @ base**2)
    return Decay(a, b * float(np.exp(times[0] / tau)), tau, 1.0 - residual / variance if variance > 0 else 0.0, residual)
