"""Convergence control: exponents and tiers are raised until F, γ and D meet the tolerance, and the error is stated.

The error of a hierarchy result has two computed parts at every geometry: that of the bath (the non-interacting partner model
with the fitted bath against the exact one, theory B2) and that of the truncation (the change on adding the last tier). For
non-interacting models the exact answer is known, and the stated error is the difference to it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..models.frozen import FloatArray, FrozenJunction
from ..models.junction import Junction
from .bath_choice import Bath, BathChoice
from .checks import impossible
from .dataset import assemble
from .estimate import ResourceError, choose_method, require_memory
from .evaluate import QUANTITIES, GridForces, Progress, by_heom, by_negf, relative, scales
from .grid import Grid

MAX_TIERS = 8
MAX_ATTEMPTS = 3  # baths tried before an impossible or too inaccurate result is accepted as a failure
REFERENCE = 0.1  # the reference bath, against which the bath error is computed, is this much better


@dataclass
class Outcome:
    """What a method returns: values, absolute errors per geometry, attributes for the file, and the record of the way there."""

    result: GridForces
    errors: dict[str, FloatArray]
    attributes: dict[str, Any] = field(default_factory=dict)
    record: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def electronic_forces(
    model: Junction,
    x: ArrayLike | Mapping[str, ArrayLike],
    method: str = "auto",
    tolerance: float = 1e-3,
    tolerance_mode: str = "global",
    tiers: int | None = None,
    poles: int | None = None,
    decomposition: str | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Electronic mean force F, friction γ and noise D at given classical coordinates (theory B4; LD(43)-(50)).

        m ẍ = -∂U_0 + F(x) - γ(x) ẋ + ξ,   ⟨ξ_i(t) ξ_j(t')⟩ = 2 D_ij δ(t - t')

    model : Junction. x : scalar or 1D array (one coordinate), mapping name → 1D array (product grid), or (N, c) array of
        points; atomic units.
    method : "heom", "negf" (exact, non-interacting models only) or "auto" (negf where it is exact).
    tolerance : error of F, γ and D relative to the largest magnitude of each over the grid, or at every geometry with
        tolerance_mode = "pointwise" (default "global").
    tiers, poles, decomposition ("fit" | "pade" | "aaa") : fix what the program otherwise chooses; `poles` counts the
        poles of the Fermi function, band poles come on top.
    progress : callable(done, total, message).

    Returns a dataset (atomic units, `units` on every variable) with mean_force(…, mode), friction(…, mode, mode_),
    noise(…, mode, mode_), their molecular and coupling parts, error_force, error_friction, error_noise (estimated absolute
    errors), potential, population, current; attributes method, tiers, poles, converged (1 if every stated error is within
    the tolerance and no result is impossible), messages, convergence (JSON).
    Errors: ValueError for arguments that do not fit the model, ResourceError (a ValueError) if it needs more memory
    than there is, NotConverged if a linear solve stalls.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance} must lie between 0 and 1")
    if tolerance_mode not in ("global", "pointwise"):
        raise ValueError(f'tolerance_mode "{tolerance_mode}" is not known; use "global" or "pointwise"')
    started = time.perf_counter()
    grid = Grid.of([c.name for c in model.coordinates], x)
    frozen = model.at(grid.points)
    chosen = choose_method(frozen, method)
    if chosen == "negf":
        outcome = _negf(frozen, tolerance, tolerance_mode)
    else:
        outcome = _heom(frozen, tolerance, tolerance_mode, tiers, poles, decomposition, progress)

    worst = relative(outcome.errors, outcome.result, tolerance_mode)
    for name, value in worst.items():
        if not value <= tolerance:
            outcome.messages.append(f"error of the {name} {value:.1e} exceeds the tolerance {tolerance:.1e}")
    outcome.messages += impossible(frozen, outcome.result, tolerance)
    attributes = {
        "method": chosen,
        "tolerance": tolerance,
        "tolerance_mode": tolerance_mode,
        "temperature": [lead.temperature for lead in frozen.leads],
        "chemical_potential": [lead.chemical_potential for lead in frozen.leads],
        **outcome.attributes,
        "relative_error": worst,
        "converged": int(not outcome.messages),
        "messages": outcome.messages,
        "convergence": outcome.record,
        "wall_time": time.perf_counter() - started,
    }
    return assemble(model, grid, frozen, outcome.result, outcome.errors, attributes)


def _negf(frozen: FrozenJunction, tolerance: float, mode: str) -> Outcome:
    # exact up to quadrature; a tight floor costs little and keeps the tails right in pointwise mode
    target = min(1e-9, 1e-3 * tolerance)
    while True:
        result, errors = by_negf(frozen, tolerance=target)
        worst = relative(errors, result, mode)
        if max(worst.values()) <= tolerance or target < 1e-14:
            break
        target *= 1e-2
    record = [{"method": "negf", "quadrature_tolerance": target, "relative_error": worst}]
    return Outcome(result, errors, {"tiers": 0, "poles": 0, "decomposition": "none"}, record)


def _heom(
    frozen: FrozenJunction,
    tolerance: float,
    mode: str,
    tiers: int | None,
    poles: int | None,
    scheme: str | None,
    progress: Progress | None,
) -> Outcome:
    counts = [(poles or 1) + lead.width.poles.size for lead in frozen.leads]
    require_memory(frozen, counts, tiers or 2)  # before the first second is spent
    baths = BathChoice(frozen, mode, scheme, poles)
    record: list[dict[str, Any]] = []
    if frozen.non_interacting:
        exact = by_negf(frozen)[0]
        return _raise_tiers(frozen, baths.within(tolerance), _Exact(exact), tolerance, mode, tiers, progress, record)
    demand = tolerance
    for _ in range(MAX_ATTEMPTS):
        bath = baths.within(demand)
        better = baths.within(REFERENCE * demand, tuned=True)
        second = by_heom(frozen, bath.exponents, 2, progress)
        change = second.difference(by_heom(frozen, better.exponents, 2, progress))
        estimate = _Estimate(change, better.partner_error)
        outcome = _raise_tiers(frozen, bath, estimate, tolerance, mode, tiers, progress, record)
        bath_error = max(relative(estimate.bath(outcome.result, mode), outcome.result, mode).values())
        if poles is not None or (bath_error <= 0.5 * tolerance and not impossible(frozen, outcome.result, tolerance)):
            break
        demand *= min(0.5 * tolerance / bath_error, 0.2)
    return outcome


@dataclass(frozen=True)
class _Exact:
    """Errors of a non-interacting model: the difference to the exact answer."""

    answer: GridForces

    def errors(self, result: GridForces, previous: GridForces | None, mode: str) -> dict[str, FloatArray]:
        return result.difference(self.answer)


@dataclass(frozen=True)
class _Estimate:
    """Errors of an interacting model: what a better bath changes at tier 2, what is left in that bath, and the last tier."""

    change: dict[str, FloatArray]
    partner_error: dict[str, float]

    def bath(self, result: GridForces, mode: str) -> dict[str, FloatArray]:
        scale = scales(result, mode)
        return {
            name: spread(self.change[name], getattr(result, name)) + self.partner_error[name] * scale[name]
            for name in QUANTITIES
        }

    def errors(self, result: GridForces, previous: GridForces | None, mode: str) -> dict[str, FloatArray]:
        if previous is None:  # a single tier says nothing about its own truncation
            return {name: np.full_like(value, np.inf) for name, value in self.change.items()}
        bath, tier = self.bath(result, mode), result.difference(previous)
        return {name: bath[name] + spread(tier[name], getattr(result, name)) for name in QUANTITIES}


def spread(change: FloatArray, value: FloatArray) -> FloatArray:
    """A change as an error estimate: it may pass through zero at some x without the error doing so, so that at least its

    overall relative size counts everywhere.
    """
    value = np.abs(value)
    return np.maximum(change, value * (change.max() / max(float(value.max()), np.finfo(float).tiny)))


def _raise_tiers(
    frozen: FrozenJunction,
    bath: Bath,
    judge: _Exact | _Estimate,
    tolerance: float,
    mode: str,
    tiers: int | None,
    progress: Progress | None,
    record: list[dict[str, Any]],
) -> Outcome:
    """Tier after tier with one bath until the stated error meets the tolerance; appends to `record`."""
    exponents = bath.exponents
    counts = [len(e) for e in exponents]
    messages: list[str] = []
    previous: GridForces | None = None
    depth = 2 if tiers is None else max(tiers - 1, 1)
    while True:
        try:
            size = require_memory(frozen, counts, depth)
        except ResourceError as error:
            if previous is None or tiers is not None:
                raise
            messages.append(f"tier {depth} was not reached: {error}")
            break
        started = time.perf_counter()
        result = by_heom(frozen, exponents, depth, progress)
        errors = judge.errors(result, previous, mode)
        worst = relative(errors, result, mode)
        record.append(
            {
                "tiers": depth,
                "exponents": counts,
                "unknowns": size.unknowns,
                "relative_error": worst,
                "wall_time": time.perf_counter() - started,
            }
        )
        reached = max(worst.values()) <= tolerance
        # more tiers cannot mend what the bath alone gets wrong
        hopeless = isinstance(judge, _Estimate) and (
            max(relative(judge.bath(result, mode), result, mode).values()) > tolerance
        )
        if depth == (tiers or MAX_TIERS) or (tiers is None and (reached or hopeless)):
            break
        previous, depth = result, depth + 1
    attributes = {
        "tiers": record[-1]["tiers"],
        "poles": [e.poles for e in exponents],
        "exponents": counts,
        "decomposition": exponents[0].scheme,
        "bath": bath.record,
    }
    return Outcome(result, errors, attributes, record, messages)
