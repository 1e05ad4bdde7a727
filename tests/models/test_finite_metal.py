"""A level at a metal of finitely many orbitals: its continuum limit, and its many-electron Hamiltonian."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from nonadia.expressions import Expression
from nonadia.models.determinants import determinants, occupations, one_body, product_state
from nonadia.models.errors import ModelError
from nonadia.models.finite_metal import FiniteMetal, LevelAtMetal, discretised_metal
from nonadia.models.molecule import GridCoordinate, Molecule, OperatorSum, States
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.propagate import snapshots

WIDTH, BAND = 0.02, 0.08


def molecule(orbitals: int = 4, electrons: int | None = None, points: int = 24) -> LevelAtMetal:
    metal = discretised_metal(WIDTH, BAND, orbitals, 0.006, chemical_potential=0.002)
    coordinate = GridCoordinate("x", 270.0, -6.0, 6.0, points, unit="1")
    level = Expression.build("0.001 + 0.005*x", ("x",), {}, kind=None)
    return metal.molecule(coordinate, level, lambda x, t: 0.0018 * x**2, electrons)


def continuum_occupation(level: float) -> float:
    """n = 1 - Im[a ln(-z1) + b ln(-z2)]/π of G = a/(E - z1) + b/(E - z2), the poles of 1/(E - ε - (Γ/2)W/(E + iW)), T = 0."""
    z1, z2 = np.roots([1.0, 1j * BAND - level, -1j * BAND * level - WIDTH * BAND / 2.0])
    a, b = (z1 + 1j * BAND) / (z1 - z2), (z2 + 1j * BAND) / (z2 - z1)
    return float(1.0 - np.imag(a * np.log(-z1) + b * np.log(-z2)) / np.pi)


# --- the discretisation ----------------------------------------------------------------------------


@pytest.mark.parametrize("orbitals", [2, 3, 8, 9, 30])
def test_the_weight_of_the_lorentzian_is_kept(orbitals: int) -> None:
    metal = discretised_metal(WIDTH, BAND, orbitals, 0.002, growth=1.2, chemical_potential=0.01)
    assert np.sum(metal.couplings**2) == pytest.approx(WIDTH * BAND / 2.0, rel=1e-12)
    assert np.all(np.diff(metal.energies) > 0.0)
    np.testing.assert_allclose(metal.energies + metal.energies[::-1], 0.02, atol=1e-15)
    np.testing.assert_allclose(metal.couplings, metal.couplings[::-1], rtol=1e-12)
    assert metal.orbitals == orbitals + 1


def test_moments_of_every_interval() -> None:
    """V_k² = ∫Γ/2π, half of it below ε_k, and V_k²/ε_k = ∫Γ/(2πE) of the outermost one: quadrature, one orbital at μ."""
    metal = discretised_metal(WIDTH, BAND, 7, 0.004, growth=2.0)
    edges = np.array([0.002, 0.010, 0.026, 1e7])
    nodes, weights = np.polynomial.legendre.leggauss(400)
    for k, (low, high) in enumerate(pairwise(edges)):
        v2, energy = metal.couplings[4 + k] ** 2, metal.energies[4 + k]

        def integral(upper: float, power: int, low: float = low) -> float:
            half, middle = 0.5 * np.log(upper / low), 0.5 * np.log(upper * low)
            e = np.exp(half * nodes + middle)
            return float(np.sum(WIDTH * BAND**2 / (e**2 + BAND**2) / (2.0 * np.pi) * half * weights * e**power))

        assert v2 == pytest.approx(integral(high, 1), rel=1e-6)
        assert low < energy < high
        if k < 2:
            assert integral(energy, 1) == pytest.approx(0.5 * v2, rel=1e-6)
        else:
            assert v2 / energy == pytest.approx(integral(high, 0), rel=1e-6)
    assert metal.energies[3] == 0.0
    assert metal.couplings[3] ** 2 == pytest.approx(WIDTH * BAND / np.pi * np.arctan(0.002 / BAND), rel=1e-12)


def test_the_broadened_hybridisation_converges_to_the_continuum() -> None:
    energies, eta = np.linspace(-0.03, 0.03, 13), 0.004
    exact = 0.5 * WIDTH * BAND / (energies + 1j * eta + 1j * BAND)
    errors = []
    for orbitals, spacing, growth in ((41, 0.004, 1.08), (161, 0.002, 1.02)):
        metal = discretised_metal(WIDTH, BAND, orbitals, spacing, growth=growth)
        errors.append(np.abs(metal.hybridisation(energies, eta) - exact).max() / np.abs(exact).max())
    assert errors[1] < 0.02 < errors[0]


def test_the_ground_state_occupation_converges_to_the_closed_form() -> None:
    """First order in the spacing: with a fixed number of electrons the chemical potential is known to one spacing only."""
    levels = np.array([-0.02, -0.005, 0.0, 0.003, 0.012])
    exact = np.array([continuum_occupation(e) for e in levels])
    assert exact[2] == pytest.approx(0.5, abs=1e-12)
    errors = []
    for orbitals, spacing, growth in ((41, 0.001, 1.15), (81, 0.0005, 1.08), (161, 0.00025, 1.04)):
        metal = discretised_metal(WIDTH, BAND, orbitals, spacing, growth=growth)
        errors.append(np.abs(metal.occupation(levels, (orbitals + 1) // 2) - exact).max())
    assert errors[1] < 0.6 * errors[0] and errors[2] < 0.6 * errors[1]
    assert errors[2] < 1e-3
    few = discretised_metal(WIDTH, BAND, 9, 0.003, growth=1.5)
    assert np.abs(few.occupation(levels, 5) - exact).max() < 0.01


def test_the_occupation_is_the_slope_of_the_ground_energy() -> None:
    metal = discretised_metal(WIDTH, BAND, 6, 0.004)
    e, h = np.array([-0.01, 0.0, 0.02]), 1e-5
    slope = (metal.ground_energy(e + h, 3) - metal.ground_energy(e - h, 3)) / (2.0 * h)
    np.testing.assert_allclose(slope, metal.occupation(e, 3), atol=1e-8)


def test_recurrence() -> None:
    """The level's charge decays as in the continuum, and comes back at 2π/spacing where the orbitals are equally spaced."""
    metal = discretised_metal(0.004, BAND, 81, 0.002, growth=1.0)
    energies, vectors = np.linalg.eigh(metal.one_electron(0.0))
    times = np.linspace(0.0, 1.3, 131) * metal.recurrence_time
    stays = np.abs((vectors[0] ** 2 * np.exp(-1j * np.outer(times, energies))).sum(axis=1)) ** 2
    assert metal.recurrence_time == pytest.approx(2.0 * np.pi / 0.002, rel=1e-3)
    assert stays[(times > 0.6 * metal.recurrence_time) & (times < 0.95 * metal.recurrence_time)].max() < 0.01
    assert stays[times > metal.recurrence_time].max() > 0.1


