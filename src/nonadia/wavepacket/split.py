"""Split-operator propagation: factors of the potential in position space, of the kinetic energy in momentum space.

Order 2:  e^{-iHτ} = e^{-iVτ/2} e^{-iTτ} e^{-iVτ/2} + O(τ³)          (Feit, Fleck, Steiger, J. Comput. Phys. 47, 412 (1982))
Order 4:  six such stages, V(a_1) T(b_1) V(a_2) … T(b_1) V(a_1)      (Blanes, Moan, J. Comput. Appl. Math. 142, 313 (2002), S6)
With a vector potential:  e^{-iλ_a} e^{-ip_a²τ/(2M_a)} e^{iλ_a} along each axis, λ_a = ∫A_a dX_a, at the middle of the step
(theory A6), composed to order 4 after Suzuki (Phys. Lett. A 146, 319 (1990)).
A potential that depends on time is taken at the time the kinetic factors have reached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from ..models.molecule import GridCoordinate
from . import kernels
from .fft import Complex, transform
from .hamiltonian import Array, Hamiltonian, along

_A1, _A2, _A3 = 0.0792036964311957, 0.353172906049774, -0.0420650803577195
_B1, _B2 = 0.209515106613362, -0.143851773179818
STAGES = {
    2: ((0.5, 0.5), (1.0,)),
    4: (
        (_A1, _A2, _A3, 1.0 - 2.0 * (_A1 + _A2 + _A3), _A3, _A2, _A1),
        (_B1, _B2, 0.5 - _B1 - _B2, 0.5 - _B1 - _B2, _B2, _B1),
    ),
}
_SUZUKI = 1.0 / (4.0 - 4.0 ** (1.0 / 3.0))
COMPOSITION = {2: (1.0,), 4: (_SUZUKI, _SUZUKI, 1.0 - 4.0 * _SUZUKI, _SUZUKI, _SUZUKI)}
MANY = 6  # states from which on BLAS, one matrix after the other, is faster than the compiled loop
_KEPT = 20  # tables of factors kept: order 4 needs 9 for each of the two steps that are compared
Action = Callable[[Complex], None]


class SplitOperator:
    """advance(psi, t, duration, steps) in place; `order` is 2 or 4."""

    name = "split-operator"

    def __init__(self, hamiltonian: Hamiltonian, order: int = 4) -> None:
        if order not in STAGES:
            raise ValueError(f"order {order}; the split-operator method has 2 and 4")
        self.h, self.order = hamiltonian, order
        self._factors: dict[Any, Any] = {}
        coordinates = hamiltonian.molecule.coordinates if hamiltonian.molecule.has_vector_potential else ()
        self._matrices = [antiderivative(c) for c in coordinates]

    def advance(self, psi: Complex, t: float, duration: float, steps: int) -> None:
        """ψ(t) → ψ(t + duration) in `steps` equal steps."""
        if self.h.molecule.has_vector_potential:
            self._composed(psi, t, duration / steps, steps)
        else:
            self._staged(psi, t, duration / steps, steps)

    # --- no vector potential: V and T alternate ---------------------------------------------------

    def _staged(self, psi: Complex, t: float, step: float, steps: int) -> None:
        a, b = STAGES[self.order]
        axes = self.h.grid_axes
        moves = [self.kinetic(fraction * step) for fraction in b]
        if self.h.time_dependent:
            reached = np.concatenate([[0.0], np.cumsum(b)])  # fraction of the step at each potential factor
            for n in range(steps):
                for i, fraction in enumerate(a):
                    if i or not n:
                        both = 2.0 if i == len(a) - 1 and n < steps - 1 else 1.0  # shared with the next step
                        self.turn(psi, t + (n + reached[i]) * step, both * fraction * step)
                    if i < len(b):
                        transform(psi, axes, True)
                        moves[i](psi)
                        transform(psi, axes, False)
            return
        turns = [self.potential(fraction * step) for fraction in (*a[:-1], a[-1] + a[0])]
        turns[0](psi)
        stages = list(zip(moves, turns[1:], strict=True))
        for _ in range(steps):
            for move, turn in stages:
                transform(psi, axes, True)
                move(psi)
                transform(psi, axes, False)
                turn(psi)
        self.potential(-a[0] * step)(psi)

    def kinetic(self, tau: float) -> Action:
        """e^{-iTτ} on ψ̂."""
        factors = self._kept(("T", tau), lambda: [np.exp(-1j * tau * k) for k in self.h.kinetic])
        shape = self.h.molecule.shape if not self.h.states else (self.h.states, *self.h.molecule.nuclear_shape)
        if len(factors) > 3:
            whole = self._kept(("T whole", tau), lambda: np.exp(-1j * tau * self.h.kinetic_sum).ravel())
            return lambda psi: kernels.multiply(psi.reshape(1, -1), whole)
        kernel = (kernels.kinetic_1, kernels.kinetic_2, kernels.kinetic_3)[len(factors) - 1]
        if self.h.states:
            return lambda psi: kernel(psi, *factors)
        return lambda psi: kernel(psi.reshape(1, *shape), *factors)

    def potential(self, tau: float) -> Action:
        """e^{-i(V - iW)τ} for a V that does not depend on time, from a table."""
        kernel, factors = self._kept(("V", tau), lambda: self._table(tau))
        n = self.h.states
        if n and len(self.h.nuclear_axes) == 1:
            return lambda psi: kernel(psi, factors)
        return lambda psi: kernel(psi.reshape(n or 1, -1), factors)

    def _table(self, tau: float) -> tuple[Any, NDArray[np.complex128]]:
        v, n = self.h.potential(0.0), self.h.states
        fade = 1.0 if self.h.absorber is None else np.exp(-tau * self.h.absorber)
        if not n:
            return kernels.multiply, np.asarray(np.exp(-1j * tau * v) * fade, dtype=complex).ravel()
        if n == 1:
            return kernels.multiply, (np.exp(-1j * tau * v[0, 0]) * fade).ravel()
        u: NDArray[np.complex128] = exponential(v, tau) * fade
        if n >= MANY:
            return kernels.mix_batched, np.ascontiguousarray(np.moveaxis(u, (0, 1), (-2, -1)).reshape(-1, n, n))
        if n == 2 and not np.iscomplexobj(v):
            return kernels.mix_two, np.stack([u[0, 0].ravel(), u[1, 1].ravel(), u[0, 1].ravel()])
        return kernels.mix_many, u.reshape(n, n, -1).copy()

    def turn(self, psi: Complex, t: float, tau: float) -> None:
        """e^{-i(V(t) - iW)τ} ψ."""
        v, n = self.h.potential(t), self.h.states
        flat = psi.reshape(n or 1, -1)
        if n == 2:
            mean, half = 0.5 * (v[0, 0] + v[1, 1]).real, 0.5 * (v[0, 0] - v[1, 1]).real
            kernels.turn_two(flat, mean.ravel(), half.ravel(), v[0, 1].astype(complex).ravel(), tau)
        elif n > 2:
            kernels.mix_many(flat, np.ascontiguousarray(exponential(v, tau).reshape(n, n, -1)))
        else:
            kernels.multiply(flat, np.exp(-1j * tau * v).ravel())
        if self.h.absorber is not None:
            psi *= np.exp(-tau * self.h.absorber)

    def _kept(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._factors:
            while len(self._factors) >= _KEPT:
                self._factors.pop(next(iter(self._factors)))
            self._factors[key] = make()
        return self._factors[key]

    # --- with a vector potential ------------------------------------------------------------------

    def _composed(self, psi: Complex, t: float, step: float, steps: int) -> None:
        for n in range(steps):
            start = t + n * step
            for fraction in COMPOSITION[self.order]:
                tau = fraction * step
                self._symmetric(psi, start + 0.5 * tau, tau)
                start += tau

    def _symmetric(self, psi: Complex, middle: float, tau: float) -> None:
        """One second-order step with every field at its middle."""
        self.turn(psi, middle, 0.5 * tau)
        phases = self._phases(middle)
        count = len(phases)
        for a in range(count - 1):
            self._along(psi, a, phases[a], 0.5 * tau)
        self._along(psi, count - 1, phases[-1], tau)
        for a in reversed(range(count - 1)):
            self._along(psi, a, phases[a], 0.5 * tau)
        if self.h.electronic_axes:  # they commute with the nuclear factors
            factor = np.exp(-1j * tau * self.h.electronic_kinetic)
            transform(psi, self.h.electronic_axes, True)
            psi *= factor
            transform(psi, self.h.electronic_axes, False)
        self.turn(psi, middle, 0.5 * tau)

    def _phases(self, t: float) -> list[NDArray[np.complex128]]:
        """e^{iλ_a(R)}, λ_a = ∫A_a dX_a, for each axis."""
        if not self.h.molecule.vector_time_dependent:
            return list(self._kept("λ", lambda: self._new_phases(0.0)))
        return self._new_phases(t)

    def _new_phases(self, t: float) -> list[NDArray[np.complex128]]:
        vector = self.h.vector(t)
        found = []
        for a, matrix in enumerate(self._matrices):
            found.append(np.exp(1j * np.moveaxis(np.tensordot(matrix, vector[a], axes=(1, a)), 0, a)))
        return found

    def _along(self, psi: Complex, a: int, phase: NDArray[np.complex128], tau: float) -> None:
        """e^{-iλ} e^{-ip²τ/2M} e^{iλ} along nuclear axis a."""
        axis = self.h.nuclear_axes[a]
        psi *= phase
        transform(psi, (axis,), True)
        psi *= along(np.exp(-1j * tau * self.h.kinetic[len(self.h.electronic_axes) + a]), axis, self.h.ndim)
        transform(psi, (axis,), False)
        psi *= np.conj(phase)


def antiderivative(axis: GridCoordinate) -> NDArray[np.float64]:
    """Matrix of f → ∫_{x_0}^{x} f along an axis, (points, points), by a spline of degree 7: no periodicity is needed."""
    x = axis.values
    return np.asarray(make_interp_spline(x, np.eye(axis.points), k=7).antiderivative()(x))


def exponential(v: Array, tau: float) -> NDArray[np.complex128]:
    """e^{-ivτ} of Hermitian matrices (n, n, *R): two states in closed form, more by diagonalisation."""
    if len(v) == 2:
        mean, half = 0.5 * (v[0, 0] + v[1, 1]).real, 0.5 * (v[0, 0] - v[1, 1]).real
        size = np.sqrt(half**2 + np.abs(v[0, 1]) ** 2)
        cos, phase = np.cos(tau * size), np.exp(-1j * tau * mean)
        sinc = tau * np.sinc(tau * size / np.pi)
        off = -1j * sinc * v[0, 1]
        return phase * np.array([[cos - 1j * sinc * half, off], [-1j * sinc * np.conj(v[0, 1]), cos + 1j * sinc * half]])
    energies, vectors = np.linalg.eigh(np.moveaxis(v, (0, 1), (-2, -1)))
    matrix = (vectors * np.exp(-1j * tau * energies)[..., None, :]) @ np.conj(np.swapaxes(vectors, -1, -2))
    return np.moveaxis(matrix, (-2, -1), (0, 1))
