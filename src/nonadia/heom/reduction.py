"""Time and frequency dependence of a large linear system from a few shifted solves: a rational Krylov reduction.

Wanted are  h(t) = ⟨f, e^{𝓛t} b⟩  and  h(ω) = ∫_0^∞ e^{iωt} h(t) dt = -⟨f, (𝓛 + iω)^{-1} b⟩  for a few sources b and
functionals f. 𝓛 is projected orthogonally onto the space spanned by

    b, f, (𝓛 - s)^{-1} b, (𝓛 - s)^{-†} f, (𝓛 - s)^{-2} b, …     for a few real shifts s ≥ 0.

The reduced system has the exact h(0) and h'(0), and after m solves each way it matches the Laplace transform at every shift
with 2m - 1 derivatives; with s = 0 among the shifts that includes ∫_0^∞ h dt. Real shifts keep the real structure of the
hierarchy, in which one stored operator stands for its Hermitian partner too. Some dozens of unknowns are left: their
eigenvalues are the exponents of h(t).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import solve_continuous_lyapunov

from ..models.frozen import ComplexArray, FloatArray

DEPENDENT = 1e-7  # part of a unit vector that must be new for it to enlarge the space; less would be rounding
SHIFTS = 3  # besides zero, from the slowest to the fastest rate
MAX_ROUNDS = 9
HOPELESS = 0.1  # relative change of the best reduction beyond which there is no result
GRID = 100  # times and frequencies, spread over all rates, on which a reduction is judged


class ReductionFailed(RuntimeError):
    """The reduced systems do not settle, or the system grows with time; the message holds the numbers."""


class Operator(Protocol):
    """𝓛 in real coordinates with the ordinary dot product."""

    def apply(self, vector: FloatArray, adjoint: bool) -> FloatArray:
        """𝓛 x or 𝓛† x."""


class LinearSystem(Operator, Protocol):
    """A linear system ẋ = 𝓛x with what is wanted of it."""

    sources: FloatArray  # (N, p): first those of friction, then as many of noise
    functionals: FloatArray  # (N, q)
    rates: tuple[float, float]  # slowest and fastest rate that matter, 0 < slow < fast

    def solve(self, shift: float, vectors: FloatArray, adjoint: bool) -> FloatArray:
        """(𝓛 - shift)^{-1} applied to every column of `vectors` (N, m), or the adjoint inverse."""


@dataclass(frozen=True)
class Reduced:
    """matrix A (k, k), sources B (k, p), functionals C (q, k): h(t) = C e^{At} B."""

    matrix: FloatArray
    sources: FloatArray
    functionals: FloatArray

    def modes(self) -> tuple[ComplexArray, ComplexArray]:
        """λ_k (k,) and amplitudes c (k, q, p) with h(t) = Σ_k c_k e^{-λ_k t}; complex ones come in conjugate pairs."""
        values, vectors = np.linalg.eig(self.matrix)
        left = self.functionals @ vectors
        right = np.linalg.solve(vectors, self.sources)
        return -values, left.T[:, :, None] * right[:, None, :]

    def at_times(self, time: FloatArray) -> FloatArray:
        """h(t), (T, q, p)."""
        rates, amplitudes = self.modes()
        return exponential_sum(rates, amplitudes, time)

    def at_frequencies(self, frequency: FloatArray) -> ComplexArray:
        """h(ω) = ∫_0^∞ e^{iωt} h(t) dt, (Ω, q, p)."""
        identity = np.eye(len(self.matrix))
        resolvent = np.linalg.solve(-(self.matrix + 1j * frequency[:, None, None] * identity), self.sources.astype(complex))
        return np.asarray(self.functionals @ resolvent)

    @property
    def growth(self) -> float:
        """Largest real part of the eigenvalues: negative for a system that relaxes."""
        return float(np.linalg.eigvals(self.matrix).real.max(initial=-np.inf))

    def shortened(self, judge: Judge, tolerance: float) -> Reduced:
        """The fewest exponents that keep h(t) and h(ω) within `tolerance` of their largest magnitude: a balanced truncation."""
        wanted = judge.samples(self)
        half = self.sources.shape[1] // 2
        scale = np.ones(self.sources.shape[1])
        for group in (slice(None, half), slice(half, None)):
            scale[group] = max(float(np.abs(wanted[-1].spectra[..., group]).max(initial=0.0)), np.finfo(float).tiny)
        matrix, sources = self.matrix, self.sources / scale
        reach = solve_continuous_lyapunov(matrix, -sources @ sources.T)
        sight = solve_continuous_lyapunov(matrix.T, -self.functionals.T @ self.functionals)
        r, s = _root(reach), _root(sight)
        u, sigma, vt = np.linalg.svd(s.T @ r)
        for keep in range(1, int(np.sum(sigma > 1e-13 * sigma.max(initial=0.0))) + 1):
            left = s @ u[:, :keep] / np.sqrt(sigma[:keep])
            right = r @ vt[:keep].T / np.sqrt(sigma[:keep])
            short = Reduced(left.T @ matrix @ right, left.T @ self.sources, self.functionals @ right)
            if short.growth < 0 and Judge.difference(judge.samples(short), wanted) <= tolerance:
                return short
        return self


def _root(gramian: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(0.5 * (gramian + gramian.T))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def exponential_sum(rates: ComplexArray, amplitudes: ComplexArray, time: FloatArray) -> FloatArray:
    """Re Σ_k c_k e^{-λ_k t}, (T, …) for amplitudes (k, …)."""
    decay = np.exp(-np.multiply.outer(time, rates))
    return np.tensordot(decay, amplitudes, axes=(1, 0)).real


@dataclass(frozen=True)
class Samples:
    """h at the times and frequencies of interest: values (T, q, p) and spectra (Ω, q, p)."""

    values: FloatArray
    spectra: ComplexArray

    def relative_to(self, other: Samples) -> float:
        """Largest deviation from `other`, relative to its largest component, over values and spectra of friction and noise."""
        half = self.values.shape[2] // 2
        worst = 0.0
        for mine, reference in ((self.values, other.values), (self.spectra, other.spectra)):
            for group in (slice(None, half), slice(half, None)):
                scale = float(np.abs(reference[..., group]).max(initial=0.0))
                if scale > 0:
                    worst = max(worst, float(np.abs(mine[..., group] - reference[..., group]).max()) / scale)
        return worst


@dataclass(frozen=True)
class Reduction:
    """The reduced system, its relative change in the last round, and the number of rounds it took."""

    system: Reduced
    change: float
    rounds: int


class Judge:
    """Two reductions are compared on the user's grids and on grids that cover all rates, each with its own scale."""

    def __init__(self, time: FloatArray, frequency: FloatArray, rates: tuple[float, float]) -> None:
        slow, fast = rates
        times = np.concatenate([[0.0], np.geomspace(1e-2 / fast, 10 / slow, GRID)])
        frequencies = np.concatenate([[0.0], np.geomspace(1e-2 * slow, 3 * fast, GRID)])
        self.grids = [(time, frequency), (times, frequencies)]

    def samples(self, system: Reduced) -> list[Samples]:
        return [Samples(system.at_times(t), system.at_frequencies(w)) for t, w in self.grids]

    @staticmethod
    def difference(new: list[Samples], old: list[Samples]) -> float:
        return max(a.relative_to(b) for a, b in zip(new, old, strict=True))


