"""Where scattered points say anything: inside their convex hull.

In more than five coordinates, where hulls have too many facets: inside their box and no farther from the nearest point than any
of them is from its own nearest neighbour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError, cKDTree

from ..field import FloatArray

_HULL = 5  # coordinates up to which the convex hull is asked


class Region:
    """The hull of points (N, c)."""

    def __init__(self, points: FloatArray) -> None:
        self.lower, self.upper = points.min(axis=0), points.max(axis=0)
        c = points.shape[1]
        self._facets: FloatArray | None = None
        self._tree: cKDTree | None = None
        if c <= _HULL:
            try:
                self._facets = ConvexHull(points, qhull_options="QJ").equations
            except QhullError as wrong:
                raise ValueError("the points lie in a plane; leave out a coordinate that follows from the others") from wrong
        elif c > _HULL:
            self._tree = cKDTree(points)
            self._reach = float(self._tree.query(points, k=2)[0][:, 1].max())

    def holds(self, x: FloatArray) -> NDArray[np.bool_]:
        """(N,): whether x (N, c) is inside; NaN is outside."""
        slack = 1e-9 * (self.upper - self.lower)
        inside = ((x >= self.lower - slack) & (x <= self.upper + slack)).all(axis=1)
        asked = np.flatnonzero(inside)
        if self._facets is not None:
            slack_hull = 1e-9 * float(np.linalg.norm(self.upper - self.lower))
            above = x[asked] @ self._facets[:, :-1].T + self._facets[:, -1]
            inside[asked] = (above <= slack_hull).all(axis=1)
        elif self._tree is not None:
            inside[asked] = self._tree.query(x[asked])[0] <= self._reach
        return np.asarray(inside)
