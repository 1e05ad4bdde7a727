"""Nothing that can be measured depends on the phases of the input, and each named gauge is what its name says."""

from __future__ import annotations

import numpy as np
import pytest

import nonadia as na
from nonadia.factorization.along import Ledger
from nonadia.factorization.marginal import filled
from nonadia.models.molecule import Molecule
from nonadia.wavepacket.adiabatic import surfaces
from nonadia.wavepacket.propagate import snapshots
from tests.wavepacket.models import crossing, jahn_teller, packet

INVARIANT = ("density", "velocity", "metric", "electric_field", "force", "scalar_potential_gi")
NUMBERS = tuple(
    "T_n T_marg T_geo E_BO E_total rate_T_n rate_T_marg identity_power_lhs identity_power_rhs identity_work_rhs "
    "identity_momentum_lhs identity_momentum_rhs mean_electric_force".split()
)


def evolved(molecule: Molecule, t: float) -> np.ndarray:
    *_, end = snapshots(molecule, packet(molecule, (0.8, 0.6j), center=0.5), [0.0, t], tolerance=1e-10)
    return end.psi.copy()


def smooth(molecule: Molecule, seed: int, size: float = 2.0) -> np.ndarray:
    """A random smooth function that vanishes at the edges of the grid."""
    rng = np.random.default_rng(seed)
    grids = np.meshgrid(*molecule.mesh, indexing="ij")
    total = np.zeros(molecule.nuclear_shape)
    for _ in range(4):
        center, k = rng.uniform(-1.0, 1.0, len(grids)), rng.uniform(-1.0, 1.0, len(grids))
        total += (
            size
            * np.exp(-sum((x - c) ** 2 for x, c in zip(grids, center, strict=True)) / 0.3)
            * np.cos(sum(q * x for q, x in zip(k, grids, strict=True)))
        )
    return total


@pytest.mark.parametrize("case", ["1D", "2D"])
def test_a_gauge_transformation_of_the_factors_changes_nothing(case: str) -> None:
    """Ψ = χΦ = (χe^{-iθ})(Φe^{iθ}): every field, force, energy and identity to 1e-10."""
    molecule = crossing(256) if case == "1D" else jahn_teller(96)
    psi = evolved(molecule, 20.0)
    reference = na.factorize(psi, hamiltonian=molecule, refinement=1)
    theta = smooth(molecule, 3)
    root = np.sqrt((np.abs(psi) ** 2).sum(axis=0))
    chi, phi = root * np.exp(-1j * theta), psi / root * np.exp(1j * theta)
    product = na.factorize(chi * phi, hamiltonian=molecule, refinement=1)
    for name in (*INVARIANT, *NUMBERS, *(["berry_curvature", "angular_momentum"] if case == "2D" else [])):
        a, b = reference[name].values, product[name].values
        good = reference.density.values > 1e-6 * reference.density.values.max()
        if name in INVARIANT or name == "berry_curvature":
            a, b = a[..., good], b[..., good]
        assert np.allclose(a, b, rtol=1e-10, atol=1e-10 * max(np.abs(a).max(), 1e-3)), name


def test_a_phase_on_psi_is_a_boost_and_is_seen_as_one() -> None:
    """Ψ → e^{iθ(R)}Ψ is no gauge transformation: p_a → p_a + ∂_aθ, while metric and curvature stay."""
    molecule = jahn_teller(96)
    psi = evolved(molecule, 20.0)
    theta = smooth(molecule, 5, 0.3)
    axes, masses = list(molecule.mesh), list(molecule.masses)
    plain, boosted = na.factorize(psi, axes, masses), na.factorize(psi * np.exp(1j * theta), axes, masses)
    good = plain.density.values > 1e-4 * plain.density.values.max()
    assert np.allclose(plain.metric.values[:, :, good], boosted.metric.values[:, :, good], atol=1e-5)
    assert np.allclose(plain.berry_curvature.values[:, :, good], boosted.berry_curvature.values[:, :, good], atol=1e-5)
    x_step = molecule.coordinates[0].step
    hat = np.fft.fft(theta, axis=0) * 1j * 2.0 * np.pi * np.fft.fftfreq(len(theta), x_step)[:, None]
    slope = np.fft.ifft(hat, axis=0).real
    shift = (boosted.velocity.values - plain.velocity.values)[0] * masses[0]
    assert np.allclose(shift[good], slope[good], atol=1e-4)