def reduce(system: LinearSystem, judge: Judge, tolerance: float) -> Reduction:
    """Shifts are used again and again until h(t) and h(ω) change by less than `tolerance` of their largest magnitude.

    Where rounding or MAX_ROUNDS stop that, the reduction that changed least is returned, with its change.
    Errors: ReductionFailed if that is more than HOPELESS, or if the result grows exponentially.
    """
    basis = Basis(system, len(system.sources))
    slow, fast = system.rates
    shifts = [0.0, *np.geomspace(slow, fast, SHIFTS)]
    basis.add(system.sources)
    basis.add(system.functionals)
    chains = [_Chain(basis, system, shift, adjoint) for shift in shifts for adjoint in (False, True)]
    previous: list[Samples] | None = None
    best: Reduction | None = None
    for rounds in range(1, MAX_ROUNDS + 1):
        size = basis.size
        for chain in chains:
            chain.extend()
        reduced = _projected(basis, system)
        growth, current = reduced.growth, judge.samples(reduced)
        exact = basis.size == size  # nothing is left outside the space
        change = 0.0 if exact else (np.inf if previous is None else Judge.difference(current, previous))
        if growth < 0 and change < (np.inf if best is None else best.change):
            best = Reduction(reduced, change, rounds)
        if exact or (best is not None and (best.change <= tolerance or change > 30 * best.change)):
            break
        previous = current
    if growth >= 0 and (best is None or best.change > tolerance):
        raise ReductionFailed(
            f"the truncated hierarchy grows like exp({growth:.1e} t) in atomic units, its memory kernel does not decay; "
            "more tiers or poles are needed"
        )
    if best is None or best.change > HOPELESS:
        raise ReductionFailed(f"memory kernel not converged: {change:.1e} after {rounds} rounds of {len(shifts)} shifts")
    return best


