"""What figures and statements read from a result: one bias of one run, extrema, and the positions the paper names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonadia.units import EV, KELVIN, MEV

from .parameters import EPS0, LAM, OMEGA_Q, TEMPERATURE

if TYPE_CHECKING:
    import xarray as xr

Array = np.ndarray
KT = KELVIN * TEMPERATURE  # hartree
SLOPE = np.sqrt(2.0) * LAM  # meV: dE/dx
WIDTH = float(KT / MEV / SLOPE)  # k_BT in units of x: how wide a Fermi edge is
NEAR = 0.5 * WIDTH  # what "at" a position means where a Fermi edge blurs it
SIGNIFICANT = 2.0  # the factor that "significantly" larger or more pronounced means, everywhere
CROSSING = float(-EPS0 / SLOPE)  # x', LD(58)


@dataclass(frozen=True)
class Line:
    """Forces along x at one bias. Energies in meV, γ and D/(k_BT) in ħ; error_*: stated errors, same units.

    population : of the level; profile : (x, lead).
    """

    x: Array
    bare: Array
    level: Array
    potential: Array
    error_potential: Array
    force_molecule: Array
    force_coupling: Array
    friction: Array
    friction_molecule: Array
    friction_coupling: Array
    error_friction: Array
    noise: Array
    error_noise: Array
    profile: Array
    population: Array

    def at(self, values: Array, x: float) -> float:
        """Linear interpolation."""
        return float(np.interp(x, self.x, values))

    def adiabatic(self) -> Array:
        """The potential of LD(57) with its free constant such that it meets U_0 at the right end, where the level is empty."""
        return self.potential - self.potential[-1] + self.bare[-1]


def line(data: Mapping[str, xr.DataTree], run: str, bias: float = 0.0) -> Line:
    """One bias (V) of a run, swept or not."""
    forces = data[run]["forces"].to_dataset()
    if "bias" in forces.dims:
        forces = forces.isel(bias=int(np.argmin(np.abs(forces["bias"].values - bias * EV))))

    def one(name: str, factor: float = 1.0) -> Array:
        return np.asarray(forces[name].values.reshape(forces.sizes["x"]) * factor)  # one coordinate, one level

    return Line(
        x=forces["x"].values,
        bare=one("bare_potential", 1 / MEV),
        level=one("level_energy", 1 / MEV),
        potential=one("potential", 1 / MEV),
        error_potential=one("error_potential", 1 / MEV),
        force_molecule=one("mean_force_molecule", 1 / MEV),
        force_coupling=one("mean_force_coupling", 1 / MEV),
        friction=one("friction"),
        friction_molecule=one("friction_molecule"),
        friction_coupling=one("friction_coupling"),
        error_friction=one("error_friction"),
        noise=one("noise", 1 / KT),
        error_noise=one("error_noise", 1 / KT),
        profile=forces["profile"].values,
        population=one("population"),
    )


@dataclass(frozen=True)
class Extremum:
    """x and value of a local extremum; error: of x, half the spacing of the grid there."""

    x: float
    value: float
    error: float


def maxima(x: Array, y: Array) -> list[Extremum]:
    """Local maxima by the parabola through three points. Not the ends."""
    found = []
    for i in range(1, x.size - 1):
        if y[i] > y[i - 1] and y[i] >= y[i + 1]:
            a, b, c = np.polyfit(x[i - 1 : i + 2] - x[i], y[i - 1 : i + 2], 2)
            shift = -b / (2 * a)
            found.append(Extremum(float(x[i] + shift), float(c + b * shift / 2), float(np.diff(x[i - 1 : i + 2]).max() / 2)))
    return found


def minima(x: Array, y: Array) -> list[Extremum]:
    """Local minima, likewise."""
    return [Extremum(e.x, -e.value, e.error) for e in maxima(x, -y)]


def nearest(extrema: list[Extremum], x: float) -> Extremum:
    """The one closest to x; NaN if there is none, which no statement accepts."""
    return min(extrema, key=lambda e: abs(e.x - x), default=Extremum(np.nan, np.nan, np.nan))


def resonance(sign: int, bias: float, quanta: float = 0.0, omega: float = OMEGA_Q) -> float:
    """x where the level meets ±bias/2, shifted by quanta of the fast mode: LD(62), LD(64)."""
    return float((sign * bias * 500.0 + quanta * omega - EPS0) / SLOPE)


def largest(values: Array) -> float:
    return float(np.max(np.abs(values)))
