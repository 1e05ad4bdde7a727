"""Which elements of which auxiliary density operators (ADOs) exist, and how they are linked: integers only.

An ADO is a set J of modes, stored as increasing numbers. Element |a⟩⟨b| of ADO J exists only if
q_a - q_b = Q_J = Σ_{j∈J} σ_j e_{component(j)} (charge conservation; solver-notes 1), and of a Hermitian pair

    ρ_J̄ = τ_J ρ_J†,   τ_J = (-1)^{⌊n/2⌋ + number of (+,-) pairs in J},

only one is stored: the one whose Q_J is lexicographically positive, or, for Q_J = 0, whose first unpaired mode has
σ = +. Sets made of (+,-) pairs only are their own partner ("self-conjugate"); they are stored whole and kept
Hermitian (τ = 1) or anti-Hermitian (τ = -1). The dead part is never enumerated element by element.

A link (J, r) points to the ADO I = J - j_r of the tier below with the sign (-1)^{n-r} of theory B3. If I is not
stored but its partner is, the link carries the conjugate flag, and its sign includes τ_I. A self-conjugate J has
both kinds of links to the same ADO; upwards one of them is enough (the other follows from ρ_J = τ_J ρ_J†).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from .fock import FockSpace
from .modes import Modes

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


@dataclass(frozen=True)
class Tier:
    """Stored ADOs of one tier, ordered by charge.

    modes (n_ado, n) int32; charge (n_ado,) number of the Layout; value (n_ado,) offset into the tier's element vector;
    product (n_ado,) offset into the tier's operator-product arrays; link (n_ado, n) int64 = 8·I + 4·(only downwards)
    + 2·conjugate + negative, or -1; self_tau (n_ado,) = τ of self-conjugate ADOs, else 0; size, product_size: total lengths.
    """

    modes: NDArray[np.int32]
    charge: IntArray
    value: IntArray
    product: IntArray
    link: IntArray
    self_tau: IntArray
    tau: IntArray
    size: int
    product_size: int

    def __len__(self) -> int:
        return int(self.charge.size)


@dataclass(frozen=True)
class Products:
    """Small matrix products d^o ρ and ρ d^o for each (charge, operator): rows of `table`, in CSR order.

    Columns of table: side (0 left, 1 right), D offset, D rows, D columns, D̄ offset, block offset, block rows,
    block columns, product offset, product row stride, product column stride.
    offset[charge, operator] is where the product starts behind the ADO's own product offset.
    """

    table: IntArray
    start: IntArray
    offset: IntArray
    length: IntArray
    operator_blocks: dict[tuple[int, int], int]  # (operator, source sector) -> offset of D in the operator data
    operator_size: int


@dataclass(frozen=True)
class Hierarchy:
    """All tables for `depth` tiers; `tiers[n]` for n = 0 … depth."""

    fock: FockSpace
    operator: IntArray
    layouts: tuple[Layout, ...]
    zero_transpose: IntArray
    products: Products
    tiers: tuple[Tier, ...]

    @property
    def depth(self) -> int:
        return len(self.tiers) - 1

    @property
    def starts(self) -> IntArray:
        """Offsets of the tiers in one vector of all stored elements, (depth + 2,)."""
        return np.concatenate([[0], np.cumsum([tier.size for tier in self.tiers])])

    @property
    def unknowns(self) -> int:
        """Number of independent real unknowns (= complex elements of the charge sector)."""
        total = 0
        for tier in self.tiers:
            sizes = np.array([layout.size for layout in self.layouts])[tier.charge]
            total += int((sizes * np.where(tier.self_tau != 0, 1, 2)).sum())
        return total

    @property
    def table_bytes(self) -> int:
        return sum(t.modes.nbytes + t.link.nbytes + t.value.nbytes + t.product.nbytes + t.charge.nbytes for t in self.tiers)


def build(fock: FockSpace, modes: Modes, depth: int) -> Hierarchy:
    """Tables of the hierarchy truncated after tier `depth` (solver-notes 1, 2)."""
    component = modes.component(fock.component)
    step = np.zeros((2 * len(modes.operators), fock.n_components), dtype=np.int64)
    for u, c in enumerate(component):
        step[2 * u, c], step[2 * u + 1, c] = 1, -1
    layouts = _layouts(fock)
    number = {layout.charge: i for i, layout in enumerate(layouts)}
    zero = layouts[number[(0,) * fock.n_components]]
    position = np.empty((fock.dimension, fock.dimension), dtype=np.int64)
    position[zero.rows, zero.columns] = np.arange(zero.size)
    products = _products(fock, layouts, number, step)
    tiers = _tiers(fock, modes, step, layouts, number, products, depth)
    return Hierarchy(fock, modes.operator, layouts, position[zero.columns, zero.rows], products, tiers)


def _canonical(charge: tuple[int, ...]) -> bool:
    for q in charge:
        if q != 0:
            return q > 0
    return True


def _layouts(fock: FockSpace) -> tuple[Layout, ...]:
    charges, offsets = fock.charges, fock.offsets
    found: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for a, qa in enumerate(charges):
        for b, qb in enumerate(charges):
            difference = tuple(int(q) for q in qa - qb)
            if _canonical(difference):
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


def _products(
    fock: FockSpace, layouts: tuple[Layout, ...], number: dict[tuple[int, ...], int], step: IntArray
) -> Products:
    sector = {tuple(int(q) for q in charge): s for s, charge in enumerate(fock.charges)}
    dimension = np.diff(fock.offsets)
    charges = fock.charges

    operator_blocks: dict[tuple[int, int], int] = {}
    operator_size = 0
    for o in range(len(step)):
        for s, charge in enumerate(charges):
            target = sector.get(tuple(int(q) for q in charge + step[o]))
            if target is not None:
                operator_blocks[(o, s)] = operator_size
                operator_size += int(dimension[target] * dimension[s])

    def place(charge: tuple[int, ...], a: int, b: int) -> tuple[int, int, int]:
        """Offset, row stride and column stride of block (a, b) in the stored elements of this charge."""
        if _canonical(charge):
            return layouts[number[charge]].blocks[(a, b)], int(dimension[b]), 1
        opposite = tuple(-q for q in charge)
        return layouts[number[opposite]].blocks[(b, a)], 1, int(dimension[a])

    rows: list[tuple[int, ...]] = []
    start = np.zeros(len(layouts) * len(step) + 1, dtype=np.int64)
    offset = np.zeros((len(layouts), len(step)), dtype=np.int64)
    length = np.zeros(len(layouts), dtype=np.int64)
    for g, layout in enumerate(layouts):
        for o in range(len(step)):
            reached = tuple(int(q) for q in np.array(layout.charge) + step[o])
            canonical = reached if _canonical(reached) else tuple(-q for q in reached)
            offset[g, o] = length[g]
            if canonical in number:
                length[g] += layouts[number[canonical]].size
                for (a, b), block in layout.blocks.items():
                    here = (block, dimension[a], dimension[b])
                    up = sector.get(tuple(int(q) for q in charges[a] + step[o]))
                    if up is not None:
                        out = place(reached, up, b)
                        rows.append(
                            (0, operator_blocks[o, a], dimension[up], dimension[a], operator_blocks[o ^ 1, up], *here, *out)
                        )
                    down = sector.get(tuple(int(q) for q in charges[b] - step[o]))
                    if down is not None:
                        out = place(reached, a, down)
                        rows.append(
                            (1, operator_blocks[o, down], dimension[b], dimension[down], operator_blocks[o ^ 1, b], *here, *out)
                        )
            start[g * len(step) + o + 1] = len(rows)
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 11)
    return Products(table, start, offset, length, operator_blocks, operator_size)


def _tiers(
    fock: FockSpace,
    modes: Modes,
    step: IntArray,
    layouts: tuple[Layout, ...],
    number: dict[tuple[int, ...], int],
    products: Products,
    depth: int,
) -> tuple[Tier, ...]:
    mode_step = step[modes.operator]
    capacity = fock.capacity
    radix = 2 * capacity + 1
    weights = np.concatenate([np.cumprod(radix[::-1])[::-1][1:], [1]]).astype(np.int64)
    group_of = np.full(int(np.prod(radix)), -1, dtype=np.int64)  # charge (mixed radix) -> layout, canonical ones only
    for i, layout in enumerate(layouts):
        group_of[int((np.array(layout.charge) + capacity) @ weights)] = i
    sizes = np.array([layout.size for layout in layouts], dtype=np.int64)

    tiers: list[Tier] = []
    sets = np.zeros((1, 0), dtype=np.int32)
    charge = np.zeros((1, fock.n_components), dtype=np.int64)
    below: NDArray[np.int32] | None = None  # rank of a set of the tier below -> its number there
    for n in range(depth + 1):
        if n:
            sets, charge = _extend(sets, charge, mode_step, capacity + (depth - n))
        alive = np.all(np.abs(charge) <= capacity, axis=1)
        stored, group = sets[alive], charge[alive]
        group_number = group_of[(group + capacity) @ weights]
        paired = _pairing(stored)
        first_unpaired = np.where(paired, np.iinfo(np.int32).max - 1, stored).min(axis=1, initial=2**31 - 2)
        keep = (group_number >= 0) & (np.any(group != 0, axis=1) | (first_unpaired % 2 == 0))
        order = np.argsort(group_number[keep], kind="stable")
        stored, group_number, paired = stored[keep][order], group_number[keep][order], paired[keep][order]
        tau = 1 - 2 * ((n // 2 + paired.sum(axis=1) // 2) % 2)
        self_tau = np.where(paired.all(axis=1), tau, 0)
        link = np.full((len(stored), n), -1, dtype=np.int64)
        if n:
            assert below is not None
            link = _links(stored, self_tau != 0, below, tiers[-1].tau)
        if n < depth:
            below = np.full(comb(len(modes), n), -1, dtype=np.int32)
            below[_rank(stored, len(modes))] = np.arange(len(stored), dtype=np.int32)
        element = np.concatenate([[0], np.cumsum(sizes[group_number])])
        product = np.concatenate([[0], np.cumsum(products.length[group_number])])
        tiers.append(
            Tier(
                np.ascontiguousarray(stored, dtype=np.int32),
                group_number,
                element[:-1],
                product[:-1],
                link,
                self_tau,
                tau,
                int(element[-1]),
                int(product[-1]),
            )
        )
    return tuple(tiers)


def _extend(
    sets: NDArray[np.int32], charge: IntArray, mode_step: IntArray, limit: IntArray
) -> tuple[NDArray[np.int32], IntArray]:
    """Every set with one larger mode appended whose charge can still come back within reach."""
    count = len(mode_step)
    last = sets[:, -1] if sets.shape[1] else np.full(len(sets), -1, dtype=np.int32)
    repeats = count - 1 - last.astype(np.int64)
    parent = np.repeat(np.arange(len(sets)), repeats)
    begin = np.repeat(np.cumsum(repeats) - repeats, repeats)
    new = np.arange(parent.size) - begin + last[parent] + 1
    total = charge[parent] + mode_step[new]
    fits = np.all(np.abs(total) <= limit, axis=1)
    parent, new = parent[fits], new[fits]
    return np.concatenate([sets[parent], new[:, None].astype(np.int32)], axis=1), total[fits]


def _pairing(sets: NDArray[np.int32]) -> NDArray[np.bool_]:
    """True where a mode's partner (other σ) is in the same set; partners are neighbours in sorted order."""
    paired = np.zeros(sets.shape, dtype=bool)
    if sets.shape[1] > 1:
        match = (sets[:, :-1] ^ 1) == sets[:, 1:]
        paired[:, :-1] |= match
        paired[:, 1:] |= match
    return paired


