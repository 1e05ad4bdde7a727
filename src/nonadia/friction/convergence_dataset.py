"""A convergence study as one labelled dataset: dimensions tier and poles before those of the grid."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ..models.frozen import FloatArray
from ..models.junction import Junction
from .evaluate import QUANTITIES, GridForces
from .grid import Grid

NAMES = {"force": "mean_force", "friction": "friction", "noise": "noise"}


@dataclass(frozen=True)
class Cell:
    """One pair of tiers and poles: values, size of the hierarchy (real unknowns), seconds."""

    values: GridForces
    unknowns: int
    wall_time: float


@dataclass(frozen=True)
class Study:
    """Everything measured; pairs (i, j) number the entries of `tiers` and `poles`, those that failed are absent.

    exponents: per lead and sign, for each number of poles; errors and fluctuation_dissipation are relative; reference and
    reference_errors: the values (as in GridForces) and relative errors of what the others are compared with.
    """

    tiers: list[int]
    poles: list[int]
    exponents: list[int]
    cells: dict[tuple[int, int], Cell]
    errors: dict[tuple[int, int], dict[str, float]]
    fluctuation_dissipation: dict[tuple[int, int], float]
    reference: dict[str, FloatArray]
    reference_errors: dict[str, float]


def assemble_study(model: Junction, grid: Grid, study: Study, attributes: dict[str, Any]) -> xr.Dataset:
    """The dataset of `convergence_study`: atomic units, `units` on every variable, NaN where nothing was computed."""
    names = [c.name for c in model.coordinates]
    pair, table = ("tier", "poles"), (len(study.tiers), len(study.poles))
    variables: dict[str, tuple[tuple[str, ...], FloatArray, dict[str, str]]] = {}

    def add(name: str, dims: tuple[str, ...], values: FloatArray, units: str, long_name: str) -> None:
        variables[name] = (dims, values, {"units": units, "long_name": long_name})

    def over_pairs(values: dict[tuple[int, int], float]) -> FloatArray:
        out = np.full(table, np.nan)
        for cell, value in values.items():
            out[cell] = value
        return out

    powers = sum(c.unit != "1" for c in model.coordinates)
    length = "/bohr" if powers == len(names) else ("" if powers == 0 else "/[coordinate]")
    units = {"force": f"hartree{length}", "friction": f"hbar{length and length + '^2'}"}
    units["noise"] = f"hartree*{units['friction']}"
    for quantity in QUANTITIES:
        add(
            f"error_{quantity}",
            pair,
            over_pairs({cell: error[quantity] for cell, error in study.errors.items()}),
            "1",
            f"largest error of the {quantity} over the grid, relative to its largest magnitude",
        )
        error = np.array(study.reference_errors[quantity])
        add(f"reference_error_{quantity}", (), error, "1", f"the same of the {quantity} that others are compared with")
        components = ("mode",) if quantity == "force" else ("mode", "mode_")
        known = study.reference[quantity]
        shape = grid.shape + known.shape[1:]
        values = np.full((*table, *shape), np.nan)
        for cell, solved in study.cells.items():
            values[cell] = getattr(solved.values, quantity).reshape(shape)
        add(NAMES[quantity], (*pair, *grid.dims, *components), values, units[quantity], f"electronic {quantity}")
        add(f"reference_{NAMES[quantity]}", (*grid.dims, *components), known.reshape(shape), units[quantity], "reference")
    broken = over_pairs(study.fluctuation_dissipation)
    if np.isfinite(broken).any():
        law = "max|D/k_BT - friction| relative to the largest friction; 0 at equilibrium"
        add("fluctuation_dissipation", pair, broken, "1", law)
    sizes = {cell: float(solved.unknowns) for cell, solved in study.cells.items()}
    add("unknowns", pair, over_pairs(sizes), "1", "real unknowns of the hierarchy")
    times = {cell: solved.wall_time for cell, solved in study.cells.items()}
    add("wall_time", pair, over_pairs(times), "s", "time for the whole grid")
    add("exponents", ("poles",), np.array(study.exponents, dtype=float), "1", "exponents per lead and sign, band included")

    coordinates: dict[str, Any] = dict(grid.coordinates(names))
    coordinates |= {"tier": study.tiers, "poles": study.poles, "mode": names, "mode_": names}
    dataset = xr.Dataset(variables, coordinates)
    dataset.attrs = {k: v if isinstance(v, str | int | float) else json.dumps(v) for k, v in attributes.items()}
    for coordinate in model.coordinates:
        unit = "1" if coordinate.unit == "1" else "bohr"
        dataset[coordinate.name].attrs |= {"units": unit, "mass": coordinate.mass, "display_unit": coordinate.unit}
    return dataset
