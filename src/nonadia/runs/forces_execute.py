"""Forces, and memory kernels if asked for, at one sweep point: in this process, in worker processes, or on a cluster."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from . import estimate
from .journal import Journal
from .junction_experiment import JunctionExperiment
from .progress import Report
from .table_experiment import TableExperiment

if TYPE_CHECKING:
    import xarray as xr

    from nonadia.models.junction import Junction

    Forces = tuple[xr.Dataset, xr.Dataset | None]


class Ahead:
    """Pieces of a sweep that are computed whole, on a cluster, before their turn comes: Green's functions, memory kernels.

    HEOM forces are cut into blocks of geometries instead (`friction.blocks`), each of which goes to the cluster.
    """

    def __init__(self, executor: Executor | None) -> None:
        self.executor = executor
        self._forces: dict[int, Future[xr.Dataset]] = {}
        self._kernels: dict[int, Future[xr.Dataset]] = {}

    def submit(self, index: int, point: JunctionExperiment) -> None:
        """Have this sweep point's pieces computed."""
        if self.executor is None:
            return
        if estimate.of_point(point, least=True).method == "negf":
            self._forces[index] = self.executor.submit(forces, point.model, _forces_options(point))
        if point.memory is not None:
            self._kernels[index] = self.executor.submit(kernels, point.model, _kernels_options(point))

    def compute(self, index: int, point: JunctionExperiment, report: Report, workers: int, journal: Journal | None) -> Forces:
        """The pieces of this sweep point, whoever computes them."""
        run = {"progress": report, "workers": workers, "store": journal, "executor": self.executor}
        if index in self._forces:
            report(0, 1, "on the cluster")
            found = self._forces.pop(index).result()
        else:
            found = forces(point.model, _forces_options(point) | run)
        memory = None
        if index in self._kernels:
            report(0.5, 1, "memory kernels, on the cluster")
            memory = self._kernels.pop(index).result()
        elif point.memory is not None:
            memory = kernels(point.model, _kernels_options(point) | {"progress": report})
        return _annotated(found, point), memory

    def cancel(self) -> None:
        """Nothing more is wanted."""
        for future in (*self._forces.values(), *self._kernels.values()):
            future.cancel()


def twins(points: Sequence[JunctionExperiment | TableExperiment]) -> list[int]:
    """For each sweep point the first one with the same forces: a parameter may act on the dynamics alone."""
    first: dict[str, int] = {}
    found = []
    for index, point in enumerate(points):
        key = str(index)
        if isinstance(point, JunctionExperiment):
            request = point.forces
            if request is None:
                found.append(index)
                continue
            kernels = None if point.memory is None else (point.memory.describe(), point.model.at(point.memory.at.points))
            everything = (
                *(point.model.at(request.points), point.model.bare_force(request.points)),
                *(point.model.bare_potential(request.points), request.points, request.describe(), kernels),
            )
            key = hashlib.sha256(pickle.dumps(everything, protocol=5)).hexdigest()
        found.append(first.setdefault(key, index))
    return found


def at(
    point: JunctionExperiment | TableExperiment, index: int, ahead: Ahead, report: Report, workers: int, journal: Journal | None
) -> Forces:
    """The forces of one sweep point; those of a table are there already."""
    if isinstance(point, TableExperiment):
        return point.table.dataset(), None
    return ahead.compute(index, point, report, workers, journal)


def forces(model: Junction, options: dict[str, Any]) -> xr.Dataset:
    """`electronic_forces`, as a cluster can call it."""
    from nonadia.friction import electronic_forces

    return electronic_forces(model, **options)


def kernels(model: Junction, options: dict[str, Any]) -> xr.Dataset:
    """`memory_kernels`, likewise."""
    from nonadia.friction import memory_kernels

    return memory_kernels(model, **options)


_TRUNCATION = ("method", "tolerance", "tiers", "poles", "decomposition")


def _forces_options(point: JunctionExperiment) -> dict[str, Any]:
    request = point.forces
    assert request is not None
    return {"x": estimate.grid_of(request)} | {name: getattr(request, name) for name in (*_TRUNCATION, "tolerance_mode")}


def _kernels_options(point: JunctionExperiment) -> dict[str, Any]:
    request = point.memory
    assert request is not None
    own = {"x": estimate.grid_of(request.at), "time": request.time, "frequency": request.frequency}
    return own | {name: getattr(request.at, name) for name in _TRUNCATION}


def _annotated(dataset: xr.Dataset, point: JunctionExperiment) -> xr.Dataset:
    """Add the state of the leads, which a sweep may change from point to point."""
    leads = point.model.leads
    kT = [float(lead.temperature) for lead in leads]
    mu = [float(lead.chemical_potential) for lead in leads]
    return dataset.assign(
        temperature=("lead", kT, {"units": "hartree", "long_name": "k_B T of the lead"}),
        chemical_potential=("lead", mu, {"units": "hartree", "long_name": "chemical potential of the lead"}),
    )
