"""Interacting molecules: fluctuation-dissipation, limits, the time-dependent definition, honest error estimates."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nonadia.friction import electronic_forces
from nonadia.heom.solver import NotConverged
from nonadia.models.errors import ModelError
from nonadia.models.junction import Junction

from .systems import position_dependent, spin_impurity

KT = 300 * 3.166811563e-6


def test_fluctuation_dissipation_of_the_spin_impurity() -> None:
    """D = γ k_BT at equilibrium although U = 8 k_BT and 4 Γ: two different sums over the hierarchy."""
    data = electronic_forces(spin_impurity(), np.linspace(-11, 4, 11), tolerance=3e-3)
    assert data.attrs["converged"] == 1 and data.attrs["method"] == "heom"
    friction, noise = data["friction"].values.ravel(), data["noise"].values.ravel()
    relevant = friction > 0.01 * friction.max()
    assert relevant.sum() >= 9
    np.testing.assert_allclose(noise[relevant] / (KT * friction[relevant]), 1.0, atol=5e-3)


def test_no_interaction_gives_twice_the_spinless_level() -> None:
    """U → 0: two independent spins, F, γ and D add up; U = 1e-9 eV takes the interacting path."""
    x = np.array([-3.0, 0.5])
    tiny = electronic_forces(spin_impurity(0.3, 1e-9), x, tolerance=1e-2)
    assert tiny.attrs["method"] == "heom"
    exact = electronic_forces(spin_impurity(0.3, 0.0), x)
    assert exact.attrs["method"] == "negf"
    for name in ("mean_force", "friction", "noise"):
        assert abs(tiny[name] - exact[name]).max() < 1e-2 * abs(exact[name]).max(), name


def weakly_vibrating(coupling: str) -> Junction:
    """J2 in equilibrium with one more mode; numbers are the eV-based values of J2 in atomic units."""
    spec = {
        "parameters": {"bias": "0 V"},
        "coordinates": {"x": {"mass": 6802, "unit": "1"}},
        "molecule": {
            "potential": "0",
            "levels": {"d": "0.003674932217565 + sqrt(2)*0.000734986443513*x"},
            "vibrations": {"b": {"frequency": "50 meV", "states": 3, "couplings": {"d": coupling}}},
        },
        "leads": {
            side: {
                "temperature": "300 K",
                "bandwidth": "10 eV",
                "couplings": {"d": "50 meV"},
                "chemical_potential": f"{sign}bias/2",
                "profile": f"0.45*(1{'-' if side == 'L' else '+'}tanh(x/0.3))+0.1",
            }
            for side, sign in (("L", ""), ("R", "-"))
        },
    }
    return Junction.from_dict(spec)


def test_vibration_with_little_coupling_changes_little() -> None:
    """Only in equilibrium: under bias the slow, heated mode adds to friction however weak its coupling λ, since its occupation
    changes with x at order one, acts at order λ², and relaxes at a rate of order λ²."""
    x = np.array([-3.5, 0.1])
    vibrating = electronic_forces(weakly_vibrating("1 meV"), x, tolerance=1e-2)
    assert vibrating.attrs["method"] == "heom" and vibrating.attrs["converged"] == 1
    exact = electronic_forces(position_dependent(0.0), x)
    for name in ("mean_force", "friction", "noise"):
        assert abs(vibrating[name] - exact[name]).max() < 1e-2 * abs(exact[name]).max(), name


def test_a_mode_coupled_to_nothing_has_no_steady_state() -> None:
    with pytest.raises(ModelError, match=r"vibrations\.b\.couplings.*no steady state"):
        electronic_forces(weakly_vibrating("0 meV"), np.array([0.1]), tolerance=1e-2)
    with pytest.raises(NotConverged, match="not unique"):
        electronic_forces(weakly_vibrating("1e-30 eV"), np.array([0.1]), tolerance=1e-2)


def test_polaron_shift_of_the_mean_force() -> None:
    """Anti-adiabatic mode at weak coupling to the leads: the level acts at E - λ²/ω with the population of that level."""
    spec = {
        "coordinates": {"x": {"mass": 1000, "unit": "1"}},
        "parameters": {"eV": "1 eV", "w": "1 eV", "l": "0.1 eV"},
        "molecule": {
            "potential": "0",
            "levels": {"d": "0.02*eV*x + l**2/w"},
            "vibrations": {"b": {"frequency": "w", "states": 5, "couplings": {"d": "l"}}},
        },
        "leads": {
            "L": {
                "temperature": "300 K", "bandwidth": "5 eV", "couplings": {"d": "1 meV"},
                "chemical_potential": 0, "profile": "1",
            }
        },
    }  # fmt: skip
    x = np.array([-2.0, 0.0, 1.0])
    data = electronic_forces(Junction.from_dict(spec), x, tolerance=1e-2)
    energy = 0.02 * x / 27.211386245988
    fermi = 1 / (1 + np.exp(energy / KT))
    np.testing.assert_allclose(data["population"].values[:, 0], fermi, atol=5e-3)
    assert data.attrs["converged"] == 1 and np.all(data["vibrational_occupation"] < 0.012)
    np.testing.assert_allclose(data["mean_force"].values[:, 0], -0.02 / 27.211386245988 * fermi, rtol=1e-2)


@pytest.mark.parametrize("bias", [0.0, 0.2])
def test_stated_error_covers_the_true_one(bias: float) -> None:
    """Against a computation with a tolerance ten times tighter."""
    x = np.linspace(-9, 2, 5)
    loose = electronic_forces(spin_impurity(bias), x, tolerance=2e-2)
    tight = electronic_forces(spin_impurity(bias), x, tolerance=2e-3)
    assert loose.attrs["converged"] == tight.attrs["converged"] == 1
    assert json.loads(loose.attrs["convergence"])[-1]["unknowns"] < json.loads(tight.attrs["convergence"])[-1]["unknowns"]
    for name, error in (("mean_force", "error_force"), ("friction", "error_friction"), ("noise", "error_noise")):
        true = abs(loose[name] - tight[name]).values
        assert np.all(true <= loose[error].values + tight[error].values), name


def test_unconverged_results_say_so() -> None:
    data = electronic_forces(spin_impurity(), np.array([-3.0]), tiers=2, poles=3, tolerance=1e-3)
    assert data.attrs["converged"] == 0
    assert any("exceeds the tolerance" in message for message in json.loads(data.attrs["messages"]))
    assert float(data["error_noise"].max()) > 1e-3 * float(abs(data["noise"]).max())
