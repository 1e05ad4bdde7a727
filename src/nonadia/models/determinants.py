"""Many electrons in orbitals: Slater determinants, one-body operators between them, and product states.

    |D⟩ = c†_{i_1} c†_{i_2} … c†_{i_n} |0⟩,  i_1 < i_2 < … < i_n;       Ô = Σ_ij o_ij c†_i c_j
    ⟨D'|c†_i c_j|D⟩ = (-1)^{electrons of D in orbitals strictly between i and j}   for i ≠ j, D' = D with j → i

(Slater-Condon rules; Szabo, Ostlund, Modern Quantum Chemistry, section 2.3). A determinant is stored as the integer whose bit i
is the occupation of orbital i.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .errors import ModelError

Masks = NDArray[np.int64]
MOST = 200_000  # determinants; beyond, no wave packet fits into memory


def determinants(orbitals: int, electrons: int) -> Masks:
    """All C(orbitals, electrons) determinants as occupation masks, increasing. Errors: ModelError for impossible numbers."""
    if not 1 <= orbitals <= 62:
        raise ModelError([("orbitals", f"{orbitals}; 1 to 62 are possible")])
    if not 0 <= electrons <= orbitals:
        raise ModelError([("electrons", f"{electrons} in {orbitals} orbitals; 0 to {orbitals} fit")])
    count = math.comb(orbitals, electrons)
    if count > MOST:
        message = f"{electrons} electrons in {orbitals} orbitals have {count} determinants (at most {MOST})"
        raise ModelError([("orbitals", message)])
    found = [sum(1 << i for i in occupied) for occupied in combinations(range(orbitals), electrons)]
    return np.sort(np.array(found, dtype=np.int64))


def occupations(masks: Masks, orbitals: int) -> NDArray[np.int64]:
    """0 or 1, (determinants, orbitals)."""
    return (masks[:, None] >> np.arange(orbitals, dtype=np.int64)) & 1


def one_body(matrix: NDArray[Any], masks: Masks) -> sp.csr_array:
    """Ô = Σ_ij o_ij c†_i c_j between the determinants `masks` (increasing): (count, count), sparse; real where o is."""
    o = np.asarray(matrix)
    orbitals, count = len(o), len(masks)
    occupied = occupations(masks, orbitals)
    behind = np.concatenate([np.zeros((count, 1), dtype=np.int64), np.cumsum(occupied, axis=1)], axis=1)  # electrons below i
    rows, columns = [np.arange(count)], [np.arange(count)]
    values = [occupied @ np.diagonal(o)]
    for i, j in zip(*np.nonzero(o), strict=True):
        if i == j:
            continue
        source = np.flatnonzero((occupied[:, j] == 1) & (occupied[:, i] == 0))
        target = np.searchsorted(masks, masks[source] ^ ((1 << int(i)) | (1 << int(j))))
        low, high = min(i, j), max(i, j)
        between = behind[source, high] - behind[source, low + 1]
        rows.append(target)
        columns.append(source)
        values.append(o[i, j] * (1 - 2 * (between % 2)))
    shape = (count, count)
    found = sp.csr_array(sp.coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape))
    found.eliminate_zeros()
    return found


def product_state(orbitals: NDArray[Any], masks: Masks) -> NDArray[Any]:
    """Coefficients (determinants,) of the state that fills the columns of `orbitals`, (orbitals, electrons), orthonormal.

    ⟨D|Π_k a†_k|0⟩ = det C[D, :], a†_k = Σ_i C_ik c†_i: the minors of C.
    """
    c = np.asarray(orbitals)
    size, electrons = c.shape
    rows = np.nonzero(occupations(masks, size))[1].reshape(len(masks), electrons)
    return np.linalg.det(c[rows]) if electrons else np.ones(len(masks))
