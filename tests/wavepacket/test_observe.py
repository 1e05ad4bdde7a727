"""Momentum and energies with a vector potential on the nuclei, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.models.molecule import GridCoordinate, Molecule, States
from nonadia.wavepacket.observe import Observer
from nonadia.wavepacket.propagate import snapshots

from .models import field


def test_kinetic_momentum_in_a_vector_potential() -> None:
    """A = a R, ψ ∝ exp(-(R-c)²/2w² + ipR): ⟨P⟩ = p + ac, T = [1/(2w²) + a²w²/2 + (p + ac)²]/2M, E = T + ⟨U⟩."""
    M, a, c, w, p = 80.0, 1.5, 0.4, 0.5, 2.0
    axis = GridCoordinate("R", M, -6.0, 6.0, 128)
    molecule = Molecule([axis], States(1, {(0, 0): field("0.1*R**2", "R")}), vector={"R": field(f"{a}*R*exp(-(R/5)**16)", "R")})
    R = molecule.mesh[0]
    psi = np.exp(-((R - c) ** 2) / (2.0 * w**2) + 1j * p * R)[None]
    psi /= np.sqrt(np.sum(np.abs(psi) ** 2) * molecule.volume)
    record = Observer(molecule, [0.0]).record(next(iter(snapshots(molecule, psi, [0.0, 1.0]))))
    kinetic = (1.0 / (2.0 * w**2) + 0.5 * (a * w) ** 2 + (p + a * c) ** 2) / (2.0 * M)
    potential = 0.1 * (c**2 + 0.5 * w**2)
    assert record["momentum"][0] == pytest.approx(p + a * c, abs=1e-9)
    assert float(record["nuclear_kinetic_energy"]) == pytest.approx(kinetic, abs=1e-9)
    assert float(record["BO_energy"]) == pytest.approx(potential, abs=1e-9)
    assert float(record["energy"]) == pytest.approx(kinetic + potential, abs=1e-9)


def test_energies_with_an_external_potential_on_the_nuclei() -> None:
    """v = b R², U = 0.1 R²: T = [1/(2w²) + p²]/2M, ⟨v⟩ = b (c² + w²/2), E = T + ⟨U⟩ + ⟨v⟩."""
    M, b, c, w, p = 80.0, 0.05, 0.4, 0.5, 2.0
    axis = GridCoordinate("R", M, -6.0, 6.0, 128)
    molecule = Molecule([axis], States(1, {(0, 0): field("0.1*R**2", "R")}), scalar=field(f"{b}*R**2", "R"))
    R = molecule.mesh[0]
    psi = np.exp(-((R - c) ** 2) / (2.0 * w**2) + 1j * p * R)[None]
    psi /= np.sqrt(np.sum(np.abs(psi) ** 2) * molecule.volume)
    record = Observer(molecule, [0.0]).record(next(iter(snapshots(molecule, psi, [0.0, 1.0]))))
    kinetic, square = (1.0 / (2.0 * w**2) + p**2) / (2.0 * M), c**2 + 0.5 * w**2
    assert float(record["external_energy"]) == pytest.approx(b * square, abs=1e-9)
    assert float(record["BO_energy"]) == pytest.approx(0.1 * square, abs=1e-9)
    assert float(record["nuclear_kinetic_energy"]) == pytest.approx(kinetic, abs=1e-9)
    assert float(record["energy"]) == pytest.approx(kinetic + (0.1 + b) * square, abs=1e-9)
