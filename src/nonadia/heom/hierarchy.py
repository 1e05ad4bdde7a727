"""Which elements of which auxiliary density operators (ADOs) exist, and how they are linked: integers only.

An ADO is a set J of modes, stored as increasing numbers. Element |a⟩⟨b| of ADO J exists only if
q_a - q_b = Q_J = Σ_{j∈J} σ_j e_{component(j)} (charge conservation; solver-notes 1), and of a Hermitian pair

    ρ_J̄ = τ_J ρ_J†,   τ_J = (-1)^{⌊n/2⌋ + Σ_u |A_u||B_u|},   A_u, B_u: the modes of J with operator f_u†, f_u,

only one is stored: the one whose Q_J is lexicographically positive, or, for Q_J = 0, whose first unpaired mode has
σ = +. Sets made of (+,-) pairs only are their own partner ("self-conjugate"); they are stored whole and kept
Hermitian (τ = 1) or anti-Hermitian (τ = -1). The dead part is never enumerated element by element.

A link (J, r) points to the ADO I = J - j_r of the tier below with the sign (-1)^{n-r} of theory B3. If I is not
stored but its partner is, the link is a conjugate one, and its sign includes τ_I. A self-conjugate J has
both kinds of links to the same ADO; upwards one of them is enough (the other follows from ρ_J = τ_J ρ_J†).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from .fock import FockSpace
from .layouts import IntArray, Layout, layouts_of
from .links import CONJUGATE, DOWN_ONLY, Links, links_of
from .modes import Modes
from .products import Products, products_of


@dataclass(frozen=True)
class Tier:
    """Stored ADOs of one tier, ordered by charge, then lexicographically.

    modes (n_ado, n) int32; charge (n_ado,) number of the Layout; first (charges + 1,): where the ADOs of each charge start;
    value (n_ado,) offset into the tier's element vector; slot (slots,): offset of each slot of `Products` in the tier's
    product arrays; flipped (n_ado,): place of each ADO in slots with adjoint products, which are in the order of the partners
    ρ_J̄ (not needed on the last tier); links to the tier below; self_tau (n_ado,) = τ of self-conjugate ADOs, else 0; size,
    product_size: total lengths.
    """

    modes: NDArray[np.int32]
    charge: IntArray
    first: IntArray
    value: IntArray
    slot: IntArray
    flipped: IntArray
    links: Links
    self_tau: IntArray
    size: int
    product_size: int

    def __len__(self) -> int:
        return int(self.charge.size)


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
        """Tables that one application of the generator reads."""
        return sum(t.links.nbytes + t.value.nbytes + t.charge.nbytes + t.self_tau.nbytes for t in self.tiers)


def build(fock: FockSpace, modes: Modes, depth: int) -> Hierarchy:
    """Tables of the hierarchy truncated after tier `depth` (solver-notes 1, 2)."""
    component = modes.component(fock.component)
    step = np.zeros((2 * len(modes.operators), fock.n_components), dtype=np.int64)
    for u, c in enumerate(component):
        step[2 * u, c], step[2 * u + 1, c] = 1, -1
    layouts = layouts_of(fock)
    number = {layout.charge: i for i, layout in enumerate(layouts)}
    zero = layouts[number[(0,) * fock.n_components]]
    position = np.empty((fock.dimension, fock.dimension), dtype=np.int64)
    position[zero.rows, zero.columns] = np.arange(zero.size)
    products = products_of(fock, layouts, step)
    tiers = _tiers(fock, modes, step, layouts, number, products, depth)
    return Hierarchy(fock, modes.operator, layouts, position[zero.columns, zero.rows], products, tiers)


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
    tau_below = np.zeros(0, dtype=np.int64)
    for n in range(depth + 1):
        if n:
            sets, charge = _extend(sets, charge, mode_step, capacity + (depth - n))
        stored, group = sets, charge
        if n < depth:  # sets of too large a charge only lead to others; the last tier has none
            alive = np.all(np.abs(charge) <= capacity, axis=1)
            stored, group = sets[alive], charge[alive]
        group_number = group_of[(group + capacity) @ weights]
        keep, paired = group_number >= 0, np.zeros(len(stored), dtype=bool)
        neutral = np.flatnonzero(group_number == 0)
        plus, paired[neutral] = _leading(stored[neutral], modes)
        keep[neutral[~plus]] = False
        stored, group_number, paired = stored[keep], group_number[keep], paired[keep]
        family = modes.operator.astype(np.int32)[stored]
        order = _memory_order(stored, group_number, family)
        stored, group_number, paired, family = stored[order], group_number[order], paired[order], family[order]
        first = np.searchsorted(group_number, np.arange(len(layouts) + 1))
        element = np.concatenate([[0], np.cumsum(sizes[group_number])])
        product = np.concatenate([[0], np.cumsum(np.diff(first)[products.group] * products.size)])
        block = sizes[group_number]
        tau = _sign(family, len(modes.operators))
        self_tau = np.where(paired, tau, 0)
        if n:
            assert below is not None
            target, code = _links(stored, self_tau != 0, below, tau_below, modes.partner)
            code = np.where(target >= 0, len(modes) * code + stored, -1).astype(np.int32)
            source = _sources(target, code // len(modes), family, block, tiers[-1], products)
        else:
            source, code = np.zeros((1, 0), dtype=np.int64), np.zeros((1, 0), dtype=np.int32)
        links = links_of(block, code, source, tiers[-1].product_size if n else 0)
        flipped = np.zeros(0, dtype=np.int64)
        if n < depth:
            opposite = np.sort(modes.partner[stored], axis=1)
            flipped = np.empty(len(stored), dtype=np.int64)
            flipped[_memory_order(opposite, group_number, modes.operator[opposite])] = np.arange(len(stored))
            flipped -= first[group_number]
            tau_below = tau
            below = np.full(comb(len(modes), n), -1, dtype=np.int32)
            below[_rank(stored, len(modes))] = np.arange(len(stored), dtype=np.int32)
        tiers.append(
            Tier(
                np.ascontiguousarray(stored, dtype=np.int32),
                group_number,
                first,
                element[:-1],
                product[:-1],
                flipped,
                links,
                self_tau,
                int(element[-1]),
                int(product[-1]),
            )
        )
    return tuple(tiers)


def _memory_order(sets: NDArray[np.signedinteger], group: IntArray, family: IntArray) -> IntArray:
    """The order in memory: by charge, by the operators of the modes, by the modes.

    In this order the last mode runs through (nearly) all modes of one operator, here and in the tiers below.
    """
    kinds = _number(family) + group * (int(family.max(initial=0)) + 1) ** family.shape[1]
    return np.lexsort([_number(sets), kinds])


def _number(digits: NDArray[np.signedinteger]) -> IntArray:
    """Rows of non-negative digits in lexicographic order as integers."""
    radix = int(digits.max(initial=0)) + 1
    if radix ** digits.shape[1] >= 2**48:
        return np.unique(digits, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    out = np.zeros(len(digits), dtype=np.int64)
    for column in digits.T:
        out *= radix
        out += column
    return out


def _sign(family: NDArray[np.int32], operators: int) -> IntArray:
    """τ_J from the operators of its modes, (n_ado,)."""
    exponent = np.full(len(family), family.shape[1] // 2)
    for u in range(operators):
        plus, minus = np.zeros(len(family), dtype=np.int64), np.zeros(len(family), dtype=np.int64)
        for column in family.T:
            plus += column == 2 * u
            minus += column == 2 * u + 1
        exponent += plus * minus
    return 1 - 2 * (exponent % 2)


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


def _leading(sets: NDArray[np.int32], modes: Modes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of sets without charge: is the first mode without partner in the set one with σ = + (or is there none), is there none."""
    paired = np.zeros(sets.shape, dtype=bool)
    opposite = modes.partner.astype(np.int32)[sets]
    for r in range(sets.shape[1]):
        for t in range(r + 1, sets.shape[1]):
            match = opposite[:, r] == sets[:, t]
            paired[:, r] |= match
            paired[:, t] |= match
    first, sigma = np.full(len(sets), len(modes)), np.ones(len(sets), dtype=np.int64)
    for r in range(sets.shape[1]):
        pair = np.where(paired[:, r], len(modes), np.minimum(sets[:, r], opposite[:, r]))
        sigma = np.where(pair < first, modes.sigma[sets[:, r]], sigma)
        first = np.minimum(first, pair)
    return sigma > 0, first == len(modes)


