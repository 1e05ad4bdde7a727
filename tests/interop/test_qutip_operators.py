"""Operators of the molecule for QuTiP against the HEOM code's Fock space, the algebra, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import nonadia as na
from nonadia.heom.fock import FockSpace
from nonadia.interop import qutip_operators

LEAD = {"chemical_potential": 0.0, "temperature": "300 K", "bandwidth": "5 eV", "couplings": {"a": "0.1 eV", "b": "0.05 eV"}}
MODEL = {
    "coordinates": {"x": {"mass": 2000}, "y": {"mass": 3000}},
    "molecule": {
        "potential": "0",
        "levels": {"a": "0.01 + 0.02*x", "b": "-0.03*y", "c": "0.015"},
        "hoppings": {"a,b": "0.01 + 0.004*I*x", "b,c": "0.007*y"},
        "interactions": {"a,b": "0.05 + 0.01*x", "a,c": "0.02"},
        "vibrations": {
            "v": {"frequency": 0.011, "states": 3, "couplings": {"a": "0.006*x", "a,b": "0.003"}},
            "w": {"frequency": 0.017, "states": 2, "couplings": {"c": "0.004"}},
        },
    },
    "leads": {"L": {**LEAD, "profile": "1 + 0.1*x"}, "R": {**LEAD, "couplings": {"c": "0.1 eV"}, "profile": "0.5"}},
}
POINT = np.array([0.7, -1.2])


@pytest.fixture(scope="module")
def model() -> na.Junction:
    return na.Junction.from_dict(MODEL)


def test_spectra_are_those_of_the_fock_space(model: na.Junction) -> None:
    operators, frozen = qutip_operators(model, POINT), model.at(POINT)
    space = FockSpace.of(frozen)
    assert operators.hamiltonian.dims == [[2, 2, 2, 3, 2]] * 2 and operators.hamiltonian.isherm
    pairs = [(operators.hamiltonian, space.hamiltonian(frozen))]
    pairs += [(operators.forces[name], space.force_operator(frozen, i)) for i, name in enumerate("xy")]
    # of sums too: the operators fit together, not only their own spectra
    weights = (1.0, 0.37, -0.81)
    mixed = [sum(w * pair[k] for w, pair in zip(weights, pairs, strict=True)) for k in (0, 1)]
    pairs.append((mixed[0], mixed[1]))
    total, number = operators.total_number, space.number()
    pairs += [(q + 0.123 * total, f + 0.123 * number) for q, f in list(pairs)]
    for ours, theirs in pairs:
        assert np.allclose(ours.eigenenergies(), np.linalg.eigvalsh(theirs), atol=1e-13)
    assert np.ptp(operators.hamiltonian.eigenenergies()) > 0.1


def test_force_is_minus_the_derivative(model: na.Junction) -> None:
    h = 1e-4
    forces = qutip_operators(model, POINT).forces
    for i, name in enumerate("xy"):
        step = h * np.eye(2)[i]
        up, down = (qutip_operators(model, POINT + s * step).hamiltonian for s in (1, -1))
        assert np.abs((forces[name] + (up - down) / (2 * h)).full()).max() < 1e-12


def test_algebra(model: na.Junction) -> None:
    operators = qutip_operators(model, POINT)
    d, b = list(operators.annihilators.values()), list(operators.ladders.values())
    assert list(operators.annihilators) == ["a", "b", "c"] and list(operators.ladders) == ["v", "w"]
    for i, first in enumerate(d):
        for j, second in enumerate(d):
            assert np.abs((first * second + second * first).full()).max() == 0.0
            one = np.eye(48) if i == j else 0.0
            assert np.abs((first * second.dag() + second.dag() * first).full() - one).max() == 0.0
        assert all(np.abs((first * mode - mode * first).full()).max() == 0.0 for mode in b)
        number = operators.total_number
        assert np.abs((number * first - first * number + first).full()).max() < 1e-15
    assert np.abs((operators.hamiltonian * number - number * operators.hamiltonian).full()).max() < 1e-15


def test_closed_form_of_a_displaced_oscillator() -> None:
    """One level with one vibration: E = ε n + ω k - Λ²/ω n, to the truncation of the oscillator."""
    data = {
        "coordinates": {"x": {"mass": 1}},
        "molecule": {
            "potential": "0",
            "levels": {"d": "0.02*x"},
            "vibrations": {"v": {"frequency": 0.01, "states": 30, "couplings": {"d": 0.004}}},
        },
        "leads": {"L": {**LEAD, "couplings": {"d": "0.1 eV"}, "profile": "1"}},
    }
    found = qutip_operators(na.Junction.from_dict(data), 0.5).hamiltonian.eigenenergies()[:8]
    exact = np.sort(np.concatenate([0.01 * np.arange(8), 0.01 - 0.004**2 / 0.01 + 0.01 * np.arange(8)]))[:8]
    assert np.allclose(found, exact, atol=1e-12)


def test_channels_carry_the_level_width(model: na.Junction) -> None:
    operators, frozen = qutip_operators(model, POINT), model.at(POINT)
    d = list(operators.annihilators.values())
    for k, lead in enumerate(model.leads):
        width = sum(rate * f.dag() * f for rate, f in operators.channels[lead.name])
        matrix = lead.coupling * frozen.g[k] ** 2
        exact = sum(complex(matrix[i, j]) * d[i].dag() * d[j] for i in range(3) for j in range(3))
        assert np.abs((width - exact).full()).max() < 1e-15


def test_one_geometry_only(model: na.Junction) -> None:
    with pytest.raises(ValueError, match="one geometry"):
        qutip_operators(model, np.array([POINT, POINT]))
