"""Eigenstates against closed forms and against solutions by other methods."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import nonadia.wavepacket.eigenproblem as eigenproblem
from nonadia.models.errors import ModelError
from nonadia.models.molecule import GridCoordinate, Molecule, RealSpace, States, Surfaces
from nonadia.wavepacket.eigenproblem import Problem, solve
from nonadia.wavepacket.eigenstates import eigenstates, of_molecule, of_surface
from nonadia.wavepacket.hamiltonian import Hamiltonian

from .molecules import jahn_teller, shin_metiu

SIDES = {"x": (1.5, 0.031, 48), "y": (1.8, 0.022, 40), "z": (1.6, 0.027, 36)}  # half length, frequency, points
MASS = 1000.0


def oscillator(names: str) -> tuple[Molecule, np.ndarray]:
    """Uncoupled oscillators, with a scalar potential as part of the energy, and the sorted exact levels."""
    axes = tuple(GridCoordinate(n, MASS, -SIDES[n][0], SIDES[n][0], SIDES[n][2]) for n in names)
    omega = np.array([SIDES[n][1] for n in names])

    def potential(*x: np.ndarray) -> np.ndarray:
        return sum(0.4 * MASS * w**2 * q**2 for w, q in zip(omega, x[:-1], strict=True))

    molecule = Molecule(axes, States(1, {(0, 0): potential}), scalar=lambda *x: potential(*x) / 4.0)
    levels = sum(np.meshgrid(*(w * (np.arange(8) + 0.5) for w in omega), indexing="ij"))
    return molecule, np.sort(levels, axis=None)


@pytest.mark.parametrize("names", ["x", "xy", "xyz"])
def test_harmonic_oscillators(names: str) -> None:
    molecule, exact = oscillator(names)
    found = of_molecule(molecule, 5, 1e-10)
    assert np.abs(found.energies - exact[:5]).max() < 1e-10
    assert found.residuals.max() < 1e-10 and found.states.shape == (5, *molecule.shape)
    flat = found.states.reshape(5, -1)
    assert np.abs(molecule.volume * flat @ flat.T - np.eye(5)).max() < 1e-9
    surface = of_surface(molecule, 1, 2)
    assert np.abs(surface.energies - exact[:2]).max() < 1e-9
    assert np.abs(surface.states[0] - found.states[0, 0]).max() < 1e-6


def test_coupled_oscillators_are_not_separable() -> None:
    """Normal modes of (k/2)(x² + y²) + c xy + displacements: every coordinate mixed, closed form."""
    k, c, m = 0.2, 0.12, 1500.0
    axes = tuple(GridCoordinate(n, m, -2.2, 2.2, 64) for n in "xy")
    molecule = Molecule(axes, States(1, {(0, 0): lambda x, y, t: k / 2 * (x**2 + y**2) + c * x * y + 0.02 * x}))
    fast, slow = np.sqrt((k + c) / m), np.sqrt((k - c) / m)
    shift = -0.5 * 0.02**2 * np.linalg.inv([[k, c], [c, k]])[0, 0]
    exact = np.sort(np.add.outer(fast * (np.arange(9) + 0.5), slow * (np.arange(9) + 0.5)), axis=None)[:6] + shift
    assert np.abs(of_molecule(molecule, 6, 1e-10).energies - exact).max() < 1e-10


def test_two_displaced_coupled_oscillators_in_a_product_basis() -> None:
    """Linear vibronic coupling in 2D: the grid against a basis of 24 × 24 harmonic products and two states."""
    m, omega, kappa, coupling, delta = 1200.0, np.array([0.012, 0.017]), 0.011, 0.013, 0.01
    axes = tuple(GridCoordinate(n, m, -1.9, 1.9, 56) for n in "xy")
    base = lambda x, y: 0.5 * m * (omega[0] ** 2 * x**2 + omega[1] ** 2 * y**2)  # noqa: E731
    entries = {
        (0, 0): lambda x, y, t: base(x, y) + kappa * x + delta,
        (1, 1): lambda x, y, t: base(x, y) - kappa * x - delta,
        (0, 1): lambda x, y, t: coupling * y,
    }
    found = of_molecule(Molecule(axes, States(2, entries)), 6, 1e-10)
    size = 24
    n, one = np.arange(size), np.eye(size)
    ladder = np.diag(np.sqrt(n[1:]), 1)
    x, y = (
        np.kron(a, b) / np.sqrt(2 * m * w)
        for a, b, w in (
            (ladder + ladder.T, one, omega[0]),
            (one, ladder + ladder.T, omega[1]),
        )
    )
    h0 = np.diag(np.add.outer(omega[0] * (n + 0.5), omega[1] * (n + 0.5)).ravel())
    z, sx = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
    h = np.kron(np.eye(2), h0) + np.kron(z, kappa * x + delta * np.eye(size**2)) + np.kron(sx, coupling * y)
    exact = scipy.linalg.eigvalsh(h, subset_by_index=(0, 5))
    assert np.abs(found.energies - exact).max() < 1e-9


def test_complex_hamiltonian_has_the_spectrum_of_the_real_one() -> None:
    real, turned = (of_molecule(jahn_teller(complex_form=c), 4, 1e-10) for c in (False, True))
    assert real.states.dtype == float and turned.states.dtype == complex
    assert np.abs(real.energies - turned.energies).max() < 1e-10
    assert np.abs(real.energies[::2] - real.energies[1::2]).max() < 1e-10, "levels of E ⊗ e are doubly degenerate"


def test_vector_potential_gives_fock_darwin_levels() -> None:
    """A = b(-y, x): E = (n₊ + n₋ + 1) √(k/M + b²/M²) + (n₊ - n₋) b/M."""
    mass, k, b = 1800.0, 0.15, 9.0
    axes = tuple(GridCoordinate(n, mass, -1.7, 1.7, 64) for n in "xy")
    vector = {"x": lambda x, y, t: -b * y + 0.0 * x, "y": lambda x, y, t: b * x + 0.0 * y}
    molecule = Molecule(axes, States(1, {(0, 0): lambda x, y, t: k / 2 * (x**2 + y**2)}), vector=vector)
    found = of_molecule(molecule, 4, 1e-10)
    n = np.arange(6)
    whole, larmor = np.sqrt(k / mass + (b / mass) ** 2), b / mass
    exact = np.sort(np.add.outer((n + 0.5) * (whole + larmor), (n + 0.5) * (whole - larmor)), axis=None)[:4]
    assert np.abs(found.energies - exact).max() < 1e-10
    psi = found.states[1]
    assert np.linalg.norm(Hamiltonian(molecule).apply(psi, 0.0) - exact[1] * psi) * np.sqrt(molecule.volume) < 1e-9


def test_soft_coulomb_hydrogen_against_finite_differences() -> None:
    """-1/√(x²+1) on another grid, by second-order differences extrapolated to zero spacing."""

    def differences(step: float) -> np.ndarray:
        x = np.arange(-25.0 + step, 25.0 - step / 2, step)
        diagonal = 1.0 / step**2 - 1.0 / np.sqrt(x**2 + 1.0)
        off = np.full(len(x) - 1, -0.5 / step**2)
        return scipy.linalg.eigh_tridiagonal(diagonal, off, select="i", select_range=(0, 1))[0]

    rough, fine, finest = (differences(h) for h in (0.1, 0.05, 0.025))
    once = [(4.0 * b - a) / 3.0 for a, b in ((rough, fine), (fine, finest))]
    exact = (16.0 * once[1] - once[0]) / 15.0
    axis = GridCoordinate("x", 1.0, -25.0, 25.0, 256)
    found = solve(Problem((axis,), -1.0 / np.sqrt(axis.values**2 + 1.0)), 2)
    assert np.abs(found.energies - exact).max() < 2e-8
    assert found.energies[0] == pytest.approx(-0.6697771, abs=2e-7)


def test_two_electrons() -> None:
    """Without repulsion: sums of one-electron levels; with it: the dense solution on the same grid."""
    axes = tuple(GridCoordinate(n, 1.0, -9.0, 9.0, 30) for n in "ab")
    a, b = np.meshgrid(axes[0].values, axes[1].values, indexing="ij")
    outer = -1.0 / np.sqrt(a**2 + 1.0) - 1.0 / np.sqrt(b**2 + 1.0)
    one = solve(Problem(axes[:1], -1.0 / np.sqrt(axes[0].values ** 2 + 1.0)), 2).energies
    separable = eigenproblem.Separable.of(Problem(axes, outer))
    free = solve(Problem(axes, outer), 3, separable=separable).energies
    assert np.abs(free - [2 * one[0], one.sum(), one.sum()]).max() < 1e-10
    problem = Problem(axes, outer + 1.0 / np.sqrt((a - b) ** 2 + 1.0))
    found = solve(problem, 4, separable=eigenproblem.Separable.of(problem))
    assert found.applications > 0
    assert np.abs(found.energies - scipy.linalg.eigvalsh(problem.dense(), subset_by_index=(0, 3))).max() < 1e-10


@pytest.mark.parametrize("states", [1, 2, 3])
@pytest.mark.parametrize("complex_entries", [False, True])
def test_dense_and_applied_hamiltonians_agree(states: int, complex_entries: bool) -> None:
    generator = np.random.default_rng(states)
    axes = (GridCoordinate("x", 1.0, 0.0, 3.0, 9), GridCoordinate("y", 2.0, -1.0, 1.0, 8))
    v = generator.normal(size=(states, states, 9, 8))
    if complex_entries:
        v = v + 1j * generator.normal(size=v.shape)
    v = v + np.conj(np.swapaxes(v, 0, 1))
    problem = Problem(axes, v)
    dense = problem.dense()
    assert np.abs(dense - dense.conj().T).max() < 1e-12
    block = generator.normal(size=(3, states * 72)) + 1j * complex_entries * generator.normal(size=(3, states * 72))
    assert np.abs(problem.apply(block) - block @ dense.T).max() < 1e-11
    lowest = np.linalg.eigvalsh(np.moveaxis(v, (0, 1), (-2, -1)))[..., 0]
    assert np.all(problem.floor <= lowest + 1e-12)
    assert np.linalg.norm(solve(problem, 2).energies - np.linalg.eigvalsh(dense)[:2]) < 1e-11


def test_full_states_of_shin_metiu() -> None:
    """The stated residuals are those of the operator, and another start finds the same levels."""
    molecule = shin_metiu(electron=96, nuclear=96)
    found = of_molecule(molecule, 3)
    problem = Problem((*molecule.electronic_axes, *molecule.coordinates), molecule.hamiltonian())
    psi = found.states.reshape(3, -1) * np.sqrt(molecule.volume)
    assert np.abs(np.linalg.norm(problem.apply(psi) - found.energies[:, None] * psi, axis=1) - found.residuals).max() < 1e-11
    more = solve(problem, 3, guess=np.random.default_rng(1).normal(size=(20, psi.shape[1])))
    assert np.abs(more.energies - found.energies).max() < 1e-10, "no state was missed"


def test_dataset() -> None:
    molecule = jahn_teller(32)
    found = eigenstates(molecule, 2, psi=True)
    assert found.psi.dims == ("level", "state", "x", "y") and found.energy.attrs["units"] == "hartree"
    assert float(found.residual.max()) < found.attrs["tolerance"] == 1e-9
    assert "psi" not in eigenstates(molecule, 1)
    electron = eigenstates(shin_metiu(64, 32), 1, psi=True)
    assert electron.psi.dims == ("level", "r", "R") and electron.psi.attrs["units"] == "bohr^-1"


def test_errors() -> None:
    molecule = jahn_teller(32)
    with pytest.raises(ModelError, match=r"count: 0; from 1 to 512"):
        of_molecule(molecule, 0)
    with pytest.raises(ModelError, match=r"tolerance: eigenstates: residuals .* asked for 1.0e-30"):
        of_molecule(molecule, 1, 1e-30)
    with pytest.raises(ModelError, match="1 to 2"):
        of_surface(molecule, 3)
    with pytest.raises(ModelError, match="counted from 1"):
        of_surface(molecule, 0)


def test_surface_of_given_surfaces() -> None:
    axis = GridCoordinate("R", 2000.0, -3.0, 3.0, 200)
    electrons = Surfaces((lambda R, t: R**2 / 24, lambda R, t: 0.125 * (R - 0.5) ** 2 + 0.2), lambda R, t: 0.3 * np.tanh(R))
    found = of_surface(Molecule((axis,), electrons), 2, 3)
    assert np.abs(found.energies - (0.2 + np.sqrt(0.25 / 2000) * (np.arange(3) + 0.5))).max() < 1e-10
    electron = GridCoordinate("r", 1.0, -8.0, 8.0, 64)
    spring = Molecule((axis,), RealSpace((electron,), lambda r, R, t: 0.5 * (r - R) ** 2 + 0.1 * R**2))
    levels = 0.5 + np.sqrt(0.2 / 2000) * (np.arange(3) + 0.5)
    assert np.abs(of_surface(spring, 1, 3).energies - levels).max() < 1e-9
