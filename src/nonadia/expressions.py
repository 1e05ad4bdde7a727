"""Symbolic functions of coordinates and parameters: value, exact derivatives, fast array evaluation.

    f(x; p),   ∂f/∂x_i                                                           (contract, "Input file")

The text is checked and compiled by `formula`; derivatives are symbolic, arrays are evaluated by NumPy.
Numbers inside an expression are atomic units; a text that is only a quantity ("30 meV") is its value.
d|x|/dx is sign(x), that is 0 at x = 0; `corner` tells where the derivative does not exist. The time is the last
coordinate, "t", where it is one, and `Expression.separated` finds Σ_k f_k(t) g_k(x).
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .formula import (
    TIME,
    Compiled,
    ComplexValueError,
    ExpressionError,
    UndefinedSymbolError,
    compile_formula,
    names_in,
    short,
    substituted,
    syntax,
    unknown_name,
    uses_time,
)
from .kinds import Dimension, kind_of, refuse
from .units import Kind, Quantity, UnitError, is_quantity, parse, require

__all__ = [
    "ComplexValueError",
    "Expression",
    "ExpressionError",
    "Factor",
    "UndefinedSymbolError",
    "location",
    "names_in",
    "no_derivative",
    "not_finite",
]


@dataclass(frozen=True)
class Expression:
    """f(x; p): a real or complex function of the classical coordinates, with the parameters' values bound.

    text : as written; coordinates : names of x_0 … x_{c-1}; parameters : (name, value) of those it uses;
    real : whether complex values are refused; key : where it stands in the input, for messages.
    `formula` is the text, or the value of a text that is only a quantity.
    """

    text: str
    formula: str | float | complex
    coordinates: tuple[str, ...] = ()
    parameters: tuple[tuple[str, float], ...] = ()
    real: bool = True
    key: str = field(default="", compare=False)

    @classmethod
    def build(
        cls,
        source: float | complex | str | Expression,
        coordinates: Sequence[str] = (),
        parameters: Mapping[str, Quantity] | None = None,
        *,
        kind: Kind | None = "energy",
        real: bool = True,
        key: str = "",
        numbers: Collection[str] = (),
        functions: Mapping[str, str] | None = None,
    ) -> Expression:
        """From a number (a.u.), a quantity string of the given kind (None: any), or an expression.

        numbers: the coordinates that are dimensionless; functions: parameters that depend on t, as text.

        Raises ExpressionError (also for units of the wrong kind), the message without the key.
        """
        if isinstance(source, Expression):
            return source
        if isinstance(source, int | float | complex) and not isinstance(source, bool):
            return cls(str(source), _finite(source, real), tuple(coordinates), (), real, key)
        if not isinstance(source, str):  # tables whose keys are names, such as [langevin] initial, are not checked before
            raise ExpressionError('must be a number, a quantity such as "30 meV" or an expression')
        known = parameters or {}
        try:
            if is_quantity(source):
                quantity = parse(source)
                value = quantity.value if kind is None else require(quantity, kind, source)
                return cls(source, value, tuple(coordinates), (), real, key)
            if source.strip() in known and kind is not None:
                require(known[source.strip()], kind, source.strip())
        except UnitError as error:
            raise ExpressionError(str(error)) from None
        formula = substituted(source, functions or {})
        used = names_in(source)
        for name in sorted(used):
            if name not in known and name not in coordinates and not _is_called(source, name):
                raise UndefinedSymbolError(unknown_name(name, {*coordinates, *known}))
        used = used if formula is source else names_in(formula)
        bound = tuple((name, known[name].value) for name in sorted(used) if name in known)
        expression = cls(source, formula, tuple(coordinates), bound, real, key)
        expression._compiled()
        dimension = expression.dimension(known, numbers)
        if kind is not None:
            refuse(source, dimension, kind)
        return expression

    def dimension(self, parameters: Mapping[str, Quantity], numbers: Collection[str] = ()) -> Dimension:
        """Its kind, see `kinds`; raises ExpressionError for a sum of different kinds."""
        return kind_of(str(self.formula), parameters, self.coordinates, numbers)

    @property
    def names(self) -> frozenset[str]:
        """Coordinates (the time among them) and parameters that occur in it."""
        found = names_in(self.formula) if isinstance(self.formula, str) else frozenset()
        return found | {TIME} if self.time_dependent else found

    @property
    def time_dependent(self) -> bool:
        """Whether the time is a coordinate and occurs in it."""
        return TIME in self.coordinates and isinstance(self.formula, str) and uses_time(self.formula)

    def separated(self) -> list[tuple[Factor | None, Expression]] | None:
        """[(f_k, g_k)] with f = Σ_k f_k(t) g_k(x), f_k = None for 1; None if it has no such form.

        A term with t then costs one number a time step. The g_k keep all coordinates, t included, and do not depend on it.
        """
        if not self.time_dependent:
            return [(None, self)]
        assert isinstance(self.formula, str)
        from .separation import separate

        parts = separate(self.formula, self.coordinates, tuple(name for name, _ in self.parameters))
        if parts is None:
            return None
        found: list[tuple[Factor | None, Expression]] = []
        for factor, rest in parts:
            over_time = None if factor is None else Factor(self._part(factor, (TIME,)))
            found.append((over_time, self._part(rest, self.coordinates)))
        return found

    def _part(self, formula: str, coordinates: tuple[str, ...]) -> Expression:
        """A part of this expression, which may be complex where the whole is real."""
        bound = tuple((name, value) for name, value in self.parameters if name in names_in(formula))
        imaginary = any(isinstance(node, ast.Name) and node.id == "I" for node in ast.walk(syntax(formula)))
        return Expression(formula, formula, coordinates, bound, self.real and not imaginary, self.key)

    def on(self, *x: ArrayLike) -> NDArray[Any]:
        """f on arrays that are broadcast, one for each coordinate: (...), float64 or complex128. May hold NaN or inf.

        On an open mesh each part is evaluated along the axes that it depends on only.
        """
        arrays = [np.asarray(values, dtype=float) for values in x]
        shape = np.broadcast_shapes(*(values.shape for values in arrays)) if arrays else ()
        if not isinstance(self.formula, str):
            return np.full(shape, self.formula, dtype=float if self.real else complex)
        return self._evaluated(self._compiled().value, arrays, shape)

    def gradient_on(self, *x: ArrayLike) -> list[NDArray[Any] | None]:
        """∂f/∂x_i on arrays that are broadcast, as `on`; None where it vanishes identically."""
        arrays = [np.asarray(values, dtype=float) for values in x]
        shape = np.broadcast_shapes(*(values.shape for values in arrays)) if arrays else ()
        if not isinstance(self.formula, str):
            return [None] * len(arrays)
        return [None if d is None else self._evaluated(d, arrays, shape) for d in self._compiled().gradient]

    def _compiled(self) -> Compiled:
        assert isinstance(self.formula, str)
        return compile_formula(self.formula, self.coordinates, tuple(name for name, _ in self.parameters))

    def value(self, x: ArrayLike = ()) -> NDArray[Any]:
        """f(x) for x of shape (..., c): (...), float64 if `real`, else complex128. May hold NaN or inf."""
        x = self._points(x)
        if not isinstance(self.formula, str):
            return np.full(x.shape[:-1], self.formula, dtype=float if self.real else complex)
        return self._call(self._compiled().value, x)

    def gradient(self, x: ArrayLike = ()) -> NDArray[Any]:
        """∂f/∂x_i for x of shape (..., c): (..., c)."""
        x = self._points(x)
        result = np.zeros(x.shape, dtype=float if self.real else complex)
        if isinstance(self.formula, str):
            for i, derivative in enumerate(self._compiled().gradient):
                if derivative is not None:
                    result[..., i] = self._call(derivative, x)
        return result

    def corner(self, x: ArrayLike = ()) -> NDArray[np.bool_]:
        """Whether ∂f/∂x_i does not exist at x (..., c), where the argument of an abs is zero: (..., c)."""
        x = self._points(x)
        result = np.zeros(x.shape, dtype=bool)
        if isinstance(self.formula, str):
            compiled = self._compiled()
            for i, (jump, slope) in enumerate(zip(compiled.corner, compiled.gradient, strict=True)):
                if jump is not None and slope is not None:
                    rounding = 1e-12 * np.abs(self._call(slope, x))
                    result[..., i] = np.abs(np.nan_to_num(self._call(jump, x))) > rounding
        return result

    def number(self) -> complex:
        """The value of an expression without coordinates; raises ExpressionError if it is not finite."""
        value = self.value(np.zeros(len(self.coordinates)))[()]
        if not np.isfinite(value):
            raise ExpressionError(f'"{short(self.text)}" is {value}, not a finite number')
        return complex(value)

    def _points(self, x: ArrayLike) -> NDArray[np.float64]:
        x = np.asarray(x, dtype=float)
        count = len(self.coordinates)
        if x.ndim == 0 and count == 1:
            x = x[None]
        if x.ndim == 0 or x.shape[-1] != count:
            raise ValueError(f"x must have shape (..., {count}), got {x.shape}")
        return x

    def _call(self, function: Callable[..., Any], x: NDArray[np.float64]) -> NDArray[Any]:
        return self._evaluated(function, [x[..., i] for i in range(x.shape[-1])], x.shape[:-1])

    def _evaluated(self, function: Callable[..., Any], x: list[NDArray[np.float64]], shape: tuple[int, ...]) -> NDArray[Any]:
        arguments: list[Any] = [*x, *(np.float64(value) for _, value in self.parameters)]
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(function(*arguments))
                wanted = complex if result.dtype.kind == "c" or not self.real else float
                own = not any(np.shares_memory(result, values) for values in x)
                result = result.astype(wanted, copy=not own)
        except (ArithmeticError, ValueError, TypeError, NameError, RecursionError, MemoryError) as error:
            raise ExpressionError(f'cannot evaluate "{short(self.text)}": {error}') from error
        if self.real and result.dtype.kind == "c":
            scale = float(np.max(np.abs(result), initial=0.0))
            wrong = np.broadcast_to(np.abs(result.imag) > 1e-12 * scale, shape)
            if wrong.any():
                first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
                where = location(np.array([np.broadcast_to(v, shape)[first] for v in x]), self.coordinates)
                value = complex(np.broadcast_to(result, shape)[first])
                raise ComplexValueError(f'"{short(self.text)}" is complex ({value:.6g}){where}; must be real')
            result = result.real.copy()
        return result if result.shape == shape else np.broadcast_to(result, shape).copy()


@dataclass(frozen=True)
class Factor:
    """f(t) of a term f(t) g(x): callable, time in atomic units → float, or complex."""

    expression: Expression

    def __call__(self, t: float) -> Any:
        expression = self.expression
        if not isinstance(expression.formula, str):
            return expression.formula
        with np.errstate(all="ignore"):  # called once or more a time step: nothing is checked here
            return expression._compiled().value(np.float64(t), *(value for _, value in expression.parameters))


def _finite(number: complex, real: bool) -> float | complex:
    try:
        value = complex(number)
    except OverflowError:
        value = complex(math.inf)
    if not np.isfinite(value):
        raise ExpressionError(f"{short(str(number))} is not a finite number")
    if real and value.imag:
        raise ComplexValueError(f"{number} is complex; must be real")
    return value if value.imag else value.real


def _is_called(text: str, name: str) -> bool:
    calls = (node.func for node in ast.walk(syntax(text)) if isinstance(node, ast.Call))
    return any(isinstance(function, ast.Name) and function.id == name for function in calls)


def location(x: NDArray[np.float64], coordinates: Sequence[str]) -> str:
    """ " at x = 0.5, y = 1" for messages; empty without coordinates."""
    values = ", ".join(f"{name} = {value:.10g}" for name, value in zip(coordinates, x, strict=True))
    return f" at {values}" if values else ""


def no_derivative(corner: NDArray[np.bool_], x: NDArray[np.float64], coordinates: Sequence[str]) -> str | None:
    """Message for the first x (..., c) where `corner` (..., c) is true, or None."""
    if not corner.any():
        return None
    where = np.unravel_index(int(np.argmax(corner)), corner.shape)
    at = location(x[where[:-1]], coordinates)
    return (
        f"its derivative with respect to {coordinates[int(where[-1])]} does not exist{at} (abs has a corner "
        "there); leave this x out, or write a smooth function such as sqrt(x**2 + a**2)"
    )


def not_finite(values: NDArray[Any], x: NDArray[np.float64], coordinates: Sequence[str]) -> str | None:
    """Message for the first x (..., c) where `values`, (...) or (..., c), is NaN or infinite, or None."""
    bad = ~np.isfinite(values)
    if not bad.any():
        return None
    extra = values.ndim - (x.ndim - 1)
    where = np.unravel_index(int(np.argmax(bad)), bad.shape)
    point = x[where[: x.ndim - 1]]
    which = f"derivative with respect to {coordinates[int(where[-1])]}" if extra else "value"
    value = values[where]
    return f"its {which} is {value}{location(point, coordinates)}; must be finite at every x asked for"
