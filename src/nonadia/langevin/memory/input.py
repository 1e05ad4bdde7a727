"""What may be given as a memory: amplitudes in several shapes, a grid, the dataset of `memory_kernels`; checked here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..field import FloatArray
from .realisation import ComplexArray

if TYPE_CHECKING:
    import xarray as xr

Amplitudes = ArrayLike | Callable[[FloatArray], ArrayLike]


def axes_of(grid: Mapping[str, ArrayLike], names: Sequence[str]) -> tuple[FloatArray, ...]:
    if set(grid) != set(names):
        raise ValueError(f"grid: the coordinates {sorted(grid)}; must be {sorted(names)}")
    axes = tuple(np.asarray(grid[name], dtype=float) for name in names)
    for name, axis in zip(names, axes, strict=True):
        if axis.ndim != 1 or axis.size < 2 or not np.all(np.isfinite(axis)) or not np.all(np.diff(axis) > 0):
            raise ValueError(f"grid: {name} must be at least two increasing finite values")
    return axes


def amplitudes(
    value: Amplitudes, name: str, points: FloatArray, grid: tuple[int, ...], count: int, c: int
) -> ComplexArray:
    """(X, K, c, c): constants repeated at all points."""
    if callable(value):
        return shaped(np.asarray(value(points)), name, (len(points),), count, c)
    array = np.asarray(value)
    leading = grid if grid and array.shape[: len(grid)] == grid and array.ndim > len(grid) else ()
    found = shaped(array, name, leading, count, c)
    return np.asarray(np.broadcast_to(found.reshape(-1, count, c, c), (len(points), count, c, c)))


def shaped(array: np.ndarray, name: str, leading: tuple[int, ...], count: int, c: int) -> ComplexArray:
    """(…, K, c, c) from (…, K), a multiple of the unit matrix, or (…, K, c, c)."""
    array = np.asarray(array, dtype=complex)
    if array.shape == () and count == 1 and not leading:
        array = array.reshape(1)
    if array.shape == (*leading, count):
        array = array[..., None, None] * np.eye(c)
    if array.shape != (*leading, count, c, c):
        raise ValueError(
            f"{name}: amplitudes of shape {array.shape}; must be {(*leading, count)} or {(*leading, count, c, c)} "
            f"for {count} rates"
        )
    return array


def own_errors(kernels: xr.Dataset) -> dict[str, float]:
    """Stated errors of the kernels in a dataset, relative to their largest magnitude, exponents included."""
    found = {}
    relative = kernels.attrs.get("relative_error", "{}")
    relative = json.loads(relative) if isinstance(relative, str) else dict(relative)
    for name in ("friction", "noise"):
        own = max(float(relative.get(f"{name}_{kind}", 0.0)) for kind in ("kernel", "spectrum"))
        found[name] = own + float(kernels.attrs.get("exponential_error", 0.0))
    return found


def one_temperature(kernels: xr.Dataset) -> float | None:
    """k_BT where all leads have the same temperature and chemical potential."""
    values = []
    for key in ("temperature", "chemical_potential"):
        value = kernels.attrs.get(key)
        if value is None:
            return None
        values.append(np.atleast_1d(np.asarray(json.loads(value) if isinstance(value, str) else value, dtype=float)))
    if np.ptp(values[0]) > 0 or np.ptp(values[1]) > 0:
        return None
    return float(values[0][0])
