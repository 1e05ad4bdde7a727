"""The compiled couplings between tiers: fused passes, both forms of the products, runs of links, adjoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nonadia.heom.coupling import anticommutator_coupling
from nonadia.heom.fock import FockSpace
from nonadia.heom.generator import Generator
from nonadia.heom.hierarchy import Hierarchy, build
from nonadia.heom.modes import Modes
from nonadia.models.frozen import FrozenJunction

from .cases import exponents, random_junction

CASES = {
    "impurity": (dict(levels=2, spin=True), 2, 3),
    "two sites, full coupling matrix": (dict(levels=2, leads=1, full_coupling=True), 2, 4),
    "level and vibration": (dict(levels=1, vibrations=(4,)), 2, 3),
    "spin and vibration": (dict(levels=2, leads=1, spin=True, vibrations=(5,)), 2, 3),
}


def generator_of(name: str) -> Generator:
    options, count, depth = CASES[name]
    frozen = random_junction(seed=3, **options)
    modes = Modes.of(frozen, [exponents(count, 0.1, k) for k in range(len(frozen.leads))])
    return Generator(build(FockSpace.of(frozen), modes, depth), modes, frozen)


def state_of(generator: Generator, seed: int) -> np.ndarray:
    """A random vector with the symmetry of self-conjugate ADOs."""
    rng = np.random.default_rng(seed)
    vector = rng.normal(size=generator.starts[-1]) + 1j * rng.normal(size=generator.starts[-1])
    transpose = generator.hierarchy.zero_transpose
    for n, tier in enumerate(generator.hierarchy.tiers):
        part = generator.tier(vector, n)
        for i in np.flatnonzero(tier.self_tau):
            own = part[tier.value[i] : tier.value[i] + transpose.size]
            own[:] = 0.5 * (own + tier.self_tau[i] * own[transpose].conj())
    return vector


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("adjoint", [False, True])
def test_elimination_equals_its_parts(name: str, adjoint: bool) -> None:
    generator = generator_of(name)
    coupling = generator.coupling.adjoint if adjoint else generator.coupling
    n = generator.hierarchy.depth
    rng = np.random.default_rng(1)
    inverse = rng.normal(size=generator.hierarchy.tiers[n].size) + 1j
    lower = generator.tier(state_of(generator, 2), n - 1)
    top = np.zeros(inverse.size, dtype=complex)
    generator.down(n, lower, coupling, top)
    expected, fused = np.zeros_like(lower), np.zeros_like(lower)
    generator.up(n, inverse * top, coupling, expected)
    generator.eliminate(n, inverse, lower, coupling, fused)
    np.testing.assert_allclose(fused, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("adjoint", [False, True])
def test_application_equals_its_parts(name: str, adjoint: bool) -> None:
    generator = generator_of(name)
    vector = state_of(generator, 4)
    diagonal = np.concatenate(generator.diagonals)
    expected = (diagonal.conj() if adjoint else diagonal) * vector
    coupling = generator.coupling.adjoint if adjoint else generator.coupling
    for n in range(1, generator.hierarchy.depth + 1):
        generator.down(n, generator.tier(vector, n - 1), coupling, generator.tier(expected, n))
        generator.up(n, generator.tier(vector, n), coupling, generator.tier(expected, n - 1))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(generator.apply(vector, adjoint), expected, rtol=0, atol=1e-13 * scale)


@pytest.mark.parametrize("name", CASES)
def test_adjoint(name: str) -> None:
    """⟨a, 𝓛 b⟩ = ⟨𝓛† a, b⟩, and the same for a symmetrised force operator, whose weights are of the other kind."""
    generator = generator_of(name)
    a, b = state_of(generator, 5), state_of(generator, 6)
    left, right = generator.inner(a, generator.apply(b)), generator.inner(generator.apply(a, adjoint=True), b)
    assert left == pytest.approx(right, abs=1e-11 * abs(left))
    force = anticommutator_coupling(generator.modes, np.linspace(0.3, 0.7, len(generator.frozen.leads)))
    forward, backward = generator.zeros(), generator.zeros()
    generator.couple(b, force, forward)
    generator.couple(a, force.adjoint, backward)
    left = generator.inner(a, forward)
    assert left == pytest.approx(generator.inner(backward, b), abs=1e-11 * abs(left))


@pytest.mark.parametrize("name", ["impurity", "two sites, full coupling matrix"])
def test_both_forms_of_the_products(name: str) -> None:
    """Small sectors are multiplied element by element; block by block the result is the same."""
    generator = generator_of(name)
    assert generator.hierarchy.products.sparse
    products = replace(generator.hierarchy.products, sparse=False)
    blocks = Generator(replace(generator.hierarchy, products=products), generator.modes, generator.frozen)
    vector = state_of(generator, 7)
    expected = generator.apply(vector)
    np.testing.assert_allclose(blocks.apply(vector), expected, rtol=0, atol=1e-13 * np.abs(expected).max())


def many_poles(frozen: FrozenJunction, count: int, depth: int) -> Hierarchy:
    baths = [exponents(count, 0.1, k) for k in range(len(frozen.leads))]
    return build(FockSpace.of(frozen), Modes.of(frozen, baths), depth)


def test_runs_are_as_long_as_the_bath() -> None:
    """Tables shrink with the length of the runs: with 12 modes of each operator, most runs of the top tier have 12 ADOs."""
    hierarchy = many_poles(random_junction(levels=2, spin=True), 6, 4)
    links = hierarchy.tiers[4].links
    length = np.diff(links.start)
    assert length.sum() == len(hierarchy.tiers[4])
    assert (length**2).sum() / length.sum() > 8.0
    assert links.nbytes < 4 * 8 * len(hierarchy.tiers[4])  # one 4-byte number per link and direction would be this much


@pytest.mark.parametrize("name", ["impurity", "level and vibration"])
def test_tier_self_energy(name: str) -> None:
    """Σ_{j∉J} [ a_L b_L |⟨c|d^o|a⟩|² / D(J + j, c, b) + a_R b_R |⟨b|d^o|c⟩|² / D(J + j, a, c) ], element by element."""
    generator = generator_of(name)
    modes, energies, coupling = generator.modes, generator.energies, generator.coupling
    found, tier = generator.tier_self_energy(1, shift=0.2), generator.hierarchy.tiers[1]
    for i in (0, len(tier) // 2, len(tier) - 1):
        layout = generator.hierarchy.layouts[tier.charge[i]]
        for e, (a, b) in enumerate(zip(layout.rows, layout.columns, strict=True)):
            expected = 0j
            for j in range(len(modes)):
                if j not in tier.modes[i]:
                    decay = -modes.kappa[tier.modes[i]].sum() - modes.kappa[j] - 0.2
                    weight = generator.weights[modes.operator[j]]
                    left = weight[:, a] / (decay - 1j * (energies - energies[b]))
                    right = weight[b] / (decay - 1j * (energies[a] - energies))
                    expected += coupling.a_left[j] * coupling.b_left[j] * left.sum()
                    expected += coupling.a_right[j] * coupling.b_right[j] * right.sum()
            assert found[tier.value[i] + e] == pytest.approx(expected, rel=1e-12)
