"""What equilibrium demands: fluctuation-dissipation, Onsager, a potential of the mean force, no currents; and positivity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from nonadia.baths.decompose import decompose
from nonadia.friction.evaluate import by_heom
from nonadia.heom.fock import FockSpace
from nonadia.heom.generator import Generator
from nonadia.heom.hierarchy import build
from nonadia.heom.modes import Modes
from nonadia.heom.solver import SteadyStateSolver
from nonadia.models.frozen import FrozenJunction

from .cases import cases
from .junctions import Recipe, along, close, couplings, junction, negf, recipes, with_couplings


@cases(30)
@given(recipes(levels=(1, 3), interacting=False, vibration=False, equilibrium=True))
def test_fluctuation_dissipation_and_no_current(recipe: Recipe) -> None:
    """D = γ_sym k_BT, γ_sym positive, I_K = 0: every level matrix, every rank of Γ."""
    frozen = junction(recipe)
    found, kt = negf(frozen), frozen.leads[0].temperature
    symmetric = 0.5 * (found.friction + np.swapaxes(found.friction, -1, -2))
    close(found.noise, symmetric * kt)
    assert np.linalg.eigvalsh(symmetric[0]).min() > -1e-9 * np.abs(symmetric).max()
    assert np.abs(found.current).max() < 1e-9
    assert np.all((found.population > 0.0) & (found.population < 1.0))


@cases(30)
@given(recipes(levels=(1, 3), interacting=False, vibration=False, equilibrium=True, coordinates=(2, 2)))
def test_onsager_and_casimir(recipe: Recipe) -> None:
    """γ_ij(H) = γ_ji(H*): symmetric for real H and Γ; a magnetic field turns the antisymmetric part round."""
    frozen = junction(recipe)
    conjugate = with_couplings(replace(frozen, h=frozen.h.conj(), dh=frozen.dh.conj()), [g.conj() for g in couplings(frozen)])
    a, b = negf(frozen), negf(conjugate)
    close(b.friction, np.swapaxes(a.friction, -1, -2))
    close(b.force, a.force)
    if not recipe.magnetic:
        close(a.friction, np.swapaxes(a.friction, -1, -2))


@cases(12)
@given(recipes(levels=(1, 3), interacting=False, vibration=False, equilibrium=False))
def test_noise_is_positive_and_charge_is_conserved_at_any_bias(recipe: Recipe) -> None:
    found = negf(junction(recipe))
    assert np.linalg.eigvalsh(found.noise[0]).min() > -1e-9 * np.abs(found.noise).max()
    assert abs(found.current.sum()) < 1e-9 * max(np.abs(found.current).max(), 1e-3)
    assert np.all((found.population > 0.0) & (found.population < 1.0))


def circulation(force: object, frozen: FrozenJunction) -> tuple[float, float]:
    """∮F·dx around a square of side 0.4 about the geometry by Gauss points, and ∮|F·dx|."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    side, s = 0.4, 0.5 * nodes
    edges = [((s, -0.5 + 0 * s), (1, 0)), ((0.5 + 0 * s, s), (0, 1)), ((s, 0.5 + 0 * s), (-1, 0)), ((-0.5 + 0 * s, s), (0, -1))]
    points = np.concatenate([side * np.stack(where, axis=1) for where, _ in edges])
    directions = np.repeat(np.array([way for _, way in edges], dtype=float), len(nodes), axis=0)
    work = np.sum(force(along(frozen, points)) * directions, axis=1) * np.tile(0.5 * side * weights, 4)  # type: ignore[operator]
    return float(work.sum()), float(np.abs(work).sum())


@cases(10)
@given(recipes(levels=(1, 3), leads=(1, 2), interacting=False, vibration=False, equilibrium=True, coordinates=(2, 2)))
def test_the_mean_force_has_a_potential(recipe: Recipe) -> None:
    """F = -∂Ω/∂x at equilibrium: the work around a closed path is zero, also where g_K(x) and a magnetic field enter."""
    around, all_of_it = circulation(lambda frozen: negf(frozen).force, junction(recipe))
    assert abs(around) < 1e-9 * all_of_it


@cases(4)
@given(recipes(levels=(2, 2), leads=(1, 1), interacting=True, vibration=False, equilibrium=True, coordinates=(2, 2)))
def test_the_mean_force_of_interacting_levels_has_a_potential(recipe: Recipe) -> None:
    """The same with U(x): to the accuracy of the truncation, stated by one tier less."""
    frozen = junction(recipe, temperature=0.8)
    bath = [decompose(frozen.leads[0], 3, "pade")]
    found = {depth: circulation(lambda points, depth=depth: by_heom(points, bath, depth).force, frozen) for depth in (2, 3)}
    error = np.abs(found[3][0] - found[2][0]) + 1e-5 * found[3][1]
    assert abs(found[3][0]) < 2.0 * error
    assert abs(found[3][0]) < 2e-3 * found[3][1]


