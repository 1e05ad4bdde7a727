"""Experiment on a closed system → result: a sweep point at a time, each snapshot recorded as soon as it is reached.

    prepare ψ(0) → propagate → at each stored time: observe, factorize, move trajectories → journal → result

Beside the result lie, until the run is complete, the journal (what was recorded) and the checkpoint (ψ); `resume` continues
from them bit-identically.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nonadia.models.errors import ModelError

from . import checkpoint, closed_estimate, store
from .checkpoint import Checkpoint, State
from .closed_combine import ClosedTable
from .closed_experiment import ClosedExperiment
from .combine import CONVERGED
from .errors import InputError
from .execute import Interrupted, RunFailed, command_line, where
from .journal import Journal, beside
from .progress import Report, silent
from .recorders import Recorders
from .sweep import sweep_axes

if TYPE_CHECKING:
    import xarray as xr

Records = MutableMapping[str, dict[str, NDArray]]


def run_closed(experiment: ClosedExperiment, output: str | Path | None, resume: bool, progress: Report | None) -> xr.DataTree:
    """Compute everything that the input asks for; arguments and errors as for `execute.run`."""
    if experiment.propagation is None:
        message = 'nothing to compute; give [propagation] with a duration such as "20 fs"'
        raise InputError([(experiment.source, "propagation", message)])
    target = None if output is None else Path(output)
    table = ClosedTable(sweep_axes(experiment))
    points = [experiment.at(values) for values in experiment.points()]
    closed_estimate.refuse_if_too_large(experiment)
    journal: Journal | None = None
    if target is not None:
        store.check_writable(target)
        store.remove_remnants(target)
        stored = store.stored_part(target, experiment, resume)
        if stored is not None and "wavepacket" in stored.children:
            table.take_over(stored)
        if not resume:
            for stale in (beside(target), checkpoint.beside(target)):
                stale.unlink(missing_ok=True)
        journal = Journal(beside(target))
    started = time.perf_counter()
    attributes = store.provenance(experiment, command_line())
    for index, point in enumerate(points):
        if table.finished(index):
            continue
        work = _Work(point, table, index, target, journal, progress or silent)
        try:
            work.run()
        except KeyboardInterrupt:
            raise Interrupted(table.count, table.size, target, 0, work.kept()) from None
        if target is not None and table.count:
            store.write_result(_tree(table, attributes, time.perf_counter() - started), target)
    tree = _tree(table, attributes, time.perf_counter() - started)
    failures = [f"{where(table, i)}{table.messages(i)[0]}" for i in range(table.size) if not table.finished(i)]
    if failures:
        raise RunFailed(failures, tree, table.count)
    if target is not None:
        if table.count and not target.exists():
            store.write_result(tree, target)
        for finished in (beside(target), checkpoint.beside(target)):
            finished.unlink(missing_ok=True)
    return tree


class _Work:
    """One sweep point: its records so far, and where ψ is kept."""

    def __init__(
        self,
        point: ClosedExperiment,
        table: ClosedTable,
        index: int,
        target: Path | None,
        journal: Journal | None,
        progress: Report,
    ) -> None:
        self.point, self.table, self.index, self.progress = point, table, index, progress
        key = checkpoint.digest(point)
        self.key = key
        self.records: Records = {} if journal is None else journal
        self.checkpoint = None if target is None else Checkpoint(checkpoint.beside(target), key)
        self.state: State | None = None  # the last recorded ψ
        assert point.propagation is not None
        self.times = point.propagation.times

    def run(self) -> None:
        """Compute and insert into the table; an ordinary failure is recorded, so that other sweep points still run."""
        started = time.perf_counter()
        try:
            groups = self._groups()
        except (InputError, MemoryError, store.ResultError):
            raise
        except ModelError as error:  # found when the initial state is prepared
            if self.table.size == 1:
                raise InputError([(self.point.source, key, message) for key, message in error.problems]) from None
            self.table.fail(self.index, str(error), time.perf_counter() - started)
            return
        except Exception as error:
            self._save()
            self.table.fail(self.index, f"{type(error).__name__}: {error}", time.perf_counter() - started)
            return
        except KeyboardInterrupt:
            self._save()
            raise
        self.table.add(self.index, groups, time.perf_counter() - started)
        self.progress(self.index + 1, self.table.size, f"{where(self.table, self.index)}done")

    def _groups(self) -> dict[str, xr.Dataset]:
        from nonadia.wavepacket import initial
        from nonadia.wavepacket.hamiltonian import Hamiltonian
        from nonadia.wavepacket.propagate import snapshots

        point, request, times = self.point, self.point.propagation, self.times
        assert request is not None
        self._report(0, "initial state")
        hamiltonian = Hamiltonian(point.molecule)
        recorders = Recorders(point, times, hamiltonian)
        resumed = self._resumed()
        if resumed is None:
            psi = initial.prepare(point.molecule, point.initial)
        else:
            psi = resumed.psi
            done = [self.records[self._key(k)] for k in range(resumed.index + 1)]
            recorders.restore(done, psi, float(times[resumed.index]))
        for snapshot in snapshots(
            point.molecule,
            psi,
            times.tolist(),
            method=request.method,
            order=request.order,
            step=request.step,
            tolerance=request.tolerance,
            resume=None if resumed is None else resumed.resume(),
            hamiltonian=hamiltonian,
        ):
            self.records[self._key(snapshot.index)] = recorders.record(snapshot)
            self._keep(State(snapshot.index, snapshot.psi, snapshot.error, snapshot.next_steps))
            self._report(snapshot.index + 1, f"t = {snapshot.time:.4g} a.u., {snapshot.steps} steps")
        return recorders.datasets(times, [self.records[self._key(k)] for k in range(len(times))])

    def _key(self, k: int) -> str:
        return f"{self.key}:{k}"

    def _resumed(self) -> State | None:
        """ψ of the checkpoint, if the journal has every record up to it."""
        state = None if self.checkpoint is None else State.of(self.checkpoint.read())
        if state is None or any(self._key(k) not in self.records for k in range(state.index + 1)):
            return None
        self.state = state
        return state

    def _keep(self, state: State) -> None:
        """Remember ψ, which the propagator goes on to overwrite; write it down from time to time."""
        if self.checkpoint is None:
            return
        if self.state is None or self.state.psi.shape != state.psi.shape:
            self.state = State(state.index, state.psi.copy(), state.error, state.steps)
        else:
            # an interruption in the middle must not leave half of one and half of the other: swap in a whole one
            spare = self._spare if self._spare is not None else np.empty_like(state.psi)
            spare[...] = state.psi
            self._spare, self.state = self.state.psi, State(state.index, spare, state.error, state.steps)
        self.checkpoint.offer(self.state.arrays())

    _spare: NDArray[np.complex128] | None = None

    def _save(self) -> None:
        """Write the last recorded ψ, so that nothing has to be computed again."""
        if self.checkpoint is not None and self.state is not None:
            with contextlib.suppress(store.SaveError):
                self.checkpoint.write(self.state.arrays())

    def kept(self) -> str:
        """What --resume finds, in words."""
        if self.checkpoint is None or self.state is None or self.state.index < 1:
            return ""
        names = f"{self.checkpoint.path.name.removesuffix('.checkpoint')}.journal and .checkpoint"
        return f"{self.state.index + 1} of {len(self.times)} snapshots are kept in {names}"

    def _report(self, done: int, message: str) -> None:
        share = done / (len(self.times) + 1)
        self.progress(self.index + share, self.table.size, f"{where(self.table, self.index)}{message}")


def _tree(table: ClosedTable, attributes: Mapping[str, Any], wall_time: float) -> xr.DataTree:
    import xarray as xr

    tree = xr.DataTree.from_dict({**table.groups(), "/convergence": table.convergence()})
    tree.attrs = dict(attributes) | {
        "complete": int(table.count == table.size),
        "converged": int(all(state == CONVERGED for state in table.status)),
        "wall_time": wall_time,
        "wall_times": json.dumps([round(float(seconds), 3) for seconds in table.wall_time]),
    }
    return tree
