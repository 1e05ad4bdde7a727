"""Links between neighbouring tiers as runs of auxiliary density operators (ADOs).

In the order of `hierarchy` the ADOs J = (j_1 … j_n) that share all modes but the last, and whose last modes have the same
operator, follow each other, and so do the ADOs J - j_r (r < n) of the tier below that they couple to; J - j_n is the same
for all of them. So one table row describes a whole run: for r < n the coupling is one axpy of constant weight between
contiguous elements, for r = n a product with a vector of weights. Runs are found by comparison, not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .layouts import IntArray

NEGATIVE, CONJUGATE, DOWN_ONLY = 1, 2, 4  # bits of a link code; the code of mode j is M bits + j, or -1 for no link


@dataclass(frozen=True)
class Links:
    """Links of tier n to tier n - 1 in R runs.

    start (R + 1,): first ADO of each run; source (R, n): element of the product arrays of tier n - 1 where the first ADO of
    the run is coupled to, or -1; code (R, n): link code of the first ADO, or -1; for r = n it grows by one from ADO to ADO.
    """

    start: NDArray[np.int32]
    source: NDArray[np.signedinteger]
    code: NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        return int(self.start.nbytes + self.source.nbytes + self.code.nbytes)


def links_of(
    block: IntArray, code: NDArray[np.int32], source: IntArray, product_size: int
) -> Links:
    """block (N,): elements of each ADO; code, source (N, n): of every single link."""
    count, n = code.shape
    if not count or not n:
        empty = np.zeros((0, n), dtype=np.int32)
        return Links(np.zeros(1, dtype=np.int32), empty, empty)
    same = block[1:] == block[:-1]
    body = slice(0, n - 1)
    same &= np.all(code[1:, body] == code[:-1, body], axis=1)
    follows = source[1:, body] == source[:-1, body] + block[:-1, None]
    same &= np.all(follows | (code[1:, body] < 0), axis=1)
    last = code[:, -1]
    same &= (source[1:, -1] == source[:-1, -1]) & ((last[1:] == last[:-1] + 1) | (last[1:] < 0))
    first = np.flatnonzero(np.concatenate([[True], ~same]))
    kind = np.int32 if product_size < 2**31 else np.int64
    return Links(
        np.concatenate([first, [count]]).astype(np.int32),
        np.ascontiguousarray(source[first], dtype=kind),
        np.ascontiguousarray(code[first], dtype=np.int32),
    )
