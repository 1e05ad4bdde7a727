"""[langevin] of an input file → what `nonadia.langevin` is asked for, in atomic units."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nonadia.expressions import Expression, ExpressionError, Factor
from nonadia.formula import TIME
from nonadia.models.structure import dotted, unknown_key
from nonadia.models.tables import Tables
from nonadia.units import Kind, UnitError, is_quantity, parse

from .langevin_initial import Initial, coordinates_of
from .langevin_schema import LangevinSpec

# observable → kind of its standard error
STOP_ERRORS: dict[str, Kind] = {
    "kinetic_temperature": "temperature",
    "position": "length",
    "energy": "energy",
    "current": "energy",  # electrons per time, ħ = 1
}
_TOLERANCES = ("step_tolerance", "table_tolerance")
_KNOTS = 4  # of a spline
_TRIED = 2001  # times at which a drive is tried
_EXIT = re.compile(r"\s*(\w+)\s*([<>])=?\s*([^\s<>=].*?)\s*", re.DOTALL)
Exit = tuple[str, int, float]  # coordinate, +1 (leaves upwards) or -1, where


@dataclass(frozen=True, eq=False)
class LangevinRequest:
    """An ensemble of trajectories: how many, how long, from where, until when. Atomic units.

    step: a time or "auto"; initial: as `nonadia.langevin` takes it; exits: name → (coordinate, side, value); drive: swept
    parameter → function of t; drive_text: the same as written.
    """

    duration: float
    trajectories: int = 1000
    step: float | str = "auto"
    stored: int = 201
    scheme: str = "baoab"
    seed: int = 1
    initial: dict[str, Any] | None = None
    exits: dict[str, Exit] = field(default_factory=dict)
    asymptote: dict[str, dict[str, str]] = field(default_factory=dict)
    stop_error: dict[str, float] = field(default_factory=dict)
    step_tolerance: float = 1e-3
    table_tolerance: float = 1e-3
    keep: int = 0
    bins: int = 100
    drive: dict[str, Callable[[float], float]] = field(default_factory=dict)
    drive_text: dict[str, str] = field(default_factory=dict)
    memory: bool = False

    def describe(self) -> dict[str, Any]:
        """Every value, JSON-able."""
        names = ("trajectories", "duration", "step", "stored", "scheme", "seed", "initial", "asymptote", "stop_error", "keep")
        said = {name: getattr(self, name) for name in (*names, "bins", "memory", *_TOLERANCES)}
        return said | {"exits": {name: list(rule) for name, rule in self.exits.items()}, "drive": self.drive_text}

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `nonadia.langevin`, but for forces, memory and those of the execution."""
        names = ("trajectories", "duration", "step", "stored", "scheme", "seed", "initial", "keep", "bins")
        found = {name: getattr(self, name) for name in (*names, *_TOLERANCES)}
        return found | {name: getattr(self, name) or None for name in ("exits", "asymptote", "stop_error", "drive")}


