"""Fields and ledgers as an xarray.Dataset: names, dimensions and units of the /factorization group (contract)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .identities import NATURAL, components, planes
from .problem import Problem

if TYPE_CHECKING:
    import xarray as xr

C, C_ = "coordinate", "coordinate_"
ENERGY, RATE, FORCE, MOMENTUM = "hartree", "hartree^2/hbar", "hartree/bohr", "hbar/bohr"

_NATURAL = {
    "identity_power": "power_scale",
    "identity_work": "power_scale",
    "identity_momentum": "force_scale",
    "identity_angular_momentum": "torque_scale",
}

# name → (dimensions in front of the grid, units, long name)
FIELDS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "density": ((), "bohr^-D", "nuclear density n = |χ|²"),
    "vector_potential": ((C,), MOMENTUM, "vector potential A"),
    "scalar_potential": ((), ENERGY, "scalar potential ε"),
    "scalar_potential_gi": ((), ENERGY, "gauge-invariant part of the scalar potential ε_gi"),
    "berry_curvature": ((C, C_), "hbar/bohr^2", "Berry curvature C_ab = ∂_aA_b - ∂_bA_a"),
    "metric": ((C, C_), "bohr^-2", "quantum metric g_ab"),
    "electric_field": ((C,), FORCE, "electric field E = ∂_tA - ∇ε"),
    "force": ((C,), FORCE, "force function Re(ℱχ/χ) = E_a + Σ_b C_ba v_b"),
    "velocity": ((C,), "bohr hartree/hbar", "velocity field v = Re(v̂χ/χ)"),
}
# name → (dimensions behind time, units, long name)
SCALARS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "norm": ((), "1", "norm of Ψ"),
    "T_n": ((), ENERGY, "nuclear kinetic energy"),
    "T_marg": ((), ENERGY, "marginal nuclear kinetic energy"),
    "T_geo": ((), ENERGY, "geometric part of the nuclear kinetic energy"),
    "E_BO": ((), ENERGY, "Born-Oppenheimer energy ⟨H_BO⟩"),
    "E_external": ((), ENERGY, "energy in the external scalar potential on the nuclei"),
    "E_total": ((), ENERGY, "total energy"),
    "rate_T_n": ((), RATE, "dT_n/dt"),
    "rate_T_marg": ((), RATE, "dT_marg/dt"),
    "rate_T_geo": ((), RATE, "dT_geo/dt = dT_n/dt - dT_marg/dt"),
    "rate_E_BO": ((), RATE, "dE_BO/dt"),
    "power_external": ((), RATE, "work by external fields per time"),
    "work_external": ((), ENERGY, "work by external fields since the start"),
    "momentum": (("component",), MOMENTUM, "momentum of the nuclei"),
    "position": (("component",), "bohr", "mean position of the nuclei"),
    "mean_electric_force": (("component",), FORCE, "mean electric force ⟨E⟩"),
    "mean_intranuclear_force": (("component",), FORCE, "mean magnetic force B × v of the nucleus' own curvature"),
    "mean_internuclear_force": (("component",), FORCE, "mean internuclear magnetic force ⟨D⟩"),
    "angular_momentum": (("nucleus", "plane"), "hbar", "angular momentum of a nucleus about an axis"),
    "torque_electric": (("nucleus", "plane"), ENERGY, "torque of the electric field alone"),
    "electric_power": (("nucleus",), RATE, "power of the electric force"),
    "magnetic_power": (("nucleus",), RATE, "power of the magnetic forces; its sum over nuclei vanishes"),
    "magnetic_power_intranuclear": (("nucleus",), RATE, "power of the intranuclear magnetic force (zero)"),
    "magnetic_power_internuclear": (("nucleus",), RATE, "power of the internuclear magnetic force"),
    "refinement": ((), "1", "refinement of the grid for this time's integrals"),
}
IDENTITIES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "identity_power": ((), RATE, "EF(10): dT_marg/dt = ∫ n E·v"),
    "identity_momentum": (("component",), FORCE, "EF(17): dP/dt = ∫ n (E + C v)"),
    "identity_angular_momentum": (("nucleus", "plane"), ENERGY, "EF(18): dL/dt = ∫ n R × (E + C v)"),
    "identity_work": ((), RATE, "EF(19): dT_marg/dt = Σ_μ ⟨ℱ_μ·v_μ⟩"),
}
# every array of a balance, in the groups that hold it
NAMES = {
    **SCALARS,
    **{f"{name}_{side}": entry for name, entry in IDENTITIES.items() for side in ("lhs", "rhs")},
}


def field_dataset(problem: Problem, arrays: Mapping[str, NDArray], lead: tuple[str, ...] = ()) -> xr.Dataset:
    """Fields (lead…, front…, *R) with the coordinates of the grid."""
    import xarray as xr

    variables: dict[str, Any] = {}
    for name, values in arrays.items():
        if name == "mask":
            variables[name] = ((*lead, *problem.names), values, {"units": "1", "long_name": "1 where the fields are defined"})
            continue
        front, units, words = FIELDS[name]
        units = units.replace("^-D", f"^-{len(problem.names)}")
        variables[name] = ((*lead, *front, *problem.names), values, {"units": units, "long_name": words})
    return xr.Dataset(variables, grid_coords(problem))


def grid_coords(problem: Problem) -> dict[str, Any]:
    """Coordinate arrays of the grid and names of the components."""
    coords: dict[str, Any] = {
        c.name: (c.name, c.values, {"units": "1" if c.unit == "1" else "bohr", "mass": c.mass}) for c in problem.coordinates
    }
    names = np.array(problem.names, dtype=object)
    coords[C], coords[C_] = (C, names), (C_, names)
    return coords


def ledger_coords(problem: Problem) -> dict[str, Any]:
    """Names of components, nuclei and planes of rotation."""
    parts, turns = components(problem.nuclei, problem.masses), plane_names(problem)
    coords: dict[str, Any] = {
        "component": ("component", np.array([c.name for c in parts], dtype=object)),
        "component_nucleus": ("component", np.array([problem.nuclei[c.nucleus].name for c in parts], dtype=object)),
        "component_mass": ("component", np.array([c.mass for c in parts]), {"units": "electron_mass"}),
        "nucleus": ("nucleus", np.array([n.name for n in problem.nuclei], dtype=object)),
    }
    if turns:
        coords["plane"] = ("plane", np.array(turns, dtype=object))
    return coords


def ledger_dataset(problem: Problem, arrays: Mapping[str, NDArray], lead: tuple[str, ...] = ("time",)) -> xr.Dataset:
    """Energies, momenta and identities with their residuals, (time, …)."""
    import xarray as xr

    coords = ledger_coords(problem)
    variables: dict[str, Any] = {}
    for name, values in arrays.items():
        if name not in NAMES:
            continue
        behind, units, words = NAMES[name]
        if "plane" in behind:
            if "plane" not in coords:
                continue
            values = by_plane(problem, values)
        side = {"_lhs": ", left side", "_rhs": ", right side"}.get(name[-4:], "") if name.startswith("identity") else ""
        variables[name] = ((*lead, *behind), values, {"units": units, "long_name": words + side})
    for name, (behind, units, words) in IDENTITIES.items():
        if f"{name}_lhs" in variables:
            difference = variables[f"{name}_lhs"][1] - variables[f"{name}_rhs"][1]
            variables[f"{name}_residual"] = ((*lead, *behind), difference, {"units": units, "long_name": f"{words}, residual"})
    if "rate_T_marg" in variables:
        behind, units, words = SCALARS["rate_T_geo"]
        variables["rate_T_geo"] = (lead, arrays["rate_T_n"] - arrays["rate_T_marg"], {"units": units, "long_name": words})
    return xr.Dataset(variables, coords)


def plane_names(problem: Problem) -> list[str]:
    """Different names of planes, in order."""
    return list(dict.fromkeys(name for _, _, _, name in planes(problem.nuclei)))


def by_plane(problem: Problem, values: NDArray) -> NDArray:
    """(…, rotations) → (…, nuclei, planes), NaN where a nucleus does not have that plane."""
    names = plane_names(problem)
    table = np.full((*values.shape[:-1], len(problem.nuclei), len(names)), np.nan)
    for index, (nucleus, _, _, name) in enumerate(planes(problem.nuclei)):
        table[..., nucleus, names.index(name)] = values[..., index]
    return table


def relative_residuals(problem: Problem, arrays: Mapping[str, NDArray]) -> dict[str, float]:
    """Largest |residual| of each identity over the times, relative to the largest side; inf if any side is not finite.

    Sides that vanish, or nearly so: relative to a hundredth of the rms force (times the rms velocity, or the rms distance).
    """
    found = {}
    for name in IDENTITIES:
        if f"{name}_lhs" not in arrays or not arrays[f"{name}_lhs"].size:
            continue
        left, right = arrays[f"{name}_lhs"], arrays[f"{name}_rhs"]
        natural = _NATURAL[name]
        if not all(np.all(np.isfinite(values)) for values in (left, right, arrays[natural])):
            found[name] = float("inf")  # a comparison with NaN would come out as sound
            continue
        scale = max(float(np.abs(left).max()), float(np.abs(right).max()))
        scale = max(scale, NATURAL * float(np.max(arrays[natural])))
        found[name] = float(np.abs(left - right).max()) / scale if scale > 0.0 else 0.0
    return found


def stacked(records: Sequence[Mapping[str, NDArray]], name: str) -> NDArray:
    """One entry of every record, (T, …)."""
    return np.stack([np.asarray(record[name]) for record in records])
