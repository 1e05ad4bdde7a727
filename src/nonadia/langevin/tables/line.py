"""A table of one coordinate on equal cells, driven axes contracted once per time.

q(x, t) = Σ_k B_k(drive(t)) q_k(x): every q_k is resampled once; a time costs one weighted sum of the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.interpolate import BSpline

from ..field import FloatArray, Uniform
from .cells import (
    CHEAP,
    Mesh,
    choose_mesh,
    deviation,
    evaluate,
    hermite,
    not_negative,
    outside,
    potential_rows,
    resampled,
    through,
)
from .spline import between, interpolate

Contract = Callable[[FloatArray], FloatArray]  # (driven axes, …) → (…)


class LineState(NamedTuple):
    """Rows of cells at one time: force (cells + 2, 4), bath (cells + 2, 8), potential (…, 5), current (cells + 2, K, 4)."""

    uniform: Uniform
    potential: FloatArray
    current: FloatArray


class Line:
    """Cells of [F, γ, D, I_K …] of one coordinate.

    values (driven axes, n, 3 + K) at x (n,); bare: exact -∂U_0/∂x as a function of x (n,), added to F; errors (3 + K,) of the
    interpolation, which resampling shall not spoil; anchor: U_0 at the lower end.
    After construction: `resampling` (3 + K,) absolute error of the cells.
    """

    def __init__(
        self,
        x: FloatArray,
        values: FloatArray,
        driven: Sequence[FloatArray],
        bare: Callable[[FloatArray], FloatArray] | None,
        errors: FloatArray,
        kinds: tuple[str, str],
        anchor: float,
    ) -> None:
        for a, axis in enumerate(driven):
            values = np.moveaxis(interpolate(axis, np.moveaxis(values, a, 0)).c, 0, a)
        spline = interpolate(x, np.moveaxis(values, len(driven), 0))
        slope = spline.derivative()
        size = np.abs(values).max(axis=tuple(range(values.ndim - 1)))
        if bare is not None:
            size[0] = max(size[0], np.abs(bare(between(x))).max())
        self.kinds, self.anchor = kinds, anchor
        self._bare: FloatArray | None = None
        self.resampling = np.zeros_like(errors)

        def mismatch(mesh: Mesh) -> tuple[float, float]:
            found = self._deviation(mesh, x, spline, slope, bare)
            self.resampling = found
            with np.errstate(divide="ignore", invalid="ignore"):
                to_size = np.where(found > 0, found / size, 0.0).max()
                to_error = np.where(found > 0, found / errors, 0.0).max()
            return float(to_size), float(to_error)

        self.mesh = choose_mesh(x, mismatch, CHEAP // 8 if driven else CHEAP)
        cells = resampled(spline, slope, self.mesh)  # (cells, driven axes, 3 + K, 4)
        self._cells = np.ascontiguousarray(np.moveaxis(cells, 0, len(driven)))
        if bare is not None:
            self._bare = through(bare, self.mesh)

    def at(self, contract: Contract) -> LineState:
        """The rows at one time."""
        cells = contract(self._cells)
        if self._bare is not None:
            cells = cells.copy()
            cells[:, 0] += self._bare
        straight = np.arange(cells.shape[1]) == 0
        below, above = outside(cells[0], cells[-1], self.kinds, straight)
        rows = np.concatenate([below[None], cells, above[None]])
        rows[:, 2] = not_negative(rows[:, 2])
        force = np.ascontiguousarray(rows[:, 0])
        bath = np.ascontiguousarray(rows[:, 1:3]).reshape(-1, 8)
        uniform = Uniform(self.mesh.start, self.mesh.inverse_width, self.mesh.cells, force, bath)
        return LineState(uniform, potential_rows(force, self.mesh, self.anchor), np.ascontiguousarray(rows[:, 3:]))

    def values(self, x: FloatArray, rows: FloatArray) -> FloatArray:
        """(N, quantities) from rows (cells + 2, quantities, powers) at x (N,)."""
        result = np.empty((len(x), rows.shape[1]))
        evaluate(np.ascontiguousarray(x), self.mesh.start, self.mesh.inverse_width, rows, result)
        return result

    @staticmethod
    def _deviation(
        mesh: Mesh, x: FloatArray, spline: BSpline, slope: BSpline, bare: Callable[[FloatArray], FloatArray] | None
    ) -> FloatArray:
        cells = hermite(spline(mesh.edges), slope(mesh.edges), 1.0 / mesh.inverse_width)
        found = deviation(cells, spline, mesh, x)
        worst = found.reshape(-1, found.shape[-1]).max(axis=0)
        if bare is not None:
            worst[0] += deviation(through(bare, mesh)[:, None], lambda z: bare(z)[:, None], mesh, x)[0]
        return worst


def basis(points: FloatArray) -> BSpline:
    """All B-splines of an axis: at a value, what `interpolate(points, …).c` is contracted with."""
    knots = interpolate(points, points)
    return BSpline(knots.t, np.eye(len(points)), knots.k)


def contract(array: FloatArray, parts: Sequence[FloatArray]) -> FloatArray:
    """Σ over the leading axes, one after another, with weights of which most are zero."""
    for part in parts:
        used = np.flatnonzero(part)
        total = part[used[0]] * array[used[0]]
        for k in used[1:]:
            total += part[k] * array[k]
        array = total
    return array
