"""A dataset of forces → plain arrays for the table, with every reason to refuse it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..field import FloatArray
from .spline import FEWEST

if TYPE_CHECKING:
    import xarray as xr

Drive = Callable[[float], float]
Masses = float | Mapping[str, float] | ArrayLike
SIDES = ("lower", "upper")
KINDS = ("none", "free", "constant", "linear")
TIME = "time"


@dataclass(frozen=True)
class Driven:
    """An axis of the table that time moves along; no function: the axis is time itself."""

    name: str
    points: FloatArray
    function: Drive | None

    def at(self, t: float) -> float:
        """Where on the axis, at time t. ValueError outside the table."""
        value = t if self.function is None else float(self.function(t))
        low, high = self.points[0], self.points[-1]
        slack = 1e-12 * (high - low)
        if not low - slack <= value <= high + slack:
            raise ValueError(f"{self.name} = {value:.6g} at t = {t:.6g} is outside the table, {low:.6g} to {high:.6g}")
        return min(max(value, low), high)


@dataclass(frozen=True)
class TableData:
    """Arrays over `grid` = (driven axes, coordinates): force (grid, c), friction and noise (grid, c, c), current (grid, K),
    potential U_0 (grid), bare_force -∂U_0/∂x (grid, c), error_noise (grid, c, c); None where the dataset has none."""

    names: tuple[str, ...]
    masses: FloatArray
    leads: tuple[str, ...]
    driven: tuple[Driven, ...]
    axes: tuple[FloatArray, ...]
    force: FloatArray
    friction: FloatArray
    noise: FloatArray
    current: FloatArray | None
    potential: FloatArray | None
    bare_force: FloatArray | None
    error_noise: FloatArray | None

    @property
    def all_axes(self) -> tuple[FloatArray, ...]:
        return tuple(d.points for d in self.driven) + self.axes

    @property
    def all_names(self) -> tuple[str, ...]:
        return tuple(d.name for d in self.driven) + self.names


def read(forces: xr.Dataset, mass: Masses | None, drive: Mapping[str, Drive] | None) -> TableData:
    """Arrays of a dataset as `electronic_forces` gives it, with further dimensions for what is driven.

    Errors: ValueError that says what is wrong: variables or dimensions that are missing or not known, fewer than four points
    on an axis, points not increasing, values that are not finite, masses that are not positive.
    """
    needed = [name for name in ("mean_force", "friction", "noise") if name not in forces]
    if needed:
        raise ValueError(f"the forces have no variable {', '.join(needed)}; found {', '.join(map(str, forces.data_vars))}")
    names = coordinate_names(forces)
    drive = dict(drive or {})
    others = [str(d) for d in forces["mean_force"].dims if d not in names and d != "mode"]
    if "point" in others:
        raise ValueError('the forces are given at scattered points (dimension "point"); use ScatteredTable, or a product grid')
    for name in drive:
        if name not in others:
            known = ", ".join(others) or "none besides the coordinates"
            raise ValueError(f'drive: "{name}" is not a dimension of the forces; they have: {known}')
        if not callable(drive[name]):
            raise ValueError(f"drive: {name} must be a function of time, not {drive[name]!r}")
    for name in others:
        if name not in drive and name != TIME:
            if forces.sizes[name] > 1:
                raise ValueError(
                    f'the forces have a dimension "{name}" of {forces.sizes[name]} values: choose one with '
                    f"forces.sel({name}=…), or drive it with drive={{{name!r}: function of time}}"
                )
            forces = forces.isel({name: 0})
    driven = tuple(
        Driven(name, _axis(forces, name), drive.get(name)) for name in others if name in drive or name == TIME
    )
    axes = tuple(_axis(forces, name) for name in names)
    grid = tuple(d.name for d in driven) + names
    values = {name: _values(forces, name, grid) for name in ("mean_force", "friction", "noise", "current", "bare_potential")}
    values |= {name: _values(forces, name, grid) for name in ("bare_force", "error_noise")}
    noise = values["noise"]
    assert noise is not None and values["mean_force"] is not None and values["friction"] is not None
    leads: tuple[str, ...] = ()
    if values["current"] is not None:
        found = forces["lead"].values if "lead" in forces.coords else range(forces.sizes["lead"])
        leads = tuple(str(lead) for lead in found)
    return TableData(
        names=names,
        masses=masses_of(forces, names, mass),
        leads=leads,
        driven=driven,
        axes=axes,
        force=values["mean_force"],
        friction=values["friction"],
        noise=0.5 * (noise + np.swapaxes(noise, -1, -2)),
        current=values["current"],
        potential=values["bare_potential"],
        bare_force=values["bare_force"],
        error_noise=values["error_noise"],
    )


def coordinate_names(forces: xr.Dataset) -> tuple[str, ...]:
    """The classical coordinates: the labels of `mode`, or the only dimension of a table without it."""
    dims = [str(d) for d in forces["mean_force"].dims]
    if "mode" in forces.coords:
        names = tuple(str(name) for name in forces["mode"].values)
    elif "mode" not in dims and len(dims) == 1:
        names = (dims[0],)
    else:
        raise ValueError('the forces need a coordinate "mode" that names the classical coordinates')
    missing = [name for name in names if name not in forces.coords]
    if missing:
        raise ValueError(f"the forces have no coordinate {', '.join(missing)}, which `mode` names")
    for name in names:
        unit = forces[name].attrs.get("units", "1")
        if unit not in ("1", "bohr", ""):
            raise ValueError(f'{name}: unit "{unit}"; a table is in atomic units: bohr, or "1" for a dimensionless coordinate')
    return names


def masses_of(forces: xr.Dataset, names: Sequence[str], mass: Masses | None) -> FloatArray:
    """Masses (c,) in electron masses: as given, by name or in the order of `mode`, else the attribute `mass` of coordinates."""
    if mass is None:
        missing = [name for name in names if "mass" not in forces[name].attrs]
        if missing:
            raise ValueError(f'{missing[0]}: no mass; give mass=… in electron masses, or its attribute "mass"')
        found = np.array([float(forces[name].attrs["mass"]) for name in names])
    elif isinstance(mass, Mapping):
        if set(mass) != set(names):
            raise ValueError(f"mass: names {sorted(mass)}, the coordinates are {sorted(names)}")
        found = np.array([float(mass[name]) for name in names])
    else:
        found = np.atleast_1d(np.asarray(mass, dtype=float))
        if found.shape not in {(1,), (len(names),)}:
            raise ValueError(f"mass: {found.size} values for the {len(names)} coordinates {', '.join(names)}")
        found = np.broadcast_to(found, (len(names),)).copy()
    for name, value in zip(names, found, strict=True):
        if not (value > 0 and np.isfinite(value)):
            raise ValueError(f"{name}: mass {value} must be positive and finite")
    return found


def read_asymptote(
    asymptote: Mapping[str, Mapping[str, str]] | None, names: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """What lies below and above the table on each coordinate: "none" (NaN), "free", "constant" or "linear"."""
    given = dict(asymptote or {})
    for name, sides in given.items():
        if name not in names:
            raise ValueError(f'asymptote: "{name}" is not a coordinate; they are {", ".join(names)}')
        if not isinstance(sides, Mapping) or set(sides) - set(SIDES):
            raise ValueError(f'asymptote: {name}: must be {{"lower": kind, "upper": kind}}, not {sides!r}')
        for side, kind in sides.items():
            if kind not in KINDS:
                raise ValueError(f'asymptote: {name}: {side}: "{kind}" is not known; use one of {", ".join(KINDS)}')
    found = [dict(given.get(name, {})) for name in names]
    return tuple((sides.get("lower", "none"), sides.get("upper", "none")) for sides in found)


def _axis(forces: xr.Dataset, name: str) -> FloatArray:
    if name not in forces.coords:
        raise ValueError(f'the forces have no values of the dimension "{name}"')
    points = np.asarray(forces[name].values, dtype=float)
    if points.ndim != 1 or len(points) < FEWEST:
        raise ValueError(f"{name}: {points.size} points; a table needs at least {FEWEST} on every axis")
    if not np.all(np.isfinite(points)):
        raise ValueError(f"{name}: its values must be finite")
    steps = np.diff(points)
    if np.any(steps == 0):
        raise ValueError(f"{name}: {points[1:][steps == 0][0]:.6g} is given twice")
    if np.any(steps < 0):
        raise ValueError(f'{name}: its values must increase; sort them with forces.sortby("{name}")')
    return points


def _values(forces: xr.Dataset, name: str, grid: tuple[str, ...]) -> FloatArray | None:
    """A variable over the whole grid (grid, component axes), finite; None where there is none."""
    if name not in forces:
        return None
    variable = forces[name]
    wanted = {"current": ("lead",), "mean_force": ("mode",), "bare_force": ("mode",), "bare_potential": ()}
    extra = wanted.get(name, ("mode", "mode_"))
    here = tuple(d for d in grid if d in variable.dims)
    present = tuple(d for d in extra if d in variable.dims)
    odd = set(variable.dims) - set(here) - set(present)
    if odd:
        raise ValueError(f"{name}: dimension {', '.join(sorted(map(str, odd)))} is not known")
    coordinates = [name for name in grid if name in forces.coords]
    modes = len(forces["mode"]) if "mode" in forces.coords else 1
    if present != extra and not (modes == 1 and name != "current"):
        raise ValueError(f"{name}: needs the dimensions {', '.join(extra)} besides {', '.join(coordinates)}")
    array = np.asarray(variable.transpose(*here, *present).values)
    if np.iscomplexobj(array):
        raise ValueError(f"{name}: must be real")
    array = array.astype(float)
    components = array.shape[len(here) :] if present == extra else (1,) * len(extra)
    # constant along the axes of the grid that the variable does not have
    array = array.reshape(tuple(forces.sizes[d] if d in here else 1 for d in grid) + components)
    array = np.broadcast_to(array, tuple(forces.sizes[d] for d in grid) + components)
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        where = ", ".join(f"{d} = {float(forces[d].values[k]):.6g}" for d, k in zip(grid, bad[0], strict=False))
        part = math.prod(components)
        raise ValueError(f"{name}: {len(bad)} of {array.size} values are not finite, the first at {where}" + _of(part))
    return array.copy()


def _of(components: int) -> str:
    return "" if components == 1 else f" ({components} components a point)"


def describe(value: Any) -> str:
    """A number for a message."""
    return f"{float(value):.2g}"
