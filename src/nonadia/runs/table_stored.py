"""The forces of a result file as the table of another run: its sweep becomes the choice of the parameter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.models.junction import Coordinate

from .store import ResultError, open_result
from .table_file import TableError

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class StoredTable:
    """The group /forces at one sweep point, and /memory beside it if there is one."""

    coordinates: tuple[Coordinate, ...]
    forces: xr.Dataset
    memory: xr.Dataset | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def dims(self) -> tuple[str, ...]:
        return tuple(str(dim) for dim in self.forces["mean_force"].dims if dim != "mode")

    @property
    def coords(self) -> dict[str, np.ndarray]:
        return {c.name: self.forces[c.name].values for c in self.coordinates}

    def describe(self) -> dict[str, Any]:
        """Grid and a digest of the values, JSON-able."""
        names = ("mean_force", "friction", "noise", "bare_potential")
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(self.forces[name].values).tobytes() for name in names))
        grid = {name: [float(v.min()), float(v.max()), v.size] for name, v in self.coords.items()}
        masses = {c.name: [c.mass, c.unit] for c in self.coordinates}
        return {"dims": list(self.dims), "grid_min_max_points": grid, "masses_units": masses, "values": digest.hexdigest()}

    def dataset(self) -> xr.Dataset:
        """The group /forces; what is said of its convergence is said of the run that made it."""
        return self.forces


@dataclass(frozen=True, eq=False)
class StoredFile:
    """A result file with the forces of a junction or a table."""

    path: Path
    forces: xr.Dataset
    memory: xr.Dataset | None
    parameters: tuple[str, ...]

    def choices(self) -> dict[str, list[float | str]]:
        """Parameter → its values as the sweep of the file had them."""
        return {name: [str(label) for label in self.forces[f"{name}_label"].values] for name in self.parameters}

    def coordinates(self) -> dict[str, dict[str, Any]]:
        """As a table [coordinates] has them."""
        attrs = {str(name): self.forces[str(name)].attrs for name in self.forces["mode"].values}
        return {name: {"mass": float(a["mass"]), "unit": str(a.get("display_unit", "bohr"))} for name, a in attrs.items()}

    def at(self, wanted: Mapping[str, float], coordinates: tuple[Coordinate, ...]) -> StoredTable:
        """The sweep point with these values of the parameters (a.u.). Errors: TableError."""
        where, problems = {}, []
        for name in self.parameters:
            values = self.forces[name].values
            near = np.flatnonzero(np.abs(values - wanted[name]) <= 1e-9 * np.abs(values).max(initial=0.0))
            if near.size:
                where[name] = int(near[0])
            else:
                there = ", ".join(map(str, self.choices()[name]))
                problems.append((f"parameters.{name}", f"the file has no {name} = {wanted[name]:g} (a.u.); it has {there}"))
        if [c.name for c in coordinates] != [str(name) for name in self.forces["mode"].values]:
            there = ", ".join(map(str, self.forces["mode"].values))
            problems.append(("coordinates", f"the file is a table over {there}; give these coordinates, or none"))
        if problems:
            raise TableError(problems)
        forces, memory = self._point(self.forces, where), None
        if not np.isfinite(forces["mean_force"].values).all():
            message = f"{self.path}: this sweep point was not finished; complete it with --resume first"
            raise TableError([("table.file", message)])
        if self.memory is not None:
            memory = self._point(self.memory, where)
            if "points" in self.memory.attrs:
                each = np.array(json.loads(self.memory.attrs["points"]), dtype=object)
                shape = [self.forces.sizes[name] for name in self.parameters]
                memory.attrs = each.reshape(shape)[tuple(where.values())] if shape else each[0]
        for coordinate in coordinates:
            forces[coordinate.name].attrs["mass"] = coordinate.mass
        return StoredTable(coordinates, forces, memory)

    def _point(self, group: xr.Dataset, where: Mapping[str, int]) -> xr.Dataset:
        found = group.isel(where).drop_vars([n for axis in where for n in (axis, f"{axis}_label")])
        return found.copy()


def read_stored(path: Path) -> StoredFile:
    """The forces in a result file. Errors: TableError."""
    try:
        state = path.stat()
        return _read(path, state.st_mtime_ns, state.st_size)
    except OSError:
        message = f"{path}: file not found; it is looked for from the folder of the input file"
        raise TableError([("table.file", message)]) from None


@lru_cache(maxsize=2)
def _read(path: Path, changed: int, size: int) -> StoredFile:
    """Read once for all sweep points."""
    try:
        tree = open_result(path)
    except ResultError as error:
        raise TableError([("table.file", str(error))]) from None
    if "forces" not in tree.children or "mean_force" not in tree["forces"].data_vars:
        raise TableError([("table.file", f"{path}: a result without forces; give one of a junction")])
    forces = tree["forces"].to_dataset()
    memory = tree["memory"].to_dataset() if "memory" in tree.children else None
    swept = tuple(str(dim) for dim in forces["mean_force"].dims if f"{dim}_label" in forces.coords)
    return StoredFile(path, forces, memory, swept)
