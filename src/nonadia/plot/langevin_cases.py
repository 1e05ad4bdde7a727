"""The group /langevin as a list of ensembles, one a sweep point, and the units in which their figures are drawn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.units import FS, PS

from . import PlotError, style
from . import quantities as q
from .closed import evenly, has
from .quantities import Scale

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Array = np.ndarray
LONG = 2.0 * PS  # beyond, times are in ps
FEWEST = 10  # trajectories still there for a mean or a distribution to be drawn


@dataclass(frozen=True)
class Ensemble:
    """One ensemble. point: swept parameter → its value as text; forces: the table it moves in, if the result holds one."""

    point: dict[str, str]
    data: xr.Dataset
    forces: xr.Dataset | None
    attrs: dict[str, Any]

    @property
    def label(self) -> str:
        return ", ".join(f"{name} = {text}" for name, text in self.point.items())

    @property
    def modes(self) -> list[str]:
        return [str(name) for name in self.data["mode"].values]

    @property
    def masses(self) -> Array:
        return np.atleast_1d(np.asarray(self.data["mode"].attrs["mass"], dtype=float))

    @property
    def exits(self) -> list[str]:
        return [str(name) for name in self.data["exit"].values] if "exit" in self.data.coords else []

    @property
    def kT(self) -> float | None:
        """k_BT of the electrons: of the leads where they share one, else D/γ where that is the same everywhere."""
        if self.forces is None:
            return None
        if "temperature" in self.forces:
            values = np.ravel(self.forces["temperature"].values)
            return float(values.mean()) if np.ptp(values) <= 1e-12 * abs(values.mean()) else None
        friction = self.forces["friction"].values
        symmetric, noise = 0.5 * (friction + np.swapaxes(friction, -1, -2)), self.forces["noise"].values
        scale = float((symmetric * symmetric).sum())
        kT = float((noise * symmetric).sum()) / scale if scale > 0 else 0.0
        same = np.allclose(noise, kT * symmetric, rtol=0.0, atol=1e-9 * float(np.abs(noise).max(initial=0.0)))
        return kT if kT > 0 and same else None

    @property
    def steady_since(self) -> float | None:
        since = float(self.attrs.get("steady_since", np.nan))
        return since if np.isfinite(since) else None

    def position(self, mode: str) -> Scale:
        """Unit of a coordinate; atomic units where the result does not say whether it is a length."""
        if self.forces is None or mode not in self.forces.coords:
            return Scale(1.0, "a.u.")
        return q.position(self.forces, mode)

    def momentum(self, mode: str) -> Scale:
        if self.forces is None or mode not in self.forces.coords:
            return Scale(1.0, "a.u.")
        return Scale(1.0, "ħ/$a_0$" if q.is_length(self.forces, mode) else "ħ")


def ensembles(tree: xr.DataTree) -> list[Ensemble]:
    """The finished ensembles in sweep order. Errors: PlotError where there are none."""
    group = tree["langevin"].to_dataset()
    forces = tree["forces"].to_dataset() if "forces" in tree.children else None
    if "kinetic_temperature" not in group:
        raise PlotError("holds no dynamics; run an input with [langevin]")
    sweep = [str(dim) for dim in group["kinetic_temperature"].dims if f"{dim}_label" in group.coords]
    each = json.loads(group.attrs["points"]) if sweep and "points" in group.attrs else None
    found = []
    for number, index in enumerate(np.ndindex(tuple(group.sizes[dim] for dim in sweep))):
        where = dict(zip(sweep, index, strict=True))
        data = group.isel(where)
        if not has(data, "kinetic_temperature"):
            continue
        point = {dim: str(data[f"{dim}_label"].item()) for dim in sweep}
        table = None if forces is None else forces.isel(where, missing_dims="ignore")
        attrs = dict(data.attrs) if each is None else dict(each[number] or {})
        found.append(Ensemble(point, data, table, attrs))
    if not found:
        raise PlotError("holds no finished ensemble; continue the run with --resume")
    return found


def chosen(cases: Sequence[Ensemble], most: int) -> tuple[list[Ensemble], list[str]]:
    """At most `most` ensembles, evenly, with both ends; a colour for each."""
    kept = [cases[i] for i in evenly(len(cases), most)]
    return kept, style.case_colours(len(kept))


def case_keys(cases: Sequence[Ensemble], colours: Sequence[str]) -> list[Any]:
    """Legend entries of a sweep; none without one."""
    return [style.line_key(case.label, colour) for case, colour in zip(cases, colours, strict=True) if case.label]


def time_scale(cases: Sequence[Ensemble]) -> Scale:
    """fs for short runs, ps for long ones."""
    longest = max(float(case.data["time"].values[-1]) for case in cases)
    return Scale(1.0 / PS, "ps") if longest > LONG else Scale(1.0 / FS, "fs")


def per(scale: Scale) -> Scale:
    """The unit of a density over this axis."""
    above, _, below = scale.unit.partition("/")
    inverse = f"{below}/{above}" if below else f"1/{above}"
    return Scale(1.0 / scale.factor, inverse if above and above != "a.u." else above)


def survivors(case: Ensemble) -> int:
    """Trajectories that are there at the end."""
    count = case.data["survivors"].values
    return int(count[np.isfinite(count)][-1])


def band(axes: Axes, edges: Array, low: Array, high: Array, colour: str) -> None:
    """Errors of a histogram."""
    axes.stairs(high, edges, baseline=low, fill=True, color=colour, alpha=0.25, linewidth=0)
