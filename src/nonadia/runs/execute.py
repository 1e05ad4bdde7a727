"""Experiment → result: forces, and memory kernels if asked for, a sweep point at a time, saved as soon as it is finished.

Closed systems go to `closed_execute`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import estimate, store
from .closed_experiment import ClosedExperiment
from .combine import CONVERGED, SweepTable
from .errors import InputError
from .experiment import Experiment, load
from .journal import Journal, beside
from .junction_experiment import JunctionExperiment
from .progress import Report, silent
from .sweep import sweep_axes

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
) -> xr.DataTree:
    """Compute everything the input asks for.

    experiment : an Experiment, the path of an input file, the name of a shipped example, or a dict as in
        the file.
    output : result file; written after each finished sweep point. Within a sweep point, finished blocks of
        geometries are kept in OUTPUT.journal until the run is complete. None keeps the result in memory.
    resume : continue `output` and its journal: what is finished there is kept. The input must be identical.
    progress : callable(done, total, message).
    workers : processes over blocks of geometries; the result does not depend on it.

    Returns the result tree (/forces, /convergence; of closed systems /wavepacket, /factorization, /convergence); its
    attribute `complete` is 1 when every sweep point was computed and `converged` is 1 when every one reached the tolerance.
    Errors: InputError before any work; ResultError for the file; RunFailed when a sweep point failed (the
    others are computed and saved); Interrupted on Ctrl-C.
    """
    if not isinstance(experiment, Experiment):
        experiment = load(experiment)
    if isinstance(experiment, ClosedExperiment):
        from .closed_execute import run_closed

        return run_closed(experiment, output, resume, progress)
    assert isinstance(experiment, JunctionExperiment)
    if experiment.forces is None:
        raise InputError([(experiment.source, "forces", "nothing to compute; give [forces] with x = [...]")])
    target = None if output is None else Path(output)
    table = SweepTable(sweep_axes(experiment))
    # every sweep point is checked (NaN on its grid, memory) before the first one is computed; so is the table of all of them
    estimate.refuse_if_too_large(experiment)
    points = [experiment.at(values) for values in experiment.points()]
    for point in points:
        estimate.refuse_if_too_large(point)
    if target is not None:
        store.check_writable(target)
        _restore(target, experiment, table, resume)
    journal = None
    if target is not None:
        if not resume:
            beside(target).unlink(missing_ok=True)
        journal = Journal(beside(target))
    started = time.perf_counter()
    attributes = store.provenance(experiment, command_line())
    saved = table.count
    try:
        for index, point in enumerate(points):
            if not table.finished(index):
                _compute(table, index, point, progress or silent, workers, journal)
                if target is not None and table.count:
                    store.write_result(_tree(table, attributes, time.perf_counter() - started), target)
                saved = table.count
    except KeyboardInterrupt:
        raise Interrupted(saved, table.size, target, len(journal) if journal is not None else 0) from None
    tree = _tree(table, attributes, time.perf_counter() - started)
    failures = [f"{where(table, i)}{table.messages(i)[0]}" for i in range(table.size) if not table.finished(i)]
    if failures:
        raise RunFailed(failures, tree, table.count, len(journal) if journal is not None else 0)
    if journal is not None:
        journal.remove()
    return tree


def _compute(
    table: SweepTable, index: int, point: JunctionExperiment, progress: Report, workers: int, journal: Journal | None
) -> None:
    """One sweep point; an ordinary failure is recorded so that the other points still run."""
    from nonadia.friction import electronic_forces, memory_kernels

    request = point.forces
    assert request is not None

    def report(done: float, total: float, message: str) -> None:
        progress(index + (done / total if total else 0.0), table.size, f"{where(table, index)}{message}")

    started = time.perf_counter()
    try:
        dataset = electronic_forces(
            point.model,
            estimate.grid_of(request),
            method=request.method,
            tolerance=request.tolerance,
            tolerance_mode=request.tolerance_mode,
            tiers=request.tiers,
            poles=request.poles,
            decomposition=request.decomposition,
            progress=report,
            workers=workers,
            store=journal,
        )
        kernels = None
        if point.memory is not None:
            at = point.memory.at
            kernels = memory_kernels(
                point.model,
                estimate.grid_of(at),
                point.memory.time,
                point.memory.frequency,
                tolerance=at.tolerance,
                tiers=at.tiers,
                poles=at.poles,
                decomposition=at.decomposition,
                method=at.method,
                progress=report,
            )
    except InputError:
        raise
    except Exception as error:
        table.fail(index, f"{type(error).__name__}: {error}", time.perf_counter() - started)
        return
    table.insert(index, _annotated(dataset, point), time.perf_counter() - started, kernels)
    progress(index + 1, table.size, f"{where(table, index)}done")


def _annotated(dataset: xr.Dataset, point: JunctionExperiment) -> xr.Dataset:
    """Add the state of the leads, which a sweep may change from point to point."""
    leads = point.model.leads
    kT = [float(lead.temperature) for lead in leads]
    mu = [float(lead.chemical_potential) for lead in leads]
    return dataset.assign(
        temperature=("lead", kT, {"units": "hartree", "long_name": "k_B T of the lead"}),
        chemical_potential=("lead", mu, {"units": "hartree", "long_name": "chemical potential of the lead"}),
    )


def _restore(target: Path, experiment: Experiment, table: SweepTable, resume: bool) -> None:
    """Never overwrite a foreign file or unfinished work, never continue another input."""
    stored = store.stored_part(target, experiment, resume)
    if stored is not None and "forces" in stored.children and "convergence" in stored.children:
        memory = stored["memory"].to_dataset() if "memory" in stored.children else None
        table.restore(stored["forces"].to_dataset(), stored["convergence"].to_dataset(), memory)


def _tree(table: SweepTable, attributes: dict[str, Any], wall_time: float) -> xr.DataTree:
    import xarray as xr

    groups = {"/forces": table.forces(), "/memory": table.memory(), "/convergence": table.convergence()}
    tree = xr.DataTree.from_dict({name: group for name, group in groups.items() if group is not None})
    complete = table.count == table.size
    tree.attrs = attributes | {
        "complete": int(complete),
        "converged": int(all(state == CONVERGED for state in table.status)),
        "wall_time": wall_time,
        "wall_times": json.dumps([round(float(seconds), 3) for seconds in table.wall_time]),
    }
    return tree


def where(table: SweepTable, index: int) -> str:
    """'bias = 0.2 V: ', or nothing without a sweep."""
    import numpy as np

    if not table.axes:
        return ""
    position = np.unravel_index(index, table.shape)
    return ", ".join(f"{a.name} = {a.labels[i]}" for a, i in zip(table.axes, position, strict=True)) + ": "


def command_line() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv and sys.argv[0] else "python"
