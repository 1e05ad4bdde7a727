"""What the figures and statements of this study read from results: groups, parameters, residuals, snapshots, maxima."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from nonadia.units import FS, is_quantity, parse

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Data = Mapping[str, Any]  # name of a run → its result
RATE = 100.0 * FS  # Hartree per atomic unit of time → 1e-2 Hartree/fs
RATE_UNIT = "1e-2 Hartree/fs"
LARGE = 0.5  # of the largest density: "where |χ|² is large"
SMALL = 0.1  # "unimportant", "small" at most, "sizable" at least: an order of magnitude
SEEN = 1e-2  # of the largest density: where the packet is


def group(data: Data, run: str, name: str = "factorization") -> xr.Dataset:
    """One group of one result."""
    found: xr.Dataset = data[run][name].to_dataset()
    return found


def parameters(data: Data, run: str) -> dict[str, float]:
    """Numbers among the parameters of the run's input file, in atomic units (formulas are left out)."""
    found = {}
    for name, value in tomllib.loads(data[run].attrs["input"])["parameters"].items():
        if isinstance(value, int | float):
            found[name] = float(value)
        elif is_quantity(value):
            found[name] = parse(value).value
    return found


def cycles(fields: xr.Dataset, period: float) -> Array:
    """Times over the period."""
    return np.asarray(fields["time"].values / period)


def during(s: Array, first: float, last: float) -> Mask:
    """Where first ≤ s ≤ last, up to rounding."""
    return np.asarray((s >= first - 1e-9) & (s <= last + 1e-9))


def residual(fields: xr.Dataset, identity: str) -> float:
    """max |left - right| over max |left| of one identity along a run."""
    left, right = (fields[f"identity_{identity}_{side}"].values for side in ("lhs", "rhs"))
    return float(np.abs(left - right).max() / np.abs(left).max())


def maxima(values: Array) -> NDArray[np.int64]:
    """Indices of the local maxima, ends excluded."""
    return np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:])) + 1


def smooth(t: Array, values: Array) -> tuple[Array, Array]:
    """Eight times as many points of a curve, by a spline: for drawing only."""
    fine = np.linspace(t[0], t[-1], 8 * len(t))
    return fine, np.asarray(make_interp_spline(t, values, k=5)(fine))


@dataclass(frozen=True)
class Snapshot:
    """Fields on the grid of one coordinate at a stored time; zero where they are masked."""

    time: float
    R: Array
    n: Array
    v: Array
    F: Array

    @property
    def step(self) -> float:
        return float(self.R[1] - self.R[0])

    def mean(self, values: Array, where: Mask | None = None) -> float:
        """∫ n f / ∫ n, over a region."""
        n = self.n if where is None else np.where(where, self.n, 0.0)
        return float((n * values).sum() / n.sum())

    def marginal_energy(self, mass: float) -> float:
        """T_marg = ∫ [(∂√n)² + n (Mv)²]/(2M), from n and v alone."""
        root = np.sqrt(np.maximum(self.n, 0.0))
        k = 2 * np.pi * np.fft.fftfreq(len(root), self.step)
        change = np.fft.ifft(1j * k * np.fft.fft(root)).real
        return float((change**2 + self.n * (mass * self.v) ** 2).sum() * self.step / (2 * mass))

    def width(self) -> float:
        """Standard deviation of R."""
        return float(np.sqrt(self.mean((self.R - self.mean(self.R)) ** 2)))

    def within(self, part: float) -> Mask:
        """Where n is above this part of its maximum."""
        return np.asarray(self.n > part * self.n.max())

    def slope(self, values: Array, where: Mask) -> float:
        """Of the straight line through values that fits best with weight n."""
        return float(np.polyfit(self.R[where], values[where], 1, w=np.sqrt(self.n[where]))[0])


def snapshot(fields: xr.Dataset, time: float, coordinate: str = "R") -> Snapshot:
    """The stored fields nearest to a time (a.u.)."""
    at = int(np.argmin(np.abs(fields["snapshot"].values - time)))
    here = fields.isel(snapshot=at, coordinate=0)
    n, v, F = (np.nan_to_num(here[name].values) for name in ("density", "velocity", "force"))
    return Snapshot(float(fields["snapshot"][at]), fields[coordinate].values, n, v, F)


def above(axes: Axes, columns: int = 3) -> None:
    """The legend of one panel above it: it covers no data."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, fontsize=8, borderaxespad=0.2, columnspacing=1.1)


def letter(axes: Axes, name: str) -> None:
    """The panel's name outside its upper left corner."""
    axes.text(-0.02, 1.03, f"({name})", transform=axes.transAxes, ha="right")
