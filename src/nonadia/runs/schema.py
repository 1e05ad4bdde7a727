"""The input file: what keys it may have, reading it, overriding single keys.

One file describes one experiment (contract, "Input file"): the model (see models/spec.py), what to compute
([forces]) and which parameters to vary ([sweep]). Every fault becomes one line `file: key: message`.
"""

from __future__ import annotations

import copy
import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from nonadia.models import library
from nonadia.models.spec import Count, JunctionSpec, Number, Table
from nonadia.models.structure import dotted

from .errors import Fault, InputError
from .langevin_schema import LangevinSpec


class GridSpec(Table):
    """Equally spaced values of one coordinate, both ends included."""

    start: Number = Field(description="first value")
    stop: Number = Field(description="last value")
    points: Count = Field(description="how many values")


class ForcesSpec(Table):
    """Mean force, friction and noise at geometries: a key for every coordinate, or `points`."""

    model_config = ConfigDict(extra="allow", strict=True)  # the coordinates' names; checked by `request`

    points: list[list[Number]] | None = Field(None, description="geometries, one value for each coordinate")
    method: Literal["auto", "heom", "negf"] = Field(
        "auto", description='"negf" is for non-interacting models; "auto" takes it where it applies'
    )
    tolerance: Number = Field(1e-3, description="error of F, γ, D relative to their maximum over the grid")
    tolerance_mode: Literal["global", "pointwise"] = Field(
        "global", description='"pointwise" demands the tolerance at every x'
    )
    tiers: Count | None = Field(
        None, description="tiers of the hierarchy; chosen to reach the tolerance if absent"
    )
    poles: Count | None = Field(None, description="poles of the Fermi function; chosen if absent")
    decomposition: Literal["fit", "pade", "aaa"] | None = Field(
        None, description="kind of poles; chosen if absent"
    )


class MemorySpec(Table):
    """Memory kernels at geometries: a key for every coordinate, or `points`."""

    model_config = ConfigDict(extra="allow", strict=True)  # the coordinates' names; checked by `request`

    points: list[list[Number]] | None = Field(None, description="geometries, one value for each coordinate")
    time: Any = Field(description="times t ≥ 0: a list or { start, stop, points }")
    frequency: Any = Field(None, description="frequencies, likewise; by default up to the Nyquist frequency of the times")
    method: Literal["auto", "heom", "negf"] = Field(
        "auto", description='"negf" is for non-interacting models; "auto" takes it where it applies'
    )
    tolerance: Number = Field(1e-3, description="error of each kernel and spectrum relative to its maximum")
    tiers: Count | None = Field(None, description="tiers of the hierarchy; chosen if absent")
    poles: Count | None = Field(None, description="poles of the Fermi function; chosen if absent")
    decomposition: Literal["fit", "pade", "aaa"] | None = Field(
        None, description="kind of poles; chosen if absent"
    )


class ExperimentSpec(JunctionSpec):
    """A whole input file for system = "junction"."""

    title: str = Field("", description="one line for figures and reports")
    system: Literal["junction"] = Field("junction", description="kind of system")
    forces: ForcesSpec | None = Field(None, description="what to compute")
    memory: MemorySpec | None = Field(None, description="memory kernels to compute besides the forces")
    langevin: LangevinSpec | None = Field(None, description="dynamics of the nuclei with these forces")
    sweep: dict[str, list[Number]] = Field(
        default_factory=dict,
        description="parameters to vary: a list of values each; all combinations are run",
    )


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """(text, data) of a TOML file; InputError if it cannot be read."""
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError([(file, "", f"file not found; {_instead(path)}")]) from None
    except UnicodeDecodeError as error:
        raise InputError([(file, "", f"not a text file (UTF-8 is needed): {error.reason}")]) from None
    except OSError as error:
        raise InputError([(file, "", f"cannot be read: {error.strerror or error}")]) from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        key = f"line {place[1]}, column {place[2]}" if place else "end of the file"
        what = re.sub(r"\s*\(at .*\)$", "", str(error))
        hint = 'write key = value, and quotes around text: mass = "1 u"'
        raise InputError([(file, key, f"not valid TOML: {what}; {hint}")]) from None
    except RecursionError:
        raise InputError([(file, "", "not valid TOML: too deeply nested")]) from None


def _instead(path: Path) -> str:
    """What to give instead of a file that does not exist."""
    if not path.parent.is_dir():
        return f'there is no folder "{path.parent}"'
    examples = library.names()
    if path.stem in examples:
        return f'"{path.stem}" without .toml is a shipped example; "nonadia examples {path.stem}" shows it'
    present = sorted(other.name for other in path.parent.glob("*.toml"))
    close = difflib.get_close_matches(path.name, present, n=1) or difflib.get_close_matches(
        path.stem, examples, n=1
    )
    did = f'did you mean "{close[0]}"? ' if close else ""
    here = f"input files here: {', '.join(present[:8])}" if present else "no input file is in this folder"
    return f"{did}{here}; shipped examples: {', '.join(examples)}"


def override(data: Mapping[str, Any], overrides: Mapping[str, Any], file: str) -> dict[str, Any]:
    """A copy of `data` with keys such as parameters.bias replaced; text is read as TOML where it is TOML.

    A parameter that is set is no longer swept. Raises InputError for keys that cannot be set.
    """
    result: dict[str, Any] = copy.deepcopy(dict(data))
    faults: list[Fault] = []
    for key, value in overrides.items():
        try:
            path = _path(key)
            _set(result, path, _value(value))
        except ValueError as error:
            faults.append((file, key, str(error)))
            continue
        sweep = result.get("sweep")
        if (
            path[0] == "parameters"
            and isinstance(sweep, dict)
            and dotted("sweep", *path[1:]) not in overrides
        ):
            sweep.pop(path[-1], None)
    if faults:
        raise InputError(faults)
    return result


def _path(key: str) -> list[str]:
    """Parts of a dotted TOML key."""
    try:
        node: Any = tomllib.loads(f"{key} = 0")
    except (tomllib.TOMLDecodeError, RecursionError):
        node = None
    path: list[str] = []
    while isinstance(node, dict) and len(node) == 1:
        name, node = next(iter(node.items()))
        path.append(name)
    if node != 0 or not path or "\n" in key:
        raise ValueError('is not a key; write for example parameters.bias="0.4 V"')
    return path


def _value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        table = tomllib.loads(f"value = {value}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return value
    parsed = table.get("value")
    known = isinstance(parsed, str | int | float | list | dict) and len(table) == 1
    return parsed if known else value


def _set(data: dict[str, Any], path: list[str], value: Any) -> None:
    table: Any = data
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ValueError(f'cannot be set: "{part}" is not a table')
    if path[0] == "parameters" and path[-1] not in table:
        close = difflib.get_close_matches(path[-1], table, n=1)
        did = f'did you mean "{close[0]}"? ' if close else ""
        raise ValueError(f"the input has no such parameter; {did}there are: {', '.join(table) or 'none'}")
    table[path[-1]] = value
