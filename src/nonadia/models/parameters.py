"""Parameters of a model: numbers, quantities, or expressions of one another, resolved in dependency order."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..expressions import Expression, ExpressionError
from ..formula import DERIVATIVE, TIME, name_problem, names_in, uses_time
from ..units import Quantity, UnitError, is_quantity, parse
from .errors import Problem
from .structure import dotted


@dataclass
class Parameters:
    """Resolved values (atomic units) with the kind of their unit; `failed`: names whose value is unknown.

    functions: those that depend on t, as texts of parameters that do not (their entry in `values` is NaN).
    """

    values: dict[str, Quantity] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    functions: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def resolve(sources: Mapping[str, Any], coordinates: Collection[str] = (), *, time: bool = False) -> Parameters:
    """Values of all parameters; problems have the key parameters.NAME, one for each faulty parameter.

    A parameter that depends on a faulty one fails silently: one fault, one message. time: whether they may be functions of t.
    """
    result = Parameters()
    uses: dict[str, frozenset[str]] = {}
    for name, source in sources.items():
        if source is None:  # refused and reported before
            _fail(result, name)
            continue
        message = name_problem(name)
        if message is None and name in coordinates:
            message = f'"{name}" is also a coordinate; give one of them another name'
        if message is None and time and name == DERIVATIVE:
            message = f'"{name}" already means something in expressions; use another name'
        if message is None:
            try:
                uses[name] = names_in(source) if isinstance(source, str) else frozenset()
            except ExpressionError as error:
                message = str(error)
        if message is not None:
            _fail(result, name, message)
    waiting = dict(uses)
    while waiting:
        ready = [name for name, used in waiting.items() if not used & waiting.keys()]
        if not ready:
            _report_cycle(result, waiting)
            break
        for name in ready:
            used = waiting.pop(name)
            if used & result.failed:
                _fail(result, name)
            else:
                _resolve_one(result, name, sources, used, coordinates, time)
    for name in waiting:
        _fail(result, name)
    return result


def _resolve_one(
    result: Parameters,
    name: str,
    sources: Mapping[str, Any],
    used: frozenset[str],
    coordinates: Collection[str],
    time: bool,
) -> None:
    source = sources[name]
    moving = sorted(used & set(coordinates))
    if moving:
        _fail(result, name, f'"{moving[0]}" is a coordinate; a parameter may only depend on parameters')
        return
    try:
        if isinstance(source, str) and is_quantity(source):
            result.values[name] = parse(source)
            return
        known = {other: Quantity(math.nan) for other in sources} | result.values
        if time and isinstance(source, str) and (uses_time(source) or used & result.functions.keys()):
            function = Expression.build(source, (TIME,), known, kind=None, functions=result.functions)
            result.functions[name] = str(function.formula)
            result.values[name] = Quantity(math.nan)
            return
        expression = Expression.build(source, (), known, kind=None)
        value = expression.number().real
        alias = result.values.get(source.strip()) if isinstance(source, str) else None
        kind = alias.kind if alias else expression.dimension(known).simple
        result.values[name] = Quantity(value, kind)
    except (ExpressionError, UnitError) as error:
        _fail(result, name, str(error))


def _report_cycle(result: Parameters, waiting: Mapping[str, frozenset[str]]) -> None:
    """One message for the first cycle among parameters that wait for one another."""
    path = [next(iter(waiting))]
    while path[-1] not in path[:-1]:
        path.append(sorted(waiting[path[-1]] & waiting.keys())[0])
    cycle = path[path.index(path[-1]) :]
    _fail(result, cycle[0], f"depends on itself ({' → '.join(cycle)}); give one of them a value")


def _fail(result: Parameters, name: str, message: str | None = None) -> None:
    """Keep the name known, with no value, so that expressions of it are still checked."""
    result.failed.add(name)
    result.values[name] = Quantity(math.nan)
    if message is not None:
        result.problems.append((dotted("parameters", name), message))
