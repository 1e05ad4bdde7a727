"""B-splines with a weight on one axis of phase space: quadrature, matrices, moments.

    f(y) = Σ_i c_i w(y) b_i(y),   b_i: splines of degree 5 on graded cells, normalised: ∫ w b_i² dy = 1

The functions without the weight are the test functions. They sum up to 1 (with the factors `unit`), so that what is tested
with 1 - the probability - is conserved to rounding inside of the axis, whatever the weight and the cells.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

FloatArray = NDArray[np.float64]
DEGREE = 5
GAUSS = 8  # points in each cell: exact for the product of two splines and a field of degree 5


class Basis:
    """Weighted splines on the cells between `edges`; `log_weight(y)` ≤ about 0 is any smooth function."""

    def __init__(self, edges: FloatArray, log_weight: Callable[[FloatArray], FloatArray]) -> None:
        self.edges = edges
        self._knots = np.concatenate([np.repeat(edges[0], DEGREE), edges, np.repeat(edges[-1], DEGREE)])
        self._log_weight = log_weight
        self.size = edges.size + DEGREE - 1
        nodes, weights = np.polynomial.legendre.leggauss(GAUSS)
        half = 0.5 * np.diff(edges)[:, None]
        self.points: FloatArray = (edges[:-1, None] + half * (nodes + 1.0)).ravel()
        self._plain: FloatArray = (half * weights).ravel()
        self._measure: FloatArray = self._plain * np.exp(log_weight(self.points))
        self._values = self._splines(self.points, 0)
        self._slopes = self._splines(self.points, 1)
        self.unit: FloatArray = np.sqrt(self._measure @ self._values**2)  # Σ unit_i b_i = 1
        self._values /= self.unit
        self._slopes /= self.unit

    def _splines(self, y: FloatArray, derivative: int) -> FloatArray:
        spline = BSpline(self._knots, np.eye(self.size), DEGREE)
        return np.asarray(spline.derivative(derivative)(y) if derivative else spline(y))

    def matrix(self, factor: FloatArray | float = 1.0, *, slopes: str = "") -> FloatArray:
        """∫ w factor b_i b_j dy; slopes "i", "j", "ij": b_i', b_j', both, in place of the functions."""
        left = self._slopes if "i" in slopes else self._values
        right = self._slopes if "j" in slopes else self._values
        return np.asarray((left.T * (self._measure * factor)) @ right)

    def moment(self, factor: FloatArray | float = 1.0) -> FloatArray:
        """∫ w factor b_i dy for each i."""
        return np.asarray((self._measure * factor) @ self._values)

    def tests(self, y: FloatArray | None = None) -> FloatArray:
        """(len(y), size): the functions without weight; (points, size) times the quadrature weights if y is not given."""
        if y is None:
            return np.asarray(self._values * self._plain[:, None])
        return np.asarray(self._splines(np.clip(y, self.edges[0], self.edges[-1]), 0) / self.unit)

    def values(self, y: FloatArray, *, derivative: int = 0) -> FloatArray:
        """(len(y), size): w b_i at y or its derivative (0 or 1); zero outside the cells."""
        inside = (y >= self.edges[0]) & (y <= self.edges[-1])
        held = np.clip(y, self.edges[0], self.edges[-1])
        found = self._splines(held, derivative) / self.unit
        if derivative:
            step = 1e-6 * (self.edges[-1] - self.edges[0])
            slope = (self._log_weight(held + step) - self._log_weight(held - step)) / (2.0 * step)
            found = found + slope[:, None] * self._splines(held, 0) / self.unit
        return np.asarray(found * np.exp(self._log_weight(held))[:, None] * inside[:, None])

    def end(self, side: int) -> tuple[int, float]:
        """The only function that is not zero at the lower (-1) or upper (+1) end, and its value there, without the weight."""
        index = 0 if side < 0 else self.size - 1
        return index, float(1.0 / self.unit[index])

    def mirrored(self, side: int, factor: Callable[[FloatArray], FloatArray]) -> tuple[FloatArray, FloatArray]:
        """∫ w factor b_i(y) b_j(y) dy and ∫ w factor b_i(-y) b_j(y) dy over the half axis y > 0 (side +1) or y < 0 (-1)."""
        edges = np.unique(np.append(self.edges, 0.0))
        edges = edges[edges >= 0.0] if side > 0 else edges[edges <= 0.0]
        nodes, weights = np.polynomial.legendre.leggauss(GAUSS)
        half = 0.5 * np.diff(edges)[:, None]
        y = (edges[:-1, None] + half * (nodes + 1.0)).ravel()
        measure = (half * weights).ravel() * np.exp(self._log_weight(y)) * factor(y)
        here, there = self._splines(y, 0) / self.unit, self._splines(-y, 0) / self.unit
        return np.asarray((here.T * measure) @ here), np.asarray((there.T * measure) @ here)

    def cumulative(self, y: FloatArray) -> FloatArray:
        """(len(y), size): ∫ w b_i from the lower edge to each y."""
        cells = self._values.shape[0] // GAUSS
        per_cell = (self._measure[:, None] * self._values).reshape(cells, GAUSS, -1).sum(axis=1)
        before = np.vstack([np.zeros(self.size), np.cumsum(per_cell, axis=0)])
        held = np.clip(y, self.edges[0], self.edges[-1])
        cell = np.clip(np.searchsorted(self.edges, held, side="right") - 1, 0, cells - 1)
        nodes, weights = np.polynomial.legendre.leggauss(GAUSS)
        half = 0.5 * (held - self.edges[cell])[:, None]
        inner = (self.edges[cell][:, None] + half * (nodes + 1.0)).ravel()
        part = (self.values(inner) * (half * weights).reshape(-1, 1)).reshape(y.size, GAUSS, -1).sum(axis=1)
        return np.asarray(before[cell] + part)
