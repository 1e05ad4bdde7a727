"""The step of `step="auto"`: as short as the stiffest place that an ensemble comes to, also when it comes there late."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import nonadia as na
from nonadia.langevin import step_size
from nonadia.langevin.compiled.philox import keys
from nonadia.langevin.exits import read_exits
from nonadia.langevin.schemes.scheme import named
from nonadia.langevin.task import LeftTable

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


@pytest.mark.parametrize("phase", [0.1, 0.3])
def test_the_pilot_states_the_error_of_the_step(phase: float) -> None:
    """⟨p²/m⟩ = k_BT [1 - (ωτ)²/4] with BAOAB for a harmonic oscillator in equilibrium."""
    kT, friction, count = 0.01, 1.0, step_size.PILOT
    field = na.CallableField(["x"], 1.0, lambda x: -x, friction, friction * kT)
    x, p = np.sqrt(kT) * np.random.default_rng(3).standard_normal((2, count, 1))
    error, unsure = step_size._difference(field, named("baoab"), x, p, 400 * phase, phase, keys(1, 0), read_exits(None, field))
    expected = phase**2 / 4
    assert expected / 2 < error < 2 * expected
    assert unsure < expected


@pytest.mark.parametrize("trajectories", [1, 2, 3])
def test_tiny_ensembles_do_not_warn(trajectories: int) -> None:
    field = na.CallableField(["x"], 1.0, lambda x: -x, 0.5, 0.005, lambda x: 0.5 * x[:, 0] ** 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = na.langevin(field, trajectories=trajectories, duration=5.0, stored=11, initial={"x": 1.0, "p": 0.0})
    assert result.attrs["step"] <= 0.1 and np.isfinite(result.position).all()


def test_a_step_that_is_shortened_is_said() -> None:
    assert step_size.shortening(None, 0.3) == [] == step_size.shortening(1.0, 0.995)
    (note,) = step_size.shortening(1.0, 0.625)
    assert note.startswith("note: step 1 a.u. shortened to 0.625 a.u.")
