"""One task of an ensemble: some batches of trajectories from one stored time to another, and what is observed on the way.

It depends on its arguments alone, so that it may run on any thread, process or machine, and again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nonadia.expressions import location

from . import general
from .compiled import fast
from .field import Field, FloatArray, Uniform, limits
from .general import Exits, State
from .schemes.scheme import Scheme
from .statistics.sums import batch_moments

BATCHES = 128  # at most; enough for errors of errors of 6%


class LeftTable(ValueError):
    """A trajectory went where the table has no force and no asymptote was declared."""


@dataclass(frozen=True)
class Problem:
    """What one ensemble is, but for where it starts. Pickled to reach other processes.

    stored: stored times, the first at t = 0, each `between` steps after the other; batch: trajectories in one; windows: of
    the histograms, equal shares of the stored times behind the first; edges: (2, c, bins + 1), of x and p; keep: how many
    trajectories are stored one by one.
    coarse: with the noise of a finer ensemble of half the step (general.advance).
    """

    field: Field
    scheme: Scheme
    step: float
    between: int
    stored: int
    trajectories: int
    batch: int
    key: tuple[int, int]
    exits: Exits
    edges: FloatArray
    windows: int
    keep: int = 0
    coarse: bool = False

    @property
    def batches(self) -> int:
        return -(-self.trajectories // self.batch)

    @property
    def times(self) -> FloatArray:
        return np.arange(self.stored, dtype=np.float64) * (self.between * self.step)

    def window_of(self, index: int) -> int:
        """The window that stored time `index` ≥ 1 belongs to."""
        return (index - 1) * self.windows // (self.stored - 1)


@dataclass
class Records:
    """What was observed at stored times first … first + T - 1 for B batches.

    count (B, T, q): trajectories still there; sums (B, T, 2, q) of the observables and of their squares (`observables`);
    histograms (B, windows, 2, c, bins + 2), the outer bins hold what lies outside; kept (T, keep, 2, c).
    """

    count: NDArray[np.int64]
    sums: FloatArray
    histograms: NDArray[np.int64]
    kept: FloatArray


def width(field: Field) -> int:
    """Number of observables."""
    return 3 * len(field.names) + 2 + len(field.leads)


def observables(field: Field, x: FloatArray, p: FloatArray, t: float) -> FloatArray:
    """(N, q): x (c), p (c), p²/m (c), potential energy, energy, currents (K); NaN where not known or no longer there."""
    c = x.shape[1]
    momenta = p[:, :c]
    twice = momenta**2 / field.masses
    potential = field.potential(x, t)
    if potential is None:
        potential = np.full(len(x), np.nan)
    energy = potential + 0.5 * twice.sum(axis=1)
    parts = [x, momenta, twice, potential[:, None], energy[:, None]]
    if field.leads:
        current = field.current(x, t)
        parts.append(np.full((len(x), len(field.leads)), np.nan) if current is None else current)
    return np.concatenate(parts, axis=1)


def advance(problem: Problem, first: int, state: State, begin: int, end: int) -> tuple[State, Records]:
    """One task: trajectories `first` … from stored time `begin` to `end`, observed behind `begin`; begin = -1: at t = 0 too.

    Depends on its arguments alone, so that it may run anywhere, and again. first: a multiple of the batch.
    Errors: LeftTable, NoiseError, what the field's functions raise.
    """
    count = len(state.x)
    batches = -(-count // problem.batch)
    c, bins = state.x.shape[1], problem.edges.shape[2] - 1
    keep = min(max(problem.keep - first, 0), count)
    length = end - begin
    q = width(problem.field)
    records = Records(
        np.zeros((batches, length, q), dtype=np.int64),
        np.zeros((batches, length, 2, q)),
        np.zeros((batches, problem.windows, 2, c, bins + 2), dtype=np.int64),
        np.empty((length, keep, 2, c)),
    )
    state = state.part(slice(None))
    table = problem.field.uniform(0.0) if c == state.p.shape[1] == 1 and not problem.field.time_dependent else None
    for position, index in enumerate(range(begin + 1, end + 1)):
        if index > 0:
            _move(problem, first, state, (index - 1) * problem.between, table)
        _observe(problem, state, index, records, position)
    return state, records


def _move(problem: Problem, first: int, state: State, first_step: int, table: Uniform | None) -> None:
    """From one stored time to the next."""
    if table is not None:
        exits = fast.Exits(
            problem.exits.values, problem.exits.sides.astype(np.int64),
            state.exit_index, state.exit_time, state.exit_x[:, 0], state.exit_p[:, 0],
        )  # fmt: skip
        fast.advance(
            problem.scheme.word, state.x[:, 0], state.p[:, 0], table, mass=float(problem.field.masses[0]), step=problem.step,
            steps=problem.between, key=problem.key, first_trajectory=first, first_step=first_step,
            time=first_step * problem.step, coarse=problem.coarse, exits=exits,
        )  # fmt: skip
    else:
        general.advance(
            problem.field, problem.scheme, state, step=problem.step, steps=problem.between, first_step=first_step,
            key=problem.key, first_trajectory=first, exits=problem.exits, coarse=problem.coarse,
        )  # fmt: skip
    lost = np.flatnonzero(state.exit_index == general.LOST)
    if lost.size:
        raise LeftTable(_whereabouts(problem, first, state, lost))


def _whereabouts(problem: Problem, first: int, state: State, lost: NDArray[np.intp]) -> str:
    """Who left the table, when and where."""
    earliest = int(lost[np.argmin(state.exit_time[lost])])
    place = location(state.exit_x[earliest], problem.field.names).removeprefix(" at")
    return (
        f"trajectory {first + earliest} left the table behind{place}, t = {state.exit_time[earliest]:.6g} (the table covers "
        f"{limits(problem.field)}): compute forces on a wider grid, declare an asymptote, or give an exit before it"
    )


def _observe(problem: Problem, state: State, index: int, records: Records, position: int) -> None:
    t = index * problem.between * problem.step
    c, batch = state.x.shape[1], problem.batch
    values = observables(problem.field, state.x, state.p, t)
    moments = batch_moments(values, batch)
    records.count[:, position], records.sums[:, position] = moments.counts, moments.powers
    keep = records.kept.shape[1]
    records.kept[position, :, 0], records.kept[position, :, 1] = state.x[:keep], state.p[:keep, :c]
    if index == 0:
        return
    found = records.histograms[:, problem.window_of(index)]
    for kind, array in enumerate((state.x, state.p)):
        _count(array, batch, problem.edges[kind], found[:, kind])


@njit(cache=True, nogil=True)
def _count(values: FloatArray, batch: int, edges: FloatArray, histograms: NDArray[np.int64]) -> None:
    """Add values (N, ≥ c) to histograms (B, c, bins + 2); those that are NaN are not counted."""
    c, bins = edges.shape[0], edges.shape[1] - 1
    for i in range(c):
        low, share = edges[i, 0], bins / (edges[i, bins] - edges[i, 0])
        for n in range(values.shape[0]):
            place = np.floor((values[n, i] - low) * share)
            if place == place:
                histograms[n // batch, i, int(min(max(place, -1.0), float(bins))) + 1] += 1


def batch_size(trajectories: int) -> int:
    """Trajectories in a batch: fixed by their number alone."""
    return -(-trajectories // BATCHES)


def companion(problem: Problem, trajectories: int) -> Problem:
    """The first trajectories again with twice the step on the same noise; whole batches, an even number of steps between."""
    whole = min(-(-trajectories // problem.batch) * problem.batch, problem.trajectories)
    return replace(
        problem, step=2 * problem.step, between=problem.between // 2, trajectories=whole, coarse=True, keep=0
    )
