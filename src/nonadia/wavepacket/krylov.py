"""Short iterative Krylov propagation: e^{-iHτ}ψ ≈ V e^{-iTτ} e_1 in the space of ψ, Hψ, …, H^{m-1}ψ.

Lanczos for Hermitian H (Park, Light, J. Chem. Phys. 85, 5870 (1986)), fully orthogonalised; Arnoldi with an absorber. A step
whose space of `dimension` vectors does not reach the accuracy asked for is divided. With undivided steps the order is
`dimension` - 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from .fft import Complex
from .hamiltonian import Hamiltonian
from .magnus import Weights, exponents


class Krylov:
    """advance(psi, t, duration, steps) in place; `order` is that of the treatment of time-dependent H."""

    name = "krylov"

    def __init__(self, hamiltonian: Hamiltonian, order: int = 4, dimension: int = 24, tolerance: float | None = 1e-13) -> None:
        self.h, self.order, self.dimension, self.tolerance = hamiltonian, order, dimension, tolerance

    def advance(self, psi: Complex, t: float, duration: float, steps: int) -> None:
        """ψ(t) → ψ(t + duration) in `steps` steps, each divided where the Krylov space does not suffice."""
        step = duration / steps
        for n in range(steps):
            for weights in exponents(t + n * step, step, self.order, not self.h.time_dependent):
                self._exponential(psi, weights, step)

    def _exponential(self, psi: Complex, weights: Weights, step: float) -> None:
        left, tau = step, step
        while abs(left) > 1e-14 * abs(step):
            basis, matrix, rest = self._space(psi, weights)
            size = len(matrix)
            norm = float(np.linalg.norm(psi))
            while True:
                coefficients = expm(-1j * tau * matrix)[:, 0]
                # the residual of the last vector over the step (Saad, SIAM J. Numer. Anal. 29, 209 (1992))
                error = abs(tau) * rest * abs(coefficients[-1])
                if self.tolerance is None or error <= self.tolerance * abs(tau / step) or size < self.dimension:
                    break
                tau *= max(0.3, 0.8 * (self.tolerance * abs(tau / step) / error) ** (1.0 / (size - 1)))
            psi[...] = norm * np.tensordot(coefficients, basis[:size], axes=1)
            left -= tau
            tau = min(left, tau, key=abs) if abs(left) < 2.0 * abs(tau) else tau
            if abs(left) < abs(tau):
                tau = left

    def _space(self, psi: Complex, weights: Weights) -> tuple[NDArray, NDArray, float]:
        """(basis (m, *shape), projected H (m, m), norm of what leaves the space)."""
        basis = np.empty((self.dimension, *psi.shape), dtype=complex)
        flat = basis.reshape(self.dimension, -1)
        matrix = np.zeros((self.dimension, self.dimension), dtype=complex)
        basis[0] = psi / np.linalg.norm(psi)
        damping = self.h.absorber
        total = sum(w for w, _ in weights)
        rest = 0.0
        for j in range(self.dimension):
            new = self.h.apply_sum(basis[j], weights)
            if damping is not None:
                new -= 1j * total * damping * basis[j]
            column = new.reshape(-1)
            scale = float(np.linalg.norm(column))
            for _ in range(2):  # twice is enough for orthogonality to rounding
                overlap = np.conj(flat[: j + 1]) @ column
                column -= overlap @ flat[: j + 1]
                matrix[: j + 1, j] += overlap
            rest = float(np.linalg.norm(column))
            if rest <= 1e-14 * scale:
                return basis, matrix[: j + 1, : j + 1], 0.0
            if j + 1 < self.dimension:
                matrix[j + 1, j] = rest
                basis[j + 1] = new / rest
        return basis, matrix, rest
