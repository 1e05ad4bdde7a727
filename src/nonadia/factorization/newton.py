"""Newton's equation for the centre of the packet (theory A7 i).

    M_i ẍ_i = F̄_i(t) (incomplete) and F̄_i + D̄_i (exact), expectation values on χ, from the mean position and momentum

The forces do not depend on the trajectory, so that the solution is a double integral over time, taken of a spline of degree 5
through the stored times; the distance of the exact one from ⟨R⟩ tells its error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, make_interp_spline

from .dataset import ledger_coords
from .identities import components
from .problem import Problem

if TYPE_CHECKING:
    import xarray as xr

DEGREE = 5
LIMIT = 1e-3  # of the smallest rms width of the packet
LOST = 1e-6  # of the norm: more, and trajectories are not those of the packet


def lost_norm(problem: Problem, ledger: Sequence[Mapping[str, NDArray]]) -> float:
    """The part of the norm that an absorber took."""
    if problem.molecule is None or problem.molecule.absorber() is None or "norm" not in ledger[0]:
        return 0.0
    norm = np.array([float(record["norm"]) for record in ledger])
    return float(1.0 - norm.min() / norm[0])


def newton_verdict(error: float, width: float, lost: float) -> list[str]:
    """What is wrong with trajectories of this distance from ⟨R⟩, for a packet of this rms width that lost that norm."""
    if lost > LOST:
        return [f"Newton trajectories need a conserved norm; the absorber took {lost:.1e} of it"]
    if error <= LIMIT * width:
        return []
    wanted = f"{LIMIT:.0e} of the packet's width {width:.2g} bohr"
    return [f"Newton's equation gives ⟨R⟩ to {error:.1e} bohr, not {wanted}; store more often (propagation.store_every)"]


def newton(problem: Problem, times: Sequence[float], ledger: Sequence[Mapping[str, NDArray]]) -> xr.Dataset:
    """Centres under F̄ + D̄ and under F̄ alone, with the exact mean position; (time, component).

    Position and momentum are those of the packet normalised to 1 (an absorber takes norm, which Newton's equation ignores).
    """
    import xarray as xr

    parts = components(problem.nuclei, problem.masses)
    mass = np.array([c.mass for c in parts])
    t = np.asarray(times, dtype=float)
    D = np.stack([record["mean_internuclear_force"] for record in ledger])
    F = np.stack([record["identity_momentum_rhs"] for record in ledger]) - D
    exact = np.stack([record["position"] / record["norm"] for record in ledger])
    momentum = np.stack([record["momentum"] / record["norm"] for record in ledger])
    words = {"units": "bohr", "long_name": "mean position"}
    variables: dict[str, Any] = {"exact_position": (("time", "component"), exact, words)}
    for name, force, said in (
        ("newton", F + D, "centre under F + D"),
        ("newton_incomplete", F, "centre under F alone"),
    ):
        p = momentum[0] + integral(t, force)
        x = exact[0] + integral(t, p) / mass
        variables[f"{name}_position"] = (("time", "component"), x, {"units": "bohr", "long_name": said})
        energy = (p**2 / (2.0 * mass)).sum(axis=1)
        variables[f"{name}_kinetic_energy"] = (("time",), energy, {"units": "hartree", "long_name": f"T_cm of the {said}"})
    energy = (momentum**2 / (2.0 * mass)).sum(axis=1)
    variables["exact_kinetic_energy"] = (("time",), energy, {"units": "hartree", "long_name": "T_cm of the mean momentum"})
    coords = ledger_coords(problem)
    found = xr.Dataset(variables, {"component": coords["component"]})
    distance = float(np.abs(variables["newton_position"][1] - exact).max())
    found.attrs["newton_error"] = distance  # ⟨R⟩ obeys the exact equation
    return found


def integral(t: NDArray, values: NDArray) -> NDArray:
    """∫ from the first time, (T, …), by a spline."""
    if len(t) < 2 * DEGREE:
        return np.asarray(CubicSpline(t, values, axis=0).antiderivative()(t)) if len(t) > 1 else np.zeros_like(values)
    return np.asarray(make_interp_spline(t, values, k=DEGREE, axis=0).antiderivative()(t))
