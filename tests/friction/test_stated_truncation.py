"""The stated error of an interacting model where the truth is known: an interaction too weak to matter (U → 0).

The program takes the path of interacting models (two ends of the hierarchy, a better bath), Green's functions of the
model without U are the exact answer.
"""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.friction import electronic_forces
from nonadia.models.junction import Junction

U = 1e-9  # Hartree: six orders below every other energy


def two_levels(bias: str, interaction: float) -> Junction:
    lead = {"temperature": "300 K", "bandwidth": "5 eV"}
    return Junction.from_dict(
        {
            "parameters": {"bias": bias, "U": interaction},
            "coordinates": {"x": {"mass": 2700.0, "unit": "1"}},
            "molecule": {
                "potential": "0*x",
                "levels": {"a": "0.00367493", "b": "-0.00367493"},
                "hoppings": {"a,b": "0.00183747*x"},
                "interactions": {"a,b": "U"},
            },
            "leads": {
                "L": lead | {"chemical_potential": "bias/2", "couplings": {"a": "0.1 eV"}, "profile": "1"},
                "R": lead | {"chemical_potential": "-bias/2", "couplings": {"b": "0.1 eV"}, "profile": "1"},
            },
        }
    )


@pytest.mark.parametrize(("bias", "tolerance"), [("0 V", 1e-2), ("0.2 V", 1e-2), ("0.2 V", 1e-3), ("0.4 V", 1e-2)])
def test_stated_errors_hold_where_the_truth_is_known(bias: str, tolerance: float) -> None:
    x = np.array([-1.5, 0.3, 0.8, 2.0])
    result = electronic_forces(two_levels(bias, U), x, tolerance=tolerance)
    exact = electronic_forces(two_levels(bias, 0.0), x, method="negf")
    assert result.attrs["method"] == "heom"
    for name, error in (("mean_force", "error_force"), ("friction", "error_friction"), ("noise", "error_noise")):
        scale = float(np.abs(exact[name]).max())
        true, stated = float(np.abs(result[name] - exact[name]).max()), float(result[error].max())
        assert true <= stated + 1e-6 * scale, name
        if result.attrs["converged"]:
            assert true <= tolerance * scale, name
