"""Are the expressions of a molecule sound on its grid: finite, real, Hermitian? Messages that say where not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..expressions import Expression, ExpressionError, location

Axes = Sequence[NDArray[np.float64]]
Axis = NDArray[np.float64]
DERIVATIVES = 300_000  # grid points up to which derivatives are checked everywhere
LATER = 24  # points an axis at later times, and for derivatives on larger grids
HERMITIAN = 1e-10  # |h_ij - h_ji*| relative to the largest of both


def mesh_of(axes: Axes) -> list[Axis]:
    """Open mesh: arrays that broadcast to the grid."""
    return list(np.meshgrid(*axes, indexing="ij", sparse=True)) if axes else []


def thinned(axes: Axes, most: int = LATER) -> list[Axis]:
    """At most `most` values of each axis, both ends among them."""
    return [axis[np.unique(np.linspace(0, len(axis) - 1, min(most, len(axis))).astype(int))] for axis in axes]


def fault(expression: Expression, axes: Axes, times: Sequence[float] = (0.0,)) -> str | None:
    """Why the expression of (*axes, t) cannot be used on this grid, or None: a value or a derivative that is not finite."""
    size = int(np.prod([len(axis) for axis in axes]))
    few = thinned(axes)
    try:
        for grid, at in ((axes, times[:1]), (few, times[1:] if expression.time_dependent else ())):
            for t in at:
                values = np.asarray(expression.on(*mesh_of(grid), t))
                bad = ~np.isfinite(values)
                if bad.any():
                    return f"is {values[bad][0]}{_where(bad, grid, t, expression)}; {_ADVICE}"
        grid = axes if size <= DERIVATIVES else few
        points = np.stack(np.broadcast_arrays(*mesh_of(grid), times[0]), axis=-1)
        slopes = expression.gradient(points)
        bad = ~np.isfinite(slopes)
        if bad.any():
            axis = expression.coordinates[int(np.argmax(bad.reshape(-1, bad.shape[-1]).any(axis=0)))]
            place = _where(bad.any(axis=-1), grid, times[0], expression)
            return f"its derivative with respect to {axis} is not finite{place}; {_ADVICE}"
    except ExpressionError as error:
        return str(error)
    return None


_ADVICE = "it must be finite on the whole grid: move the grid, or smooth the expression"


def _where(bad: NDArray[np.bool_], axes: Axes, t: float, expression: Expression) -> str:
    """ " at R = 0.5" of the first bad grid point, with the time where the expression depends on it."""
    shape = tuple(len(axis) for axis in axes)
    first = np.unravel_index(int(np.argmax(np.broadcast_to(bad, shape))), shape)
    x = [axis[i] for axis, i in zip(axes, first, strict=True)]
    names = expression.coordinates[: len(axes)]
    if expression.time_dependent:
        return location(np.array([*x, t]), (*names, "t"))
    return location(np.array(x), names)


def not_conjugate(
    upper: Expression, lower: Expression, axes: Axes, names: tuple[str, str], times: Sequence[float] = (0.0,)
) -> str | None:
    """Message if upper(R, t) ≠ lower(R, t)* somewhere on the grid; names: how the two are called."""
    moving = upper.time_dependent or lower.time_dependent
    for grid, at in ((axes, times[:1]), (thinned(axes), times[1:] if moving else ())):
        for t in at:
            one, other = (e.on(*mesh_of(grid), t) for e in (upper, lower))
            difference = np.abs(one - np.conj(other))
            scale = max(float(np.max(np.abs(one))), float(np.max(np.abs(other))), 1e-300)
            if np.max(difference) > HERMITIAN * scale:
                worst = np.unravel_index(int(np.argmax(difference)), difference.shape)
                bad = np.zeros(difference.shape, dtype=bool)
                bad[worst] = True
                place = _where(bad, grid, t, upper if upper.time_dependent else lower)
                return (
                    f"non-Hermitian:{place} {names[0]} is {_number(one[worst])} and {names[1]} is {_number(other[worst])}; "
                    "each must be the complex conjugate of the other"
                )
    return None


def _number(value: complex) -> str:
    value = complex(value)
    return f"{value.real:.6g}" if value.imag == 0.0 else f"{value.real:.6g}{value.imag:+.6g}*I"
