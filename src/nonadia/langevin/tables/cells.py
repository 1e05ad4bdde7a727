"""Splines of one coordinate on equal cells: what the compiled ensemble reads, and its evaluation here, number for number.

    s = (x - start)·inverse_width, k = floor(s) + 1 held within [0, cells + 1], u = s - (k - 1)
    q(x) = Σ_n rows[k, q, n] uⁿ

rows (cells + 2, quantities, powers): row 0 and the last are what lies outside the table. A cell of a cubic spline is copied
exactly where no point of the table lies inside it; elsewhere values and slopes are kept at both ends of the cell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.interpolate import CubicSpline

from ..field import FloatArray
from .spline import between

CHEAP = 16384  # cells up to which a resampling error of NEGLIGIBLE is aimed at
MOST = 131072
NEGLIGIBLE = 1e-9
Function = Callable[[FloatArray], FloatArray]  # x (n,) → (n, …)


class Mesh(NamedTuple):
    """Equal cells between the ends of a table."""

    start: float
    stop: float
    cells: int

    @property
    def inverse_width(self) -> float:
        """Cells per length, rounded so that the upper end itself lies in the last cell."""
        inverse = self.cells / (self.stop - self.start)
        while (self.stop - self.start) * inverse >= self.cells:
            inverse = float(np.nextafter(inverse, 0.0))
        return inverse

    @property
    def edges(self) -> FloatArray:
        return np.linspace(self.start, self.stop, self.cells + 1)


@njit(cache=True, nogil=True)
def evaluate(x: FloatArray, start: float, inverse_width: float, rows: FloatArray, result: FloatArray) -> None:
    """q(x) into result (N, quantities) at x (N,)."""
    last = rows.shape[0] - 1
    quantities, powers = rows.shape[1], rows.shape[2]
    for i in range(x.shape[0]):
        s = (x[i] - start) * inverse_width
        k = 0
        if s >= 0.0:  # NaN stays in row 0
            k = last if s >= last - 1 else int(s) + 1
        u = s - (k - 1)
        for q in range(quantities):
            value = rows[k, q, powers - 1]
            for n in range(powers - 2, -1, -1):
                value = value * u + rows[k, q, n]
            result[i, q] = value


def hermite(values: FloatArray, slopes: FloatArray, width: float) -> FloatArray:
    """Cubics from values and slopes at the edges (cells + 1, …) → coefficients of u (cells, …, 4)."""
    left, right = values[:-1], values[1:]
    a, b = slopes[:-1] * width, slopes[1:] * width
    rise = right - left
    return np.stack([left, a, 3 * rise - 2 * a - b, a + b - 2 * rise], axis=-1)


def choose_mesh(x: FloatArray, mismatch: Callable[[Mesh], tuple[float, float]], cheap: int = CHEAP) -> Mesh:
    """The fewest equal cells that hold a table given at x (n,).

    mismatch(mesh): resampling error relative to the largest magnitude and to the interpolation error, the worst of all
    quantities. Below `cheap` cells the first shall be below NEGLIGIBLE, in any case the second below 0.1.
    """
    cells = len(x) - 1
    while True:
        mesh = Mesh(float(x[0]), float(x[-1]), cells)
        to_size, to_error = mismatch(mesh)
        if to_size <= NEGLIGIBLE or (2 * cells > cheap and to_error <= 0.1) or 2 * cells > MOST:
            return mesh
        cells *= 2


def resampled(spline: Function, slope: Function, mesh: Mesh) -> FloatArray:
    """Coefficients (cells, …, 4) of a cubic spline given by functions of x."""
    edges = mesh.edges
    return hermite(spline(edges), slope(edges), 1.0 / mesh.inverse_width)


def through(function: Function, mesh: Mesh) -> FloatArray:
    """Coefficients (cells, …, 4) of the cubic spline through any function at the edges."""
    spline = CubicSpline(mesh.edges, function(mesh.edges), axis=0)
    width = 1.0 / mesh.inverse_width
    return np.moveaxis(spline.c[::-1], 0, -1) * width ** np.arange(4)


def deviation(coefficients: FloatArray, function: Function, mesh: Mesh, x: FloatArray) -> FloatArray:
    """Largest |cells - function| over x, for each quantity: inside the cells and between the points x of the table."""
    points = np.union1d(between(mesh.edges, 3), between(x, 3))
    s = (points - mesh.start) * mesh.inverse_width
    k = np.clip(s.astype(np.int64), 0, mesh.cells - 1)
    u = s - k
    shape = (len(points),) + (1,) * (coefficients.ndim - 2)
    powers = (u.reshape(shape)[..., None]) ** np.arange(4)
    found: FloatArray = np.abs((coefficients[k] * powers).sum(axis=-1) - function(points)).max(axis=0)
    return found


def outside(first: FloatArray, last: FloatArray, kinds: tuple[str, str], straight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows below and above the table from its first and last cell (…, 4); kinds: "none", "free", "constant", "linear".

    straight (…) bool: the quantities that "linear" lets go on linearly; the others are constant there.
    """
    # values and slopes (by u) at the two ends; below, u = 1 is the edge, above, u = 0
    rows = []
    slopes = (first[..., 1], last @ np.arange(4.0))
    for edge, kind, slope, at in ((first[..., 0], kinds[0], slopes[0], 1.0), (last.sum(axis=-1), kinds[1], slopes[1], 0.0)):
        row = np.zeros(first.shape)
        if kind == "none":
            row[...] = np.nan
        elif kind != "free":
            tilt = np.where(straight, slope, 0.0) if kind == "linear" else 0.0
            row[..., 0] = edge - tilt * at
            row[..., 1] = tilt
        rows.append(row)
    return rows[0], rows[1]


