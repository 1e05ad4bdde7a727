"""Initial states: what they are, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nonadia.expressions import Expression
from nonadia.models.errors import ModelError
from nonadia.models.initial import (
    Adiabatic,
    Amplitudes,
    Diabatic,
    Eigenstate,
    Gaussian,
    GroundStateOf,
    InitialState,
    WaveFunction,
)
from nonadia.models.molecule import GridCoordinate, Molecule, States, Surfaces
from nonadia.wavepacket.adiabatic import surfaces
from nonadia.wavepacket.eigenstates import of_molecule
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.initial import prepare

from .molecules import jahn_teller, shin_metiu

K1, MASS = 1.0 / 12.0, 2000.0


def diatomic(points: int = 512) -> Molecule:
    axis = GridCoordinate("R", MASS, -4.0, 4.5, points)
    electrons = Surfaces(
        (lambda R, t: K1 * R**2 / 2, lambda R, t: 0.125 * (R - 0.5) ** 2 + 0.045),
        lambda R, t: np.pi / 4 * (1.0 + np.tanh((R - 0.75) / 0.25)),
    )
    return Molecule((axis,), electrons)


def plane(points: int = 64) -> Molecule:
    axes = (GridCoordinate("X", 1000.0, -2.0, 2.0, points), GridCoordinate("Y", 1500.0, -3.0, 2.0, points))
    return Molecule(axes, States(2, {(0, 0): lambda X, Y, t: X**2 + Y**2, (1, 1): lambda X, Y, t: 0.1 + X**2 + Y**2}))


def moments(molecule: Molecule, psi: np.ndarray) -> list[tuple[float, float, float, float]]:
    """(mean, variance) of each coordinate and of its momentum."""
    result = []
    n = (np.abs(psi) ** 2).sum(axis=0) * molecule.volume
    for i, c in enumerate(molecule.coordinates):
        x = n.sum(axis=tuple(j for j in range(n.ndim) if j != i))
        k = 2 * np.pi * np.fft.fftfreq(c.points, c.step)
        hat = np.abs(np.fft.fft(psi, axis=i + 1)) ** 2
        p = hat.sum(axis=tuple(j for j in range(hat.ndim) if j != i + 1)) / hat.sum()
        mean, momentum = float(x @ c.values), float(p @ k)
        result.append((mean, float(x @ (c.values - mean) ** 2), momentum, float(p @ (k - momentum) ** 2)))
    return result


def test_a_gaussian_has_its_moments() -> None:
    molecule = plane()
    psi = prepare(molecule, InitialState(Gaussian((0.2, -0.5), (0.2, 0.25), (3.0, -7.0)), Diabatic(2)))
    assert psi.shape == molecule.shape and psi.dtype == np.complex128 and psi.flags.c_contiguous
    assert np.vdot(psi, psi).real * molecule.volume == pytest.approx(1.0, abs=1e-14)
    assert not psi[0].any()
    for found, expected in zip(moments(molecule, psi), ((0.2, 0.2, 3.0), (-0.5, 0.25, -7.0)), strict=True):
        center, width, p = expected
        assert np.allclose(found, (center, width**2 / 2, p, 0.5 / width**2), atol=1e-10)


def test_ground_state_of_one_surface_on_another() -> None:
    """The vertical excitation of S2: a harmonic ground state on φ_2, all population there."""
    molecule = diatomic()
    psi = prepare(molecule, InitialState(GroundStateOf(1), Adiabatic(2)))
    found = surfaces(molecule)
    weights = found.densities(psi).sum(axis=1) * molecule.nuclear_volume
    assert np.abs(weights - [0.0, 1.0]).max() < 1e-13
    alpha = np.sqrt(K1 * MASS)
    exact = (alpha / np.pi) ** 0.25 * np.exp(-alpha * molecule.mesh[0] ** 2 / 2)
    assert np.abs(found.amplitudes(psi)[1] - exact).max() < 1e-10
    excited = prepare(molecule, InitialState(GroundStateOf(1, 2), Diabatic(1)))[0]
    x = np.sqrt(alpha) * molecule.mesh[0]
    assert np.abs(np.abs(excited) - np.abs(exact * (2 * x**2 - 1) / np.sqrt(2))).max() < 1e-8


def test_amplitudes_are_normalised_at_every_point() -> None:
    molecule = jahn_teller(64)
    packet = Gaussian((0.3, 0.0), (0.15, 0.15), (0.0, 0.0))
    circular = prepare(molecule, InitialState(packet, Amplitudes((2.0, 2.0j))))
    assert np.abs(circular[1] - 1j * circular[0]).max() == 0.0
    text = tuple(Expression.build(e, ("x", "y", "t"), kind=None) for e in ("cos(x+t)", "sin(x+t)"))
    turned = prepare(molecule, InitialState(packet, Amplitudes(text)), t=0.4)
    x = molecule.mesh[0][:, None]
    assert np.abs(turned[0] * np.sin(x + 0.4) - turned[1] * np.cos(x + 0.4)).max() < 1e-14


def test_given_wave_functions_and_arrays() -> None:
    molecule = plane()
    packet = Expression.build("exp(-10*(X**2 + Y**2) + I*X)", ("X", "Y", "t"), kind=None, real=False)
    psi = prepare(molecule, InitialState(WaveFunction(packet)))
    assert np.abs(prepare(molecule, psi) - psi).max() < 1e-15
    assert moments(molecule, psi)[0] == pytest.approx((0.0, 1 / 40, 1.0, 10.0), abs=1e-10)
    tiny = prepare(molecule, InitialState(WaveFunction(lambda X, Y, t: 1e-200 * np.exp(-10 * (X**2 + Y**2)))))
    assert np.vdot(tiny, tiny).real * molecule.volume == pytest.approx(1.0, abs=1e-14)


def test_an_eigenstate_of_everything_stays_one() -> None:
    molecule = plane(96)
    psi = prepare(molecule, InitialState(eigenstate=Eigenstate(2)))
    energy = of_molecule(molecule, 2).energies[1]
    assert np.linalg.norm(Hamiltonian(molecule).apply(psi, 0.0) - energy * psi) * np.sqrt(molecule.volume) < 1e-9


def test_an_electron_in_real_space() -> None:
    molecule = shin_metiu(256, 128)
    packet = Gaussian((-4.0,), (2.85**-0.5,), (0.0,))
    psi = prepare(molecule, InitialState(packet, Adiabatic(2)))
    weights = surfaces(molecule, 3).densities(psi).sum(axis=1) * molecule.nuclear_volume
    assert np.abs(weights - [0.0, 1.0, 0.0]).max() < 1e-10
    free = prepare(molecule, InitialState(packet, Amplitudes((lambda r, R, t: np.exp(-((r - R) ** 2)),))))
    n = np.sum(np.abs(free) ** 2, axis=0) * molecule.electronic_volume
    exact = np.exp(-2.85 * (molecule.mesh[0] + 4.0) ** 2)
    assert np.abs(n - exact / (exact.sum() * molecule.nuclear_volume)).max() < 1e-12


def packet(center: float = 0.0, width: float = 0.3, momentum: float = 0.0) -> Gaussian:
    return Gaussian((center,), (width,), (momentum,))


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        (InitialState(packet(center=4.5)), r"gaussian.center: R = 4.5 is outside the grid -4 … 4.5"),
        (InitialState(packet(width=0.0)), r"gaussian.width: 0 along R; a positive width"),
        (InitialState(packet(momentum=190.0)), r"momenta up to 206.7 along R, its grid only up to π/step = 189.2"),
        (InitialState(packet(momentum=190.0)), r"at least 568 points are needed on this interval \(it has 512\)"),
        (InitialState(Gaussian((0.0, 0.0), (0.3,), (0.0,))), r"gaussian.center: 2 values for 1 coordinates"),
        (InitialState(packet(center=-3.0, width=0.5)), r"density at R = -4, the edge of the grid, is 1.8e-02 of its maximum"),
        (InitialState(packet(center=3.4)), r"density at R = 4.5, the edge"),
        (InitialState(WaveFunction(lambda R, t: np.exp(-np.abs(R) / 0.1))), r"near π/step = 189.2 is .* more points than 512"),
        (InitialState(WaveFunction(lambda R, t: 0.0 * R)), r"zero on the whole grid"),
        (InitialState(packet(), Adiabatic(3)), r"electronic.adiabatic: 3; this molecule has surfaces 1 to 2"),
        (InitialState(packet(), Diabatic(0)), r"electronic.diabatic: 0; there are states 1 to 2"),
        (InitialState(packet(), Amplitudes((1.0,))), r"amplitudes: 1 amplitudes for 2 states"),
        (InitialState(packet(), Amplitudes((lambda R, t: R * (R > 0), 0.0))), r"amplitudes: are all zero at a point"),
        (InitialState(GroundStateOf(0)), r"ground_state_of: 0; this molecule has surfaces 1 to 2"),
        (InitialState(GroundStateOf(1, -1)), r"level: -1; levels are counted from 0"),
        (InitialState(eigenstate=Eigenstate(0)), r"eigenstate: 0; eigenstates are counted from 1"),
        (InitialState(), r"initial.nuclear: is missing"),
        (np.zeros((2, 512)), r"zero on the whole grid"),
        (np.full((2, 512), np.nan), r"not finite"),
        (np.ones((512, 2)), r"shape \(512, 2\); this molecule has ψ of shape \(2, 512\)"),
        (np.ones((2, 512)), r"= 17, not 1; divide it by √17 \(the volume element is 0.0166016\)"),
    ],
)
def test_refused(initial: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        prepare(diatomic(), initial)


def test_the_points_that_a_momentum_needs_are_enough() -> None:
    prepare(diatomic(568), InitialState(packet(momentum=190.0)))


def test_a_seam_through_the_packet_is_named() -> None:
    molecule = jahn_teller(64)
    state = InitialState(Gaussian((0.0, 0.3), (0.2, 0.2), (0.0, 0.0)), Adiabatic(1))
    with pytest.raises(ModelError, match="seam behind a conical intersection"):
        prepare(molecule, state)


def test_a_state_of_surfaces_that_coincide_is_refused() -> None:
    axis = GridCoordinate("R", MASS, -4.0, 4.5, 128)

    def pair(gap: float) -> Molecule:
        well = {(0, 0): lambda R, t: K1 * R**2, (1, 1): lambda R, t: K1 * R**2 + gap * (R > 0.4)}
        return Molecule((axis,), States(2, well))

    for k in (1, 2):
        with pytest.raises(ModelError, match=r"surfaces 1 and 2 coincide where 1 of the packet .*diabatic state"):
            prepare(pair(0.0), InitialState(packet(), Adiabatic(k)))
    with pytest.raises(ModelError, match=r"coincide where 0\.98 of the packet is \(at R = -0\.0"):
        prepare(pair(0.1), InitialState(packet(), Adiabatic(1)))
    assert np.all(prepare(pair(0.0), InitialState(packet(), Diabatic(1)))[1] == 0.0)


def test_an_absorber_may_be_negative_by_rounding_only() -> None:
    axis = GridCoordinate("R", MASS, -4.0, 4.5, 128)

    def absorbing(lowest: float) -> Molecule:
        return Molecule((axis,), States(1, {}), absorber=lambda R, t: np.where(R > 2.0, 0.5 * (R - 2.0), lowest))

    values = absorbing(-1e-14).absorber()
    assert values is not None and values.min() == 0.0 and values.max() > 1.0
    with pytest.raises(ModelError, match=r"absorber\.potential: is negative"):
        absorbing(-1e-10)


def test_electrons_in_real_space_have_no_basis_states() -> None:
    with pytest.raises(ModelError, match="have no basis states"):
        prepare(shin_metiu(64, 128), InitialState(Gaussian((-4.0,), (0.6,), (0.0,)), Diabatic(1)))
