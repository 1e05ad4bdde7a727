"""Many trajectories: cut into batches, moved in groups of batches by any number of workers, observed at the stored times.

A batch is the unit of the statistics, fixed by the number of trajectories alone; a group is what one task moves, and how groups
are cut and who moves them changes nothing: noise is keyed by (seed, trajectory, step), sums run inside batches, in order. What
is kept does not grow with the number of steps: sums of observables and of their squares for each batch and stored time,
histograms of x and p for each batch and window of time, and the state of every trajectory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from typing import Protocol

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
ROUND = 2.0  # seconds between two looks at progress, checkpoint and Ctrl-C, about
GROUP = 8192  # trajectories moved by one call, at most
Arrays = dict[str, NDArray]
Progress = Callable[[float, float, str], None]


class LeftTable(ValueError):
    """A trajectory went where the table has no force and no asymptote was declared."""


class Checkpoint(Protocol):
    """Where the state of an unfinished run is kept."""

    def read(self) -> Arrays | None: ...

    def offer(self, arrays: Arrays) -> None:
        """Write them if the last time is long enough ago."""
        ...

    def write(self, arrays: Arrays) -> None: ...


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


class Ensemble:
    """A problem with its trajectories and all that was observed so far."""

    def __init__(self, problem: Problem, x: FloatArray, p: FloatArray) -> None:
        self.problem, self.start = problem, (x, p[:, : x.shape[1]])
        c, bins = x.shape[1], problem.edges.shape[2] - 1
        q = width(problem.field)
        shape = (problem.batches, problem.stored)
        self.count = np.zeros((*shape, q), dtype=np.int64)
        self.sums = np.zeros((*shape, 2, q))
        self.kept = np.full((problem.stored, problem.keep, 2, c), np.nan)
        histograms = np.zeros((problem.batches, problem.windows, 2, c, bins + 2), dtype=np.int64)
        self.lost = ""  # why a companion of twice the step ended early
        # what changes in a round, in one assignment: an interruption finds either all of it or nothing
        self.now: tuple[int, State, NDArray[np.int64]] = (-1, State.start(x, p), histograms)

    @property
    def index(self) -> int:
        """The last stored time that was observed; -1 before the first."""
        return self.now[0]

    def groups(self, workers: int) -> Iterator[slice]:
        """Trajectories of each task: whole batches."""
        problem = self.problem
        most = max(1, min(GROUP // problem.batch, -(-problem.batches // workers)))
        for first in range(0, problem.batches, most):
            yield slice(first * problem.batch, min((first + most) * problem.batch, problem.trajectories))

    def take(self, end: int, results: Sequence[tuple[slice, tuple[State, Records]]]) -> None:
        """Put the results of one round, up to stored time `end`, in place."""
        begin, old, histograms = self.now
        span = slice(begin + 1, end + 1)
        new, counted = old.part(slice(None)), histograms.copy()
        for where, (state, records) in results:
            batches = slice(where.start // self.problem.batch, where.start // self.problem.batch + len(records.count))
            new.put(where, state)
            counted[batches] += records.histograms
            self.count[batches, span], self.sums[batches, span] = records.count, records.sums
            self.kept[span, where.start : where.start + records.kept.shape[1]] = records.kept
        self.now = (end, new, counted)

    def arrays(self) -> Arrays:
        """Everything, for a checkpoint."""
        index, state, histograms = self.now
        arrays = {"index": np.array(index), "histograms": histograms, "count": self.count, "sums": self.sums, "kept": self.kept}
        return arrays | {f"state_{name}": array for name, array in state.arrays().items()}

    def restore(self, arrays: Arrays) -> None:
        """From `arrays` of the same problem."""
        state = State(*(arrays[f"state_{name}"] for name in self.now[1].arrays()))
        self.count, self.sums, self.kept = arrays["count"], arrays["sums"], arrays["kept"]
        self.now = (int(arrays["index"]), state, arrays["histograms"])


def run(
    ensembles: Sequence[Ensemble],
    *,
    executor: Executor | None = None,
    workers: int = 1,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
    enough: Callable[[int], bool] | None = None,
    looks: Sequence[int] = (),
) -> int:
    """Move all ensembles, in step with one another, to their last stored time; returns the stored time reached.

    enough(index) is asked at the stored times `looks` whether to stop there. With a checkpoint the run begins where that ends.
    On an interruption the last complete round is written down. A companion whose trajectories leave the table is given up.
    """
    stored = ensembles[0].problem.stored
    held = None if checkpoint is None else checkpoint.read()
    if held is not None:
        for number, ensemble in enumerate(ensembles):
            ensemble.restore({k.partition(".")[2]: v for k, v in held.items() if k.startswith(f"{number}.")})

    def arrays() -> Arrays:
        return {f"{i}.{name}": array for i, e in enumerate(ensembles) for name, array in e.arrays().items()}

    active = list(ensembles)
    reached = min(e.index for e in active)
    length = 1
    try:
        while reached < stored - 1:
            if reached in looks and enough is not None and enough(reached):
                break
            # an ensemble that is ahead (interrupted between two) waits for the others
            behind = [e for e in active if e.index == reached]
            end = 0 if reached < 0 else min(reached + length, stored - 1, *(i for i in looks if i > reached))
            end = min(end, *(e.index for e in active if e.index > reached)) if len(behind) < len(active) else end
            started = time.perf_counter()
            for ensemble in behind:
                try:
                    ensemble.take(end, list(_round(ensemble, reached, end, executor, workers)))
                except LeftTable as error:
                    if not ensemble.problem.coarse:
                        raise
                    ensemble.lost = str(error)  # twice the step is too long; the ensemble itself may be sound
            active = [e for e in active if not e.lost]
            seconds = time.perf_counter() - started
            length = _next_length(length, end - reached, seconds)
            reached = end
            if checkpoint is not None:
                checkpoint.offer(arrays())
            if progress is not None:
                problem = ensembles[0].problem
                progress(reached, stored - 1, f"t = {problem.times[reached]:.4g} a.u., {problem.trajectories} trajectories")
    except KeyboardInterrupt:
        if checkpoint is not None and min(e.index for e in ensembles) >= 0:
            checkpoint.write(arrays())
        raise
    return reached


def _next_length(length: int, done: int, seconds: float) -> int:
    """Stored intervals of the next round, so that it takes about ROUND; the result does not depend on it."""
    if done < length or seconds <= 0:
        return length
    return max(1, min(2 * length, int(length * ROUND / seconds))) if seconds < ROUND else max(1, length // 2)


def _round(
    ensemble: Ensemble, begin: int, end: int, executor: Executor | None, workers: int
) -> Iterator[tuple[slice, tuple[State, Records]]]:
    problem, state = ensemble.problem, ensemble.now[1]
    groups = list(ensemble.groups(max(workers, 1)))
    if executor is None:
        for where in groups:
            yield where, advance(problem, where.start, state.part(where), begin, end)
        return
    futures: list[Future[tuple[State, Records]]] = []
    try:
        futures += [executor.submit(advance, problem, w.start, state.part(w), begin, end) for w in groups]
        for where, future in zip(groups, futures, strict=True):
            yield where, future.result()
    finally:
        for future in futures:
            future.cancel()


def batch_size(trajectories: int) -> int:
    """Trajectories in a batch: fixed by their number alone."""
    return -(-trajectories // BATCHES)


def companion(problem: Problem, trajectories: int) -> Problem:
    """The first trajectories again with twice the step on the same noise; whole batches, an even number of steps between."""
    whole = min(-(-trajectories // problem.batch) * problem.batch, problem.trajectories)
    return replace(
        problem, step=2 * problem.step, between=problem.between // 2, trajectories=whole, coarse=True, keep=0
    )
