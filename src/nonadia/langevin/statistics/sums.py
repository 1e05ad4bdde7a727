"""Sums over batches of trajectories, streamed: what an ensemble keeps of one stored time.

    n_bq = Σ_{i in b} 1,   s1_bq = Σ_{i in b} f_q(i),   s2_bq = Σ_{i in b} f_q(i)²

A batch is a fixed range of trajectories, whatever worker had them; inside a batch trajectories are added one after another,
so that the sums are the same bits for every way of cutting the ensemble into whole batches. NaN entries (trajectories that
left) are not counted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray


class Sums(NamedTuple):
    """Counts and power sums of q observables over batches."""

    counts: NDArray  # (batches, q) trajectories that had a finite value
    powers: NDArray  # (batches, 2, q) sums of f and of f²

    def means(self) -> NDArray:
        """<f> of each batch (batches, q); NaN where nobody is left."""
        return _divide(self.powers[:, 0], self.counts)

    def squares(self) -> NDArray:
        """<f²> of each batch (batches, q)."""
        return _divide(self.powers[:, 1], self.counts)


def batch_moments(values: ArrayLike, size: int) -> Sums:
    """Sums of `values` (N, q) over batches of `size` consecutive trajectories; the last batch may be shorter.

    A short batch gives the same bits as a full one whose missing trajectories are NaN.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2:
        raise ValueError(f"values: shape {values.shape}; must be (trajectories, observables)")
    if size < 1:
        raise ValueError(f"size: {size}; a batch has at least one trajectory")
    number, q = values.shape
    batches = -(-number // size)
    counts, powers = np.zeros((batches, q), dtype=np.int64), np.zeros((batches, 2, q))
    _accumulate(np.ascontiguousarray(values), size, counts, powers)
    return Sums(counts, powers)


@njit(cache=True, nogil=True)
def _accumulate(values: NDArray, size: int, counts: NDArray, powers: NDArray) -> None:
    """One pass: each batch adds its trajectories one after another, finite values only."""
    number, q = values.shape
    for i in range(number):
        b = i // size
        for k in range(q):
            value = values[i, k]
            if np.isfinite(value):
                counts[b, k] += 1
                powers[b, 0, k] += value
                powers[b, 1, k] += value * value


def _divide(sums: NDArray, counts: NDArray) -> NDArray:
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
