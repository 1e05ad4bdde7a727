"""Born-Oppenheimer energies, states, phases and forces."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from nonadia.expressions import Expression
from nonadia.models.errors import ModelError
from nonadia.models.molecule import GridCoordinate, Molecule, RealSpace, States, Surfaces
from nonadia.wavepacket import adiabatic
from nonadia.wavepacket.adiabatic import continuous, diagonalise, force, surfaces

from .molecules import jahn_teller, shin_metiu, shin_metiu_potential


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("complex_entries", [False, True])
def test_eigenvectors_of_random_matrices(n: int, complex_entries: bool) -> None:
    generator = np.random.default_rng(n)
    h = generator.normal(size=(n, n, 7, 5)) + 1j * complex_entries * generator.normal(size=(n, n, 7, 5))
    h = h + np.conj(np.swapaxes(h, 0, 1))
    h = h if complex_entries else h.real
    values, states = diagonalise(h)
    assert np.all(np.diff(values, axis=0) >= 0.0) and np.iscomplexobj(states) == complex_entries
    assert np.abs(np.einsum("ij...,kj...->ki...", h, states) - values[:, None] * states).max() < 1e-13
    assert np.abs(np.einsum("ki...,li...->kl...", states.conj(), states) - np.eye(n)[..., None, None]).max() < 1e-13


def test_two_states_where_they_are_degenerate_or_nearly_so() -> None:
    d = np.array([0.0, 0.0, 1e-9, -1e-9, 1e-200, 3.0])
    c = np.array([0.0, 1e-300, 1e-17, 1e-17, 0.0, 1e-12])
    h = np.array([[0.1 + d, c], [c, 0.1 - d]])
    values, states = diagonalise(h)
    assert np.all(np.isfinite(states))
    assert np.abs(np.einsum("kig,lig->gkl", states, states) - np.eye(2)).max() < 1e-12
    assert np.abs(np.einsum("ijg,kjg->kig", h, states) - values[:, None] * states).max() < 1e-16


def test_given_surfaces_are_returned_as_given() -> None:
    axis = GridCoordinate("R", 2000.0, -4.0, 4.5, 64)
    theta = np.pi / 4 * (1.0 + np.tanh((axis.values - 0.75) / 0.2))
    electrons = Surfaces((lambda R, t: R**2 / 24, lambda R, t: 0.125 * (R - 0.5) ** 2 + 0.03), lambda R, t: theta)
    molecule = Molecule((axis,), electrons)
    found = surfaces(molecule)
    assert np.array_equal(found.states, [[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
    assert np.array_equal(found.energies[0], axis.values**2 / 24)
    h = molecule.hamiltonian()
    assert np.abs(np.einsum("ijg,kjg->kig", h, found.states) - found.energies[:, None] * found.states).max() < 1e-14


def overlaps(states: np.ndarray, electronic: int, axis: int) -> np.ndarray:
    """⟨φ_k|φ_k'⟩ of neighbours along a nuclear axis."""
    flat = states.reshape(len(states), -1, *states.shape[1 + electronic :])
    moved = np.moveaxis(flat, 2 + axis, -1)
    return np.einsum("ke...,ke...->k...", moved[..., :-1].conj(), moved[..., 1:])


@pytest.mark.parametrize("imaginary", [0.0, 0.7])
def test_phases_are_continuous_without_an_intersection(imaginary: float) -> None:
    """Random phases, or signs, are removed: neighbours overlap by a real number near 1, along the last axis exactly real."""
    x, y = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 50), indexing="ij")
    off = 0.3 + 0.5 * x + 1j * imaginary * y
    h = np.array([[y + 0j, off], [off.conj(), -y]]) + np.array([[0, 0.6j], [-0.6j, 0]])[..., None, None] * bool(imaginary)
    h = h if imaginary else h.real + 2.0 * np.array([[0, 1], [1, 0]])[..., None, None]
    _, states = diagonalise(h)
    generator = np.random.default_rng(0)
    phases = generator.normal(size=(2, 1, 40, 50)) + 1j * imaginary * generator.normal(size=(2, 1, 40, 50))
    smooth = continuous(states * (phases / np.abs(phases) if imaginary else np.sign(phases.real)), 1)
    assert np.iscomplexobj(smooth) == bool(imaginary)
    assert overlaps(smooth, 1, 1).real.min() > 0.99 and np.abs(overlaps(smooth, 1, 1).imag).max() < 1e-12
    assert overlaps(smooth, 1, 0).real.min() > 0.97