# --- determinants ----------------------------------------------------------------------------------


def creation(orbitals: int) -> list[NDArray[np.float64]]:
    """c†_i in the whole Fock space by Jordan-Wigner, bit i of the index being the occupation of orbital i."""
    up, z, one = np.array([[0.0, 0.0], [1.0, 0.0]]), np.diag([1.0, -1.0]), np.eye(2)
    found = []
    for i in range(orbitals):
        matrix = np.ones((1, 1))
        for j in range(orbitals):
            matrix = np.kron(z if j < i else up if j == i else one, matrix)
        found.append(matrix)
    return found


@pytest.mark.parametrize("electrons", [0, 1, 2, 3, 5])
def test_one_body_operators_are_those_of_jordan_and_wigner(electrons: int) -> None:
    rng = np.random.default_rng(electrons)
    matrix = rng.normal(size=(5, 5)) + 1j * rng.normal(size=(5, 5))
    matrix = matrix + matrix.conj().T
    c = creation(5)
    whole = sum(matrix[i, j] * c[i] @ c[j].T for i in range(5) for j in range(5))
    masks = determinants(5, electrons)
    assert len(masks) == math.comb(5, electrons)
    assert np.all(occupations(masks, 5).sum(axis=1) == electrons)
    np.testing.assert_allclose(one_body(matrix, masks).toarray(), whole[np.ix_(masks, masks)], atol=1e-14)


