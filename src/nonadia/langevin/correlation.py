"""Correlations in time from stored trajectories, with the statistical error that independent trajectories give.

    C_ij(t) = ⟨v_i(t_0 + t) v_j(t_0)⟩,    Δ_i(t) = ⟨(x_i(t_0 + t) - x_i(t_0))²⟩

t_0 is the first stored time, or every stored time ("all": for stationary trajectories). The mean over t_0 is taken within each
trajectory; the error is the standard error of these means over trajectories, which are independent. Neighbouring lags are
correlated with each other. Atomic units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import irfft, next_fast_len, rfft

from .dataset_units import LENGTH
from .field import FloatArray

if TYPE_CHECKING:
    import xarray as xr

ORIGINS = ("first", "all")


def velocity_autocorrelation(result: xr.Dataset, origins: str = "all") -> xr.Dataset:
    """C_ij(t) of a result of `na.langevin` that holds trajectories (keep > 0); see `velocity_correlation`.

    Variables velocity_autocorrelation, mean_square_displacement and error_ of both; dimensions lag, mode, mode_.
    Attributes: trajectories used, and left out because they left the table.
    """
    import xarray as xr

    if "trajectory_momentum" not in result:
        raise ValueError("result: no variable trajectory_momentum; trajectories are stored on request (keep)")
    stored = [result[f"trajectory_{name}"].transpose("time", "stored", "mode").values for name in ("position", "momentum")]
    whole = np.isfinite(stored[1]).all(axis=(0, 2))
    time = np.asarray(result["time"].values, dtype=float)
    momenta = stored[1][:, whole]
    lag, value, error = velocity_correlation(momenta, time, result["mode"].attrs["mass"], origins)
    _, moved, moved_error = mean_square_displacement(stored[0][:, whole], time, origins)
    pair = ("lag", "mode", "mode_")
    unit = result["trajectory_position"].attrs.get("units", LENGTH)
    units = {"units": "(hartree/hbar)^2" if unit == "1" else f"({unit}*hartree/hbar)^2"}
    squared = {"units": "1" if unit == "1" else f"{unit}^2"}
    modes = result["mode"].values
    return xr.Dataset(
        {
            "velocity_autocorrelation": (pair, value, units | {"long_name": "<v_i(t) v_j(0)>"}),
            "error_velocity_autocorrelation": (pair, error, units | {"long_name": "standard error of <v_i(t) v_j(0)>"}),
            "mean_square_displacement": (pair[:2], moved, squared | {"long_name": "<(x_i(t) - x_i(0))^2>"}),
            "error_mean_square_displacement": (pair[:2], moved_error, squared | {"long_name": "standard error of it"}),
        },
        coords={"lag": ("lag", lag, {"units": "hbar/hartree"}), "mode": modes, "mode_": modes},
        attrs={"origins": origins, "trajectories": int(whole.sum()), "left_out": int(np.sum(~whole))},
    )


def velocity_correlation(
    momenta: FloatArray, time: ArrayLike, masses: ArrayLike, origins: str = "all"
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lags t (T,), C (T, c, c) and its standard error, from momenta (T, n, c) of n independent trajectories at equal intervals.

    Errors: ValueError for fewer than two trajectories, unequal intervals, values that are not finite.
    """
    velocity, lag = _checked(momenta / np.asarray(masses, dtype=float), time, origins)
    if origins == "first":
        products = np.einsum("tni,nj->tnij", velocity, velocity[0])
    else:
        products = _over_origins(velocity, velocity) / _origins(lag)[:, None, None, None]
    return lag, *_mean(products)


def mean_square_displacement(
    positions: FloatArray, time: ArrayLike, origins: str = "all"
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lags t (T,), Δ (T, c) and its standard error, from positions (T, n, c); as `velocity_correlation`."""
    x, lag = _checked(positions, time, origins)
    if origins == "first":
        return lag, *_mean((x - x[0]) ** 2)
    x = x - x.mean(axis=0)  # differences do not change, rounding does
    square = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x**2, axis=0)])
    count = len(x)
    ends = square[count] - square[np.arange(count)] + square[count - np.arange(count)]
    cross = np.einsum("tnii->tni", _over_origins(x, x))
    return lag, *_mean((ends - 2.0 * cross) / _origins(lag)[:, None, None])


def _checked(values: FloatArray, time: ArrayLike, origins: str) -> tuple[FloatArray, FloatArray]:
    values, times = np.asarray(values, dtype=float), np.asarray(time, dtype=float)
    if origins not in ORIGINS:
        raise ValueError(f'origins = "{origins}"; must be "first" or "all"')
    if values.ndim != 3 or len(values) != times.size or times.size < 2:
        raise ValueError(f"trajectories of shape {values.shape}; must be ({times.size} times, trajectories, coordinates)")
    if values.shape[1] < 2:
        raise ValueError(f"{values.shape[1]} trajectories: the error of a correlation needs at least two that did not leave")
    if not np.all(np.isfinite(values)):
        raise ValueError("trajectories hold values that are not finite: take those that did not leave")
    steps = np.diff(times)
    if not np.allclose(steps, steps[0], rtol=1e-6, atol=0.0) or not steps[0] > 0:
        raise ValueError("time: the stored times must be at equal intervals")
    return values, times - times[0]


def _origins(lag: FloatArray) -> FloatArray:
    """How many pairs of times are `lag` apart."""
    return np.arange(lag.size, 0, -1, dtype=float)


def _over_origins(a: FloatArray, b: FloatArray) -> FloatArray:
    """Σ_s a_i(s + t) b_j(s) for t = 0, 1, …; (T, n, c, c) from (T, n, c)."""
    count = len(a)
    length = next_fast_len(2 * count, real=True)
    left, right = rfft(a, length, axis=0), rfft(b, length, axis=0)
    return np.asarray(irfft(left[..., :, None] * right[..., None, :].conj(), length, axis=0)[:count])


def _mean(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean over trajectories (axis 1) and its standard error."""
    return values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
