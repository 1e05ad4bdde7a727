"""Sampled memory kernels as sums of exponentials: what the generalised Langevin equation needs of another program's kernels.

    γ(t) ≈ Re Σ_k a_k e^{-r_k t},   D(t) ≈ Re Σ_k d_k e^{-r_k t}        the same rates r_k for both, at each x

Rates by the shift invariance of the signal subspace (ESPRIT: Roy and Kailath, IEEE Trans. ASSP 37, 984 (1989)) of the Hankel
matrices of both kernels side by side; amplitudes by least squares. As many exponents as the tolerance needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from .force_text import FloatArray

if TYPE_CHECKING:
    import xarray as xr

ComplexArray = NDArray[np.complex128]

SAMPLES = 500  # equal times at most, for the Hankel matrices


def kernel_exponents(dataset: xr.Dataset, tolerance: float = 1e-3, most: int = 24) -> xr.Dataset:
    """The dataset of `read_kernel_data` with rate, friction_amplitude, noise_amplitude, as `memory_kernels` has them.

    tolerance : largest error of each kernel at its times, relative to its largest magnitude at that x. most : of exponents.
    Kernels should have decayed at the last time: what is left there goes on as the slowest exponent says. Attributes tolerance,
    exponential_error (the achieved one). Errors: ValueError where `most` exponents do not reach the tolerance; naming x.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance} must lie between 0 and 1")
    if "friction_kernel" not in dataset or "noise_kernel" not in dataset or dataset.sizes.get("mode") != 1:
        raise ValueError("dataset: friction_kernel and noise_kernel of one coordinate are needed, as of read_kernel_data")
    outer = [str(d) for d in dataset["friction_kernel"].dims if d not in ("time", "mode", "mode_")]
    time = np.asarray(dataset["time"].values, dtype=float)
    if time.size < 8 or np.any(np.diff(time) <= 0):
        raise ValueError(f"dataset: {time.size} times; at least 8 rising ones are needed")
    both = [dataset[f"{name}_kernel"].transpose(*outer, "time", ...) for name in ("friction", "noise")]
    shape = both[0].shape[: len(outer)]
    samples = np.stack([np.asarray(kernel.values, dtype=float).reshape(-1, time.size) for kernel in both], axis=1)

    found = []
    for number, pair in enumerate(samples):
        rates, amplitudes, error = fit(time, pair, tolerance, most)
        if not error <= tolerance:
            at = np.unravel_index(number, shape)
            where = ", ".join(f"{d} = {dataset[d].values[i]:.6g}" for d, i in zip(outer, at, strict=True))
            raise ValueError(
                f"kernels at {where}: {most} exponents have an error of {error:.1e}, not {tolerance:.1e}; "
                "raise the tolerance, or give more times, closer together or further"
            )
        found.append((rates, amplitudes, error))
    size = max(rates.size for rates, _, _ in found)
    rate = np.stack([np.append(r, np.full(size - r.size, r[-1])) for r, _, _ in found])
    parts = np.stack([np.hstack([a, np.zeros((2, size - a.shape[1]))]) for _, a, _ in found])
    counts = np.array([r.size for r, _, _ in found]).reshape(shape)
    said = {"units": "hartree/hbar", "long_name": "complex decay rates of the exponential representation"}
    added = {"rate": ((*outer, "exponent"), rate.reshape(*shape, size), said)}
    for i, name in enumerate(("friction", "noise")):
        meaning = f"amplitudes: {name}_kernel = Re sum of amplitude exp(-rate t)"
        dims = (*outer, "exponent", "mode", "mode_")
        units = {"units": both[i].attrs.get("units", ""), "long_name": meaning}
        added[f"{name}_amplitude"] = (dims, parts[:, i].reshape(*shape, size, 1, 1), units)
    out = dataset.assign(added)
    out["exponent_count"] = (tuple(outer), counts, {"units": "1", "long_name": "number of exponents in use"})
    return out.assign_attrs(tolerance=tolerance, exponential_error=max(error for _, _, error in found))


def fit(time: FloatArray, pair: FloatArray, tolerance: float, most: int) -> tuple[ComplexArray, ComplexArray, float]:
    """Rates (K,), slowest first, amplitudes (2, K) and the error of two kernels pair (2, T), at their own times.

    The fewest exponents that reach the tolerance, or the best of up to `most`.
    """
    scale = np.abs(pair).max(axis=1)
    scaled = pair / np.where(scale > 0, scale, 1.0)[:, None]
    even = np.linspace(time[0], time[-1], time.size)
    if np.allclose(time, even, rtol=0.0, atol=1e-9 * time[-1]):
        stride = -(-time.size // SAMPLES)
        even, signal = even[::stride], scaled[:, ::stride]
    else:
        even = np.linspace(time[0], time[-1], SAMPLES)
        signal = CubicSpline(time, scaled, axis=1)(even)
    rows = even.size // 2
    hankel = np.hstack([np.lib.stride_tricks.sliding_window_view(s, even.size - rows + 1) for s in signal])
    space = np.linalg.svd(hankel, full_matrices=False)[0]
    best: tuple[ComplexArray, ComplexArray, float] | None = None
    for count in range(1, min(most, rows - 1) + 1):
        shift = np.linalg.lstsq(space[:-1, :count], space[1:, :count], rcond=None)[0]
        factors = np.linalg.eigvals(shift)
        inside = factors[(np.abs(factors) < 1.0) & (np.abs(factors) > 1e-12) & ~((factors.imag == 0) & (factors.real < 0))]
        if not inside.size:
            continue
        rates = -np.log(inside.astype(complex)) / (even[1] - even[0])
        rates = rates[np.lexsort((rates.imag, np.round(rates.real, 14)))]
        waves = np.exp(-np.multiply.outer(time, rates))
        amplitudes = np.linalg.lstsq(waves, scaled.T.astype(complex), rcond=None)[0].T
        error = float(np.abs((waves @ amplitudes.T).real.T - scaled).max())
        if best is None or error < best[2]:
            best = rates, amplitudes * scale[:, None], error
        if error <= tolerance:
            break
    if best is None:
        return np.ones(1, dtype=complex) / time[-1], np.zeros((2, 1), dtype=complex), float(np.abs(scaled).max())
    return best
