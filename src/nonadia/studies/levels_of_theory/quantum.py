"""Level 3: the hierarchy with the vibration fully quantum, from the coherent state of the bare oscillator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .model import CASES, X_START, Case, junction

if TYPE_CHECKING:
    import xarray as xr

TOLERANCE = 2e-2
POLES = 3  # one more exponent for the band; what more of them change is part of the stated error
NOTE = "na.heom_dynamics, the vibration quantum, {}: coherent state at x = 1.75, electrons in equilibrium there"


def quantum(case: Case) -> xr.Dataset:
    """Over time, and last (time = inf) in the steady state."""
    from nonadia.dynamics import heom_dynamics

    return heom_dynamics(
        junction(case.ratio),
        np.append(case.times, np.inf),
        initial={"electrons": "equilibrium", "vibrations": {"b": {"displacement": X_START / case.scale}}},
        tolerance=TOLERANCE,
        poles=POLES,
        decomposition="fit",
        positions=np.linspace(-9.0, 9.0, 181),
    )


def slow(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return quantum(CASES[0])


def middle(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return quantum(CASES[1])


def fast(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return quantum(CASES[2])
