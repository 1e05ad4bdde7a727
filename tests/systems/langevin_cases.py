"""Force tables of the shipped systems of Langevin dynamics, on grids as fine as a test needs, and their first-order theory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import nonadia as na
from nonadia.langevin.tables.from_dataset import field_of
from nonadia.langevin.tables.table import ForceTable

ANGSTROM = 1.8897261246257702  # bohr, CODATA 2018
EV = 1.0 / 27.211386245988  # hartree
PS = 1e3 / 0.02418884326505  # hbar/hartree
KELVIN = 3.166811563e-6  # hartree
KT = 300 * KELVIN


@cache
def forces(name: str, coordinate: str, grid: tuple[tuple[float, float, int], ...], **parameters: str) -> xr.Dataset:
    """NEGF forces of a shipped system on pieces (from, to, points) of its coordinate."""
    last = len(grid) - 1
    x = np.concatenate([np.linspace(a, b, n, endpoint=k == last) for k, (a, b, n) in enumerate(grid)])
    changed = {key.replace("__", "."): value for key, value in parameters.items()}
    model = na.examples.load(name, changed).model  # type: ignore[attr-defined]
    return na.electronic_forces(model, {coordinate: x})


def table(dataset: xr.Dataset, asymptote: Mapping[str, Mapping[str, str]] | None = None) -> ForceTable:
    """The dataset as a field; the test would mean less if it were not resolved."""
    found = field_of(dataset, asymptote=asymptote)
    assert isinstance(found, ForceTable) and not found.messages, found.messages
    return found


def desorption(bias: str) -> xr.Dataset:
    grid = tuple((a * ANGSTROM, b * ANGSTROM, n) for a, b, n in ((1.3, 1.8, 30), (1.8, 2.3, 150), (2.3, 5.2, 80)))
    return forces("desorption", "x", grid, parameters__bias=bias)


@cache
def surface(friction: bool = True) -> ForceTable:
    """newns-anderson: the molecule above the metal, free beyond 7 Å."""
    found = forces("newns-anderson", "z", ((1.3 * ANGSTROM, 7 * ANGSTROM, 301),))
    if not friction:
        found = found.assign(friction=0 * found.friction, noise=0 * found.noise)
    return table(found, {"z": {"upper": "free"}})


def heated(name: str, bias: str, **parameters: str) -> xr.Dataset:
    grid = ((-30.0, -3.0, 150), (-3.0, 3.0, 200), (3.0, 25.0, 121))
    return forces(name, "x", grid, parameters__bias=bias, **parameters)


def first_order_loss(field: ForceTable, energy: float, kT: float, far: float) -> float:
    """∫γ(z)(v² - k_BT/m) dt along the elastic trajectory that comes from `far` with this kinetic energy and goes back."""
    z = np.linspace(field.bounds[0][0], field.bounds[1][0], 400001)
    kinetic = energy - (_potential(field, z) - float(_potential(field, np.array([far]))[0]))
    turning = int(np.flatnonzero(kinetic <= 0).max()) + 1
    z, speed = z[turning:], np.sqrt(2 * kinetic[turning:] / field.masses[0])
    friction = field.local(z[:, None])[0][:, 0, 0]
    # dt = dz/v is singular at the turning point, but integrable: in s = √(z - z_t) it is not
    s = np.sqrt(z - z[0])
    heat = np.trapezoid(2 * s * friction / speed, s)
    return float(2 * (np.trapezoid(friction * speed, z) - kT / field.masses[0] * heat))


def _potential(field: ForceTable, z: NDArray[np.float64]) -> NDArray[np.float64]:
    found = field.potential(z[:, None])
    assert found is not None
    return found


def minimum(field: ForceTable, low: float, high: float) -> float:
    """Where the potential is lowest between two positions, to 1e-5 of their distance."""
    z = np.linspace(low, high, 100001)
    return float(z[_potential(field, z).argmin()])
