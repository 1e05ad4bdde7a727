"""Slow driving is the definition of friction (theory B5), and a resting hierarchy relaxes to its steady state."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nonadia.baths.decompose import decompose
from nonadia.heom.fock import FockSpace
from nonadia.heom.forces import force_functionals, point_forces
from nonadia.heom.generator import Generator
from nonadia.heom.hierarchy import build
from nonadia.heom.modes import Modes
from nonadia.heom.propagate import empty_bath_state, propagate
from nonadia.heom.solver import SteadyStateSolver
from nonadia.models.frozen import FrozenJunction, LeadBath, channels_of
from nonadia.models.width import LevelWidth


def moving_junction(x: float, levels: int, interaction: float) -> FrozenJunction:
    """Levels and lead amplitudes that all depend on one coordinate; bias 0.6, k_BT = 0.25."""
    leads = tuple(
        LeadBath(name, mu, 0.25, LevelWidth.lorentzian(mu, 3.0)) for name, mu in (("L", 0.3), ("R", -0.3))
    )
    h = np.eye(levels) * (0.2 + 0.5 * x)
    dh = 0.5 * np.eye(levels)[None]
    u = interaction * (np.ones((levels, levels)) - np.eye(levels))
    g = np.array([0.6 - 0.3 * np.tanh(x), 0.6 + 0.3 * np.tanh(x)])
    dg = np.array([[-0.3, 0.3]]) / np.cosh(x) ** 2
    channels = channels_of(0, np.eye(levels) * 0.5) + channels_of(1, np.eye(levels) * 0.5)
    none = np.zeros((0, levels, levels), dtype=complex)
    return FrozenJunction(
        h.astype(complex), dh.astype(complex), u, np.zeros((1, levels, levels)), none, none[None], g, dg,
        np.zeros(0), np.zeros(0, dtype=np.int64), channels, leads,
    )  # fmt: skip


@pytest.mark.parametrize(("levels", "interaction"), [(1, 0.0), (2, 0.8)])
def test_slow_driving_gives_friction(levels: int, interaction: float) -> None:
    x0, depth = 0.15, 2
    frozen = moving_junction(x0, levels, interaction)
    modes = Modes.of(frozen, [decompose(lead, 3, "pade") for lead in frozen.leads])
    hierarchy = build(FockSpace.of(frozen), modes, depth)
    expected = point_forces(SteadyStateSolver(Generator(hierarchy, modes, frozen)))

    duration, speed = 60.0, 2e-3
    deviation = []
    for velocity in (speed, -speed):

        def at(time: float, velocity: float = velocity) -> FrozenJunction:
            return moving_junction(x0 + velocity * (time - duration), levels, interaction)

        start = Generator(hierarchy, modes, at(0.0))
        state = start.from_eigenbasis(SteadyStateSolver(start).steady_state())
        moving = Generator(hierarchy, modes, at(0.0), eigenbasis=False)
        final = propagate(moving, state, np.array([0.0, duration]), motion=at, rtol=1e-10)[-1]
        moving.move(at(duration))
        molecular, coupling = force_functionals(moving, 0)
        deviation.append(moving.inner(molecular, final) + moving.inner(coupling, final))
    friction = -(deviation[0] - deviation[1]) / (2 * speed)  # even orders in the velocity cancel
    assert abs(friction / expected.friction[0, 0] - 1) < 1e-3
    assert abs(np.mean(deviation) - expected.mean_force[0]) < 1e-4 * abs(expected.mean_force[0])


def test_relaxes_to_the_steady_state() -> None:
    frozen = dataclasses.replace(moving_junction(0.1, 2, 0.7))
    modes = Modes.of(frozen, [decompose(lead, 2, "pade") for lead in frozen.leads])
    hierarchy = build(FockSpace.of(frozen), modes, 2)
    generator = Generator(hierarchy, modes, frozen)
    steady = SteadyStateSolver(generator).steady_state()
    final = propagate(generator, empty_bath_state(generator), np.array([0.0, 120.0]))[-1]
    np.testing.assert_allclose(final, steady, atol=1e-8)
    assert abs(final[generator.trace_elements].sum() - 1) < 1e-10
