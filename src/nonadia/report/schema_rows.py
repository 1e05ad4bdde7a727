"""The keys of an input one by one, walked along the schema: what was written, what was left at its default, what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

INPUT, SET, DEFAULT = "input", "--set", "default"


@dataclass(frozen=True)
class Entry:
    """One key. origin: INPUT, SET (on the command line) or DEFAULT; value: as written; meaning: the schema's description."""

    path: tuple[str, ...]
    value: Any
    origin: str
    meaning: str


def schema_of(system: str) -> type[BaseModel] | None:
    """The tables that an input of this system may have."""
    from nonadia.runs import closed_schema, schema, table_schema

    kinds: dict[str, type[BaseModel]] = {
        "junction": schema.ExperimentSpec,
        "table": table_schema.TableExperimentSpec,
        "molecule": closed_schema.MoleculeExperimentSpec,
        "marginal": closed_schema.MarginalExperimentSpec,
    }
    return kinds.get(system)


def entries(
    spec: type[BaseModel], data: Mapping[str, Any], overrides: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[Entry]:
    """Every key of `data` and every default of the tables in it, in the order of the schema; then keys of free names."""
    for name, field in spec.model_fields.items():
        here, meaning = (*path, name), _short(str(field.description or ""))
        inner, mapping = _table_of(field.annotation)
        if name not in data:
            if inner is None and _says_something(field, meaning):
                yield Entry(here, None if field.default is PydanticUndefined else field.default, DEFAULT, meaning)
        elif inner is not None and mapping and isinstance(data[name], Mapping):
            for key, value in data[name].items():
                if isinstance(value, Mapping):
                    yield from entries(inner, value, overrides, (*here, str(key)))
        elif inner is not None and isinstance(data[name], Mapping):
            yield from entries(inner, data[name], overrides, here)
        elif mapping and isinstance(data[name], Mapping):
            for key, value in data[name].items():
                said = "" if path == () else meaning  # parameters and swept ones have names of the user's own
                yield Entry((*here, str(key)), value, _origin((*here, str(key)), overrides), said)
        else:
            yield Entry(here, data[name], _origin(here, overrides), meaning)
    for name, value in data.items():
        if name not in spec.model_fields:
            meaning = "of this coordinate" if path else ""
            yield Entry((*path, str(name)), value, _origin((*path, str(name)), overrides), meaning)


def _says_something(field: Any, meaning: str) -> bool:
    """A default that is a value, or whose absence means something."""
    if field.is_required():
        return False
    if field.default is None:
        return "absent" in meaning or "default" in meaning
    return field.default is not PydanticUndefined and field.default != ""


def _table_of(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """(the model that a key holds, whether it holds a table of names)."""
    mapping = False
    stack = [annotation]
    while stack:
        part = stack.pop()
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part, mapping
        if get_origin(part) is list:
            continue
        if get_origin(part) is dict:
            mapping = True
        stack += [inner for inner in get_args(part) if inner is not type(None)]
    return None, mapping


def _origin(path: tuple[str, ...], overrides: Mapping[str, Any]) -> str:
    dotted = ".".join(path)
    hit = any(dotted == key or dotted.startswith(f"{key}.") or key.startswith(f"{dotted}.") for key in overrides)
    return SET if hit else INPUT


def _short(text: str) -> str:
    """Without the examples of how to write it."""
    return text.split(': "')[0].split("; {")[0].strip()
