"""Chebyshev propagation: e^{-iHτ} = e^{-iE₀τ} Σ_k (2 - δ_k0) (-i)^k J_k(ΔEτ) T_k(H_norm), H_norm = (H - E₀)/ΔE.

Converged to rounding for any step (Tal-Ezer, Kosloff, J. Chem. Phys. 81, 3967 (1984)); terms ≈ ΔE τ + a few. `order` is
that of the treatment of time-dependent H.
"""

from __future__ import annotations

import numpy as np
from scipy.special import jv

from .fft import Complex
from .hamiltonian import Hamiltonian
from .magnus import Weights, exponents

SMALLEST = 1e-16  # Bessel functions below this are dropped
MOST_TERMS = 10_000_000  # of one step


class Chebyshev:
    """advance(psi, t, duration, steps) in place. ValueError with an absorber, whose spectrum is not real."""

    name = "chebyshev"

    def __init__(self, hamiltonian: Hamiltonian, order: int = 4) -> None:
        if hamiltonian.absorber is not None:
            raise ValueError('the Chebyshev method needs a Hermitian H; with an absorber use "split-operator" or "krylov"')
        self.h, self.order = hamiltonian, order
        self._bounds: tuple[float, float] | None = None

    def advance(self, psi: Complex, t: float, duration: float, steps: int) -> None:
        """ψ(t) → ψ(t + duration) in `steps` steps."""
        step = duration / steps
        for n in range(steps):
            for weights in exponents(t + n * step, step, self.order, not self.h.time_dependent):
                self._exponential(psi, weights, step)

    def _exponential(self, psi: Complex, weights: Weights, tau: float) -> None:
        low, high = self._limits(weights)
        centre, half = 0.5 * (low + high), 0.5 * (high - low) * 1.01 + 1e-12
        if not abs(half * tau) < MOST_TERMS:
            raise ValueError(
                f"a step of {tau:.3g} with energies over a range of {2.0 * half:.3g} hartree needs {abs(half * tau):.3g} terms"
                "; look for a potential that is too large somewhere on the grid"
            )
        count = int(abs(half * tau)) + 20
        while abs(jv(count, half * tau)) > SMALLEST:
            count += 10
        amplitudes = jv(np.arange(count + 1), half * tau)
        count = int(np.nonzero(np.abs(amplitudes) > SMALLEST)[0][-1])

        def scaled(vector: Complex) -> Complex:
            result = self.h.apply_sum(vector, weights)
            result -= centre * vector
            result /= half
            return result

        old, new = psi.copy(), scaled(psi)
        psi *= amplitudes[0]
        phase = -1j
        for k in range(1, count + 1):
            psi += (2.0 * phase * amplitudes[k]) * new
            if k < count:
                older = old
                old = new
                new = scaled(new)
                new *= 2.0
                new -= older
                phase *= -1j
        psi *= np.exp(-1j * centre * tau)

    def _limits(self, weights: Weights) -> tuple[float, float]:
        if self.h.time_dependent:
            return self.h.bounds(weights)
        if self._bounds is None:
            self._bounds = self.h.bounds([(1.0, 0.0)])
        return self._bounds
