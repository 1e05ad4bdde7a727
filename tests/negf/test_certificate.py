"""Fitted baths inside NEGF, and the choice of exponents from it."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from scipy.integrate import quad_vec

from nonadia.baths import decompose
from nonadia.negf import choose_exponents, forces, partner_errors

from .models import general, junction, single_level

X = np.linspace(-14.0, 6.0, 41)


def relative(errors, exact):
    values = {"force": exact.mean_force, "friction": exact.friction, "noise": exact.noise}
    return {name: float(errors[name].max() / np.abs(values[name]).max()) for name in values}


@pytest.mark.parametrize("poles, scheme", [(2, "pade"), (3, "aaa")])
def test_single_level_with_a_fitted_bath(poles, scheme):
    """n, F and D of one level from the plain integrals over |G|² and the fitted J f, J (1-f)."""
    rate, level, slope = 0.004, 0.003, 0.01
    ev = 1.0 / 27.211386245988
    grid = junction([[level / ev]], [[[slope / ev]]], [1.0], [[0.0]], [[[rate / ev]]], [0.0], 0.03, 5.0)
    bath = grid.leads[0]
    fitted = decompose(bath, poles, scheme)

    def integrand(theta):
        energy = np.array(0.01 * np.tan(theta))
        spectral = np.abs(1.0 / (energy - level - rate * bath.width.retarded(energy))) ** 2 * rate
        filled, empty = fitted.filled(energy), fitted.empty(energy)
        noise = 0.5 * slope**2 * spectral**2 * filled * empty
        return np.array([spectral * filled, noise]) * 0.01 / np.cos(theta) ** 2 / (2 * np.pi)

    # a bare tan map: the fitted bath has algebraic tails
    population, noise = quad_vec(integrand, -np.pi / 2, np.pi / 2, epsrel=1e-12, limit=2000, norm="max")[0]
    found = forces(grid, [fitted], tolerance=1e-12)
    assert found.population[0] == pytest.approx(population, rel=1e-9)
    assert found.mean_force[0] == pytest.approx(-slope * population, rel=1e-9)
    assert found.noise[0, 0] == pytest.approx(noise, rel=1e-8)


def test_many_poles_become_the_exact_lead():
    frozen = general(9, points=2)
    exact = forces(frozen)
    for scheme, poles in (("pade", 240), ("aaa", 14)):
        fitted = forces(frozen, [decompose(lead, poles, scheme) for lead in frozen.leads])
        for name in ("mean_force", "friction", "noise", "population", "current"):
            a, b = getattr(fitted, name), getattr(exact, name)
            assert a == pytest.approx(b, abs=3e-7 * np.abs(b).max()), (scheme, name)


def test_conservation_holds_for_the_poorest_bath():
    frozen = general(10, points=2)
    found = forces(frozen, [decompose(lead, 1) for lead in frozen.leads])
    assert np.abs(found.current.sum(axis=-1)).max() < 1e-9 * np.abs(found.current).max()


def test_theory_b2_numbers_of_pade():
    """theory B2, J2 at W = 10 eV, with the band pole: 30 exponents for F, 5 for γ, 10-11 for D at 1e-3."""
    frozen = single_level(np.linspace(-14, 6, 161), 0.0, position_dependent=True)
    exact = forces(frozen)
    for quantity, poles in (("force", 30), ("friction", 4), ("noise", 10)):
        enough, fewer = (
            relative(partner_errors(frozen, [decompose(b, n) for b in frozen.leads], exact), exact)[quantity]
            for n in (poles, poles - 2)
        )
        assert enough < 1e-3 < fewer


@pytest.mark.parametrize("bias", [0.0, 0.4])
def test_eight_exponents_are_enough_for_j2(bias):
    """The goal of theory B2: F, γ and D within 1e-3 of their maxima with at most 8 exponents per lead and
    sign."""
    frozen = single_level(X, bias, position_dependent=True)
    exponents, record = choose_exponents(frozen, 1e-3)
    assert record["reached"] and max(len(e) for e in exponents) <= 8
    worst = relative(partner_errors(frozen, exponents), forces(frozen))
    assert max(worst.values()) <= 1e-3
    assert worst == pytest.approx(record["partner_errors"], rel=2e-2)
    json.dumps(record)


def test_pointwise_choice_holds_at_every_point():
    frozen = single_level(X, 0.2, position_dependent=True)
    exponents, record = choose_exponents(frozen, 1e-2, pointwise=True)
    exact = forces(frozen, tolerance=1e-12)
    errors = partner_errors(frozen, exponents, exact)
    assert record["reached"]
    for name, values in (("force", exact.mean_force), ("friction", exact.friction), ("noise", exact.noise)):
        assert np.all(errors[name] <= 1.001e-2 * np.abs(values)), name


def test_a_single_quantity_may_need_fewer():
    frozen = single_level(X, 0.0, position_dependent=True)
    _, friction = choose_exponents(frozen, 1e-3, quantities=("friction",), scheme="pade")
    _, everything = choose_exponents(frozen, 1e-3, scheme="pade")
    assert friction["poles"] == 4 and everything["poles"] > 20
    with pytest.raises(ValueError, match="unknown quantities"):
        choose_exponents(frozen, 1e-3, quantities=("torque",))


def test_not_reached_is_said():
    frozen = single_level(X, 0.0, position_dependent=True)
    exponents, record = choose_exponents(frozen, 1e-6, max_poles=3)
    assert not record["reached"] and max(record["partner_errors"].values()) > 1e-6
    assert len(exponents[0]) == record["exponents"][0] <= 4


def test_partner_drops_interactions_only():
    frozen = general(11, points=1)
    u = np.zeros_like(frozen.u)
    u[..., 0, 1] = u[..., 1, 0] = 0.2
    interacting = dataclasses.replace(frozen, u=u)
    exponents = [decompose(lead, 3) for lead in frozen.leads]
    with_u, without = partner_errors(interacting, exponents), partner_errors(frozen, exponents)
    assert all(np.array_equal(with_u[name], without[name]) for name in without)
    assert with_u["friction"].shape == (1, 2, 2) and with_u["friction"].max() > 0


def test_partner_without_a_lead_gives_no_certificate():
    gammas = [np.diag([0.1, 0.0])]
    grid = junction(np.diag([0.1, 0.0]), np.zeros((1, 2, 2)), [1.0], [[0.1]], gammas, [0.0], 0.025, 5.0)
    errors = partner_errors(grid, [decompose(grid.leads[0], 3)])
    assert all(np.all(np.isinf(values)) for values in errors.values())
    with pytest.raises(ValueError, match="fix the number of poles"):
        choose_exponents(grid, 1e-3)
