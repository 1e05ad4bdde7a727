"""Models that have no value or no steady state on the grid asked for are refused with the reason, from Python too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nonadia.friction import electronic_forces, memory_kernels
from nonadia.models.errors import ModelError
from nonadia.models.junction import Junction


def junction(level: str, profile: str) -> Junction:
    lead = {"temperature": "300 K", "bandwidth": "5 eV", "profile": profile, "couplings": {"d": "50 meV"}}
    return Junction.from_dict(
        {
            "parameters": {"s": "20 meV"},
            "coordinates": {"x": {"mass": "1/s", "unit": "1"}},
            "molecule": {"potential": "0", "levels": {"d": level}},
            "leads": {"L": lead},
        }
    )


@pytest.mark.parametrize("compute", [electronic_forces, lambda model, x: memory_kernels(model, x, time=[0.0, 1.0])])
@pytest.mark.parametrize(
    ("level", "profile", "key"),
    [("s*log(x)", "1", "molecule.levels.d"), ("s*x", "x", "leads")],  # no value at x ≤ 0; no lead at x = 0
)
def test_faults_on_the_grid_name_their_key(compute: Callable[[Junction, Any], Any], level: str, profile: str, key: str) -> None:
    with pytest.raises(ModelError) as caught:
        compute(junction(level, profile), np.array([-1.0, 0.0, 1.0]))
    assert [where for where, _ in caught.value.problems] == [key]
    assert "x = " in str(caught.value) and isinstance(caught.value, ValueError)
