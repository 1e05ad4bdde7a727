"""The part of phase space where a density lives: first guess from the field, growth and shrinking from a solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

from ..field import Field
from .basis import FloatArray
from .state import State

DEPTH = 17.0  # first box: where the density averaged over orbits is above e^{-17} of its maximum
SCAN = 4001
Ends = tuple[float | None, float | None]  # walls given by the user
SEEN = 1e-4  # part of its maximum that a density on a coarse grid can be trusted to
FARTHEST = 1e5  # bohr (or dimensionless): how far a field without limits is looked at


@dataclass(frozen=True)
class Box:
    """lower ≤ x ≤ upper, |p| ≤ momentum. A fixed end is a wall that the user or the table has put there."""

    lower: float
    upper: float
    momentum: float
    fixed: tuple[bool, bool]
    limits: tuple[float, float]

    def grown(self, lower: float = 1.0, upper: float = 1.0, momentum: float = 1.0) -> Box:
        """Each end moved outwards: its distance from the middle times a factor; fixed ends stay, limits hold."""
        middle, half = 0.5 * (self.lower + self.upper), 0.5 * (self.upper - self.lower)
        low = self.lower if self.fixed[0] else max(middle - half * lower, self.limits[0])
        high = self.upper if self.fixed[1] else min(middle + half * upper, self.limits[1])
        return replace(self, lower=low, upper=high, momentum=self.momentum * momentum)


def limits_of(field: Field, t: float) -> tuple[float, float]:
    """Where the field has values: the bounds of the table, or ±inf where it goes on beyond them."""
    lower, upper = (float(bound[0]) for bound in field.bounds)
    span = upper - lower
    if np.isfinite(lower) and np.isfinite(_force(field, np.array([lower - 0.1 * span, lower - span]), t)).all():
        lower = -np.inf
    if np.isfinite(upper) and np.isfinite(_force(field, np.array([upper + 0.1 * span, upper + span]), t)).all():
        upper = np.inf
    return lower, upper


def first_box(field: Field, t: float, user: Ends, temperature: float | None, messages: list[str]) -> Box:
    """Box to begin with; `user`: walls that stay where they are; `temperature`: in place of the average over orbits.

    With a wall on the way downhill the density is that of the well next to it: energies count from its minimum.
    """
    fixed = (user[0] is not None, user[1] is not None)
    limits = _checked(user, limits_of(field, t))
    x = _scan_points(field, limits, fixed)
    force = _force(field, x, t)
    if not np.isfinite(force).all():
        where = x[~np.isfinite(force)]
        if all(fixed) or np.isfinite(force).sum() < 5:
            raise ValueError(f"field: no force between x = {where.min():.6g} and {where.max():.6g}")
        x, force = _finite_run(x, force)
    potential = _work(x, force)
    walls = np.isfinite(limits)
    ends = [float(v) for v, wall in zip(potential[[0, -1]], walls, strict=True) if not wall]
    top = min(ends) if ends else 1e4 * max(float(potential.max()), _mean_temperature(field, x, t))
    well = _well(potential) if any(fixed) else 0.0
    energy, exponent = _over_orbits(field, x, np.maximum(potential - well, 0.0), top, temperature, t)
    outside = np.flatnonzero((exponent - exponent.min() > DEPTH) & (energy > energy[exponent.argmin()]))
    if outside.size == 0:
        raise ValueError(
            "field: the potential and the friction do not confine the density, so that no stationary state is found; give "
            "box=(lower, upper) with reflecting walls, or use fokker_planck_escape for the rate at which it leaves"
        )
    highest = float(energy[outside[0]])
    if ends and top < 1e3 * highest and np.min(-force[[0, -1]][~walls] * np.array([-1.0, 1.0])[~walls]) <= 1e-9 * highest:
        messages.append(
            f"the potential does not rise any more {top:.3g} hartree above its minimum: a metastable state behind that barrier"
        )
    near = np.flatnonzero(potential - well < highest)
    low = limits[0] if fixed[0] else float(x[max(near[0] - 1, 0)])
    high = limits[1] if fixed[1] else float(x[min(near[-1] + 1, x.size - 1)])
    momentum = float(np.sqrt(2.1 * (highest + well) * float(field.masses[0])))
    return Box(low, high, momentum, fixed, limits)


def _checked(user: Ends, limits: tuple[float, float]) -> tuple[float, float]:
    """Limits with the user's walls in their place."""
    low = limits[0] if user[0] is None else float(user[0])
    high = limits[1] if user[1] is None else float(user[1])
    if not low < high:
        raise ValueError(f"box: {low:.6g} to {high:.6g}; must be two positions, lower < upper, inside the table")
    if low < limits[0] or high > limits[1] or np.isnan([low, high]).any():
        raise ValueError(f"box: {low:.6g} to {high:.6g} is not inside the table, {limits[0]:.6g} to {limits[1]:.6g}")
    return low, high


