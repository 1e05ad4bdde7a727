"""A table of forces as a dataset with the names of `electronic_forces`, whatever it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nonadia.friction.dataset import LENGTH, _integral

if TYPE_CHECKING:
    from .table_request import Table


def assemble(table: Table) -> xr.Dataset:
    """mean_force, friction, noise, bare_potential (bare_force, potential), error_*; attributes method "table", converged."""
    names = [c.name for c in table.coordinates]
    lengths = ["" if c.unit == "1" else LENGTH for c in table.coordinates]
    per_length = f"/{LENGTH}" if all(lengths) else ("" if not any(lengths) else "/[coordinate]")
    squared = per_length and (f"/{LENGTH}^2" if all(lengths) else "/[coordinate]^2")
    shape = tuple(values.size for values in table.coords.values()) if table.dims != ("point",) else (len(table.points),)
    variables: dict[str, Any] = {}

    def add(name: str, extra: tuple[str, ...], array: np.ndarray, units: str, long_name: str) -> None:
        shaped = array.reshape(shape + array.shape[1:])
        variables[name] = ((*table.dims, *extra), shaped, {"units": units, "long_name": long_name})

    pair = ("mode", "mode_")
    quantities = (
        ("mean_force", "force", ("mode",), table.mean_force, f"hartree{per_length}", "mean force, without -dU_0/dx"),
        ("friction", "friction", pair, table.friction, f"hbar{squared}", "friction tensor, F = F_ad - friction·velocity"),
        ("noise", "noise", pair, table.noise, f"hartree*hbar{squared}", "noise D, <xi xi'> = 2 D delta(t-t')"),
    )
    for name, quantity, extra, array, units, long_name in quantities:
        add(name, extra, array, units, long_name)
        error = table.errors.get(quantity, np.zeros_like(array) if table.exact else None)
        if error is not None:  # a file need not say
            add(f"error_{quantity}", extra, error, units, f"error of the {quantity}")
    add("bare_potential", (), table.potential, "hartree", "U_0")
    if table.bare_force is not None:
        add("bare_force", ("mode",), table.bare_force, f"hartree{per_length}", "-dU_0/dx")
    if len(names) == 1 and table.dims != ("point",) and len(table.points) > 1:
        work, uncertain = _integral(table.points[:, 0], table.mean_force[:, 0])
        add("potential", (), table.potential - work, "hartree", "U_0 minus the integrated mean force")
        add("error_potential", (), uncertain, "hartree", "error of the integration over this grid of x")
    coordinates: dict[str, Any] = {
        name: ((name if table.dims != ("point",) else "point",), values) for name, values in table.coords.items()
    }
    coordinates |= {"mode": names, "mode_": names}
    attributes = {"method": "table", "converged": 1, "messages": json.dumps([])}
    dataset = xr.Dataset(variables, coords=coordinates, attrs=attributes)
    for coordinate, length in zip(table.coordinates, lengths, strict=True):
        dataset[coordinate.name].attrs |= {"units": length or "1", "mass": coordinate.mass, "display_unit": coordinate.unit}
    dataset["mode"].attrs["coordinate_units"] = json.dumps(dict(zip(names, [x or "1" for x in lengths], strict=True)))
    return dataset
