"""Parts of the error control against closed forms: the classical partner, the range of motion, tiers that are left out."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from nonadia.dynamics.bath import classical_partner
from nonadia.dynamics.control import excursion, left_out
from nonadia.dynamics.observe import Trajectory
from nonadia.dynamics.request import Start
from nonadia.dynamics.run import Task

from .test_dynamics import LEVEL, junction

COUPLING, FREQUENCY = 0.005, 0.01


def test_the_classical_partner_follows_the_displacement() -> None:
    """h(X) = ε + √2 Λ X and ∂h/∂X = √2 Λ, its own slope."""
    partner = classical_partner(junction(coupling=COUPLING).at([0.0]), np.array([2.0]))
    x = np.linspace(-2.0, 2.0, len(partner.h))
    np.testing.assert_allclose(partner.h[:, 0, 0], LEVEL + np.sqrt(2.0) * COUPLING * x, atol=1e-15)
    np.testing.assert_allclose(partner.dh[:, 0, 0, 0], np.sqrt(2.0) * COUPLING, rtol=1e-12)
    np.testing.assert_allclose(partner.dh[:, 0, 0, 0], np.gradient(partner.h[:, 0, 0].real, x), rtol=1e-9)


def test_excursions_reach_the_far_turning_point() -> None:
    """From x0 about X_s = -√2 Λ/ω, the place of a filled level: to 2 X_s - x0."""
    model = junction(coupling=COUPLING)
    shifted = -np.sqrt(2.0) * COUPLING / FREQUENCY
    for displacement, expected in ((1.5, 1.5 - 2 * shifted), (-3.0, 3.0), (0.0, -2 * shifted)):
        start = Start.of(model, {"vibrations": {"b": {"displacement": displacement}}})
        task = Task(model.at([0.0]), start, np.zeros(1), np.zeros(1), np.zeros(1))
        np.testing.assert_allclose(excursion(task, 1.0), [expected], rtol=1e-12)


def test_tiers_left_out_are_twice_the_rest_of_the_series() -> None:
    """Changes that fall by r < 1/2 from tier to tier: 2 d r/(1 - r); slower: d itself."""
    empty = Trajectory.empty(junction(coupling=COUPLING).at([0.0]), 3, 4, 5)
    zero = Trajectory(**{f.name: np.zeros_like(getattr(empty, f.name)) for f in fields(empty)})
    for ratio, factor in ((0.25, 2 / 3), (0.4, 1.0), (0.7, 1.0)):
        values = np.cumsum([0.0, 0.01, 0.01 * ratio])
        runs = [replace(zero, population=np.full_like(zero.population, v)) for v in values]
        np.testing.assert_allclose(left_out(runs)["population"], 0.01 * ratio * factor, rtol=1e-9)
