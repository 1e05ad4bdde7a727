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

from ..baths.decompose import decompose
from ..baths.exponents import Exponents
from ..models.frozen import FloatArray, FrozenJunction
from ..models.junction import Junction
from ..negf.certificate import choose_exponents, partner_errors
from .checks import impossible
from .dataset import assemble
from .estimate import ResourceError, choose_method, require_memory
from .evaluate import QUANTITIES, GridForces, Progress, by_heom, by_negf
from .grid import Grid

MAX_TIERS = 8
BATH_SHARE = 0.4  # part of the tolerance that the bath fit may use up


@dataclass
class Outcome:
    """What a method returns: values, absolute errors per geometry, attributes for the file, and the record of the way there."""

    result: GridForces
    errors: dict[str, FloatArray]
    attributes: dict[str, Any] = field(default_factory=dict)
    record: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def scales(result: GridForces, mode: str) -> dict[str, FloatArray]:
    """What errors are relative to: the largest magnitude over the grid, or of each geometry; shape of the quantity."""
    out = {}
    for name in QUANTITIES:
        value = np.abs(getattr(result, name))
        axes = tuple(range(1, value.ndim)) if mode == "pointwise" else None
        out[name] = np.broadcast_to(value.max(axis=axes, keepdims=True), value.shape)
    return out


def relative(errors: dict[str, FloatArray], result: GridForces, mode: str) -> dict[str, float]:
    """Largest relative error of force, friction and noise over the grid."""
    scale = scales(result, mode)
    worst = {}
    for name in QUANTITIES:
        floor = np.finfo(float).tiny
        ratio = errors[name] / np.maximum(scale[name], floor)
        worst[name] = float(np.max(np.where(errors[name] == 0, 0.0, ratio)))
    return worst


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
    tiers, poles, decomposition ("pade" | "aaa") : fix what the program otherwise chooses; `poles` counts the poles of the
        Fermi function, band poles come on top.
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


def _exponents(
    frozen: FrozenJunction, tolerance: float, mode: str, poles: int | None, scheme: str | None
) -> tuple[list[Exponents], dict[str, FloatArray], dict[str, Any]]:
    """Exponents per lead, the partner model's absolute errors per geometry, and what to record."""
    if poles is not None:
        exponents = [decompose(lead, poles, scheme or "pade") for lead in frozen.leads]
        certificate: dict[str, Any] = {}
    else:
        exponents, certificate = choose_exponents(
            frozen, BATH_SHARE * tolerance, scheme=scheme, pointwise=mode == "pointwise"
        )
    errors = partner_errors(frozen, exponents)
    return exponents, {name: errors[name] for name in QUANTITIES}, certificate


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
    exponents, bath_errors, certificate = _exponents(frozen, tolerance, mode, poles, scheme)
    counts = [len(e) for e in exponents]
    exact = by_negf(frozen)[0] if frozen.non_interacting else None
    record: list[dict[str, Any]] = []
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
        errors = _errors(result, previous, exact, bath_errors)
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
        if depth == (tiers or MAX_TIERS) or (tiers is None and reached):
            break
        previous, depth = result, depth + 1
    attributes = {
        "tiers": record[-1]["tiers"],
        "poles": [e.poles for e in exponents],
        "exponents": counts,
        "decomposition": exponents[0].scheme,
        "bath_certificate": certificate,
        "bath_error": relative(bath_errors, result, mode),
    }
    return Outcome(result, errors, attributes, record, messages)


def _errors(
    result: GridForces, previous: GridForces | None, exact: GridForces | None, bath: dict[str, FloatArray]
) -> dict[str, FloatArray]:
    if exact is not None:
        return result.difference(exact)
    if previous is None:  # a single tier says nothing about its own truncation
        return {name: np.full_like(bath[name], np.inf) for name in QUANTITIES}
    change = result.difference(previous)
    return {name: change[name] + bath[name] for name in QUANTITIES}
