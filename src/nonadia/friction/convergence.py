"""Error of F, γ and D against the number of tiers and poles: how a model converges, seen instead of believed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..baths.decompose import decompose
from ..baths.exponents import Exponents
from ..heom.solver import NotConverged
from ..models.frozen import FloatArray, FrozenJunction
from ..models.junction import Junction
from .bath_choice import MAX_POLES, BathChoice
from .blocks import Store, Workers
from .checks import in_equilibrium
from .control import electronic_forces
from .convergence_dataset import Cell, Study, assemble_study
from .estimate import ResourceError, require_memory
from .evaluate import QUANTITIES, GridForces, Progress, by_heom, by_negf
from .grid import Grid

SOLVER_TOLERANCE = 1e-9  # relative error of the linear solves
TERMINATORS = ("zero", "adiabatic")


@dataclass(frozen=True)
class Reference:
    """What errors are measured from: values, their own absolute error (arrays of the same shapes), and its name."""

    values: dict[str, FloatArray]
    errors: dict[str, FloatArray]
    name: str


def convergence_study(
    model: Junction,
    x: ArrayLike | Mapping[str, ArrayLike],
    *,
    tiers: Sequence[int] = (2, 3, 4),
    poles: Sequence[int] = (2, 4, 6, 8),
    decomposition: str = "pade",
    terminator: str = "auto",
    reference: float | None = None,
    progress: Progress | None = None,
    workers: int = 1,
    store: Store | None = None,
) -> xr.Dataset:
    """HEOM at every pair of tiers and poles, and how far each is from the truth.

        error_Q(tier, poles) = max_x |Q(x; tier, poles) - Q_ref(x)| / max_x |Q_ref(x)|,     Q = F, γ, D

    model, x : as for `electronic_forces`. tiers, poles : numbers of tiers, and of Fermi poles of each lead, all pairs.
    decomposition : "pade", "aaa" or "fit" (tuned on the non-interacting partner). terminator : "zero" (nothing above the
    last tier), "adiabatic", or "auto": as the program chooses, adiabatic for interacting models.
    reference : tolerance of an `electronic_forces` result to measure from. Without it the reference is exact (NEGF) for
    non-interacting models, else the pair with most tiers and poles, whose own error is the sum of what the last step in
    tiers and the last step in poles change. progress, workers, store : as for `electronic_forces`.

    Returns a dataset with error_force, error_friction, error_noise (tier, poles), relative; reference_error_… of the same
    three (relative; scalars); mean_force, friction, noise (tier, poles, …, mode[, mode_]) and their reference_… in atomic
    units; fluctuation_dissipation (tier, poles) = max|D/k_BT - γ_sym| / max|γ_ref|, at equilibrium only; exponents (poles),
    unknowns and wall_time (s). What does not fit into memory or cannot be solved is NaN, with a line in the attribute
    messages (JSON). Vibrations have the number of states that the model has.
    Errors: ValueError for arguments that make no sense, ResourceError if even the smallest pair needs too much memory.
    Source: theory B2, B4.
    """
    tiers, poles = _increasing("tiers", tiers), _increasing("poles", poles)
    if decomposition not in MAX_POLES:
        raise ValueError(f'decomposition "{decomposition}" is not known; use one of {", ".join(MAX_POLES)}')
    if terminator not in ("auto", *TERMINATORS):
        raise ValueError(f'terminator "{terminator}" is not known; use "auto", "zero" or "adiabatic"')
    started = time.perf_counter()
    grid = Grid.of([c.name for c in model.coordinates], x)
    frozen = model.at(grid.points)
    if terminator == "auto":
        terminator = "zero" if frozen.non_interacting else "adiabatic"
    baths = [_bath(frozen, count, decomposition) for count in poles]
    require_memory(frozen, [len(e) for e in baths[0]], tiers[0])

    cells: dict[tuple[int, int], Cell] = {}
    messages: list[str] = []
    with Workers(workers, store) as pool:
        # cheap ones first: what does not fit is known after everything else is done
        for number, (i, j) in enumerate((i, j) for i in range(len(tiers)) for j in range(len(poles))):
            where = f"{tiers[i]} tiers, {poles[j]} poles"

            def report(done: float, total: float, message: str, number: int = number) -> None:
                if progress is not None:
                    progress(number * len(grid) + int(done), len(tiers) * len(poles) * len(grid), message)

            begun = time.perf_counter()
            try:
                size = require_memory(frozen, [len(e) for e in baths[j]], tiers[i])
                values = by_heom(frozen, baths[j], tiers[i], report, SOLVER_TOLERANCE, terminator, grid.points, pool)
            except (ResourceError, NotConverged) as error:
                messages.append(f"{where}: {error}")
                continue
            cells[i, j] = Cell(values, size.unknowns, time.perf_counter() - begun)
    found = _reference(model, grid, frozen, cells, reference, workers, store)
    study = Study(
        tiers,
        poles,
        [max(len(e) for e in bath) for bath in baths],
        cells,
        {cell: _error(solved.values, found) for cell, solved in cells.items()},
        {cell: _broken(frozen, solved.values, found) for cell, solved in cells.items()},
        found.values,
        _own_error(found),
    )
    attributes = {
        "decomposition": decomposition,
        "terminator": terminator,
        "reference": found.name,
        "vibrational_states": frozen.vibration_states.tolist(),
        "messages": messages,
        "complete": int(not messages),
        "wall_time": time.perf_counter() - started,
    }
    return assemble_study(model, grid, study, attributes)


def _increasing(name: str, values: Sequence[int]) -> list[int]:
    """Errors: ValueError unless these are distinct positive integers; sorted."""
    numbers = sorted(int(value) for value in values)
    if not numbers or numbers[0] < 1 or len(set(numbers)) < len(numbers) or any(v != int(v) for v in values):
        raise ValueError(f"{name} = {list(values)} must be distinct positive integers, at least one")
    return numbers


def _bath(frozen: FrozenJunction, poles: int, decomposition: str) -> list[Exponents]:
    if decomposition == "fit":
        return BathChoice(frozen, "global", "fit", poles).within(1e-12).exponents
    return [decompose(lead, poles, decomposition) for lead in frozen.leads]


def _reference(
    model: Junction,
    grid: Grid,
    frozen: FrozenJunction,
    cells: dict[tuple[int, int], Cell],
    tolerance: float | None,
    workers: int,
    store: Store | None,
) -> Reference:
    """Exact, converged to a tolerance, or the finest pair with the changes of the last two steps as its error."""
    if tolerance is not None:
        x = dict(grid.values) if grid.values else grid.points
        forces = electronic_forces(model, x, tolerance=tolerance, workers=workers, store=store)
        shape = (len(grid), len(model.coordinates))
        shapes = {"force": shape, "friction": (*shape, shape[1]), "noise": (*shape, shape[1])}
        names = {"force": "mean_force", "friction": "friction", "noise": "noise"}
        values = {name: forces[names[name]].values.reshape(shapes[name]) for name in QUANTITIES}
        errors = {name: forces[f"error_{name}"].values.reshape(shapes[name]) for name in QUANTITIES}
        state = "converged" if forces.attrs["converged"] else "not converged"
        return Reference(values, errors, f"{forces.attrs['method']} to a tolerance of {tolerance:g} ({state})")
    if frozen.non_interacting:
        exact, errors = by_negf(frozen)
        return Reference(_values(exact), errors, "negf (exact)")
    if not cells:
        raise NotConverged("no pair of tiers and poles could be solved")
    i, j = max(cells)
    last = cells[i, j].values
    before = [cells[cell].values for cell in ((i - 1, j), (i, j - 1)) if cell in cells]
    # one step in each direction is needed to know anything about the error of the finest pair
    unknown = np.inf if len(before) < 2 else 0.0
    changes = {name: sum((last.difference(b)[name] for b in before), np.zeros_like(getattr(last, name))) for name in QUANTITIES}
    return Reference(_values(last), {name: change + unknown for name, change in changes.items()}, "finest pair")


def _values(result: GridForces) -> dict[str, FloatArray]:
    return {name: np.asarray(getattr(result, name)) for name in QUANTITIES}


def _error(result: GridForces, reference: Reference) -> dict[str, float]:
    """Largest difference over the grid in units of the largest reference value."""
    return {
        name: float(np.max(np.abs(getattr(result, name) - reference.values[name]))) / _size(reference.values[name])
        for name in QUANTITIES
    }


def _own_error(reference: Reference) -> dict[str, float]:
    return {name: float(np.max(reference.errors[name])) / _size(reference.values[name]) for name in QUANTITIES}


def _size(values: FloatArray) -> float:
    return max(float(np.max(np.abs(values))), float(np.finfo(float).tiny))


def _broken(frozen: FrozenJunction, result: GridForces, reference: Reference) -> float:
    """max|D/k_BT - γ_sym| over the grid relative to the largest friction; NaN out of equilibrium, where they differ rightly."""
    if not in_equilibrium(frozen):
        return float("nan")
    symmetric = 0.5 * (result.friction + np.swapaxes(result.friction, -1, -2))
    violation = np.max(np.abs(result.noise / frozen.leads[0].temperature - symmetric))
    return float(violation) / _size(reference.values["friction"])
