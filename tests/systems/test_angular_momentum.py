"""S3: EF(18). Torques in closed form from the electrons, curvature from plaquettes of overlaps, nuclei by the chain rule."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from .cases import NO_FIELDS, nearest, shipped, wave_functions

PSI = (*NO_FIELDS, ("propagation.store_psi", True))


def sigma(psi: NDArray, volume: float) -> tuple[NDArray, NDArray, NDArray]:
    """⟨σ_x⟩, ⟨σ_y⟩, ⟨σ_z⟩ densities (time, x, y) times the volume element."""
    cross = 2.0 * psi[:, 0].conj() * psi[:, 1] * volume
    return cross.real, cross.imag, (np.abs(psi[:, 0]) ** 2 - np.abs(psi[:, 1]) ** 2) * volume


def test_jahn_teller() -> None:
    """Design's table: t, L, torque, torque of the E part alone; dL/dt = -κ⟨xσ_x - yσ_z⟩ in closed form."""
    w, f = shipped("jahn-teller", *PSI)
    L = f.angular_momentum.values[:, 0, 0]
    left = f.identity_angular_momentum_lhs.values[:, 0, 0]
    right = f.identity_angular_momentum_rhs.values[:, 0, 0]
    electric = f.torque_electric.values[:, 0, 0]
    table = ((40, 0.34388, 0.01338, 0.01516), (120, 0.77045, -0.00243, -0.00456), (200, 0.50579, -0.00324, 0.00499))
    for t, *expected in table:
        k = nearest(f, t)
        assert L[k] == pytest.approx(expected[0], abs=1.1e-5)
        for torque in (left, right):
            assert torque[k] == pytest.approx(expected[1], abs=6e-6)
        assert electric[k] == pytest.approx(expected[2], abs=6e-6)
    x, y = np.meshgrid(w.x.values, w.y.values, indexing="ij")
    volume = (x[1, 0] - x[0, 0]) * (y[0, 1] - y[0, 0])
    sx, sy, sz = sigma(wave_functions(w), volume)
    assert np.abs(L + 0.5 * sy.sum(axis=(1, 2)) - 0.5).max() < 1e-10
    torque = -0.03 * (x * sx - y * sz).sum(axis=(1, 2))  # -∂_φ of κ(x σ_z + y σ_x)
    assert np.abs(left - torque).max() < 1e-9
    assert np.abs(right - torque).max() < 1e-5 * np.abs(torque).max()
    assert np.abs(electric - torque).max() > 3e-3  # E alone is wrong: the curvature acts
    assert np.abs(w.norm.values - 1.0).max() < 1e-12 and np.ptp(w.energy.values) < 1e-8
    for identity in ("power", "work", "momentum", "angular_momentum"):
        assert f.attrs[f"max_residual_{identity}"] < 1e-5, identity


