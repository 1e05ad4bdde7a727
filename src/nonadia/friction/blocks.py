"""Blocks of neighbouring geometries: the unit of parallel work and of what survives an interruption.

A block is solved in order along a `heom.Path`, and depends on nothing outside it: results are identical for any number of
workers, and whichever blocks a store already holds. Workers are separate processes; they are started only when the first
block shows that the rest will take long enough to pay for them.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import lru_cache
from importlib.metadata import version
from multiprocessing import connection

import numpy as np

from ..heom.fock import FockSpace
from ..heom.forces import PointForces
from ..heom.hierarchy import Hierarchy, build
from ..heom.modes import Modes
from ..heom.path import Path
from ..heom.solver import NotConverged
from ..models.frozen import FloatArray, FrozenJunction

BLOCK = 6  # geometries
START_UP = 4.0  # seconds that a worker process takes to be ready
Store = MutableMapping[str, dict[str, FloatArray]]
FIELDS = (
    "mean_force_molecule", "mean_force_coupling", "friction_molecule", "friction_coupling",
    "noise_molecule", "noise_coupling", "population", "current", "vibrational_occupation",
)  # fmt: skip


class WorkerLost(RuntimeError):
    """A worker process ended without a result; the blocks that were finished are in the store."""


@dataclass(frozen=True)
class Task:
    """Everything that one block's result depends on. first: number of its first geometry in the grid, for messages."""

    fock: FockSpace
    modes: Modes
    depth: int
    tolerance: float
    terminator: str
    frozen: FrozenJunction
    positions: FloatArray
    first: int

    def key(self) -> str:
        """Digest of all inputs and of the program's version: equal keys mean equal results."""
        return hashlib.sha256(pickle.dumps((version("nonadia"), astuple(self)), protocol=5)).hexdigest()


@lru_cache(maxsize=4)
def _tables(labels: bytes) -> Hierarchy:
    """The same tables serve all blocks of a grid; `labels` pickles the fields of FockSpace and Modes, and the depth."""
    fock, modes, depth = pickle.loads(labels)
    return build(FockSpace(*fock), Modes(*modes), depth)


def solve(task: Task) -> dict[str, FloatArray]:
    """The fields of `PointForces` for every geometry of a block, stacked; also `iterations`."""
    hierarchy = _tables(pickle.dumps((astuple(task.fock), astuple(task.modes), task.depth), protocol=5))
    path = Path(hierarchy, task.modes, task.tolerance, task.terminator)
    points: list[PointForces] = []
    for i, position in enumerate(task.positions):
        try:
            points.append(path.forces(task.frozen[i], position))
        except NotConverged as error:
            raise NotConverged(f"geometry {task.first + i + 1}, tier {task.depth}: {error}") from error
    result = {name: np.array([getattr(p, name) for p in points]) for name in FIELDS}
    return result | {"iterations": np.array([p.iterations for p in points])}


class Workers:
    """Solves blocks in this process, and in up to `count` others once that pays. Use as a context manager.

    store: finished blocks are taken from it and put into it, by key. executor: solves all blocks instead, on a cluster say; it
    belongs to the caller.
    """

    def __init__(self, count: int = 1, store: Store | None = None, executor: Executor | None = None) -> None:
        if count < 1:
            raise ValueError(f"workers = {count} must be at least 1")
        self.count, self.store, self.executor = count, store, executor
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            processes = list((self._pool._processes or {}).values())
            self._pool.shutdown(wait=False, cancel_futures=True)
            if error[0] is not None:  # interrupted: what is in flight is not waited for
                for process in processes:
                    process.terminate()
            self._pool = None

    def run(self, tasks: Sequence[Task], finished: Callable[[int], None]) -> list[dict[str, FloatArray]]:
        """Results in the order of `tasks`; finished(number of geometries) is called after each block."""
        results: dict[int, dict[str, FloatArray]] = {}
        keys = [task.key() for task in tasks] if self.store is not None else [""] * len(tasks)

        def done(i: int, result: dict[str, FloatArray], new: bool) -> None:
            results[i] = result
            if new and self.store is not None:
                self.store[keys[i]] = result
            finished(len(tasks[i].positions))

        open_tasks = []
        for i in range(len(tasks)):
            stored = self.store.get(keys[i]) if self.store is not None else None
            if stored is None:
                open_tasks.append(i)
            else:
                done(i, stored, False)
        while open_tasks and self._pool is None and self.executor is None:
            started = time.perf_counter()
            i = open_tasks.pop(0)
            done(i, solve(tasks[i]), True)
            remaining = (time.perf_counter() - started) * len(open_tasks)
            if self.count > 1 and len(open_tasks) > 1 and remaining > 2 * START_UP:
                self._start(min(self.count, len(open_tasks)))
        if open_tasks:
            self._elsewhere({i: tasks[i] for i in open_tasks}, done)
        return [results[i] for i in range(len(tasks))]

    def _elsewhere(self, tasks: Mapping[int, Task], done: Callable[[int, dict[str, FloatArray], bool], None]) -> None:
        """Blocks on the executor or on worker processes, taken in the order in which they are finished."""
        pool = self.executor or self._pool
        assert pool is not None
        futures: dict[Future[dict[str, FloatArray]], int] = {}
        try:
            futures |= {pool.submit(solve, task): i for i, task in tasks.items()}
            while futures:
                for future in wait(futures, return_when=FIRST_COMPLETED).done:
                    done(futures.pop(future), future.result(), True)
        except BrokenProcessPool:
            message = "a worker process was killed, perhaps for lack of memory; fewer workers need less"
            raise WorkerLost(message) from None
        finally:
            for future in futures:
                future.cancel()

    def _start(self, count: int) -> None:
        with _one_thread_each():
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(count, mp_context=context, initializer=_follow_parent)
            wait([self._pool.submit(_ready) for _ in range(count)])


def _ready() -> None:
    """Makes a worker import what it needs."""


def _follow_parent() -> None:
    """The parent decides about Ctrl-C; and where it is killed outright, the worker ends too instead of waiting for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Workers share the cores among themselves: one linear-algebra thread each."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
