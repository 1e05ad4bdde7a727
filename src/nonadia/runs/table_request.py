"""[table] of an input file → F, γ, D, U_0 on a grid, in atomic units, and as a dataset like that of `electronic_forces`.

A quantity comes from a column of the file or from an expression of the coordinates; D also from a temperature, D = γ k_BT.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nonadia.expressions import Expression, not_finite
from nonadia.models.build import Builder
from nonadia.models.junction import Coordinate
from nonadia.models.structure import dotted, unknown_key
from nonadia.units import UNITS

from .request import MAX_POINTS, _axis
from .table_file import TableFile
from .table_schema import TableSpec

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]
TENSORS = ("friction", "noise")


@dataclass(frozen=True, eq=False)
class Table:
    """Values at geometries. dims, coords: as in `ForcesRequest`; N points, c coordinates.

    mean_force (N, c); friction, noise (N, c, c); potential U_0 (N,); bare_force -∂U_0 (N, c) where U_0 is an expression;
    errors: of force, friction, noise, where they are known; exact: whether nothing comes from a file.
    """

    coordinates: tuple[Coordinate, ...]
    dims: tuple[str, ...]
    coords: dict[str, FloatArray]
    points: FloatArray
    mean_force: FloatArray
    friction: FloatArray
    noise: FloatArray
    potential: FloatArray
    bare_force: FloatArray | None = None
    errors: dict[str, FloatArray] = field(default_factory=dict)
    exact: bool = False
    notes: list[str] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """Grid and a digest of all values, JSON-able."""
        grid = {name: [float(v.min()), float(v.max()), v.size] for name, v in self.coords.items()}
        parts = (self.points, self.mean_force, self.friction, self.noise, self.potential)
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()
        masses = {c.name: [c.mass, c.unit] for c in self.coordinates}
        return {"dims": list(self.dims), "grid_min_max_points": grid, "masses_units": masses, "values": digest}

    def dataset(self) -> xr.Dataset:
        """The group /forces of this table."""
        from .table_dataset import assemble

        return assemble(self)


def read_table(builder: Builder, table: Mapping[str, Any], file: TableFile | None) -> Table | None:
    """The table of one sweep point; None after noting a fault. file: the rows of this sweep point."""
    return _Reader(builder, table, file).read()


class _Reader:
    def __init__(self, builder: Builder, table: Mapping[str, Any], file: TableFile | None) -> None:
        self.builder, self.table, self.file = builder, table, file
        self.names = list(builder.data.get("coordinates") or {})
        self.before = len(builder.problems)

    def read(self) -> Table | None:
        builder, table = self.builder, self.table
        options = list(TableSpec.model_fields)
        for key in table:
            if key not in options and key not in self.names:
                builder.note(dotted("table", key), unknown_key(key, [*self.names, *options]))
        grid = self._grid()
        coordinates = [c for c in builder.coordinates if c is not None]
        if grid is None or len(coordinates) < len(self.names) or len(builder.problems) > self.before:
            self._without_grid()
            return None
        dims, coords, points = grid
        potential, bare_force = self._potential(points)
        mean_force = self._components("mean_force", points, 1)
        friction = self._components("friction", points, 2)
        noise = self._noise(points, friction)
        if noise is not None and not (self.file is not None and self.file.has("noise")):  # judged with its lines
            self._judge(points, noise)
        if len(builder.problems) > self.before or potential is None or mean_force is None or friction is None or noise is None:
            return None
        exact = self.file is None
        notes = [] if self.file is None else self.file.notes
        return Table(
            *(tuple(coordinates), dims, coords, points, mean_force, friction, noise, potential, bare_force),
            errors=self._errors(len(points)),
            exact=exact,
            notes=notes,
        )

    def _errors(self, count: int) -> dict[str, FloatArray]:
        """Errors that the file states."""
        found = {}
        for key, name, rank in (("mean_force", "force", 1), ("friction", "friction", 2), ("noise", "noise", 2)):
            columns = {} if self.file is None else self.file.components(f"error_{key}")
            if columns:
                found[name] = np.zeros((count, *(len(self.names),) * rank))
                for index, values in columns.items():
                    where: tuple[Any, ...] = (slice(None), *index)
                    found[name][where] = values
        return found

    def _grid(self) -> tuple[tuple[str, ...], dict[str, FloatArray], FloatArray] | None:
        """dims, coords and points, from the file or from the input."""
        if not self.names:
            if self.builder.data.get("coordinates") == {}:
                self.builder.note("coordinates", 'none; give at least one, such as x = { mass = "1 u", unit = "angstrom" }')
            return None
        if self.file is not None:
            for name in self.names:
                if name in self.table:
                    self.builder.note(dotted("table", name), "the file gives the geometries; leave this out")
            return self.file.grid()
        if self.table.get("file") is not None or ("file" in self.table and self.table["file"] is None):
            return None  # reported
        axes = {}
        for name in self.names:
            if self.builder.data["coordinates"].get(name) is not None:
                axes[name] = _axis(self.builder, self.table, name, "table")
        if len(axes) < len(self.names) or any(axis is None for axis in axes.values()):
            return None
        coords = {name: axis for name, axis in axes.items() if axis is not None}
        if np.prod([float(axis.size) for axis in coords.values()]) > MAX_POINTS:
            self.builder.note("table", f"the grid has more than {MAX_POINTS:,} points; use a coarser one")
            return None
        mesh = np.meshgrid(*coords.values(), indexing="ij")
        return tuple(coords), coords, np.stack([m.ravel() for m in mesh], axis=-1)

    def _without_grid(self) -> None:
        """Faults of the expressions that need no grid."""
        for key in ("potential", "mean_force", *TENSORS):
            self._expressions(key, 0)

    def _potential(self, points: FloatArray) -> tuple[FloatArray | None, FloatArray | None]:
        """U_0 and, of an expression, -∂U_0."""
        molecule = (self.builder.data.get("molecule") or {}).get("potential")
        given = {"molecule.potential": molecule, "table.potential": self.table.get("potential")}
        given = {key: source for key, source in given.items() if source is not None}
        column = None if self.file is None else self.file.column("potential")
        if len(given) + (column is not None) > 1:
            both = [*given, *(["a column potential"] if column is not None else [])]
            self.builder.note("table.potential", f"U_0 is given by {' and '.join(both)}; give it once")
            return None, None
        if column is not None:
            return column, None
        key, source = next(iter(given.items()), ("table.potential", 0.0))
        expression = self.builder.expression(source, key)
        if expression is None:
            return None, None
        values = self._values(expression, key, points)
        gradient = expression.gradient(points)
        message = not_finite(gradient, points, self.names)
        if message and values is not None:
            self.builder.note(key, f'"{expression.text}": {message}')
        return values, -gradient

    def _noise(self, points: FloatArray, friction: FloatArray | None) -> FloatArray | None:
        """D, or γ k_BT."""
        builder, temperature = self.builder, self.table.get("temperature")
        kT = None if temperature is None else builder.real(temperature, "table.temperature", "temperature", positive=True)
        given = self.table.get("noise") is not None or (self.file is not None and self.file.has("noise"))
        if given and "temperature" in self.table:
            builder.note("table.temperature", "the noise is given too; give one of them")
        if given:
            noise = self._components("noise", points, 2)
            if noise is not None and not np.allclose(noise, np.swapaxes(noise, 1, 2), rtol=1e-9, atol=0.0):
                builder.note("table.noise", "D must be symmetric: give D_ij and D_ji the same values, or one of them")
            return noise
        if "temperature" not in self.table and "noise" not in self.table:
            column = "a column noise" if self.file is not None else "noise"
            builder.note("table.noise", f'no noise; give {column}, or temperature = "300 K" for D = friction·k_BT')
        if kT is None or friction is None:
            return None
        return 0.5 * kT * (friction + np.swapaxes(friction, 1, 2))

    def _judge(self, points: FloatArray, noise: FloatArray) -> None:
        """No negative noise."""
        lowest = np.linalg.eigvalsh(0.5 * (noise + np.swapaxes(noise, 1, 2)))[:, 0]
        worst = int(np.argmin(lowest))
        if not lowest[worst] < -1e-12 * np.abs(noise).max():
            return
        places = []
        for c, value in zip(self.builder.coordinates, points[worst], strict=True):
            assert c is not None
            size, unit = (UNITS[c.unit][0], f" {c.unit}") if c.unit != "1" else (1.0, "")
            places.append(f"{c.name} = {value / size:g}{unit}")
        at = ", ".join([*places, *([self.file.chosen] if self.file is not None and self.file.chosen else [])])
        low = "is negative" if len(self.names) == 1 else "is not positive semi-definite"
        why = " (D = γ k_BT of a negative friction)" if "temperature" in self.table else ""
        self.builder.note("table.noise", f"D {low} at {at}{why}; no random force has a negative variance")

    def _components(self, key: str, points: FloatArray, rank: int) -> FloatArray | None:
        """(N, c) or (N, c, c) from the columns of the file, or from expressions."""
        c = len(self.names)
        found = np.zeros((len(points), *(c,) * rank))
        columns = {} if self.file is None else self.file.components(key)
        expressions = self._expressions(key, rank)
        if expressions is None:
            return None
        if columns and expressions:
            self.builder.note(f"table.{key}", f"the file has columns for the {key} too; give one of them")
            return None
        if not columns and not expressions and key == "friction":
            column = "a column friction" if self.file is not None else 'friction = "…"'
            known = "" if self.file is None else f"; the file has: {', '.join(self.file.csv_names)}"
            self.builder.note("table.friction", f"no friction; give {column}{known}")
            return None
        parts = dict(columns)
        for index, (entry, expression) in expressions.items():
            values = self._values(expression, entry, points)
            if values is None:
                return None
            parts[index] = values
        for index, values in parts.items():
            twin = index[::-1]
            for place in (index, twin) if twin not in parts else (index,):
                where: tuple[Any, ...] = (slice(None), *place)
                found[where] = values
        return found

    def _expressions(self, key: str, rank: int) -> dict[tuple[int, ...], tuple[str, Expression]] | None:
        """Index of the component → its key and expression; None after noting a fault."""
        source = self.table.get(key)
        if source is None:
            return None if key in self.table else {}
        c, before = len(self.names), len(self.builder.problems)
        found: dict[tuple[int, ...], tuple[str, Expression]] = {}
        if not isinstance(source, Mapping):
            if rank and c > 1 and source != 0:
                example = "x" if rank == 1 else "x,x"
                self.builder.note(f"table.{key}", f'one value for {c} coordinates; give {key} = {{ "{example}" = …, … }}')
                return None
            expression = self.builder.expression(source, f"table.{key}", None if rank else "energy")
            return None if expression is None else {(i,) * rank: (f"table.{key}", expression) for i in range(c)}
        for text, entry in source.items():
            where = dotted("table", key, text)
            parts = [part.strip() for part in text.split(",")]
            parts = parts * rank if len(parts) == 1 else parts
            if len(parts) != rank or any(part not in self.names for part in parts):
                example = "x" if rank == 1 else "x,y"
                self.builder.note(where, f'is no component; write names of coordinates ({", ".join(self.names)}): "{example}"')
                continue
            expression = self.builder.expression(entry, where, None)
            if expression is not None:
                found[tuple(self.names.index(part) for part in parts)] = (where, expression)
        return found if len(self.builder.problems) == before else None

    def _values(self, expression: Expression, key: str, points: FloatArray) -> FloatArray | None:
        values = expression.value(points)
        message = not_finite(values, points, self.names)
        if message:
            self.builder.note(key, f'"{expression.text}": {message}')
            return None
        return np.asarray(values, dtype=float)
