"""States in phase space → labelled dataset, atomic units; the error of X is error_X, the change by the last refinement."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from ..dataset_units import coordinate_units
from ..field import Field
from .basis import FloatArray
from .state import State, distances

# units of a dimensionless coordinate instead of those of a length
_NUMBERS = {
    "bohr": "1", "bohr^2": "1", "hbar/bohr": "hbar", "hbar^2/bohr^2": "hbar^2", "1/bohr": "1", "bohr/hbar": "1/hbar",
    "1/(bohr*time)": "1/time",
}  # fmt: skip
LABELS = {
    "kinetic_temperature": ("hartree", "k_BT = m<v²>"),
    "position": ("bohr", "mean position"),
    "position_variance": ("bohr^2", "variance of the position"),
    "momentum": ("hbar/bohr", "mean momentum"),
    "momentum_variance": ("hbar^2/bohr^2", "variance of the momentum"),
    "covariance": ("hbar", "covariance of position and momentum"),
    "kinetic_energy": ("hartree", "mean kinetic energy"),
    "potential_energy": ("hartree", "mean potential energy"),
    "energy": ("hartree", "mean energy"),
}


def assemble(
    final: State, before: State, tolerance: float, points: int, converged: bool, messages: list[str], time: float
) -> xr.Dataset:
    """The dataset of `fokker_planck`."""
    operator = final.operator
    x = np.linspace(operator.x.edges[0], operator.x.edges[-1], points)
    p = np.linspace(operator.p.edges[0], operator.p.edges[-1], points)
    variables: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], value: Any, error: Any, units: str, long_name: str) -> None:
        variables[name] = (dims, value, {"units": units, "long_name": long_name})
        if error is not None:
            variables[f"error_{name}"] = (dims, np.abs(error), {"units": units, "long_name": f"error of the {long_name}"})

    density, slope = final.density(x, p), final.density(x, p, slope=True)
    add("density", ("x", "p"), density, density - before.density(x, p), "1/hbar", "density in phase space")
    for axis, dim, y, units in (("position", "x", x, "1/bohr"), ("momentum", "p", p, "bohr/hbar")):
        value, earlier = getattr(final, f"{axis}_density")(y), getattr(before, f"{axis}_density")(y)
        add(f"{axis}_density", (dim,), value, value - earlier, units, f"density of the {axis}")
        value, earlier = getattr(final, f"{axis}_cdf")(y), getattr(before, f"{axis}_cdf")(y)
        add(f"{axis}_cdf", (dim,), value, value - earlier, "1", f"probability of a smaller {axis}")
    flow = final.position_current(x)
    add("position_current", ("x",), flow, flow - before.position_current(x), "1/time", "current of probability through x")
    force = operator.field.force(x[:, None], time)
    friction, noise = (value[:, 0] for value in operator.field.local(x[:, None], time))
    velocity = p / operator.mass
    add("current_x", ("x", "p"), velocity * density, None, "hartree/hbar^2", "current of probability along x")
    drift = (force - friction * velocity) * density - noise * slope
    add("current_p", ("x", "p"), drift, None, "1/(bohr*time)", "current of probability along p")
    one, two = final.scalars(), before.scalars()
    for name, (units, long_name) in LABELS.items():
        add(name, (), one[name], one[name] - two[name], units, long_name)
    coordinates: dict[str, Any] = {"x": x, "p": p}
    if operator.field.leads:
        coordinates["lead"] = list(operator.field.leads)
        values = [_currents(state, time) for state in (final, before)]
        add("current", ("lead",), values[0], values[0] - values[1], "hartree/hbar", "electrons per time from the lead")
    attributes = {
        "converged": int(converged),
        "tolerance": tolerance,
        "error": max(distances(before, final).values()),
        "cells": json.dumps([operator.x.edges.size - 1, operator.p.edges.size - 1]),
        "box": json.dumps([float(x[0]), float(x[-1]), float(p[-1])]),
        "most_negative": float(density.min() / density.max()),
        "coordinate": operator.field.names[0],
        "mass": operator.mass,
        "messages": json.dumps(list(dict.fromkeys(messages)), ensure_ascii=False),
    }
    dataset = xr.Dataset(variables, coords=coordinates, attrs=attributes)
    return labelled(dataset, operator.field)


def labelled(dataset: xr.Dataset, field: Field) -> xr.Dataset:
    """The dataset with units and names of its axes; of a dimensionless coordinate, all units without bohr."""
    name = field.names[0]
    axes = {"x": ("bohr", name), "p": ("hbar/bohr", f"momentum of {name}"), "time": ("hbar/hartree", "time")}
    for axis, (units, long_name) in axes.items():
        if axis in dataset.coords:
            dataset[axis].attrs |= {"units": units, "long_name": long_name}
    if coordinate_units(field)[name] == "1":
        for variable in dataset.variables.values():
            said = variable.attrs.get("units", "")
            variable.attrs["units"] = _NUMBERS.get(said, said)
    return dataset


def _currents(state: State, time: float) -> FloatArray:
    """⟨I_K(x)⟩."""
    x = state.operator.x
    values = state.operator.field.current(x.points[:, None], time)
    if values is None:
        return np.full(len(state.operator.field.leads), np.nan)
    along = state.c @ state.operator.p.moment()
    return np.asarray([x.moment(values[:, k]) @ along for k in range(values.shape[1])])
