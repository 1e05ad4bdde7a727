"""Small inputs with dynamics, and what makes two results the same."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import xarray as xr

# a particle in a harmonic well with friction that depends on x, at two temperatures of its noise
TABLE: dict[str, Any] = {
    "title": "friction that depends on x",
    "system": "table",
    "parameters": {"k": 0.02, "T": "300 K"},
    "coordinates": {"x": {"mass": 2000, "unit": "1"}},
    "table": {
        "x": {"start": -3, "stop": 3, "points": 61},
        "potential": "k*x**2/2",
        "friction": "0.5*(1 + x**2/(1 + x**2))",
        "temperature": "T",
    },
    "langevin": {"trajectories": 300, "duration": 8000, "stored": 21, "step": 40, "seed": 3, "keep": 2, "bins": 12,
                 "initial": {"x": 0.3, "temperature": "T"}},
}  # fmt: skip

# a level between two leads, the smallest junction with a table of its own
JUNCTION: dict[str, Any] = {
    "system": "junction",
    "parameters": {"Omega": "4 meV", "lam": "20 meV", "bias": "0 V"},
    "coordinates": {"x": {"mass": "1/Omega", "unit": "1"}},
    "molecule": {"potential": "Omega*x**2/2", "levels": {"d": "0.004 + sqrt(2)*lam*x"}},
    "leads": {
        "L": {"chemical_potential": "bias/2", "temperature": "300 K", "bandwidth": "5 eV", "couplings": {"d": "50 meV"}},
        "R": {"chemical_potential": "-bias/2", "temperature": "300 K", "bandwidth": "5 eV", "couplings": {"d": "50 meV"}},
    },
    "forces": {"x": {"start": -20, "stop": 12, "points": 61}, "tolerance": 0.01},
    "langevin": {"trajectories": 64, "duration": "0.5 ps", "stored": 11, "initial": {"x": -3, "temperature": "300 K"}},
}


def changed(data: dict[str, Any], **langevin: Any) -> dict[str, Any]:
    """A copy with other keys of [langevin]."""
    found = copy.deepcopy(data)
    found["langevin"] |= langevin
    return found


def swept(data: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A copy with a sweep."""
    return copy.deepcopy(data) | {"sweep": values}


def same(one: xr.DataTree, other: xr.DataTree) -> None:
    """Equal to the last bit, but for times and commands."""
    for group in ("forces", "langevin"):
        mine, theirs = one[group].to_dataset(), other[group].to_dataset()
        assert mine.variables.keys() == theirs.variables.keys()
        for name in theirs.variables:
            np.testing.assert_array_equal(mine[name].values, theirs[name].values, err_msg=f"{group}/{name}")
    for name in ("status", "messages", "langevin_status", "langevin_messages"):
        assert (one["convergence"][name].values == other["convergence"][name].values).all()
