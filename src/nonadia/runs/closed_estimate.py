"""What a run of a closed system will take: grid, unknowns, memory, and the time of a few steps; refusal of what cannot fit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from nonadia.models.errors import ModelError

from .closed_experiment import ClosedExperiment
from .errors import InputError

if TYPE_CHECKING:
    from .closed_request import PropagationRequest

# arrays of the size of ψ (complex) that are alive together: ψ, its copies for the error estimate and the checkpoint, Hψ, a
# transform, and the propagator's own factors
_PACKETS = 8
_KRYLOV = 20  # further ones: the Krylov basis
_FIELDS_AT_WORK = 12  # ψ, its derivatives and their products, at the refined grid
_PATIENCE = 1.0  # seconds for timing steps
_PATIENCE_FOR_ONE = 8.0  # for one snapshot
_TIMED_UNKNOWNS = 2_000_000  # beyond, snapshots take longer than a check should: two steps are timed


def unknowns(experiment: ClosedExperiment) -> int:
    """Complex numbers of ψ."""
    return int(np.prod(experiment.molecule.shape, dtype=float))


def memory_of_packets(experiment: ClosedExperiment) -> int:
    """Bytes for propagation: ψ and what is of its size."""
    request = experiment.propagation
    count = _PACKETS + (_KRYLOV if request is not None and request.method == "krylov" else 0)
    return 16 * unknowns(experiment) * count


def memory_of_fields(experiment: ClosedExperiment) -> int:
    """Bytes for forming fields without refinement; refinement by m in D dimensions takes m^D times as much, in pieces."""
    if experiment.factorization is None:
        return 0
    dimensions = len(experiment.molecule.coordinates)
    return 16 * unknowns(experiment) * (_FIELDS_AT_WORK + dimensions * (dimensions + 3) // 2)


def memory_of_result(experiment: ClosedExperiment) -> int:
    """Bytes of everything stored at every snapshot of every sweep point."""
    request = experiment.propagation
    if request is None:
        return 0
    molecule = experiment.molecule
    grid = int(np.prod(molecule.nuclear_shape, dtype=float))
    times = len(request.times)
    numbers = times * grid * (1 + experiment.surfaces)
    if request.store_psi:
        numbers += 2 * times * unknowns(experiment)
    if experiment.factorization is not None:
        d = len(molecule.coordinates)
        per_time = grid * (4 + 4 * d + d * d * (2 if d > 1 else 1))
        wanted = experiment.factorization.fields
        most = max(2, int(2.5e8 / (8 * per_time)))
        count = {"all": times, "none": 0, "auto": min(times, most)}[wanted] if isinstance(wanted, str) else len(wanted)
        numbers += count * per_time
    return 8 * numbers * sum(1 for _ in experiment.points())


def refuse_if_too_large(experiment: ClosedExperiment) -> None:
    """Raise InputError when what is asked for does not fit into this machine's memory."""
    from nonadia.friction.estimate import available_memory, format_bytes

    available = available_memory()
    parts = {
        "coordinates": (memory_of_packets(experiment) + memory_of_fields(experiment), "a coarser grid would fit"),
        "propagation.store_every": (2 * memory_of_result(experiment), "fewer snapshots, or fields at fewer times, would fit"),
    }
    for key, (size, advice) in parts.items():
        if size > available:
            message = f"{unknowns(experiment):,} unknowns need {format_bytes(size)} ({format_bytes(available)} are available)"
            if key != "coordinates":
                message = f"the stored snapshots need {format_bytes(size)} ({format_bytes(available)} are available)"
            raise InputError([(experiment.source, key, f"{message}; {advice}")])


def describe(experiment: ClosedExperiment) -> list[str]:
    """What `nonadia check` prints before anything is tried."""
    from nonadia.friction.estimate import available_memory, format_bytes

    molecule = experiment.molecule
    lines = [experiment.title or experiment.source]
    if experiment.system == "molecule":
        lines.append(f"electrons: {molecule.electrons!r}")
    lines += [_axis(axis) for axis in (*molecule.electronic_axes, *molecule.coordinates)]
    named = [n.name if n.components == (n.name,) else f"{n.name} ({', '.join(n.components)})" for n in molecule.nuclei]
    lines.append(f"nuclei: {', '.join(named)}")
    shape = " x ".join(map(str, molecule.shape))
    lines.append(f"unknowns: {shape} = {unknowns(experiment):,} complex numbers")
    for name, values in experiment.sweep.items():
        lines.append(f"sweep: {name} = {', '.join(map(str, values))}")
    request = experiment.propagation
    if request is None:
        return [*lines, "nothing to compute: there is no [propagation]"]
    lines.append(_propagation(request))
    if experiment.factorization is not None:
        asked = experiment.factorization
        lines.append(f"factorization: gauge {asked.gauge}, refinement {asked.refinement}, identities to {asked.tolerance:g}")
    working = memory_of_packets(experiment) + memory_of_fields(experiment)
    result = memory_of_result(experiment)
    memory = (
        f"memory about {format_bytes(working + 2 * result)} of {format_bytes(available_memory())} available; "
        f"result file about {format_bytes(result)}"
    )
    return [*lines, memory]


