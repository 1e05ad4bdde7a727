"""Escape over thresholds by the Fokker-Planck equation, against closed forms and against the decay of survivors."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nonadia.langevin.field import CallableField
from nonadia.langevin.fokker_planck.escape import fokker_planck_escape
from nonadia.langevin.fokker_planck.propagate import fokker_planck_propagate


def field(force, friction, noise, mass=1.0):
    return CallableField(("x",), (mass,), force, friction, noise)


def test_first_passage_of_free_inertial_diffusion_has_milnes_boundary_layer():
    """Between absorbers at ±L: <τ> = (L + ζℓ)²/(2 D_x) + const, ζ = |ζ(1/2)| = 1.46035, ℓ = √(m k_BT)/γ.

    Marshall and Watson, J. Phys. A 18, 3531 (1985). A position-only theory has ζ = 0 and misses 9%.
    """
    free = field(lambda x: 0.0 * x[:, 0], 1.0, 1.0)
    start = {"position_variance": 0.25, "temperature": 1.0}
    times = []
    for distance in (10.0, 20.0):
        result = fokker_planck_escape(free, lower=-distance, upper=distance, initial=start, tolerance=3e-3)
        assert result.attrs["converged"] == 1
        np.testing.assert_allclose(result["exit_probability"], 0.5, atol=1e-6)
        times.append(float(result["mean_first_passage_time"]))
    exact = ((20.0 + 1.46035) ** 2 - (10.0 + 1.46035) ** 2) / 2.0
    assert abs(times[1] - times[0] - exact) < 1e-3 * exact


def test_escape_over_a_barrier_by_kramers_and_by_survival():
    """High friction: Kramers' rate with the moderate-to-strong friction factor, up to O(k_BT/barrier); 1/rate = mean time."""
    temperature, friction = 0.025, 2.0
    well = field(lambda x: (x - x**3)[:, 0], friction, friction * temperature)
    result = fokker_planck_escape(well, upper=0.8)
    assert result.attrs["converged"] == 1
    rate = float(result["escape_rate"])
    kramers = (np.sqrt(friction**2 / 4 + 1) - friction / 2) * np.sqrt(2) / (2 * np.pi) * np.exp(-0.25 / temperature)
    assert abs(rate / kramers - 1.0) < 0.05
    assert abs(rate * float(result["mean_first_passage_time"]) - 1.0) < 1e-6
    from_bottom = float(result["first_passage_time"].interp(x=-1.0, p=0.0))
    assert abs(rate * from_bottom - 1.0) < 1e-2
    np.testing.assert_allclose(result["exit_probability"], [0.0, 1.0], atol=1e-9)


def test_survivors_decay_with_the_escape_rate():
    well = field(lambda x: -x[:, 0], 0.8, 0.4)
    escape = fokker_planck_escape(well, upper=1.0, tolerance=3e-3)
    result = fokker_planck_propagate(well, escape, [0.0, 1.0, 2.0], absorbing=(None, 1.0), tolerance=1e-2)
    exact = np.exp(-float(escape["escape_rate"]) * result["time"].values)
    np.testing.assert_allclose(result["survivors"], exact, atol=1e-3)


def test_bad_input_is_named():
    well = field(lambda x: -x[:, 0], 0.8, 0.4)
    with pytest.raises(ValueError, match="at least one threshold"):
        fokker_planck_escape(well)
    with pytest.raises(ValueError, match="lower < upper"):
        fokker_planck_escape(well, lower=1.0, upper=0.0)
    assert json.loads(fokker_planck_escape(well, upper=0.5, tolerance=1e-2).attrs["messages"]) == []
