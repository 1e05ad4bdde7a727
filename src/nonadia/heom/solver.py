"""Steady state, response and adjoint solves of one generator from one preconditioner.

The linear system is A = 𝓛 with the equation of one population replaced by the trace. For traceless right-hand sides the
solution stays traceless, which is the action of the Drazin inverse 𝓛^D on them (solver-notes 5). The top tier is
eliminated exactly, since its diagonal block is diagonal in the eigenbasis of H,

    S = 𝓛_{<L} - (up) D_L^{-1} (down),

and S is solved by GMRES with a block LU over tiers: upper tiers by their diagonal plus the diagonal self-energy of the tier
above, the lowest tiers by a dense LU (solver-notes 3, 4). When the dense tiers are all that is left, the solve is direct.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning, lu_factor, lu_solve

from ..models.frozen import ComplexArray, FloatArray
from . import kernels
from .coupling import Coupling
from .generator import Generator

DENSE_TWO_TIERS = 200  # largest number of real unknowns of tiers 0 + 1 that are factorised together; measured with F, γ and D
DENSE_ONE_TIER = 4000  # the same for tier 0 alone
COLUMNS = 256  # of the dense block, made at a time
CYCLE, LONGEST_CYCLE = 80, 320  # GMRES iterations between restarts; the longest, where shorter ones stall
BASIS_BYTES = 2e9  # of the longest


class NotConverged(RuntimeError):
    """The linear solver did not reach its tolerance; the message holds the residual."""


@dataclass
class SolveRecord:
    """What a solve needed: GMRES iterations and the final relative error (preconditioned residual)."""

    iterations: int
    error: float


class SteadyStateSolver:
    """All solves at one geometry. tolerance: relative error of each solve (default 1e-12).

    shift s > 0 (1/time, Hartree): solves (𝓛 - s) x = b instead, the Laplace transform at s of time-dependent quantities;
    it has no null space, so that no trace equation replaces anything and there is no steady state to ask for.
    terminator: "zero" truncates (ρ = 0 above the last tier); "adiabatic" lets the tier above follow the last one at once, as
    far as it acts back on the same element: the diagonal self-energy, at no cost. Measured with interactions it divides the
    truncation error by 2-8 from tier 3 on; without, the zero terminator is exact (theory B4), so it stays the default.
    """

    def __init__(
        self,
        generator: Generator,
        tolerance: float = 1e-12,
        max_iterations: int = 1000,
        shift: float = 0.0,
        terminator: str = "zero",
    ) -> None:
        if not generator.eigenbasis or generator.hierarchy.depth < 1:
            raise ValueError("the solver needs a generator in the eigenbasis of H and at least one tier")
        self.generator, self.tolerance, self.max_iterations, self.shift = generator, tolerance, max_iterations, shift
        self.diagonals = [diagonal - shift for diagonal in generator.diagonals] if shift else generator.diagonals
        self.records: list[SolveRecord] = []
        tiers = generator.hierarchy.tiers
        self.depth = generator.hierarchy.depth
        self.reduced = int(generator.starts[self.depth])
        top = self.diagonals[self.depth]
        if terminator == "adiabatic":
            top = top - generator.tier_self_energy(self.depth, shift)
        self.inverse_top: ComplexArray = 1.0 / top
        self._minus_inverse_top = -self.inverse_top
        # the trace equation weighs like a relaxation rate, so that the relative residual bounds the populations' error
        rates = np.bincount(generator.modes.lead, np.abs(generator.modes.eta) / np.abs(generator.modes.kappa))
        self.trace_row = float((rates * generator.frozen.g[: rates.size] ** 2).sum())
        counts = self._real_counts()
        if len(tiers) > 2 and counts[0] + counts[1] <= DENSE_TWO_TIERS:
            self.dense_tiers = 2
        elif counts[0] <= DENSE_ONE_TIER:
            self.dense_tiers = 1
        else:
            self.dense_tiers = 0
        self.inverse_diagonals = self._shifted_diagonals()
        if self.dense_tiers:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LinAlgWarning)  # judged here
                self.lu = lu_factor(self._dense_block(), overwrite_a=True, check_finite=False)
            pivots = np.abs(np.diag(self.lu[0]))
            if not pivots.min() > 1e-17 * pivots.max():
                raise NotConverged(
                    "the steady state is not unique: some level, combination of levels, or vibration exchanges nothing "
                    "with any lead"
                )

    # -- the public solves --------------------------------------------------------------------------------------

    def steady_state(self, guess: ComplexArray | None = None) -> ComplexArray:
        """ρ with 𝓛ρ = 0 and tr ρ_0 = 1, all tiers. guess (all solves): where to start from, all tiers."""
        if self.shift:
            raise ValueError("a shifted solver has no steady state")
        rhs = np.zeros(self.reduced, dtype=complex)
        rhs[0] = self.trace_row
        return self._complete(self._solve(rhs, False, guess), None)

    def response(self, source: ComplexArray, guess: ComplexArray | None = None) -> ComplexArray:
        """x = 𝓛^D b up to a multiple of ρ_ss, with tr x = 0, for a traceless b (all tiers)."""
        generator = self.generator
        reduced = source[: self.reduced].copy()
        top = generator.tier(source, self.depth) * self.inverse_top
        self._up(self.depth, -top, generator.coupling, reduced)
        if not self.shift:
            reduced[0] = 0.0
        return self._complete(self._solve(reduced, False, guess), source)

    def adjoint(self, source: ComplexArray, guess: ComplexArray | None = None) -> ComplexArray:
        """y = P₀ A^{-†} f, so that ⟨f, response(b)⟩ = ⟨y, b⟩ for every traceless b (all tiers)."""
        generator, coupling = self.generator, self.generator.coupling.adjoint
        reduced = source[: self.reduced].copy()
        inverse = self.inverse_top.conj()
        self._up(self.depth, -generator.tier(source, self.depth) * inverse, coupling, reduced)
        solution = self._solve(reduced, True, guess)
        if not self.shift:
            solution[0] = 1j * solution[0].imag
        top = generator.tier(source, self.depth).copy()
        down = np.zeros_like(top)
        self._down(self.depth, solution, coupling, down)
        return np.concatenate([solution, (top - down) * inverse])

    def _complete(self, reduced: ComplexArray, source: ComplexArray | None) -> ComplexArray:
        """Adds the eliminated top tier: x_L = D_L^{-1} (b_L - down x_{L-1})."""
        out = np.empty(self.generator.starts[-1], dtype=complex)
        out[: self.reduced] = reduced
        top = out[self.reduced :]
        if source is None:
            top[:] = 0.0
        else:
            np.negative(source[self.reduced :], out=top)
        self._down(self.depth, reduced, self.generator.coupling, top)
        top *= self._minus_inverse_top
        return out

    # -- the reduced operator -----------------------------------------------------------------------------------

    def _slice(self, vector: ComplexArray, n: int) -> ComplexArray:
        return vector[self.generator.starts[n] : self.generator.starts[n + 1]]

    def _down(self, n: int, vector: ComplexArray, coupling: Coupling, out: ComplexArray) -> None:
        self.generator.down(n, self._slice(vector, n - 1), coupling, out)

    def _up(self, n: int, upper: ComplexArray, coupling: Coupling, vector: ComplexArray) -> None:
        self.generator.up(n, upper, coupling, self._slice(vector, n - 1))

    def _schur(self, vector: ComplexArray, inverse: ComplexArray, coupling: Coupling) -> ComplexArray:
        """Diagonal and couplings of the reduced tiers plus (up) inverse (down) through the top tier; inverse: -1/diagonal."""
        generator, out = self.generator, np.empty_like(vector)
        generator.diagonal_and_couple(vector, coupling, out, self.depth - 1, self.shift)
        last = self.depth - 1
        generator.eliminate(self.depth, inverse, self._slice(vector, last), coupling, self._slice(out, last))
        return out

    def _apply(self, vector: ComplexArray, adjoint: bool) -> ComplexArray:
        """A (or A†) on the reduced tiers."""
        generator = self.generator
        coupling = generator.coupling.adjoint if adjoint else generator.coupling
        inverse = self._minus_inverse_top.conj() if adjoint else self._minus_inverse_top
        if self.shift:
            return self._schur(vector, inverse, coupling)
        if adjoint:
            row = vector[0].real
            vector = vector.copy()
            vector[0] = 1j * vector[0].imag
            out = self._schur(vector, inverse, coupling)
            out[generator.trace_elements] += self.trace_row * row
            return out
        out = self._schur(vector, inverse, coupling)
        out[0] = self.trace_row * vector[generator.trace_elements].real.sum() + 1j * out[0].imag
        return out

    # -- preconditioner -----------------------------------------------------------------------------------------

    def _shifted_diagonals(self) -> dict[int, ComplexArray]:
        """1/(diagonal - self-energy of the tier above) for the tiers that are not dense."""
        inverse = {}
        for n in range(max(self.dense_tiers, 0), self.depth):
            diagonal = self.diagonals[n] - self.generator.tier_self_energy(n, self.shift)
            inverse[n] = 1.0 / diagonal
        return inverse

    def _real_counts(self) -> list[int]:
        generator = self.generator
        return [int(generator.weight[generator.starts[n] : generator.starts[n + 1]].sum()) for n in range(2)]

    def _pack(self, vector: ComplexArray) -> FloatArray:
        """Orthonormal real coordinates of the dense tiers (last axis), so that the adjoint is the transpose."""
        layout = self.generator.hierarchy.layouts[0]
        diagonal = vector[..., self.generator.trace_elements].real
        rest = np.concatenate([vector[..., self._upper], vector[..., layout.size :]], axis=-1) * np.sqrt(2.0)
        return np.concatenate([diagonal, rest.real, rest.imag], axis=-1)

    def _unpack(self, packed: FloatArray) -> ComplexArray:
        generator, upper = self.generator, self._upper
        layout, transpose = generator.hierarchy.layouts[0], generator.hierarchy.zero_transpose
        n_diagonal = generator.trace_elements.size
        half = (packed.shape[-1] - n_diagonal) // 2
        rest = (packed[..., n_diagonal : n_diagonal + half] + 1j * packed[..., n_diagonal + half :]) / np.sqrt(2.0)
        out = np.zeros((*packed.shape[:-1], layout.size + half - upper.size), dtype=complex)
        out[..., generator.trace_elements] = packed[..., :n_diagonal]
        out[..., upper] = rest[..., : upper.size]
        out[..., transpose[upper]] = rest[..., : upper.size].conj()
        out[..., layout.size :] = rest[..., upper.size :]
        return out

    @cached_property
    def _upper(self) -> NDArray[np.int64]:
        """Elements above the diagonal of the density matrix."""
        transpose = self.generator.hierarchy.zero_transpose
        return np.flatnonzero(transpose > np.arange(transpose.size))

    def _dense_block(self) -> FloatArray:
        """A on the dense tiers with the tier above eliminated (exactly if it is the top one), in packed coordinates."""
        generator, highest = self.generator, self.dense_tiers
        tiers = generator.hierarchy.tiers
        inverse = self.inverse_top if highest == self.depth else self.inverse_diagonals[highest]
        last = tiers[min(2, self.depth)]  # not used when tier 0 stands alone
        size = int(sum(self._real_counts()[:highest]))
        block = np.empty((size, size))
        coupling, one = generator.coupling, tiers[1]
        tables, data = generator.product_tables
        odd, even = coupling.weights(1), coupling.weights(2)
        phases = np.array([odd.down_phase, odd.up_phase, even.down_phase, even.up_phase])
        nothing = np.zeros(0, dtype=complex)
        layout_start, energy = np.zeros(1, dtype=np.int64), np.zeros(0)  # the diagonals are at hand here
        minus = -inverse
        for first in range(0, size, COLUMNS):
            units = np.zeros((min(COLUMNS, size - first), size))
            units[np.arange(len(units)), first + np.arange(len(units))] = 1.0
            vectors = self._unpack(units)
            out = np.empty_like(vectors)
            kernels.lowest_tiers(
                vectors, out, self.diagonals[0], self.diagonals[1] if highest == 2 else nothing, minus, tables, data,
                generator.sizes, layout_start, energy, nothing, generator.work(0), generator.work(1),
                generator.place(0), generator.place(1), one.charge, generator.links(1), last.charge, last.value,
                generator.links(min(2, self.depth)), odd.tables, even.tables, phases,
            )  # fmt: skip
            if not self.shift:
                trace = vectors[:, generator.trace_elements].real.sum(axis=1)
                out[:, 0] = self.trace_row * trace + 1j * out[:, 0].imag
            block[:, first : first + len(units)] = self._pack(out).T
        return block

    def _precondition(self, rhs: ComplexArray, adjoint: bool) -> ComplexArray:
        generator = self.generator
        coupling = generator.coupling.adjoint if adjoint else generator.coupling
        out = rhs.copy()
        for n in range(self.depth - 1, max(self.dense_tiers, 1) - 1, -1):
            inverse = self.inverse_diagonals[n].conj() if adjoint else self.inverse_diagonals[n]
            self._up(n, -inverse * self._slice(out, n), coupling, out)
        lowest = int(generator.starts[max(self.dense_tiers, 1)])
        if self.dense_tiers:
            packed = lu_solve(self.lu, self._pack(out[:lowest]), trans=int(adjoint), check_finite=False)
            out[:lowest] = self._unpack(packed)
        else:
            out[:lowest] *= self.inverse_diagonals[0].conj() if adjoint else self.inverse_diagonals[0]
        for n in range(max(self.dense_tiers, 1), self.depth):
            inverse = self.inverse_diagonals[n].conj() if adjoint else self.inverse_diagonals[n]
            part = np.zeros(inverse.size, dtype=complex)
            self._down(n, out, coupling, part)
            self._slice(out, n)[:] = inverse * (self._slice(out, n) - part)
        return out

    # -- Krylov -------------------------------------------------------------------------------------------------

    def _solve(self, rhs: ComplexArray, adjoint: bool, guess: ComplexArray | None = None) -> ComplexArray:
        """A⁻¹ rhs. The error that counts is |M⁻¹r|/|x|, the preconditioned residual relative to the solution: rates of

        the hierarchy span many orders of magnitude, and |r|/|rhs| alone says nothing about the slow ones. The norm is that
        of scaled ADOs: in the plain one D was off by up to 1e5 times the tolerance, now by about once.
        """
        if not np.any(rhs):
            return np.zeros_like(rhs)
        direct = self.dense_tiers == self.depth
        metric = self._metrics[adjoint]
        solution = self._precondition(rhs, adjoint) if guess is None or direct else guess[: self.reduced].copy()
        iterations, error, previous, enough = 0, np.inf, np.inf, self.tolerance
        accepted, cycle = max(30 * self.tolerance, 1e-9), CYCLE
        longest = max(CYCLE, min(LONGEST_CYCLE, int(BASIS_BYTES / (16 * rhs.size))))
        while True:
            residual = rhs - self._apply(solution, adjoint)
            correction = self._precondition(residual, adjoint)
            size = float(np.linalg.norm(metric * correction))
            error = size / float(np.linalg.norm(metric * solution))
            # what no cycle halves any more is rounding (its size, not its ratio to the solution: a guess from another
            # geometry may be larger by orders of magnitude, and shrinks as it is mended); the limit is judged below
            stalled = size > 0.5 * previous
            if error <= enough or iterations >= self.max_iterations or (stalled and (error <= accepted or cycle >= longest)):
                break
            if stalled:  # far from rounding: restarts throw away what slowly damped vibrations need
                cycle = min(2 * cycle, longest)
            enough = 10 * self.tolerance  # after a cycle that met its target what is left is rounding
            most = min(cycle, self.max_iterations - iterations)
            step, used = self._gmres(correction, adjoint, 0.3 * self.tolerance / error, most)
            solution += step
            iterations += used
            previous = size
        self.records.append(SolveRecord(iterations, error))
        if not error <= accepted:
            raise NotConverged(f"HEOM solve stopped at relative error {error:.1e} after {iterations} iterations")
        if direct:
            solution += correction  # a step of iterative refinement that costs nothing
        return solution

    @cached_property
    def _metrics(self) -> tuple[FloatArray, FloatArray]:
        """Weights of the elements in the norm of solutions, and of adjoint solutions, which scale the other way."""
        counted = np.sqrt(self.generator.weight[: self.reduced])
        scale = self.generator.ado_scale[: self.reduced]
        return counted * scale, counted / scale

    def _gmres(self, correction: ComplexArray, adjoint: bool, target: float, limit: int) -> tuple[ComplexArray, int]:
        """One cycle of left-preconditioned GMRES over the reals for M⁻¹A z = correction, to |residual|/|correction|."""
        size, metric = limit, self._metrics[adjoint]
        first = metric * correction
        beta = float(np.linalg.norm(first))
        basis = [first / beta]
        hessenberg = np.zeros((size + 1, size))
        coefficients: np.ndarray = np.zeros(0)
        for k in range(size):
            vector = self._precondition(self._apply(basis[k] / metric, adjoint), adjoint)
            vector *= metric
            for _ in range(2):  # repeated Gram-Schmidt keeps the basis orthogonal to rounding
                for i in range(k + 1):
                    overlap = float(np.vdot(basis[i], vector).real)
                    hessenberg[i, k] += overlap
                    vector -= overlap * basis[i]
            norm = float(np.linalg.norm(vector))
            hessenberg[k + 1, k] = norm
            goal = np.zeros(k + 2)
            goal[0] = beta
            coefficients, *_ = np.linalg.lstsq(hessenberg[: k + 2, : k + 1], goal, rcond=None)
            left = np.linalg.norm(hessenberg[: k + 2, : k + 1] @ coefficients - goal) / beta
            if left < target or norm < 1e-14:  # basis vectors are of length one and M⁻¹A is close to one
                break
            basis.append(vector / norm)
        step = np.zeros_like(correction)
        for coefficient, direction in zip(coefficients, basis, strict=False):
            step += coefficient * direction
        return step / metric, coefficients.size
