"""Coefficients of auxiliary variables at any x: constants, splines over a grid, or a function.

Arrays over a product grid become tensor-product splines (cubic; lower where an axis has fewer than four points). Outside the
grid: NaN where no asymptote is declared; "constant" (also "linear"): the values at the edge; "free": those named `fading` are
zero, the others keep the values at the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..field import FloatArray
from ..tables.spline import FEWEST, interpolate
from ..tables.tensor import EDGE, FREE, NONE, Axes

Asymptote = Mapping[str, Mapping[str, str]]
KINDS = {"free": FREE, "constant": EDGE, "linear": EDGE}
SIDES = ("lower", "upper")


class Coefficients(Protocol):
    """Named arrays (N, …) at x (N, c)."""

    constant: bool

    @property
    def bounds(self) -> tuple[ArrayLike, ArrayLike]:
        """Lowest and highest x (c,) where they are known."""
        ...

    def __call__(self, x: FloatArray) -> dict[str, FloatArray]: ...


class Constant:
    """The same everywhere."""

    constant = True
    bounds = (-np.inf, np.inf)

    def __init__(self, arrays: Mapping[str, FloatArray]) -> None:
        self._arrays = dict(arrays)

    def __call__(self, x: FloatArray) -> dict[str, FloatArray]:
        return {name: np.broadcast_to(array, (len(x), *array.shape)) for name, array in self._arrays.items()}


class Function:
    """What a function of x returns; further arrays are constant."""

    constant = False
    bounds = (-np.inf, np.inf)

    def __init__(self, name: str, function: Callable[[FloatArray], FloatArray], others: Mapping[str, FloatArray]) -> None:
        self._name, self._function, self._others = name, function, Constant(others)

    def __call__(self, x: FloatArray) -> dict[str, FloatArray]:
        return {self._name: self._function(x), **self._others(x)}


class Table:
    """Splines through arrays (grid axes, …) on a product grid."""

    constant = False

    def __init__(
        self,
        names: Sequence[str],
        axes: Sequence[FloatArray],
        arrays: Mapping[str, FloatArray],
        fading: Sequence[str] = (),
        asymptote: Asymptote | None = None,
    ) -> None:
        grid = tuple(len(axis) for axis in axes)
        self._shapes = {name: array.shape[len(axes) :] for name, array in arrays.items()}
        policy = _policy(names, asymptote)
        ends = np.array([[axis[0], axis[-1]] for axis in axes])
        self.bounds = tuple(np.where(policy == NONE, ends, [-np.inf, np.inf]).T)
        self._groups = []
        for names_of, own in ((tuple(fading), policy), (tuple(n for n in arrays if n not in fading), _kept(policy))):
            if names_of:
                values = np.concatenate([arrays[name].reshape(*grid, -1) for name in names_of], axis=-1)
                self._groups.append((names_of, *_enough(axes, values), own))

    def __call__(self, x: FloatArray) -> dict[str, FloatArray]:
        found = {}
        for names, axes, coefficients, policy in self._groups:
            values, start = axes.evaluate(coefficients, x, policy), 0
            for name in names:
                size = int(np.prod(self._shapes[name]))
                found[name] = values[:, start : start + size].reshape(len(x), *self._shapes[name])
                start += size
        return found


def _kept(policy: NDArray[np.int64]) -> NDArray[np.int64]:
    """For arrays that do not fade: the value at the edge where others are free."""
    return np.where(policy == FREE, EDGE, policy)


def _enough(axes: Sequence[FloatArray], values: FloatArray) -> tuple[Axes, FloatArray]:
    """Coefficients on axes of at least four points: two or three are replaced by four of the line or parabola through them."""
    longer = []
    for a, axis in enumerate(axes):
        if len(axis) < FEWEST:
            more = np.linspace(axis[0], axis[-1], FEWEST)
            values = np.moveaxis(interpolate(axis, np.moveaxis(values, a, 0))(more), 0, a)
            axis = more
        longer.append(axis)
    found = Axes(longer)
    return found, found.coefficients(values)


def _policy(names: Sequence[str], asymptote: Asymptote | None) -> NDArray[np.int64]:
    """What holds below and above the grid, (c, 2). Errors: ValueError for unknown names and words."""
    given = dict(asymptote or {})
    if unknown := [name for name in given if name not in names]:
        raise ValueError(f"asymptote: {unknown[0]} is not a coordinate; these are {', '.join(names)}")
    found = np.full((len(names), 2), NONE, dtype=np.int64)
    for name, own in given.items():
        for side, kind in own.items():
            if side not in SIDES or kind not in KINDS:
                raise ValueError(f'asymptote: {name}: {side} = "{kind}"; lower and upper may be {", ".join(KINDS)}')
            found[list(names).index(name), SIDES.index(side)] = KINDS[kind]
    return found


def follow_sign(values: FloatArray) -> NDArray[np.float64]:
    """Signs (X,) that make vectors (X, n), known up to their sign, a smooth function along a line of points.

    A root of a coupling that vanishes somewhere and grows again has changed its sign there.
    """
    size = np.linalg.norm(values, axis=1)
    signs = np.ones(len(values))
    for i in range(1, len(values)):
        before = signs[i - 1] * values[i - 1]
        straight = 2.0 * before - signs[i - 2] * values[i - 2] if i > 1 else before
        grows = i + 1 < len(values) and size[i + 1] > size[i]
        ahead = straight if grows else before
        signs[i] = -1.0 if values[i] @ ahead < 0 else 1.0
    return signs