def _well(potential: FloatArray) -> float:
    """The lowest minimum that is not at an end, or the lowest value if there is none."""
    inner = potential[1:-1]
    minima = inner[(inner <= potential[:-2]) & (inner < potential[2:])]
    return float(minima.min()) if minima.size else float(potential.min())


def _work(x: FloatArray, force: FloatArray) -> FloatArray:
    """-∫F dx by trapezoids, zero at its minimum; summed from there outwards, for far out it may be 10^20 times larger."""
    piece = 0.5 * np.diff(x) * (force[1:] + force[:-1])
    lowest = int(np.abs(x).argmin())
    for _ in range(4):
        upwards, downwards = -np.cumsum(piece[lowest:]), np.cumsum(piece[:lowest][::-1])[::-1]
        potential = np.concatenate([downwards, [0.0], upwards])
        lowest = int(potential.argmin())
    return np.asarray(potential - potential.min())


def _mean_temperature(field: Field, x: FloatArray, t: float) -> float:
    """∫D dx / ∫|γ| dx: the scale of energies between two walls."""
    friction, noise = (np.abs(value[:, 0, 0]) for value in field.local(x[:, None], t))
    lost = np.nansum(friction)
    return float(np.nansum(noise) / lost) if lost > 0.0 else 0.0


def _over_orbits(
    field: Field, x: FloatArray, potential: FloatArray, top: float, temperature: float | None, t: float
) -> tuple[FloatArray, FloatArray]:
    """Energies and Φ(E) of the weakly damped density e^{-Φ}: dΦ/dE = ∫γ p dx / ∫D p dx with p = √(2m(E - V))."""
    energy = np.geomspace(1e-7, 1.0, 500) * top
    if top > 1e6 * potential[np.argsort(potential)[min(20, x.size - 1)]]:  # far out only huge energies matter: begin lower
        energy = np.geomspace(max(potential[np.argsort(potential)[5]], 1e-25 * top), top, 800)
    if temperature is not None:
        if not temperature > 0.0:
            raise ValueError(f"temperature_scale: {temperature}; must be positive, k_BT in hartree")
        return energy, energy / temperature
    friction, noise = (value[:, 0, 0] for value in field.local(x[:, None], t))
    good = np.isfinite(friction) & np.isfinite(noise)
    friction, noise = np.where(good, friction, 0.0), np.where(good, noise, 0.0)
    if not np.any(noise > 0.0):
        raise ValueError("noise: D = 0 everywhere; without noise the density shrinks to points and lines")
    step = np.gradient(x)
    momentum = np.sqrt(np.maximum(energy[:, None] - potential, 0.0)) * step
    lost, gained = momentum @ friction, momentum @ noise
    ratio = np.divide(lost, gained, out=np.zeros_like(lost), where=gained > 0.0)
    exponent = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(energy) * (ratio[1:] + ratio[:-1]))])
    return energy, exponent


def edge_ratios(state: State) -> tuple[float, float, float]:
    """Density next to the lower, the upper end of x and the ends of p, relative to the largest."""
    x, p = (np.linspace(axis.edges[0], axis.edges[-1], 401) for axis in (state.operator.x, state.operator.p))
    along_x, along_p = np.abs(state.position_density(x)), np.abs(state.momentum_density(p))
    low, high, side = along_x[:8].max(), along_x[-8:].max(), max(along_p[:8].max(), along_p[-8:].max())
    return float(low / along_x.max()), float(high / along_x.max()), float(side / along_p.max())


