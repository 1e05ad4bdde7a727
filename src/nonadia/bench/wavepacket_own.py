"""What a wave packet costs in nonadia: time steps against bare Fourier transforms, a whole propagation, one factorization."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..factorization.along import Ledger
from ..models.molecule import Molecule
from ..wavepacket import fft
from ..wavepacket.hamiltonian import Hamiltonian
from ..wavepacket.initial import prepare
from ..wavepacket.propagate import Snapshot, snapshots
from ..wavepacket.split import SplitOperator
from .own import Emit
from .process import peak_bytes, resident_bytes
from .wavepacket_cases import Case, observables

STEP = 0.5  # a.u. of the steps that are timed; their cost does not depend on it
PASS = 0.03  # seconds that one timed pass lasts, so that the clock does not matter
TOLERANCE = 1e-7  # of the whole propagation, the default of nonadia


def measure(case: Case, repeats: float, emit: Emit) -> None:
    """Emits seconds: a step of order 2 and 4, one of a single state, the FFT pair of each library in place (taken in turn with
    the steps), the propagation over case.duration with its error bound, and one factorization snapshot without refinement.

    repeats: seconds for each comparison, of which the shortest time counts.
    """
    molecule = case.molecule()
    start = prepare(molecule, case.initial())
    psi, hamiltonian = start.copy(), Hamiltonian(molecule)
    axes = hamiltonian.nuclear_axes
    actions: dict[str, Callable[[int], None]] = {
        f"step_{order}_s": _stepping(SplitOperator(hamiltonian, order), psi) for order in (2, 4)
    }
    actions |= {f"fft:{name}": _transforming(transform, psi.copy(), axes) for name, transform in fft.LIBRARIES.items()}
    single = case.one_state()
    actions["single_s"] = _stepping(SplitOperator(Hamiltonian(single), 2), start[:1].copy())
    best = shortest(actions, repeats)
    pairs = {name.removeprefix("fft:"): best.pop(name) for name in list(best) if name.startswith("fft:")}
    emit({**best, "fft_pair_s": pairs, "fft": fft.LIBRARY, "points": hamiltonian.points})
    if case.duration:
        emit(_propagation(molecule, start, case.duration))
    ledger = Ledger(molecule, [0.0], refinement=1, fields="all")
    packet = Snapshot(0, 0.0, psi, 0.0, 0, 0.0)
    emit({"snapshot_s": shortest({"": repeated(lambda: ledger.record(packet))}, repeats)[""]})


def measure_memory(case: Case, emit: Emit) -> None:
    """Emits the peak of memory of this process over building, two steps and one factorization, and the time of each.

    The steps and the factorization are made twice, and the shorter time counts: the first ones load compiled kernels.
    """
    emit({"baseline_bytes": resident_bytes()})
    clock = [time.process_time()]
    molecule = case.molecule()
    psi = prepare(molecule, case.initial())
    hamiltonian = Hamiltonian(molecule)
    propagator = SplitOperator(hamiltonian, 2)
    propagator.advance(psi, 0.0, STEP, 1)  # makes its tables
    clock.append(time.process_time())
    emit({"build_s": clock[-1] - clock[-2], "propagation_peak_bytes": peak_bytes(), "points": hamiltonian.points})
    ledger = Ledger(molecule, [0.0], refinement=1, fields="all", hamiltonian=hamiltonian)
    step = snapshot = np.inf
    for turn in (1, 2):
        clock = [time.process_time()]
        propagator.advance(psi, turn * STEP, STEP, 1)
        clock.append(time.process_time())
        record = ledger.record(Snapshot(0, 0.0, psi, 0.0, 0, 0.0))
        clock.append(time.process_time())
        step, snapshot = min(step, clock[1] - clock[0]), min(snapshot, clock[2] - clock[1])
        emit({"step_2_s": step, "snapshot_s": snapshot, "peak_bytes": peak_bytes(), "fields": len(record)})
    emit({"norm": float(np.vdot(psi, psi).real * molecule.volume)})


def _stepping(propagator: SplitOperator, psi: fft.Complex) -> Callable[[int], None]:
    return lambda n: propagator.advance(psi, 0.0, n * STEP, n)


def _transforming(transform: fft.Transform, psi: fft.Complex, axes: tuple[int, ...]) -> Callable[[int], None]:
    def pairs(n: int) -> None:
        for _ in range(n):
            transform(psi, axes, True)
            transform(psi, axes, False)

    return pairs


def repeated(action: Callable[[], object]) -> Callable[[int], None]:
    """n → action, n times."""

    def several(n: int) -> None:
        for _ in range(n):
            action()

    return several


def shortest(actions: dict[str, Callable[[int], None]], budget: float) -> dict[str, float]:
    """Seconds of one repetition of each action(n), n repetitions a pass.

    All take turns for `budget` seconds, and the best pass of each counts.
    """
    counts = {}
    for name, action in actions.items():
        action(1)  # compiled, tables made
        started = time.process_time()
        action(1)
        counts[name] = max(1, round(PASS / max(time.process_time() - started, 1e-6)))
    best, until = dict.fromkeys(actions, np.inf), time.process_time() + budget
    while time.process_time() < until or np.inf in best.values():
        for name, action in actions.items():
            started = time.process_time()
            action(counts[name])
            best[name] = min(best[name], (time.process_time() - started) / counts[name])
    return best


def _propagation(molecule: Molecule, start: fft.Complex, duration: float) -> dict[str, Any]:
    """One propagation by the split operator to 1e-7, error control included, and by Chebyshev polynomials to rounding."""
    found: dict[str, Any] = {}
    ends = {}
    for method in ("split-operator", "chebyshev"):
        for _ in range(2):  # the first pass loads compiled kernels
            started = time.process_time()
            *_, last = snapshots(molecule, start, [0.0, duration], method=method, tolerance=TOLERANCE)
            seconds = time.process_time() - started
        ends[method] = last.psi.copy()
        found[method] = {"seconds": seconds, "error_bound": last.error, "steps": last.steps, **observables(last.psi, start)}
    difference = float(np.linalg.norm(ends["split-operator"] - ends["chebyshev"]) * np.sqrt(molecule.volume))
    return {"propagation": found, "propagation_difference": difference}
