"""What an ensemble costs in nonadia: the compiled kernel alone, and the whole of na.langevin with one and two threads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..langevin.api import langevin
from ..langevin.compiled import fast, philox
from ..langevin.tables.from_dataset import field_of
from .langevin_cases import MASS, SPREAD, STEP, TEMPERATURE, Case, forces
from .own import Emit
from .process import peak_bytes, resident_bytes

AT_REST = {"x": 0.0, "p": 0.0}
SEED = 1


def measure(case: Case, repeats: float, emit: Emit) -> None:
    """Emits steps of trajectories per second, best of repeats, all of them with the physics at the end.

    kernel: fast.advance on one thread, processor time. threads: {"1": …, "2": …}, the whole call of na.langevin, with the
    companion ensemble that measures the error of the step, statistics and distributions at 201 times; rate by wall time,
    cpu_rate by processor time.
    repeats: seconds for each.
    """
    table = field_of(forces()).uniform(0.0)
    assert table is not None
    x, p = np.zeros(case.trajectories), np.zeros(case.trajectories)
    key = philox.keys(SEED, 0)

    def kernel() -> None:
        x[:], p[:] = 0.0, 0.0
        fast.advance("BAOAB", x, p, table, mass=MASS, step=STEP, steps=case.steps, key=key)

    seconds = best(kernel, repeats)
    emit({"kernel": {"rate": case.trajectories * case.steps / seconds["cpu_s"], **seconds, **moments(x, p)}})
    threads: dict[str, Any] = {}
    for workers in (1, 2):
        found: list[Any] = []

        def whole(workers: int = workers, found: list[Any] = found) -> None:
            found[:] = [_ensemble(case, workers)]

        seconds = best(whole, repeats)
        work = case.trajectories * case.steps
        rates = {"rate": work / seconds["wall_s"], "cpu_rate": work / seconds["cpu_s"]}
        threads[str(workers)] = {**rates, **seconds, **found[0]}
        emit({"threads": threads, "cores": os.cpu_count()})


def measure_memory(case: Case, emit: Emit) -> None:
    """Emits the peak of memory of this process over one call of na.langevin with one thread, and its rate."""
    emit({"baseline_bytes": resident_bytes()})
    started = time.perf_counter()
    found = _ensemble(case, 1)
    rate = case.trajectories * case.steps / (time.perf_counter() - started)
    emit({"threads": {"1": {"rate": rate, **found}}, "peak_bytes": peak_bytes()})


def _ensemble(case: Case, workers: int) -> dict[str, float]:
    """na.langevin; its temperature and spread at the end."""
    result = langevin(
        forces(),
        trajectories=case.trajectories,
        duration=case.steps * STEP,
        step=STEP,
        initial=AT_REST,
        seed=SEED,
        workers=workers,
    )
    temperature, variance = (float(result[name][-1, 0]) for name in ("kinetic_temperature", "position_variance"))
    return {"temperature": temperature / TEMPERATURE, "spread": variance / SPREAD**2}


def moments(x: NDArray[np.float64], p: NDArray[np.float64]) -> dict[str, float]:
    """⟨p²/m⟩/k_BT and ⟨x²⟩/σ²: both are 1."""
    return {"temperature": float(np.mean(p**2)) / MASS / TEMPERATURE, "spread": float(np.mean(x**2)) / SPREAD**2}


def best(action: Callable[[], None], budget: float) -> dict[str, float]:
    """Shortest wall time and processor time (all threads) of an action, repeated for `budget` seconds, at least twice."""
    wall = cpu = np.inf
    until, runs = time.perf_counter() + budget, 0
    while runs < 2 or time.perf_counter() < until:
        started, busy = time.perf_counter(), time.process_time()
        action()
        wall, cpu = min(wall, time.perf_counter() - started), min(cpu, time.process_time() - busy)
        runs += 1
    return {"wall_s": wall, "cpu_s": cpu}
