"""What the dynamics of a run will take: trajectories, steps, memory, time; refusal of what cannot fit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError
from .junction_experiment import JunctionExperiment
from .table_experiment import TableExperiment

if TYPE_CHECKING:
    from nonadia.langevin.field import Field, FloatArray
    from nonadia.langevin.task import Problem

    from .langevin_request import LangevinRequest

_TIMED = 1024  # trajectories of the timing
_PATIENCE = 0.3  # seconds of it
_COPIES = 4  # of the state and of what was observed: before and after a round, in the checkpoint, in the result
_DRIVEN = 1.5e6  # trajectory-steps a second of one core where the table changes in time: in NumPy
_WITH_MEMORY = 1e5  # trajectory-steps a second of one core, where kernels depend on x (measured: 6e4 to 2.4e5)
_NOTE = "the step is chosen from the forces; estimated here from U_0"
Experiment = JunctionExperiment | TableExperiment


def ensembles(experiment: Experiment) -> int:
    """How many: sweep points, those of a driven parameter counted once."""
    request = experiment.langevin
    driven = request.drive if request is not None else {}
    return int(np.prod([len(values) for name, values in experiment.sweep.items() if name not in driven], dtype=int))


def memory_of(experiment: Experiment) -> int:
    """Bytes for the largest moment of an ensemble, and for the results of all."""
    request = experiment.langevin
    if request is None:
        return 0
    c = len(_names(experiment))
    leads = len(experiment.model.leads) if isinstance(experiment, JunctionExperiment) else 0
    batches, q = min(128, request.trajectories), 3 * c + 2 + leads
    observed = batches * (3 * request.stored * q + 16 * c * (request.bins + 2))
    kept = 2 * c * request.stored * request.keep
    state = request.trajectories * (4 * c + 2)
    result = ensembles(experiment) * (2 * (kept + request.trajectories * (2 * c + 2)) + 10 * request.stored * q)
    return 8 * int(_COPIES * (1.125 * (observed + state) + kept) + result)


def refuse_if_too_large(experiment: Experiment) -> None:
    """Raise InputError when the ensemble does not fit into this machine's memory."""
    from nonadia.friction.estimate import available_memory, format_bytes

    request = experiment.langevin
    if request is None:
        return
    needed, available = memory_of(experiment), available_memory()
    if needed > available:
        keeping = request.keep * request.stored > request.trajectories
        key = "langevin.keep" if keeping else "langevin.trajectories"
        message = f"needs {format_bytes(needed)} ({format_bytes(available)} are available); fewer would fit"
        raise InputError([(experiment.source, key, message)])


def refuse_bad_start(experiment: Experiment) -> None:
    """Raise InputError when there is no such table, or trajectories would start outside it or behind an exit."""
    from nonadia.langevin.exits import read_exits, refuse_outside

    request = experiment.langevin
    if request is None:
        return
    key = "table" if isinstance(experiment, TableExperiment) else "forces"
    try:
        field = _field(experiment, request)
        key = "langevin.exits"
        exits = read_exits(request.exits, field)
        key = "langevin.initial"
        x, _ = _start(experiment, field, request)
        key = "langevin.exits"
        refuse_outside(exits, x, field)
    except ValueError as error:
        said = str(error).removeprefix(f"{key.rpartition('.')[2]}: ")
        raise InputError([(experiment.source, key, said)]) from None


