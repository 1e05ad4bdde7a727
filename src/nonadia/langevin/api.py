"""`langevin`: from a force table, or any field, to observables of an ensemble with their errors."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nonadia.units import UnitError, atomic

from . import ensemble, step_size
from .compiled import philox
from .ensemble import Checkpoint, Ensemble, Progress
from .exits import read_exits, refuse_outside
from .field import Field, FloatArray
from .initial import sample
from .outcome import Outcome, achieved
from .schemes.scheme import named
from .task import companion

if TYPE_CHECKING:
    import xarray as xr

COMPANION = 2048  # trajectories of the ensemble with twice the step, at least, or an eighth of all
LOOKS = 20  # times at which a requested error is looked at
STOPPABLE = ("kinetic_temperature", "position", "energy", "current")


def langevin(
    forces: xr.Dataset | Field,
    *,
    trajectories: int = 1000,
    duration: float | str,
    step: float | str = "auto",
    initial: Mapping[str, Any] | None = None,
    mass: ArrayLike | Mapping[str, float] | None = None,
    potential: Callable[[FloatArray], ArrayLike] | None = None,
    seed: int = 1,
    scheme: str = "baoab",
    stored: int = 201,
    exits: Mapping[str, Any] | None = None,
    asymptote: Mapping[str, Any] | None = None,
    drive: Mapping[str, Callable[[float], float]] | None = None,
    memory: xr.Dataset | None = None,
    stop_error: Mapping[str, float] | None = None,
    step_tolerance: float = 1e-3,
    table_tolerance: float = 1e-3,
    keep: int = 0,
    bins: int = 100,
    workers: int = 1,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Ensemble of Langevin trajectories with electronic friction (theory B7; LD(51), (52)).

        m_i dv_i = [-∂_i U_0 + F_i(x)] dt - γ_ij(x) v_j dt + noise,   ⟨ξ_i ξ_j⟩ = 2 D_ij(x) δ(t - t')

    forces : dataset as of `electronic_forces` (also from other programs), or a Field (CallableField for plain functions).
        γ may be any real tensor, also with negative eigenvalues; it is never clipped.
    trajectories, duration, stored : number of trajectories, how long, at how many equally spaced times to observe. Times and
        temperatures are a.u. (k_BT) or text with a unit, "20 ps", "300 K".
    step : a time, not exceeded, or "auto": from the fastest motion, halved until a pilot ensemble agrees with one of twice
        the step.
    initial : {"temperature": kT, "x": 0.0} (fixed x, p of Maxwell), {"x":…, "p":…}, {"boltzmann": kT},
        {"wigner": {"frequency":…, "center":…, "temperature":…}}, or {"positions": (N, c), "momenta": (N, c)}.
        Default: the lowest point of the table at rest.
    mass : of each coordinate; default: what the dataset says. potential : another U_0(x (N, c)) for the table.
    seed : with (trajectory, step) the key of all noise: equal seeds give equal bits for any number of workers.
    scheme : "baoab", "obabo" (weak order 2), "lie-trotter" (1).
    exits : {"dissociated": "x > 9.4"}: where a trajectory ends; it is counted with time and momentum.
    asymptote : {"x": {"lower": "linear", "upper": "free"}}: the field outside the table; without it leaving is an error.
    drive : {"bias": function of t}: the table has this further dimension; it is followed in time.
    memory : dataset of `memory_kernels`: the generalised Langevin equation with these kernels in place of γ and D.
    stop_error : {"kinetic_temperature": kT, "position":…, "energy":…, "current":…}: stop as soon as a steady state is there
        and these standard errors are reached.
    step_tolerance : wanted error of the step, relative to ⟨p²/m⟩ and the spread of x. table_tolerance : of the interpolation,
        relative to the largest force, friction and noise.
    keep : trajectories to store whole. bins : of the distributions.
    workers : threads. executor : any concurrent.futures executor instead (processes, a cluster).
    checkpoint : object with read(), offer(arrays), write(arrays); the run goes on from what it holds.
    progress : callable(done, total, message).

    Returns a dataset, a.u., `units` on every variable; error_X is one standard error of X, step_error_X the error of the step
    (from an ensemble of twice the step on the same noise). attrs: step, scheme, weak_order, steady_state, steady_since,
    converged, messages (why not), notes. Errors: ValueError for arguments that do not fit, task.LeftTable (a ValueError)
    where a trajectory leaves the table, general.NoiseError (a ValueError) where D is not positive.
    """
    started = clock.perf_counter()
    duration = atomic(duration, "time")
    stop_error = {k: atomic(v, "temperature") if k == "kinetic_temperature" else v for k, v in (stop_error or {}).items()}
    _check(trajectories, duration, seed, stored, keep, bins, workers, stop_error)
    fixed = None if step == "auto" else _time(step, duration)
    for name, value in (("step_tolerance", step_tolerance), ("table_tolerance", table_tolerance)):
        if not 0 < value < 1:
            raise ValueError(f"{name} = {value}: must lie between 0 and 1")
    field = _field(forces, mass, potential, asymptote, drive, table_tolerance)
    if memory is not None:
        from .memory.memory_field import from_kernels

        field = from_kernels(field, memory, asymptote=asymptote)
    chosen_scheme, limits = named(scheme), read_exits(exits, field)
    start = dict(initial) if initial is not None else _lowest(field)
    x, p = sample(start, field, trajectories, seed)
    refuse_outside(limits, x, field)
    key = philox.keys(seed, 0)
    pilot = step_size.choose(field, chosen_scheme, x, p, duration, key, limits, step_tolerance, fixed)
    edges = step_size.edges_of(field, pilot.reach, bins)
    problem = step_size.problem_for(field, chosen_scheme, trajectories, duration, pilot.step, key, limits, stored, edges, keep)
    second = companion(problem, max(COMPANION, trajectories // 8))
    whole = step_size.with_auxiliary(field, x, p, seed)
    pair = [Ensemble(problem, x, whole), Ensemble(second, x[: second.trajectories], whole[: second.trajectories])]
    looks = sorted({round(j * (stored - 1) / LOOKS) for j in range(1, LOOKS)}) if stop_error else []

    def enough(index: int) -> bool:
        return achieved(pair[0], index, stop_error)

    with ExitStack() as stack:
        if executor is None and workers > 1:
            executor = stack.enter_context(ThreadPoolExecutor(workers))
        reached = ensemble.run(
            pair, executor=executor, workers=workers, checkpoint=checkpoint, progress=progress, enough=enough, looks=looks
        )
    outcome = Outcome(pair[0], pair[1], reached, step_tolerance, stop_error)
    from .dataset import assemble

    attributes = {
        "seed": seed,
        "initial": {k: v for k, v in start.items() if k not in ("positions", "momenta")},
        "wall_time": clock.perf_counter() - started,
    }
    return assemble(outcome, attributes, field.messages + pilot.messages + step_size.shortening(fixed, problem.step))


def _time(step: float | str, duration: float) -> float:
    wrong = f'step = {step!r}: must be "auto" or a positive time, at most the duration'
    try:
        value = atomic(step, "time")
    except UnitError as error:
        raise ValueError(f"{wrong}; {error}") from None
    if not 0 < value <= duration:
        raise ValueError(wrong)
    return value


def _field(forces: Any, mass: Any, potential: Any, asymptote: Any, drive: Any, tolerance: float) -> Field:
    if isinstance(forces, Field):
        for name, given in (("mass", mass), ("potential", potential), ("asymptote", asymptote), ("drive", drive)):
            if given is not None:
                raise ValueError(f"{name}: belongs to a dataset; a field has its own")
        return forces
    from .tables.from_dataset import field_of

    return field_of(forces, mass=mass, potential=potential, asymptote=asymptote, drive=drive, tolerance=tolerance)


def _lowest(field: Field) -> dict[str, float]:
    """The lowest point of the potential at rest."""
    where = step_size.points_of(field)
    values = field.potential(where) if len(where) else None
    if values is None or not np.isfinite(values).any():
        raise ValueError(f"initial: is needed, for example {{{', '.join(f'{n!r}: 0.0' for n in field.names)}}}")
    best = where[int(np.nanargmin(values))]
    return {name: float(value) for name, value in zip(field.names, best, strict=True)}


def _check(
    trajectories: int, duration: float, seed: int, stored: int, keep: int, bins: int, workers: int, wanted: Mapping[str, float]
) -> None:  # fmt: skip
    for name, value, least in (
        ("trajectories", trajectories, 1), ("stored", stored, 3), ("keep", keep, 0), ("bins", bins, 1), ("workers", workers, 1),
        ("seed", seed, 0),
    ):  # fmt: skip
        if isinstance(value, bool) or int(value) != value or value < least:
            raise ValueError(f"{name} = {value}: must be a whole number, {least} or larger")
    if keep > trajectories:
        raise ValueError(f"keep = {keep}: there are only {trajectories} trajectories")
    if not (duration > 0 and np.isfinite(duration)):
        raise ValueError(f"duration = {duration}: must be a positive time")
    for name, error in wanted.items():
        if name not in STOPPABLE:
            raise ValueError(f'stop_error: "{name}" is not known; use some of {", ".join(STOPPABLE)}')
        if not error > 0:
            raise ValueError(f"stop_error: {name} = {error} must be positive")