def ledger(molecule: Molecule, gauge: str, times: np.ndarray, **options: object):  # type: ignore[no-untyped-def]
    made = Ledger(molecule, times, gauge=gauge, fields="all", **options)  # type: ignore[arg-type]
    psi = packet(molecule, (0.8, 0.6), center=0.5)
    kept, records = [], []
    for snapshot in snapshots(molecule, psi, list(times), tolerance=1e-9):
        records.append(made.record(snapshot))
        kept.append(snapshot.psi.copy())
    return made.dataset(list(times), records), kept


@pytest.mark.parametrize("gauge", ["real", "temporal", "zero-vector-potential", "adiabatic-phase"])
def test_the_electric_field_is_that_of_the_potentials(gauge: str) -> None:
    """E = ∂_tA - ∂_Rε in every gauge, by differences of the stored A and ε."""
    molecule = crossing(512)
    times = np.arange(0.0, 4.01, 0.1)
    found, psis = ledger(molecule, gauge, times)
    step, dt, k = molecule.coordinates[0].step, 0.1, 20
    A = filled(found.vector_potential.values[:, 0], 1)
    epsilon = filled(found.scalar_potential.values, 1)
    good = found.density.values[k] > 1e-3 * found.density.values[k].max()
    if gauge == "adiabatic-phase":  # defined where the named state is populated
        good &= np.abs((surfaces(molecule, 2).states[0].conj() * psis[k]).sum(axis=0)) ** 2 > 0.05
    weights = (2.0 / 3.0, -1.0 / 12.0)
    A_rate = sum(w * (A[k + j] - A[k - j]) for j, w in enumerate(weights, 1)) / dt
    slope = sum(w * (np.roll(epsilon[k], -j) - np.roll(epsilon[k], j)) for j, w in enumerate(weights, 1)) / step
    E = found.electric_field.values[k, 0]
    assert np.allclose((A_rate - slope)[good], E[good], atol=2e-3 * np.abs(E[good]).max())


def test_named_gauges() -> None:
    molecule = crossing(256)
    times = np.arange(0.0, 3.01, 0.25)
    real, psis = ledger(molecule, "real", times)
    zero, _ = ledger(molecule, "zero-vector-potential", times)
    phase, _ = ledger(molecule, "adiabatic-phase", times, gauge_state=2)
    good = real.density.values > 1e-8 * real.density.values.max()
    p = real.velocity.values[:, 0] * 200.0
    assert np.allclose(real.vector_potential.values[:, 0][good], p[good], atol=1e-12)  # χ = √n
    assert np.all(zero.vector_potential.values[~np.isnan(zero.vector_potential.values)] == 0.0)
    # ⟨φ_2|Φ⟩ > 0: A = p - ∂ arg⟨φ_2|ψ⟩
    state = surfaces(molecule, 2).states[1]
    for k in (0, 6, 12):
        c = (state.conj() * psis[k]).sum(axis=0)
        slope = np.gradient(np.unwrap(np.angle(c)), molecule.mesh[0], edge_order=2)
        inner = (np.abs(c) ** 2 > 1e-3 * (np.abs(c) ** 2).max()) & good[k]
        given = phase.vector_potential.values[k, 0]
        assert np.allclose(given[inner], (p[k] - slope)[inner], atol=0.05 * max(np.abs(slope[inner]).max(), 1.0))


def test_temporal_gauge_gives_the_total_energy() -> None:
    """⟨Φ|∂_tΦ⟩ = 0: ⟨χ|H_n|χ⟩ = E_tot, H_n = (p + A)²/2M + ε_gi (theory A2)."""
    molecule = crossing(256)
    times = np.arange(0.0, 30.01, 0.25)
    found, _ = ledger(molecule, "temporal", times)
    for k in (0, 40, 120):
        n = found.density.values[k]
        T_marg = float(found.T_marg[k])
        epsilon = np.nansum(n * found.scalar_potential.values[k]) * molecule.volume
        assert abs(T_marg + epsilon - float(found.E_total[k])) < 1e-8
