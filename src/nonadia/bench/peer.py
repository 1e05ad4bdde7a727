"""The same junction, exponents and tier in QuTiP's HEOMSolver, with the best of its steady-state solvers that works here.

That is PARDISO with weighted matching where MKL is installed (without matching it stops at a zero pivot), else SuperLU.
QuTiP is optional: `pip install "nonadia[bench]"` brings it and MKL.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..units import EV
from .cases import Case
from .own import Emit
from .process import peak_bytes, resident_bytes


def measure(case: Case, repeats: float, emit: Emit) -> None:
    """Emits build and solve times (s), memory and the total occupation; each phase is announced before it begins.

    repeats: seconds to spend on repetitions of each, of which the shortest counts.
    """
    import qutip

    use_mkl = bool(qutip.settings.has_mkl)
    emit({"version": qutip.__version__, "solver": "PARDISO (MKL)" if use_mkl else "SuperLU"})
    _steady_state(_solver(qutip, case.small()), use_mkl)
    emit({"baseline_bytes": resident_bytes(), "phase": "build"})
    started = time.perf_counter()
    solver = _solver(qutip, case)
    build_s = time.perf_counter() - started
    emit({"build_s": build_s, "phase": "solve"})
    started = time.perf_counter()
    state = _steady_state(solver, use_mkl)
    solve_s = time.perf_counter() - started
    number = sum(d.dag() * d for d in _annihilators(qutip, case))
    occupation = float(np.real(qutip.expect(number, state)))
    emit({"solve_s": solve_s, "peak_bytes": peak_bytes(), "occupation": occupation, "phase": "repeat"})
    build_s = min(build_s, _shortest(lambda: _solver(qutip, case), build_s, repeats))
    solve_s = min(solve_s, _shortest(lambda: _steady_state(solver, use_mkl), solve_s, repeats))
    emit({"build_s": build_s, "solve_s": solve_s, "phase": "finished"})


def _shortest(action: Callable[[], object], expected: float, budget: float) -> float:
    """Shortest time of as many repetitions as fit into `budget` seconds; infinite if none does."""
    best, until = np.inf, time.perf_counter() + budget
    while time.perf_counter() + expected < until:
        started = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - started)
    return best


def _annihilators(qutip: Any, case: Case) -> list[Any]:
    n = len(case.levels)
    annihilators = [qutip.fdestroy(n, m) for m in range(n)]
    if case.vibration is None:
        return annihilators
    return [qutip.tensor(d, qutip.qeye(case.vibration[1])) for d in annihilators]


def _solver(qutip: Any, case: Case) -> Any:
    """Energies in eV, so that the numbers QuTiP sees are of order one."""
    from qutip.solver.heom import FermionicBath, HEOMSolver

    annihilators = _annihilators(qutip, case)
    occupations = [d.dag() * d for d in annihilators]
    hamiltonian = sum(energy * n for energy, n in zip(case.levels, occupations, strict=True))
    for i, n in enumerate(occupations):
        for other in occupations[:i]:
            hamiltonian = hamiltonian + case.interaction * other * n
    if case.vibration is not None:
        frequency, states, coupling = case.vibration
        identity = qutip.qeye(annihilators[0].dims[0][:-1])
        b = qutip.tensor(identity, qutip.destroy(states))
        hamiltonian = hamiltonian + frequency * b.dag() * b + coupling * (b + b.dag()) * sum(occupations)
    baths = []
    for bath in case.exponents():
        for d in annihilators:
            plus, minus = (case.rate * eta / EV for eta in (bath.eta_plus, bath.eta_minus))
            kappa = bath.kappa / EV
            baths.append(FermionicBath(d, plus, kappa, minus, kappa.conj()))
    return HEOMSolver(hamiltonian, baths, max_depth=case.tiers)


def _steady_state(solver: Any, use_mkl: bool) -> Any:
    """The density matrix; the options are those without which PARDISO fails."""
    state, _ = solver.steady_state(use_mkl=use_mkl, mkl_weighted_matching=True)
    return state
