"""Compiled loops of a time step: potential factors, kinetic factors, H_BO ψ. All in place on contiguous arrays.

    ψ_i(R) ← Σ_j U_ij(R) ψ_j(R),    ψ̂(k) ← Π_a f_a(k_a) ψ̂(k)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Complex = NDArray[np.complex128]

_compiled: Any = njit(cache=True, fastmath={"contract", "nsz", "reassoc", "arcp"}, error_model="numpy")


@_compiled
def multiply(psi: Complex, factor: Complex) -> None:
    """ψ ← factor ψ, both flat (N,), or (L, N) with one factor (N,)."""
    for row in range(psi.shape[0]):
        for x in range(psi.shape[1]):
            psi[row, x] *= factor[x]


@_compiled
def mix_two(psi: Complex, factors: Complex) -> None:
    """Two states, factors (3, N): U11, U22 and U12 = U21 (H_BO real)."""
    for x in range(psi.shape[1]):
        one, two = psi[0, x], psi[1, x]
        psi[0, x] = factors[0, x] * one + factors[2, x] * two
        psi[1, x] = factors[2, x] * one + factors[1, x] * two


@_compiled
def mix_many(psi: Complex, factors: Complex) -> None:
    """n states, factors (n, n, N)."""
    n = psi.shape[0]
    old = np.empty(n, dtype=np.complex128)
    for x in range(psi.shape[1]):
        for j in range(n):
            old[j] = psi[j, x]
        for i in range(n):
            total = 0.0j
            for j in range(n):
                total += factors[i, j, x] * old[j]
            psi[i, x] = total


def mix_batched(psi: Complex, factors: Complex) -> None:
    """Many states, factors (N, n, n)."""
    psi[...] = np.matmul(factors, np.ascontiguousarray(psi.T)[..., None])[..., 0].T


@_compiled
def turn_two(psi: Complex, mean: NDArray[np.float64], half: NDArray[np.float64], coupling: Complex, step: float) -> None:
    """ψ ← exp(-i step H) ψ for H = mean + [[half, coupling], [coupling*, -half]], evaluated on the way."""
    for x in range(psi.shape[1]):
        size = np.sqrt(half[x] ** 2 + coupling[x].real ** 2 + coupling[x].imag ** 2)
        angle = step * size
        cos = np.cos(angle)
        sinc = step if size == 0.0 else np.sin(angle) / size
        phase = np.exp(-1j * step * mean[x])
        one, two = psi[0, x], psi[1, x]
        psi[0, x] = phase * (cos * one - 1j * sinc * (half[x] * one + coupling[x] * two))
        psi[1, x] = phase * (cos * two - 1j * sinc * (np.conj(coupling[x]) * one - half[x] * two))


@_compiled
def kinetic_1(psi: Complex, first: Complex) -> None:
    """(L, n1)"""
    for row in range(psi.shape[0]):
        for i in range(psi.shape[1]):
            psi[row, i] *= first[i]


@_compiled
def kinetic_2(psi: Complex, first: Complex, second: Complex) -> None:
    """(L, n1, n2)"""
    for row in range(psi.shape[0]):
        for i in range(psi.shape[1]):
            f = first[i]
            for j in range(psi.shape[2]):
                psi[row, i, j] *= f * second[j]


@_compiled
def kinetic_3(psi: Complex, first: Complex, second: Complex, third: Complex) -> None:
    """(L, n1, n2, n3)"""
    for row in range(psi.shape[0]):
        for i in range(psi.shape[1]):
            for j in range(psi.shape[2]):
                f = first[i] * second[j]
                for k in range(psi.shape[3]):
                    psi[row, i, j, k] *= f * third[k]


@_compiled
def apply_matrix(matrix: NDArray[Any], psi: Complex, out: Complex) -> None:
    """out_i = Σ_j H_ij ψ_j; matrix (n, n, N), ψ and out (n, N)."""
    n = psi.shape[0]
    for i in range(n):
        for x in range(psi.shape[1]):
            out[i, x] = matrix[i, 0, x] * psi[0, x]
        for j in range(1, n):
            for x in range(psi.shape[1]):
                out[i, x] += matrix[i, j, x] * psi[j, x]


@_compiled
def multiply_diagonal(diagonal: NDArray[np.float64], psi: Complex, out: Complex, scale: float) -> None:
    """out_i = scale d_i ψ_i; all (n, N)."""
    for i in range(psi.shape[0]):
        for x in range(psi.shape[1]):
            out[i, x] = scale * diagonal[i, x] * psi[i, x]


@_compiled
def add_rows(
    indptr: NDArray, indices: NDArray, data: NDArray, f: NDArray[np.float64], psi: Complex, out: Complex, scale: float
) -> None:
    """out_i += scale f Σ_j O_ij ψ_j; O sparse by rows, f (N,) or (1,), psi and out (n, N)."""
    for i in range(psi.shape[0]):
        for k in range(indptr[i], indptr[i + 1]):
            j, value = indices[k], scale * data[k]
            if f.size == 1:
                constant = value * f[0]
                for x in range(psi.shape[1]):
                    out[i, x] += constant * psi[j, x]
            else:
                for x in range(psi.shape[1]):
                    out[i, x] += value * f[x] * psi[j, x]