@cases(12)
@given(recipes(levels=(1, 2), leads=(1, 2), vibration=False, equilibrium=True), st.booleans())
def test_a_weakly_coupled_molecule_is_in_the_grand_canonical_state(recipe: Recipe, interacting: bool) -> None:
    """g → 0: F = -tr[ρ ∂H], ρ = e^{-(H - μN)/k_BT}/Z, whatever the interactions."""
    frozen = junction(replace(recipe, interacting=interacting))
    frozen = replace(frozen, g=1e-4 * frozen.g, dg=0.0 * frozen.dg)
    fock, lead = FockSpace.of(frozen[0]), frozen.leads[0]
    H, N = fock.hamiltonian(frozen[0]), fock.number()
    weight = expm(-(H - lead.chemical_potential * N) / lead.temperature)
    rho = weight / np.trace(weight)
    bath = [decompose(lead, 12, "pade") for lead in frozen.leads]
    found = by_heom(frozen, bath, 2)
    for i in range(recipe.coordinates):
        expected = np.trace(rho @ fock.force_operator(frozen[0], i)).real
        assert abs(found.force[0, i] - expected) < 1e-5
    for m in range(recipe.levels):
        assert abs(found.population[0, m] - np.trace(rho @ fock.occupation(m)).real) < 1e-5


def density_matrix(frozen: FrozenJunction, depth: int) -> np.ndarray:
    """Tier 0 of the steady state, in the eigenbasis of H."""
    modes = Modes.of(frozen, [decompose(lead, 2, "pade") for lead in frozen.leads])
    generator = Generator(build(FockSpace.of(frozen), modes, depth), modes, frozen)
    state, layout = SteadyStateSolver(generator).steady_state(), generator.hierarchy.layouts[0]
    rho = np.zeros((generator.hierarchy.fock.dimension,) * 2, dtype=complex)
    rho[layout.rows, layout.columns] = state[: layout.size]
    return rho


@cases(8)
@given(recipes(levels=(1, 2), leads=(1, 2), coordinates=(1, 1)))
def test_the_reduced_density_matrix_is_one(recipe: Recipe) -> None:
    """Hermitian, of trace 1, positive within what one more tier changes."""
    frozen = junction(recipe, temperature=0.6)[0]
    coarse, fine = density_matrix(frozen, 2), density_matrix(frozen, 3)
    assert np.abs(fine - fine.conj().T).max() < 1e-12
    assert abs(np.trace(fine) - 1.0) < 1e-11
    assert np.linalg.eigvalsh(fine).min() > -2.0 * np.abs(np.linalg.eigvalsh(fine - coarse)).max() - 1e-12


@cases(8)
@given(recipes(levels=(1, 2), leads=(1, 2), coordinates=(1, 1)), st.integers(0, 10**6))
def test_structure_of_the_generator(recipe: Recipe, seed: int) -> None:
    """tr (𝓛ρ)_0 = 0 for every ρ; without leads 𝓛 = -i[H, ·] - Σκ, whose Hermitian part is -Re Σκ alone."""
    frozen = junction(recipe)[0]
    modes = Modes.of(frozen, [decompose(lead, 2, "pade") for lead in frozen.leads])
    hierarchy = build(FockSpace.of(frozen), modes, 2)
    rng = np.random.default_rng(seed)

    def state(generator: Generator) -> np.ndarray:
        """Any vector of the hierarchy: tier 0 Hermitian, as the storage has it."""
        vector = rng.normal(size=generator.starts[-1]) + 1j * rng.normal(size=generator.starts[-1])
        size, transpose = generator.hierarchy.layouts[0].size, generator.hierarchy.zero_transpose
        vector[:size] = 0.5 * (vector[:size] + vector[:size][transpose].conj())
        return vector

    generator = Generator(hierarchy, modes, frozen)
    vector = state(generator)
    moved = generator.apply(vector)
    assert abs(moved[generator.trace_elements].sum()) < 1e-11 * np.abs(moved).max()
    alone = Generator(hierarchy, modes, replace(frozen, g=np.zeros_like(frozen.g)))
    a, b = state(alone), state(alone)
    damping = np.concatenate([np.zeros(alone.starts[1]), *(-alone.diagonals[n].real for n in (1, 2))])
    whole = alone.inner(a, alone.apply(b)) + alone.inner(alone.apply(a), b)
    assert abs(whole + 2.0 * alone.inner(a, damping * b)) < 1e-10 * np.linalg.norm(a) * np.linalg.norm(b)
    assert np.all(damping >= 0.0)
