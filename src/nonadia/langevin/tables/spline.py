"""Interpolating splines along one axis of a table, and how wrong they are between its points.

    s(x_i) = y_i,  s piecewise cubic, twice differentiable, third derivative continuous at the second and last but one point

The error e = max |s - y| is judged from the table itself, at every x from a neighbourhood of a few points:
    d_2, d_4   change of s when only every second or fourth point is kept: the error of coarser tables. d_4/d_2 says how much
               is left of d_2 here: 1/16 where order 4 shows, all of it where doubling the points hardly helps (kinks, steps,
               noise, structure as narrow as the spacing)
    h_1, h_2   change of s, and of the spline of every second point, when the degree is raised by two. Where h falls as it does
               for a smooth function and h_2 agrees with the error that it should show, d_2, e is h_1, as far as they agree
For few points: s against straight lines too. Structure that falls between all points is seen by nothing.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline
from scipy.ndimage import maximum_filter1d

from ..field import FloatArray

DEGREE = 3
FEWEST = 4  # points of an axis
_ENOUGH = 8  # below, no order can be measured
_MARGIN = 3.0  # measured on smooth, kinked and stepped functions: see the tests
_WINDOW = 33  # of the fine points, four in every interval


def interpolate(x: FloatArray, values: FloatArray, degree: int = DEGREE) -> BSpline:
    """Spline through values (n, …) at x (n,), increasing; of lower degree where there are too few points."""
    return make_interp_spline(x, values, k=min(degree, len(x) - 1))


def between(x: FloatArray, parts: int = 4) -> FloatArray:
    """Points that cut every interval of x into equal parts, the points of x included."""
    inner = x[:-1, None] + np.diff(x)[:, None] * (np.arange(parts) / parts)
    return np.append(inner.ravel(), x[-1])


def certify(x: FloatArray, values: FloatArray, degree: int = DEGREE, derivative: int = 0) -> FloatArray:
    """Error of the spline through values (n, …), or of a derivative of it: max over x, (…), in the units of y."""
    count = len(x)
    degree = min(degree, count - 1)
    fine = between(x)
    spline = _at(x, values, degree, derivative, fine)
    rounding = 16 * np.finfo(float).eps * np.abs(spline).max(axis=0)
    tiny = rounding + np.finfo(float).tiny
    two, raised_two = _coarser(x, values, degree, derivative, 2, fine, spline)
    error = _MARGIN * two
    raised = np.zeros_like(two)
    if count > degree + 2:
        raised = _nearby(_at(x, values, degree + 2, derivative, fine) - spline)
    if count > _ENOUGH:
        four, raised_four = _coarser(x, values, degree, derivative, 4, fine, spline)
        limit = degree + 1 - derivative
        # between a fall by 4 and the full order, less and less of d_2 is taken to be left
        fall = np.log2(np.maximum(four / (two + tiny), 1.0))
        error *= 2.0 ** (-limit * np.clip((fall - 2.0) / (limit - 2.0), 0.0, 1.0))
        scatter = np.maximum(1.0, two / (raised_two + tiny))
        smooth = (scatter < 4) & (raised < raised_two / 6) & (raised_two < raised_four)
        smooth &= two < 0.2 * np.ptp(spline, axis=0)
        sharp = np.maximum(_MARGIN * scatter * raised, 0.5 * _MARGIN * two / 2.0**limit)
        error = np.where(smooth, np.minimum(error, sharp), error)
    elif not derivative:
        error = np.maximum(error, 2.0 * _nearby(_at(x, values, 1, 0, fine) - spline))
    found: FloatArray = np.maximum(np.maximum(error, 2.0 * raised).max(axis=0), rounding)
    return found


def certify_axis(x: FloatArray, values: FloatArray, axis: int) -> FloatArray:
    """As `certify` along one axis of a grid; values (grid axes, quantity), the result (quantity,), worst over the grid."""
    found: FloatArray = certify(x, np.moveaxis(values, axis, 0)).max(axis=tuple(range(values.ndim - 2)))
    return found


def points_needed(count: int, error: float, target: float) -> int:
    """How many points an axis of `count` would need for an error of `target`, at least: by the order 4 of smooth functions."""
    return int(np.ceil(1 + (count - 1) * max(error / target, 1.0) ** (1.0 / (DEGREE + 1))))


def _at(x: FloatArray, values: FloatArray, degree: int, derivative: int, fine: FloatArray) -> FloatArray:
    result: FloatArray = interpolate(x, values, degree)(fine, nu=derivative)
    return result


def _coarser(
    x: FloatArray, values: FloatArray, degree: int, derivative: int, stride: int, fine: FloatArray, spline: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """d and h of splines through every stride-th point, whichever it starts with; both ends are always kept."""
    change, raised = np.zeros_like(spline), np.zeros_like(spline)
    for first in range(stride):
        kept = np.unique(np.concatenate([[0], np.arange(first, len(x), stride), [len(x) - 1]]))
        coarse = _at(x[kept], values[kept], degree, derivative, fine)
        change = np.maximum(change, np.abs(coarse - spline))
        raised = np.maximum(raised, np.abs(_at(x[kept], values[kept], degree + 2, derivative, fine) - coarse))
    return _nearby(change), _nearby(raised)


def _nearby(differences: FloatArray) -> FloatArray:
    """Largest magnitude within a few points of the table."""
    found: FloatArray = maximum_filter1d(np.abs(differences), _WINDOW, axis=0)
    return found
