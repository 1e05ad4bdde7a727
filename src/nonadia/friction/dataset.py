"""Arrays → one labelled dataset: the group /forces of a result file. Atomic units; every variable carries `units`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline

from ..models.frozen import FloatArray, FrozenJunction
from ..models.junction import Junction
from .evaluate import GridForces
from .grid import Grid

LENGTH = "bohr"


def assemble(
    model: Junction,
    grid: Grid,
    frozen: FrozenJunction,
    result: GridForces,
    errors: dict[str, FloatArray],
    attributes: dict[str, Any],
) -> xr.Dataset:
    """The dataset of `electronic_forces`; shapes (grid axes, mode, mode_) and so on.

    Units: hartree, ħ = 1; a coordinate whose unit is "1" is dimensionless, all others are lengths in bohr. Mixed grids keep
    the unit of each component in the coordinate `mode`'s attribute `coordinate_units`.
    """
    names = [c.name for c in model.coordinates]
    lengths = ["" if c.unit == "1" else LENGTH for c in model.coordinates]
    per_length = f"/{LENGTH}" if all(lengths) else ("" if not any(lengths) else "/[coordinate]")
    force_unit = f"hartree{per_length}"
    squared = per_length and (f"/{LENGTH}^2" if all(lengths) else "/[coordinate]^2")
    friction_unit = f"hbar{squared}"
    noise_unit = f"hartree*hbar{squared}"
    dims = grid.dims

    def shaped(array: FloatArray) -> FloatArray:
        return array.reshape(grid.shape + array.shape[1:])

    variables: dict[str, tuple[tuple[str, ...], FloatArray, dict[str, str]]] = {}

    def add(name: str, extra: tuple[str, ...], array: FloatArray, units: str, long_name: str) -> None:
        variables[name] = ((*dims, *extra), shaped(array), {"units": units, "long_name": long_name})

    pair = ("mode", "mode_")
    add("mean_force", ("mode",), result.force, force_unit, "electronic mean force, without -dU_0/dx")
    add("mean_force_molecule", ("mode",), result.mean_force_molecule, force_unit, "part of the molecular Hamiltonian, LD(45)")
    add("mean_force_coupling", ("mode",), result.mean_force_coupling, force_unit, "part of the metal-molecule coupling, LD(46)")
    transposed = np.swapaxes(result.friction, -1, -2)
    add("friction", pair, result.friction, friction_unit, "electronic friction tensor, F = F_ad - friction·velocity")
    add("friction_molecule", pair, result.friction_molecule, friction_unit, "molecular force side, LD(48)")
    add("friction_coupling", pair, result.friction_coupling, friction_unit, "coupling force side, LD(49)")
    add("friction_symmetric", pair, 0.5 * (result.friction + transposed), friction_unit, "symmetric part")
    add("friction_antisymmetric", pair, 0.5 * (result.friction - transposed), friction_unit, "antisymmetric part")
    add("noise", pair, result.noise, noise_unit, "noise D, <xi xi'> = 2 D delta(t-t')")
    add("noise_molecule", pair, result.noise_molecule, noise_unit, "molecular force side, whole time axis")
    add("noise_coupling", pair, result.noise_coupling, noise_unit, "coupling force side, whole time axis")
    for quantity, units in (("force", force_unit), ("friction", friction_unit), ("noise", noise_unit)):
        extra = ("mode",) if quantity == "force" else pair
        add(f"error_{quantity}", extra, errors[quantity], units, f"estimated error of the {quantity}")
    bare = np.asarray(model.bare_potential(grid.points), dtype=float)
    add("bare_potential", (), bare, "hartree", "U_0")
    add("bare_force", ("mode",), model.bare_force(grid.points), force_unit, "-dU_0/dx, which the mean force does not hold")
    if len(names) == 1 and grid.values and len(grid) > 1:
        work, uncertain = _integral(grid.points[:, 0], result.force[:, 0])
        add("potential", (), bare - work, "hartree", "U_0 minus the integrated mean force")
        add("error_potential", (), uncertain, "hartree", "error of the integration over this grid of x")
    energies = np.diagonal(frozen.h, axis1=-2, axis2=-1).real
    add("level_energy", ("level",), energies, "hartree", "E_mm")
    if frozen.u.any():
        add("interaction_energy", ("level", "level_"), frozen.u, "hartree", "U_mm', symmetric, of two electrons in m and m'")
    add("profile", ("lead",), frozen.g, "1", "coupling profile g_K")
    add("population", ("level",), result.population, "1", "occupation of each level")
    add("current", ("lead",), result.current, "hartree/hbar", "electrons per time from the lead into the molecule")
    if frozen.frequencies.size:
        add("vibrational_occupation", ("vibration",), result.vibrational_occupation, "1", "vibrational quanta <b†b>")

    coordinates: dict[str, Any] = dict(grid.coordinates(names))
    coordinates |= {"mode": names, "mode_": names, "level": list(model.levels), "lead": [lead.name for lead in frozen.leads]}
    if "interaction_energy" in variables:
        coordinates["level_"] = list(model.levels)
    if frozen.frequencies.size:
        coordinates["vibration"] = [v.name for v in model.vibrations]
    dataset = xr.Dataset(variables, coords=coordinates, attrs=_plain(attributes))
    for coordinate, length in zip(model.coordinates, lengths, strict=True):
        dataset[coordinate.name].attrs |= {"units": length or "1", "mass": coordinate.mass, "display_unit": coordinate.unit}
    dataset["mode"].attrs["coordinate_units"] = json.dumps(dict(zip(names, [x or "1" for x in lengths], strict=True)))
    return dataset


def _integral(x: FloatArray, force: FloatArray) -> tuple[FloatArray, FloatArray]:
    """∫F dx from the smallest x by a cubic spline, and how much it differs from trapezoids or every other point.

    x in any order. Structure narrower than the grid is seen by neither. Fewer than four points: trapezoids.
    """
    order = np.argsort(x)
    if np.any(np.diff(x[order]) == 0):
        raise ValueError("x holds the same point twice; the potential along it is not defined")
    nodes, values = x[order], force[order]
    trapezoid = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(nodes) * (values[1:] + values[:-1]))])
    if x.size < 4:
        total = trapezoid
        coarse = np.interp(nodes, nodes[[0, -1]], [0.0, 0.5 * (nodes[-1] - nodes[0]) * (values[0] + values[-1])])
    else:
        kept = np.unique(np.append(np.arange(0, x.size, 2), x.size - 1))
        total = CubicSpline(nodes, values).antiderivative()(nodes)
        coarse = CubicSpline(nodes[kept], values[kept]).antiderivative()(nodes) if kept.size > 3 else trapezoid
    integral, error = np.empty_like(total), np.empty_like(total)
    integral[order], error[order] = total, np.maximum(np.abs(total - coarse), np.abs(total - trapezoid))
    return integral, error


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes that netCDF can hold: numbers and strings; anything else as JSON."""
    return {
        key: value if isinstance(value, str | int | float) else json.dumps(value) for key, value in attributes.items()
    }
