"""Lowest eigenpairs of a large Hermitian operator: block Davidson with a preconditioner.

    H ψ_k = E_k ψ_k,   r_k = H ψ_k - E_k ψ_k,   |E_k - exact| ≤ ‖r_k‖

A subspace grows by preconditioned residuals t_k = M(E_k) r_k and, when it is full, shrinks to the Ritz vectors of this and of
the previous iteration (generalised Davidson with "+k" restarts: A. Stathopoulos, Y. Saad, Electron. Trans. Numer. Anal. 7, 163
(1998)), which converges like a conjugate gradient method at a bounded memory. With a good M far fewer applications of H are
needed than with Lanczos, whose count grows as the square root of (spectral range / level spacing).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Block = NDArray[Any]  # (vectors, unknowns), float64 or complex128
DEPENDENT = 1e-10  # a new direction with less than this outside the subspace adds nothing but rounding


class NotConverged(ArithmeticError):
    """The iteration ended before every residual met the tolerance."""


@dataclass(frozen=True)
class Eigenpairs:
    """energies (count,), vectors (count, unknowns) of unit Euclidean norm, residuals ‖Hψ-Eψ‖ (count,), applications of H."""

    energies: NDArray[np.float64]
    vectors: Block
    residuals: NDArray[np.float64]
    applications: int


def lowest(
    apply: Callable[[Block], Block],
    precondition: Callable[[Block, NDArray[np.float64]], Block],
    guess: Block,
    count: int,
    tolerance: float,
    iterations: int = 300,
) -> Eigenpairs:
    """The `count` lowest eigenpairs in the space that `guess` (at least count vectors) and its residuals reach.

    apply : H on a block of vectors, (b, N) → (b, N)
    precondition : (residuals (b, N), their energies (b,)) → directions (b, N)
    guess : extra vectors beyond `count` protect against missed states; a guess without any part along a state (by symmetry)
        can miss it
    tolerance : of every residual norm, in units of H

    Raises NotConverged with the residuals reached.
    """
    extra = len(guess) - count
    basis = _orthonormal(guess, guess[:0])
    images = apply(basis)
    applications = len(basis)
    matrix = _inner(basis, images)
    before = np.zeros((len(basis), 0), dtype=matrix.dtype)
    most = max(3 * len(guess) + 8, 2 * len(guess) + 2 * count)
    residual_norms = np.full(count, np.inf)
    for _ in range(iterations):
        values, coefficients = np.linalg.eigh(0.5 * (matrix + matrix.conj().T))
        chosen = coefficients[:, :count]
        residuals = chosen.T @ images - values[:count, None] * (chosen.T @ basis)
        residual_norms = np.linalg.norm(residuals, axis=1)
        open_ = residual_norms > tolerance
        if not open_.any():
            return Eigenpairs(values[:count], chosen.T @ basis, residual_norms, applications)
        new = precondition(residuals[open_], values[:count][open_])
        if len(basis) + len(new) > most:
            kept = _kept(coefficients[:, : count + extra], before)
            basis, images, matrix = kept.T @ basis, kept.T @ images, kept.conj().T @ matrix @ kept
            chosen = kept.conj().T @ chosen
        new = _orthonormal(new, basis)
        if not len(new):
            break  # the subspace cannot grow: rounding has been reached
        image = apply(new)
        applications += len(new)
        cross, own = _inner(basis, image), _inner(new, image)
        matrix = np.block([[matrix, cross], [cross.conj().T, own]])
        basis, images = np.concatenate([basis, new]), np.concatenate([images, image])
        before = np.concatenate([chosen, np.zeros((len(new), count), dtype=chosen.dtype)])
    worst = ", ".join(f"{norm:.1e}" for norm in residual_norms)
    raise NotConverged(f"residuals {worst} after {applications} applications of H; asked for {tolerance:.1e}")


def _inner(left: Block, right: Block) -> NDArray[Any]:
    """⟨left_i|right_j⟩"""
    return left.conj() @ right.T


def _kept(now: NDArray[Any], before: NDArray[Any]) -> NDArray[Any]:
    """Orthonormal coefficients that span this iteration's Ritz vectors and the previous ones, present ones first."""
    rest = before - now @ (now.conj().T @ before)
    u, weights, _ = np.linalg.svd(rest, full_matrices=False)
    rest = u[:, weights > 1e-8]
    rest -= now @ (now.conj().T @ rest)
    return np.concatenate([now, np.linalg.qr(rest)[0]], axis=1)


def _orthonormal(vectors: Block, basis: Block) -> Block:
    """Orthonormal directions of `vectors` outside the span of the orthonormal `basis`; two passes against rounding."""
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
    for _ in range(2):
        vectors = vectors - _inner(basis, vectors).T @ basis
        overlap, turn = np.linalg.eigh(_inner(vectors, vectors))
        independent = overlap > DEPENDENT**2 * max(1.0, float(overlap[-1]))
        vectors = (turn[:, independent] / np.sqrt(overlap[independent])).T @ vectors
        if not len(vectors):
            break
    return vectors
