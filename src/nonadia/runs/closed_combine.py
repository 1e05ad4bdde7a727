"""Sweep points of a closed system into one result: every variable gains one leading dimension per swept parameter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .combine import ABSENT_IF_ZERO, CONVERGED, FAILED, UNCONVERGED, SweepTable, union

if TYPE_CHECKING:
    import xarray as xr

GROUPS = ("wavepacket", "factorization", "trajectories")
_OWN = ("converged", "messages")  # attributes that every sweep point has for itself
_INTEGER = "integer"  # attribute of whole numbers that are floats while some are missing: the type that they have otherwise


class ClosedTable(SweepTable):
    """Collects the groups of the sweep points, in any order, and lays them out on the sweep's grid."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._groups: dict[str, dict[int, xr.Dataset]] = {}

    def add(self, index: int, groups: Mapping[str, xr.Dataset], wall_time: float) -> None:
        """Keep the groups of one sweep point; each says in its attributes whether it converged, and what it has to say."""
        said: list[str] = []
        sound = True
        for name, dataset in groups.items():
            self._groups.setdefault(name, {})[index] = dataset
            sound &= bool(dataset.attrs.get("converged", 1))
            said += json.loads(dataset.attrs.get("messages", "[]"))
        packet = groups["wavepacket"]
        self.records[index] = {
            "messages": json.dumps(said),
            "method": str(packet.attrs.get("method", "")),
            "error": float(packet["error"].values[-1]) if "error" in packet else np.nan,
            "steps": int(packet["steps"].values.sum()) if "steps" in packet else 0,
        }
        self.status[index] = CONVERGED if sound else UNCONVERGED
        self.wall_time[index] = wall_time

    def groups(self) -> dict[str, xr.Dataset]:
        """The groups of the result."""
        return {f"/{name}": self._whole(points) for name, points in self._groups.items()}

    def _whole(self, points: dict[int, xr.Dataset]) -> xr.Dataset:
        import xarray as xr

        first = points[min(points)]
        if not self.axes:
            return first
        variables: dict[str, Any] = {}
        for name, variable in union(points, "data_vars").items():
            whole = np.stack([_values(points.get(i), name, variable.values) for i in range(self.size)])
            shape = self.shape + variable.shape
            attrs = dict(variable.attrs)
            if variable.dtype.kind == "i" and whole.dtype.kind == "f":
                attrs[_INTEGER] = str(variable.dtype)
            variables[name] = ((*self.dims, *variable.dims), whole.reshape(shape), attrs)
        found = xr.Dataset(variables, union(points, "coords") | self._coords())
        found.attrs = {key: value for key, value in first.attrs.items() if key not in _OWN}
        found.attrs["points"] = json.dumps([_attributes(points[i]) if i in points else None for i in range(self.size)])
        found.attrs["converged"] = int(all(points[i].attrs.get("converged", 1) if i in points else 0 for i in range(self.size)))
        found.attrs["messages"] = json.dumps(
            [line for point in points.values() for line in json.loads(point.attrs.get("messages", "[]"))]
        )
        return found

    def convergence(self) -> xr.Dataset:
        """The /convergence group: one entry per sweep point."""
        import xarray as xr

        def entry(values: list[Any], kind: Any, **attrs: str) -> tuple[Any, ...]:
            return self.dims, np.array(values, dtype=kind).reshape(self.shape), attrs

        def kept(key: str, missing: Any) -> list[Any]:
            return [record.get(key, missing) for record in self.records]

        words = "bound of the norm error of ψ at the end"
        table = {
            "status": entry(self.status, object),
            "converged": entry([state == CONVERGED for state in self.status], np.int8, units="1"),
            "wall_time": entry(self.wall_time.tolist(), float, units="s"),
            "method": entry(kept("method", ""), object),
            "error": entry(kept("error", np.nan), float, units="1", long_name=words),
            "steps": entry(kept("steps", 0), np.int64, units="1", long_name="time steps"),
            "messages": entry(kept("messages", "[]"), object),
        }
        return xr.Dataset(table, self._coords())

    def fail(self, index: int, message: str, wall_time: float) -> None:
        """Record that one sweep point could not be computed."""
        super().fail(index, message, wall_time)
        assert self.status[index] == FAILED

    def take_over(self, tree: xr.DataTree) -> None:
        """Take over the finished points of a stored result of the same experiment."""
        convergence = tree["convergence"].to_dataset()
        for index in range(self.size):
            where = dict(zip(self.dims, np.unravel_index(index, self.shape), strict=True)) if self.dims else {}
            entry = convergence.isel(where)
            if entry["status"].item() not in (CONVERGED, UNCONVERGED):
                continue
            groups = {}
            for name in (name for name in GROUPS if name in tree.children):
                whole = tree[name].to_dataset()
                part = whole.isel(where).drop_vars([n for axis in self.dims for n in (axis, f"{axis}_label")])
                # each sweep point has attributes of its own: those of the whole are of its first point
                part.attrs = json.loads(whole.attrs["points"])[index] if "points" in whole.attrs else dict(whole.attrs)
                groups[name] = part.assign({name: _as_integers(values) for name, values in part.data_vars.items()})
            self.add(index, groups, float(entry["wall_time"].item()))


def _values(point: xr.Dataset | None, name: str, example: np.ndarray) -> np.ndarray:
    """Of one sweep point: 0 where it left out a zero, NaN (integers become floats) where there is nothing."""
    if point is not None and name in point.data_vars:
        return np.asarray(point[name].values)
    absent = 0.0 if point is not None and name in ABSENT_IF_ZERO else np.nan
    return np.full(example.shape, absent, dtype=np.result_type(example.dtype, float))


def _as_integers(values: xr.DataArray) -> xr.DataArray:
    """Of a point that is whole: integers again, as the point was computed."""
    kind = values.attrs.get(_INTEGER)
    if kind is None or not np.isfinite(values.values).all():
        return values
    found = values.astype(kind)
    found.attrs = {key: value for key, value in values.attrs.items() if key != _INTEGER}
    return found


def _attributes(dataset: xr.Dataset) -> dict[str, Any]:
    """JSON-able attributes."""
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in dataset.attrs.items()}
