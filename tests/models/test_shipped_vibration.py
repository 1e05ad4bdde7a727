"""The shipped junction with a quantum vibration: the physics its header promises, coarse and fast."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.examples import load
from nonadia.friction import convergence_study, electronic_forces
from nonadia.models.junction import Junction

STATES = {"molecule.vibrations.b.states": 7}


def shipped(**parameters: str) -> Junction:
    """lam_q = 150 meV with 7 states unless said otherwise."""
    chosen = {"lam_q": "150 meV", "bias": "0 V"} | parameters
    return load("junction-vibration", {f"parameters.{k}": v for k, v in chosen.items()} | STATES).model  # type: ignore[dict-item]


def test_at_equilibrium_noise_is_friction_and_the_peak_is_higher_than_without_the_vibration() -> None:
    x = np.array([-3.5, -0.05])
    model = shipped()
    study = convergence_study(model, x, tiers=(3,), poles=(8,))
    friction, noise = study.friction.values.ravel(), study.noise.values.ravel()
    np.testing.assert_allclose(noise / (model.leads[0].temperature * friction), 1.0, atol=3e-3)
    bare = load("junction-position-dependent", {"parameters.bias": "0 V"}).model
    without = electronic_forces(bare, x, tolerance=1e-4).friction.values.ravel()
    assert without[0] == pytest.approx(0.135, abs=1e-3) and friction[0] > 1.2 * without[0]
    assert friction[1] < without[1], "the side peak, made by the switching of the coupling, is lower"


def test_inelastic_current_makes_friction_negative_inside_the_resonances() -> None:
    model = shipped(bias="0.4 V")
    kT = model.leads[0].temperature
    # around x± = (±bias/2 - eps0)/(√2 lam) friction is the slope of a Fermi edge: extrema 1.54 k_BT to either side
    slope = float(1.54 * kT / (np.sqrt(2) * 20e-3 / 27.211386245988))
    assert slope == pytest.approx(1.41, abs=0.01)
    left, right = -300 / np.sqrt(2) / 20, 100 / np.sqrt(2) / 20
    x = np.array([left - slope, left + slope, right - slope, right + slope])
    study = convergence_study(model, x, tiers=(2, 3), poles=(6, 8))
    friction, noise = study.friction.values[-1, -1].ravel(), study.noise.values[-1, -1].ravel()
    error = np.abs(study.friction.values[-1, -1] - study.friction.values[-1, 0]).ravel()
    assert (friction[[0, 3]] > 0.008).all() and (friction[[1, 2]] < -0.01).all(), friction
    assert (friction[[1, 2]] + error[[1, 2]] < 0).all() and (noise > 0).all()
