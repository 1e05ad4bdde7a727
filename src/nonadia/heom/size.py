"""Size of a hierarchy before anything is built: exact counts by generating functions, and the memory they need.

For one conserved component with `capacity` levels and m modes of either sign, sets with i modes of σ = + and j of σ = -
number C(m, i) C(m, j) and each has s(i - j) = Σ_q C(capacity, q) C(capacity, q - i + j) elements. Components multiply, and
the number of modes adds, so that the count of tier n is a coefficient of a product of polynomials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, prod

import numpy as np

from ..models.frozen import FrozenJunction
from .fock import level_components

GMRES_VECTORS = 60  # basis and preconditioned vectors of a hard case, per reduced element
WHOLE_VECTORS = 14  # diagonals, state, sources, solutions and scratch over all tiers


@dataclass(frozen=True)
class Size:
    """ados and unknowns (real, = complex elements of the charge sector) per tier; bytes needed at one geometry."""

    dimension: int
    ados: tuple[int, ...]
    elements: tuple[int, ...]
    memory: int

    @property
    def unknowns(self) -> int:
        return sum(self.elements)


def hierarchy_size(frozen: FrozenJunction, exponent_counts: Sequence[int], depth: int) -> Size:
    """Size of the hierarchy with `exponent_counts` exponents per lead and σ, truncated after tier `depth`."""
    component = level_components(frozen)
    vibrational = prod(int(s) for s in frozen.vibration_states)
    capacity = np.bincount(component)
    modes = np.zeros(capacity.size, dtype=int)
    for channel in frozen.channels:
        modes[component[np.flatnonzero(channel.vector)[0]]] += exponent_counts[channel.lead]

    def polynomial(c: int, m: int, with_elements: bool) -> list[int]:
        out = [0] * (depth + 1)
        for i in range(min(m, depth) + 1):
            for j in range(min(m, depth - i) + 1):
                if abs(i - j) <= c:
                    states = sum(comb(c, q) * comb(c, q - i + j) for q in range(max(0, i - j), c + 1) if q - i + j >= 0)
                    out[i + j] += comb(m, i) * comb(m, j) * (states if with_elements else 1)
        return out

    def total(with_elements: bool) -> list[int]:
        product = [1] + [0] * depth
        for c, m in zip(capacity.tolist(), modes.tolist(), strict=True):
            factor = polynomial(c, m, with_elements)
            product = [sum(product[k] * factor[n - k] for k in range(n + 1)) for n in range(depth + 1)]
        return product

    ados = total(False)
    elements = [count * vibrational**2 for count in total(True)]
    dimension = 2**frozen.n_levels * vibrational
    operators = len({channel.vector.tobytes() for channel in frozen.channels})
    stored = sum(elements) // 2
    reduced = sum(elements[:-1]) // 2
    tables = sum(count // 2 * (12 * n + 40) for n, count in enumerate(ados))
    # while a tier is listed, sets of both members of a pair and their ranks are held for a moment
    listing = comb(2 * int(modes.sum()), depth) * (4 * depth + 8 * capacity.size + 40)
    memory = (
        tables
        + listing
        + 16 * (WHOLE_VECTORS * stored + GMRES_VECTORS * reduced + 4 * 2 * operators * reduced)
        + 16 * dimension**2 * (12 + 3 * operators + frozen.n_levels)
    )
    return Size(dimension, tuple(ados), tuple(elements), int(memory))
