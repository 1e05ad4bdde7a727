"""How each trajectory of an ensemble ended, and what twice the step changes about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ensemble import Ensemble
from .field import Field, FloatArray
from .general import INSIDE
from .statistics.blocking import Estimate


@dataclass(frozen=True)
class Ends:
    """Of N trajectories: number of the exit (INSIDE: none), time, x, p (N, c) there or at the end, energies before and after.

    after: with the potential of that moment; NaN where no potential is known.
    """

    exit: NDArray[np.int8]
    time: FloatArray
    x: FloatArray
    p: FloatArray
    before: FloatArray
    after: FloatArray

    @property
    def left(self) -> NDArray[np.bool_]:
        return self.exit != INSIDE


def ends(ensemble: Ensemble, reached: int) -> Ends:
    """What became of every trajectory up to stored time `reached`."""
    problem, state = ensemble.problem, ensemble.now[1]
    field, (x0, p0) = problem.field, ensemble.start
    left = state.exit_index != INSIDE
    time = np.where(left, state.exit_time, problem.times[reached])
    x = np.where(left[:, None], state.exit_x, state.x)
    p = np.where(left[:, None], state.exit_p, state.p[:, : x.shape[1]])
    return Ends(state.exit_index, time, x, p, _energy(field, x0, p0, np.zeros(len(x))), _energy(field, x, p, time))


def _energy(field: Field, x: FloatArray, p: FloatArray, time: FloatArray) -> FloatArray:
    """p²/2m + U(x, t); NaN where U is not known."""
    kinetic = 0.5 * (p**2 / field.masses).sum(axis=1)
    if not field.time_dependent:
        potential = field.potential(x, 0.0)
        return np.full(len(x), np.nan) if potential is None else kinetic + potential
    values = np.full(len(x), np.nan)
    for t in np.unique(time):
        here = time == t
        potential = field.potential(x[here], float(t))
        if potential is not None:
            values[here] = potential
    return kinetic + values


def change(first: Ends, second: Ends, number: int, values: tuple[FloatArray, FloatArray] | None = None) -> Estimate:
    """What the step changes in the probability of exit `number`, or in the mean of `values` (N,) over those who left there.

    The same trajectories in both, so that the error is that of paired differences:
    var(m_1 - m_2) from z_i = 1_i (v_i - m_1)/f_1 - 1'_i (v'_i - m_2)/f_2 with the parts f of those who left.
    """
    count = min(len(first.exit), len(second.exit))
    there = [each.exit[:count] == number for each in (first, second)]
    if values is None:
        pair = [mask.astype(float) for mask in there]
        scatter = pair[0] - pair[1]
        difference = float(scatter.mean())
    else:
        part = [float(mask.mean()) for mask in there]
        if min(part) == 0.0:
            return Estimate(*(np.asarray(np.nan) for _ in range(3)))
        means = [float(v[:count][mask].mean()) for v, mask in zip(values, there, strict=True)]
        influence = [
            np.where(mask, v[:count] - mean, 0.0) / f for v, mask, mean, f in zip(values, there, means, part, strict=True)
        ]
        scatter, difference = influence[0] - influence[1], means[0] - means[1]
    error = scatter.std(ddof=1) / np.sqrt(count) if count > 1 else np.nan
    return Estimate(np.asarray(difference), np.asarray(error), np.asarray(count - 1.0))