def test_a_conical_intersection_leaves_a_seam() -> None:
    """A real state changes sign around it (Berry phase π), on one seam; populations do not see it."""
    molecule = jahn_teller(47)  # no grid point at the intersection
    found = surfaces(molecule)
    ring = [(8, j) for j in range(8, 39)] + [(i, 38) for i in range(9, 39)] + [(38, j) for j in range(37, 7, -1)]
    ring += [(i, 8) for i in range(37, 7, -1)]
    lower = np.array([found.states[0][:, i, j] for i, j in ring])
    turns = np.prod(np.sign(np.einsum("gi,gi->g", lower[:-1], lower[1:])))
    assert turns == -1.0
    assert overlaps(found.states, 1, 1).min() > 0.0, "the seam never crosses a line along the last axis"
    assert np.sum(overlaps(found.states, 1, 0)[0].min(axis=-1) < 0.0) == 23, "it runs from the middle to an end"
    psi = np.random.default_rng(0).normal(size=(2, 47, 47)).astype(complex)
    assert found.densities(psi).sum() == pytest.approx(np.vdot(psi, psi).real, rel=1e-12)


def test_shin_metiu_against_sinc_functions() -> None:
    """Another basis on another, finer and longer grid (sinc DVR); the gap of systems.md S4."""
    molecule = shin_metiu(256, 256)
    found, geometries = surfaces(molecule, 3), (20, 70, 101, 128, 200)
    step = 0.2
    r = np.arange(-34.0 + step / 3, 34.0, step)
    i = np.arange(len(r))
    difference = i[:, None] - i[None, :]
    sign = np.where(difference % 2, -1.0, 1.0)
    kinetic = np.where(difference == 0, np.pi**2 / 6, sign / np.where(difference, difference, 1) ** 2) / step**2
    for g in geometries:
        h = kinetic + np.diag(shin_metiu_potential(r, molecule.mesh[0][g]))
        exact = scipy.linalg.eigvalsh(h, subset_by_index=(0, 2))
        assert np.abs(found.energies[:, g] - exact).max() < 1e-9
    gap = found.energies[1] - found.energies[0]
    assert round(float(gap.min()), 4) == 0.0047 and abs(molecule.mesh[0][gap.argmin()] + 1.90) < 0.5 * 18 / 256
    assert overlaps(found.states, 1, 0).min() > 0.5
    weights = molecule.electronic_volume * np.einsum("kr...,lr...->kl...", found.states, found.states)
    assert np.abs(weights - np.eye(3)[..., None]).max() < 1e-10


def test_iterative_electronic_states_agree_with_dense_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = surfaces(shin_metiu(), 3)
    monkeypatch.setattr(adiabatic, "DENSE_ELECTRON", 0)
    iterative = surfaces(shin_metiu(), 3)
    assert np.abs(dense.energies - iterative.energies).max() < 1e-12
    assert np.abs(dense.states - iterative.states).max() < 1e-7


