"""Propagation with a step that follows from a tolerance, and checks of the grid at every stored time.

    ‖ψ(t) - ψ_exact(t)‖ ≤ Σ_intervals e_k ≤ tolerance,     e_k = ‖ψ_m - ψ_{m/2}‖ / (2^p - 1)

Between two stored times the same state is carried by m and by m/2 steps; e_k is the error of the finer result, which is kept.
H is Hermitian, so that local errors add at most. An interval with too large an error is repeated with more steps. Intervals
are divided so that a packet cannot cross the box unseen, and so that no change of H(t) falls between the steps.
Rounding errors of the norm (of order 1e-15 a step, mostly of one sign) are taken out at every interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..models.molecule import Molecule
from .chebyshev import Chebyshev
from .fft import Complex, transform
from .hamiltonian import Hamiltonian, wave_numbers
from .krylov import Krylov
from .split import SplitOperator

METHODS = ("split-operator", "chebyshev", "krylov")
MAX_REPEATS = 12
MAX_STEPS = 100_000  # between two stored times, chosen automatically
ROUNDING = 1e-12  # relative change of the norm between two looks at the packet that is rounding: about 1e-15 a step
SAMPLES = 512  # of the driving between two looks at the packet
_SAFETY = 1.1


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
    edge_density: the largest on the edge of the nuclear grid since then, relative to the maximum of n.
    """

    index: int
    time: float
    psi: Complex
    error: float
    steps: int
    step: float
    next_steps: int = 0
    edge_density: float = 0.0


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
    method: str | Propagator = "split-operator",
    order: int = 4,
    step: float | str = "auto",
    tolerance: float = 1e-7,
    resume: tuple[int, Complex, float, int] | None = None,
    hamiltonian: Hamiltonian | None = None,
) -> Iterator[Snapshot]:
    """ψ at each of `times` (increasing); the first one is the time of psi0.

    psi0 : molecule.shape, normalised: Σ|ψ|²·volume = 1.
    method : its name, or a propagator of `hamiltonian` (then `order` is the propagator's own).
    step : "auto", or the largest step to take (its error is estimated all the same).
    tolerance : bound of the norm error at the last time, met by choosing the step.
    resume : (index, ψ, error, next_steps) of a snapshot: go on behind it, exactly as if never interrupted.
    Errors: StepError when no step reaches the tolerance.
    """
    h = hamiltonian or Hamiltonian(molecule)
    method_ = propagator(h, method, order) if isinstance(method, str) else method
    exact = method_.name != "split-operator" and not h.time_dependent  # to rounding, with any step
    automatic = step == "auto"
    span = times[-1] - times[0]
    unit = math.sqrt(h.volume)
    if resume is None:
        index, error, steps = 0, 0.0, 0
        psi = np.ascontiguousarray(psi0, dtype=complex).copy()
        yield Snapshot(0, times[0], psi, 0.0, 0, 0.0)
    else:
        index, psi, error, steps = resume[0], np.ascontiguousarray(resume[1]).copy(), resume[2], resume[3]
    for k in range(index + 1, len(times)):
        start, duration = times[k - 1], times[k] - times[k - 1]
        t, taken, edge_density = start, 0, 0.0
        if not automatic:
            steps = 2 * math.ceil(duration / float(step) / 2.0 - 1e-9)
        pace = steps / duration  # steps per time
        while t < times[k] - 1e-12 * abs(duration):
            part = min(times[k] - t, crossing_time(h, psi))
            part = times[k] - t if times[k] - t < 1.5 * part else part
            before = np.vdot(psi, psi).real
            if exact:
                method_.advance(psi, t, part, 1)
                error, local, now = error + 1e-13, 0.0, 1
            else:
                allowed = tolerance * part / span if automatic else math.inf
                now = _even(pace * part) if pace else _first_guess(h, psi, t, part)
                if automatic:
                    now = max(now, 2 * resolving_steps(h, t, part))
                now, local = _interval(method_, psi, t, part, now, allowed, unit)
                error += local
            if h.absorber is None:
                _without_rounding(psi, float(before))
            t, taken = t + part, taken + now
            if automatic and not exact:
                pace = _next(now, local, allowed, method_.order) / part
            edge_density = max(edge_density, edge(nuclear_density(h, psi)))
        if automatic and not exact:
            ratio = (times[k + 1] - times[k]) / duration if k + 1 < len(times) else 1.0
            steps = _even(pace * duration * ratio)
        yield Snapshot(k, times[k], psi, error, taken, duration / taken, steps, edge_density)


def _without_rounding(psi: Complex, before: float) -> None:
    """Take out of the norm what rounding has added; anything larger is an error of the method, and stays to be seen."""
    after = float(np.vdot(psi, psi).real)
    if abs(after / before - 1.0) < ROUNDING:
        psi *= math.sqrt(before / after)


def crossing_time(h: Hamiltonian, psi: Complex) -> float:
    """Time in which the fastest part of the packet (3 rms momenta) crosses a tenth of a nuclear axis."""
    found = math.inf
    for axis, c in zip(h.nuclear_axes, h.molecule.coordinates, strict=True):
        hat = psi.copy()
        transform(hat, (axis,), True)
        weight = (hat.real**2 + hat.imag**2).sum(axis=tuple(i for i in range(psi.ndim) if i != axis))
        rms = math.sqrt(float((weight * wave_numbers(c) ** 2).sum() / weight.sum()))
        found = min(found, 0.1 * c.length * c.mass / max(3.0 * rms, 1e-300))
    return found


def resolving_steps(h: Hamiltonian, t: float, duration: float) -> int:
    """Equal steps between which every driven part of H(t) changes nearly linearly: no pulse falls between them.

    The driving is sampled at SAMPLES times, independently of the steps.
    """
    if not h.time_dependent:
        return 1
    values = h.driving(t + duration * np.linspace(0.0, 1.0, SAMPLES + 1))
    size = np.ptp(values, axis=0)
    if not np.any(size * duration > 1e-12):
        return 1
    steps = 1
    while steps < SAMPLES:
        nodes = np.linspace(0.0, SAMPLES, steps + 1)
        grid = np.arange(SAMPLES + 1)
        worst = max(
            float(np.abs(column - np.interp(grid, nodes, np.interp(nodes, grid, column))).max() / max(range_, 1e-300))
            for column, range_ in zip(values.T, size, strict=True)
            if range_ * duration > 1e-12
        )
        if worst < 0.2:
            break
        steps *= 2
    return steps


def nuclear_density(h: Hamiltonian, psi: Complex) -> NDArray[np.float64]:
    """n(R) = ⟨ψ|ψ⟩_r, (*R)"""
    flat = psi.reshape(-1, *h.molecule.nuclear_shape)
    return np.asarray(h.molecule.electronic_volume * (flat.real**2 + flat.imag**2).sum(axis=0))


def edge(n: NDArray[np.float64]) -> float:
    """Largest density on the edges of its grid, relative to its maximum."""
    return max(float(np.take(n, [0, -1], axis=axis).max()) for axis in range(n.ndim)) / float(n.max())


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


def _next(steps: int, local: float, allowed: float, order: int) -> float:
    """Steps for the next interval of the same length; fewer only where that saves a good part."""
    wanted = float(steps)
    if local < allowed:
        wanted *= max(0.5, min(1.0, _SAFETY * (max(local, 1e-3 * allowed) / (0.7 * allowed)) ** (1.0 / order)))
    return wanted if wanted < 0.9 * steps else float(steps)


def _even(count: float) -> int:
    return max(2, 2 * math.ceil(count / 2.0 - 1e-9))
