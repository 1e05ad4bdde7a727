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
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .field import FloatArray
from .general import State
from .task import LeftTable, Problem, Records, advance, width

ROUND = 2.0  # seconds between two looks at progress, checkpoint and Ctrl-C, about
GROUP = 8192  # trajectories moved by one call, at most
Arrays = dict[str, NDArray]
Progress = Callable[[float, float, str], None]


class Checkpoint(Protocol):
    """Where the state of an unfinished run is kept."""

    def read(self) -> Arrays | None: ...

    def offer(self, arrays: Arrays) -> None:
        """Write them if the last time is long enough ago."""
        ...

    def write(self, arrays: Arrays) -> None: ...


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
