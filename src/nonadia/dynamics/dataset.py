"""Arrays → one labelled dataset; atomic units, every variable carries `units`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from ..models.frozen import FloatArray
from ..models.junction import Junction
from .control import Outcome

ENERGY, RATE = "hartree", "hartree/hbar"
# name of the field → (dims behind time, units, long name)
_VARIABLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "population": (("level",), "1", "occupation of each level"),
    "current": (("lead",), RATE, "electrons per time from the lead into the molecule"),
    "trace": ((), "1", "trace of the density matrix of the molecule"),
    "purity": ((), "1", "tr rho^2 of the molecule"),
    "lowest": ((), "1", "lowest eigenvalue of the molecule's density matrix; not negative but for the truncation"),
    "hermiticity": ((), "1", "largest element of |rho - rho^dagger|"),
    "molecular_energy": ((), ENERGY, "levels, interactions and vibrations with their couplings and zero-point energies"),
    "number": (("vibration", "quanta"), "1", "probability of each number of quanta"),
    "position": (("vibration",), "1", "mean of (b + b^dagger)/sqrt(2)"),
    "variance": (("vibration",), "1", "variance of (b + b^dagger)/sqrt(2); 1/2 in the ground state"),
    "momentum": (("vibration",), "1", "mean of (b - b^dagger)/(i sqrt(2))"),
    "momentum_variance": (("vibration",), "1", "variance of (b - b^dagger)/(i sqrt(2))"),
    "energy": (("vibration",), ENERGY, "frequency times (quanta + 1/2)"),
    "density": (("vibration", "grid"), "1", "probability density of (b + b^dagger)/sqrt(2)"),
}
_NAMES = {
    "number": "number_distribution",
    "energy": "vibrational_energy",
    "density": "position_density",
    "lowest": "lowest_eigenvalue",
    "hermiticity": "hermiticity_error",
}


def assemble(
    model: Junction, times: FloatArray, positions: FloatArray, x: FloatArray, outcome: Outcome, attributes: dict[str, Any]
) -> xr.Dataset:
    """The dataset of `heom_dynamics`; x (c,): the classical coordinates held."""
    trajectory, frozen = outcome.trajectory, outcome.frozen
    vibrations = frozen.frequencies.size > 0
    variables: dict[str, Any] = {}
    for name, (dims, units, words) in _VARIABLES.items():
        if "vibration" in dims and not vibrations:
            continue
        public = _NAMES.get(name, name)
        values = getattr(trajectory, name)
        variables[public] = (("time", *dims), values, {"units": units, "long_name": words})
        if name in outcome.errors:
            error = np.where(np.isnan(values), np.nan, outcome.errors[name])
            variables[f"error_{public}"] = (("time", *dims), error, {"units": units, "long_name": f"estimated error: {words}"})
    coordinates: dict[str, Any] = {
        "time": ("time", times, {"units": "hbar/hartree"}),
        "level": list(model.levels),
        "lead": [lead.name for lead in frozen.leads],
    }
    if vibrations:
        coordinates["vibration"] = [v.name for v in model.vibrations]
        coordinates["quanta"] = np.arange(trajectory.number.shape[-1])
        coordinates["grid"] = ("grid", positions, {"units": "1", "long_name": "position (b + b^dagger)/sqrt(2)"})
        variables["frequency"] = (
            ("vibration",),
            frozen.frequencies,
            {"units": ENERGY, "long_name": "quantum of the vibration"},
        )
    for coordinate, value in zip(model.coordinates, x, strict=True):
        units = "1" if coordinate.unit == "1" else "bohr"
        coordinates[coordinate.name] = ((), float(value), {"units": units, "long_name": "held"})
    plain = {k: v if isinstance(v, str | int | float) else json.dumps(v) for k, v in attributes.items()}
    return xr.Dataset(variables, coords=coordinates, attrs=plain)
