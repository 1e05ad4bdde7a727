"""H_BO ψ for a Hamiltonian that is a sum of few sparse constant matrices: Σ_k f_k(R) (O_k ψ)(R).

The diagonals are one table (n, N); the other elements are gone through row by row, so that the cost is that of the non-zero
elements, not n² for each of the N points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .fft import Complex
from .kernels import add_rows, multiply_diagonal


class SparseAction:
    """terms: (f_k, O_k), f_k real on the nuclear grid (any shape, N points), O_k Hermitian (n, n)."""

    def __init__(self, terms: Sequence[tuple[NDArray[np.float64], sp.csr_array]]) -> None:
        n = terms[0][1].shape[0]
        self.diagonal: NDArray[np.float64] = np.zeros((n, terms[0][0].size))
        constant: Any = sp.csr_array((n, n))
        self._others: list[tuple[sp.csr_array, NDArray[np.float64]]] = []  # matrix, function: (1,) for a constant one
        for f, operator in terms:
            flat = np.ascontiguousarray(f, dtype=float).reshape(-1)
            self.diagonal += operator.diagonal().real[:, None] * flat
            off = sp.csr_array(operator - sp.diags_array(operator.diagonal()))
            off.eliminate_zeros()
            if not off.nnz:
                continue
            if np.ptp(flat) == 0.0:
                constant = constant + flat[0] * off
            else:
                self._others.append((off, flat))
        constant = sp.csr_array(constant)
        constant.eliminate_zeros()
        if constant.nnz:
            self._others.append((constant, np.ones(1)))

    def apply(self, psi: Complex, scale: float = 1.0) -> Complex:
        """scale Σ_k f_k O_k ψ, ψ (n, *R) contiguous."""
        out = np.empty_like(psi)
        flat, result = psi.reshape(len(psi), -1), out.reshape(len(psi), -1)
        multiply_diagonal(self.diagonal, flat, result, scale)
        for matrix, f in self._others:
            add_rows(matrix.indptr, matrix.indices, matrix.data, f, flat, result, scale)
        return out

    def bounds(self) -> tuple[float, float]:
        """(lowest, highest) that contain the eigenvalues at every R (Gershgorin)."""
        radius = np.zeros_like(self.diagonal)
        for matrix, f in self._others:
            radius += np.asarray(abs(matrix).sum(axis=1)).reshape(-1, 1) * np.abs(f)
        return float((self.diagonal - radius).min()), float((self.diagonal + radius).max())
