"""Is the noise positive semi-definite between the points of a table, and what to do where it is not, within the error.

D_ij symmetric with eigenvalues ≥ 0: no random force has a negative variance. γ is never touched.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..field import FloatArray
from .spline import between, interpolate

_MOST = 1 << 20  # points looked at between those of the table
ROUNDING = 1e-12  # of the largest D


def lowest(noise: FloatArray) -> FloatArray:
    """Smallest eigenvalue of D (…, c, c)."""
    if noise.shape[-1] == 1:
        return noise[..., 0, 0]
    return np.asarray(np.linalg.eigvalsh(noise)[..., 0], dtype=float)


def judge_points(names: Sequence[str], points: FloatArray, noise: FloatArray, error: FloatArray | float) -> list[str]:
    """Messages about D (N, c, c) at points (N, axes); ValueError where an eigenvalue is below -error (N,)."""
    smallest = lowest(noise)
    size = float(np.abs(noise).max(initial=0.0))
    allowed = np.broadcast_to(np.asarray(error, dtype=float), smallest.shape) + ROUNDING * size
    worst = int(np.argmin(smallest + allowed))
    if smallest[worst] < -allowed[worst]:
        where = ", ".join(f"{name} = {value:.6g}" for name, value in zip(names, points[worst], strict=True))
        raise ValueError(
            f"noise: D is not positive semi-definite at {where}: its smallest eigenvalue {smallest[worst]:.3g} is below zero "
            f"by more than its error {allowed[worst]:.1g}; no random force has a negative variance"
        )
    if smallest.min() < -ROUNDING * size:
        where = ", ".join(f"{n} = {v:.6g}" for n, v in zip(names, points[np.argmin(smallest)], strict=True))
        below = f"{-smallest.min():.1e} (at {where})"
        return [f"note: the noise D is below zero by up to {below}, within its error; zero is used there"]
    return []


def judge_grid(
    names: Sequence[str], axes: Sequence[FloatArray], noise: FloatArray, error: float, given: FloatArray | None
) -> list[str]:
    """The same for D (grid, c, c): at its points, where only its own error `given` (grid, c, c) excuses, and between them."""
    c = noise.shape[-1]
    own = np.zeros(noise.shape[:-2]) if given is None else np.abs(given).sum(axis=-1).max(axis=-1)
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    messages = judge_points(names, mesh, noise.reshape(-1, c, c), own.ravel())
    parts = 4 if noise[..., 0, 0].size * 4 ** len(axes) <= _MOST else 2
    if noise[..., 0, 0].size * parts ** len(axes) > _MOST:
        return messages
    fine, values = [between(axis, parts) for axis in axes], noise
    for a, axis in enumerate(axes):
        values = np.moveaxis(interpolate(axis, np.moveaxis(values, a, 0))(fine[a]), 0, a)
    mesh = np.stack(np.meshgrid(*fine, indexing="ij"), axis=-1).reshape(-1, len(axes))
    found = judge_points(names, mesh, values.reshape(-1, c, c), c * error + float(own.max()))
    return found or messages


@njit(cache=True, nogil=True)
def _negative(noise: FloatArray, low: NDArray[np.bool_]) -> int:
    """Marks the points of D (N, c, c) that have no Cholesky factor; returns how many."""
    count, c = noise.shape[0], noise.shape[1]
    factor = np.empty((c, c))
    found = 0
    for i in range(count):
        low[i] = False
        for j in range(c):
            for k in range(j + 1):
                value = noise[i, j, k]
                for n in range(k):
                    value -= factor[j, n] * factor[k, n]
                if j == k:
                    if value < 0.0:
                        low[i] = True
                    factor[j, j] = np.sqrt(max(value, 0.0))
                else:
                    factor[j, k] = value / factor[k, k] if factor[k, k] > 0.0 else 0.0
                    if factor[k, k] == 0.0 and value != 0.0:
                        low[i] = True
        if low[i]:
            found += 1
    return found


def lifted(noise: FloatArray) -> FloatArray:
    """D (N, c, c) with eigenvalues below zero put to zero, in place; all other points are left as they are."""
    low = np.empty(len(noise), dtype=np.bool_)
    if _negative(noise, low):
        where = np.flatnonzero(low)
        values, vectors = np.linalg.eigh(noise[where])
        noise[where] = np.einsum("nik,nk,njk->nij", vectors, np.maximum(values, 0.0), vectors)
    return noise
