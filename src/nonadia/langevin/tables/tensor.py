"""Tensor-product cubic splines, and local cubics, of many quantities on a grid, evaluated by compiled code.

    s_q(x) = Σ_{i…j} C[i, …, j, q] B_i(x_1) … B_j(x_c),   four B-splines of each axis are not zero at x

The coefficients of all quantities lie side by side, so that one pass over 4^c rows gives all of them. Axes need not be even:
buckets find the interval in one or two comparisons. Outside the grid: NaN, zero, or the value at the nearest edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from ..field import FloatArray
from .spline import DEGREE, interpolate

NONE, FREE, EDGE = 0, 1, 2  # what lies outside
_MOST_BUCKETS = 1 << 16


class Axes:
    """Knots of every axis in arrays that the compiled code reads; x_a strictly increasing, at least four points each."""

    def __init__(self, axes: Sequence[FloatArray]) -> None:
        self.points = tuple(np.asarray(axis, dtype=float) for axis in axes)
        self.shape = tuple(len(axis) for axis in self.points)
        knots = [interpolate(axis, axis).t for axis in self.points]
        breaks = [t[DEGREE:-DEGREE] for t in knots]
        count, most = len(knots), max(len(b) for b in breaks)
        self.breaks = np.full((count, most), np.inf)
        self.basis = np.zeros((count, most, DEGREE + 1, DEGREE + 1))  # axis, interval, B-spline, power of x - break
        self.intervals = np.array([len(b) - 1 for b in breaks], dtype=np.int64)
        buckets = []
        self.per_length = np.zeros(count)
        for a, (t, b) in enumerate(zip(knots, breaks, strict=True)):
            self.breaks[a, : len(b)] = b
            splines = BSpline(t, np.eye(self.shape[a]), DEGREE)
            for power in range(DEGREE + 1):
                derivatives = splines(b[:-1], nu=power) / math.factorial(power)
                for j in range(len(b) - 1):
                    self.basis[a, j, :, power] = derivatives[j, j : j + DEGREE + 1]
            number = int(min(_MOST_BUCKETS, np.ceil((b[-1] - b[0]) / np.diff(b).min()) + 1))
            self.per_length[a] = number / (b[-1] - b[0])
            edges = b[0] + np.arange(number) / self.per_length[a]
            # one interval early: rounding must not place a bucket behind its first point
            buckets.append(np.clip(np.searchsorted(b, edges, side="right") - 2, 0, len(b) - 2))
        self.buckets = np.zeros((count, max(len(b) for b in buckets)), dtype=np.int64)
        self.number = np.array([len(b) for b in buckets], dtype=np.int64)
        for a, found in enumerate(buckets):
            self.buckets[a, : len(found)] = found

    def coefficients(self, values: FloatArray) -> FloatArray:
        """C of values (grid axes, …), same shape, contiguous."""
        for a, axis in enumerate(self.points):
            values = np.moveaxis(interpolate(axis, np.moveaxis(values, a, 0)).c, 0, a)
        return np.ascontiguousarray(values)

    def evaluate(
        self, coefficients: FloatArray, x: FloatArray, policy: NDArray[np.int64], derivatives: Sequence[int] | None = None
    ) -> FloatArray:
        """s (N, quantities) at x (N, c), or a derivative of the given order along each axis.

        coefficients (grid axes, quantities); policy (c, 2): NONE, FREE or EDGE below and above each axis.
        """
        quantities = coefficients.shape[-1]
        result = np.empty((len(x), quantities))
        orders = np.zeros(len(self.shape), dtype=np.int64) if derivatives is None else np.asarray(derivatives, dtype=np.int64)
        strides = np.array([int(np.prod(self.shape[a + 1 :])) * quantities for a in range(len(self.shape))], dtype=np.int64)
        tables = (self.breaks, self.basis, self.intervals, self.buckets, self.number, self.per_length)
        _evaluate(np.ascontiguousarray(x), *tables, coefficients.ravel(), strides, policy, orders, result)
        return result


@njit(cache=True, nogil=True)
def _weights(basis: FloatArray, u: float, order: int, weights: FloatArray) -> None:
    """The four B-splines, or a derivative of them, at u behind the break."""
    for m in range(4):
        a0, a1, a2, a3 = basis[m, 0], basis[m, 1], basis[m, 2], basis[m, 3]
        if order == 0:
            weights[m] = ((a3 * u + a2) * u + a1) * u + a0
        elif order == 1:
            weights[m] = (3.0 * a3 * u + 2.0 * a2) * u + a1
        else:
            weights[m] = 6.0 * a3 * u + 2.0 * a2


@njit(cache=True, nogil=True)
def _evaluate(
    x: FloatArray,
    breaks: FloatArray,
    basis: FloatArray,
    intervals: NDArray[np.int64],
    buckets: NDArray[np.int64],
    number: NDArray[np.int64],
    per_length: FloatArray,
    coefficients: FloatArray,
    strides: NDArray[np.int64],
    policy: NDArray[np.int64],
    orders: NDArray[np.int64],
    result: FloatArray,
) -> None:
    count, c = x.shape
    quantities = result.shape[1]
    weights = np.empty((c, 4))
    sums = np.empty(4 * quantities)
    for i in range(count):
        base, inside = 0, EDGE
        for a in range(c):
            value = x[i, a]
            last = intervals[a]
            low, high = breaks[a, 0], breaks[a, last]
            if not (value >= low):
                inside = min(inside, policy[a, 0] if value < low else NONE)
                value = low
            elif value > high:
                inside = min(inside, policy[a, 1])
                value = high
            bucket = min(int((value - low) * per_length[a]), number[a] - 1)
            j = buckets[a, bucket]
            while j < last - 1 and value >= breaks[a, j + 1]:
                j += 1
            _weights(basis[a, j], value - breaks[a, j], orders[a], weights[a])
            base += j * strides[a]
        if inside != EDGE:
            for q in range(quantities):
                result[i, q] = 0.0 if inside == FREE else np.nan
            continue
        _combine(weights, coefficients, base, strides, sums, result[i])


@njit(cache=True, nogil=True)
def local_cubic(
    x: FloatArray,
    origin: FloatArray,
    spacing: FloatArray,
    shape: NDArray[np.int64],
    block: int,
    done: NDArray[np.bool_],
    values: FloatArray,
    wanted: NDArray[np.bool_],
    result: FloatArray,
) -> int:
    """Cubic polynomials through the four nearest nodes of each axis of an even grid, values (nodes of all axes, quantities).

    The nodes come in blocks of `block` an axis; done, wanted (blocks): those that are known, and those that were missing.
    Returns how many points met a missing block; their result, and that of points outside the grid, is NaN.
    """
    count, c = x.shape
    quantities = result.shape[1]
    weights, sums = np.empty((c, 4)), np.empty(4 * quantities)
    strides, first, last = np.empty(c, np.int64), np.empty(c, np.int64), np.empty(c, np.int64)
    strides[c - 1] = quantities
    for a in range(c - 2, -1, -1):
        strides[a] = strides[a + 1] * shape[a + 1]
    missed = 0
    for i in range(count):
        base, inside = 0, True
        for a in range(c):
            s = (x[i, a] - origin[a]) / spacing[a]
            if not (s >= 0.0 and s <= shape[a] - 1):
                inside = False
                break
            node = min(max(int(s) - 1, 0), shape[a] - 4)
            u = s - node
            weights[a, 0] = -(u - 1.0) * (u - 2.0) * (u - 3.0) / 6.0
            weights[a, 1] = u * (u - 2.0) * (u - 3.0) / 2.0
            weights[a, 2] = -u * (u - 1.0) * (u - 3.0) / 2.0
            weights[a, 3] = u * (u - 1.0) * (u - 2.0) / 6.0
            base += node * strides[a]
            first[a], last[a] = node // block, (node + 3) // block
        known = inside
        if inside:
            for corner in range(1 << c):
                index = 0
                for a in range(c):
                    index = index * (shape[a] // block) + (last[a] if corner >> a & 1 else first[a])
                if not done[index]:
                    wanted[index], known = True, False
            missed += not known
        if known:
            _combine(weights, values, base, strides, sums, result[i])
        else:
            result[i] = np.nan
    return missed


@njit(cache=True, nogil=True, inline="always")
def _combine(
    weights: FloatArray, values: FloatArray, base: int, strides: NDArray[np.int64], sums: FloatArray, result: FloatArray
) -> None:
    """Σ over 4^c rows of `values`, from `base`, into result (quantities,); weights (c, 4), sums (4·quantities) to work in."""
    c, quantities = len(strides), len(result)
    if c == 1:
        sums[:] = values[base : base + 4 * quantities]
    else:
        stride = strides[c - 2]
        for group in range(4 ** (c - 2)):
            weight, offset, digits = 1.0, base, group
            for a in range(c - 3, -1, -1):
                m = digits & 3
                digits >>= 2
                weight *= weights[a, m]
                offset += m * strides[a]
            # the four rows of the last axis but one together: sums are written once
            w0, w1, w2, w3 = weights[c - 2, 0], weights[c - 2, 1], weights[c - 2, 2], weights[c - 2, 3]
            row0 = values[offset : offset + 4 * quantities]
            row1 = values[offset + stride : offset + stride + 4 * quantities]
            row2 = values[offset + 2 * stride : offset + 2 * stride + 4 * quantities]
            row3 = values[offset + 3 * stride : offset + 3 * stride + 4 * quantities]
            if group == 0:
                for k in range(4 * quantities):
                    sums[k] = weight * (w0 * row0[k] + w1 * row1[k] + w2 * row2[k] + w3 * row3[k])
            else:
                for k in range(4 * quantities):
                    sums[k] += weight * (w0 * row0[k] + w1 * row1[k] + w2 * row2[k] + w3 * row3[k])
    w0, w1, w2, w3 = weights[c - 1, 0], weights[c - 1, 1], weights[c - 1, 2], weights[c - 1, 3]
    for q in range(quantities):
        result[q] = w0 * sums[q] + w1 * sums[quantities + q] + w2 * sums[2 * quantities + q] + w3 * sums[3 * quantities + q]
