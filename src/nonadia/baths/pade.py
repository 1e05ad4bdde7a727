"""Padé spectrum decomposition of the Fermi function.

    f(z) = 1/(e^z + 1) ≈ ½ - Σ_{l=1}^{N} 2 k_l z/(z² + ξ_l²),     z = (ε - μ)/k_BT

the [N-1/N] Padé approximant of (f - ½)/z in z². Its poles ±iξ_l and strengths k_l follow from one symmetric
tridiagonal eigenvalue problem: tanh(z/2)/2 as a continued fraction gives the matrix B with
B_{n,n+1} = 1/(2 √((2n-1)(2n+1))), n = 1 … 2N-1; its positive eigenvalues are 1/ξ_l and, with the first
components v_l of the normalised eigenvectors, k_l = v_l² ξ_l²/4 (Ozaki, Phys. Rev. B 75, 035123 (2007); the
same numbers as Hu, Luo, Jiang, Xu, Yan, J. Chem. Phys. 134, 244106 (2011), theory B2).
"""

from __future__ import annotations

from functools import lru_cache
from typing import overload

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import expit

FloatArray = NDArray[np.float64]


@lru_cache(maxsize=256)
def pade_fermi(poles: int) -> tuple[FloatArray, FloatArray]:
    """(ξ_l, k_l), each (N,), in ascending ξ; dimensionless. N = `poles` ≥ 1."""
    if poles < 1:
        raise ValueError(f"a Padé decomposition needs at least one pole, not {poles}")
    n = np.arange(1, 2 * poles)
    off_diagonal = 0.5 / np.sqrt((2.0 * n - 1.0) * (2.0 * n + 1.0))
    inverse, vectors = eigh_tridiagonal(np.zeros(2 * poles), off_diagonal)
    positive = np.arange(2 * poles - 1, poles - 1, -1)  # eigenvalues come in ± pairs, ascending
    xi = 1.0 / inverse[positive]
    strength = vectors[0, positive] ** 2 * xi**2 / 4.0
    xi.setflags(write=False)
    strength.setflags(write=False)
    return xi, strength


@overload
def fermi(z: FloatArray) -> FloatArray: ...
@overload
def fermi(z: NDArray[np.complex128]) -> NDArray[np.complex128]: ...
def fermi(z: NDArray) -> NDArray:
    """f(z) = 1/(e^z + 1), any shape, dimensionless; real or complex z, without overflow."""
    z = np.asarray(z)
    if not np.iscomplexobj(z):
        return expit(-z)
    positive = z.real > 0
    decaying = np.exp(np.where(positive, -z, z))
    return np.where(positive, decaying, 1.0) / (1.0 + decaying)
