"""Experiment → result: forces (and memory kernels) a sweep point at a time, then dynamics, saved as soon as they are finished.

Closed systems go to `closed_execute`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import checkpoint, estimate, forces_execute, langevin_estimate, store
from .closed_experiment import ClosedExperiment
from .combine import CONVERGED, SweepTable
from .errors import InputError
from .executors import cluster
from .experiment import Experiment, load
from .forces_execute import Ahead
from .journal import Journal, beside
from .junction_experiment import JunctionExperiment
from .langevin_combine import DynamicsTable, of_forces
from .langevin_execute import Dynamics
from .progress import Report, silent
from .sweep import sweep_axes
from .table_experiment import TableExperiment

if TYPE_CHECKING:
    import xarray as xr


class RunFailed(Exception):
    """At least one sweep point failed. `tree` holds the `finished` others, `messages` one line a failure.

    blocks: finished blocks of geometries in the journal.
    """

    def __init__(self, messages: list[str], tree: xr.DataTree, finished: int, blocks: int = 0) -> None:
        super().__init__("; ".join(messages))
        self.messages, self.tree, self.finished, self.blocks = messages, tree, finished, blocks


class Interrupted(KeyboardInterrupt):
    """Ctrl-C (or SIGTERM) during a run; `finished` of `total` sweep points are in `output`, if given.

    blocks: finished blocks of geometries in the journal; kept: what else is, in words.
    """

    def __init__(self, finished: int, total: int, output: Path | None, blocks: int = 0, kept: str = "") -> None:
        super().__init__("interrupted")
        self.finished, self.total, self.output, self.blocks, self.kept = finished, total, output, blocks, kept


def run(
    experiment: Experiment | str | Path | Mapping[str, Any],
    output: str | Path | None = None,
    resume: bool = False,
    progress: Report | None = None,
    workers: int = 1,
    scheduler: str | None = None,
) -> xr.DataTree:
    """Compute everything the input asks for.

    experiment : an Experiment, the path of an input file, the name of a shipped example, or a dict as in
        the file.
    output : result file; written after each finished sweep point. Within a sweep point, finished blocks of
        geometries are kept in OUTPUT.journal, and the state of an ensemble in OUTPUT.checkpoint, until the run is complete.
        None keeps the result in memory.
    resume : continue `output`, its journal and checkpoint: what is finished there is kept. The input must be identical.
    progress : callable(done, total, message).
    workers : processes over blocks of geometries, threads over trajectories; the result does not depend on it.
    scheduler : address of a Dask scheduler whose workers compute instead; the result is the same.

    Returns the result tree (/forces, /langevin, /convergence; of closed systems /wavepacket, /factorization, /convergence); its
    attribute `complete` is 1 when everything was computed and `converged` is 1 when all of it reached its tolerance.
    Errors: InputError before any work; ResultError for the file; RunFailed when a sweep point failed (the
    others are computed and saved); Interrupted on Ctrl-C; executors.ClusterLost when the scheduler goes away.
    """
    if not isinstance(experiment, Experiment):
        experiment = load(experiment)
    if isinstance(experiment, ClosedExperiment):
        from .closed_execute import run_closed

        if scheduler is not None:
            message = f'wave packets (system = "{experiment.system}") run in one process; leave it out'
            raise InputError([("command line", "--scheduler", message)])
        return run_closed(experiment, output, resume, progress)
    assert isinstance(experiment, JunctionExperiment | TableExperiment)
    if isinstance(experiment, JunctionExperiment) and experiment.forces is None:
        raise InputError([(experiment.source, "forces", "nothing to compute; give [forces] with x = [...]")])
    target = None if output is None else Path(output)
    work = _Work(experiment, target, progress or silent, workers)
    if target is not None:
        store.check_writable(target)
        store.remove_remnants(target)
        work.restore(resume)
    with cluster(scheduler) as executor:
        return work.run(executor)


class _Work:
    """A run of forces and dynamics: the tables that fill up, and where they are kept."""

    def __init__(
        self, experiment: JunctionExperiment | TableExperiment, target: Path | None, progress: Report, workers: int
    ) -> None:
        self.experiment, self.target, self.progress, self.workers = experiment, target, progress, workers
        self.table = SweepTable(sweep_axes(experiment))
        # every sweep point is checked (NaN on its grid, memory) before the first one is computed; so are all of them together
        self.points = [experiment.at(values) for values in experiment.points()]
        for each in (experiment, *self.points):
            if isinstance(each, JunctionExperiment):
                estimate.refuse_if_too_large(each)
        langevin_estimate.refuse_if_too_large(experiment)
        langevin_estimate.refuse_bad_start(experiment)
        self.twins = forces_execute.twins(self.points)
        self.dynamics = None if experiment.langevin is None else Dynamics(experiment, target)
        self.journal: Journal | None = None
        self.started = time.perf_counter()
        self.attributes = store.provenance(experiment, command_line())

    def restore(self, resume: bool) -> None:
        """Never overwrite a foreign file or unfinished work, never continue another input."""
        assert self.target is not None
        stored = store.stored_part(self.target, self.experiment, resume)
        if stored is not None and "forces" in stored.children and "convergence" in stored.children:
            groups = {name: node.to_dataset() for name, node in stored.children.items()}
            self.table.restore(groups["forces"], of_forces(groups["convergence"]), groups.get("memory"))
            if self.dynamics is not None:
                self.dynamics.table.restore(groups.get("langevin"), groups["convergence"])
        if not resume:
            beside(self.target).unlink(missing_ok=True)
            checkpoint.beside(self.target).unlink(missing_ok=True)
        self.journal = Journal(beside(self.target))

    def run(self, executor: Executor | None) -> xr.DataTree:
        """Forces of all sweep points, then dynamics."""
        ahead = Ahead(executor)
        blocks = self.journal if self.journal is not None else ()
        saved = self.table.count
        try:
            missing = [index for index in range(self.table.size) if not self.table.finished(index)]
            for index in missing:
                point = self.points[index]
                if isinstance(point, JunctionExperiment) and self.twins[index] == index:
                    ahead.submit(index, point)
            for index in missing:
                self._forces(index, ahead)
                self._save(self.table.count > 0)
                saved = self.table.count
                self._done(index + 1, self.table, index)
            for index in range(0 if self.dynamics is None else self.dynamics.table.size):
                assert self.dynamics is not None
                if not self.dynamics.table.finished(index):
                    label = where(self.dynamics.table, index)
                    self.dynamics.run(index, self.table, self.progress, self.workers, executor, label)
                    self._save(True)
                    self._done(self.table.size + index + 1, self.dynamics.table, index)
        except KeyboardInterrupt:
            kept = "" if self.dynamics is None else self.dynamics.kept(self.table)
            raise Interrupted(saved, self.table.size, self.target, len(blocks), kept) from None
        finally:
            ahead.cancel()
        tree = self._tree()
        table = self.table
        failures = [f"{where(table, i)}{table.messages(i)[0]}" for i in range(table.size) if not table.finished(i)]
        failures += [] if self.dynamics is None else self.dynamics.failures(where)
        if failures:
            raise RunFailed(failures, tree, table.count, len(blocks))
        if self.target is not None:
            for finished in (beside(self.target), checkpoint.beside(self.target)):
                finished.unlink(missing_ok=True)
        return tree

    def _forces(self, index: int, ahead: Ahead) -> None:
        """One sweep point; an ordinary failure is recorded so that the other points still run."""
        table, twin = self.table, self.twins[index]
        if twin != index and table.finished(twin):
            table.insert(index, table.dataset(twin), 0.0, table.kernels(twin))
            return
        total = table.size + (0 if self.dynamics is None else self.dynamics.table.size)

        def report(done: float, of: float, message: str) -> None:
            self.progress(index + (done / of if of else 0.0), total, f"{where(table, index)}{message}")

        started = time.perf_counter()
        try:
            dataset, kernels = forces_execute.at(self.points[index], index, ahead, report, self.workers, self.journal)
        except (InputError, store.ResultError, CancelledError):
            raise
        except Exception as error:
            table.fail(index, f"{type(error).__name__}: {error}", time.perf_counter() - started)
            return
        table.insert(index, dataset, time.perf_counter() - started, kernels)

    def _done(self, count: int, table: SweepTable | DynamicsTable, index: int) -> None:
        """Said only when it is saved: what an interruption finds here is not lost."""
        if table.finished(index):
            total = self.table.size + (0 if self.dynamics is None else self.dynamics.table.size)
            self.progress(count, total, f"{where(table, index)}done")

    def _save(self, worth_it: bool) -> None:
        if self.target is not None and worth_it:
            store.write_result(self._tree(), self.target)

    def _tree(self) -> xr.DataTree:
        import xarray as xr

        table, dynamics = self.table, self.dynamics
        convergence = table.convergence() if dynamics is None else dynamics.table.judged(table.convergence(), dynamics.of)
        groups = {"/forces": table.forces(), "/memory": table.memory(), "/convergence": convergence}
        if dynamics is not None:
            groups["/langevin"] = dynamics.table.group()
        tree = xr.DataTree.from_dict({name: group for name, group in groups.items() if group is not None})
        complete = table.count == table.size and (dynamics is None or dynamics.table.count == dynamics.table.size)
        seconds = [float(s) for s in (*table.wall_time, *([] if dynamics is None else dynamics.table.wall_time))]
        tree.attrs = self.attributes | {
            "complete": int(complete),
            "converged": int(all(state == CONVERGED for state in convergence["status"].values.reshape(-1))),
            "wall_time": time.perf_counter() - self.started,
            "wall_times": json.dumps([round(second, 3) for second in seconds]),
        }
        return tree


def where(table: SweepTable | DynamicsTable, index: int) -> str:
    """'bias = 0.2 V: ', or nothing without a sweep."""
    import numpy as np

    if not table.axes:
        return ""
    position = np.unravel_index(index, table.shape)
    return ", ".join(f"{a.name} = {a.labels[i]}" for a, i in zip(table.axes, position, strict=True)) + ": "


def command_line() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv and sys.argv[0] else "python"
