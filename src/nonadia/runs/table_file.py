"""Columns of a CSV file as forces, friction and noise; rows grouped by the values of parameters that have a column.

Names of columns that need no mapping: the coordinates, potential, mean_force, friction, noise (of several coordinates
mean_force_x, friction_x_y, …), error_mean_force …, and the parameters of the input. Another column is a parameter where it
clearly groups the rows (`table_rows`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nonadia.units import UNITS, UnitError

from .compound_units import ENERGY, FORCE, FRICTION, NOISE, RATE, Powers, factor
from .csv_table import Csv, CsvError, read_csv
from .table_rows import ambiguous, duplicate, grouping, lowest_noise, row_name, twice

FloatArray = NDArray[np.float64]
Component = tuple[str, tuple[int, ...]]  # quantity and index: ("friction", (0, 1))
_POWERS: dict[str, tuple[Powers, ...]] = {
    "potential": (ENERGY,),
    "mean_force": (FORCE,),
    "friction": (FRICTION, RATE),
    "noise": (NOISE,),
}
_RANK = {"potential": 0, "mean_force": 1, "friction": 2, "noise": 2}


class TableError(ValueError):
    """What is wrong with a file or its mapping: (key, message) of each fault."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{key}: {message}" for key, message in problems))
        self.problems = list(problems)


@dataclass(frozen=True, eq=False)
class TableFile:
    """Columns in atomic units. values: of every known component; parameters: name → column; labels: name → value → text."""

    names: tuple[str, ...]  # of the coordinates
    points: FloatArray  # (N, c)
    values: dict[Component, FloatArray]
    parameters: dict[str, FloatArray]
    labels: dict[str, dict[float, float | str]]
    csv_names: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    chosen: str = ""  # by `at`: "bias = 0.2 V"

    def choices(self) -> dict[str, list[float | str]]:
        """Parameter → its values as one writes them in [sweep], increasing."""
        return {name: [self.labels[name][value] for value in sorted(self.labels[name])] for name in self.parameters}

    def at(self, wanted: Mapping[str, float]) -> TableFile:
        """The rows with these values of the parameters (a.u.). Errors: TableError naming the parameter."""
        rows = np.ones(len(self.points), dtype=bool)
        problems = []
        for name, column in self.parameters.items():
            distance = np.abs(column - wanted[name])
            near = (distance <= 1e-9 * np.abs(column).max(initial=0.0)) & (distance == distance.min())
            if not near.any():
                there = ", ".join(map(str, self.choices()[name]))
                message = f"the file has no rows with {name} = {wanted[name]:g} (a.u.); it has {there}"
                problems.append((f"parameters.{name}", message))
            rows &= near
        if not problems and not rows.any():
            both = " and ".join(self.parameters)
            problems.append(("table.file", f"no rows with these values of {both} together; every combination needs its rows"))
        if problems:
            raise TableError(problems)
        values = {component: column[rows] for component, column in self.values.items()}
        chosen = ", ".join(f"{name} = {self.labels[name][float(column[rows][0])]}" for name, column in self.parameters.items())
        found = replace(self, points=self.points[rows], values=values, parameters={}, labels={}, chosen=chosen)
        return found._ordered()

    def _ordered(self) -> TableFile:
        """Rows in C order of the grid."""
        order = np.lexsort(self.points.T[::-1])
        points = self.points[order]
        return replace(self, points=points, values={key: column[order] for key, column in self.values.items()})

    def grid(self) -> tuple[tuple[str, ...], dict[str, FloatArray], FloatArray]:
        """dims, coords, points: a product grid where the rows form one, else the dimension "point"."""
        axes = {name: np.unique(self.points[:, i]) for i, name in enumerate(self.names)}
        if np.prod([axis.size for axis in axes.values()]) == len(self.points):
            return self.names, axes, self.points
        return ("point",), {name: self.points[:, i] for i, name in enumerate(self.names)}, self.points

    def column(self, quantity: str) -> FloatArray | None:
        """A quantity without components."""
        return self.values.get((quantity, ()))

    def has(self, quantity: str) -> bool:
        return any(name == quantity for name, _ in self.values)

    def components(self, quantity: str) -> dict[tuple[int, ...], FloatArray]:
        return {index: column for (name, index), column in self.values.items() if name == quantity}


