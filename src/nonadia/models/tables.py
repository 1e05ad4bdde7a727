"""Entries of the tables of an input file: numbers, quantities and expressions, with every fault found on the way.

A fault is noted once, under the key where it stands; what depends on it is skipped silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..expressions import ComplexValueError, Expression, ExpressionError, UndefinedSymbolError
from ..units import Kind, with_article
from .errors import Problem
from .parameters import Parameters, resolve


class Tables:
    """Reads tables whose structure is sound (missing or removed entries have been reported).

    time: whether parameters may be functions of t, and expressions of (x, t); others: more names that parameters cannot have.
    """

    def __init__(self, data: Mapping[str, Any], *, time: bool = False, others: Sequence[str] = ()) -> None:
        self.data = data
        self.problems: list[Problem] = []
        # a faulty table of names has been reported; what is missing because of it is not
        self._names_unknown = any(key in data and data[key] is None for key in ("parameters", "coordinates"))
        self._names = tuple(data.get("coordinates") or {})
        self._dimensionless = [
            name
            for name, spec in (data.get("coordinates") or {}).items()
            if isinstance(spec, Mapping) and spec.get("unit") == "1"
        ]
        self._others, self._time = tuple(others), time
        self.parameters = self.resolved(data.get("parameters") or {})
        self.problems += self.parameters.problems
        self._probe: NDArray[np.float64] = np.random.default_rng(0).uniform(-2.0, 2.0, (5, len(self._names)))

    def resolved(self, sources: Mapping[str, Any]) -> Parameters:
        """Other values of parameters, read as those of this input are."""
        return resolve(sources, (*self._names, *self._others), time=self._time)

    def note(self, key: str, message: str) -> None:
        self.problems.append((key, message))

    # --- single entries ---------------------------------------------------------------------------

    def expression(
        self,
        source: Any,
        key: str,
        kind: Kind | None = "energy",
        real: bool = True,
        what: str = "it",
        names: Sequence[str] | None = None,
        probe: NDArray[np.float64] | None = None,
    ) -> Expression | None:
        """f(x) from an entry; None after noting a fault, or when a parameter it uses has failed.

        names: of its coordinates, all of the input by default; probe: where it is tried, (points, coordinates).
        """
        if source is None:
            return None
        try:
            expression = Expression.build(
                source,
                self._names if names is None else names,
                self.parameters.values,
                kind=kind,
                real=real,
                key=key,
                numbers=self._dimensionless,
                functions=self.parameters.functions,
            )
            if expression.names & self.parameters.failed:
                return None
            at = self._probe if probe is None else probe
            expression.value(at)
            expression.gradient(at)
            return expression
        except ComplexValueError:
            self.note(key, f'non-Hermitian: "{source}" is complex; {what} must be real')
        except ExpressionError as error:
            self._note_error(key, error)
        return None

    def _note_error(self, key: str, error: ExpressionError) -> None:
        if not (self._names_unknown and isinstance(error, UndefinedSymbolError)):
            self.note(key, str(error))

    def number(
        self, source: Any, key: str, kind: Kind | None = "energy", *, positive: bool = False, complex_: bool = False
    ) -> complex | None:
        """A value without coordinates; None after noting a fault."""
        if source is None:
            return None
        try:
            value = Expression.build(
                source,
                self._names,
                self.parameters.values,
                kind=kind,
                real=not complex_,
                functions=self.parameters.functions,
            )
            moving = sorted(value.names & set(self._names))
            if moving:
                hint = "; position dependence belongs into profile" if ".couplings" in key else ""
                self.note(key, f'"{moving[0]}" is a coordinate; a number or parameters are needed here{hint}')
                return None
            if value.names & self.parameters.failed:
                return None
            number = value.number()
        except ExpressionError as error:
            self._note_error(key, error)
            return None
        if positive and not number.real > 0.0:
            sign = "zero" if number.real == 0.0 else "negative"
            self.note(
                key, f'"{source}" is {sign}; {with_article(kind) if kind else "a number"} that is positive is needed here'
            )
            return None
        return number

    def real(self, source: Any, key: str, kind: Kind | None = "energy", *, positive: bool = False) -> float | None:
        """`number` for a real quantity."""
        number = self.number(source, key, kind, positive=positive)
        return None if number is None else number.real