def test_two_electrons_follow_the_nuclei() -> None:
    """Two electrons in a moving well without repulsion: twice the one-electron energy, at every R."""
    axes = tuple(GridCoordinate(n, 1.0, -8.0, 8.0, 32) for n in "ab")
    coordinate = (GridCoordinate("R", 1800.0, -1.0, 1.0, 8),)

    def well(r: np.ndarray, R: np.ndarray) -> np.ndarray:
        return -2.0 / np.sqrt((r - R) ** 2 + 1.0)

    two = Molecule(coordinate, RealSpace(axes, lambda a, b, R, t: well(a, R) + well(b, R)))
    one = Molecule(coordinate, RealSpace(axes[:1], lambda a, R, t: well(a, R)))
    found, single = surfaces(two, 2), surfaces(one, 2)
    assert found.states.shape == (2, 32, 32, 8)
    assert np.abs(found.energies[0] - 2 * single.energies[0]).max() < 1e-10
    assert np.abs(found.energies[1] - single.energies.sum(axis=0)).max() < 1e-10
    product = np.einsum("aR,bR->abR", single.states[0], single.states[0])
    assert np.abs(np.abs(np.einsum("abR,abR->R", product, found.states[0])) * two.electronic_volume - 1.0).max() < 1e-12


def test_forces_are_slopes_of_the_energies() -> None:
    text = {(0, 0): "0.1*x**2+0.03*x", (1, 1): "0.12*x**2-0.02*x*y+0.1", (0, 1): "0.02*y+I*0.03*x", (2, 2): "0.3+0.05*y"}
    entries = {pair: Expression.build(e, ("x", "y", "t"), real=pair[0] == pair[1]) for pair, e in text.items()}
    axes = tuple(GridCoordinate(n, 2000.0, -1.0, 1.0, 64) for n in "xy")
    exact = Molecule(axes, States(3, entries))
    from_array = Molecule(axes, States.from_array(exact.hamiltonian()))
    found = force(exact, surfaces(exact))
    assert found.shape == (3, 2, 64, 64)
    step = axes[0].step
    for a in range(2):
        e = np.moveaxis(surfaces(exact).energies, 1 + a, -1)
        slope = (8 * (e[..., 3:-1] - e[..., 1:-3]) - (e[..., 4:] - e[..., :-4])) / (12 * step)
        error = np.abs(np.moveaxis(found[:, a], 1 + a, -1)[..., 2:-2] + slope)
        assert np.quantile(error, 0.98) < 1e-5, "all but the surroundings of crossings"
    assert np.abs(force(from_array, surfaces(from_array)) - found).max() < 1e-9


def test_force_on_a_real_space_surface() -> None:
    """Electron on a spring: E_1 = √k/2 + a R², F = -2aR."""
    electron = GridCoordinate("r", 1.0, -9.0, 9.0, 80)
    axis = GridCoordinate("R", 1000.0, -2.0, 2.0, 32)
    molecule = Molecule((axis,), RealSpace((electron,), lambda r, R, t: 0.5 * (r - R) ** 2 + 0.1 * R**2))
    found = surfaces(molecule)
    assert np.abs(found.energies - (np.array([[0.5], [1.5]]) + 0.1 * axis.values**2)).max() < 1e-10
    assert np.abs(force(molecule, found)[:, 0] + 0.2 * axis.values).max() < 1e-8
    chi = np.stack([np.exp(-(axis.values**2)), 1j * axis.values])
    psi = found.compose(chi)
    assert psi.shape == molecule.shape and np.abs(found.amplitudes(psi) - chi).max() < 1e-12


def test_results_are_remembered_for_a_time() -> None:
    static = jahn_teller(16)
    assert surfaces(static) is surfaces(static, 2, t=5.0) and surfaces(static, 1) is not surfaces(static)
    axis = (GridCoordinate("R", 1.0, -1.0, 1.0, 8),)
    driven = Molecule(axis, States(1, {(0, 0): lambda R, t: R * np.cos(t)}))
    assert surfaces(driven, t=0.0) is surfaces(driven, t=0.0)
    assert np.abs(surfaces(driven, t=1.0).energies[0] - np.cos(1.0) * axis[0].values).max() < 1e-15


def test_wrong_counts() -> None:
    for count in (0, 3):
        with pytest.raises(ModelError, match=f"surfaces: {count}; this molecule has 1 to 2"):
            surfaces(jahn_teller(16), count)
