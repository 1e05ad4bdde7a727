"""[forces] of an input file → the geometries and the accuracy that are asked for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nonadia.models.build import Builder
from nonadia.models.structure import check, dotted, unknown_key

from .schema import ForcesSpec, GridSpec, MemorySpec

FloatArray = NDArray[np.float64]
MAX_POINTS = 10_000_000


@dataclass(frozen=True, eq=False)
class ForcesRequest:
    """Where forces are wanted and how well.

    dims: ("x",), ("x", "y") for a product grid, or ("point",); coords: name → 1D array (values along the
    grid, or at each point); points (N, c) in atomic units, C order of the grid. tiers, poles and
    decomposition are None where the program chooses them.
    """

    dims: tuple[str, ...]
    coords: dict[str, FloatArray]
    points: FloatArray
    method: str = "auto"
    tolerance: float = 1e-3
    tolerance_mode: str = "global"
    tiers: int | None = None
    poles: int | None = None
    decomposition: str | None = None

    def describe(self) -> dict[str, Any]:
        """Everything but the geometries themselves, JSON-able."""
        names = ("method", "tolerance", "tolerance_mode", "tiers", "poles", "decomposition")
        grid = {name: [float(v.min()), float(v.max()), v.size] for name, v in self.coords.items()}
        return {"dims": list(self.dims), "grid_min_max_points": grid} | {n: getattr(self, n) for n in names}


@dataclass(frozen=True, eq=False)
class MemoryRequest:
    """Where and when memory kernels are wanted: geometry and accuracy as for forces; time, frequency in atomic units.

    frequency: None for as many as times, up to their Nyquist frequency.
    """

    at: ForcesRequest
    time: FloatArray
    frequency: FloatArray | None = None

    def describe(self) -> dict[str, Any]:
        """Everything but the geometries themselves, JSON-able."""
        said = self.at.describe()
        del said["tolerance_mode"]
        frequency = None if self.frequency is None else self.frequency.tolist()
        return said | {"time": self.time.tolist(), "frequency": frequency}


def read_memory(builder: Builder, table: Mapping[str, Any]) -> MemoryRequest | None:
    """The request of a [memory] table; None after noting a fault in the builder."""
    before = len(builder.problems)
    time = _values(builder, table["time"], "memory.time", "time") if "time" in table else None
    if time is not None and time.min() < 0:
        builder.note("memory.time", "must not be negative: the kernels are causal")
    given = table.get("frequency") is not None
    frequency = _values(builder, table["frequency"], "memory.frequency", "energy") if given else None
    at = read_forces(builder, table, "memory")
    if at is None or time is None or len(builder.problems) > before:
        return None
    return MemoryRequest(at, time, frequency)


def read_forces(
    builder: Builder, table: Mapping[str, Any], where: str = "forces"
) -> ForcesRequest | None:
    """The request of a [forces] table; None after noting a fault in the builder.

    where: the table's name, "forces" or "memory".
    """
    if builder.data.get("coordinates") is None:  # a fault that has been reported
        return None
    before = len(builder.problems)
    names = [c.name if c else None for c in builder.coordinates]
    known = list(builder.data.get("coordinates") or {})
    spec = MemorySpec if where == "memory" else ForcesSpec
    options = list(spec.model_fields)
    for key in table:
        if key not in options and key not in known:
            builder.note(dotted(where, key), unknown_key(key, [*known, *options]))
    tolerance = builder.real(
        table.get("tolerance", spec.model_fields["tolerance"].default),
        f"{where}.tolerance",
        "dimensionless",
        positive=True,
    )
    if tolerance is not None and tolerance >= 1.0:
        builder.note(
            f"{where}.tolerance", f"{tolerance:g} is too large; a relative error such as 1e-3 is needed"
        )
    grid = [name for name in known if name in table]
    coords: dict[str, FloatArray] = {}
    if table.get("points") is not None:
        if grid:
            builder.note(f"{where}.points", f"points and a grid of {', '.join(grid)} are given; give only one")
        points = _list(builder, table["points"], known, where)
        dims: tuple[str, ...] = ("point",)
        if points is not None:
            coords = {name: points[:, i] for i, name in enumerate(known)}
    else:
        points = None
        for name in known:
            sound = names[known.index(name)] is not None and "points" not in table
            axis = _axis(builder, table, name, where) if sound else None
            if axis is not None:
                coords[name] = axis
        dims = tuple(known)
        if len(coords) == len(known) and known:
            if np.prod([float(axis.size) for axis in coords.values()]) > MAX_POINTS:
                builder.note(where, f"the grid has more than {MAX_POINTS:,} points; use a coarser one")
            else:
                mesh = np.meshgrid(*coords.values(), indexing="ij")
                points = np.stack([m.ravel() for m in mesh], axis=-1)
    if points is None or tolerance is None or None in names or len(builder.problems) > before:
        return None
    rest = {
        key: table[key]
        for key in ("method", "tolerance_mode", "tiers", "poles", "decomposition")
        if table.get(key) is not None
    }
    return ForcesRequest(dims, coords, points, tolerance=tolerance, **rest)


def _kind(builder: Builder, name: str) -> Any:
    unit = (builder.data["coordinates"].get(name) or {}).get("unit")
    return "dimensionless" if unit == "1" else "length"


def _axis(builder: Builder, table: Mapping[str, Any], name: str, where: str) -> FloatArray | None:
    """Values of one coordinate."""
    key = dotted(where, name)
    if name not in table:
        builder.note(
            key, f'no values for coordinate "{name}"; give {name} = {{ start = -1, stop = 1, points = 21 }}'
        )
        return None
    return _values(builder, table.get(name), key, _kind(builder, name))


def _values(builder: Builder, spec: Any, key: str, kind: Any) -> FloatArray | None:
    """Increasing values: { start, stop, points } or a list."""
    if isinstance(spec, Mapping):
        problems, good = check(spec, GridSpec)
        builder.problems += [(f"{key}.{inner}", message) for inner, message in problems]
        if problems:
            return None
        start = builder.real(good["start"], f"{key}.start", kind)
        stop = builder.real(good["stop"], f"{key}.stop", kind)
        if start is None or stop is None:
            return None
        if good["points"] > MAX_POINTS:
            builder.note(f"{key}.points", f"more than {MAX_POINTS:,}; use a coarser grid")
            return None
        if stop <= start and good["points"] > 1:
            builder.note(key, f"stop ({stop:g}) must be larger than start ({start:g})")
            return None
        return np.linspace(start, stop, good["points"])
    if not isinstance(spec, list | tuple) or not spec:
        builder.note(key, "must be { start = …, stop = …, points = … } or a list of values")
        return None
    values = _numbers(builder, spec, key, kind)
    if values is not None and np.any(np.diff(values) <= 0.0):
        builder.note(key, "values must increase; for geometries in any order use points = [[…], …]")
        return None
    return values


def _list(builder: Builder, rows: Any, names: list[str], where: str) -> FloatArray | None:
    """points = [[x, y], …], one row for each geometry."""
    if not rows:
        builder.note(f"{where}.points", "no points; give at least one, for example [[0.0]]")
        return None
    found = []
    for index, row in enumerate(rows):
        key = dotted(where, "points", index)
        if row is None:
            continue
        if len(row) != len(names):
            builder.note(key, f"has {len(row)} values; one for each of {', '.join(names)} is needed")
            continue
        values = [
            builder.real(value, dotted(where, "points", index, i), _kind(builder, name))
            for i, (value, name) in enumerate(zip(row, names, strict=True))
        ]
        if None not in values:
            found.append(values)
    return np.array(found, dtype=float) if len(found) == len(rows) else None


def _numbers(builder: Builder, values: Any, key: str, kind: Any) -> FloatArray | None:
    found = []
    for index, value in enumerate(values):
        if not isinstance(value, int | float | str) or isinstance(value, bool):
            builder.note(f"{key}[{index}]", "must be a number")
            continue
        number = builder.real(value, f"{key}[{index}]", kind)
        if number is not None:
            found.append(number)
    return np.array(found, dtype=float) if len(found) == len(values) else None


def suggestion(name: str, names: list[str]) -> str:
    """'did you mean "x"? ' or nothing."""
    close = difflib.get_close_matches(name, names, n=1)
    return f'did you mean "{close[0]}"? ' if close else ""
