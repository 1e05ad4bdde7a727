"""Propagation with a step that follows from a tolerance, and checks of the grid at every stored time.

    ‖ψ(t) - ψ_exact(t)‖ ≤ Σ_intervals e_k ≤ tolerance,     e_k = ‖ψ_m - ψ_{m/2}‖ / (2^p - 1)

Between two stored times the same state is carried by m and by m/2 steps; e_k is the error of the finer result, which is kept.
H is Hermitian, so that local errors add at most. An interval with too large an error is repeated with more steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..models.molecule import Molecule
from .chebyshev import Chebyshev
from .fft import Complex
from .hamiltonian import Hamiltonian
from .krylov import Krylov
from .split import SplitOperator

METHODS = ("split-operator", "chebyshev", "krylov")
MAX_REPEATS = 12
MAX_STEPS = 100_000  # between two stored times, chosen automatically
_SAFETY = 1.1
_LARGEST_PHASE = 0.9 * math.pi  # of a kinetic or potential factor between neighbouring grid energies, first guess of the step


class Propagator(Protocol):
    """One method; `order`: global error O(step^order)."""

    name: str
    order: int

    def advance(self, psi: Complex, t: float, duration: float, steps: int) -> None: ...


class StepError(ValueError):
    """A step that cannot reach what was asked for; the message says what to change."""


@dataclass(frozen=True)
class Snapshot:
    """ψ at a stored time (valid until the next one is asked for) and the error bound accumulated so far.

    steps, step: taken since the previous stored time; next_steps: those that the next interval begins with.
    """

    index: int
    time: float
    psi: Complex
    error: float
    steps: int
    step: float
    next_steps: int = 0


def propagator(hamiltonian: Hamiltonian, method: str = "split-operator", order: int = 4) -> Propagator:
    """The propagator of that name."""
    if method == "split-operator":
        return SplitOperator(hamiltonian, order)
    if method == "chebyshev":
        return Chebyshev(hamiltonian, order)
    if method == "krylov":
        return Krylov(hamiltonian, order)
    raise ValueError(f'method "{method}"; known: {", ".join(METHODS)}')


def snapshots(
    molecule: Molecule,
    psi0: Complex,
    times: Sequence[float],
    *,
    method: str = "split-operator",
    order: int = 4,
    step: float | str = "auto",
    tolerance: float = 1e-7,
    resume: tuple[int, Complex, float, int] | None = None,
    hamiltonian: Hamiltonian | None = None,
) -> Iterator[Snapshot]:
    """ψ at each of `times` (increasing); the first one is the time of psi0.

    psi0 : molecule.shape, normalised: Σ|ψ|²·volume = 1.
    step : "auto", or the largest step to take (its error is estimated all the same).
    tolerance : bound of the norm error at the last time, met by choosing the step.
    resume : (index, ψ, error, next_steps) of a snapshot: go on behind it, exactly as if never interrupted.
    Errors: StepError when no step reaches the tolerance.
    """
    h = hamiltonian or Hamiltonian(molecule)
    method_ = propagator(h, method, order)
    exact = method_.name != "split-operator" and not h.time_dependent  # to rounding, with any step
    span = times[-1] - times[0]
    unit = math.sqrt(h.volume)
    if resume is None:
        index, error, steps = 0, 0.0, 0
        psi = np.ascontiguousarray(psi0, dtype=complex).copy()
        yield Snapshot(0, times[0], psi, 0.0, 0, 0.0)
    else:
        index, psi, error, steps = resume[0], np.ascontiguousarray(resume[1]).copy(), resume[2], resume[3]
    for k in range(index + 1, len(times)):
        t, duration = times[k - 1], times[k] - times[k - 1]
        if exact:
            method_.advance(psi, t, duration, 1)
            error += 1e-13
            yield Snapshot(k, times[k], psi, error, 1, duration)
            continue
        allowed = tolerance * duration / span
        automatic = step == "auto"
        if not automatic:
            steps = 2 * math.ceil(duration / float(step) / 2.0 - 1e-9)
        elif not steps:
            steps = _first_guess(h, psi, t, duration)
        steps, local = _interval(method_, psi, t, duration, steps, allowed if automatic else math.inf, unit)
        error += local
        taken = steps
        if automatic:
            steps = _next(steps, local, allowed, method_.order, times, k)
        yield Snapshot(k, times[k], psi, error, taken, duration / taken, steps)


def _interval(
    method: Propagator, psi: Complex, t: float, duration: float, steps: int, allowed: float, unit: float
) -> tuple[int, float]:
    """Carry ψ over one interval; (steps, error) of what was kept."""
    start = psi.copy()
    for _ in range(MAX_REPEATS):
        coarse = start.copy()
        method.advance(coarse, t, duration, steps // 2)
        while True:
            psi[...] = start
            method.advance(psi, t, duration, steps)
            coarse -= psi
            difference = float(np.linalg.norm(coarse)) * unit
            if not math.isfinite(difference):
                raise StepError(f"the propagation from t = {t:.6g} is not finite; use a smaller step")
            error = difference / (2**method.order - 1)
            rounding = 1e-15 * math.sqrt(steps)
            if error <= max(allowed, 10.0 * rounding) or difference > 0.05:
                break
            wanted = _even(steps * _SAFETY * (error / allowed) ** (1.0 / method.order))
            if wanted > 2 * steps:
                break
            coarse, steps = psi.copy(), 2 * steps  # what was fine is the coarse one of the next comparison
        if error <= max(allowed, 10.0 * rounding):
            return steps, error
        factor = 2.0 if difference > 0.05 else _SAFETY * (error / allowed) ** (1.0 / method.order)
        if math.isinf(allowed):
            return steps, error
        steps = _even(steps * min(max(factor, 1.2), 8.0))
        if steps > MAX_STEPS:
            break
    raise StepError(
        f"no step reaches the tolerance at t = {t:.6g} (error {error:.2g}, {allowed:.2g} allowed, {steps} steps in "
        f"{duration:.4g}); the Hamiltonian may not be smooth in time or space: look there, or loosen propagation.tolerance"
    )


def _first_guess(h: Hamiltonian, psi: Complex, t: float, duration: float) -> int:
    """2·duration·ΔE, ΔE² = ⟨H²⟩ - ⟨H⟩²: the packet dephases by half a radian a step; the first comparison corrects it."""
    moved = h.apply(psi, t)
    weight = float(np.vdot(psi, psi).real)
    moved -= (np.vdot(psi, moved) / weight) * psi
    return max(2, _even(2.0 * duration * float(np.linalg.norm(moved)) / math.sqrt(weight)))


def _next(steps: int, local: float, allowed: float, order: int, times: Sequence[float], k: int) -> int:
    """Steps for the next interval, in proportion to its length; fewer only where that saves a good part."""
    if k + 1 >= len(times):
        return steps
    ratio = (times[k + 1] - times[k]) / (times[k] - times[k - 1])
    wanted = steps * ratio
    if local < allowed:
        wanted *= max(0.5, min(1.0, _SAFETY * (max(local, 1e-3 * allowed) / (0.7 * allowed)) ** (1.0 / order)))
    return max(2, _even(wanted if wanted < 0.9 * steps * ratio else steps * ratio))


def _even(count: float) -> int:
    return max(2, 2 * math.ceil(count / 2.0 - 1e-9))
