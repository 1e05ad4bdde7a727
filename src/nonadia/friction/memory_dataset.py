"""Memory kernels → one labelled dataset. Atomic units; every variable carries `units`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from ..heom.reduction import Reduced
from ..models.frozen import ComplexArray, FloatArray
from ..models.junction import Junction
from .dataset import LENGTH, _plain
from .grid import Grid
from .memory_evaluate import KERNELS, GridKernels

MEANING = {
    "friction_kernel": "memory kernel gamma(t) of the friction",
    "noise_kernel": "correlation D(t) of the noise, t >= 0",
    "friction_spectrum": "integral of exp(i w t) gamma(t) over t > 0",
    "noise_spectrum": "integral of exp(i w t) D(t) over t > 0",
}


def assemble(
    model: Junction,
    grid: Grid,
    time: FloatArray,
    frequency: FloatArray,
    kernels: GridKernels,
    errors: dict[str, FloatArray],
    short: Sequence[Reduced],
    attributes: dict[str, Any],
) -> xr.Dataset:
    """The dataset of `memory_kernels`; shapes (grid axes, time | frequency | exponent, mode, mode_)."""
    names = [c.name for c in model.coordinates]
    lengths = [c.unit != "1" for c in model.coordinates]
    squared = f"/{LENGTH}^2" if all(lengths) else ("/[coordinate]^2" if any(lengths) else "")
    units = {
        "friction_kernel": f"hartree{squared}",
        "noise_kernel": f"hartree^2{squared}",
        "friction_spectrum": f"hbar{squared}",
        "noise_spectrum": f"hartree*hbar{squared}",
    }
    pair = ("mode", "mode_")
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {}

    def add(name: str, extra: tuple[str, ...], array: np.ndarray, unit: str, long_name: str) -> None:
        shaped = array.reshape(grid.shape + array.shape[1:])
        variables[name] = ((*grid.dims, *extra), shaped, {"units": unit, "long_name": long_name})

    for name in KERNELS:
        axis = "time" if name.endswith("_kernel") else "frequency"
        add(name, (axis, *pair), kernels.total(name), units[name], MEANING[name])
        for p, part in enumerate(("molecule", "coupling")):
            what = "molecular" if part == "molecule" else part
            add(f"{name}_{part}", (axis, *pair), kernels.parts(name)[:, :, p], units[name], f"{what} force side")
        add(f"error_{name}", (axis, *pair), errors[name], units[name], f"estimated error of the {name.replace('_', ' ')}")
    rates, amplitudes, counts = exponents_of(short, len(names))
    add("rate", ("exponent",), rates, "hartree/hbar", "complex decay rates of the exponential representation")
    for kind, which in (("friction", 0), ("noise", 1)):
        meaning = f"amplitudes: {kind}_kernel = Re sum of amplitude exp(-rate t)"
        add(f"{kind}_amplitude", ("exponent", *pair), amplitudes[..., which, :], units[f"{kind}_kernel"], meaning)
    add("exponent_count", (), counts, "1", "number of exponents in use; further amplitudes are zero")

    coordinates: dict[str, Any] = dict(grid.coordinates(names))
    coordinates |= {"time": time, "frequency": frequency, "mode": names, "mode_": names}
    dataset = xr.Dataset(variables, coords=coordinates, attrs=_plain(attributes))
    for coordinate, length in zip(model.coordinates, lengths, strict=True):
        dataset[coordinate.name].attrs |= {"units": LENGTH if length else "1", "display_unit": coordinate.unit}
    dataset["time"].attrs["units"] = "hbar/hartree"
    dataset["frequency"].attrs["units"] = "hartree/hbar"
    return dataset


def exponents_of(short: Sequence[Reduced], coordinates: int) -> tuple[ComplexArray, ComplexArray, np.ndarray]:
    """Rates (N, K), amplitudes (N, K, c, 2, c) of whole forces, and the number in use (N,), slowest first.

    Geometries with fewer exponents repeat their last rate with amplitude zero, so that sums over all K are right.
    """
    counts = np.array([len(system.matrix) for system in short])
    rates = np.empty((len(short), counts.max()), dtype=complex)
    amplitudes = np.zeros((*rates.shape, coordinates, 2, coordinates), dtype=complex)
    for i, system in enumerate(short):
        found, parts = system.modes()
        order = np.lexsort((found.imag, np.round(found.real, 14)))
        whole = parts.reshape(found.size, 2, coordinates, 2, coordinates).sum(axis=1)
        rates[i, : found.size], amplitudes[i, : found.size] = found[order], whole[order]
        rates[i, found.size :] = found[order][-1]
    return rates, amplitudes, counts
