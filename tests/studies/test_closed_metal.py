"""The closed few-level metal: energies that add up, perturbation theory with finite levels, and friction where it is dense."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

import nonadia as na
from nonadia.models.finite_metal import discretised_metal
from nonadia.studies.levels_of_theory.closed_metal import closed_metal
from nonadia.studies.levels_of_theory.closed_system import ClosedSystem
from nonadia.studies.levels_of_theory.mean_path import electron_hole_energy
from nonadia.units import EV

SMALL = ClosedSystem(0.25, spacing=0.1 * EV)


@pytest.fixture(scope="module")
def small() -> xr.Dataset:
    return closed_metal(0.25, orbitals=4, compared=(6,), duration=600.0, stored=13, system=SMALL)


def test_energies_add_up(small: xr.Dataset) -> None:
    total = small.T_marg + small.T_geo + small.E_BO
    np.testing.assert_allclose(total, small.E_total, atol=1e-9)
    np.testing.assert_allclose(small.nuclear_energy + small.electron_hole_energy, small.E_total, atol=1e-10)
    assert small.attrs["energy_drift"] < 1e-11
    assert np.all(small.electron_hole_energy > 0.0)
    assert small.electron_hole_energy.max() > 0.005 * EV
    assert np.all(small.T_geo[1:] > 0.0)


def test_identities_and_grid(small: xr.Dataset) -> None:
    assert small.attrs["converged"] == 1, small.attrs["messages"]
    assert small.attrs["max_residual_power"] < 1e-6
    assert small.attrs["max_residual_work"] < 1e-6
    assert small.attrs["density_at_edge"] < 1e-6
    dx = float(small.x[1] - small.x[0])
    np.testing.assert_allclose(small.density.sum("x") * dx, 1.0, atol=1e-10)


def test_the_start_is_vertical(small: xr.Dataset) -> None:
    assert float(small.position[0]) == pytest.approx(1.75, abs=1e-10)
    assert float(small.width[0]) == pytest.approx(SMALL.spread, rel=1e-8)
    assert float(small.T_geo[0]) == pytest.approx(0.0, abs=1e-12)
    assert float(small.T_marg[0]) == pytest.approx(SMALL.frequency / 4.0, rel=1e-8)
    metal = SMALL.metal(4)
    assert float(small.level_population[0]) == pytest.approx(float(metal.occupation(SMALL.energy(1.75), 2)), abs=1e-10)


def test_it_is_what_propagate_and_factorize_give(small: xr.Dataset) -> None:
    molecule = SMALL.molecule(SMALL.metal(4))
    assert molecule.states == 6
    run = na.propagate(molecule, SMALL.start_state(molecule), 600.0, store_every=300.0, tolerance=1e-8)
    np.testing.assert_allclose(run.position.values[:, 0], small.position.values[[0, 6, 12]], atol=1e-7)
    np.testing.assert_allclose(run.energy, small.E_total.values[[0, 6, 12]], atol=1e-10)
    ground = run.adiabatic_energy.values[0]
    np.testing.assert_allclose(ground, small.lowest_surface, atol=1e-10)
    ledger = na.factorize(run.psi.values[2], hamiltonian=molecule)
    for name in ("T_marg", "T_geo", "E_BO", "rate_T_marg"):
        assert float(ledger[name]) == pytest.approx(float(small[name][12]), abs=1e-8)


def test_the_dataset_is_labelled(small: xr.Dataset) -> None:
    for name in small.data_vars:
        assert small[name].attrs.get("units"), name
        assert small[name].attrs.get("long_name"), name
    assert small.electron_hole_energy_of.dims == ("orbitals", "time")
    np.testing.assert_array_equal(small.orbitals, [4, 6])
    np.testing.assert_array_equal(small.electron_hole_energy_of.sel(orbitals=4), small.electron_hole_energy)
    assert small.attrs["recurrence_time"] == pytest.approx(2.0 * np.pi / small.attrs["spacing"])
    assert 0.0 <= small.attrs["metal_until_6"] <= 600.0
    assert list(small.metal.values) == ["finite", "dense"]


# --- perturbation theory ---------------------------------------------------------------------------


def second_order(system: ClosedSystem, orbitals: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """E_eh to order c²: Σ_n c²M_n²/ω_n ⟨A†A⟩, A = ξ(0) + ∫_0^t ξ̇ e^{iω_n t'} dt' of the bare oscillator, ξ = x - x(0).

    n: pairs of an orbital above and one below the Fermi level, M_n = ⟨n|n_d|0⟩, ω_n the energy of the pair; ⟨A†A⟩ has the mean
    motion and the zero-point motion of x and p.
    """
    metal, frequency, mass = system.metal(orbitals), system.frequency, system.mass
    energies, vectors = np.linalg.eigh(metal.one_electron(float(system.energy(system.start))))
    filled = orbitals // 2
    element = np.outer(vectors[0, filled:], vectors[0, :filled]).ravel()
    pair = (energies[filled:, None] - energies[:filled]).ravel()

    def integral(sign: int) -> NDArray[np.complex128]:
        """∫_0^t e^{i(ω + sign Ω)t'} dt', (pairs, times)"""
        w = (pair + sign * frequency)[:, None]
        return np.asarray((np.exp(1j * w * times) - 1.0) / (1j * w))

    sine, cosine = (integral(1) - integral(-1)) / 2j, (integral(1) + integral(-1)) / 2.0
    mean = -system.start * frequency * sine
    alpha, beta = 1.0 - frequency * sine, cosine / mass
    x2, p2 = system.spread**2, 0.25 / system.spread**2
    quantum = np.abs(alpha) ** 2 * x2 + np.abs(beta) ** 2 * p2 - np.imag(np.conj(alpha) * beta)
    strength = system.slope**2 * element**2 / pair
    return np.asarray((strength[:, None] * (np.abs(mean) ** 2 + quantum)).sum(axis=0))


@pytest.mark.parametrize("mass_factor", [0.25, 4.0])
def test_electron_hole_pairs_of_a_weakly_coupled_vibration(mass_factor: float) -> None:
    """The exact packet against second order: the difference is of order c³, so halving c halves it relative to E_eh."""
    errors = []
    for slope in (2e-3 * EV, 1e-3 * EV):
        system = dataclasses.replace(SMALL, mass_factor=mass_factor, slope=slope, level=0.05 * EV)
        times = np.linspace(0.0, 2.2 * np.pi / system.frequency, 9)
        found = closed_metal(mass_factor, orbitals=4, compared=(), duration=times[-1], stored=9, system=system)
        expected = second_order(system, 4, times)
        errors.append(np.abs(found.electron_hole_energy.values / expected - 1.0).max())
    assert errors[1] < 0.02
    assert errors[1] == pytest.approx(0.5 * errors[0], rel=0.2)


def swing(system: ClosedSystem, duration: float, spacing: float) -> tuple[float, float, float]:
    """E_eh after one swing of the level through μ, ∫γẋ²dt, and spacing·Δn²/2.

    ẋ and ẍ vanish at both ends: switching the motion on and off makes no pairs.
    """
    metal = discretised_metal(system.width, system.bandwidth, 161, spacing, growth=1.05)
    times, fine = np.linspace(0.0, duration, 3), np.linspace(0.0, duration, 2001)

    def position(t: NDArray[np.float64] | float) -> NDArray[np.float64]:
        phase = np.pi * np.asarray(t) / duration
        return np.asarray(system.symmetric_point + 0.6 * (1.0 - 2.0 * (phase - np.sin(2.0 * phase) / 2.0) / np.pi))

    def level(t: float) -> float:
        return float(system.energy(position(t)))

    speed = -1.2 / duration * (1.0 - np.cos(2.0 * np.pi * fine / duration))
    friction = float(np.trapezoid(system.friction(position(fine)) * speed**2, fine))
    lost = electron_hole_energy(metal, level, times, 60, metal.orbitals // 2)[-1]
    charge = metal.occupation([level(0.0), level(duration)], metal.orbitals // 2)
    return float(lost), friction, 0.5 * metal.spacing * float(charge[1] - charge[0]) ** 2


def test_slow_motion_at_a_dense_metal_loses_what_friction_takes() -> None:
    """E_eh + spacing·Δn²/2 → ∫γẋ²dt as the motion becomes slow.

    With a fixed number N of electrons the charge Δn that the level gives to the metal is spread over it in the ground state
    but leaves as a pulse here: E_0(N) - E_0(μ) = spacing·Δn²/2 is not in E_eh, though no electron has come back yet.
    """
    system = ClosedSystem(1.0)
    errors = []
    for duration in (1000.0, 4000.0):
        lost, friction, charging = swing(system, duration, np.pi / (8.0 * duration))
        errors.append(abs((lost + charging) / friction - 1.0))
        assert 0.04 < charging / friction < 0.06
    assert errors[0] < 0.06 and errors[1] < 0.015
    lost, friction, charging = swing(system, 4000.0, np.pi / 4000.0)
    assert lost < 0.7 * friction
    assert lost + charging == pytest.approx(friction, rel=0.1)  # the mesh grows: the charge spreads over wider intervals, too
