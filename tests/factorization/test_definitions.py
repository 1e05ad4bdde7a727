"""Fields against their definitions, with derivatives taken by finite differences of Φ and χ made from ψ here.

A_a = ⟨Φ|-i∂_aΦ⟩, C = curl A, g_ab = Re⟨∂_aΦ|(1-P)|∂_bΦ⟩, E_a = ∂_tA_a - ∂_aε with ε = ⟨Φ|H_BO - i∂_t|Φ⟩ + Σ g_aa/2M
"""

from __future__ import annotations

import numpy as np
import pytest

import nonadia as na
from nonadia.models.molecule import Molecule
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.propagate import snapshots
from tests.wavepacket.models import crossing, jahn_teller, packet, soft_ion


def evolved(molecule: Molecule, t: float = 30.0, **kwargs: float) -> np.ndarray:
    amplitudes = (0.8, 0.6j) if molecule.states else (1.0,)
    psi = packet(molecule, amplitudes, **kwargs)
    *_, end = snapshots(molecule, psi, [0.0, t], tolerance=1e-10)
    return end.psi.copy()


def difference(f: np.ndarray, step: float, axis: int) -> np.ndarray:
    """Central difference of order 8 on a periodic grid."""
    weights = (4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0)
    return sum(w * (np.roll(f, -k, axis) - np.roll(f, k, axis)) for k, w in enumerate(weights, 1)) / step


def conditional(psi: np.ndarray, front: int, volume: float) -> tuple[np.ndarray, np.ndarray]:
    """(χ, Φ) in the gauge in which χ is real."""
    n = (np.abs(psi) ** 2).sum(axis=tuple(range(front))) * volume
    return np.sqrt(n), psi / np.sqrt(n)


CASES = {"1D": (crossing(512), 1), "2D": (jahn_teller(160), 1), "real space": (soft_ion(384, 64), 1)}


def phase(molecule: Molecule, t: float, size: float) -> np.ndarray:
    """A smooth θ(R, t) that vanishes at the edges."""
    grids = np.meshgrid(*molecule.mesh, indexing="ij")
    middle = [0.5 * (c.start + c.stop) for c in molecule.coordinates]
    away = sum((x - m) ** 2 for x, m in zip(grids, middle, strict=True))
    return np.asarray(size * np.exp(-away / 1.5) * np.cos(1.3 * sum(grids) + 0.4 * t))


@pytest.mark.parametrize("gauge", [0.0, 0.8])
@pytest.mark.parametrize("case", CASES)
def test_fields_are_those_of_the_definitions(case: str, gauge: float) -> None:
    """In the gauge where χ is real, and in a random one, Φ → e^{iθ(R,t)}Φ: A → A + ∂θ, ε → ε + ∂_tθ, all else the same."""
    molecule, front = CASES[case]
    where = {"1D": 0.5, "2D": 0.4, "real space": 3.0}[case]
    psi = evolved(molecule, 20.0, center=where)
    found = na.factorize(psi, hamiltonian=molecule)
    weight, masses = molecule.electronic_volume, molecule.masses
    steps = [c.step for c in molecule.coordinates]
    count = len(steps)
    chi, phi = conditional(psi, front, weight)
    turn = np.exp(1j * phase(molecule, 0.0, gauge))
    phi = phi * turn
    good = found.density.values > 1e-5 * found.density.values.max()

    def bracket(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a.conj() * b).sum(axis=0) * weight

    slopes = [difference(phi, steps[a], front + a) for a in range(count)]
    A = [bracket(phi, -1j * slope).real for slope in slopes]
    close = {"rtol": 2e-5, "atol": 2e-5}
    for a in range(count):
        shift = difference(phase(molecule, 0.0, gauge), steps[a], a)
        assert np.allclose(found.vector_potential.values[a][good], (A[a] - shift)[good], **close)
        for b in range(count):
            g = (bracket(slopes[a], slopes[b]) - bracket(slopes[a], phi) * bracket(phi, slopes[b])).real
            assert np.allclose(found.metric.values[a, b][good], g[good], **close)
            if count > 1:
                C = difference(A[b], steps[a], a) - difference(A[a], steps[b], b)
                scale = np.abs(found.berry_curvature.values[0, 1][good]).max()
                assert np.allclose(found.berry_curvature.values[a, b][good], C[good], atol=1e-4 * scale)
    # E = ∂_tA - ∂_aε: two more times, made by Taylor's series of the exact propagation
    h, dt = Hamiltonian(molecule), 1e-3

    def moved(sign: float) -> np.ndarray:
        term, total = psi.copy(), psi.copy()
        for k in range(1, 12):
            term = h.apply(term, 0.0) * (-1j * sign * dt / k)
            total = total + term
        return total

    ahead, behind = (
        conditional(moved(s), front, weight)[1] * np.exp(1j * phase(molecule, s * dt, gauge)) for s in (1.0, -1.0)
    )
    rate = (ahead - behind) / (2.0 * dt)
    epsilon_gi = bracket(phi, h.apply_electronic(psi, 0.0) * turn / chi).real
    for a in range(count):
        epsilon_gi = epsilon_gi + (bracket(slopes[a], slopes[a]).real - A[a] ** 2) / (2.0 * masses[a])
    epsilon = epsilon_gi + bracket(phi, -1j * rate).real
    assert np.allclose(found.scalar_potential_gi.values[good], epsilon_gi[good], atol=1e-5)
    theta_rate = (phase(molecule, dt, gauge) - phase(molecule, -dt, gauge)) / (2.0 * dt)
    assert np.allclose(found.scalar_potential.values[good], (epsilon - theta_rate)[good], atol=1e-5)
    for a in range(count):
        A_rate = (
            bracket(ahead, -1j * difference(ahead, steps[a], front + a))
            - bracket(behind, -1j * difference(behind, steps[a], front + a))
        ).real
        E = A_rate / (2.0 * dt) - difference(epsilon, steps[a], a)
        scale = np.abs(found.electric_field.values[a][good]).max()
        assert np.allclose(found.electric_field.values[a][good], E[good], atol=2e-4 * scale)
        force = found.electric_field.values[a].copy()
        if count > 1:
            force += sum(found.berry_curvature.values[b, a] * found.velocity.values[b] for b in range(count))
        assert np.allclose(found.force.values[a][good], force[good])
        shift = difference(phase(molecule, 0.0, gauge), steps[a], a)
        assert np.allclose(found.velocity.values[a][good], ((A[a] - shift) / masses[a])[good], **close)  # χ = √n e^{-iθ}