def test_product_states_are_eigenstates() -> None:
    rng = np.random.default_rng(1)
    h = rng.normal(size=(6, 6))
    h = h + h.T
    energies, vectors = np.linalg.eigh(h)
    masks = determinants(6, 3)
    operator = one_body(h, masks)
    for filled in ((0, 1, 2), (0, 3, 5)):
        state = product_state(vectors[:, filled], masks)
        assert np.linalg.norm(state) == pytest.approx(1.0, abs=1e-12)
        np.testing.assert_allclose(operator @ state, energies[list(filled)].sum() * state, atol=1e-12)


# --- the molecule ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("orbitals", "electrons"), [(3, 2), (5, 3), (4, 1)])
def test_the_spectrum_is_made_of_sums_of_orbital_energies(orbitals: int, electrons: int) -> None:
    m = molecule(orbitals, electrons)
    x = m.mesh[0]
    h = m.hamiltonian()
    found = np.linalg.eigvalsh(np.moveaxis(h, -1, 0))
    single = m.metal.orbital_energies(0.001 + 0.005 * x)
    pairs = np.array([single[:, list(filled)].sum(axis=1) for filled in combinations(range(orbitals + 1), electrons)])
    np.testing.assert_allclose(found, np.sort(pairs.T + 0.0018 * x[:, None] ** 2, axis=1), atol=1e-10)
    np.testing.assert_allclose(found[:, 0], m.lowest_surface, atol=1e-10)


def test_the_ground_state_of_252_determinants() -> None:
    m = molecule(9)
    assert m.states == 252 and m.electron_count == 5
    terms = m.hamiltonian_terms()
    assert terms is not None
    for i in (0, 11, 20):
        matrix = sum(f[i] * operator for f, operator in terms)
        state = m.metal.ground_state(float(m.level[i]), 5)
        np.testing.assert_allclose(matrix @ state, m.lowest_surface[i] * state, atol=1e-10)
        assert state @ terms[1][1] @ state == pytest.approx(float(m.metal.occupation(m.level[i], 5)), abs=1e-12)


def test_the_sparse_action_is_that_of_the_whole_matrix() -> None:
    m = molecule(5)
    x = m.mesh[0]
    dense = Molecule(m.coordinates, States.from_array(m.hamiltonian()))
    sparse, whole = Hamiltonian(m), Hamiltonian(dense)
    rng = np.random.default_rng(0)
    psi = rng.normal(size=m.shape) + 1j * rng.normal(size=m.shape)
    np.testing.assert_allclose(sparse.apply(psi, 0.0), whole.apply(psi, 0.0), atol=1e-12)
    np.testing.assert_allclose(sparse.apply_electronic(psi, 0.0), whole.apply_electronic(psi, 0.0), atol=1e-13)
    moved = sparse.apply_gradient(psi, 0.0)
    assert moved is None  # U_0 is a Python function here: only values are known
    assert m.gradient_terms() is None
    low, high = sparse.bounds([(1.0, 0.0)])
    energies = np.linalg.eigvalsh(np.moveaxis(m.hamiltonian(), -1, 0))
    assert low <= energies.min() and high >= energies.max() + sparse.kinetic_sum.max()
    level, potential = (Expression.build(f, ("x",), {}, kind=None) for f in ("0.005*x", "0.0018*x**2"))
    exact = m.metal.molecule(m.coordinates[0], level, potential)
    slope = Hamiltonian(exact).apply_gradient(psi, 0.0)
    assert slope is not None
    number = occupations(m.masks, m.metal.orbitals)[:, 0]
    np.testing.assert_allclose(slope[0], (0.005 * number[:, None] + 0.0036 * x) * psi, atol=1e-14)
    gradient = exact.hamiltonian_gradient()
    assert gradient is not None
    np.testing.assert_allclose(np.einsum("ijx,jx->ix", gradient[0], psi), slope[0], atol=1e-14)