def _rank(sets: NDArray[np.int32], count: int) -> IntArray:
    """Exact rank of increasing sets in the combinatorial number system, Σ_r C(j_r, r)."""
    rank = np.zeros(len(sets), dtype=np.int64)
    for r in range(sets.shape[1]):
        rank += np.array([comb(j, r + 1) for j in range(count)], dtype=np.int64)[sets[:, r]]
    return rank


def _links(
    sets: NDArray[np.int32], self_conjugate: NDArray[np.bool_], below: NDArray[np.int32], tau_below: IntArray, partner: IntArray
) -> tuple[IntArray, NDArray[np.int32]]:
    """Number of the ADO of the tier below (or -1) and bits of the link code (or -1), both (n_ado, n)."""
    n = sets.shape[1]
    count = len(partner)
    targets, code = np.full(sets.shape, -1, dtype=np.int64), np.full(sets.shape, -1, dtype=np.int32)
    for r in range(n):
        rest = np.delete(sets, r, axis=1)
        negative = (n - 1 - r) % 2  # (-1)^{n-r} with r counted from 1
        target = below[_rank(rest, count)].astype(np.int64)
        targets[:, r] = target
        code[target >= 0, r] = negative
        missing = np.flatnonzero(target < 0)
        opposite = below[_rank(np.sort(partner[rest[missing]], axis=1), count)].astype(np.int64)
        sign = (negative + (tau_below[opposite] < 0)) % 2
        targets[missing, r] = opposite
        code[missing, r] = np.where(opposite >= 0, DOWN_ONLY * self_conjugate[missing] + CONJUGATE + sign, -1)
    return targets, code


def _sources(
    target: IntArray, bits: NDArray[np.int32], operator: IntArray, block: IntArray, below: Tier, products: Products
) -> IntArray:
    """Where in the product arrays of the tier below each link reads, or -1, (n_ado, n)."""
    conjugate = (bits & CONJUGATE) // CONJUGATE
    charge = below.charge[target]  # of the last ADO where there is no link
    slot = products.slot[charge, operator ^ conjugate, conjugate]
    place = np.where(conjugate, below.flipped[target], target - below.first[charge])
    source = below.slot[slot] + place * block[:, None]
    return np.where(target >= 0, source, -1)
