"""Tables of the operator products d^o ρ_I and ρ_I d^o of one tier, in the places where the links read them.

For every charge g and operator o the products of all ADOs of that charge stand behind each other in one slot, element for
element like the ADOs J that they couple to. If Q_g + step(o) is not canonical, every such J is reached through its Hermitian
partner, and the slot holds the adjoint of the product ("dagger"). For Q_J = 0 both occur and both are kept. A link is
then a plain axpy between contiguous elements, without transposes or conjugates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fock import FockSpace
from .layouts import IntArray, Layout, canonical

SPARSE_DIMENSION = 3  # sectors of at most this many states: products element by element, otherwise block by block


@dataclass(frozen=True)
class Products:
    """slot[g, o, dagger]: number of the slot or -1; group, size, dagger (S,): its charge, elements of one product, dagger.

    Block form, rows target_start[s] … of `target` for slot s, one row per block of the result: product offset, row stride,
    column stride, rows, columns; offset of D, its inner dimension, offset of the block of ρ, offset of D̄ (D or -1) from
    the left; the same four from the right.
    Element form, for element y of slot s and i = element[s] + y: left (start, column, data): Σ data · ρ[column] over
    start[i] … start[i + 1], right the same.
    operator_blocks[o, source sector]: offset of that block of d^o in the operator data, operator_size: its length.
    """

    slot: IntArray
    group: IntArray
    size: IntArray
    dagger: IntArray
    target: IntArray
    target_start: IntArray
    element: IntArray
    left: tuple[IntArray, IntArray, IntArray]
    right: tuple[IntArray, IntArray, IntArray]
    operator_blocks: dict[tuple[int, int], int]
    operator_size: int
    sparse: bool
    block_size: int  # largest number of elements of a block of ρ or of a product


def products_of(fock: FockSpace, layouts: tuple[Layout, ...], step: IntArray) -> Products:
    """step (operators, components): the charge that d^o adds."""
    number = {layout.charge: i for i, layout in enumerate(layouts)}
    sector = {tuple(int(q) for q in charge): s for s, charge in enumerate(fock.charges)}
    dimension, charges = np.diff(fock.offsets).tolist(), fock.charges
    operator_blocks: dict[tuple[int, int], int] = {}
    operator_size = 0
    for o in range(len(step)):
        for s, charge in enumerate(charges):
            target = sector.get(tuple(int(q) for q in charge + step[o]))
            if target is not None:
                operator_blocks[(o, s)] = operator_size
                operator_size += dimension[target] * dimension[s]

    slot = np.full((len(layouts), len(step), 2), -1, dtype=np.int64)
    slots: list[tuple[int, int, int]] = []
    rows: list[tuple[int, ...]] = []
    start = [0]
    for g, layout in enumerate(layouts):
        for o in range(len(step)):
            reached = tuple(int(q) for q in np.array(layout.charge) + step[o])
            opposite = tuple(-q for q in reached)
            for dagger, result in enumerate((reached, opposite)):
                if not canonical(result) or result not in number:
                    continue
                slot[g, o, dagger] = len(slots)
                slots.append((g, layouts[number[result]].size, dagger))
                found: dict[tuple[int, int], list[int]] = {}
                for (a, b), block in layout.blocks.items():
                    up = sector.get(tuple(int(q) for q in charges[a] + step[o]))
                    if up is not None:
                        terms = found.setdefault((up, b), [-1] * 8)
                        terms[:4] = operator_blocks[o, a], dimension[a], block, operator_blocks[o ^ 1, up]
                    down = sector.get(tuple(int(q) for q in charges[b] - step[o]))
                    if down is not None:
                        terms = found.setdefault((a, down), [-1] * 8)
                        terms[4:] = operator_blocks[o, down], dimension[b], block, operator_blocks[o ^ 1, b]
                for (a, b), terms in found.items():
                    m, n = dimension[a], dimension[b]
                    blocks = layouts[number[result]].blocks
                    place = (blocks[b, a], 1, m) if dagger else (blocks[a, b], n, 1)
                    rows.append((*place, m, n, *terms))
                start.append(len(rows))
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 13)
    described = np.array(slots, dtype=np.int64).reshape(len(slots), 3)
    starts = np.array(start, dtype=np.int64)
    element = np.concatenate([[0], np.cumsum(described[:, 1])])
    small = max(dimension) <= SPARSE_DIMENSION
    left, right = _element_form(table, starts, element) if small else (_nothing(), _nothing())
    return Products(
        slot,
        np.ascontiguousarray(described[:, 0]),
        np.ascontiguousarray(described[:, 1]),
        np.ascontiguousarray(described[:, 2]),
        table,
        starts,
        element,
        left,
        right,
        operator_blocks,
        operator_size,
        small,
        max(dimension) ** 2,
    )


def _nothing() -> tuple[IntArray, IntArray, IntArray]:
    return np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


def _element_form(
    table: NDArray[np.int64], starts: IntArray, element: IntArray
) -> tuple[tuple[IntArray, IntArray, IntArray], tuple[IntArray, IntArray, IntArray]]:
    """The rows of the block form spelled out element by element."""
    sides: list[list[list[tuple[int, int]]]] = [[[] for _ in range(int(element[-1]))] for _ in range(2)]
    for s in range(len(starts) - 1):
        for row in table[starts[s] : starts[s + 1]].tolist():
            y, row_stride, column_stride, m, n = row[:5]
            left, left_inner, left_x, _, right, right_inner, right_x, _ = row[5:]
            for a in range(m):
                for b in range(n):
                    i = int(element[s]) + y + a * row_stride + b * column_stride
                    if left >= 0:
                        sides[0][i] += [(left_x + c * n + b, left + a * left_inner + c) for c in range(left_inner)]
                    if right >= 0:
                        sides[1][i] += [(right_x + a * right_inner + c, right + c * n + b) for c in range(right_inner)]
    out = []
    for side in sides:
        flat = np.array([term for terms in side for term in terms], dtype=np.int64).reshape(-1, 2)
        start = np.concatenate([[0], np.cumsum([len(terms) for terms in side])]).astype(np.int64)
        out.append((start, np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1])))
    return out[0], out[1]