def _rank(sets: NDArray[np.int32], count: int) -> IntArray:
    """Exact rank of increasing sets in the combinatorial number system, Σ_r C(j_r, r)."""
    rank = np.zeros(len(sets), dtype=np.int64)
    for r in range(sets.shape[1]):
        rank += np.array([comb(j, r + 1) for j in range(count)], dtype=np.int64)[sets[:, r]]
    return rank


def _links(
    sets: NDArray[np.int32], self_conjugate: NDArray[np.bool_], below: NDArray[np.int32], tau_below: IntArray
) -> IntArray:
    n = sets.shape[1]
    count = int(sets.max(initial=0)) + 2
    link = np.full(sets.shape, -1, dtype=np.int64)
    for r in range(n):
        rest = np.delete(sets, r, axis=1)
        negative = (n - 1 - r) % 2  # (-1)^{n-r} with r counted from 1
        target = below[_rank(rest, count)].astype(np.int64)
        link[:, r] = np.where(target >= 0, 8 * target + negative, -1)
        missing = np.flatnonzero(target < 0)
        partner = below[_rank(np.sort(rest[missing] ^ 1, axis=1), count)].astype(np.int64)
        sign = (negative + (tau_below[partner] < 0)) % 2
        link[missing, r] = np.where(partner >= 0, 8 * partner + 4 * self_conjugate[missing] + 2 + sign, -1)
    return link
