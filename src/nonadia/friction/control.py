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
from ..negf.bath_fit import BathFit
from .checks import impossible
from .dataset import assemble
from .estimate import ResourceError, choose_method, require_memory
from .evaluate import QUANTITIES, GridForces, Progress, by_heom, by_negf
from .grid import Grid
from .partner import bare_partner, partner_family, sample

MAX_TIERS = 8
MAX_POLES = {"fit": 14, "pade": 60, "aaa": 30}
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
    tiers, poles, decomposition ("fit" | "pade" | "aaa") : fix what the program otherwise chooses; `poles` counts the poles of the
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


@dataclass(frozen=True)
class Bath:
    """Exponents per lead, absolute errors of the partner model per geometry, and what the file should say about them."""

    exponents: list[Exponents]
    errors: dict[str, FloatArray]
    record: dict[str, Any]


def choose_bath(
    frozen: FrozenJunction, tolerance: float, mode: str, poles: int | None = None, scheme: str | None = None
) -> Bath:
    """The fewest exponents whose partner model meets the tolerance, or `poles` of them if that is given.

    scheme: "fit" (tuned on the partner model, the default where the program chooses), "pade" (the default for a given
    number of poles) or "aaa".
    """
    scheme = scheme or ("fit" if poles is None else "pade")
    family = partner_family(frozen, sample(len(frozen.g)))
    exact = by_negf(family)[0]
    tuned = BathFit(family, mode == "pointwise") if scheme == "fit" else None
    trail: list[dict[str, Any]] = []
    best: tuple[float, list[Exponents], dict[str, float]] | None = None
    for count in range(1, MAX_POLES[scheme] + 1) if poles is None else [poles]:
        exponents = tuned.fit(count) if tuned else [decompose(lead, count, scheme) for lead in frozen.leads]
        fitted = by_negf(family, exponents)[0]
        worst = relative(fitted.difference(exact), exact, mode)
        trail.append({"poles": count, "exponents": [len(e) for e in exponents], "relative_error": worst})
        if best is None or max(worst.values()) < best[0]:
            best = (max(worst.values()), exponents, worst)
        if best[0] <= BATH_SHARE * tolerance:
            break
    assert best is not None
    exponents, worst = best[1], best[2]
    bare = bare_partner(frozen)
    here = by_negf(bare, exponents)[0].difference(by_negf(bare)[0])
    return Bath(exponents, here, {"scheme": scheme, "partner_error": worst, "trail": trail})


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
    bath = choose_bath(frozen, tolerance, mode, poles, scheme)
    exponents = bath.exponents
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
        errors = _errors(result, previous, exact, bath, mode)
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
        "bath": bath.record,
    }
    return Outcome(result, errors, attributes, record, messages)


def _errors(
    result: GridForces, previous: GridForces | None, exact: GridForces | None, bath: Bath, mode: str
) -> dict[str, FloatArray]:
    if exact is not None:
        return result.difference(exact)
    if previous is None:  # a single tier says nothing about its own truncation
        return {name: np.full_like(value, np.inf) for name, value in bath.errors.items()}
    change, scale = result.difference(previous), scales(result, mode)
    return {
        name: change[name] + np.maximum(bath.errors[name], bath.record["partner_error"][name] * scale[name])
        for name in QUANTITIES
    }
