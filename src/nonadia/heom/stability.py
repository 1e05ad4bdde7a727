"""Does the truncated hierarchy relax? The rightmost eigenvalue of 𝓛 at one geometry, without assembling it.

A hierarchy cut after some tier can have eigenvalues with positive real parts (solver-notes 10): a steady state is still found,
but nothing relaxes to it, and F, γ and D have no meaning. Wanted is

    growth = max Re λ,   𝓛 v = λ v,  λ ≠ 0 (the steady state is projected out),

from a rational Krylov space: a random vector, (𝓛 - s)^{-1} of it, (𝓛 - s)^{-2} … for a few real shifts s ≥ 0 between the
slowest and the fastest rate. Ritz values of 𝓛 on it count where |𝓛v - θv| is small against what it must decide, |Re θ|.

Powers of 𝓛 itself are added, which see what grows fast at whatever frequency.

What can be missed: a coherence of vibrational states that oscillates fast and grows slowly. Of 83 random small hierarchies
(levels with U or a vibration, one or two leads, tiers 1-4, poor baths) 8 were unstable with the zero terminator and 5 with the
adiabatic one; 6 and 5 of them were found, none wrongly; the two others grow at 0.2-0.4 % of their frequency. Such a mode enters
F, γ and D with the weight 1/|Im λ| only. Hierarchies of up to DENSE unknowns are diagonalised, which misses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.frozen import ComplexArray, FloatArray
from .generator import Generator
from .memory import ScaledHierarchy
from .reduction import Basis
from .solver import SteadyStateSolver
from .terminator import closed

DENSE = 450  # unknowns up to which all eigenvalues are computed: less than a second
SHIFTS = 3  # besides zero
ROUNDS, MAX_ROUNDS = 4, 7
POWERS = 5  # applications of 𝓛 itself in a round, which find what grows fast at any frequency
CANDIDATES = 10  # Ritz values looked at, from the right
SOLVES = 1e-6  # relative error of the solves, which only span the space
DECIDED = 0.2  # residual of a Ritz value, as a part of its real part, below which its sign is believed
SETTLED = 0.05  # relative change of the growth rate between rounds
ROUNDING = 1e-10  # growth rates below this part of the fastest rate are zero


@dataclass(frozen=True)
class Stability:
    """growth: largest real part found (Hartree/ħ), negative if everything relaxes; frequency: its |Im λ|.

    -inf if no rate was certain. Of a relaxing hierarchy the slowest modes may be passed over where nothing drives them.

    residual: |𝓛v - λv| for |v| = 1, 0 for a dense spectrum; fastest: the fastest rate, for comparison; solves: linear solves.
    """

    growth: float
    frequency: float
    residual: float
    fastest: float
    solves: int

    @property
    def stable(self) -> bool:
        return self.growth <= ROUNDING * self.fastest


def stability(generator: Generator, terminator: str = "zero", dense: int = DENSE, seed: int = 0) -> Stability:
    """Growth rate of the hierarchy with this end. seed: of the starting vector; dense: limit of the full spectrum.

    Errors: NotConverged if a solve stalls, ValueError for an unknown terminator.
    """
    ended = closed(generator, terminator)
    if generator.hierarchy.unknowns <= dense:
        values = spectrum(ended)
        fastest = float(np.abs(values).max(initial=0.0))
        rightmost = values[np.argmax(values.real)]
        return Stability(float(rightmost.real), float(abs(rightmost.imag)), 0.0, fastest, 0)
    system = ScaledHierarchy(SteadyStateSolver(ended, SOLVES), SOLVES)
    return _rational(system, system.column(_start(ended, seed), False))


def spectrum(generator: Generator) -> ComplexArray:
    """All eigenvalues of 𝓛 but the zero of the steady state, by dense linear algebra."""
    whole, real = _coordinates(generator)
    matrix = np.stack([real @ (whole * generator.apply(vector / whole)).view(float) for vector in _complex(real)], axis=1)
    values = np.linalg.eigvals(matrix)
    return np.delete(values, np.argmin(np.abs(values)))


def _complex(real: FloatArray) -> ComplexArray:
    return np.ascontiguousarray(real).view(complex)


def _coordinates(generator: Generator) -> tuple[FloatArray, FloatArray]:
    """Scale of the stored elements, and an orthonormal basis (rows) of the real vectors that obey ρ_J = τ_J ρ_J†."""
    whole = np.sqrt(generator.weight)
    rows: list[FloatArray] = []
    hierarchy = generator.hierarchy
    transpose = hierarchy.zero_transpose
    size = generator.starts[-1]

    def unit(elements: list[tuple[int, complex]]) -> None:
        vector = np.zeros(size, dtype=complex)
        for position, value in elements:
            vector[position] += value
        if np.any(vector):
            rows.append((vector / np.linalg.norm(vector)).view(float))

    for n, tier in enumerate(hierarchy.tiers):
        for ado in range(len(tier)):
            first = int(generator.starts[n] + tier.value[ado])
            tau = int(tier.self_tau[ado])
            for e in range(int(generator.sizes[tier.charge[ado]])):
                partner = int(transpose[e]) if tau else e
                for value in (1.0, 1j):
                    if not tau:
                        unit([(first + e, value)])
                    elif partner >= e:
                        unit([(first + e, value), (first + partner, tau * np.conj(value))])
    return whole, np.array(rows)


def _start(generator: Generator, seed: int) -> ComplexArray:
    """A random vector with every symmetry of the hierarchy: 𝓛 applied to random operators of tier 1, which has no pairs."""
    rng = np.random.default_rng(seed)
    vector = generator.zeros()
    tier = generator.tier(vector, 1)
    tier[:] = rng.normal(size=tier.size) + 1j * rng.normal(size=tier.size)
    return generator.apply(vector)


def _rational(system: ScaledHierarchy, start: FloatArray) -> Stability:
    slow, fast = system.rates
    basis = Basis(system, start.size)
    basis.add(start[:, None])
    shifts = [0.0, *np.geomspace(slow, fast, SHIFTS)]
    last = dict.fromkeys([*shifts, np.inf], basis.vectors[:, 0].copy())
    previous, solves = np.inf, 0

    def extend(chain: float, vector: FloatArray) -> None:
        size = basis.size
        basis.add(vector[:, None])
        if basis.size > size:
            last[chain] = basis.vectors[:, size].copy()

    for rounds in range(1, MAX_ROUNDS + 1):
        for shift in shifts:
            extend(shift, system.solve(shift, last[shift][:, None], False)[:, 0])
            solves += 1
        for _ in range(POWERS):
            extend(np.inf, system.apply(last[np.inf], False))
        if rounds < ROUNDS - 1:
            continue
        growth, frequency, residual = _rightmost(basis, system)
        if np.isfinite(growth - previous) and abs(growth - previous) <= SETTLED * abs(growth):
            break
        previous = growth
    return Stability(growth, frequency, residual, fast, solves)


def _rightmost(basis: Basis, system: ScaledHierarchy) -> tuple[float, float, float]:
    """Largest real part among the Ritz values whose sign is certain, its |imaginary part| and residual; -inf without any."""
    values, vectors = np.linalg.eig(basis.matrix[: basis.size, : basis.size])
    upper = np.flatnonzero(values.imag >= 0)
    for i in upper[np.argsort(-values.real[upper])][:CANDIDATES]:
        parts = basis.vectors[:, : basis.size] @ np.stack([vectors[:, i].real, vectors[:, i].imag], axis=1)
        vector = parts[:, 0] + 1j * parts[:, 1]
        moved = system.apply(vector.real, False) + 1j * system.apply(vector.imag, False)
        residual = float(np.linalg.norm(moved - values[i] * vector))
        if residual <= DECIDED * abs(values[i].real):
            return float(values[i].real), float(values[i].imag), residual
    return -np.inf, 0.0, np.inf
