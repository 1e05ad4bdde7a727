"""Sweep points into one table: every variable gains one leading dimension per swept parameter.

    forces[name](s_1, …, s_k, …) = forces of the sweep point with parameter values (s_1, …, s_k)

Unfinished points are NaN; the convergence group says which they are and why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

MISSING, CONVERGED, UNCONVERGED, FAILED = "not computed", "converged", "not converged", "failed"
# text attributes kept per sweep point
_TEXTS = ("method", "decomposition", "exponents", "bath", "relative_error", "convergence", "messages", "stability")
_NUMBERS = ("tiers", "poles")  # integers kept per sweep point; 0 where a method has none
_PER_POINT = ("wall_time", "temperature", "chemical_potential")  # stored as variables of their own
# a sweep point leaves these out where they are zero; whatever else it lacks is not defined there: NaN
ABSENT_IF_ZERO = frozenset({"interaction_energy", "work_external"})


@dataclass(frozen=True)
class SweepAxis:
    """One swept parameter: dimension, values (atomic units), their unit, the labels the user typed."""

    name: str
    values: np.ndarray
    units: str
    labels: tuple[str, ...]


class SweepTable:
    """Collects the datasets of the sweep points, in any order, and lays them out on the sweep's grid."""

    def __init__(self, axes: Sequence[SweepAxis]) -> None:
        self.axes = tuple(axes)
        self.dims = tuple(axis.name for axis in self.axes)
        self.shape = tuple(len(axis.values) for axis in self.axes)
        self.size = int(np.prod(self.shape, dtype=int))
        self.status = [MISSING] * self.size
        self.wall_time = np.zeros(self.size)
        self.records: list[dict[str, Any]] = [{} for _ in range(self.size)]
        self._datasets: dict[int, xr.Dataset] = {}
        self._kernels: dict[int, xr.Dataset] = {}

    def finished(self, index: int) -> bool:
        """Whether this point holds numbers, converged or not."""
        return self.status[index] in (CONVERGED, UNCONVERGED)

    @property
    def count(self) -> int:
        """Number of finished points."""
        return sum(self.finished(index) for index in range(self.size))

    def insert(self, index: int, dataset: xr.Dataset, wall_time: float, kernels: xr.Dataset | None = None) -> None:
        """Keep the forces of one sweep point (attributes as `electronic_forces` gives them), and its memory kernels."""
        attrs = dict(dataset.attrs)
        record: dict[str, Any] = {key: _as_text(attrs.get(key)) for key in _TEXTS}
        record |= {key: _as_number(attrs.get(key)) for key in _NUMBERS}
        self.records[index] = record
        self.status[index] = CONVERGED if int(attrs.get("converged", 0)) else UNCONVERGED
        self.wall_time[index] = wall_time
        self._datasets[index] = dataset
        if kernels is not None:
            self._kernels[index] = kernels
            if not int(kernels.attrs["converged"]):
                self.status[index] = UNCONVERGED
            said = self.messages(index) + [f"memory: {line}" for line in json.loads(kernels.attrs["messages"])]
            record["messages"] = json.dumps(said)

    def fail(self, index: int, message: str, wall_time: float) -> None:
        """Record that one sweep point could not be computed."""
        self.status[index] = FAILED
        self.wall_time[index] = wall_time
        self.records[index] = {"messages": json.dumps([message])}

    def messages(self, index: int) -> list[str]:
        """What the solver said about one sweep point."""
        text = self.records[index].get("messages") or "[]"
        try:
            found = json.loads(text)
        except ValueError:
            return [text]
        return [str(line) for line in found] if isinstance(found, list) else [str(found)]

    def dataset(self, index: int) -> xr.Dataset:
        """The forces of one finished sweep point."""
        return self._datasets[index]

    def kernels(self, index: int) -> xr.Dataset | None:
        """The memory kernels of one finished sweep point, if they were asked for."""
        return self._kernels.get(index)

    def forces(self) -> xr.Dataset:
        """The /forces group; empty when no sweep point is finished."""
        found = self._stacked(self._datasets)
        if self._datasets:
            found.attrs = self._attributes(next(iter(self._datasets.values())))
        return found

    def memory(self) -> xr.Dataset | None:
        """The /memory group; None without memory kernels. Sweep points with fewer exponents are filled up with amplitude 0."""
        if not self._kernels:
            return None
        most = max(dataset.sizes["exponent"] for dataset in self._kernels.values())
        same = {}
        for index, dataset in self._kernels.items():
            more = {"exponent": (0, most - dataset.sizes["exponent"])}
            longer = dataset.pad(more, constant_values=0.0, keep_attrs=True)
            same[index] = longer.assign(rate=dataset["rate"].pad(more, mode="edge", keep_attrs=True))
        found = self._stacked(same)
        # what each sweep point says of itself, in their order: method, tiers, poles, errors, messages, …
        each = [dict(self._kernels[i].attrs) if i in self._kernels else None for i in range(self.size)]
        found.attrs = {"points": json.dumps(each), "converged": int(all(point and point["converged"] for point in each))}
        return found

    def _stacked(self, datasets: dict[int, xr.Dataset]) -> xr.Dataset:
        import xarray as xr

        if not datasets:
            return xr.Dataset()
        variables: dict[str, Any] = {}
        for name, variable in union(datasets, "data_vars").items():
            absent = 0.0 if name in ABSENT_IF_ZERO else np.nan
            stacked = np.full((self.size, *variable.shape), np.nan, dtype=np.result_type(variable.dtype, float))
            for index, dataset in datasets.items():
                stacked[index] = dataset[name].values if name in dataset.data_vars else absent
            whole = stacked.reshape(self.shape + variable.shape)
            variables[name] = ((*self.dims, *variable.dims), whole, dict(variable.attrs))
        return xr.Dataset(variables, union(datasets, "coords") | self._coords())

    def convergence(self) -> xr.Dataset:
        """The /convergence group: one entry per sweep point."""
        import xarray as xr

        def entry(values: Sequence[Any], kind: Any, **attrs: str) -> tuple[Any, ...]:
            return self.dims, np.array(values, dtype=kind).reshape(self.shape), attrs

        table: dict[str, Any] = {
            "status": entry(self.status, object),
            "converged": entry([state == CONVERGED for state in self.status], np.int8, units="1"),
            "wall_time": entry(self.wall_time.tolist(), float, units="s"),
        }
        for key in _NUMBERS:
            table[key] = entry([record.get(key, 0) for record in self.records], np.int64, units="1")
        for key in _TEXTS:
            table[key] = entry([record.get(key, "") for record in self.records], object)
        return xr.Dataset(table, self._coords())

    def restore(self, forces: xr.Dataset, convergence: xr.Dataset, memory: xr.Dataset | None = None) -> None:
        """Take over the finished points of a stored result of the same experiment."""
        for index in range(self.size):
            where = dict(zip(self.dims, np.unravel_index(index, self.shape), strict=True)) if self.dims else {}
            entry = convergence.isel(where)
            if entry["status"].item() not in (CONVERGED, UNCONVERGED):
                continue
            dataset = forces.isel(where)
            dataset = dataset.drop_vars([name for axis in self.dims for name in (axis, f"{axis}_label")])
            dataset.attrs = forces.attrs | {key: entry[key].item() for key in (*_TEXTS, *_NUMBERS) if key in entry}
            dataset.attrs["converged"] = int(entry["converged"].item())
            self.insert(index, dataset, float(entry["wall_time"].item()))
            if memory is not None:
                kernels = memory.isel(where).drop_vars([n for axis in self.dims for n in (axis, f"{axis}_label")])
                kernels.attrs = json.loads(memory.attrs["points"])[index]
                self._kernels[index] = kernels

    def _coords(self) -> dict[str, Any]:
        coords: dict[str, Any] = {}
        for axis in self.axes:
            coords[axis.name] = (axis.name, axis.values, {"units": axis.units})
            coords[f"{axis.name}_label"] = (axis.name, np.array(axis.labels, dtype=object))
        return coords

    def _attributes(self, first: xr.Dataset) -> dict[str, Any]:
        """Attributes of the whole table: one value where all sweep points agree, a JSON list where not."""
        attrs = {key: value for key, value in first.attrs.items() if key not in (*_TEXTS, *_NUMBERS, *_PER_POINT)}
        done = [record for index, record in enumerate(self.records) if self.finished(index)]
        for key in ("method", "decomposition", *_NUMBERS):
            values = [record[key] for record in done]
            attrs[key] = values[0] if all(value == values[0] for value in values) else json.dumps(values)
        attrs["converged"] = int(all(state == CONVERGED for state in self.status))
        return attrs


def union(datasets: Mapping[int, xr.Dataset], kind: Literal["data_vars", "coords"]) -> dict[str, xr.Variable]:
    """Variables or coordinates that any sweep point has, each as the first of these points has it."""
    found: dict[str, xr.Variable] = {}
    for _, dataset in sorted(datasets.items()):
        for name, array in getattr(dataset, kind).items():
            found.setdefault(str(name), array.variable)
    return found


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _as_number(value: Any) -> int:
    """An integer attribute; the largest where there is one per lead (JSON), 0 where there is none."""
    if isinstance(value, str):
        value = json.loads(value) if value.strip() else None
    return 0 if value is None else int(np.max(np.atleast_1d(value)))