class Basis:
    """An orthonormal basis and the projection of the system onto it, enlarged vector by vector. length: of its vectors."""

    def __init__(self, system: Operator, length: int) -> None:
        self.system, self.size = system, 0
        self.vectors = np.empty((length, 32), order="F")
        self.matrix = np.empty((32, 32))

    def add(self, block: FloatArray) -> None:
        for vector in block.T:
            norm = np.linalg.norm(vector)
            if not norm > 0:
                continue
            vector = vector / norm
            known = self.vectors[:, : self.size]
            vector = vector - known @ (known.T @ vector)
            if np.linalg.norm(vector) < 0.7:  # otherwise once is enough
                vector = vector - known @ (known.T @ vector)
            norm = np.linalg.norm(vector)
            if norm > DEPENDENT:
                self._append(vector / norm)

    def _append(self, vector: FloatArray) -> None:
        k = self.size
        if k == self.vectors.shape[1]:
            self.vectors = np.asfortranarray(np.concatenate([self.vectors, np.empty_like(self.vectors)], axis=1))
            larger = np.empty((2 * k, 2 * k))
            larger[:k, :k] = self.matrix
            self.matrix = larger
        self.vectors[:, k] = vector
        known = self.vectors[:, : k + 1]
        self.matrix[: k + 1, k] = known.T @ self.system.apply(vector, False)
        self.matrix[k, :k] = known[:, :k].T @ self.system.apply(vector, True)
        self.size = k + 1


def _projected(basis: Basis, system: LinearSystem) -> Reduced:
    known = basis.vectors[:, : basis.size]
    matrix = basis.matrix[: basis.size, : basis.size].copy()
    return Reduced(matrix, known.T @ system.sources, system.functionals.T @ known)


class _Chain:
    """b, (𝓛 - s)^{-1}b, (𝓛 - s)^{-2}b, … of one shift and side, orthonormalised block by block within the chain.

    Bare powers would all turn to the slowest eigenvector. The vectors lie in the space of `basis`, so that only their
    components in it are stored.
    """

    def __init__(self, basis: Basis, system: LinearSystem, shift: float, adjoint: bool) -> None:
        self.basis, self.system, self.shift, self.adjoint = basis, system, shift, adjoint
        self.known: list[FloatArray] = []
        self._orthonormalise(system.functionals if adjoint else system.sources)

    def extend(self) -> None:
        if self.last.shape[1]:
            found = self.system.solve(self.shift, self.last, self.adjoint)
            self.basis.add(found)
            self._orthonormalise(found)

    def _orthonormalise(self, block: FloatArray) -> None:
        size = self.basis.size
        components = self.basis.vectors[:, :size].T @ block
        new = []
        scale = np.linalg.norm(components, axis=0).max(initial=0.0)
        for c in components.T:
            before = np.linalg.norm(c)
            if not before > 1e-14 * scale:
                continue
            c = c / before
            for _ in range(2):
                for other in self.known:
                    c[: other.size] -= other * (other @ c[: other.size])
            norm = np.linalg.norm(c)
            if norm > DEPENDENT:
                self.known.append(c / norm)
                new.append(c / norm)
        self.last = self.basis.vectors[:, :size] @ np.array(new).reshape(-1, size).T
