"""An experiment on a table: own potential, friction and noise, from a file or as expressions, and dynamics with them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from nonadia.models.build import Builder
from nonadia.models.structure import check, dotted

from .errors import InputError
from .experiment import Experiment, Problems, check_sweep, other_kinds
from .langevin_request import LangevinRequest, read_langevin
from .table_file import TableError, TableFile, read_file
from .table_request import Table, read_table
from .table_schema import TableExperimentSpec
from .table_stored import StoredFile, StoredTable, read_stored


@dataclass(frozen=True, eq=False, kw_only=True)
class TableExperiment(Experiment):
    """system = "table". table: the forces of this sweep point, of the first one if there is a sweep."""

    table: Table | StoredTable
    langevin: LangevinRequest | None

    @classmethod
    def assemble(
        cls,
        data: dict[str, Any],
        source: str,
        text: str,
        overrides: dict[str, Any],
        written: Mapping[str, Any] | None = None,
    ) -> Self:
        """See `Experiment.assemble`."""
        try:
            stored = _stored(data, source)
        except TableError as error:  # what depends on the file cannot be judged
            raise InputError([(source, key, message) for key, message in error.problems]) from None
        problems: Problems = []
        if stored is not None and "coordinates" not in data:
            data = data | {"coordinates": stored.coordinates()}
        structure, good = check(data, TableExperimentSpec)
        problems += structure + other_kinds(written or {}, good)
        builder = Builder(good)
        file: TableFile | StoredFile | None = stored
        if stored is None and not problems and not builder.problems:
            try:
                file = _csv(data, good, builder, source)
            except TableError as error:
                problems += error.problems
        if file is not None:
            data = _with_choices(data, file)
            _, good = check(data, TableExperimentSpec)
            builder = Builder(good)
        table = _table(builder, good, file, faulty=bool(problems))
        langevin = read_langevin(builder, good["langevin"]) if isinstance(good.get("langevin"), dict) else None
        if langevin is not None and langevin.memory and getattr(table, "memory", None) is None:
            builder.note("langevin.memory", "needs memory kernels: a result file with [memory] as table.file")
        check_sweep(builder, good)
        problems += builder.problems
        if problems or table is None:
            raise InputError([(source, key, message) for key, message in problems])
        swept = {name: list(values) for name, values in good.get("sweep", {}).items()}
        settings = {
            "title": good.get("title", ""),
            "system": "table",
            "parameters": {name: quantity.value for name, quantity in builder.parameters.values.items()},
            "table": table.describe(),
            "langevin": None if langevin is None else langevin.describe(),
            "sweep": swept,
        }
        return cls(
            title=str(settings["title"]),
            system="table",
            table=table,
            langevin=langevin,
            sweep=swept,
            source=source,
            text=text,
            overrides=overrides,
            settings=settings,
            kinds={name: quantity.kind for name, quantity in builder.parameters.values.items()},
            data=data,
        )


def _path(table: Any, source: str) -> Path | None:
    """table.file, from the folder of the input file."""
    name = table.get("file") if isinstance(table, Mapping) else None
    return Path(source).parent / name if isinstance(name, str) and name else None


def _stored(data: Mapping[str, Any], source: str) -> StoredFile | None:
    """The result file that the input names; None where it names none."""
    table = data.get("table")
    path = _path(table, source)
    if path is None or path.suffix not in (".nc", ".h5"):
        return None
    assert isinstance(table, Mapping)
    extra = [key for key in table if key != "file"]
    if extra:
        raise TableError([(dotted("table", extra[0]), "a result file gives everything; leave this out")])
    return read_stored(path)


def _csv(data: Mapping[str, Any], good: Mapping[str, Any], builder: Builder, source: str) -> TableFile | None:
    path = _path(good.get("table"), source)
    if path is None:
        return None
    coordinates = {c.name: c.unit for c in builder.coordinates if c is not None}
    masses = [c.mass for c in builder.coordinates if c is not None]
    names = [*(good.get("parameters") or {}), *(good.get("sweep") or {})]
    columns = {
        key: {"column": spec} if isinstance(spec, str) else spec or {}
        for key, spec in (good["table"].get("columns") or {}).items()
    }
    return read_file(path, columns, coordinates, masses, names)


def _with_choices(data: dict[str, Any], file: TableFile | StoredFile) -> dict[str, Any]:
    """Parameters that only the file knows: all its values are run."""
    choices = file.choices()
    given = {key: dict(data.get(key) or {}) for key in ("parameters", "sweep")}
    for name, values in choices.items():
        if name not in given["parameters"]:
            given["parameters"][name] = values[0]
            given["sweep"].setdefault(name, values)
    found = copy.copy(data) | {key: table for key, table in given.items() if table}
    return found


def _table(
    builder: Builder, good: Mapping[str, Any], file: TableFile | StoredFile | None, faulty: bool
) -> Table | StoredTable | None:
    """The table of this sweep point; of the first one where a parameter is swept."""
    spec = good.get("table")
    if not isinstance(spec, Mapping):
        return None
    if file is None and faulty:
        return read_table(builder, {**spec, "file": None} if spec.get("file") is not None else spec, None)
    chosen = None
    if file is not None:
        wanted = {}
        for name in file.choices():
            first = ((good.get("sweep") or {}).get(name) or [good["parameters"][name]])[0]
            tried = builder.resolved({**(good.get("parameters") or {}), name: first})
            if name in tried.failed:
                return None
            wanted[name] = tried.values[name].value
        coordinates = tuple(c for c in builder.coordinates if c is not None)
        try:
            if isinstance(file, StoredFile):
                return file.at(wanted, coordinates)
            chosen = file.at(wanted)
        except TableError as error:
            for key, message in error.problems:
                builder.note(key, message)
            return None
    return read_table(builder, spec, chosen)
