"""The hierarchy as a linear system for `reduction`: memory kernels of one geometry (theory B4).

γ_ij(t) = tr[𝓕_i e^{𝓛t} ∂_jρ_ss],                       ∂_jρ_ss = -𝓛^D (∂_j𝓛) ρ_ss
D_ij(t) = tr[𝓕_i e^{𝓛t} ½(δ𝓕_j,L + δ𝓕_j,R) ρ_ss],     δ𝓕 = 𝓕 - F

Close to a fixed x, δρ = ρ - ρ_ss(x(t)) obeys ∂_tδρ = 𝓛δρ - ∂_jρ_ss ẋ_j, so that the force lags behind the adiabatic one by
δF_i(t) = -∫_0^t γ_ij(t-s) ẋ_j(s) ds, and ∫_0^∞ γ_ij dt = -tr[𝓕_i 𝓛^D ∂_jρ_ss] is the friction, LD(47). The noise correlates
as ⟨ξ_i(t) ξ_j(0)⟩ = D_ij(t) for t ≥ 0, D_ij(-t) = D_ji(t); the symmetric part of ∫_0^∞ D_ij dt is the Markovian D_ij.

Auxiliary operators are scaled (`Generator.ado_scale`), which makes up- and downward couplings equally strong; without this the
projected generator would be far from normal. Everything lives in the traceless subspace, where 𝓛 has an inverse (𝓛^D).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..models.frozen import ComplexArray, FloatArray
from .forces import derivative_source, force_functionals, noise_sources
from .solver import SteadyStateSolver


class ScaledHierarchy:
    """The hierarchy at the geometry of `solver`, restricted to traceless vectors, in scaled orthonormal real coordinates.

    shifted_tolerance: relative error of the solves with s > 0. rates: slowest and fastest rate that matter.
    iterations: of all solves. The terminator is that of the generator (`terminator.closed`), the solver's own must be "zero".
    """

    def __init__(self, solver: SteadyStateSolver, shifted_tolerance: float = 1e-10) -> None:
        self.generator, self.tolerance = solver.generator, max(shifted_tolerance, solver.tolerance)
        self._solvers = {0.0: solver}
        counted: FloatArray = np.sqrt(self.generator.weight)
        scale = self.generator.ado_scale
        self._out, self._in = counted * scale, counted / scale
        trace = self.generator.trace_vector()
        self._trace = self._real(trace, True)
        self._trace /= np.linalg.norm(self._trace)
        self.rates = self._rates()

    @property
    def iterations(self) -> int:
        return sum(record.iterations for solver in self._solvers.values() for record in solver.records)

    def _rates(self) -> tuple[float, float]:
        generator = self.generator
        fastest = max(float(np.abs(d).max()) for d in generator.diagonals[:3])
        relaxation = self._solvers[0.0].trace_row
        slowest = min(relaxation, float(-generator.diagonals[1].real.max()))
        return min(max(slowest, 1e-8 * fastest), 0.5 * fastest), fastest

    def _real(self, vector: ComplexArray, adjoint: bool) -> FloatArray:
        return np.ascontiguousarray((self._in if adjoint else self._out) * vector).view(float)

    def _complex(self, vector: FloatArray, adjoint: bool) -> ComplexArray:
        return np.asarray(np.ascontiguousarray(vector).view(complex) / (self._in if adjoint else self._out), dtype=complex)

    def _traceless(self, vector: FloatArray) -> FloatArray:
        return vector - self._trace * (self._trace @ vector)

    def column(self, vector: ComplexArray, adjoint: bool) -> FloatArray:
        """A stored vector (a functional with adjoint=True) in the coordinates of this system."""
        return self._traceless(self._real(vector, adjoint))

    def apply(self, vector: FloatArray, adjoint: bool) -> FloatArray:
        moved = self.generator.apply(self._complex(vector, adjoint), adjoint)
        return self._traceless(self._real(moved, adjoint))

    def solve(self, shift: float, vectors: FloatArray, adjoint: bool) -> FloatArray:
        if shift not in self._solvers:
            self._solvers[shift] = SteadyStateSolver(self.generator, self.tolerance, shift=shift)
        solver = self._solvers[shift]
        invert = solver.adjoint if adjoint else solver.response
        columns = [self._real(invert(self._complex(v, adjoint)), adjoint) for v in vectors.T]
        return np.stack([self._traceless(c) for c in columns], axis=-1)


class HierarchySystem(ScaledHierarchy):
    """With what a reduction needs: sources, functionals as lists of stored vectors; sources traceless.

    shifted_tolerance: relative error of the solves with s > 0, which only span the space of the reduction (errors of ρ_ss and
    ∂ρ_ss go into the result).
    """

    def __init__(
        self,
        solver: SteadyStateSolver,
        sources: Sequence[ComplexArray],
        functionals: Sequence[ComplexArray],
        shifted_tolerance: float = 1e-10,
    ) -> None:
        super().__init__(solver, shifted_tolerance)
        self.sources = np.stack([self.column(b, False) for b in sources], axis=-1)
        self.functionals = np.stack([self.column(f, True) for f in functionals], axis=-1)


def kernel_system(solver: SteadyStateSolver, shifted_tolerance: float = 1e-10) -> HierarchySystem:
    """Sources ∂_1ρ_ss … ∂_cρ_ss, then ½(δ𝓕_L + δ𝓕_R)_1 ρ_ss …; functionals: molecular parts of 𝓕_1 …, then coupling parts."""
    generator = solver.generator
    count = generator.frozen.n_coordinates
    state = solver.steady_state()
    functionals = [force_functionals(generator, i) for i in range(count)]
    lagging, fluctuating = [], []
    for j in range(count):
        lagging.append(-solver.response(derivative_source(generator, j, state)))
        force = np.array([generator.inner(f, state) for f in functionals[j]])
        fluctuating.append(sum(noise_sources(generator, j, state, force), generator.zeros()))
    parts = [pair[0] for pair in functionals] + [pair[1] for pair in functionals]
    return HierarchySystem(solver, lagging + fluctuating, parts, shifted_tolerance)
