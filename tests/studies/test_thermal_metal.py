"""Closed metal with electrons at a temperature: few packets against one for every electronic state."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.models.determinants import occupations
from nonadia.studies.levels_of_theory.closed_metal import closed_metal
from nonadia.studies.levels_of_theory.closed_system import ClosedSystem
from nonadia.studies.levels_of_theory.thermal_metal import free_energy, thermal_metal, thermal_packets
from nonadia.units import EV

SMALL = ClosedSystem(0.25, spacing=0.1 * EV)
HOT = 0.08 * EV


def test_the_packets_are_the_canonical_state() -> None:
    """(1/S) Σ_s |s⟩⟨s| = e^{-H/kT}/Z of the many-electron matrix; exact from S = C(N, n) on."""
    molecule = SMALL.molecule(SMALL.metal(4))
    terms = molecule.hamiltonian_terms()
    assert terms is not None
    matrix = (terms[0][1] + float(SMALL.energy(SMALL.start)) * terms[1][1]).toarray()
    energies, vectors = np.linalg.eigh(matrix)
    weight = np.exp(-(energies - energies[0]) / HOT)
    exact = (vectors * (weight / weight.sum())) @ vectors.T
    for samples, close in ((6, 1e-12), (9, 1e-12), (3, 1e-3)):
        packets = thermal_packets(SMALL, molecule, HOT, samples)
        mean = sum(np.einsum("ix,jx->ij", psi, psi.conj()) for psi in packets) * molecule.volume / samples
        assert np.trace(mean).real == pytest.approx(1.0, abs=1e-12)
        assert np.abs(mean - exact).max() < close
        in_eigenstates = np.einsum("ki,kl,li->i", vectors, mean, vectors).real
        np.testing.assert_allclose(in_eigenstates, weight / weight.sum(), atol=1e-12)
    assert np.abs(mean - exact).max() > 1e-5  # three packets are an approximation


def test_few_packets_come_near_the_exact_mean() -> None:
    options = {"orbitals": 4, "duration": 600.0, "stored": 7, "system": SMALL}
    exact = thermal_metal(0.25, HOT, samples=6, **options)  # type: ignore[arg-type]
    few = thermal_metal(0.25, HOT, samples=4, **options)  # type: ignore[arg-type]
    np.testing.assert_allclose(few.nuclear_energy, exact.nuclear_energy, atol=5e-3 * EV)
    assert np.abs(few.nuclear_energy - exact.nuclear_energy).max() <= 1.5 * few.attrs["sampling_error"]
    assert exact.attrs["energy_drift"] < 1e-11
    assert exact.attrs["converged"] == 1
    for name in exact.data_vars:
        assert exact[name].attrs["units"] and exact[name].attrs["long_name"]


def test_cold_electrons_are_those_of_the_ground_state() -> None:
    options = {"orbitals": 4, "duration": 600.0, "stored": 4, "system": SMALL}
    cold = thermal_metal(0.25, 1e-4 * EV, samples=1, **options)  # type: ignore[arg-type]
    ground = closed_metal(0.25, compared=(), **options)  # type: ignore[arg-type]
    np.testing.assert_allclose(cold.nuclear_energy, ground.nuclear_energy, atol=1e-9)
    np.testing.assert_allclose(cold.density, ground.density, atol=1e-8)
    np.testing.assert_allclose(cold.free_energy, ground.lowest_surface, atol=1e-9)


def test_the_slope_of_the_free_energy_is_the_mean_force() -> None:
    molecule = SMALL.molecule(SMALL.metal(6))
    x, step = np.array([-1.5, -0.2, 1.0]), 1e-4
    slope = (free_energy(SMALL, molecule, HOT, x + step) - free_energy(SMALL, molecule, HOT, x - step)) / (2.0 * step)
    filled = occupations(molecule.masks, 6)
    for value, at in zip(slope, x, strict=True):
        energies, basis = np.linalg.eigh(molecule.metal.one_electron(float(SMALL.energy(at))))
        weight = np.exp(-(filled @ energies - (filled @ energies).min()) / HOT)
        population = weight @ (filled @ basis[0] ** 2) / weight.sum()
        assert value == pytest.approx(SMALL.force_constant * at + SMALL.slope * population, abs=1e-9)


def test_bad_arguments_are_refused() -> None:
    molecule = SMALL.molecule(SMALL.metal(4))
    with pytest.raises(ValueError, match="positive kT"):
        thermal_packets(SMALL, molecule, 0.0, 4)
    with pytest.raises(ValueError, match="at least one packet"):
        thermal_packets(SMALL, molecule, HOT, 0)
