"""`heom_dynamics`: electrons and quantum vibrations in time, to a stated tolerance."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..friction.bath_choice import MAX_POLES
from ..models.errors import ModelError
from ..models.frozen import FloatArray
from ..models.junction import Junction
from .arguments import real, reals, whole
from .control import Control, Outcome, Progress
from .request import Start
from .run import Task

if TYPE_CHECKING:
    import xarray as xr

GRID_POINTS = 161
REACH = 8.0  # |X| up to which the position density is kept by default
POSITIVE = 3.0  # violations of what no state does count beyond this many tolerances


def heom_dynamics(
    model: Junction,
    time: ArrayLike,
    *,
    x: ArrayLike | Mapping[str, float] | None = None,
    initial: Mapping[str, Any] | None = None,
    tolerance: float = 1e-3,
    tiers: int | None = None,
    poles: int | None = None,
    decomposition: str | None = None,
    positions: ArrayLike | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Levels and quantum vibrations of a molecule at its leads in time, ∂_tρ = 𝓛ρ (theory B3; LD(16)-(18)).

    model : Junction; its vibrations stay quantum, its classical coordinates are held at x. time : t ≥ 0, increasing,
        scalar or 1D (ħ/Hartree), from the initial state on; the last may be infinite: the steady state.
    x : value (one coordinate), values or mapping name → value; may be left out where nothing depends on the coordinates.
    initial : {"electrons": "equilibrium" (the default: correlated with the leads, the vibrations held at their mean
        displacements) | "empty" | {level: occupation}, "vibrations": {name: {"displacement": x0} (coherent, x0 = ⟨b + b†⟩/√2) |
        {"fock": n} | {"thermal": k_BT}}}; vibrations not named start in their ground state. ρ_J(0) = ρ^el_J ⊗ ρ_vib, all tiers.
    tolerance : error of populations and of probabilities of quanta (absolute), of current, position, variance and vibrational
        energy relative to their largest magnitude over time.
    tiers, poles, decomposition ("fit" | "pade" | "aaa") : fix what the program otherwise chooses; vibrations with a given
        number of states keep it, automatic ones get as many as the tolerance needs.
    positions : grid of the dimensionless position for the position density. progress : callable(done, total, message).

    Returns a dataset (atomic units, `units` on every variable): population(time, level), current(time, lead),
    number_distribution(time, vibration, quanta), position, variance, momentum, momentum_variance, vibrational_energy (time,
    vibration), position_density(time, vibration, grid), molecular_energy, trace, purity, lowest_eigenvalue,
    hermiticity_error (time), and error_* of population, current, number_distribution, position, variance, vibrational_energy:
    sums of what fewer vibrational states, a better bath, a finer step and more tiers change, and of the part of the initial
    state that the vibrational states do not hold (`control`). Attributes: tiers,
    poles, vibrational_states, step, relative_error, error_shares, converged (1 if every error is within the tolerance and
    the state is a density matrix to within it), messages, convergence (JSON).
    Errors: ValueError for arguments that do not fit, ModelError (a ValueError) where the model has no value, ResourceError
        (a ValueError) for lack of memory, Unstable if the truncated hierarchy grows, NotConverged if no equilibrium exists.
    """
    from .dataset import assemble

    started = clock.perf_counter()
    right = "give the accepted error, between 0 and 1"
    tolerance = real("tolerance", tolerance, right)
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance: {tolerance} is out of range; {right}")
    tiers, poles = whole("tiers", tiers), whole("poles", poles)
    if decomposition is not None and (not isinstance(decomposition, str) or decomposition not in MAX_POLES):
        raise ValueError(f"decomposition: {decomposition!r} is not known; use one of {', '.join(MAX_POLES)}")
    right = "give a number or a 1D array of increasing values, none negative"
    times = np.atleast_1d(reals("time", time, right))
    if times.ndim != 1 or not times.size or not times[0] >= 0 or not np.all(np.diff(times) > 0):
        raise ValueError(f"time: the values do not increase from 0 on; {right}")
    point = held(model, x)
    start = Start.of(model, initial)
    if positions is None:
        where = np.linspace(-REACH, REACH, GRID_POINTS)
    else:
        where = reals("positions", positions, "give a 1D array of finite values")
        if where.ndim != 1 or not where.size or not np.all(np.isfinite(where)):
            raise ValueError(f"positions: shape {where.shape} or a value does not fit; give a 1D array of finite values")
    task = Task(model.at(point), start, times, where, np.zeros(len(model.vibrations)))
    outcome = Control(task, [v.automatic for v in model.vibrations], tolerance, progress).converge(tiers, poles, decomposition)
    messages = judged(outcome, tolerance)
    attributes = {
        "method": "heom",
        "tolerance": tolerance,
        "temperature": [lead.temperature for lead in outcome.frozen.leads],
        "chemical_potential": [lead.chemical_potential for lead in outcome.frozen.leads],
        **outcome.attributes,
        "relative_error": outcome.relative,
        "converged": int(not messages),
        "messages": messages,
        "convergence": outcome.record,
        "wall_time": clock.perf_counter() - started,
    }
    return assemble(model, times, where, point, outcome, attributes)


def held(model: Junction, x: ArrayLike | Mapping[str, float] | None) -> FloatArray:
    """The classical coordinates (c,). Errors: ValueError, also where x is left out although something depends on it."""
    names = model.coordinate_names
    right = f"give a finite value for each of {', '.join(names)}"
    if isinstance(x, Mapping):
        if set(x) != set(names):
            raise ValueError(f"x: got {', '.join(map(str, x)) or 'nothing'}; {right}")
        x = [real(f"x.{name}", x[name], right) for name in names]
    if x is not None:
        point = model.points(reals("x", x, right))
        if point.ndim != 1 or not np.all(np.isfinite(point)):
            raise ValueError(f"x: {point.tolist()} is not one geometry; {right}")
        return point
    try:
        probes = model.at(np.array([[0.0], [0.37], [1.0]]) * np.ones(len(names)))
    except ModelError:
        probes = None
    if probes is None or any(np.ptp(a, axis=0).any() for a in (probes.h, probes.u, probes.vibronic, probes.g)):
        raise ValueError(f"x: the model depends on {', '.join(names)}; give the values at which they are held")
    return np.zeros(len(names))


def judged(outcome: Outcome, tolerance: float) -> list[str]:
    """Everything that keeps a result from being converged."""
    messages = list(outcome.messages)
    for name, value in outcome.relative.items():
        if not value <= tolerance:
            messages.append(f"error of the {name} {value:.1e} exceeds the tolerance {tolerance:.1e}")
    state = outcome.trajectory
    found = {
        "the trace is off by": float(np.max(np.abs(state.trace - 1.0))),
        "the density matrix has an eigenvalue below zero by": float(np.max(-state.lowest)),
        "the density matrix is not Hermitian by": float(np.max(state.hermiticity)),
    }
    return messages + [f"{words} {value:.1e}" for words, value in found.items() if value > POSITIVE * tolerance]
