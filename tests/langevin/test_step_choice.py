"""The step of `step="auto"`: as short as the stiffest place that an ensemble comes to, also when it comes there late."""

from __future__ import annotations

import numpy as np

import nonadia as na
from nonadia.langevin.ensemble import LeftTable

WALL = 200.0  # curvature of the wall at x = 0; nothing acts elsewhere


def wall(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0.0, -WALL * x, 0.0)


def bounced(**options: object) -> object:
    """Particles that fly freely for four fifths of the time before the wall throws them back."""
    field = na.CallableField(["x"], 1.0, wall, potential=lambda x: 0.5 * WALL * np.minimum(x[:, 0], 0.0) ** 2)
    return na.langevin(field, trajectories=16, duration=100.0, initial={"x": 80.0, "p": -1.0}, **options)  # type: ignore[arg-type]


def test_a_wall_that_is_reached_late_is_resolved() -> None:
    result = bounced(exits={"out": "x > 81"})  # type: ignore[var-annotated]
    assert result.attrs["step"] < 0.1 / np.sqrt(WALL)  # type: ignore[attr-defined]
    for name in ("position", "momentum"):
        expected = {"position": 20.0 - np.pi / np.sqrt(WALL), "momentum": 1.0}[name]
        assert abs(float(result[name][-1, 0]) - expected) < 2e-3  # type: ignore[index]


def test_a_force_that_is_nowhere_beyond_a_place_is_still_refused() -> None:
    def cliff(x: np.ndarray) -> np.ndarray:
        return np.where(x < 0.0, np.nan, 0.0)

    field = na.CallableField(["x"], 1.0, cliff)
    try:
        na.langevin(field, trajectories=4, duration=100.0, initial={"x": 80.0, "p": -1.0})
    except LeftTable as refusal:
        assert "trajectory 0 left" in str(refusal)
    else:
        raise AssertionError("a trajectory without a force must be refused")
