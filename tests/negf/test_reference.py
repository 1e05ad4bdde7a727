"""NEGF against the numbers of an independent Green-function code, for the shipped systems J1, J2, J5, J8."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nonadia.negf import forces

from .models import EV, KT_EV, donor_acceptor, single_level, two_modes

REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "negf_junctions.json").read_text())


@pytest.mark.parametrize("bias", [0.0, 0.2, 0.4])
@pytest.mark.parametrize("system", ["J1", "J2"])
def test_junctions(system, bias):
    """Force in eV, friction in ħ, noise in eV ħ: within 1e-5, and within twice the reference's own error."""
    cases = [c for c in REFERENCE["cases"] if c["system"] == system and c["bias"] == bias]
    assert len(cases) == 14
    grid = single_level([c["x"] for c in cases], bias, position_dependent=system == "J2")
    found = forces(grid)
    ours = {
        "force": found.mean_force[:, 0] / EV,
        "friction": found.friction[:, 0, 0],
        "noise": found.noise[:, 0, 0] / EV,
    }
    for name, values in ours.items():
        difference = np.abs(values - np.array([c[name] for c in cases]))
        assert difference.max() < 1e-5, name
        if name != "force":  # the file states the error of the friction and the noise is more accurate
            assert np.all(difference < 2.0 * np.array([c["numerical_error"] for c in cases])), name


def test_donor_acceptor_has_negative_friction():
    x = np.array([-2.0, -0.5, 0.0, 0.5, 0.85, 2.0])
    biased = forces(donor_acceptor(x, 0.4))
    gamma = biased.friction[:, 0, 0]
    assert gamma == pytest.approx([0.12, -0.051, -0.079, -0.051, gamma[4], 0.12], abs=7e-4)
    assert gamma[4] < 0 and np.all(biased.noise[:, 0, 0] > 0)
    unbiased = forces(donor_acceptor(x, 0.0)).friction[:, 0, 0]
    assert unbiased[2] == pytest.approx(0.029, abs=5e-4) and np.all(unbiased > 0)
    assert forces(donor_acceptor(0.0, -0.4)).friction[0, 0, 0] == pytest.approx(0.085, abs=5e-4)


def test_two_modes_have_an_antisymmetric_friction():
    biased = forces(two_modes(0.0, -4.0, 0.4)).friction
    assert biased == pytest.approx(np.array([[0.0033, -0.0508], [0.0349, 0.0021]]), abs=6e-5)
    unbiased = forces(two_modes(0.0, -4.0, 0.0))
    assert abs(unbiased.friction[0, 1] - unbiased.friction[1, 0]) < 1e-12


@pytest.mark.parametrize("bias", [0.2, 0.4])
def test_noise_over_friction_of_j2(bias):
    """systems.md: D/(γ kT) = 0.707 at x = 0 for 0.2 V and 0.897 for 0.4 V."""
    found = forces(single_level(0.0, bias, position_dependent=True))
    ratio = found.noise[0, 0, 0] / found.friction[0, 0, 0] / (KT_EV * EV)
    assert ratio == pytest.approx({0.2: 0.707, 0.4: 0.897}[bias], abs=5e-4)
