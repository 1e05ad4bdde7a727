"""Ensembles of a sweep into one group /langevin: every variable gains one leading dimension per swept parameter.

Sweep points may differ in the lengths of their dimensions (an ensemble that was stopped early): shorter ones are filled up
with NaN. With a sweep integers are floats, so that what is not computed can be NaN.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .closed_combine import _attributes
from .combine import CONVERGED, FAILED, MISSING, UNCONVERGED, SweepAxis

if TYPE_CHECKING:
    import xarray as xr

_OWN = ("converged", "messages")


class DynamicsTable:
    """Collects the ensembles of the sweep points, in any order. axes: the swept parameters that are not driven in time."""

    def __init__(self, axes: Sequence[SweepAxis]) -> None:
        self.axes = tuple(axes)
        self.dims = tuple(axis.name for axis in self.axes)
        self.shape = tuple(len(axis.values) for axis in self.axes)
        self.size = int(np.prod(self.shape, dtype=int))
        self.status = [MISSING] * self.size
        self.wall_time = np.zeros(self.size)
        self.failures: dict[int, str] = {}
        self._datasets: dict[int, xr.Dataset] = {}

    def finished(self, index: int) -> bool:
        """Whether this point holds numbers, converged or not."""
        return self.status[index] in (CONVERGED, UNCONVERGED)

    @property
    def count(self) -> int:
        """Number of finished points."""
        return sum(self.finished(index) for index in range(self.size))

    def insert(self, index: int, dataset: xr.Dataset, wall_time: float) -> None:
        """Keep one ensemble."""
        self._datasets[index] = dataset
        self.status[index] = CONVERGED if int(dataset.attrs.get("converged", 0)) else UNCONVERGED
        self.wall_time[index] = wall_time

    def fail(self, index: int, message: str, wall_time: float) -> None:
        """Record that one ensemble could not be computed."""
        self.status[index], self.wall_time[index], self.failures[index] = FAILED, wall_time, message

    def messages(self, index: int) -> list[str]:
        """What is to be said about one ensemble."""
        if index in self.failures:
            return [self.failures[index]]
        if index not in self._datasets:
            return []
        return [str(line) for line in json.loads(self._datasets[index].attrs.get("messages", "[]"))]

    def group(self) -> xr.Dataset | None:
        """The group /langevin; None while no ensemble is finished."""
        import xarray as xr

        if not self._datasets:
            return None
        if not self.axes:
            return self._datasets[0]
        every = list(self._datasets.values())
        sizes = {dim: max(d.sizes.get(dim, 0) for d in every) for dim in dict.fromkeys(d for e in every for d in e.sizes)}
        shared, own = _coordinates(every)
        variables = {name: self._stacked(name, sizes) for name in dict.fromkeys(str(n) for d in every for n in d.data_vars)}
        found = xr.Dataset(variables, shared | {name: self._stacked(name, sizes) for name in own} | self._axes())
        each = [_attributes(self._datasets[i]) if i in self._datasets else None for i in range(self.size)]
        known = [attributes for attributes in each if attributes is not None]
        common = {key: value for key, value in known[0].items() if all(other.get(key) == value for other in known)}
        found.attrs = {key: value for key, value in common.items() if key not in _OWN}
        found.attrs |= {"points": json.dumps(each), "converged": int(all(state == CONVERGED for state in self.status))}
        found.attrs["messages"] = json.dumps([line for index in range(self.size) for line in self.messages(index)])
        return found

    def _stacked(self, name: str, sizes: dict[Any, int]) -> tuple[Any, NDArray[Any], dict[str, Any]]:
        example = next(dataset[name] for dataset in self._datasets.values() if name in dataset.variables)
        shape = tuple(sizes[dim] for dim in example.dims)
        text = example.dtype.kind in "OUS"
        kind: Any = object if text else np.result_type(example.dtype, float)
        whole: NDArray[Any] = np.full((self.size, *shape), "" if text else np.nan, dtype=kind)
        for index, dataset in self._datasets.items():
            if name in dataset.variables:
                values = dataset[name].values
                where: tuple[Any, ...] = (index, *(slice(length) for length in values.shape))
                whole[where] = values
        return (*self.dims, *example.dims), whole.reshape(self.shape + shape), dict(example.attrs)

    def _axes(self) -> dict[str, Any]:
        coords: dict[str, Any] = {}
        for axis in self.axes:
            coords[axis.name] = (axis.name, axis.values, {"units": axis.units})
            coords[f"{axis.name}_label"] = (axis.name, np.array(axis.labels, dtype=object))
        return coords

    def restore(self, group: xr.Dataset | None, convergence: xr.Dataset) -> None:
        """Take over the finished ensembles of a stored result of the same experiment."""
        if group is None or "langevin_status" not in convergence:
            return
        for index in range(self.size):
            where = dict(zip(self.dims, np.unravel_index(index, self.shape), strict=True)) if self.dims else {}
            entry = convergence.isel(where)
            entry = entry.isel({dim: 0 for dim in entry["langevin_status"].dims})  # a driven parameter: all the same
            if entry["langevin_status"].item() not in (CONVERGED, UNCONVERGED):
                continue
            dataset = group.isel(where)
            if self.axes:
                dataset = dataset.drop_vars([name for axis in self.dims for name in (axis, f"{axis}_label")])
                dataset.attrs = json.loads(group.attrs["points"])[index]
            self.insert(index, dataset, float(entry["langevin_wall_time"].item()))

    def judged(self, convergence: xr.Dataset, of: NDArray[np.intp]) -> xr.Dataset:
        """The group /convergence with the ensembles in it. of: number of the ensemble at each sweep point.

        status and messages are of forces and dynamics together; forces_status, langevin_status, … of each.
        """
        dims, shape = convergence["status"].dims, convergence["status"].shape
        numbers = [int(i) for i in of.reshape(-1)]
        forces = convergence["status"].values.reshape(-1).tolist()
        own = [self.status[i] for i in numbers]
        both = [f if f not in (CONVERGED, UNCONVERGED) else _worse(f, d) for f, d in zip(forces, own, strict=True)]
        said = [self.messages(i) for i in numbers]
        before = [json.loads(text or "[]") for text in convergence["messages"].values.reshape(-1)]
        together = [json.dumps(b + [f"langevin: {line}" for line in s]) for b, s in zip(before, said, strict=True)]

        def entry(values: Sequence[Any], kind: Any, **attrs: str) -> tuple[Any, ...]:
            return dims, np.array(values, dtype=kind).reshape(shape), attrs

        return convergence.assign(
            forces_status=entry(forces, object),
            forces_messages=entry(convergence["messages"].values.reshape(-1).tolist(), object),
            langevin_status=entry(own, object),
            langevin_messages=entry([json.dumps(lines) for lines in said], object),
            langevin_wall_time=entry([self.wall_time[i] for i in numbers], float, units="s"),
            status=entry(both, object),
            converged=entry([state == CONVERGED for state in both], np.int8, units="1"),
            messages=entry(together, object),
        )


def of_forces(convergence: xr.Dataset) -> xr.Dataset:
    """The group /convergence as it was before `judged`."""
    if "forces_status" not in convergence:
        return convergence
    sound = (convergence["forces_status"] == CONVERGED).astype(np.int8)
    return convergence.assign(
        status=convergence["forces_status"], messages=convergence["forces_messages"], converged=sound
    )


def _worse(forces: str, dynamics: str) -> str:
    """Of finished forces and their dynamics."""
    return forces if dynamics == CONVERGED else dynamics


def _coordinates(every: Sequence[xr.Dataset]) -> tuple[dict[str, Any], list[str]]:
    """Coordinates that all share (of a dimension: the longest), and names of those that each sweep point has for itself."""
    shared: dict[str, Any] = {}
    own = []
    for name in dict.fromkeys(str(n) for dataset in every for n in dataset.coords):
        found = [dataset.coords[name] for dataset in every if name in dataset.coords]
        longest = max(found, key=lambda coordinate: coordinate.size)
        if name in longest.dims or all(_same(one.values, longest.values) for one in found):
            shared[name] = longest.variable
        else:
            own.append(name)
    return shared, own


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
