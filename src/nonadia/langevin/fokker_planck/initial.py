"""Densities W(x,p) to begin with: Gaussians, results of the solver, plain functions; and the box that holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.interpolate import RectBivariateSpline

from .basis import FloatArray

KEYS = ("position", "momentum", "position_variance", "momentum_variance", "temperature", "covariance")
WIDTHS = 6.0
Density = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class Initial:
    """W(x,p) on broadcast arrays, and where it lives (lower, upper, largest |p|); NaN where that is not known."""

    density: Density
    extent: tuple[float, float, float]


def initial_density(given: Mapping[str, float] | xr.Dataset | Density, mass: float) -> Initial:
    """See `fokker_planck_propagate`."""
    if isinstance(given, xr.Dataset):
        return _of_dataset(given)
    if callable(given):
        return Initial(given, (np.nan, np.nan, np.nan))
    return _gaussian(given, mass)


def _gaussian(given: Mapping[str, Any], mass: float) -> Initial:
    unknown = sorted(set(given) - set(KEYS))
    if unknown:
        raise ValueError(f"initial: {unknown[0]!r} is not known; known are {', '.join(KEYS)}")
    if "position_variance" not in given or ("momentum_variance" in given) == ("temperature" in given):
        raise ValueError(
            "initial: needs position_variance, and one of momentum_variance or temperature (k_BT); a density is smooth: "
            "for a fixed position give a small variance"
        )
    x0, p0 = float(given.get("position", 0.0)), float(given.get("momentum", 0.0))
    xx = float(given["position_variance"])
    pp = mass * float(given["temperature"]) if "temperature" in given else float(given["momentum_variance"])
    xp = float(given.get("covariance", 0.0))
    if not (xx > 0.0 and pp > 0.0 and xx * pp > xp**2):
        raise ValueError(f"initial: variances {xx:g}, {pp:g} with covariance {xp:g}; must be a positive definite matrix")
    inverse = np.linalg.inv([[xx, xp], [xp, pp]])

    def density(x: FloatArray, p: FloatArray) -> FloatArray:
        a, b = x - x0, p - p0
        exponent = inverse[0, 0] * a**2 + 2.0 * inverse[0, 1] * a * b + inverse[1, 1] * b**2
        return np.asarray(np.exp(-0.5 * exponent) * np.sqrt(np.linalg.det(inverse)) / (2.0 * np.pi))

    reach = WIDTHS * np.sqrt(xx)
    return Initial(density, (x0 - reach, x0 + reach, abs(p0) + WIDTHS * np.sqrt(pp)))


def _of_dataset(given: xr.Dataset) -> Initial:
    if "density" not in given or not {"x", "p"} <= set(given["density"].dims):
        raise ValueError("initial: a data set must hold density(x, p), as fokker_planck gives it")
    density = given["density"]
    if "time" in density.dims:
        density = density.isel(time=-1)
    x, p = density["x"].values, density["p"].values
    spline = RectBivariateSpline(x, p, density.transpose("x", "p").values, kx=5, ky=5)

    def values(a: FloatArray, b: FloatArray) -> FloatArray:
        found = spline(np.clip(a, x[0], x[-1]).ravel(), np.clip(b, p[0], p[-1]).ravel())
        inside = (a >= x[0]) & (a <= x[-1]) & (np.abs(b) <= p[-1])
        return np.asarray(found * inside)

    return Initial(values, (float(x[0]), float(x[-1]), float(p[-1])))
