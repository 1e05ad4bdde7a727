"""The time step from the fastest motion, and whether it is small enough: the same noise with twice the step.

    τ_0 = 0.05 / max(ω),   ω² = largest |eigenvalue| of M^{-1/2} (∂F/∂x) M^{-1/2} where trajectories go

A harmonic oscillator then has its kinetic temperature to (ωτ)²/4 = 6e-4 with BAOAB. Whether that serves the system at hand is
measured: a pilot ensemble with τ and one with 2τ on the same noise differ by (2^order - 1) times the error of τ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ensemble import Ensemble, run
from .field import Field, FloatArray
from .general import Exits
from .schemes.scheme import Scheme
from .statistics.blocking import batch_mean
from .task import LeftTable, Problem, batch_size, companion

PHASE = 0.05  # ωτ
PILOT = 1024  # trajectories
EXPLORERS = 128  # trajectories that find out where an ensemble goes, at most
PILOT_STEPS = 2000
HALVINGS = 8
SHORTER = 8.0  # how much a step is shortened at once while exploring
MOST_STEPS = 20_000  # after which a trajectory without a force has left for good
WINDOWS = 8  # of the histograms, at most
SAMPLES = {1: 1024, 2: 40, 3: 12}  # points of a table along each coordinate


@dataclass(frozen=True)
class Chosen:
    """Step and the ranges that the pilot visited: (2, c, 2), of x and p."""

    step: float
    reach: FloatArray
    messages: list[str]


def fastest(field: Field, x: FloatArray) -> float:
    """max ω over points x (N, c); 0 where the force is constant."""
    lower, upper = field.bounds
    c = len(field.names)
    span = np.where(np.isfinite(upper - lower), upper - lower, np.maximum(1.0, np.abs(x).max(axis=0, initial=0.0)))
    stiffness = np.empty((len(x), c, c))
    for j in range(c):
        shift = np.zeros(c)
        shift[j] = 1e-5 * span[j]
        stiffness[:, :, j] = (field.force(x + shift) - field.force(x - shift)) / (2 * shift[j])
    scaled = stiffness / np.sqrt(field.masses[:, None] * field.masses[None, :])
    scaled = scaled[np.isfinite(scaled).all(axis=(1, 2))]
    return float(np.sqrt(np.abs(np.linalg.eigvals(scaled)).max(initial=0.0))) if len(scaled) else 0.0


def choose(
    field: Field, scheme: Scheme, x: FloatArray, p: FloatArray, duration: float, key: tuple[int, int], exits: Exits,
    tolerance: float, fixed: float | None = None,
) -> Chosen:  # fmt: skip
    """A step for these initial conditions x, p (N, c), or the `fixed` one with what it visits.

    tolerance: relative error of ⟨p²/m⟩ and of x against its spread.
    """
    all_of_them, count = len(x), min(len(x), PILOT)
    x, p = x[:count], p[:count]
    points = points_of(field)
    omega = max(fastest(field, points), fastest(field, x))
    step = min(PHASE / omega, duration / 16) if omega > 0 else duration / 200
    few = max(EXPLORERS // 8, min(EXPLORERS, all_of_them // 16))  # for as long as the run: slow ones come to the walls late
    if fixed is not None:
        return Chosen(fixed, _explore(field, scheme, x[:few], p[:few], duration, fixed, key, exits)[0], [])
    messages: list[str] = []
    for shortened in range(HALVINGS):
        try:
            reach, omega = _explore(field, scheme, x[:few], p[:few], duration, step, key, exits)
        except LeftTable:  # a step that is too long overshoots; that of a table is short enough all over it
            if len(points) or shortened == HALVINGS - 1 or SHORTER * duration > MOST_STEPS * step:
                raise
            step /= SHORTER
            continue
        wanted = min(PHASE / omega, duration / 16) if omega > 0 else step
        if step <= 2 * wanted or shortened == HALVINGS - 1:
            step = wanted  # what is visited may also be softer than the walls of the table
            break
        step = max(wanted, step / SHORTER)  # where too long a step has led says little
    for halved in range(HALVINGS):
        try:
            error, unsure = _difference(field, scheme, x, p, min(duration, PILOT_STEPS * step), step, key, exits)
        except LeftTable:
            if halved == HALVINGS - 1:
                raise
            error, unsure = np.inf, 0.0
        if error <= max(tolerance, 3.0 * unsure):
            break
        step /= 2
    else:
        messages.append(f"the step could not be made small enough: error {error:.1e} at step {step:.3g} a.u.")
    return Chosen(step, reach, messages)


def shortening(fixed: float | None, used: float) -> list[str]:
    """A note where the step that was asked for is not the one that divides the stored intervals (`problem_for`)."""
    if fixed is None or used >= 0.99 * fixed:
        return []
    return [f"note: step {fixed:.6g} a.u. shortened to {used:.6g} a.u. so that stored times fall on steps"]


def points_of(field: Field) -> FloatArray:
    """Points all over a table; none where it has no limits."""
    lower, upper = field.bounds
    c = len(field.names)
    if not np.all(np.isfinite([lower, upper])):
        return np.empty((0, c))
    if c not in SAMPLES:
        return lower + (upper - lower) * np.random.default_rng(0).random((2000, c))
    axes = [np.linspace(a, b, SAMPLES[c] + 2)[1:-1] for a, b in zip(lower, upper, strict=True)]
    return np.stack([m.ravel() for m in np.meshgrid(*axes, indexing="ij")], axis=-1)


def problem_for(
    field: Field, scheme: Scheme, count: int, duration: float, step: float, key: tuple[int, int], exits: Exits, stored: int,
    edges: FloatArray, keep: int = 0,
) -> Problem:  # fmt: skip
    """Stored times equally spaced over the duration, an even number of steps between them, none longer than `step`."""
    between = 2 * max(1, int(np.ceil(duration / ((stored - 1) * step) / 2 - 1e-9)))
    exact = duration / ((stored - 1) * between)
    windows = min(WINDOWS, stored - 1)
    return Problem(field, scheme, exact, between, stored, count, batch_size(count), key, exits, edges, windows, keep)


def edges_of(field: Field, reach: FloatArray, bins: int) -> FloatArray:
    """Edges of the histograms of x and p (2, c, bins + 1): half as much again as the pilot visited, within the table."""
    lower, upper = field.bounds
    c = len(field.names)
    edges = np.empty((2, c, bins + 1))
    for k in range(2):
        for i in range(c):
            low, high = reach[k, i]
            more = max(0.25 * (high - low), 1e-6 * max(abs(low), abs(high), 1.0))
            low, high = low - more, high + more
            if k == 0 and np.isfinite([lower[i], upper[i]]).all():
                low, high = max(low, lower[i]), min(high, upper[i])
            edges[k, i] = np.linspace(low, high, bins + 1)
    return edges


def _nowhere(c: int) -> FloatArray:
    return np.broadcast_to(np.array([-1.0, 1.0]), (2, c, 2)).copy()


def _explore(
    field: Field, scheme: Scheme, x: FloatArray, p: FloatArray, duration: float, step: float, key: tuple[int, int], exits: Exits
) -> tuple[FloatArray, float]:
    """Range of x and p visited by up to EXPLORERS trajectories, and the fastest motion there."""
    c, count = x.shape[1], min(len(x), EXPLORERS)
    problem = problem_for(field, scheme, count, duration, step, key, exits, 21, _nowhere(c), keep=count)
    ensemble = Ensemble(problem, x[:count], with_auxiliary(field, x[:count], p[:count]))
    run([ensemble])
    seen = ensemble.kept.transpose(2, 3, 0, 1).reshape(2, c, -1)  # x and p, coordinate, all visits
    reach = np.stack([np.nanmin(seen, axis=2), np.nanmax(seen, axis=2)], axis=-1)
    visited = seen[0].T
    visited = visited[np.isfinite(visited).all(axis=1)]
    return reach, fastest(field, np.concatenate([visited, _allowed(field, seen)]))


def _allowed(field: Field, seen: FloatArray) -> FloatArray:
    """Points of a table of one coordinate that have less potential energy than was seen in all: also turning points."""
    points = points_of(field)
    x, p = (part[:, np.isfinite(seen[0, 0])] for part in seen)
    potential, here = (field.potential(each, 0.0) if len(x) == 1 else None for each in (points, x.T))
    if potential is None or here is None:
        return points[:0]
    return points[potential <= np.nanmax(here + 0.5 * p[0] ** 2 / field.masses[0])]


def _difference(
    field: Field, scheme: Scheme, x: FloatArray, p: FloatArray, duration: float, step: float, key: tuple[int, int], exits: Exits
) -> tuple[float, float]:
    """Error of the step, relative, and its standard error: the largest over observables of the rms over times."""
    c = x.shape[1]
    problem = problem_for(field, scheme, len(x), duration, step, key, exits, 21, _nowhere(c))
    pair = [Ensemble(each, x, with_auxiliary(field, x, p)) for each in (problem, companion(problem, len(x)))]
    run(pair)
    which = [*range(c), *range(2 * c, 3 * c)]
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [(e.sums[:, :, 0] / e.count)[:, 1:, which] for e in pair]
        total = pair[0].count.sum(axis=0)[1:, which]
        first, second = (pair[0].sums[:, 1:, k][..., which].sum(axis=0) / total for k in (0, 1))
        # positions against the spread of all that were visited, kinetic energies against their mean
        spread = np.sqrt(np.maximum(_over_times(second) - _over_times(first) ** 2, 0.0))
        scale = np.where(np.arange(2 * c) < c, spread, np.sqrt(_over_times(first**2)))
        found = batch_mean(means[1] - means[0], pair[0].count[:, 1:, which])
        share = 1.0 / (2**scheme.weak_order - 1) / scale
        error = np.sqrt(np.maximum(_over_times(found.value**2 - np.nan_to_num(found.error) ** 2), 0.0)) * share
        unsure = np.sqrt(_over_times(found.error**2)) * share
    worst = int(np.nanargmax(np.where(np.isfinite(error), error, -1.0)))
    return float(np.nan_to_num(error[worst])), float(np.nan_to_num(unsure[worst]))


def _over_times(values: FloatArray) -> FloatArray:
    """Mean over the first axis of what is known; NaN where nothing is, as errors of a single batch."""
    known = np.isfinite(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0))


def with_auxiliary(field: Field, x: FloatArray, p: FloatArray, seed: int = 0) -> FloatArray:
    """p (N, m): momenta, and for a field with memory its auxiliary variables at t = 0."""
    if not getattr(field, "aux", 0):
        return p
    return np.concatenate([p, field.start(x, seed)], axis=1)  # type: ignore[attr-defined]