_TO_BERNSTEIN = np.array([[1, 0, 0, 0], [1, 1 / 3, 0, 0], [1, 2 / 3, 1 / 3, 0], [1, 1, 1, 1]])
_FROM_BERNSTEIN = np.array([[1, 0, 0, 0], [-3, 3, 0, 0], [3, -6, 3, 0], [-1, 3, -3, 1]], dtype=float)


def not_negative(rows: FloatArray) -> FloatArray:
    """Cubics (n, 4) that go below zero inside 0 ≤ u ≤ 1 are lifted to zero, by as little as a change of their two inner
    Bernstein coefficients towards zero can. Negative ends become zero, the same in both cells; all other cells and NaN stay.
    """
    bernstein = rows @ _TO_BERNSTEIN.T
    suspect = np.flatnonzero((bernstein < 0).any(axis=-1))
    low = suspect[_lowest(rows[suspect]) < 0]
    if not low.size:
        return rows
    held = np.maximum(bernstein[low], 0.0)
    start = bernstein[low].copy()
    start[:, [0, 3]] = held[:, [0, 3]]
    below, above = np.zeros(len(low)), np.ones(len(low))  # shares of the way: too little, enough
    for _ in range(40):
        share = 0.5 * (below + above)
        enough = _lowest((start + share[:, None] * (held - start)) @ _FROM_BERNSTEIN.T) >= 0
        above, below = np.where(enough, share, above), np.where(enough, below, share)
    above = np.minimum(1.0, above * (1 + 1e-6) + 1e-9)  # rounding must not lead below zero again
    lifted = rows.copy()
    lifted[low] = (start + above[:, None] * (held - start)) @ _FROM_BERNSTEIN.T
    return lifted


def _lowest(rows: FloatArray) -> FloatArray:
    """Minimum over 0 ≤ u ≤ 1 of cubics (n, 4)."""
    a0, a1, a2, a3 = rows.T
    with np.errstate(all="ignore"):
        root = np.sqrt(np.maximum(a2 * a2 - 3 * a1 * a3, 0.0))
        # where the slope is zero and rises: u = (root - a2)/(3 a3), written without cancellation
        u = np.where(a2 > 0, -a1 / (a2 + root), np.where(a3 != 0, (root - a2) / (3 * a3), 0.0))
    u = np.clip(np.nan_to_num(u), 0.0, 1.0)
    found: FloatArray = np.minimum(np.minimum(a0, a0 + a1 + a2 + a3), ((a3 * u + a2) * u + a1) * u + a0)
    return found


def potential_rows(force: FloatArray, mesh: Mesh, anchor: float) -> FloatArray:
    """-∫F dx, `anchor` at the lower end, from the rows of F (cells + 2, 4) → (cells + 2, 5), outside the table too."""
    width = 1.0 / mesh.inverse_width
    rows = np.zeros((len(force), 5))
    rows[:, 1:] = -width * force / np.arange(1.0, 5.0)
    across = rows[1:-1].sum(axis=-1)
    rows[1:, 0] = anchor + np.concatenate([[0.0], np.cumsum(across)])
    rows[0, 0] = anchor - rows[0, 1:].sum()  # u = 1 at the lower end
    return rows