def read_file(
    path: Path,
    columns: Mapping[str, Mapping[str, str]],
    coordinates: Mapping[str, str],
    masses: Sequence[float],
    parameters: Sequence[str],
) -> TableFile:
    """The table of a CSV file. coordinates: name → unit of the input; parameters: names that may have a column.

    Errors: TableError.
    """
    try:
        state = path.stat()
        csv = _csv(path, state.st_mtime_ns, state.st_size)
    except OSError:
        csv = _csv(path, 0, 0)  # says why
    return _Mapping(csv, path, columns, coordinates, masses, parameters).table()


@lru_cache(maxsize=4)
def _csv(path: Path, changed: int, size: int) -> Csv:
    """Read once for all sweep points."""
    try:
        return read_csv(path)
    except CsvError as error:
        raise TableError([("table.file", str(error))]) from None


class _Mapping:
    def __init__(
        self,
        csv: Csv,
        path: Path,
        columns: Mapping[str, Mapping[str, str]],
        coordinates: Mapping[str, str],
        masses: Sequence[float],
        parameters: Sequence[str],
    ) -> None:
        self.csv, self.path, self.columns, self.masses = csv, path, columns, masses
        self.units, self.names = dict(coordinates), tuple(coordinates)
        self.problems: list[tuple[str, str]] = []
        self.known = self._known()
        explicit = [key for key in columns if key not in self.known]
        self.parameters = [name for name in dict.fromkeys([*parameters, *explicit]) if name not in self.known]

    def _known(self) -> dict[str, Component]:
        """Key → what it means."""
        known: dict[str, Component] = {name: ("x", (i,)) for i, name in enumerate(self.names)}
        numbered = list(enumerate(self.names))
        for start in ("", "error_"):
            for quantity, rank in _RANK.items():
                if rank == 0 or len(self.names) == 1:
                    known[f"{start}{quantity}"] = (f"{start}{quantity}", (0,) * rank)
                if rank == 1:
                    known |= {f"{start}{quantity}_{a}": (f"{start}{quantity}", (i,)) for i, a in numbered}
                if rank == 2:
                    pairs = [(i, j, a, b) for i, a in numbered for j, b in numbered]
                    known |= {f"{start}{quantity}_{a}_{b}": (f"{start}{quantity}", (i, j)) for i, j, a, b in pairs}
        return known

    def table(self) -> TableFile:
        points = np.empty((len(next(iter(self.csv.columns.values()))), len(self.names)))
        values: dict[Component, FloatArray] = {}
        places: dict[str, str] = {}  # coordinate or parameter → its column
        used = set()
        for key, component in self.known.items():
            column = self._column(key)
            if column is None:
                continue
            used.add(column)
            numbers = self.csv.columns[column] * self._factor(key, component, column)
            if component[0] == "x":
                points[:, component[1][0]] = numbers
                places[key] = column
            elif component in values:
                self.problems.append((f"table.columns.{key}", "this component has two columns; leave one out"))
            else:
                values[component] = numbers
        chosen: dict[str, FloatArray] = {}
        labels: dict[str, dict[float, float | str]] = {}
        for name in self.parameters:
            column = self._column(name)
            if column is None:
                continue
            used.add(column)
            places[name] = column
            chosen[name], labels[name] = self._parameter(name, column)
        if self.problems:
            raise TableError(self.problems)
        notes = []
        unused = [name for name in self.csv.columns if name not in used]
        for name in self._grouping(places, unused):
            chosen[name], labels[name] = self._parameter(name, name)
            places[name] = name
            unused.remove(name)
            notes.append(f"{self.path.name}: the column {name} is a parameter")
        self._judge(places, unused, values)
        if self.problems:
            raise TableError(self.problems)
        if unused:
            notes.append(f"{self.path.name}: columns not used: {', '.join(unused)}")
        return TableFile(self.names, points, values, chosen, labels, tuple(self.csv.columns), notes)

    def _column(self, key: str) -> str | None:
        """The name of the column, if there is one; a missing one is a fault where it was asked for."""
        spec = self.columns.get(key)
        name = key if spec is None else spec.get("column", key)
        if spec is not None and key not in self.known:
            close = difflib.get_close_matches(key, self.known, n=1, cutoff=0.8)
            if close:
                self.problems.append((f"table.columns.{key}", f'unknown key; did you mean "{close[0]}"?'))
                return None
        if name in self.csv.columns:
            return name
        there = ", ".join(self.csv.columns)
        close = difflib.get_close_matches(name, self.csv.columns, n=1)
        did = f'did you mean "{close[0]}"? ' if close else ""
        if spec is not None:
            self.problems.append((f"table.columns.{key}", f'the file has no column "{name}"; {did}there are: {there}'))
        elif key in self.names:
            example = f'columns = {{ {key} = "{next(iter(self.csv.columns))}" }}'
            self.problems.append(("table.file", f'no column "{key}"; {did}there are: {there}; or map one: {example}'))
        return None

    def _grouping(self, places: Mapping[str, str], unused: Sequence[str]) -> tuple[str, ...]:
        """Columns that are parameters although the input does not name them: rows are told apart by nothing else."""
        if twice(self.csv, list(places.values())) is None:
            return ()
        found = grouping(self.csv, list(places.values()), unused, self.known)
        if len(found) > 1:
            raise TableError([("table.file", ambiguous(found))])
        return found[0] if found else ()

    def _judge(self, places: Mapping[str, str], unused: Sequence[str], values: Mapping[Component, FloatArray]) -> None:
        """Every geometry once, and no negative noise."""
        named = {key: (column, self._shown_unit(key, column)) for key, column in places.items()}
        rows = twice(self.csv, list(places.values()))
        if rows is not None:
            self.problems.append(("table.file", duplicate(self.csv, named, unused, rows)))
        noise, error = ({i: v for (name, i), v in values.items() if name == key} for key in ("noise", "error_noise"))
        row = lowest_noise(self.csv, noise, error)
        if row is not None:
            low = "is negative" if len(self.names) == 1 else "is not positive semi-definite"
            at = row_name(self.csv, row, named)
            self.problems.append(("table.noise", f"D {low} at {at}, beyond its error; no random force has a negative variance"))

    def _shown_unit(self, key: str, column: str) -> str | None:
        unit = self._unit(key, column)
        return None if unit == "1" else unit or ("bohr" if self.units.get(key, "1") != "1" else None)

    def _unit(self, key: str, column: str) -> str | None:
        return (self.columns.get(key) or {}).get("unit") or self.csv.units.get(column)

    def _factor(self, key: str, component: Component, column: str) -> float | FloatArray:
        unit, (quantity, index) = self._unit(key, column), component
        where = f"table.columns.{key}" if key in self.columns else "table.file"
        if unit is None:
            if quantity == "x" and self.units[key] == "angstrom":
                advice = f'columns = {{ {key} = {{ unit = "angstrom" }} }}, or "bohr"'
                self.problems.append((where, f'the file does not say whether "{key}" is in angstrom; give {advice}'))
            return 1.0
        try:
            if quantity == "x":
                return factor(unit, {"length": 1} if self.units[key] != "1" else {})[0]
            powers = _POWERS[quantity.removeprefix("error_")]
            value, which = factor(unit, *(self._without_length(p, index) for p in powers))
        except UnitError as error:
            self.problems.append((where, f"{key}: {error}"))
            return 1.0
        if powers[which] is RATE:  # mass-weighted: γ_ij / √(m_i m_j)
            return float(value * np.sqrt(self.masses[index[0]] * self.masses[index[1]]))
        return value

    def _without_length(self, powers: Powers, index: tuple[int, ...]) -> Powers:
        """The same where a coordinate is a pure number: one power of the length less for each."""
        if powers is RATE:
            return powers
        numbers = sum(self.units[self.names[i]] == "1" for i in index)
        return {**powers, "length": powers.get("length", 0) + numbers}

    def _parameter(self, name: str, column: str) -> tuple[FloatArray, dict[float, float | str]]:
        raw, unit = self.csv.columns[column], self._unit(name, column)
        if unit is not None and unit not in UNITS:
            self.problems.append((f"table.columns.{name}", f'unknown unit "{unit}"; known units: {", ".join(UNITS)}'))
            return raw, {}
        size = 1.0 if unit is None else UNITS[unit][0]
        labels = {float(v * size): float(v) if unit is None else f"{v:.12g} {unit}" for v in np.unique(raw)}
        return raw * size, labels
