"""Level 4 as calculations of the study: `closed_metal` of each mass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .closed_metal import closed_metal
from .model import CASES

if TYPE_CHECKING:
    import xarray as xr

NOTE = "exact wave packet of the molecule at a closed metal of ten orbitals (T = 0) with its factorization, {}"


def slow(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return closed_metal(CASES[0].mass_factor)


def middle(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return closed_metal(CASES[1].mass_factor)


def fast(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    return closed_metal(CASES[2].mass_factor)
