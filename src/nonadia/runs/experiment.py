"""An experiment: a model, what to compute of it, which parameters to vary. `load` reads it from anywhere.

What every kind of system has in common is here; `junction_experiment` and `closed_experiment` read the rest.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from nonadia.models import library
from nonadia.models.parameters import resolve
from nonadia.models.structure import dotted
from nonadia.models.tables import Tables
from nonadia.units import required, same_kind, with_article

from .errors import InputError
from .langevin_request import undriven
from .request import suggestion
from .schema import override, read

Problems = list[tuple[str, str]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Experiment:
    """One input file, checked and resolved; everything in atomic units.

    sweep: parameter → values as written; kinds: parameter → kind of the unit it was written in (or None);
    source, text: file name and its text, verbatim; overrides: keys set on top of it; settings: every value
    actually used, defaults included (JSON-able); data: the tables with the overrides.
    """

    title: str
    system: str
    sweep: dict[str, list[Any]]
    source: str
    text: str
    overrides: dict[str, Any]
    settings: dict[str, Any]
    kinds: dict[str, str | None] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict, repr=False)

    def points(self) -> Iterator[dict[str, Any]]:
        """Values of the swept parameters at each sweep point, the last one fastest; one {} if none."""
        for values in itertools.product(*self.sweep.values()):
            yield dict(zip(self.sweep, values, strict=True))

    def at(self, values: Mapping[str, Any]) -> Self:
        """This experiment with these parameter values, not swept; InputError if they do not fit."""
        changes = {dotted("parameters", name): value for name, value in values.items()}
        data = undriven(override(self.data, changes, self.source), values)
        point = self.assemble(data, self.source, self.text, {**self.overrides, **changes})
        mine, own = (each.settings.get("langevin") or {} for each in (self, point))
        if mine.get("duration") != own.get("duration"):
            message = "changes in the sweep; the stored times of a result are one for all sweep points: run them one by one"
            raise InputError([(self.source, "langevin.duration", f"{message} with --set")])
        return point

    @classmethod
    def assemble(
        cls,
        data: dict[str, Any],
        source: str,
        text: str,
        overrides: dict[str, Any],
        written: Mapping[str, Any] | None = None,
    ) -> Self:
        """The experiment of these tables; written: the tables before the overrides, whose kinds must be kept.

        Raises InputError with every fault.
        """
        raise TypeError(f"{cls.__name__} is what experiments have in common; load one with nonadia.load")


def load(source: str | Path | Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> Experiment:
    """The experiment in a file, a shipped example (by name), or a dict with the tables of a file.

    overrides: keys to set, such as {"parameters.bias": "0.4 V"}; a parameter that is set is no longer swept.
    Raises InputError with every fault, one line each: unknown keys, wrong units, undefined symbols,
    couplings that are not Hermitian, expressions that are not finite on the grid …
    """
    if isinstance(source, Mapping):
        name, data = "<dict>", dict(source)
        text = json.dumps(data, indent=2, default=str)
    else:
        path = _find(source)
        text, data = read(path)
        name = path.name if str(source) in library.names() and path == library.path(str(source)) else str(source)
    changes = dict(overrides or {})
    tables = override(data, changes, name)
    with np.errstate(all="ignore"):  # what is not finite is found and named, without warnings of NumPy beside it
        experiment = _kind_of(tables, name).assemble(tables, name, text, changes, written=data)
        try_sweep(experiment)
    return experiment


def _kind_of(data: Mapping[str, Any], source: str) -> type[Experiment]:
    """The class that reads this kind of system."""
    from .closed_experiment import ClosedExperiment
    from .junction_experiment import JunctionExperiment
    from .table_experiment import TableExperiment

    kinds: dict[str, type[Experiment]] = {
        "junction": JunctionExperiment,
        "table": TableExperiment,
        "molecule": ClosedExperiment,
        "marginal": ClosedExperiment,
    }
    system = data.get("system", "junction")
    if isinstance(system, str) and system in kinds:
        return kinds[system]
    shown = f'"{system}"' if isinstance(system, str) else str(system)
    did = suggestion(system, list(kinds)).strip() if isinstance(system, str) else ""
    known = ", ".join(f'"{kind}"' for kind in kinds)
    message = f"{shown} is not possible{f' ({did})' if did else ''}; must be one of {known}"
    raise InputError([(source, "system", message)])


def _find(source: str | Path) -> Path:
    path, name = Path(source), str(source)
    if path.is_file() or isinstance(source, Path):
        return path
    if name in library.names():
        return library.path(name)
    if path.suffix or path.exists() or len(path.parts) > 1:
        return path
    known = library.names()
    hint = f"{suggestion(name, known)}shipped examples: {', '.join(known)}"
    raise InputError([(name, "", f"no such file and no shipped example of this name; {hint}")])


def other_kinds(written: Mapping[str, Any], good: dict[str, Any], *, time: bool = False) -> Problems:
    """Parameters that an override has given another kind of unit; they are marked as faulty in `good`.

    time: whether parameters may be functions of t.
    """
    before, after = written.get("parameters"), good.get("parameters")
    if not isinstance(before, Mapping) or not isinstance(after, dict):
        return []
    changed = [name for name in after if name in before and before[name] != after[name]]
    if not changed:
        return []
    names = list(good.get("coordinates") or {})
    old = resolve({k: v if isinstance(v, int | float | str) else None for k, v in before.items()}, names, time=time)
    new = resolve(after, names, time=time)
    problems: Problems = []
    for name in changed:
        one, other = old.values[name].kind, new.values[name].kind
        if one and other and not same_kind(one, other):
            message = f'"{after[name]}" is {with_article(other)}, but {name} is {with_article(one)}'
            problems.append((dotted("parameters", name), f"{message} in the input; {required(one)}"))
            after[name] = None
    return problems


def check_sweep(builder: Tables, data: Mapping[str, Any]) -> None:
    """Swept names must be parameters, their values readable and of the parameter's kind."""
    parameters = data.get("parameters", {})
    if parameters is None:  # a fault that has been reported
        return
    for name, values in (data.get("sweep") or {}).items():
        key = dotted("sweep", name)
        if name not in parameters:
            hint = f"{suggestion(name, list(parameters))}parameters: {', '.join(parameters) or 'none'}"
            builder.note(key, f"is not in [parameters]; {hint}")
            continue
        if values is not None and not values:
            builder.note(key, "no values; give at least one")
        for index, value in enumerate(values or []):
            if value is None:
                continue
            others = {other: source for other, source in parameters.items() if other != name}
            tried = builder.resolved({**others, name: value})
            wrong = [message for where, message in tried.problems if where == dotted("parameters", name)]
            before, after = builder.parameters.values[name].kind, tried.values[name].kind
            if wrong:
                builder.note(f"{key}[{index}]", wrong[0])
            elif before and after and not same_kind(before, after):
                message = f'"{value}" is {with_article(after)}, but {name} is {with_article(before)}'
                builder.note(f"{key}[{index}]", message)


def try_sweep(experiment: Experiment) -> None:
    """Every value of every swept parameter alone must give a sound model."""
    problems: list[tuple[str, str, str]] = []
    for name, values in experiment.sweep.items():
        for value in values:
            try:
                experiment.at({name: value})
            except InputError as error:
                seen = {(key, message) for _, key, message in problems}
                at = f" (with {name} = {value!r})"
                problems += [(f, k, m + at) for f, k, m in error.problems if (k, m + at) not in seen]
    if problems:
        raise InputError(problems)
