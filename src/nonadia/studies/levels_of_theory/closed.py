"""Level 4 as calculations: `closed_metal` (0 K, with its factorization) and `thermal_metal` (600 K) of each mass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .closed_metal import closed_metal
from .model import CASES, TEMPERATURE
from .thermal_metal import thermal_metal

if TYPE_CHECKING:
    import xarray as xr

WARM = "exact wave packets of the molecule at a closed metal of ten orbitals, electrons at 600 K, {}"
NOTE = "exact wave packet of the molecule at a closed metal of ten orbitals (T = 0) with its factorization, {}"


def slow(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return closed_metal(CASES[0].mass_factor)


def middle(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return closed_metal(CASES[1].mass_factor)


def fast(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return closed_metal(CASES[2].mass_factor)


def warm_slow(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return thermal_metal(CASES[0].mass_factor, TEMPERATURE)


def warm_middle(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return thermal_metal(CASES[1].mass_factor, TEMPERATURE)


def warm_fast(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return thermal_metal(CASES[2].mass_factor, TEMPERATURE)