def test_quantum_potential_form_of_the_force() -> None:
    """1D: E = M(∂_tv + v∂_Rv) + ∂_RQ_B, Q_B = -(∂²√n)/(2M√n) (theory A5)."""
    molecule = crossing(512)
    psi = evolved(molecule, 20.0, center=0.5)
    M, step, dt = 200.0, molecule.coordinates[0].step, 2e-2
    h = Hamiltonian(molecule)

    def velocity(sign: float) -> np.ndarray:
        term, total = psi.copy(), psi.copy()
        for k in range(1, 14):
            term = h.apply(term, 0.0) * (-1j * sign * dt / k)
            total = total + term
        n = (np.abs(total) ** 2).sum(axis=0)
        return (total.conj() * difference(total, step, 1)).sum(axis=0).imag / n / M

    root = np.sqrt((np.abs(psi) ** 2).sum(axis=0))
    quantum = -difference(difference(root, step, 0), step, 0) / (2.0 * M * root)
    v = velocity(0.0)
    E = M * ((velocity(1.0) - velocity(-1.0)) / (2.0 * dt) + v * difference(v, step, 0)) + difference(quantum, step, 0)
    found = na.factorize(psi, hamiltonian=molecule)
    good = found.density.values > 1e-4 * found.density.values.max()
    assert np.allclose(found.electric_field.values[0][good], E[good], atol=2e-4 * np.abs(E[good]).max())


def test_energies_are_those_of_the_definitions() -> None:
    molecule = jahn_teller(64)
    psi = evolved(molecule, 20.0, center=0.5)
    found = na.factorize(psi, hamiltonian=molecule)
    h = Hamiltonian(molecule)
    dV = molecule.volume
    n, g = found.density.values, found.metric.values
    T_geo = sum(np.nansum(n * g[a, a]) for a in range(2)) * dV / 400.0
    assert abs(float(found.T_geo) - T_geo) < 1e-9
    root = np.sqrt(n)
    slopes = [difference(root, c.step, a) for a, c in enumerate(molecule.coordinates)]
    p2 = np.nansum(n * found.velocity.values**2) * 200.0**2
    T_marg = (sum((s**2).sum() for s in slopes) + p2) * dV / 400.0
    assert abs(float(found.T_marg) - T_marg) < 1e-5 * T_marg
    assert abs(float(found.T_n) - (T_marg + T_geo)) < 1e-5 * T_marg
    assert abs(float(found.E_BO) - np.vdot(psi, h.apply_electronic(psi, 0.0)).real * dV) < 1e-12
    assert abs(float(found.E_total) - h.energy(psi, 0.0)) < 1e-12
    x, y = np.meshgrid(*molecule.mesh, indexing="ij")
    L = np.nansum(n * (x * found.velocity.values[1] - y * found.velocity.values[0])) * 200.0 * dV
    assert abs(found.angular_momentum.values[0, 0] - L) < 1e-9
