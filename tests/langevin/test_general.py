"""The general engine without statistics: its linear part by definition, and the noise that two step lengths share."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.langevin.compiled import philox
from nonadia.langevin.field import CallableField
from nonadia.langevin.general import Exits, State, advance, extended
from nonadia.langevin.schemes import named

MASSES = np.array([2.0, 5.0])
FRICTION = np.array([[0.7, 0.5], [-0.1, 0.4]])
NOISE = np.array([[0.3, 0.1], [0.1, 0.2]])


def free(friction: object, noise: object) -> CallableField:
    return CallableField(["x", "y"], MASSES, lambda x: 0.0 * x, friction, noise)


def test_linear_part() -> None:
    """dp = -γ M⁻¹ p dt + noise of covariance rate 2D: the mass of the coordinate that moves, not of the one that is slowed."""
    drift, rate = extended(free(FRICTION, NOISE), np.zeros((3, 2)), 0.0)
    p = np.array([1.0, -3.0])
    np.testing.assert_allclose(drift[1] @ p, FRICTION @ (p / MASSES), rtol=1e-14)
    np.testing.assert_allclose(rate[2], 2.0 * NOISE, rtol=1e-14)


@pytest.mark.parametrize("scheme", ["baoab", "obabo", "lie-trotter"])
def test_a_step_of_twice_the_length_follows_the_finer_one(scheme: str) -> None:
    """Without force and friction p = Σ √(2Dτ) ξ: the coarse noise (ξ_1 + ξ_2)/√2 gives the same momenta, step by step."""
    ends = []
    for coarse, step, steps in ((True, 0.2, 6), (False, 0.1, 12)):
        state = State.start(np.zeros((50, 2)), np.ones((50, 2)))
        advance(
            free(np.zeros((2, 2)), NOISE), named(scheme), state, step=step, steps=steps, first_step=0, key=philox.keys(3, 0),
            first_trajectory=0, exits=Exits(), coarse=coarse,
        )  # fmt: skip
        ends.append(state.p)
    assert np.std(ends[1]) > 0.3
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-12)