def test_operators_with_functions_that_multiply_off_diagonal_elements() -> None:
    axes = [GridCoordinate(name, 200.0, -3.0, 3.0, 12) for name in "xy"]
    sigma_x, sigma_y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.0, -1j], [1j, 0.0]])
    terms = [(lambda x, y, t: 0.1 * (x**2 + y**2), np.eye(2)), (lambda x, y, t: 0.03 * x, sigma_x), (0.02, sigma_y)]
    m = Molecule(axes, OperatorSum(terms))
    h = m.hamiltonian()
    x, y = np.meshgrid(*m.mesh, indexing="ij")
    np.testing.assert_allclose(h[0, 1], 0.03 * x - 0.02j, atol=1e-15)
    rng = np.random.default_rng(2)
    psi = rng.normal(size=m.shape) + 1j * rng.normal(size=m.shape)
    np.testing.assert_allclose(Hamiltonian(m).apply_electronic(psi, 0.0), np.einsum("ijxy,jxy->ixy", h, psi), atol=1e-14)
    np.testing.assert_allclose(np.abs(y).max(), 3.0)


def test_all_propagators_agree_on_many_states() -> None:
    """20 determinants: the batched factors of the split operator, sparse Chebyshev and Krylov."""
    m = molecule(5, points=32)
    assert m.states == 20
    chi = np.exp(-((m.mesh[0] - 1.0) ** 2))
    start = np.multiply.outer(m.metal.ground_state(0.006, 3), chi / np.sqrt(np.sum(chi**2) * m.volume)).astype(complex)
    times, found = [0.0, 150.0, 300.0], {}
    for method in ("split-operator", "chebyshev", "krylov"):
        for packet in snapshots(m, start, times, method=method, tolerance=1e-8):
            found[method] = packet.psi.copy()
    assert np.linalg.norm(found["chebyshev"] - start) * np.sqrt(m.volume) > 0.5
    for method in ("split-operator", "krylov"):
        assert np.linalg.norm(found[method] - found["chebyshev"]) * np.sqrt(m.volume) < 2e-8


# --- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({"width": 0.0}, "width"),
        ({"bandwidth": -1.0}, "bandwidth"),
        ({"spacing": np.nan}, "spacing"),
        ({"spacing": 10.0, "orbitals": 9}, "spacing"),
        ({"orbitals": 1}, "orbitals"),
        ({"growth": 0.5}, "growth"),
    ],
)
def test_bad_metals_are_refused(arguments: dict[str, float], key: str) -> None:
    given = {"width": WIDTH, "bandwidth": BAND, "orbitals": 5, "spacing": 0.004} | arguments
    with pytest.raises(ModelError, match=f"^{key}: "):
        discretised_metal(**given)  # type: ignore[arg-type]


def test_bad_electrons_are_refused() -> None:
    metal = FiniteMetal(np.array([-0.1, 0.1]), np.array([0.01, 0.01]))
    coordinate = GridCoordinate("x", 100.0, -1.0, 1.0, 8)
    with pytest.raises(ModelError, match="electrons: 4 in 3 orbitals"):
        metal.molecule(coordinate, 0.0, electrons=4)
    with pytest.raises(ModelError, match="155117520 determinants"):
        determinants(30, 15)
    with pytest.raises(ModelError, match="non-Hermitian"):
        OperatorSum([(1.0, np.array([[0.0, 1.0], [0.0, 0.0]]))])
    with pytest.raises(ModelError, match="shape"):
        OperatorSum([(1.0, np.eye(2)), (1.0, np.eye(3))])
    with pytest.raises(ModelError, match="empty"):
        OperatorSum([])
    with pytest.raises(ModelError, match="not finite"):
        OperatorSum([(1.0, np.diag([np.inf, 0.0]))])
    with pytest.raises(ModelError, match="time"):
        Molecule([coordinate], OperatorSum([(lambda x, t: x * np.cos(t), np.eye(2))]))
    with pytest.raises(ModelError, match="complex"):
        Molecule([coordinate], OperatorSum([(lambda x, t: 1j * x, np.eye(2))]))
