"""Coordinates of a model shown as atoms: one atom each, or a pair, moving along the first axis.

One atom of mass m_i at x_i; or two of mass 2m_i, whose reduced mass is m_i and whose distance along the axis, less 2 Å, is x_i.
Atoms of different coordinates stand 10 Å apart along the second axis. A dimensionless x counts bohrs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .ase_coordinates import LinearMap
from .ase_units import LENGTH

FloatArray = NDArray[np.float64]


class Placement:
    """masses (c,) of the coordinates; atomic units everywhere. `coordinates` maps the atoms' positions back to x."""

    def __init__(self, masses: ArrayLike, pairs: bool = False) -> None:
        given = np.atleast_1d(np.asarray(masses, dtype=float))
        self._each, c = (2 if pairs else 1), given.size
        self.masses = np.repeat(given * self._each, self._each)
        direction = np.zeros((c, c, self._each, 3))
        for i in range(c):
            direction[i, i, -1, 0] = 1.0
            if pairs:
                direction[i, i, 0, 0] = -1.0
        self._gap = 2.0 * LENGTH if pairs else 0.0
        self.coordinates = LinearMap(direction.reshape(c, c * self._each, 3), -self._gap)

    def positions(self, x: FloatArray) -> FloatArray:
        """R (n, 3) for x (c,): the first atom of a pair stands at the origin of its row."""
        out = np.zeros((len(x), self._each, 3))
        out[:, :, 1] = 10.0 * LENGTH * np.arange(len(x))[:, None]  # apart, so that pictures show all of them
        out[:, -1, 0] = x + self._gap
        return out.reshape(-1, 3)

    def momenta(self, p: FloatArray) -> FloatArray:
        """P (n, 3) for p (c,): opposite for the atoms of a pair, so that the pair as a whole rests."""
        return np.einsum("cna,c->na", self.coordinates.matrix, p)
