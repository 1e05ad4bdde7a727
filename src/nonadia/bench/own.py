"""What one benchmark junction costs in nonadia: tables, preconditioner, solve, memory, one generator application."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..heom.fock import FockSpace
from ..heom.generator import Generator
from ..heom.hierarchy import build
from ..heom.modes import Modes
from ..heom.solver import SteadyStateSolver
from ..models.frozen import ComplexArray
from .cases import Case
from .process import peak_bytes, resident_bytes

TOLERANCE = 1e-10  # relative error of the solve
COPY = 2**24  # numbers in the copy that measures the bandwidth, 128 MiB: far beyond any cache
Emit = Callable[[dict[str, Any]], None]


def measure(case: Case, repeats: float, emit: Emit) -> None:
    """Emits times in seconds, sizes in bytes, the solver's record, the total occupation, the streaming ratio.

    repeats: seconds to spend on repetitions, of which the shortest time of each phase counts. Memory is that of the first pass:
    baseline is the process with everything imported and compiled kernels loaded, peak the most it ever had.
    """
    _once(case.small())
    emit({"baseline_bytes": resident_bytes()})
    times, solver, state = _once(case)
    emit({"peak_bytes": peak_bytes()})
    emit(_result(solver, state))
    until, cpu, wall, count = time.perf_counter() + repeats, time.process_time(), time.perf_counter(), 1
    while count < 2 or (count < 20 and time.perf_counter() + sum(times.values()) < until):
        again, solver, state = _once(case)
        times = {name: min(times[name], again[name]) for name in times}
        count += 1
    busy = (time.process_time() - cpu) / (time.perf_counter() - wall)
    emit({**times, "total_s": sum(times.values()), "repeats": count, "cpu_per_wall": busy})
    emit({"streaming": streaming(solver.generator)})


def _once(case: Case) -> tuple[dict[str, float], SteadyStateSolver, ComplexArray]:
    frozen, exponents = case.frozen(), case.exponents()
    clock = [time.perf_counter()]
    modes = Modes.of(frozen, exponents)
    hierarchy = build(FockSpace.of(frozen), modes, case.tiers)
    clock.append(time.perf_counter())
    solver = SteadyStateSolver(Generator(hierarchy, modes, frozen), TOLERANCE)
    clock.append(time.perf_counter())
    state = solver.steady_state()
    clock.append(time.perf_counter())
    build_s, preconditioner_s, solve_s = np.diff(clock).tolist()
    return {"build_s": build_s, "preconditioner_s": preconditioner_s, "solve_s": solve_s}, solver, state


def _result(solver: SteadyStateSolver, state: ComplexArray) -> dict[str, Any]:
    generator = solver.generator
    fock = generator.hierarchy.fock
    residual = float(np.abs(generator.apply(state)).max()) / max(float(np.abs(d).max()) for d in generator.diagonals)
    return {
        "unknowns": generator.hierarchy.unknowns,
        "iterations": solver.records[-1].iterations,
        "error": solver.records[-1].error,
        "residual": residual,
        "occupation": float(generator.inner(generator.trace_vector(fock.number()), state)),
    }


def streaming(generator: Generator, rounds: int = 7) -> dict[str, float]:
    """One application of 𝓛 against the time in which its data pass once through memory.

    ratio = t(𝓛ρ) / [(ρ, 𝓛ρ, diagonals, index tables) bytes / copy bandwidth], the best of several applications in a row, as a
    Krylov solver makes them. apply_cold_s: the best of those right after a copy of 128 MiB, which leaves nothing in the caches.
    """
    vector = np.random.default_rng(0).normal(size=(generator.zeros().size, 2)) @ np.array([1.0, 1.0j])
    source, target = np.ones(COPY), np.zeros(COPY)
    apply_s = cold_s = copy_s = np.inf
    for _ in range(rounds):
        started = time.perf_counter()
        np.copyto(target, source)
        copy_s = min(copy_s, time.perf_counter() - started)
        for repetition in range(3):
            started = time.perf_counter()
            generator.apply(vector)
            elapsed = time.perf_counter() - started
            apply_s = min(apply_s, elapsed)
            cold_s = cold_s if repetition else min(cold_s, elapsed)
    bandwidth = 2 * source.nbytes / copy_s
    tables = generator.hierarchy.table_bytes + sum(diagonal.nbytes for diagonal in generator.diagonals)
    moved = 2 * vector.nbytes + tables
    return {
        "apply_s": apply_s,
        "apply_cold_s": cold_s,
        "vector_bytes": vector.nbytes,
        "table_bytes": tables,
        "copy_bytes_per_s": bandwidth,
        "stream_s": moved / bandwidth,
        "ratio": apply_s / (moved / bandwidth),
    }
