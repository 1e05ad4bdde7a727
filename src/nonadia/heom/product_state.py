"""Initial states that factorise: the electrons and their baths in one state, the vibrations in another.

ρ_J(0) = ρ^el_J ⊗ ρ_vib for every auxiliary operator J. The hierarchy of the electrons alone (the same baths, no vibrations)
has the same index sets in the same order, so that ρ^el may be anything from an empty level (tier 0 only) to the steady
state of the electrons at vibrations held still.
"""

from __future__ import annotations

import numpy as np

from ..models.frozen import ComplexArray
from .generator import Generator


def product_state(generator: Generator, electrons: Generator, electronic: ComplexArray, density: ComplexArray) -> ComplexArray:
    """All tiers of ρ^el ⊗ ρ_vib in the basis of `generator`.

    electrons: the generator that `electronic` belongs to, with eigenbasis=False, no vibrations, the same modes and depth;
    density (V, V): over the product space of all vibrations, unit trace. Errors: ValueError if the hierarchies differ.
    """
    hierarchy, other = generator.hierarchy, electrons.hierarchy
    if electrons.eigenbasis or hierarchy.depth != other.depth:
        raise ValueError("the electrons need a hierarchy of the same depth, without the eigenbasis of H")
    fock = hierarchy.fock
    out = np.empty(hierarchy.starts[-1], dtype=complex)
    for n, (tier, small) in enumerate(zip(hierarchy.tiers, other.tiers, strict=True)):
        if len(tier) != len(small):
            raise ValueError("the electrons need the same bath modes")
        source, target = electrons.tier(electronic, n), generator.tier(out, n)
        for g in np.unique(tier.charge):
            ados = np.flatnonzero(tier.charge == g)  # contiguous: ADOs are ordered by charge
            size, part = int(generator.sizes[g]), int(electrons.sizes[g])
            values = source[small.value[ados[0]] :][: ados.size * part].reshape(ados.size, part)
            result = target[tier.value[ados[0]] :][: ados.size * size].reshape(ados.size, size)
            for (a, b), start in hierarchy.layouts[g].blocks.items():
                va = generator.basis[fock.offsets[a] : fock.offsets[a + 1], fock.offsets[a] : fock.offsets[a + 1]]
                vb = generator.basis[fock.offsets[b] : fock.offsets[b + 1], fock.offsets[b] : fock.offsets[b + 1]]
                rows, columns = len(va) // len(density), len(vb) // len(density)
                pieces = np.empty((rows * columns, len(va) * len(vb)), dtype=complex)
                for k in range(rows * columns):
                    unit = np.zeros(rows * columns)
                    unit[k] = 1.0
                    whole = np.kron(unit.reshape(rows, columns), density)
                    pieces[k] = (va.conj().T @ whole @ vb).ravel()
                first = other.layouts[g].blocks[a, b]
                result[:, start : start + len(va) * len(vb)] = values[:, first : first + rows * columns] @ pieces
    return out


def reduced_density(generator: Generator, state: ComplexArray) -> ComplexArray:
    """Tier 0 as a matrix (2^n, V, 2^n, V): electronic states (bit m: level m) ⊗ product space of the vibrations."""
    layout, fock = generator.hierarchy.layouts[0], generator.hierarchy.fock
    matrix = np.zeros((fock.dimension, fock.dimension), dtype=complex)
    matrix[layout.rows, layout.columns] = state[: layout.size]
    matrix = generator.basis @ matrix @ generator.basis.conj().T
    place = np.argsort(fock.sorted_from)
    shape = (2**fock.n_levels, fock.n_vibrational)
    return np.asarray(matrix[np.ix_(place, place)].reshape(shape + shape))