def undriven(data: dict[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Tables in which these parameters have one value each and are therefore no functions of time."""
    table = data.get("langevin")
    if not isinstance(table, Mapping) or not isinstance(table.get("drive"), Mapping):
        return data
    if not set(names) & set(table["drive"]):
        return data
    rest = copy.deepcopy(data)
    rest["langevin"]["drive"] = {name: text for name, text in table["drive"].items() if name not in names}
    return rest


def read_langevin(builder: Tables, table: Mapping[str, Any]) -> LangevinRequest | None:
    """The request of a [langevin] table; None after noting a fault in the builder."""
    before = len(builder.problems)
    given: dict[str, Any] = {}
    for key in ("trajectories", "stored", "scheme", "seed", "keep", "bins", "memory"):
        given[key] = table.get(key, LangevinSpec.model_fields[key].default)
    for key in _TOLERANCES:
        default = LangevinSpec.model_fields[key].default
        given[key] = builder.real(table.get(key, default), f"langevin.{key}", "dimensionless", positive=True)
        if given[key] is not None and given[key] >= 1.0:
            builder.note(f"langevin.{key}", f"{given[key]:g} is too large; a relative error such as 1e-3 is needed")
    if given["memory"] and table.get("drive"):
        builder.note("langevin.memory", "memory kernels cannot follow a driven parameter; remove drive, or memory")
    duration = builder.real(table.get("duration"), "langevin.duration", "time", positive=True)
    step: float | str | None = table.get("step", "auto")
    if step != "auto":
        step = builder.real(step, "langevin.step", "time", positive=True)
        if step is not None and duration is not None and step > duration:
            builder.note("langevin.step", f"{step:g} is longer than the duration {duration:g} (atomic units of time)")
    if given["stored"] is not None and given["stored"] < 3:
        builder.note("langevin.stored", f"{given['stored']}; at least 3 times are needed")
    if isinstance(given["scheme"], str):
        given["scheme"] = _scheme(builder, given["scheme"])
    keep, trajectories = given["keep"], given["trajectories"]
    if keep is not None and trajectories is not None and keep > trajectories:
        builder.note("langevin.keep", f"{keep}; there are {trajectories} trajectories")
    initial = None
    if isinstance(table.get("initial"), Mapping):
        initial = Initial(builder, table["initial"]).read()
    exits = _exits(builder, table.get("exits") or {})
    asymptote = _asymptote(builder, table.get("asymptote") or {})
    stop_error = _stop_error(builder, table.get("stop_error") or {})
    drive = _drive(builder, table.get("drive") or {}, duration)
    complete = all(value is not None for value in given.values()) and duration is not None and step is not None
    faulty = any(table.get(key, 0) is None for key in ("initial", "exits", "asymptote", "stop_error", "drive") if key in table)
    if len(builder.problems) > before or not complete or faulty:
        return None
    assert duration is not None and step is not None
    return LangevinRequest(
        duration,
        step=step,
        initial=initial,
        exits=exits,
        asymptote=asymptote,
        stop_error=stop_error,
        drive={name: Factor(expression) for name, expression in drive.items()},
        drive_text={name: str(table["drive"][name]) for name in drive},
        **given,
    )


def _scheme(builder: Tables, name: str) -> str:
    from nonadia.langevin.schemes.scheme import named

    try:
        named(name.lower())
    except ValueError as error:
        builder.note("langevin.scheme", str(error))
    return name.lower()


def _exits(builder: Tables, table: Mapping[str, Any]) -> dict[str, Exit]:
    found: dict[str, Exit] = {}
    kinds = coordinates_of(builder)
    for name, text in table.items():
        key = dotted("langevin", "exits", name)
        if text is None:
            continue
        match = _EXIT.fullmatch(text)
        if match is None:
            builder.note(key, f'"{text}" is no condition; write a coordinate, > or <, and a value: "x > 5 angstrom"')
        elif match[1] not in kinds:
            builder.note(key, f'"{match[1]}" is no coordinate; there are {", ".join(kinds)}')
        else:
            value = builder.real(match[3], key, kinds[match[1]])
            if value is not None:
                found[name] = (match[1], 1 if match[2] == ">" else -1, value)
    return found


def _asymptote(builder: Tables, table: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    kinds = coordinates_of(builder)
    for name in table:
        if name not in kinds:
            builder.note(dotted("langevin", "asymptote", name), unknown_key(name, list(kinds)))
    sides = {name: {side: way for side, way in (spec or {}).items() if way is not None} for name, spec in table.items()}
    return {name: spec for name, spec in sides.items() if spec}


def _stop_error(builder: Tables, table: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    kinds = set(coordinates_of(builder).values())
    for name, source in table.items():
        key = dotted("langevin", "stop_error", name)
        if name not in STOP_ERRORS:
            builder.note(key, unknown_key(name, list(STOP_ERRORS)))
            continue
        kind = STOP_ERRORS[name]
        if kind == "length" and kinds != {"length"}:
            kind = "dimensionless"
        value = builder.real(source, key, kind, positive=True)
        if value is not None:
            found[name] = value
    return found


def _drive(builder: Tables, table: Mapping[str, Any], duration: float | None) -> dict[str, Expression]:
    """Functions of t that stay within the values of [sweep]."""
    found = {}
    sweep = builder.data.get("sweep") or {}
    for name, source in table.items():
        key = dotted("langevin", "drive", name)
        if source is None or (name in sweep and sweep[name] is None):
            continue
        values = _numbers(builder, sweep.get(name) or [])
        if len(values) < _KNOTS:
            builder.note(key, f"needs a table over {name}: give at least {_KNOTS} values of it in [sweep]")
            continue
        known = builder.parameters.values
        kind = known[name].kind if name in known else None
        try:
            expression = Expression.build(source, (TIME,), known, kind=kind, key=key, functions=builder.parameters.functions)
            if expression.names & builder.parameters.failed:
                continue
            times = np.linspace(0.0, duration or 0.0, _TRIED)
            course = expression.value(times[:, None])
        except ExpressionError as error:
            builder.note(key, str(error))
            continue
        outside = ~((course >= min(values) * (1 + 1e-12) - 1e-300) & (course <= max(values) * (1 + 1e-12) + 1e-300))
        if outside.any():
            at = int(np.argmax(outside))
            reach = f"the values of [sweep] reach from {min(values):g} to {max(values):g}"
            builder.note(key, f"is {course[at]:g} at t = {times[at]:g}; {reach} (atomic units)")
            continue
        found[name] = expression
    return found


def _numbers(builder: Tables, values: list[Any]) -> list[float]:
    """Values of a swept parameter in atomic units; those that are none are reported elsewhere."""
    found = []
    for value in values:
        try:
            if isinstance(value, str) and is_quantity(value):
                found.append(parse(value).value)
            elif value is not None:
                found.append(Expression.build(value, (), builder.parameters.values, kind=None).number().real)
        except (ExpressionError, UnitError):
            continue
    return found
