"""Datasets of forces from known functions, in the form of `electronic_forces`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

Array = np.ndarray


def dataset(axes: Mapping[str, Array], names: tuple[str, ...], **functions: Callable[..., Any]) -> xr.Dataset:
    """Variables of functions of the mesh (one array for each axis, in order), each returning nested lists of components."""
    mesh = np.meshgrid(*axes.values(), indexing="ij")
    extra = {"current": ("lead",), "mean_force": ("mode",), "bare_force": ("mode",), "bare_potential": ()}
    variables = {}
    for name, function in functions.items():
        dims = extra.get(name, ("mode", "mode_"))
        values = np.asarray(_filled(function(*mesh), mesh[0].shape))
        variables[name] = ((*axes, *dims), np.moveaxis(values, range(len(dims)), range(-len(dims), 0)))
    coordinates: dict[str, Any] = {name: ((name,), values) for name, values in axes.items()}
    coordinates |= {"mode": list(names), "mode_": list(names)}
    if "current" in functions:
        coordinates["lead"] = ["L", "R"]
    found = xr.Dataset(variables, coords=coordinates)
    for name in names:
        found[name].attrs |= {"units": "bohr", "mass": 2000.0}
    return found


def _filled(value: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(value, list):
        return [_filled(v, shape) for v in value]
    return np.broadcast_to(np.asarray(value, dtype=float), shape)


def force(x: Array) -> Array:
    return -0.3 * np.tanh(1.3 * (x - 0.4))


def friction(x: Array) -> Array:
    """Negative between about -2 and -1."""
    return 0.5 + np.exp(-((x - 1.0) ** 2)) - 1.2 * np.exp(-2.0 * (x + 1.5) ** 2)


def noise(x: Array) -> Array:
    return 0.02 + 0.1 / np.cosh(2.0 * (x - 0.5)) ** 2


def bare(x: Array) -> Array:
    return 0.02 * x**2 + 0.01 * np.cos(1.7 * x)


def bare_force(x: Array) -> Array:
    return -0.04 * x + 0.017 * np.sin(1.7 * x)


def line(x: Array, **more: Callable[..., Any]) -> xr.Dataset:
    """One coordinate, U_0 known at the points only."""
    parts: dict[str, Callable[..., Any]] = {
        "mean_force": lambda x: [force(x)],
        "friction": lambda x: [[friction(x)]],
        "noise": lambda x: [[noise(x)]],
        "bare_potential": bare,
        "current": lambda x: [0.1 * np.cos(x), -0.1 * np.cos(x)],
    }
    return dataset({"x": x}, ("x",), **(parts | more))
