"""S4, Shin and Metiu's electron transfer: the reference numbers of the design, and an independent propagation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.fft import fft2, fftfreq, ifft2
from scipy.linalg import eigh_tridiagonal
from scipy.special import erf

import nonadia as na
from nonadia.wavepacket.adiabatic import surfaces

from .cases import FS, nearest, shipped

RUN = ("shin-metiu", ("factorization.fields", ("25 fs", "30 fs")))


def potential(r: NDArray, R: NDArray) -> NDArray:
    """Agostini et al., J. Chem. Phys. 142, 084303 (2015)."""

    def pull(d: NDArray, a: float) -> NDArray:
        small = np.abs(d) < 1e-8
        return np.where(small, 2.0 / (a * np.sqrt(np.pi)), erf(np.abs(d) / a) / np.where(small, 1.0, np.abs(d)))

    return 1 / (9.5 - R) + 1 / (9.5 + R) - pull(R - r, 5.0) - pull(r - 9.5, 3.1) - pull(r + 9.5, 4.0)


def electronic(R: float, levels: int, points: int = 3201) -> tuple[NDArray, NDArray, NDArray]:
    """r, energies and states of H_BO(R) by finite differences, extrapolated energies (error h⁴)."""
    energies = []
    for count in ((points + 1) // 2, points):
        r = np.linspace(-32.0, 32.0, count)
        h = r[1] - r[0]
        diagonal = 1.0 / h**2 + potential(r, np.array(R))
        E, phi = eigh_tridiagonal(diagonal, np.full(count - 1, -0.5 / h**2), select="i", select_range=(0, levels - 1))
        energies.append(E)
    return r, (4.0 * energies[1] - energies[0]) / 3.0, phi / np.sqrt(h)


def test_born_oppenheimer_surfaces() -> None:
    molecule = na.load("shin-metiu").molecule
    R, E = molecule.coordinates[0].values, surfaces(molecule, 2).energies
    for k in range(16, 256, 48):
        assert np.abs(E[:, k] - electronic(R[k], 2)[1]).max() < 1e-7
    gap = E[1] - E[0]
    assert gap.min() == pytest.approx(0.0047, abs=5e-5)
    assert R[np.argmin(gap)] == pytest.approx(-1.90, abs=5e-3)


@pytest.mark.slow
def test_populations() -> None:
    w, f = shipped(*RUN)
    found = {t: w.adiabatic_population.values[nearest(w, t * FS)] for t in (10, 13, 15, 20, 30)}
    for t, lower, upper, tolerance in ((15, 0.8160, 0.1838, 6e-5), (20, 0.8038, 0.1950, 6e-5), (30, 0.8039, 0.1959, 6e-5)):
        assert np.abs(found[t] - [lower, upper]).max() < tolerance, t
    # during the passage P_1 grows by 0.21 a fs: the design's numbers are of the nearest step, up to 0.02 fs off
    for t, lower, upper, tolerance in ((10, 0.040, 0.960, 1e-3), (13, 0.641, 0.359, 4e-3)):
        assert np.abs(found[t] - [lower, upper]).max() < tolerance, t
    assert np.ptp(w.energy.values) < 1e-8 and np.abs(w.norm.values - 1.0).max() < 5e-12
    for identity in ("power", "momentum", "work"):
        assert f.attrs[f"max_residual_{identity}"] < 1e-6


@pytest.mark.slow
def test_density_divides() -> None:
    w, _ = shipped(*RUN)
    n = w.reduced_density.values[nearest(w, 25 * FS)]
    maxima = [i for i in range(1, 255) if n[i - 1] < n[i] > n[i + 1] and n[i] > 0.05 * n.max()]
    assert len(maxima) == 2


@pytest.mark.slow
@pytest.mark.parametrize("when", [25, 30])
def test_steps_of_the_gauge_invariant_potential(when: int) -> None:
    """Left of the step ε_gi is the upper surface, right of it the lower one; the geometric part is all that is added."""
    w, f = shipped(*RUN)
    k = int(np.argmin(np.abs(f.snapshot.values - when * FS)))
    assert f.snapshot.values[k] == pytest.approx(when * FS, abs=1e-3)
    lower, upper = w.adiabatic_energy.values
    n, R = f.density.values[k], f.R.values
    share = (f.scalar_potential_gi.values[k] - lower) / (upper - lower)
    place = {25: (1.6, 2.9), 30: (3.3, 4.6)}[when]
    counts = n > 5e-3 * n.max()
    left, right = counts & (R < place[0]), counts & (R > place[1])
    assert left.sum() > 10 and right.sum() > 15
    assert np.abs(share - 1.0)[left].max() < 0.01 and np.abs(share)[right].max() < 0.02
    inside = (R >= place[0]) & (R <= place[1])
    assert np.all(np.diff(share[inside]) < 0.0)  # it goes over monotonically


@pytest.mark.slow
def test_populations_against_an_independent_propagation() -> None:
    """A second-order split operator with two steps, extrapolated, from finite-difference states: 10 and 13 fs."""
    w, _ = shipped(*RUN)
    r = np.linspace(-30.0, 30.0, 240, endpoint=False)
    R = np.linspace(-9.0, 9.0, 216, endpoint=False)
    dr, dR = r[1] - r[0], R[1] - R[0]
    V = potential(r[:, None], R)
    k, q = 2 * np.pi * fftfreq(len(r), dr), 2 * np.pi * fftfreq(len(R), dR)
    states = np.empty((2, len(r), len(R)))
    kinetic = np.fft.ifft(0.5 * k[:, None] ** 2 * np.fft.fft(np.eye(len(r)), axis=0), axis=0).real
    for i in range(len(R)):
        _, vectors = np.linalg.eigh(kinetic + np.diag(V[:, i]))
        states[:, :, i] = vectors[:, :2].T / np.sqrt(dr)
        if i:  # the sign of the neighbour
            states[:, :, i] *= np.sign((states[:, :, i] * states[:, :, i - 1]).sum(axis=1))[:, None]
    psi0 = states[1] * np.exp(-0.5 * 2.85 * (R + 4.0) ** 2)
    psi0 = psi0 / np.sqrt((np.abs(psi0) ** 2).sum() * dr * dR)
    runs = []
    for count in (160, 320):  # steps for 1 fs
        dt = FS / count
        half, drift = np.exp(-0.5j * dt * V), np.exp(-0.5j * dt * (k[:, None] ** 2 + q**2 / 1836.0))
        psi, found = psi0.astype(complex), []
        for step in range(13 * count):
            psi = half * ifft2(drift * fft2(half * psi, overwrite_x=True), overwrite_x=True)
            if step + 1 in (10 * count, 13 * count):
                parts = (states * psi).sum(axis=1) * dr
                found.append((np.abs(parts) ** 2).sum(axis=1) * dR)
        runs.append(np.array(found))
    exact = (4.0 * runs[1] - runs[0]) / 3.0
    mine = w.adiabatic_population.values[[nearest(w, 10 * FS), nearest(w, 13 * FS)]]
    assert np.abs(mine - exact).max() < 2e-5
