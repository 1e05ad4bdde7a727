"""Of memory kernels: the friction they add up to, and how soon they have decayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import quantities as q
from nonadia.units import FS

from . import words
from .key_forces import _unit
from .parts import Table
from .source import points
from .states import marked, unconverged

if TYPE_CHECKING:
    from .source import Source

MOST = 12  # geometries in the table; more are in the file


def tables(source: Source) -> list[Table]:
    """One row a geometry and coordinate."""
    memory = source.group("memory")
    if memory is None or "friction_kernel" not in memory or "exponent_count" not in memory:
        return []
    rows = []
    for label, case in points(memory):
        dims = [str(dim) for dim in case["exponent_count"].dims]
        flat = case.stack(geometry=dims, create_index=False) if dims else case.expand_dims("geometry")
        count = flat.sizes["geometry"]
        for i in np.unique(np.linspace(0, count - 1, min(MOST, count)).round().astype(int)):
            point = flat.isel(geometry=int(i))
            for mode in (str(name) for name in case["mode"].values):
                rows += _row(label, point, mode, dims)
    note = (
        "Static friction: the spectrum at the lowest frequency stored. Decay: the first stored time from which |γ(t)| stays "
        f"below 1/e of its largest value. At most {MOST} geometries are listed; the file has all."
    )
    head = ("sweep point", "geometry", "coordinate", "static friction", "at ħω", "decay to 1/e")
    return [marked(Table("Memory", head, rows, note), unconverged(source, "memory")).lively] if rows else []


def _row(label: str, point: object, mode: str, dims: list[str]) -> list[list[str]]:
    import xarray as xr

    assert isinstance(point, xr.Dataset)
    kernel = point["friction_kernel"].sel(mode=mode, mode_=mode).values.real
    spectrum = point["friction_spectrum"].sel(mode=mode, mode_=mode)
    error = point["error_friction_spectrum"].sel(mode=mode, mode_=mode).values
    if not np.isfinite(kernel).any():
        return []
    scale = q.friction(point, mode, mode)
    lowest = int(np.argmin(np.abs(point["frequency"].values)))
    value = float(spectrum.values[lowest].real) * scale.factor
    static = words.measured(value, float(error[lowest]) * scale.factor, _unit(scale))
    large = np.flatnonzero(np.abs(kernel) > np.abs(kernel).max() / np.e)
    after = int(large[-1]) + 1 if large.size else 0
    times = point["time"].values / FS
    decay = words.quantity(times[after], "fs") if after < times.size else f"not within {words.quantity(times[-1], 'fs')}"
    place = []
    for dim in dims:
        if dim in point.coords:
            at = q.position(point, dim) if dim in [str(m) for m in point["mode"].values] else q.Scale(1.0, "")
            place.append(f"{dim} = {words.quantity(float(point[dim].item()) * at.factor, _unit(at))}")
    energy = words.quantity(float(point["frequency"].values[lowest]) * q.ENERGY.factor, "eV")
    return [[label, ", ".join(place), mode, static, energy, decay]]
