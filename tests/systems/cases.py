"""Runs of the shipped inputs, one of each for all tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import nonadia as na

if TYPE_CHECKING:
    import xarray as xr

FS = 1.0 / 0.02418884326505  # one femtosecond in atomic units of time (CODATA)

NO_FIELDS = (("factorization.fields", "none"),)


@cache
def shipped(name: str, *overrides: tuple[str, object]) -> tuple[xr.Dataset, xr.Dataset]:
    """(/wavepacket, /factorization) of a shipped input with these keys changed."""
    keys = {key: dict(value) if key.endswith(".grid") else value for key, value in overrides}  # type: ignore[call-overload]
    tree = na.run(na.load(name, keys))
    return tree["wavepacket"].to_dataset(), tree["factorization"].to_dataset()


def wave_functions(wavepacket: xr.Dataset) -> NDArray[np.complex128]:
    """ψ (time, …) of a run with store_psi."""
    psi: NDArray[np.complex128] = wavepacket["psi_real"].values + 1j * wavepacket["psi_imag"].values
    return psi


def nearest(dataset: xr.Dataset, time: float) -> int:
    """Index of this stored time; it must be one."""
    index = int(np.argmin(np.abs(dataset["time"].values - time)))
    assert abs(float(dataset["time"][index]) - time) < 1e-3
    return index
