"""The study of levels of theory: its scales and definitions against closed forms; its inputs are valid."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from nonadia.dynamics import heom_dynamics
from nonadia.runs.experiment import load
from nonadia.studies import levels_of_theory
from nonadia.studies.levels_of_theory.model import (
    BAND,
    CASES,
    FORCE_CONSTANT,
    SLOPE,
    TEMPERATURE,
    WIDTH,
    X_M,
    X_START,
    Case,
    adiabatic_potential,
    classical_equilibrium,
    harmonic_energy,
    junction,
    quantum_energy,
    relaxation_time,
    start_energy,
)
from nonadia.studies.levels_of_theory.table import Row, markdown, quantum_row, row
from nonadia.studies.study import Run
from nonadia.units import EV, FS


def test_the_potential_is_symmetric_and_softened_about_its_minimum() -> None:
    away = np.linspace(0.1, 4.0, 9)
    np.testing.assert_allclose(adiabatic_potential(X_M + away), adiabatic_potential(X_M - away), atol=1e-8)
    assert np.all(adiabatic_potential(X_M + away) > 0)
    # dn/dε = ∫ f ∂_ε A de/2π, A = -2 Im G, ∂_ε G = G²
    energy = np.linspace(-60.0, 60.0, 1_200_001) * WIDTH
    green = 1 / (energy - WIDTH / 2 * BAND / (energy + 1j * BAND))
    filled = 0.5 * (1 - np.tanh(energy / (2 * TEMPERATURE)))
    softened = FORCE_CONSTANT + SLOPE**2 * np.trapezoid(filled * -2 * (green**2).imag, energy) / (2 * np.pi)
    h = 0.05
    curvature = (adiabatic_potential(X_M + h) + adiabatic_potential(X_M - h)) / h**2
    assert abs(curvature / softened - 1) < 2e-3


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_all_levels_start_with_the_same_energy(case: Case) -> None:
    initial = {"electrons": "empty", "vibrations": {"b": {"displacement": X_START / case.scale}}}
    found = heom_dynamics(junction(case.ratio), [0.0], initial=initial, tiers=1, poles=1, positions=np.linspace(-9, 9, 181))
    assert abs(quantum_energy(case, found)[0] / start_energy(case) - 1) < 1e-4
    assert abs(case.scale * float(found.position[0, 0]) / X_START - 1) < 1e-4


def test_steady_energies_meet_where_the_quantum_is_small() -> None:
    slow, _, fast = CASES
    assert abs(classical_equilibrium() / TEMPERATURE - 1) < 0.02
    assert harmonic_energy(slow) / TEMPERATURE < 1.1 < 1.6 < harmonic_energy(fast) / TEMPERATURE
    assert harmonic_energy(fast) > 0.5 * np.sqrt(0.7) * fast.frequency


def test_a_relaxation_time_is_that_of_the_exponential() -> None:
    times = np.linspace(0.0, 500.0, 201)
    assert abs(relaxation_time(times, 0.2 + 0.3 * np.exp(-times / 73.0), 0.2) / 73.0 - 1) < 1e-6


def test_the_inputs_of_the_study_are_valid_and_its_masses_right() -> None:
    study = levels_of_theory.study()
    runs = [entry for entry in study.runs if isinstance(entry, Run)]
    assert len(runs) == 6
    for entry in runs:
        case = next(c for c in CASES if entry.name.endswith(c.name))
        model = load(entry.example, dict(entry.overrides)).model
        np.testing.assert_allclose(model.masses, case.mass_factor / FORCE_CONSTANT)
        np.testing.assert_allclose(model.at([0.3]).h, junction().at([0.3]).h)
    assert {figure.name for figure in study.figures} == {"figure-1", "figure-2"}


def test_the_table_leaves_out_what_a_level_does_not_have() -> None:
    rows = [
        Row(CASES[0], "quantum vibration", 412.34, 1.26, 1.0549, 0.002, 0.1234, 98.0),
        Row(CASES[0], "closed metal", np.nan, np.nan, np.nan, np.nan, 0.13, 98.0),
    ]
    lines = markdown(rows).splitlines()
    assert lines[2] == "| 0.97 | quantum vibration | 412.34 ± 1.26 | 1.055 ± 0.002 | 0.123 until 98 fs |"
    assert lines[3] == "| 0.97 | closed metal | – | – | 0.130 until 98 fs |"
    assert row(rows, "slow", "closed").transferred == 0.13


def test_errors_of_the_quantum_vibration_are_the_stated_ones() -> None:
    """E_∞ ± its own stated error; τ by a shift of E(t): E - E_∞ = A e^{-t/τ} ± δ, to first order in δ."""
    case = CASES[1]
    times, tau, delta = np.linspace(0.0, 4000.0, 201), 900.0, 1e-5
    momentum = np.sqrt(2 / case.frequency * (0.002 + 0.008 * np.exp(-times / tau)))
    last = np.sqrt(2 / case.frequency * 0.002)
    found = xr.Dataset(
        {
            "momentum": (("time", "vibration"), np.append(momentum, last)[:, None]),
            "momentum_variance": (("time", "vibration"), np.zeros((202, 1))),
            "position_density": (("time", "vibration", "grid"), np.zeros((202, 1, 11))),
            "error_vibrational_energy": (("time", "vibration"), np.append(np.full(201, delta), 3 * delta)[:, None]),
        },
        coords={"time": np.append(times, np.inf), "grid": np.linspace(-1.0, 1.0, 11)},
    )
    shown = quantum_row(case, found, 1000.0)
    assert abs(shown.time * FS / tau - 1) < 1e-6
    assert abs(shown.steady_error * TEMPERATURE / (3 * delta) - 1) < 1e-9
    shape = np.stack([np.exp(-times / tau), 0.008 * times / tau**2 * np.exp(-times / tau)], axis=1)
    moved = np.linalg.lstsq(shape, np.full(201, delta), rcond=None)[0][1]
    assert abs(shown.time_error * FS / moved - 1) < 1e-3
    assert abs(shown.transferred * EV / (0.008 * (1 - np.exp(-1000.0 / tau))) - 1) < 1e-4
