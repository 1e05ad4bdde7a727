"""Check a table against its specification; say what is wrong with each key, and drop what is wrong.

Returns messages in the words of the input file (unknown keys with a suggestion) and a copy of the data
with None for the faulty entries, so that the meaning of everything else can be checked in the same go.
"""

from __future__ import annotations

import copy
import difflib
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from .errors import Problem

Location = tuple[int | str, ...]


def dotted(*parts: int | str) -> str:
    """The key as one writes it in TOML: molecule.hoppings."a,b"."""
    shown = ""
    for part in parts:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            shown += ("." if shown else "") + (part if bare else f'"{part}"')
    return shown


def check(data: Mapping[str, Any], spec: type[BaseModel]) -> tuple[list[Problem], dict[str, Any]]:
    """(problems, data with None in the place of what they are about)."""
    good = _copied(data)
    try:
        spec.model_validate(good)
    except ValidationError as error:
        faults: dict[Location, Any] = {}
        for fault in error.errors(include_url=False):
            faults.setdefault(_location(good, fault["loc"]), fault)
        meant = _misspelled(good, spec, [loc for loc, f in faults.items() if f["type"] == "extra_forbidden"])
        problems = [
            (dotted(*location), _message(fault, location, spec))
            for location, fault in faults.items()
            if not (fault["type"] == "missing" and location in meant)
        ]
        for location, fault in faults.items():
            _remove(good, location, unknown=fault["type"] == "extra_forbidden")
        for location in meant:
            _table_at(good, location[:-1])[location[-1]] = None
        return problems, good
    return [], good


def _copied(data: Any) -> Any:
    """A deep copy with mappings as dicts; anything else is left to the validation."""
    if isinstance(data, Mapping):
        return {str(key): _copied(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_copied(value) for value in data]
    return copy.copy(data)


def _location(data: Any, parts: Location) -> Location:
    """The location without pydantic's own additions, such as the names of union branches."""
    kept: list[int | str] = []
    for part in parts:
        if isinstance(data, dict):
            if part not in data:
                return (*kept, part)
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            break
        kept.append(part)
    return tuple(kept)


def _message(fault: Any, location: Location, spec: type[BaseModel]) -> str:
    kind, value = fault["type"], fault.get("input")
    if kind == "extra_forbidden":
        return unknown_key(str(location[-1]), _keys(spec, location[:-1]))
    if kind == "missing":
        field = _fields(spec, location[:-1]).get(str(location[-1]))
        about = f"; give {field.description}" if field is not None and field.description else ""
        return f"is missing{about}"
    if kind == "input":
        return f"{_shown(value)} {fault['msg']}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{_shown(value)} must be a table"
    if kind == "string_type":
        return f"{_shown(value)} must be text in quotes"
    if kind == "list_type":
        return f"{_shown(value)} must be a list"
    if kind == "literal_error":
        expected = str(fault["ctx"]["expected"]).replace("'", '"')
        choices = re.findall(r'"([^"]*)"', expected)
        close = difflib.get_close_matches(str(value), choices, n=1)
        did = f' (did you mean "{close[0]}"?)' if close else ""
        return f"{_shown(value)} is not possible{did}; must be {expected}"
    return f"{_shown(value)}: {fault['msg']}"


def unknown_key(key: str, allowed: list[str]) -> str:
    """Message for a key that is not in `allowed`."""
    close = difflib.get_close_matches(key, allowed, n=1)
    did = f'did you mean "{close[0]}"? ' if close else ""
    return f"unknown key; {did}known here: {', '.join(allowed)}"


def _shown(value: Any) -> str:
    text = " ".join(f'"{value}"'.split()) if isinstance(value, str) else " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _fields(spec: Any, location: Location) -> dict[str, Any]:
    """Fields of the table at `location` below `spec`."""
    for part in location:
        spec = _table_in(spec)
        if isinstance(spec, type) and issubclass(spec, BaseModel):
            field = spec.model_fields.get(str(part))
            spec = field.annotation if field is not None else None
        else:  # dict[str, X] or list[X]
            arguments = typing.get_args(spec)
            spec = arguments[-1] if arguments else None
    spec = _table_in(spec)
    return dict(spec.model_fields) if isinstance(spec, type) and issubclass(spec, BaseModel) else {}


def _keys(spec: Any, location: Location) -> list[str]:
    return list(_fields(spec, location))


def _table_in(annotation: Any) -> Any:
    """X of X | None."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next(a for a in typing.get_args(annotation) if a is not type(None))
    return annotation


def _misspelled(data: Any, spec: type[BaseModel], unknown: list[Location]) -> list[Location]:
    """Absent keys that unknown ones probably stand for: they count as present but faulty."""
    found = []
    for location in unknown:
        close = difflib.get_close_matches(str(location[-1]), _keys(spec, location[:-1]), n=1)
        if close and close[0] not in _table_at(data, location[:-1]):
            found.append((*location[:-1], close[0]))
    return found


def _table_at(data: Any, location: Location) -> Any:
    for part in location:
        data = data[part]
    return data


def _remove(data: Any, location: Location, unknown: bool) -> None:
    """Drop an unknown key; put None in the place of a bad value, so that its name stays known."""
    for part in location[:-1]:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(data, dict) and location and location[-1] in data:
        if unknown:
            del data[location[-1]]
        else:
            data[location[-1]] = None
    elif isinstance(data, list) and location and isinstance(location[-1], int):
        data[location[-1]] = None
