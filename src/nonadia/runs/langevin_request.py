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

from .compound_units import MOMENTUM, in_atomic_units
from .langevin_schema import InitialSpec, LangevinSpec

# observable → kind of its standard error
STOP_ERRORS: dict[str, Kind] = {
    "kinetic_temperature": "temperature",
    "position": "length",
    "energy": "energy",
    "current": "energy",  # electrons per time, ħ = 1
}
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
    keep: int = 0
    bins: int = 100
    drive: dict[str, Callable[[float], float]] = field(default_factory=dict)
    drive_text: dict[str, str] = field(default_factory=dict)
    memory: bool = False

    def describe(self) -> dict[str, Any]:
        """Every value, JSON-able."""
        names = ("trajectories", "duration", "step", "stored", "scheme", "seed", "initial", "asymptote", "stop_error", "keep")
        said = {name: getattr(self, name) for name in (*names, "bins", "memory")}
        return said | {"exits": {name: list(rule) for name, rule in self.exits.items()}, "drive": self.drive_text}

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `nonadia.langevin`, but for forces, memory and those of the execution."""
        names = ("trajectories", "duration", "step", "stored", "scheme", "seed", "initial", "keep", "bins")
        found = {name: getattr(self, name) for name in names}
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
        initial = _Initial(builder, table["initial"]).read()
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


def coordinates_of(builder: Tables) -> dict[str, Kind]:
    """Name → kind of its values."""
    table = builder.data.get("coordinates") or {}
    return {name: "dimensionless" if (spec or {}).get("unit") == "1" else "length" for name, spec in table.items()}


def _scheme(builder: Tables, name: str) -> str:
    from nonadia.langevin.scheme import named

    try:
        named(name.lower())
    except ValueError as error:
        builder.note("langevin.scheme", str(error))
    return name.lower()


class _Initial:
    """Reads `initial`: one of four ways to begin."""

    def __init__(self, builder: Tables, table: Mapping[str, Any]) -> None:
        self.builder, self.table, self.kinds = builder, table, coordinates_of(builder)

    def read(self) -> dict[str, Any] | None:
        """As `nonadia.langevin` takes it; None after noting a fault."""
        table, builder, before = self.table, self.builder, len(self.builder.problems)
        options = list(InitialSpec.model_fields)
        for key in table:
            if key not in options and key not in self.kinds:
                builder.note(dotted("langevin", "initial", key), unknown_key(key, [*self.kinds, *options]))
        ways = [key for key in ("boltzmann", "wigner") if key in table]
        places = [name for name in self.kinds if name in table]
        if len(builder.problems) > before:
            return None
        fixed = [key for key in (*places, "temperature", "p") if key in table]
        if len(ways) > 1 or (ways and fixed):
            builder.note(
                dotted("langevin", "initial", [*fixed, *ways][0]),
                f"does not go with {[*ways, *fixed][0 if fixed else 1]}; give one of "
                "{ temperature, x }, { x, p }, { boltzmann }, { wigner }",
            )
            return None
        if ways:
            found = self._wigner() if ways == ["wigner"] else self._temperature("boltzmann")
        else:
            found = self._places()
            found |= self._temperature("temperature") if "temperature" in table else {}
            found |= self._momenta() if "p" in table else {}
        return found if len(builder.problems) == before else None

    def _places(self) -> dict[str, Any]:
        missing = [name for name in self.kinds if name not in self.table]
        if missing:
            self.builder.note("langevin.initial", f"no position; give {', '.join(f'{name} = 0.0' for name in missing)}")
        return {
            name: self.builder.real(self.table[name], dotted("langevin", "initial", name), self.kinds[name])
            for name in self.kinds
            if name in self.table
        }

    def _temperature(self, way: str) -> dict[str, Any]:
        kT = self.builder.real(self.table[way], f"langevin.initial.{way}", "temperature")
        if kT is not None and kT <= 0 and not (way == "temperature" and kT == 0):
            self.builder.note(f"langevin.initial.{way}", f'"{self.table[way]}" is not positive; a temperature such as "300 K"')
        return {way: kT}

    def _momenta(self) -> dict[str, Any]:
        found = self._each(self.table["p"], "langevin.initial.p", self._momentum)
        return {"p": found[0]} if len(self.kinds) == 1 else {f"p_{name}": p for name, p in zip(self.kinds, found, strict=True)}

    def _position(self, source: Any, key: str, name: str) -> float | None:
        return self.builder.real(source, key, self.kinds[name])

    def _momentum(self, source: Any, key: str, name: str) -> float | None:
        if isinstance(source, str):
            try:
                return in_atomic_units(source, MOMENTUM if self.kinds[name] == "length" else _ACTION)
            except UnitError as error:
                if is_quantity(source):
                    self.builder.note(key, str(error))
                    return None
        return self.builder.real(source, key, None)

    def _wigner(self) -> dict[str, Any]:
        table, key = self.table["wigner"], "langevin.initial.wigner"
        if table is None:
            return {}
        frequency = self.builder.real(table.get("frequency"), f"{key}.frequency", "energy", positive=True)
        temperature = self.builder.real(table.get("temperature", 0.0), f"{key}.temperature", "temperature")
        if temperature is not None and temperature < 0:
            self.builder.note(f"{key}.temperature", f'"{table["temperature"]}" is negative; 0 is the ground state')
        found: dict[str, Any] = {"frequency": frequency, "temperature": temperature}
        found["center"] = self._each(table.get("center", 0.0), f"{key}.center", self._position)
        found["momentum"] = self._each(table.get("momentum", 0.0), f"{key}.momentum", self._momentum)
        return {"wigner": found}

    def _each(self, source: Any, key: str, read: Callable[[Any, str, str], float | None]) -> list[float | None]:
        """One value a coordinate, from { x = …, y = … }, or from one value where there is one coordinate."""
        nothing: list[float | None] = [None] * len(self.kinds)
        if not isinstance(source, Mapping):
            if len(self.kinds) > 1 and source is not None and source != 0.0:
                example = ", ".join(f"{name} = 0.0" for name in self.kinds)
                self.builder.note(key, f"one value for {len(self.kinds)} coordinates; give {{ {example} }}")
                return nothing
            source = {name: source for name in self.kinds}
        elif set(source) - set(self.kinds):
            for name in sorted(set(source) - set(self.kinds)):
                self.builder.note(f"{key}.{name}", unknown_key(name, list(self.kinds)))
            return nothing
        else:
            return [read(source.get(name, 0.0), f"{key}.{name}", name) for name in self.kinds]
        return [read(source[name], key, name) for name in self.kinds]


_ACTION = {"energy": 1, "time": 1}


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
        if len(values) < 2:
            example = f'{name} = ["0 V", "0.1 V", "0.2 V"]'
            builder.note(key, f"needs a table over {name}: give at least two values in [sweep], {example}")
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
