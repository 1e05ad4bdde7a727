"""Dataset → x_<value>/ folders of electronic-force data; the format is described in force_data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..units import MICROAMPERE
from .force_folders import folders
from .force_text import FloatArray, texts
from .force_units import CURRENT, FILES, HEADING, PARTS, Units

if TYPE_CHECKING:
    import xarray as xr


def write_force_data(
    dataset: xr.Dataset, path: str | os.PathLike[str], *, energy: str = "eV", length: str | None = None
) -> list[Path]:
    """The inverse of `read_force_data`: x_<value>/ folders (below voltage_<V>eV/ for a dimension `bias`) under `path`.

    dataset : of `electronic_forces` or `read_force_data`, one coordinate: mean_force, friction, noise, and their parts and
        current where it has them. length : unit of x in the files; the coordinate's display unit by default.
    Returns the folders. Errors: ValueError for more than one coordinate, values that are not finite, or other dimensions.
    """
    coordinate, bias = axes(dataset, ("mean_force", "friction", "noise"), {"mode", "mode_", "lead"})
    units = Units(energy, length or display_length(dataset, coordinate))
    x = np.asarray(dataset[coordinate].values, dtype=float)
    files: Mapping[str, tuple[str, float, str]] = {
        f"{file}{suffix}.dat": (quantity + part, units.of(quantity), HEADING[file])
        for file, quantity in FILES.items()
        for suffix, part in PARTS.items()
        if quantity + part in dataset
    }
    if "current" in dataset:
        columns = "\t".join(f"Current_{k}" for k in range(dataset.sizes["lead"]))
        files = {**files, CURRENT: ("current", MICROAMPERE, columns)}
    tables = {
        name: (finite(dataset, variable, coordinate, bias), unit, heading)
        for name, (variable, unit, heading) in files.items()
    }
    places = texts(x, units.length)
    made = folders(Path(path), x, units.length, None if bias is None else np.asarray(dataset["bias"].values, dtype=float))
    for b, row in enumerate(made):
        for i, folder in enumerate(row):
            for name, (values, unit, heading) in tables.items():
                line = "\t".join([places[i], *texts(values[b, i], unit)])
                (folder / name).write_text(f"Coord. Val.\t{heading}\n{line}\n", encoding="utf-8")
    return [folder for row in made for folder in row]


def display_length(dataset: xr.Dataset, coordinate: str) -> str:
    """The unit in which files show x: the coordinate's display unit, bohr for lengths without one."""
    attributes = dataset[coordinate].attrs
    if attributes.get("units", "1") == "1":
        return "1"
    return str(attributes.get("display_unit", "bohr"))


def axes(dataset: xr.Dataset, needed: Sequence[str], inner: set[str]) -> tuple[str, str | None]:
    """Names of the coordinate and of the bias (None without), of a dataset of one coordinate."""
    absent = [name for name in needed if name not in dataset]
    if absent:
        raise ValueError(f"dataset: {', '.join(absent)} missing; these files need {', '.join(needed)}")
    if dataset.sizes["mode"] != 1:
        raise ValueError(f"dataset: {dataset.sizes['mode']} coordinates; x_<value>/ folders hold one coordinate")
    outer = [str(d) for d in dataset[needed[0]].dims if d not in inner]
    bias = "bias" if "bias" in outer else None
    coordinates = [d for d in outer if d != "bias"]
    if len(coordinates) != 1 or coordinates[0] not in dataset.coords:
        raise ValueError(f"dataset: dimensions {outer}; must be one coordinate, with or without a dimension bias")
    return coordinates[0], bias


def finite(dataset: xr.Dataset, variable: str, coordinate: str, bias: str | None) -> FloatArray:
    """Values (bias, x, …) of a variable, flat in its further dimensions."""
    array = dataset[variable]
    array = array.transpose(*([bias] if bias else []), coordinate, ...)
    biases = dataset.sizes[bias] if bias else 1
    values = np.asarray(array.values, dtype=float).reshape(biases, dataset.sizes[coordinate], -1)
    if not np.all(np.isfinite(values)):
        raise ValueError(f"dataset: {variable} holds values that are not finite; remove these {coordinate} before writing")
    return values