def wider(box: Box, edge: tuple[float, float, float]) -> Box:
    """Larger towards the ends that matter most: where the density is not far below that at the other ends."""
    ratios = np.array(edge)
    moved = ratios >= 0.01 * ratios[[not box.fixed[0], not box.fixed[1], True]].max()
    return box.grown(*(factor if move else 1.0 for factor, move in zip((1.2, 1.2, 1.15), moved, strict=True)))


def adapted(box: Box, state: State, floor: float) -> Box:
    """The box a step larger where the density at an end is above the floor, smaller where it is below it well inside."""
    low, high, side = edge_ratios(state)
    grown = box.grown(1.4 if low > floor else 1.0, 1.4 if high > floor else 1.0, 1.3 if side > floor else 1.0)
    x = np.linspace(box.lower, box.upper, 801)
    p = np.linspace(0.0, box.momentum, 401)
    along_x, along_p = np.abs(state.position_density(x)), np.abs(state.momentum_density(p)) + np.abs(state.momentum_density(-p))
    seen = np.flatnonzero(along_x > SEEN * along_x.max())
    span = x[seen[-1]] - x[seen[0]]
    if low <= floor and x[seen[0]] - box.lower > 0.5 * span and not box.fixed[0]:
        grown = replace(grown, lower=float(x[seen[0]] - 0.25 * span))
    if high <= floor and box.upper - x[seen[-1]] > 0.5 * span and not box.fixed[1]:
        grown = replace(grown, upper=float(x[seen[-1]] + 0.25 * span))
    last = p[np.flatnonzero(along_p > SEEN * along_p.max())[-1]]
    if side <= floor and last < 0.5 * box.momentum:
        grown = replace(grown, momentum=float(1.5 * last))
    return grown


def antiderivative(field: Field, box: Box, t: float) -> Callable[[FloatArray], FloatArray]:
    """-∫F dx with its minimum in the box at zero."""
    x = np.linspace(box.lower, box.upper, SCAN)
    work = CubicSpline(x, -_force(field, x, t)).antiderivative()
    lowest = float(work(x).min())
    return lambda y: np.asarray(work(y) - lowest)


def _force(field: Field, x: FloatArray, t: float) -> FloatArray:
    with np.errstate(all="ignore"):
        try:
            return np.asarray(field.force(x[:, None], t)[:, 0], dtype=float)
        except (ValueError, FloatingPointError):
            return np.full(x.size, np.nan)


def _scan_points(field: Field, limits: tuple[float, float], fixed: tuple[bool, bool]) -> FloatArray:
    """Equal steps between finite ends and over a table, ever larger ones where the field goes on without an end."""
    lower, upper = (float(bound[0]) for bound in field.bounds)
    low, high = (limit if wall else end for limit, wall, end in zip(limits, fixed, (lower, upper), strict=True))
    core = np.array([end for end in (low, high) if np.isfinite(end)])
    if core.size == 2:
        core = np.linspace(low, high, SCAN)
    if core.size == 0:
        core = np.zeros(1)
    span = max(core[-1] - core[0], 1e-3)
    away = span * np.geomspace(1e-3 if core.size > 1 else 1.0, FARTHEST / span if FARTHEST > 10 * span else 10.0, SCAN)
    pieces = [core]
    if not np.isfinite(limits[0]):
        pieces.insert(0, core[0] - away[::-1])
    if not np.isfinite(limits[1]):
        pieces.append(core[-1] + away)
    return np.concatenate(pieces)


def _finite_run(x: FloatArray, force: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The longest run of points (by their number) where the force is finite."""
    good = np.isfinite(force)
    starts = np.flatnonzero(good & ~np.concatenate([[False], good[:-1]]))
    stops = np.flatnonzero(good & ~np.concatenate([good[1:], [False]])) + 1
    best = int((stops - starts).argmax())
    run = slice(int(starts[best]), int(stops[best]))
    return x[run], force[run]
