"""The elements that auxiliary density operators of one charge have: |a⟩⟨b| with q_a - q_b = Q (solver-notes 1).

Of Q and -Q only the canonical one (lexicographically positive, or zero) is stored; the other is its Hermitian partner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fock import FockSpace

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """Elements of the ADOs of one canonical charge: blocks (sector of a, sector of b), each row-major."""

    charge: tuple[int, ...]
    blocks: dict[tuple[int, int], int]  # (s_a, s_b) -> offset of the block
    rows: IntArray  # state index a of each element
    columns: IntArray  # state index b of each element

    @property
    def size(self) -> int:
        return int(self.rows.size)


def canonical(charge: tuple[int, ...]) -> bool:
    """True for the member of {Q, -Q} that is stored."""
    for q in charge:
        if q != 0:
            return q > 0
    return True


def layouts_of(fock: FockSpace) -> tuple[Layout, ...]:
    """Layouts of all canonical charges, in increasing order of the charge: Q = 0 comes first."""
    charges, offsets = fock.charges, fock.offsets
    found: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for a, qa in enumerate(charges):
        for b, qb in enumerate(charges):
            difference = tuple(int(q) for q in qa - qb)
            if canonical(difference):
                found.setdefault(difference, []).append((a, b))
    layouts = []
    for charge in sorted(found):  # the zero charge sorts first among canonical ones
        blocks, rows, columns, offset = {}, [], [], 0
        for a, b in found[charge]:
            states_a, states_b = np.arange(offsets[a], offsets[a + 1]), np.arange(offsets[b], offsets[b + 1])
            blocks[(a, b)] = offset
            rows.append(np.repeat(states_a, states_b.size))
            columns.append(np.tile(states_b, states_a.size))
            offset += states_a.size * states_b.size
        layouts.append(Layout(charge, blocks, np.concatenate(rows), np.concatenate(columns)))
    return tuple(layouts)
