"""A closed system's result as a list of cases, and what every one of their figures asks: times, axes, snapshots, windows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..units import FS
from . import PlotError, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Array = np.ndarray
SURFACES = (style.OKABE_ITO[4], style.OKABE_ITO[1], style.OKABE_ITO[3], style.OKABE_ITO[5])
GROUPS = ("wavepacket", "factorization", "trajectories")
DENSE = 1e-3  # of the largest density: where fields are looked at
_NAME = re.compile(r"([A-Za-z]+)_?(\d+)")


@dataclass(frozen=True)
class ClosedCase:
    """One combination of swept parameters; a group that the result does not hold is an empty dataset.

    instants: the times (fs) at which snapshots were asked for; empty: each figure chooses its own.
    """

    label: str
    packet: xr.Dataset
    fields: xr.Dataset
    paths: xr.Dataset
    instants: tuple[float, ...] = ()

    @property
    def tail(self) -> str:
        """'-gap-0.02' behind the stem of a file; empty without a sweep."""
        text = "".join(c for c in self.label.replace(" = ", "-").replace(", ", "_") if c.isalnum() or c in "-_.+")
        return f"-{text}" if text else ""

    @property
    def coordinates(self) -> list[str]:
        """Names of the nuclear coordinates."""
        for data in (self.fields, self.packet, self.paths):
            if "coordinate" in data.coords:
                return [str(name) for name in data["coordinate"].values]
        raise PlotError("holds no names of nuclear coordinates (coordinate `coordinate` of the groups)")

    def nuclear(self, name: str) -> Array:
        """Grid of one nuclear coordinate, bohr."""
        return np.asarray((self.packet if name in self.packet.coords else self.fields)[name].values)


def split(tree: xr.DataTree, instants: Sequence[float] = ()) -> list[ClosedCase]:
    """The computed cases in sweep order, those without numbers left out; `instants` in atomic units of time."""
    import xarray as xr

    groups = [tree[name].to_dataset() if name in tree.children else xr.Dataset() for name in GROUPS]
    sweep: dict[str, tuple[int, list[str]]] = {}
    for data in groups:
        for dim in data.dims:
            if f"{dim}_label" in data.coords:
                sweep[str(dim)] = (data.sizes[dim], [str(label) for label in data[f"{dim}_label"].values])
    cases = []
    for index in np.ndindex(tuple(size for size, _ in sweep.values())):
        point = dict(zip(sweep, index, strict=True))
        parts = [data.isel(point, missing_dims="ignore") for data in groups]
        if not any(bool(np.isfinite(var.values).any()) for data in parts for var in data.data_vars.values() if _real(var)):
            continue
        label = ", ".join(f"{dim} = {sweep[dim][1][i]}" for dim, i in point.items())
        cases.append(ClosedCase(label, parts[0], parts[1], parts[2], tuple(time / FS for time in instants)))
    if not cases:
        raise PlotError("holds no finished sweep point; continue the run with --resume")
    return cases


def _real(var: xr.DataArray) -> bool:
    return var.dtype.kind == "f"


def has(data: xr.Dataset, *names: str) -> bool:
    """Whether all of these variables are there with at least one number each."""
    return all(name in data and data[name].size > 0 and bool(np.isfinite(data[name].values).any()) for name in names)


def times(data: xr.Dataset, name: str) -> Array:
    """Times of one variable in fs: of the stored snapshots for fields, of every stored step otherwise."""
    along = time_dim(data, name)
    return np.asarray(data[along].values, dtype=float) / FS


def time_dim(data: xr.Dataset, name: str) -> str:
    """The dimension of time of a variable."""
    return "snapshot" if "snapshot" in data[name].dims else "time"


def symbol(name: str) -> str:
    """'X1' → $X_1$, 'R' → $R$; other names as they are."""
    found = _NAME.fullmatch(name)
    if found:
        return f"${found[1]}_{{{found[2]}}}$"
    return f"${name}$" if len(name) == 1 else name


def label_of(case: ClosedCase, name: str) -> str:
    """Axis label of a nuclear or electronic coordinate."""
    for data in (case.packet, case.fields):
        if name in data.coords:
            unit = str(data[name].attrs.get("units", "bohr"))
            return f"{symbol(name)} ({unit})" if unit not in ("1", "") else symbol(name)
    return f"{symbol(name)} (bohr)"


def density(case: ClosedCase) -> tuple[Array, Array]:
    """(times in fs, n(t, R...) with zeros where it is masked): of every stored step if there is one, else of the snapshots."""
    for data, name in ((case.packet, "reduced_density"), (case.fields, "density")):
        if has(data, name):
            values = data[name].transpose(time_dim(data, name), *case.coordinates).values
            return times(data, name), np.nan_to_num(values)
    raise PlotError("holds no density of the nuclei (reduced_density of /wavepacket, density of /factorization)")


def surfaces(case: ClosedCase) -> Array | None:
    """Adiabatic energies (surface, R) of one coordinate, Hartree; None where the result holds none."""
    if not has(case.packet, "adiabatic_energy"):
        return None
    return np.asarray(case.packet["adiabatic_energy"].transpose("surface", *case.coordinates).values)


def surface_colour(number: int) -> str:
    """The colour of one BO surface (counted from 0) in every figure."""
    return SURFACES[number % len(SURFACES)]


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of 0 … count-1, with both ends."""
    return sorted({round(float(i)) for i in np.linspace(0, count - 1, min(most, count))})


def snapshots(case: ClosedCase, t: Array, most: int) -> list[int]:
    """Indices of the stored times (fs) to show: those nearest to the instants asked for, else `most` of them, evenly."""
    if case.instants:
        return sorted({nearest(t, instant) for instant in case.instants})
    return evenly(t.size, most)


def window(values: Array, where: Array, level: float = 1e-4, margin: float = 0.08) -> tuple[float, float]:
    """The part of an axis in which a density (…, R) ever exceeds `level` of its maximum, with a margin."""
    ever = np.nan_to_num(values).reshape(-1, where.size).max(axis=0)
    inside = where[ever > level * ever.max()]
    if inside.size < 2:
        return float(where[0]), float(where[-1])
    space = margin * float(np.ptp(inside))
    return max(float(where[0]), float(inside[0]) - space), min(float(where[-1]), float(inside[-1]) + space)


def quantile(values: Array, weights: Array, part: float) -> float:
    """The value below which lies this part of the weight."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, part * total[-1])])


def maxima(t: Array, values: Array) -> list[int]:
    """Indices of the local maxima above a quarter of the largest value, in order of time, ends excluded.

    Of maxima closer than a tenth of the run the highest counts: ripples are no events.
    """
    inner = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:])) + 1
    high = [int(i) for i in inner if values[i] > 0.25 * np.nanmax(values)]
    apart = 0.1 * float(t[-1] - t[0])
    kept: list[int] = []
    for i in sorted(high, key=lambda i: -values[i]):
        if all(abs(t[i] - t[j]) > apart for j in kept):
            kept.append(i)
    return sorted(kept)


def nearest(t: Array, instant: float) -> int:
    """Index of the stored time closest to an instant."""
    return int(np.argmin(np.abs(t - instant)))


def limits(axes: Axes, *curves: Array, margin: float = 0.08) -> None:
    """y range of an axis from the finite values given."""
    every = np.concatenate([np.ravel(curve) for curve in curves])
    found = every[np.isfinite(every)]
    if found.size:
        low, high = float(found.min()), float(found.max())
        space = margin * (high - low) or 1.0
        axes.set_ylim(low - space, high + space)
