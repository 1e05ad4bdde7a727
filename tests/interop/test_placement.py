"""A pair of atoms shows a distance: moving both changes nothing, moving one changes x."""

from __future__ import annotations

import numpy as np

from nonadia.interop.placement import Placement


def test_a_pair_is_seen_by_its_distance() -> None:
    placed, x = Placement([3.0], pairs=True), np.array([0.7])
    positions = placed.positions(x)
    assert np.allclose(placed.coordinates.values(positions), x)
    assert np.allclose(placed.coordinates.values(positions + np.array([1.3, -0.4, 0.2])), x)
    assert np.allclose(placed.momenta(np.array([2.0])).sum(axis=0), 0.0)