def _start(experiment: Experiment, field: Field, request: LangevinRequest) -> tuple[FloatArray, FloatArray]:
    """x and p of some trajectories; in the middle of the table where the forces of a junction decide about it."""
    from nonadia.langevin.initial import sample
    from nonadia.langevin.step_size import points_of

    count = min(_TIMED, request.trajectories)
    start: dict[str, Any] | None = request.initial
    if start is not None and (isinstance(experiment, TableExperiment) or "boltzmann" not in start):
        return sample(start, field, count, request.seed)
    table = points_of(field)
    middle = table[len(table) // 2] if len(table) else np.zeros(len(field.names))
    return np.broadcast_to(middle, (count, middle.size)).copy(), np.zeros((count, middle.size))


def describe(experiment: Experiment) -> list[str]:
    """Lines on trajectories, steps, memory and time. Errors: InputError where the dynamics could not start."""
    from nonadia.friction.estimate import available_memory, format_bytes

    from .forecast import duration_text

    request = experiment.langevin
    if request is None:
        return []
    refuse_bad_start(experiment)
    problem, speed, note = _timed(experiment, _field(experiment, request), request)
    if request.drive:
        speed = min(speed, _DRIVEN)
    if request.memory:
        speed, note = min(speed, _WITH_MEMORY), "with memory: measured for 4 to 8 auxiliary variables; kernels decide how many"
    steps = problem.between * (problem.stored - 1)
    count = ensembles(experiment)
    work = count * steps * (request.trajectories + 0.5 * max(2048, request.trajectories // 8))
    of = f"{count} ensembles of " if count > 1 else ""
    lines = [
        f"dynamics: {of}{request.trajectories:,} trajectories, {steps:,} steps of {problem.step:.3g} a.u. ({request.scheme})",
        f"  memory about {format_bytes(memory_of(experiment))} of {format_bytes(available_memory())} available",
        f"  time about {duration_text(work / speed)} on one core, {speed:.2g} trajectory-steps a second",
    ]
    return lines + ([f"  {note}"] if note else [])


def _names(experiment: Experiment) -> list[str]:
    coordinates = experiment.model.coordinates if isinstance(experiment, JunctionExperiment) else experiment.table.coordinates
    return [coordinate.name for coordinate in coordinates]


def _field(experiment: Experiment, request: LangevinRequest) -> Field:
    """The table; of a junction, whose forces are not computed yet, U_0 on its grid and no friction."""
    from nonadia.langevin.tables.from_dataset import field_of

    if isinstance(experiment, TableExperiment):
        return field_of(experiment.table.dataset(), asymptote=request.asymptote or None)
    import xarray as xr

    model, at = experiment.model, experiment.forces
    assert at is not None
    names = _names(experiment)
    c, shape = len(names), tuple(at.coords[dim].size for dim in at.dims) if at.dims != ("point",) else (len(at.points),)
    pair = ((*at.dims, "mode", "mode_"), np.zeros((*shape, c, c)))
    bare = model.bare_force(at.points).reshape(*shape, c)
    dataset = xr.Dataset(
        {
            "mean_force": ((*at.dims, "mode"), np.zeros_like(bare)),
            "bare_force": ((*at.dims, "mode"), bare),
            "bare_potential": (at.dims, model.bare_potential(at.points).reshape(shape)),
            "friction": pair,
            "noise": pair,
        },
        {name: (at.dims if at.dims == ("point",) else (name,), at.coords[name]) for name in names}
        | {"mode": names, "mode_": names},
    )
    for coordinate in model.coordinates:
        dataset[coordinate.name].attrs |= {"mass": coordinate.mass, "units": "1" if coordinate.unit == "1" else "bohr"}
    return field_of(dataset, asymptote=request.asymptote or None)


def _timed(experiment: Experiment, field: Field, request: LangevinRequest) -> tuple[Problem, float, str]:
    """The ensemble as it would be run, trajectory-steps a second of one core, and what is to be said about it."""
    from nonadia.langevin import step_size
    from nonadia.langevin.compiled import philox
    from nonadia.langevin.exits import read_exits
    from nonadia.langevin.general import State
    from nonadia.langevin.schemes.scheme import named
    from nonadia.langevin.task import advance

    scheme, exits, key = named(request.scheme), read_exits(request.exits, field), philox.keys(request.seed, 0)
    x, p = _start(experiment, field, request)
    count, c = x.shape
    omega = max(step_size.fastest(field, step_size.points_of(field)), step_size.fastest(field, x))
    chosen = request.step == "auto"
    step = float(request.step) if not chosen else min(step_size.PHASE / omega, request.duration / 16) if omega else 1.0
    edges = np.broadcast_to(np.linspace(-1.0, 1.0, request.bins + 1), (2, c, request.bins + 1))
    plan = (request.duration, step, key, exits, request.stored, edges)
    problem = step_size.problem_for(field, scheme, request.trajectories, *plan, request.keep)
    between = min(problem.between, 64)
    short = step_size.problem_for(field, scheme, count, 8 * between * problem.step, problem.step, key, exits, 9, edges)
    state, spent, best = State.start(x, p), 0.0, np.inf
    advance(short, 0, state, -1, 1)  # compiles
    for index in range(1, 8):
        began = time.perf_counter()
        try:
            state, _ = advance(short, 0, state, index, index + 1)
        except ValueError:  # out of a table that has no friction yet
            break
        best = min(best, time.perf_counter() - began)
        spent += time.perf_counter() - began
        if spent > _PATIENCE:
            break
    note = _NOTE if chosen and isinstance(experiment, JunctionExperiment) else ""
    return problem, short.between * count / best if spent else 1e6, note