def _axis(axis: object) -> str:
    name, start, stop, points, mass, top = (
        getattr(axis, key) for key in ("name", "start", "stop", "points", "mass", "largest_momentum")
    )
    return f"grid: {name} = {start:g} … {stop:g} ({points} points), mass {mass:g}, momenta up to {top:.3g}"


def _propagation(request: PropagationRequest) -> str:
    step = request.step if isinstance(request.step, str) else f"{request.step:g}"
    order = f" of order {request.order}" if request.method == "split-operator" else ""
    return (
        f"propagation: {request.duration:g} a.u. by {request.method}{order}, step {step}, tolerance {request.tolerance:g}, "
        f"{len(request.times)} snapshots"
    )


def time_needed(experiment: ClosedExperiment) -> list[str]:
    """Measured: the initial state, then snapshots until patience ends; the rest in proportion.

    Errors: InputError for an initial state that does not fit the grid, and for a Hamiltonian that no step can follow.
    """
    request = experiment.propagation
    if request is None:
        return []
    if unknowns(experiment) > _TIMED_UNKNOWNS:
        return [_time_of_a_step(experiment, request)]
    point = experiment.at(next(iter(experiment.points()))) if experiment.sweep else experiment
    try:
        return [_time_of_snapshots(point, request, sum(1 for _ in experiment.points()))]
    except ModelError as error:
        raise InputError([(experiment.source, key, message) for key, message in error.problems]) from None
    except (ValueError, ArithmeticError) as error:  # what the run would stop with, at its first snapshots
        raise InputError([(experiment.source, "propagation", str(error))]) from None


def _time_of_snapshots(point: ClosedExperiment, request: PropagationRequest, runs: int) -> str:
    from nonadia.wavepacket import initial
    from nonadia.wavepacket.hamiltonian import Hamiltonian
    from nonadia.wavepacket.propagate import propagator, snapshots

    from .forecast import duration_text
    from .recorders import Recorders
    from .trial import OutOfPatience, Trial, Watched

    times = request.times
    begun = time.perf_counter()
    trial = Trial(_PATIENCE_FOR_ONE)
    hamiltonian = Hamiltonian(point.molecule)
    recorders = Recorders(point, times, hamiltonian)
    psi = initial.prepare(point.molecule, point.initial)
    method = Watched(propagator(trial.watching(hamiltonian), request.method, request.order), trial)
    prepared = time.perf_counter() - begun
    done, steps, moved, started = 0, 0, 0.0, time.perf_counter()
    trial.begin()
    options = {"method": method, "step": request.step, "tolerance": request.tolerance, "hamiltonian": hamiltonian}
    try:
        for snapshot in snapshots(point.molecule, psi, times.tolist(), **options):  # type: ignore[arg-type]
            trial.begin()
            recorders.record(snapshot)
            if snapshot.index == 0:
                started = time.perf_counter()  # the first one sets things up
                continue
            done, steps, moved = done + 1, steps + snapshot.steps, snapshot.time
            if time.perf_counter() - started > _PATIENCE:
                break
    except OutOfPatience:
        least = duration_text(_PATIENCE_FOR_ONE * (len(times) - 1) * runs)
        return f"time: one of {len(times) - 1} snapshots takes more than {_PATIENCE_FOR_ONE:g} s, the run more than {least}"
    each = (time.perf_counter() - started) / max(done, 1)
    total = (prepared + each * (len(times) - 1)) * runs
    step = moved / steps if steps else 0.0
    asked = point.factorization
    more = "; more where the identities need refinement" if asked is not None and asked.refinement == "auto" else ""
    return f"time: of the order of {duration_text(total)}; a step of {step:.3g} a.u. at first, {len(times) - 1} snapshots{more}"


def _time_of_a_step(experiment: ClosedExperiment, request: PropagationRequest) -> str:
    """Measured with any ψ; the second of two runs, as the first one sets things up."""
    from nonadia.wavepacket.hamiltonian import Hamiltonian
    from nonadia.wavepacket.propagate import propagator

    steps = 2
    method = propagator(Hamiltonian(experiment.molecule), request.method, request.order)
    psi = np.full(experiment.molecule.shape, 1.0 + 0.0j)
    for _ in range(2):
        begun = time.perf_counter()
        method.advance(psi, 0.0, 1e-3 * request.duration / len(request.times), steps)
        spent = time.perf_counter() - begun
    return f"time: a step takes about {spent / steps:.2g} s; how many are needed the run decides from the tolerance"
