"""A forces table as a list of cases: one dataset a sweep point, with the label the user knows it by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import PlotError

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Case:
    """The forces at one combination of swept parameters; `label` is empty without a sweep."""

    label: str
    data: xr.Dataset

    @property
    def kT(self) -> float:
        """k_BT in Hartree; the mean over the leads when they differ."""
        return float(np.mean(self.data["temperature"].values))

    @property
    def one_temperature(self) -> bool:
        """Whether all leads share one temperature."""
        return bool(np.ptp(self.data["temperature"].values) <= 1e-12 * self.kT)


def grid_dims(forces: xr.Dataset) -> tuple[str, ...]:
    """Dimensions of the grid of coordinates: those of the scalar U_0 that are no sweep parameter."""
    return tuple(str(dim) for dim in forces["bare_potential"].dims if f"{dim}_label" not in forces.coords)


def coordinates(forces: xr.Dataset) -> list[str]:
    """Names of the classical coordinates, in the order of the force components."""
    return [str(name) for name in forces["mode"].values]


def split(forces: xr.Dataset) -> list[Case]:
    """The computed cases in sweep order; cases without numbers are left out."""
    if "friction" not in forces or "bare_potential" not in forces:
        raise PlotError("holds no forces; run an input with [forces]")
    sweep = [str(dim) for dim in forces["bare_potential"].dims if f"{dim}_label" in forces.coords]
    cases = []
    for index in np.ndindex(tuple(forces.sizes[dim] for dim in sweep)):
        data = forces.isel(dict(zip(sweep, index, strict=True)))
        if bool(np.isnan(data["bare_potential"].values).all()):
            continue
        label = ", ".join(f"{dim} = {data[f'{dim}_label'].item()}" for dim in sweep)
        cases.append(Case(label, data))
    if not cases:
        raise PlotError("holds no finished sweep point; continue the run with --resume")
    return cases
