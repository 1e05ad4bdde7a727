"""e^{tL} c for S dc/dt = L c: the Padé approximant (4,5) in partial fractions, damping at infinity, order 9 in the step.

    c(t + h) = Σ_k 2 Re r_k (h L - z_k S)⁻¹ S c     (two pairs of poles and one real pole)

A field that depends on the time: two such exponentials in each step (commutator-free Magnus, order 4; Alvermann and Fehske,
J. Comput. Phys. 230, 5930 (2011)).
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs
from scipy.sparse.linalg import LinearOperator, gmres

from .basis import FloatArray
from .operator import AnyArray, Factors, Operator

ComplexArray = NDArray[np.complex128]


def poles(order: int = 5) -> tuple[ComplexArray, ComplexArray]:
    """z_k and r_k of the Padé approximant (order - 1, order) of e^z, imaginary part ≥ 0 only."""
    low, high = order - 1, order

    def coefficient(j: int, degree: int) -> float:
        return factorial(low + high - j) * factorial(degree) / (factorial(low + high) * factorial(j) * factorial(degree - j))

    numerator = [coefficient(j, low) for j in range(low + 1)]
    denominator = [(-1) ** j * coefficient(j, high) for j in range(high + 1)]
    above, below = np.polynomial.Polynomial(numerator), np.polynomial.Polynomial(denominator)
    roots = below.roots()
    roots = roots[roots.imag > -1e-9]
    roots = np.where(np.abs(roots.imag) < 1e-9, roots.real, roots).astype(complex)
    return np.asarray(roots, dtype=complex), np.asarray(above(roots) / below.deriv()(roots), dtype=complex)


class Exponential:
    """c(t) → c(t + h); LU factors are kept: exact for a constant field, the preconditioner for a driven one."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self._poles, self._residues = poles()
        self._step = 0.0
        self._factors: list[list[Factors]] = [[], []]  # of the two exponentials of a step; a constant field needs the first
        self._constant = None if operator.field.time_dependent else operator.matrix()

    def advance(self, c: FloatArray, t: float, duration: float, step: float) -> FloatArray:
        """c after `duration` in equal steps no longer than `step`."""
        count = max(1, int(np.ceil(duration / step - 1e-9)))
        h = duration / count
        if not np.isclose(h, self._step, rtol=1e-12, atol=0.0):
            self._factors, self._step = [[], []], h
        for k in range(count):
            c = self._one(c, t + k * h, h)
        return c

    def _one(self, c: FloatArray, t: float, h: float) -> FloatArray:
        if self._constant is not None:
            return self._applied(0, h * self._constant, c)
        early, late = (self.operator.matrix(t + (0.5 + side * np.sqrt(3.0) / 6.0) * h) for side in (-1.0, 1.0))
        small, large = 0.25 - np.sqrt(3.0) / 6.0, 0.25 + np.sqrt(3.0) / 6.0
        c = self._applied(0, h * (large * early + small * late), c)
        return self._applied(1, h * (small * early + large * late), c)

    def _applied(self, which: int, matrix: FloatArray, c: FloatArray) -> FloatArray:
        gram, half = self.operator.gram, self.operator.half
        right = self.operator.apply(gram, c)
        factors = self._factors[which] or [Factors(_shifted(matrix, z, gram), half) for z in self._poles]
        exact = self._constant is not None or not self._factors[which]
        self._factors[which] = factors
        new = np.zeros_like(c)
        for k, (z, r) in enumerate(zip(self._poles, self._residues, strict=True)):
            load = right if z.imag == 0.0 else right.astype(complex)
            solved = factors[k].solve(load) if exact else self._iterated(factors, k, _shifted(matrix, z, gram), load)
            new += (1.0 if z.imag == 0.0 else 2.0) * (r * solved).real
        return new

    def _iterated(self, factors: list[Factors], k: int, banded: AnyArray, load: AnyArray) -> AnyArray:
        """GMRES with the factors of an earlier time; new factors where that takes long."""
        (gbmv,), n, half = get_blas_funcs(("gbmv",), (banded,)), banded.shape[1], self.operator.half
        matrix = LinearOperator((n, n), lambda v: gbmv(n, n, half, half, 1.0, banded, v), dtype=banded.dtype)
        earlier = LinearOperator((n, n), factors[k].solve, dtype=banded.dtype)
        found, failed = gmres(matrix, load, x0=factors[k].solve(load), M=earlier, rtol=1e-8, atol=0.0, restart=25, maxiter=1)
        if failed:
            factors[k] = Factors(banded, half)
            found = factors[k].solve(load)
        return np.asarray(found)


def _shifted(matrix: FloatArray, z: complex, gram: FloatArray) -> AnyArray:
    """Real for the real pole."""
    return np.asarray(matrix - z.real * gram if z.imag == 0.0 else matrix - z * gram)
