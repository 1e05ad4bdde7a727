"""Functions of the grid coordinates and time, however the user gives them: expression, array, or Python function.

    f(x_1 … x_c, t),   ∂f/∂x_i,   ∂f/∂t,   f = Σ_k f_k(t) g_k(x) where that is known

Expressions are differentiated exactly. Arrays and Python functions are differentiated along the grid by a spline of
degree 7, and Python functions in time by a central difference; no grid needs to be periodic for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from ..expressions import Expression, ExpressionError
from .errors import ModelError

Array = NDArray[Any]
Mesh = Sequence[NDArray[np.float64]]  # one 1D array for each axis of the grid
Envelope = Callable[..., Any] | None  # f_k(t), also of arrays of times; None: 1
Field: TypeAlias = "Expression | Array | Callable[..., Any] | float | complex"

SPLINE_DEGREE = 7


class GridFunction(Protocol):
    """f on grids; axes: how many coordinates it has. Values have the shape of the mesh, gradients an axis more in front."""

    axes: int
    time_dependent: bool
    fixed: bool  # known on one grid only

    def value(self, mesh: Mesh, t: float = 0.0) -> Array: ...

    def gradient(self, mesh: Mesh, t: float = 0.0) -> Array: ...

    def rate(self, mesh: Mesh, t: float = 0.0) -> Array: ...

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None: ...


class FromExpression:
    """An Expression whose coordinates are those of the grid and, last, t."""

    fixed = False

    def __init__(self, expression: Expression, axes: int) -> None:
        if len(expression.coordinates) not in (axes, axes + 1):
            count = len(expression.coordinates)
            raise ModelError([(expression.key, f"is a function of {count} coordinates, not of {axes} and t")])
        self.expression, self.axes = expression, axes
        self._timed = len(expression.coordinates) == axes + 1
        self.time_dependent = self._timed and expression.coordinates[-1] in expression.names

    def _arguments(self, mesh: Mesh, t: float) -> list[Any]:
        """Open mesh and t: what depends on t alone is evaluated once."""
        return [*np.meshgrid(*mesh, indexing="ij", sparse=True), *([t] if self._timed else [])]

    def value(self, mesh: Mesh, t: float = 0.0) -> Array:
        return _finite(self.expression.on(*self._arguments(mesh, t)), self.expression.key)

    def gradient(self, mesh: Mesh, t: float = 0.0) -> Array:
        zero = np.zeros([len(x) for x in mesh])
        slopes = self.expression.gradient_on(*self._arguments(mesh, t))[: self.axes]
        return _finite(np.stack([zero if slope is None else slope for slope in slopes]), self.expression.key)

    def rate(self, mesh: Mesh, t: float = 0.0) -> Array:
        slope = self.expression.gradient_on(*self._arguments(mesh, t))[-1] if self._timed else None
        return np.zeros([len(x) for x in mesh]) if slope is None else slope

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None:
        if not self.time_dependent:
            return [(None, self.value(mesh))]
        separated = self.expression.separated()
        if separated is None:
            return None
        return [(f, FromExpression(g, self.axes).value(mesh)) for f, g in separated]


class FromArray:
    """Values on one grid; they cannot be evaluated on another."""

    time_dependent = False
    fixed = True

    def __init__(self, values: Array) -> None:
        self.values, self.axes = np.asarray(values), np.ndim(values)

    def value(self, mesh: Mesh, t: float = 0.0) -> Array:
        if self.values.ndim == 0:
            return np.full([len(x) for x in mesh], self.values[()])
        if self.values.shape != tuple(len(x) for x in mesh):
            grid = tuple(len(x) for x in mesh)
            raise ModelError([("", f"an array of shape {self.values.shape} was given for a grid {grid}")])
        return self.values

    def gradient(self, mesh: Mesh, t: float = 0.0) -> Array:
        values = self.value(mesh)
        return np.stack([spline_derivative(values, x, axis) for axis, x in enumerate(mesh)])

    def rate(self, mesh: Mesh, t: float = 0.0) -> Array:
        return np.zeros(tuple(len(x) for x in mesh))

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None:
        return [(None, self.value(mesh))]


class FromFunction:
    """function(x_1, …, x_c, t) with broadcastable coordinate arrays. Static unless two times give different values."""

    fixed = False
    STEP = 1e-2  # of the central time differences, atomic units

    def __init__(self, function: Callable[..., Any], axes: int, probe: Mesh) -> None:
        self.function, self.axes = function, axes
        first = self.value(probe, 0.0)
        self.time_dependent = any(not np.array_equal(first, self.value(probe, t)) for t in (0.37, 11.3, 171.9))

    def value(self, mesh: Mesh, t: float = 0.0) -> Array:
        open_mesh = np.meshgrid(*mesh, indexing="ij", sparse=True)
        try:
            found = np.asarray(self.function(*open_mesh, t))
        except Exception as error:  # the user's code: say where it was called
            name = getattr(self.function, "__name__", "function")
            message = f"raised {type(error).__name__}: {error} (called with {self.axes} arrays and t)"
            raise ModelError([(name, message)]) from error
        return _finite(np.broadcast_to(found, [len(x) for x in mesh]), getattr(self.function, "__name__", "function"))

    def gradient(self, mesh: Mesh, t: float = 0.0) -> Array:
        values = self.value(mesh, t)
        return np.stack([spline_derivative(values, x, axis) for axis, x in enumerate(mesh)])

    def rate(self, mesh: Mesh, t: float = 0.0) -> Array:
        if not self.time_dependent:
            return np.zeros(tuple(len(x) for x in mesh))
        far, near = (self.value(mesh, t + h) - self.value(mesh, t - h) for h in (2 * self.STEP, self.STEP))
        return (8.0 * near - far) / (12.0 * self.STEP)

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None:
        return None if self.time_dependent else [(None, self.value(mesh))]


def grid_function(source: Field, axes: int, probe: Mesh) -> GridFunction:
    """The field of an input (expression, array, function or number) as a GridFunction of `axes` coordinates."""
    if isinstance(source, Expression):
        return FromExpression(source, axes)
    if callable(source):
        return FromFunction(source, axes, probe)
    return FromArray(np.asarray(source))


def spline_derivative(values: Array, x: NDArray[np.float64], axis: int) -> Array:
    """∂f/∂x along one axis of an array, by an interpolating spline of degree 7; error O(h^7) at the ends."""
    degree = min(SPLINE_DEGREE, (len(x) - 1) // 2 * 2 - 1)
    moved = np.moveaxis(values, axis, 0)
    return np.moveaxis(make_interp_spline(x, moved, k=degree).derivative()(x), 0, axis)


def _finite(values: Array, key: str) -> Array:
    if not np.all(np.isfinite(values)):
        raise ExpressionError(f"{key}: is not finite everywhere on the grid; move the grid, or smooth the expression")
    return values
