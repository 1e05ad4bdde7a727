"""Electronic-force data of the published friction codes: adiabatic_force.dat, friction.dat, corrfunc.dat, … ↔ dataset.

    m ẍ = -dU_0/dx + F(x) - γ(x) ẋ + ξ,   ⟨ξ(t) ξ(t')⟩ = 2 D(x) δ(t - t')

The format, as github.com/samuel-rudge/heom_electronic_forces writes it and nonmarkovian_langevin_solver of the same author
reads it (docs/electronic_force_dataset_spec.md there, and the output statements of the former; June 2026; the method is
LD, J. Chem. Phys. 161, 064106): one folder x_<value> a geometry, below one folder voltage_<V>eV a bias. In each folder

    adiabatic_force.dat   x  F            mean electronic force, without -dU_0/dx
    friction.dat          x  γ            γ = ∫_0^∞ γ(t) dt
    corrfunc.dat          x  D            D = ∫_0^∞ ⟨δF(t) δF(0)⟩ dt (half the whole line), so that D = γ k_BT at equilibrium
    current_ad.dat        x  I_0  I_1 …   microampere, one column a lead (optional)
    *_mol.dat, *_molleads.dat             parts of F, γ, D: molecular and coupling force side (optional)

with one line of heading, columns separated by tabs, no comments, one row; files with a row for every x (a whole grid in one
folder) are read too. One classical coordinate. Energies in eV, ħ = 1, and x as the code's user chose it: usually the
dimensionless coordinate with H_nuc = Ω (x² + p²)/2, thus U_0 = Ω x²/2 and mass 1/Ω. Files name no units: the caller gives them.
The sign of the current is kept: that it counts electrons from the lead into the molecule is not stated there.
Those programs print 6 digits after the point for F and 12 for γ and D; files written here hold every digit, so that
reading what was written gives the same numbers bit by bit, at an x, a bias and in any units.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..units import MICROAMPERE, atomic, parse
from .force_folders import Bias, bias_values, find
from .force_text import FloatArray, half_digit, numbers, rows
from .force_units import CURRENT, FILES, LONG_NAME, PART_NAME, PARTS, Units

if TYPE_CHECKING:
    import xarray as xr

def read_force_data(
    path: str | os.PathLike[str],
    *,
    coordinate: str = "x",
    mass: float | str | None = None,
    frequency: float | str | None = None,
    bare_potential: Callable[[FloatArray], ArrayLike] | None = None,
    energy: str = "eV",
    length: str = "1",
    leads: Sequence[str] | None = None,
    bias: float | str | None = None,
) -> xr.Dataset:
    """The forces of a folder of x_<value>/ or voltage_<V>eV/ folders, as `na.langevin` and the force tables take them.

    path : the folder above x_<value>/; above voltage_<V>eV/ the dataset has the dimension `bias` (a folder of only one too).
    energy, length : units of the files; length "1" for a dimensionless x.
    mass : of the coordinate; a number is in atomic units (ħ²/hartree for a dimensionless x), a text carries its unit.
    frequency : Ω of U_0 = mΩ²x²/2; for a dimensionless x also the mass, 1/Ω, where no mass is given.
    bare_potential : U_0(x) (hartree; x in atomic units) where it is not harmonic.
    leads : names of the current's columns; "0", "1", … by default.
    bias : take only this bias (volts as "0.4 V").

    Returns mean_force, friction, noise (bias, x, mode, mode_), their parts and current (lead) where every folder has them,
    bare_potential where U_0 is known, error_force, error_friction, error_noise: half a unit of the last printed digit, not
    the error of the computation, which the files do not tell. Atomic units.
    Errors: ValueError naming the file, or the folders that lack one.
    """
    import xarray as xr

    root, units = Path(path), Units(energy, length)
    biases = selected(find(root, "adiabatic_force.dat"), bias, root)
    mean_tables = [_table(entry, "adiabatic_force.dat", 2, units) for entry in biases]
    x = mean_tables[0][0]
    for entry, (other, _) in zip(biases, mean_tables, strict=True):
        same_grid(x, other, entry.folder, biases[0].folder)

    outer = {} if bias_values(biases) is None else {"bias": bias_values(biases)}
    dims = (*outer, coordinate)
    variables: dict[str, Any] = {}
    for file, quantity in FILES.items():
        for suffix, part in PARTS.items():
            name, tables = f"{file}{suffix}.dat", None
            if suffix == "" or present(biases, name):
                tables = mean_tables if name == "adiabatic_force.dat" else [_table(b, name, 2, units) for b in biases]
            if tables is None:
                continue
            values, rounding = _columns(tables, biases, x, name, units.of(quantity))
            extra = ("mode",) if quantity == "mean_force" else ("mode", "mode_")
            shape = (*([len(biases)] if outer else []), x.size, *(1 for _ in extra))
            attributes = {"units": units.names[quantity], "long_name": LONG_NAME[quantity] + PART_NAME[part]}
            variables[quantity + part] = ((*dims, *extra), values[..., 0].reshape(shape), attributes)
            if not part:
                short = quantity.removeprefix("mean_")
                said = {"units": units.names[quantity], "long_name": f"rounding of the {short} in its file"}
                variables[f"error_{short}"] = ((*dims, *extra), rounding[..., 0].reshape(shape), said)
    coordinates: dict[str, Any] = {**outer, coordinate: x, "mode": [coordinate], "mode_": [coordinate]}
    if present(biases, CURRENT):
        count = len(_first_row(biases, CURRENT)) - 1
        names = list(leads) if leads is not None else [str(k) for k in range(count)]
        if len(names) != count:
            raise ValueError(f"{root}: {CURRENT} has {count} currents, and leads = {names} names {len(names)}")
        tables = [_table(b, CURRENT, count + 1, units) for b in biases]
        values, _ = _columns(tables, biases, x, CURRENT, MICROAMPERE)
        shape = (*([len(biases)] if outer else []), x.size, count)
        said = {"units": "hartree/hbar", "long_name": "current of each lead, sign of its file"}
        variables["current"] = ((*dims, "lead"), values.reshape(shape), said)
        coordinates["lead"] = names

    inertia, potential = nuclei(x, units, mass, frequency, bare_potential)
    if potential is not None:
        variables["bare_potential"] = ((coordinate,), potential, {"units": "hartree", "long_name": "U_0"})
    dataset = xr.Dataset(variables, coords=coordinates, attrs={"method": "read_force_data", "source": root.name})
    label(dataset, coordinate, units, length, inertia)
    return dataset


def selected(biases: list[Bias], bias: float | str | None, root: Path) -> list[Bias]:
    """All biases, or the one asked for."""
    values = bias_values(biases)
    if bias is None:
        return biases
    wanted = atomic(bias, "voltage")
    if values is None:
        raise ValueError(f"{root}: bias = {bias!r}, but there is no voltage_<V>eV/ folder")
    if not np.isclose(np.abs(values - wanted).min(), 0.0, atol=1e-9):
        raise ValueError(f"{root}: no folder of bias = {bias!r}; there are {', '.join(str(b.text) for b in biases)} V")
    return [biases[int(np.abs(values - wanted).argmin())]]


def same_grid(x: FloatArray, other: FloatArray, folder: Path, first: Path) -> None:
    if x.shape != other.shape or np.any(x != other):
        raise ValueError(f"{folder}: its x differ from those of {first.name}; all biases must have the same geometries")


def present(biases: Sequence[Bias], name: str) -> bool:
    """Whether every folder has the file; ValueError where only some have it."""
    lacking = [folder for bias in biases for _, folder in bias.geometries if not (folder / name).is_file()]
    total = sum(len(bias.geometries) for bias in biases)
    if lacking and len(lacking) < total:
        missing(lacking, name)
    return not lacking


def missing(lacking: Sequence[Path], name: str) -> None:
    shown = ", ".join(str(folder) for folder in lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
    raise ValueError(f"{name} is missing in {shown}; every geometry needs it")


def _first_row(biases: Sequence[Bias], name: str) -> list[str]:
    path = biases[0].geometries[0][1] / name
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.replace(",", " ").split()
        if len(words) > 1 and _leads_with_number(words):
            return words
    raise ValueError(f"{path}: no row of numbers; x and a current for each lead are needed")


def _leads_with_number(words: Sequence[str]) -> bool:
    try:
        return bool(np.isfinite(float(words[0])))
    except ValueError:
        return False


def _table(bias: Bias, name: str, columns: int, units: Units) -> tuple[FloatArray, list[list[str]]]:
    """x by rising value, and the texts of the other columns, of all geometries of one bias."""
    lacking = [folder for _, folder in bias.geometries if not (folder / name).is_file()]
    if lacking:
        missing(lacking, name)
    if bias.geometries[0][0] is None:
        table = rows(bias.geometries[0][1] / name, columns)
        x = numbers([row[0] for row in table], units.length)
        order = np.argsort(x, kind="stable")
        if np.any(np.diff(x[order]) == 0):
            raise ValueError(f"{bias.geometries[0][1] / name}: the same x stands in two rows")
        return x[order], [table[i][1:] for i in order]
    taken = []
    for text, folder in bias.geometries:
        table = rows(folder / name, columns)
        if len(table) != 1:
            raise ValueError(f"{folder / name}: {len(table)} rows; the folder of one geometry must have one")
        inside, outside = float(table[0][0]), float(text or "nan")
        if abs(inside - outside) > 1e-6 * max(1.0, abs(outside)):  # printed with six digits
            raise ValueError(f"{folder / name}: x = {inside:g} in the file, but the folder is {folder.name}")
        taken.append(table[0][1:])
    return numbers([str(text) for text, _ in bias.geometries], units.length), taken


def _columns(
    tables: Sequence[tuple[FloatArray, list[list[str]]]], biases: Sequence[Bias], x: FloatArray, name: str, unit: float
) -> tuple[FloatArray, FloatArray]:
    """Values (bias, x, column) and their rounding."""
    values, rounding = [], []
    for (other, texts_), bias in zip(tables, biases, strict=True):
        if other.shape != x.shape or np.any(other != x):
            raise ValueError(f"{bias.folder}: the x of {name} differ from those of adiabatic_force.dat")
        flat = [text for row in texts_ for text in row]
        values.append(numbers(flat, unit).reshape(x.size, -1))
        rounding.append((half_digit(flat) * unit).reshape(x.size, -1))
    return np.array(values), np.array(rounding)


def nuclei(
    x: FloatArray,
    units: Units,
    mass: float | str | None,
    frequency: float | str | None,
    bare_potential: Callable[[FloatArray], ArrayLike] | None,
) -> tuple[float | None, FloatArray | None]:
    """Mass and U_0 on the grid, None for what is not known."""
    inertia = None if mass is None else _mass(mass, units)
    omega = None if frequency is None else atomic(frequency, "energy")
    if omega is not None and not omega > 0:
        raise ValueError(f"frequency = {frequency!r} must be positive")
    if inertia is None and omega is not None and units.dimensionless:
        inertia = 1.0 / omega
    if inertia is not None and not inertia > 0:
        raise ValueError(f"mass = {mass!r} must be positive")
    if bare_potential is not None:
        values = np.asarray(bare_potential(x), dtype=float)
        if values.shape != x.shape:
            raise ValueError(f"bare_potential(x) has the shape {values.shape}; must be {x.shape}")
        return inertia, values
    if omega is None:
        return inertia, None
    if inertia is None:
        raise ValueError("frequency: U_0 = m Ω² x²/2 of a coordinate with a length needs its mass too")
    return inertia, 0.5 * inertia * omega**2 * x**2


def _mass(mass: float | str, units: Units) -> float:
    if isinstance(mass, str) and units.dimensionless and parse(mass).kind is not None:
        raise ValueError(f"mass = {mass!r}: a dimensionless x has the mass 1/Ω (ħ²/hartree), a plain number; or give frequency")
    return atomic(mass, "mass")


def label(dataset: xr.Dataset, coordinate: str, units: Units, length: str, mass: float | None) -> None:
    """Units and mass of the coordinates, as in the datasets of `electronic_forces`."""
    unit = "1" if units.dimensionless else "bohr"
    dataset[coordinate].attrs |= {"units": unit, "display_unit": length}
    dataset["mode"].attrs["coordinate_units"] = json.dumps({coordinate: unit})
    if mass is not None:
        dataset[coordinate].attrs["mass"] = mass
    if "bias" in dataset.coords:
        dataset["bias"].attrs |= {"units": "hartree", "display_unit": "V"}
