"""Free, harmonic and squeezed packets against closed forms, ψ itself included, in 1D, 2D and 3D."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import nonadia as na
from nonadia.models.initial import Gaussian, InitialState
from nonadia.models.molecule import GridCoordinate, Molecule, States

from .cases import FS, shipped, wave_functions


def gaussian(x: NDArray, t: float, M: float, omega: float, x0: float, p0: float, sigma: float) -> NDArray:
    """ψ(x, t) of exp(-(x-x0)²/(2σ²) + i p0 x) in M ω² x²/2, with its phase (E. J. Heller, J. Chem. Phys. 62, 1544 (1975)).

    ψ = (πσ²)^-¼ Z^-½ exp[(iM/2)(Ż/Z)(x-q)² + i p (x-q) + i S],  Z̈ = -ω²Z, Z(0) = 1, Ż(0) = i/(Mσ²)
    """
    if omega > 0.0:
        q = x0 * np.cos(omega * t) + p0 / (M * omega) * np.sin(omega * t)
        p = p0 * np.cos(omega * t) - M * omega * x0 * np.sin(omega * t)
        s = np.linspace(0.0, t, 401)
        path = np.cos(omega * s) + 1j * np.sin(omega * s) / (M * omega * sigma**2)
        rate = -omega * np.sin(omega * t) + 1j * np.cos(omega * t) / (M * sigma**2)
        action = 0.5 * (p * q - p0 * x0) + p0 * x0
    else:
        q, p = x0 + p0 * t / M, p0
        s = np.linspace(0.0, t, 401)
        path = 1.0 + 1j * s / (M * sigma**2)
        rate = 1j / (M * sigma**2)
        action = p0**2 * t / (2.0 * M) + p0 * x0
    root = np.sqrt(abs(path[-1])) * np.exp(0.5j * np.unwrap(np.angle(path))[-1])  # the branch that starts at 1
    exponent = 0.5j * M * rate / path[-1] * (x - q) ** 2 + 1j * p * (x - q) + 1j * action
    return (np.pi * sigma**2) ** -0.25 / root * np.exp(exponent)


def test_free() -> None:
    w, f = shipped("free", ("propagation.store_psi", True), ("factorization.refinement", 1))
    x, M, p, x0, sigma = w.x.values, 2000.0, 10.0, -4.0, 1.0
    exact = np.array([gaussian(x, t, M, 0.0, x0, p, sigma) for t in w.time.values])
    assert np.abs(wave_functions(w)[:, 0] - exact).max() < 1e-9
    t = w.time.values
    assert np.abs(w.position.values[:, 0] - x0 - p * t / M).max() < 1e-9
    assert np.abs(w.width.values[:, 0] ** 2 - 0.5 * sigma**2 * (1.0 + (t / (M * sigma**2)) ** 2)).max() < 1e-9
    assert np.abs(w.momentum.values[:, 0] - p).max() < 1e-10
    energy = (p**2 + 0.5 / sigma**2) / (2.0 * M)  # ⟨p²⟩ = p0² + 1/(2σ²)
    for kinetic in (w.nuclear_kinetic_energy, f.T_n, f.T_marg):
        assert np.abs(kinetic.values - energy).max() < 1e-12
    assert np.abs(f.identity_power_rhs.values).max() < 1e-12 and np.abs(f.identity_momentum_rhs.values).max() < 1e-10
    # the velocity field of the spreading packet, v = p/M + (x - ⟨x⟩) τ²/(t (1 + τ²)), τ = t/(Mσ²)
    tau = t[-1] / (M * sigma**2)
    v = p / M + (x - x0 - p * t[-1] / M) * tau**2 / (t[-1] * (1.0 + tau**2))
    seen = f.density.values[-1] > 1e-6
    assert f.snapshot.values[-1] == pytest.approx(t[-1])
    assert np.abs(f.velocity.values[-1, 0] - v)[seen].max() < 1e-8


def test_harmonic() -> None:
    w, f = shipped("harmonic", ("propagation.store_psi", True))
    x, M, k, x0 = w.x.values, 2000.0, 0.2, 0.6
    omega = np.sqrt(k / M)
    t = w.time.values
    assert t[-1] == pytest.approx(2 * np.pi / omega)
    exact = np.array([gaussian(x, s, M, omega, x0, 0.0, 1 / np.sqrt(M * omega)) for s in t])
    psi = wave_functions(w)[:, 0]
    assert np.abs(psi - exact).max() < 1e-7
    assert np.abs(psi[-1] + psi[0]).max() < 1e-7  # one period, E = ω (n + 1/2): ψ(T) = -ψ(0)
    assert np.abs(w.position.values[:, 0] - x0 * np.cos(omega * t)).max() < 1e-8
    assert np.abs(w.momentum.values[:, 0] + M * omega * x0 * np.sin(omega * t)).max() < 1e-7
    assert np.abs(w.width.values[:, 0] ** 2 - 1 / (2 * M * omega)).max() < 1e-9
    # EF(10), (17): the force on a single surface is the classical one
    force = -k * x0 * np.cos(omega * t)
    assert np.abs(f.identity_momentum_rhs.values[:, 0] - force).max() < 1e-8
    assert np.abs(f.identity_power_rhs.values + force * omega * x0 * np.sin(omega * t)).max() < 1e-9


def test_squeezed_packet_breathes_at_twice_the_frequency() -> None:
    M, k, x0, p0, sigma = 2000.0, 0.2, 0.4, 3.0, 0.35
    omega = np.sqrt(k / M)
    axis = GridCoordinate("x", M, -3.0, 3.0, 128)
    molecule = Molecule([axis], States(1, {(0, 0): lambda x, t: 0.5 * k * x**2}))
    initial = InitialState(Gaussian((x0,), (sigma,), (p0,)))
    T = 2 * np.pi / omega
    for method in ("split-operator", "chebyshev", "krylov"):
        w = na.propagate(molecule, initial, T, store_every=T / 16, method=method)
        t = w.time.values
        exact = np.array([gaussian(axis.values, s, M, omega, x0, p0, sigma) for s in t])
        assert np.abs(wave_functions_of(w) - exact).max() < 3e-7, method
        q = x0 * np.cos(omega * t) + p0 / (M * omega) * np.sin(omega * t)
        spread = 0.5 * sigma**2 * (np.cos(omega * t) ** 2 + (np.sin(omega * t) / (M * omega * sigma**2)) ** 2)
        assert np.abs(w.position.values[:, 0] - q).max() < 1e-7
        assert np.abs(w.width.values[:, 0] ** 2 - spread).max() < 1e-8
    assert np.ptp(spread) > 0.05  # it does breathe


def wave_functions_of(w: object) -> NDArray:
    """ψ (time, R…) of one state from `na.propagate`."""
    return w["psi"].values[:, 0]  # type: ignore[index]


def test_two_coupled_oscillators_in_normal_modes() -> None:
    """V = k (x² + y²)/2 + c x y: in (x ± y)/√2 a product of two 1D packets of the frequencies √((k ± c)/M)."""
    M, k, c, sigma, start, kick = 1000.0, 0.1, 0.04, 0.3, (0.5, -0.2), (2.0, 1.0)
    axes = [GridCoordinate(name, M, -2.4, 2.4, 64) for name in "xy"]
    molecule = Molecule(axes, States(1, {(0, 0): lambda x, y, t: 0.5 * k * (x**2 + y**2) + c * x * y}))
    initial = InitialState(Gaussian(start, (sigma, sigma), kick))
    w = na.propagate(molecule, initial, 20 * FS, store_every=5 * FS)
    x, y = np.meshgrid(*(a.values for a in axes), indexing="ij")
    found = wave_functions_of(w)
    for j, t in enumerate(w.time.values):
        exact = np.ones(x.shape, dtype=complex)
        for sign, omega in ((1, np.sqrt((k + c) / M)), (-1, np.sqrt((k - c) / M))):
            q0, p0 = ((v[0] + sign * v[1]) / np.sqrt(2) for v in (start, kick))
            exact = exact * gaussian((x + sign * y) / np.sqrt(2), t, M, omega, q0, p0, sigma)
        assert np.abs(found[j] - exact).max() < 1e-6


def test_three_dimensions() -> None:
    """Free along x, two different frequencies and masses along y and z."""
    masses, omegas = (1500.0, 2000.0, 2500.0), (0.0, 0.008, 0.010)
    centers, momenta, sigmas = (-0.6, 0.3, 0.0), (4.0, 0.0, 3.0), (0.4, 0.27, 0.22)
    grids = ((-4.4, 4.4, 64), (-2.4, 2.4, 48), (-2.4, 2.4, 54))
    axes = [GridCoordinate(n, m, *grid) for n, m, grid in zip("xyz", masses, grids, strict=True)]

    def potential(x: NDArray, y: NDArray, z: NDArray, t: float) -> NDArray:
        return 0.5 * masses[1] * omegas[1] ** 2 * y**2 + 0.5 * masses[2] * omegas[2] ** 2 * z**2 + 0.0 * x

    molecule = Molecule(axes, States(1, {(0, 0): potential}))
    T = 6 * FS
    w = na.propagate(molecule, InitialState(Gaussian(centers, sigmas, momenta)), T, store_every=T / 2)
    numbers = zip(axes, masses, omegas, centers, momenta, sigmas, strict=True)
    parts = [gaussian(a.values, T, *rest) for a, *rest in numbers]
    exact = np.einsum("i,j,k->ijk", *parts)
    assert np.abs(wave_functions_of(w)[-1] - exact).max() < 1e-6
    position = [float((a.values * np.abs(p) ** 2).sum()) * a.step for a, p in zip(axes, parts, strict=True)]
    assert np.abs(w.position.values[-1] - position).max() < 1e-8