def refined(psi: NDArray, factor: int) -> NDArray:
    """Exact Fourier interpolation of (2, n, n) to factor·n points an axis."""
    for axis in (1, 2):
        n = psi.shape[axis]
        hat = np.fft.fftshift(np.fft.fft(psi, axis=axis), axes=axis)
        pad = [(0, 0)] * 3
        pad[axis] = ((factor - 1) * n // 2, (factor - 1) * n // 2)
        psi = np.fft.ifft(np.fft.ifftshift(np.pad(hat, pad), axes=axis), axis=axis) * factor
    return psi


def magnetic_by_plaquettes(psi: NDArray, step: float) -> tuple[NDArray, NDArray, NDArray]:
    """At the centres of plaquettes: C_xy from the phase of the product of the four overlaps, n p_x, n p_y from links."""

    def link(axis: int) -> NDArray:
        return (psi.conj() * np.roll(psi, -1, axis)).sum(axis=0)

    ux, uy = link(1), link(2)
    loop = ux * np.roll(uy, -1, 0) * np.roll(ux, -1, 1).conj() * uy.conj()
    C = np.angle(loop) / step**2  # ∮A = ∫C_xy, A = ⟨Φ|-i∂Φ⟩
    jx, jy = ux.imag / step, uy.imag / step
    return C, 0.5 * (jx + np.roll(jx, -1, 1)), 0.5 * (jy + np.roll(jy, -1, 0))


def test_rotating_diatomic_by_the_chain_rule() -> None:
    """R_A = (m_B/M) r, R_B = -(m_A/M) r, centre of mass at rest: p_A = p, p_B = -p, A_A = A, A_B = -A.

    C_{A.X,A.Y} = C_{B.X,B.Y} = C_xy, C_{A.X,B.Y} = -C_xy; hence of ∫ n C_yx p_y the part 1/m_A acts on A.X by A's own
    curvature and 1/m_B by B's motion, L_A = (m_B/M) L, and no magnetic force does work on either nucleus, as v_B ∥ v_A.
    """
    mA, mB, eta, r0 = 2000.0, 3000.0, 0.01, 1.5
    w, f = shipped("rotating-diatomic", *PSI)
    psi = wave_functions(w)
    x, y = np.meshgrid(w.x.values, w.y.values, indexing="ij")
    step = float(x[1, 0] - x[0, 0])
    sx, sy, sz = sigma(psi, step**2)
    share = np.array([mB, mA]) / (mA + mB)
    L, left = f.angular_momentum.values[:, :, 0], f.identity_angular_momentum_lhs.values[:, :, 0]
    right, electric = f.identity_angular_momentum_rhs.values[:, :, 0], f.torque_electric.values[:, :, 0]
    assert np.abs(L.sum(axis=1) + sy.sum(axis=(1, 2)) - 7.0).max() < 1e-9  # L = 6 and σ_y = 1 at the start
    a, b = eta * (x**2 - y**2) / r0**2, 2.0 * eta * x * y / r0**2
    torque = (2.0 * (b * sz - a * sx)).sum(axis=(1, 2))  # -∂_φ of aσ_z + bσ_x
    assert np.abs(L - share * L.sum(axis=1, keepdims=True)).max() < 1e-12
    assert np.abs(left - share * torque[:, None]).max() < 1e-9
    assert np.abs(right - share * torque[:, None]).max() < 1e-5 * np.abs(torque).max()
    own, other = f.mean_intranuclear_force.values, f.mean_internuclear_force.values
    total = f.identity_momentum_lhs.values  # A.X, A.Y, B.X, B.Y
    assert np.abs(total[:, :2] + total[:, 2:]).max() < 1e-12  # Newton's third law
    hellmann = -np.stack([(2 * eta / r0**2 * (x * sz + y * sx)).sum((1, 2)), (2 * eta / r0**2 * (x * sx - y * sz)).sum((1, 2))])
    n = (np.abs(psi) ** 2).sum(axis=1) * step**2
    ring = 0.2 * (x**2 + y**2 - r0**2) / (2.0 * r0**2)
    classical = -np.stack([(n * ring * x).sum((1, 2)), (n * ring * y).sum((1, 2))])
    assert np.abs(total[:, :2] - (hellmann + classical).T).max() < 1e-9
    factor = 3
    fine = step / factor
    for k in range(0, len(w.time), 6):
        C, jx, jy = magnetic_by_plaquettes(refined(psi[k], factor), fine)
        force = np.array([-(C * jy).sum(), (C * jx).sum()]) * fine**2  # ∫ n C_yx p_y, ∫ n C_xy p_x
        expected_own = np.concatenate([force / mA, -force / mB])
        expected_other = np.concatenate([force / mB, -force / mA])
        scale = 2e-3 * np.abs(own).max()
        assert np.abs(own[k] - expected_own).max() < scale and np.abs(other[k] - expected_other).max() < scale
        edge = (np.arange(C.shape[0]) + 0.5) * fine + x[0, 0]
        lever = (C * (edge[:, None] * jx + edge * jy)).sum() * fine**2 * (mA + mB) / (mA * mB)
        assert np.abs(right[k] - electric[k] - share * lever).max() < 2e-3 * np.abs(electric).max()
    assert np.abs(own).max(axis=0).min() > 5e-4 and np.abs(other).max(axis=0).min() > 5e-4  # all of them act
    for power in (f.magnetic_power, f.magnetic_power_intranuclear, f.magnetic_power_internuclear):
        assert np.abs(power.values).max() < 1e-12 * np.abs(f.electric_power.values).max()
    assert np.ptp(w.energy.values) < 1e-8 and np.abs(w.norm.values - 1.0).max() < 1e-12
