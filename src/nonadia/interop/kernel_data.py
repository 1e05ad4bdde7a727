"""Memory kernels of the published friction codes: friction_integrand_heom.dat, corrfunc_integrand_heom.dat ↔ dataset.

    m ẍ = -dU_0/dx + F(x) - ∫_0^t γ(x, t - s) ẋ(s) ds + ξ,   ⟨ξ(t) ξ(0)⟩ = D(x, t)

The files stand beside adiabatic_force.dat in the folders x_<value>/ that force_data describes: two columns without a heading,
time in ħ/energy from 0 on, and

    friction_integrand_heom.dat   t  -γ(t)     with the minus sign: friction.dat is minus the integral of its second column
    corrfunc_integrand_heom.dat   t   D(t)

at times that the writing program's adaptive step chose, in general others in every file. One classical coordinate.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from .force_data import label, missing, nuclei, same_grid, selected
from .force_folders import Bias, bias_values, find, folders
from .force_text import FloatArray, numbers, rows, texts
from .force_units import Units
from .force_write import axes, display_length, finite

if TYPE_CHECKING:
    import xarray as xr

FILES = {"friction": "friction_integrand_heom.dat", "noise": "corrfunc_integrand_heom.dat"}
SIGNS = {"friction": -1.0, "noise": 1.0}
LONG_NAME = {
    "friction": "memory kernel gamma(t) of the friction",
    "noise": "correlation D(t) of the noise, t >= 0",
}


def read_kernel_data(
    path: str | os.PathLike[str],
    *,
    time: ArrayLike | None = None,
    coordinate: str = "x",
    mass: float | str | None = None,
    energy: str = "eV",
    length: str = "1",
    bias: float | str | None = None,
) -> xr.Dataset:
    """γ(x, t) and D(x, t) of a folder of x_<value>/ or voltage_<V>eV/ folders, as `memory_kernels` gives them.

    time : times (ħ/hartree) wanted; kernels are interpolated by cubic splines in t. None: those of the files, which must then
        be the same in all of them. Other arguments as for `read_force_data`.
    Returns friction_kernel and noise_kernel (bias, x, time, mode, mode_), atomic units.
    Errors: ValueError naming the file: missing, times that do not rise from 0, `time` beyond the end of a file.
    """
    import xarray as xr

    root, units = Path(path), Units(energy, length)
    biases = selected(find(root, FILES["friction"]), bias, root)
    wanted = None if time is None else np.atleast_1d(np.asarray(time, dtype=float))
    if wanted is not None and (wanted.ndim != 1 or not np.all(np.isfinite(wanted)) or wanted.min() < 0):
        raise ValueError("time: must be a number or a 1D array of times, none of them negative")
    x = _positions(biases[0], units)
    for entry in biases:
        same_grid(x, _positions(entry, units), entry.folder, biases[0].folder)
    records = {name: [_record(f / FILES[name], name, units) for b in biases for _, f in b.geometries] for name in FILES}
    every = [record for found in records.values() for record in found]
    if wanted is None:
        wanted = every[0][1]
        for where, times, _ in every:
            if times.shape != wanted.shape or np.any(times != wanted):
                raise ValueError(f"{where}: its times differ from those of {every[0][0]}; give time = [...] to interpolate")
    outer = {} if bias_values(biases) is None else {"bias": bias_values(biases)}
    shape = (*([len(biases)] if outer else []), x.size, wanted.size, 1, 1)
    variables: dict[str, Any] = {}
    for name, found in records.items():
        values = np.array([_at(record, wanted) for record in found]).reshape(shape)
        said = {"units": units.kernels[name], "long_name": LONG_NAME[name]}
        variables[f"{name}_kernel"] = ((*outer, coordinate, "time", "mode", "mode_"), values, said)
    coordinates = {**outer, coordinate: x, "time": wanted, "mode": [coordinate], "mode_": [coordinate]}
    dataset = xr.Dataset(variables, coords=coordinates, attrs={"method": "read_kernel_data", "source": root.name})
    label(dataset, coordinate, units, length, nuclei(x, units, mass, None, None)[0])
    dataset["time"].attrs["units"] = "hbar/hartree"
    return dataset


Record = tuple[Path, FloatArray, FloatArray]


def _positions(bias: Bias, units: Units) -> FloatArray:
    if bias.geometries[0][0] is None:
        raise ValueError(f"{bias.folder}: memory kernels need a folder x_<value>/ for each geometry")
    return numbers([str(text) for text, _ in bias.geometries], units.length)


def _record(path: Path, name: str, units: Units) -> Record:
    if not path.is_file():
        missing([path.parent], path.name)
    table = rows(path, 2)
    times = numbers([row[0] for row in table], 1.0 / units.energy)
    values = SIGNS[name] * numbers([row[1] for row in table], units.energy * units.of(name))
    if times[0] != 0.0 or np.any(np.diff(times) <= 0):
        wrong = 0 if times[0] != 0.0 else int(np.argmax(np.diff(times) <= 0)) + 1
        raise ValueError(f"{path}: time {table[wrong][0]} of row {wrong + 1}; times must start at 0 and rise")
    return path, times, values


def _at(record: Record, wanted: FloatArray) -> FloatArray:
    path, times, values = record
    if times.shape == wanted.shape and np.all(times == wanted):
        return values
    if wanted.max() > times[-1]:
        raise ValueError(f"{path}: ends at t = {times[-1]:g} ħ/hartree; time up to {wanted.max():g} is wanted")
    if times.size < 4:
        raise ValueError(f"{path}: {times.size} rows; a spline in t needs four")
    return np.asarray(CubicSpline(times, values)(wanted), dtype=float)


def write_kernel_data(
    dataset: xr.Dataset, path: str | os.PathLike[str], *, energy: str = "eV", length: str | None = None
) -> list[Path]:
    """The inverse of `read_kernel_data`, from a dataset of `memory_kernels` or `read_kernel_data` with one coordinate.

    Times must start at 0. Every digit is kept: reading gives the same numbers. Returns the folders.
    """
    names: Sequence[str] = [f"{name}_kernel" for name in FILES]
    coordinate, bias = axes(dataset, names, {"time", "mode", "mode_"})
    units = Units(energy, length or display_length(dataset, coordinate))
    x, time = (np.asarray(dataset[name].values, dtype=float) for name in (coordinate, "time"))
    if time[0] != 0.0 or np.any(np.diff(time) <= 0):
        raise ValueError("dataset: time must start at 0 and rise; these files are integrated from their first row on")
    tables = {name: finite(dataset, f"{name}_kernel", coordinate, bias) for name in FILES}
    clock = texts(time, 1.0 / units.energy)
    made = folders(Path(path), x, units.length, None if bias is None else np.asarray(dataset["bias"].values, dtype=float))
    for b, row in enumerate(made):
        for i, folder in enumerate(row):
            for name, file in FILES.items():
                column = texts(SIGNS[name] * tables[name][b, i], units.energy * units.of(name))
                lines = [f"{t} {value}" for t, value in zip(clock, column, strict=True)]
                (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [folder for row in made for folder in row]
