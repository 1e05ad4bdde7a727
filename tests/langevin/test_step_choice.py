"""The step of `step="auto"`: as short as the stiffest place that an ensemble comes to, also when it comes there late."""

from __future__ import annotations

import numpy as np
import pytest

import nonadia as na
from nonadia.langevin.ensemble import LeftTable

WALL = 50.0  # curvature of the wall at x < 0; nothing acts elsewhere


def test_a_wall_that_is_reached_late_is_resolved() -> None:
    """Particles fly freely for four fifths of the time before the wall throws them back."""
    field = na.CallableField(["x"], 1.0, lambda x: np.where(x < 0.0, -WALL * x, 0.0))
    result = na.langevin(field, trajectories=4, duration=25.0, initial={"x": 20.0, "p": -1.0})
    assert result.attrs["step"] < 0.1 / np.sqrt(WALL) and result.attrs["converged"]
    assert abs(float(result.momentum[-1, 0]) - 1.0) < 2e-3


def test_a_force_that_is_nowhere_beyond_a_place_is_still_refused() -> None:
    field = na.CallableField(["x"], 1.0, lambda x: np.where(x < 0.0, np.nan, 0.0))
    with pytest.raises(LeftTable, match="trajectory 0 left"):
        na.langevin(field, trajectories=4, duration=25.0, initial={"x": 20.0, "p": -1.0})
