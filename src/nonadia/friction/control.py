"""`electronic_forces`: the method is chosen, its result converged, judged and labelled."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Executor

import xarray as xr
from numpy.typing import ArrayLike

from ..models.frozen import FrozenJunction
from ..models.junction import Junction
from .bath_choice import MAX_POLES
from .blocks import Store, Workers
from .checks import impossible
from .dataset import assemble
from .estimate import choose_method, sound
from .evaluate import Progress, by_negf, relative
from .grid import Grid
from .stable import judge_stability
from .tiers import Hierarchical, Outcome


def electronic_forces(
    model: Junction,
    x: ArrayLike | Mapping[str, ArrayLike],
    *,
    method: str = "auto",
    tolerance: float = 1e-3,
    tolerance_mode: str = "global",
    tiers: int | None = None,
    poles: int | None = None,
    decomposition: str | None = None,
    progress: Progress | None = None,
    workers: int = 1,
    store: Store | None = None,
    executor: Executor | None = None,
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
    workers : processes over blocks of geometries (HEOM); the result does not depend on it.
    executor : any concurrent.futures executor that solves the blocks instead, such as that of a cluster; the same result.
    store : mapping key → arrays in which finished blocks are looked up and kept, so that an interrupted run can go on.

    Returns a dataset (atomic units, `units` on every variable) with mean_force(…, mode), friction(…, mode, mode_),
    noise(…, mode, mode_), their molecular and coupling parts, error_force, error_friction, error_noise (estimated absolute
    errors), potential, population, current; attributes method, tiers, poles, converged (1 if every stated error is within
    the tolerance, no result is impossible and the hierarchy relaxes), stability (growth rates), messages, convergence (JSON).
    Errors: ValueError for arguments that do not fit the model, ModelError (a ValueError) where the model has no value or no
    steady state on the grid, ResourceError (a ValueError) if it needs more memory than there is, NotConverged if a linear
    solve stalls.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance} must lie between 0 and 1")
    if tolerance_mode not in ("global", "pointwise"):
        raise ValueError(f'tolerance_mode "{tolerance_mode}" is not known; use "global" or "pointwise"')
    for name, number in (("tiers", tiers), ("poles", poles)):
        if number is not None and number < 1:
            raise ValueError(f"{name} = {number} must be at least 1")
    if decomposition is not None and decomposition not in MAX_POLES:
        raise ValueError(f'decomposition "{decomposition}" is not known; use one of {", ".join(MAX_POLES)}')
    started = time.perf_counter()
    grid = Grid.of([c.name for c in model.coordinates], x)
    frozen = sound(model, grid)
    chosen = choose_method(frozen, method)
    if chosen == "negf":
        outcome = _negf(frozen, tolerance, tolerance_mode)
    else:
        automatic = [vibration.automatic for vibration in model.vibrations]
        with Workers(workers, store, executor) as pool:
            hierarchy = Hierarchical(grid.points, tolerance, tolerance_mode, progress, pool)
            outcome = hierarchy.converge(frozen, automatic, tiers, poles, decomposition)
            frozen = hierarchy.frozen
            if outcome.exponents is not None:
                relaxes = judge_stability(frozen, grid, outcome)
                outcome.attributes["stability"] = relaxes.record
                outcome.messages += relaxes.messages

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
