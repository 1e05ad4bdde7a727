"""Dynamics of a run: an ensemble for each sweep point, from the forces that were computed; one at a time, saved when finished.

A parameter that [langevin] drives in time is an axis of the table, not of the result: its sweep points share one ensemble.
"""

from __future__ import annotations

import itertools
import time
from concurrent.futures import CancelledError, Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import checkpoint
from .checkpoint import Checkpoint
from .combine import FAILED, SweepTable
from .errors import InputError
from .junction_experiment import JunctionExperiment
from .langevin_combine import DynamicsTable
from .progress import Report
from .store import ResultError
from .sweep import sweep_axes
from .table_experiment import TableExperiment

if TYPE_CHECKING:
    import xarray as xr

Experiment = JunctionExperiment | TableExperiment


class Dynamics:
    """The ensembles of an experiment. points: their experiments, in the order of the table."""

    def __init__(self, experiment: Experiment, target: Path | None) -> None:
        assert experiment.langevin is not None
        self.experiment, self.target = experiment, target
        driven = experiment.langevin.drive
        axes = dict(zip(experiment.sweep, sweep_axes(experiment), strict=True))
        free = [name for name in experiment.sweep if name not in driven]
        self.driven = {name: axes[name] for name in driven}
        self.table = DynamicsTable([axes[name] for name in free])
        values = itertools.product(*(experiment.sweep[name] for name in free))
        self.points = [experiment.at(dict(zip(free, chosen, strict=True))) for chosen in values]
        shape = tuple(len(axis.values) for axis in axes.values())
        numbers = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
        order = [list(experiment.sweep).index(name) for name in (*free, *driven)]
        self._forces: NDArray[np.intp] = numbers.transpose(order).reshape(len(self.points), -1)
        self.of = np.empty(numbers.size, dtype=np.intp)  # the ensemble of each sweep point
        for index, members in enumerate(self._forces):
            self.of[members] = index
        self._progress = ""

    def forces(self, index: int, table: SweepTable) -> tuple[xr.Dataset, xr.Dataset | None]:
        """What ensemble `index` moves in: with a dimension for each driven parameter; memory kernels if there are any."""
        part = SweepTable(list(self.driven.values()))
        for number, sweep_point in enumerate(self._forces[index]):
            part.insert(number, table.dataset(int(sweep_point)), 0.0)
        found = part.forces()
        renamed = {axis.name: name for name, axis in self.driven.items() if axis.name != name}
        return found.rename(renamed), table.kernels(int(self._forces[index][0]))

    def run(
        self, index: int, table: SweepTable, progress: Report, workers: int, executor: Executor | None, where: str
    ) -> None:
        """Compute one ensemble; an ordinary failure is recorded, so that the others still run."""
        from nonadia.langevin.api import langevin

        point = self.points[index]
        request = point.langevin
        assert request is not None
        lost = [int(i) for i in self._forces[index] if not table.finished(int(i))]
        if lost:
            self.table.fail(index, "no dynamics: its forces could not be computed", 0.0)
            return

        def report(done: float, total: float, message: str) -> None:
            share = done / total if total else 0.0
            self._progress = f"{100 * share:.0f}%"
            progress(table.size + index + share, table.size + self.table.size, f"{where}{message}")

        started = time.perf_counter()
        forces, kernels = self.forces(index, table)
        if isinstance(point, TableExperiment):
            kernels = getattr(point.table, "memory", None)
        options: dict[str, Any] = request.arguments()
        try:
            found = langevin(
                forces,
                memory=kernels if request.memory else None,
                workers=workers,
                executor=executor,
                checkpoint=self._checkpoint(point),
                progress=report,
                **options,
            )
        except (InputError, MemoryError, ResultError, CancelledError):
            raise
        except Exception as error:
            said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            self.table.fail(index, said, time.perf_counter() - started)
            return
        self.table.insert(index, found, time.perf_counter() - started)

    def _checkpoint(self, point: Experiment) -> Checkpoint | None:
        return None if self.target is None else Checkpoint(checkpoint.beside(self.target), checkpoint.digest(point))

    def kept(self, table: SweepTable) -> str:
        """What --resume finds, in words; nothing while forces are being computed."""
        if self.target is None or table.count < table.size:
            return ""
        s = "s" if self.table.size > 1 else ""
        words = [f"all forces and {self.table.count} of {self.table.size} ensemble{s} are saved in {self.target}"]
        file = checkpoint.beside(self.target)
        if file.exists() and self._progress:
            words.append(f"the ensemble in progress ({self._progress}) in {file.name}")
        return ", ".join(words)

    def failures(self, label: Any) -> list[str]:
        """One line a failed ensemble whose forces are there."""
        states = enumerate(self.table.status)
        return [f"{label(self.table, i)}langevin: {self.table.messages(i)[0]}" for i, state in states if state == FAILED]
