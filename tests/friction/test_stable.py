"""Results of hierarchies that do not relax are flagged; others say how slowly they do."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from nonadia.friction import electronic_forces
from nonadia.models.junction import Junction


def impurity(rate: str, temperature: str, interaction: str, band: str, level: str) -> Junction:
    lead = {"temperature": temperature, "bandwidth": band, "profile": "1", "couplings": {"up": rate, "down": rate}}
    levels = {"up": "e + s*x", "down": "e + s*x"}
    return Junction.from_dict(
        {
            "parameters": {"s": "20 meV", "U": interaction, "e": level},
            "coordinates": {"x": {"mass": "1/s", "unit": "1"}},
            "molecule": {"potential": "0", "levels": levels, "interactions": {"up,down": "U"}},
            "leads": {"L": lead | {"chemical_potential": "0.95 eV"}},
        }
    )


def stability_of(model: Junction, **settings: Any) -> tuple[dict[str, Any], list[str], int]:
    forces = electronic_forces(model, x=[0.0], tolerance=0.5, **settings)
    return json.loads(forces.attrs["stability"]), json.loads(forces.attrs["messages"]), forces.attrs["converged"]


def test_a_growing_hierarchy_is_not_converged_whatever_its_errors() -> None:
    """Growth rate of `tests/heom/test_stability`: 5.306 meV, from the dense spectrum of the direct oracle."""
    model = impurity("1.22 eV", "13.4 K", "2.59 eV", "0.39 eV", "0.0931 eV")
    found, messages, converged = stability_of(model, poles=3, tiers=2, decomposition="aaa")
    assert found["terminator"] == "zero" and found["geometries"] == [0]
    assert found["growth"][0] * 27.211386 == pytest.approx(5.306e-3, rel=1e-3)
    assert not converged and any("does not relax at geometry 1 of 1" in line for line in messages)


def test_a_relaxing_hierarchy_states_its_slowest_rate() -> None:
    """Weak coupling: the spin relaxes at Γ (golden rule), the charge faster."""
    rate = 1e-3 / 27.211386
    found, messages, converged = stability_of(impurity("1 meV", "300 K", "0.2 eV", "5 eV", "0.95 eV"))
    assert converged and not messages
    # at the chemical potential with U >> k_BT the empty state fills at 2Γf, either spin leaves at Γ(1-f)
    fermi = 0.5
    wanted = min(rate * (1 - fermi), rate * (2 * fermi + 1 - fermi))
    assert found["growth"][0] == pytest.approx(-wanted, rel=0.05)


def test_green_functions_have_nothing_to_relax() -> None:
    model = Junction.from_dict(
        {
            "parameters": {"s": "20 meV"},
            "coordinates": {"x": {"mass": "1/s", "unit": "1"}},
            "molecule": {"potential": "0", "levels": {"d": "s*x"}},
            "leads": {"L": {"temperature": "300 K", "bandwidth": "5 eV", "profile": "1", "couplings": {"d": "50 meV"}}},
        }
    )
    assert "stability" not in electronic_forces(model, x=np.linspace(-1, 1, 3)).attrs
