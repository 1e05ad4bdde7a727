"""J6 desorption, J7 newns-anderson, J1/J2 heating: what their files promise, against independent theory.

Random tests have fixed seeds; thresholds are in standard errors.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

import nonadia as na

from .langevin_cases import ANGSTROM, EV, KELVIN, KT, PS, desorption, first_order_loss, heated, minimum, surface, table


@cache
def bond(bias: str, cold: bool = False, seed: int = 1) -> xr.Dataset:
    """1000 molecules for 10 ps; cold: the noise that a metal at 300 K would give this friction."""
    forces = desorption(bias)
    if cold:
        forces = forces.assign(noise=KT * forces.friction)
    return na.langevin(
        table(forces), trajectories=1000, duration=10 * PS, step=10.0, initial={"temperature": KT, "x": 1.79 * ANGSTROM},
        exits={"dissociated": f"x > {5 * ANGSTROM}"}, seed=seed,
    )  # fmt: skip


def probability(result: xr.Dataset) -> tuple[float, float]:
    """Of the first exit, with its standard error."""
    return float(result.exit_probability[0]), float(result.error_exit_probability[0])


def test_the_bond_has_the_barriers_that_the_file_says() -> None:
    for bias, barrier in (("0 V", 0.284), ("1 V", 0.203)):
        field = table(desorption(bias))
        bottom = minimum(field, 1.6 * ANGSTROM, 1.95 * ANGSTROM)
        x = np.linspace(bottom, 2.3 * ANGSTROM, 4001)[:, None]
        potential = field.potential(x)
        assert potential is not None
        assert (potential.max() - potential[0]) / EV == pytest.approx(barrier, abs=2e-3), bias


def test_current_breaks_the_bond_the_more_the_higher_the_bias() -> None:
    found = [probability(bond(bias)) for bias in ("0 V", "0.5 V", "1 V")]
    assert found[0][0] < 0.005
    for (low, error), (high, other) in pairwise(found):
        assert high - low > 5 * np.hypot(error, other)
    for value, error in found[1:]:  # independent trajectories
        assert error == pytest.approx(np.sqrt(value * (1 - value) / 1000), rel=0.02)
        assert all(bond(bias).attrs["converged"] for bias in ("0 V", "0.5 V", "1 V"))


def test_another_seed_differs_by_no_more_than_the_error_bars_allow() -> None:
    (one, error), (two, other) = probability(bond("1 V")), probability(bond("1 V", seed=2))
    assert one != two and abs(one - two) < 4 * np.hypot(error, other)


def test_the_bond_breaks_by_heating_more_than_by_the_lower_barrier() -> None:
    (full, error), (cold, other) = probability(bond("1 V")), probability(bond("1 V", cold=True))
    assert full - 5 * error > 20 * (cold + 3 * other)


def test_heated_bonds_break_at_the_rate_of_the_fokker_planck_equation() -> None:
    """First-passage times of 40 ps against the slowest decay of the density in phase space: no common code but the table."""
    from nonadia.langevin.fokker_planck.escape import fokker_planck_escape

    field, threshold = table(desorption("1 V")), 2.3 * ANGSTROM
    exact = fokker_planck_escape(field, upper=threshold, tolerance=1e-2)
    assert exact.attrs["converged"]
    result = na.langevin(
        field, trajectories=2000, duration=40 * PS, step=14.0, initial={"temperature": KT, "x": 1.79 * ANGSTROM},
        exits={"dissociated": f"x > {threshold}"},
    )  # fmt: skip
    rate, error = float(result.exit_rate), float(result.error_exit_rate)
    assert error < 0.04 * rate and abs(rate - float(exact.escape_rate)) < 3.5 * error


def test_everyone_who_left_left_beyond_the_threshold_and_survival_is_one_minus_that() -> None:
    result = bond("1 V")
    left = result.exit_index.values >= 0
    np.testing.assert_allclose(result.exit_position.values[left, 0], 5 * ANGSTROM, rtol=1e-12)
    assert (result.exit_momentum.values[left] > 0).all() and np.isnan(result.exit_time.values[~left]).all()
    assert float(result.survival[-1]) == pytest.approx(1 - left.mean(), abs=1e-12)
    assert float(result.exit_probability.sum()) == pytest.approx(1.0, abs=1e-12)


@cache
def bounce(energy: float, friction: bool = True) -> xr.Dataset:
    """4000 molecules of this energy (hartree) towards the metal, for 10 ps."""
    field = surface(friction)
    p = -np.sqrt(2 * field.masses[0] * energy)
    return na.langevin(
        field, trajectories=4000, duration=10 * PS, initial={"z": 7.5 * ANGSTROM, "p": p},
        exits={"scattered": f"z > {8 * ANGSTROM}"},
    )  # fmt: skip


def test_scattering_and_sticking_are_all_there_is_and_fast_molecules_do_not_stick() -> None:
    stuck = []
    for energy in (0.01, 0.05, 0.2):
        result = bounce(energy * EV)
        assert float(result.exit_probability.sum()) == pytest.approx(1.0, abs=1e-12)
        stuck.append((float(result.exit_probability[1]), float(result.error_exit_probability[1])))
    for (slow, error), (fast, other) in pairwise(stuck):
        assert slow - fast > 5 * np.hypot(error, other)
    assert stuck[0][0] > 0.5 and stuck[-1][0] < 0.002


def test_the_mean_energy_loss_is_the_first_order_in_the_friction() -> None:
    for energy in (0.2, 0.4):
        result = bounce(energy * EV)
        loss, error = float(result.energy_loss[0]), float(result.error_energy_loss[0])
        expected = first_order_loss(surface(), energy * EV, KT, 7.4 * ANGSTROM)
        assert loss > 10 * error and error < 0.03 * loss
        # second order: a molecule that has lost energy loses less; twice the loss relative to the energy in the well
        assert abs(loss - expected) < 3 * error + expected**2 / (0.9 + energy) / EV


def test_the_spread_of_the_loss_is_that_of_thermal_noise() -> None:
    result = bounce(0.4 * EV)
    p = result.exit_momentum.values[:, 0]
    final = p**2 / (2 * surface().masses[0])
    expected = np.sqrt(2 * KT * first_order_loss(surface(), 0.4 * EV, 0.0, 7.4 * ANGSTROM))
    assert final.std(ddof=1) == pytest.approx(expected, rel=4 / np.sqrt(2 * len(p)) + 0.02)  # 2%: second order


def test_without_friction_every_molecule_comes_back_with_its_energy() -> None:
    result = bounce(0.01 * EV, friction=False)
    assert float(result.exit_probability[0]) == pytest.approx(1.0, abs=1e-12)
    assert abs(float(result.energy_loss[0])) < 1e-5 * EV


def golden_rule(z: float, quantum: float, mass: float) -> float:
    """Net rate at which electrons take quanta: π/(mω) Σ |⟨k'|∂H/∂z|k⟩|² (f_k - f_k') δ(ε_k' - ε_k - ω), from diagonalization.

    The values of newns-anderson, the band as levels: 2 meV apart near the Fermi energy, farther out coarser.
    """
    outer = np.geomspace(1.0, 400.0, 300)
    edges = np.concatenate([-outer[::-1], np.linspace(-1, 1, 1001)[1:-1], outer]) * EV
    middle, width, band = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges), 10 * EV
    hopping = np.sqrt(1.5 * EV * band**2 / (middle**2 + band**2) * width / (2 * np.pi))

    def hamiltonian(at: float) -> np.ndarray:
        r = at / ANGSTROM
        h = np.diag(np.concatenate([[(1.2 - np.exp(-0.7 * (r - 2.5))) * EV], middle]))
        h[0, 1:] = h[1:, 0] = hopping * 0.5 * (1 - np.tanh((r - 3.0) / 0.8))
        return h

    slope = (hamiltonian(z + 1e-4) - hamiltonian(z - 1e-4)) / 2e-4
    energies, states = np.linalg.eigh(hamiltonian(z))
    near = np.abs(energies) < 0.9 * EV
    energies, states = energies[near], states[:, near]
    elements, occupied = states.T @ slope @ states, 1 / (1 + np.exp(energies / KT))
    gap, blur = energies[:, None] - energies[None, :], 5e-3 * EV
    delta = np.exp(-0.5 * ((gap - quantum) / blur) ** 2) / (blur * np.sqrt(2 * np.pi))
    return float(np.pi / (mass * quantum) * (elements**2 * (occupied[None, :] - occupied[:, None]) * delta).sum())


def test_the_vibration_relaxes_at_the_golden_rule_rate_which_is_friction_over_mass() -> None:
    field = surface()
    bottom, mass = minimum(field, 1.9 * ANGSTROM, 2.3 * ANGSTROM), float(field.masses[0])
    at = np.array([[bottom]])
    stiffness = -float((field.force(at + 0.01) - field.force(at - 0.01))[0, 0]) / 0.02
    friction = float(field.local(at)[0][0, 0, 0]) / mass
    assert golden_rule(bottom, np.sqrt(stiffness / mass), mass) == pytest.approx(friction, rel=3e-3)
    result = na.langevin(field, trajectories=2500, duration=40 * PS, initial={"z": 2.36 * ANGSTROM, "p": 0.0}, step=40.0)
    rate, error = float(result.relaxation_rate), float(result.error_relaxation_rate)
    assert error < 0.05 * friction
    # 2%: friction varies along the orbit (+1.5%), its mean grows with the energy (-2.5%)
    assert abs(rate - friction) < 3 * error + 0.02 * friction


@cache
def temperature(name: str, bias: str, duration: float) -> tuple[float, float]:
    """Kinetic temperature (K) of the steady state of 1000 junctions after some picoseconds, and its error."""
    changed = {}
    if name == "constant":  # the override that the file names
        changed = {"leads__L__profile": "1", "leads__R__profile": "1", "parameters__Gamma": "25 meV"}
    field = table(heated("junction-heating", bias, **changed), {"x": {"lower": "linear", "upper": "linear"}})
    result = na.langevin(
        field, trajectories=1000, duration=duration * PS, initial={"temperature": KT, "x": -5.7}, step=100.0
    )
    assert result.attrs["steady_state"] and result.attrs["converged"], (name, bias, result.attrs)
    return float(result.steady_kinetic_temperature[0]) / KELVIN, float(result.error_steady_kinetic_temperature[0]) / KELVIN


def test_without_bias_the_junction_is_as_hot_as_its_leads() -> None:
    for name in ("constant", "position dependent"):
        value, error = temperature(name, "0 V", 150.0)
        assert error < 4.0 and abs(value - 300) < 3.5 * error, name


def test_a_bias_heats_and_the_switching_of_the_coupling_takes_heat_away() -> None:
    """The stationary solution of the Fokker-Planck equation has 789.2 K for the constant coupling."""
    constant, switched = temperature("constant", "0.2 V", 100.0), temperature("position dependent", "0.2 V", 400.0)
    assert abs(constant[0] - 789.2) < 3.5 * constant[1]
    assert switched[0] - 300 > 10 * switched[1]
    assert constant[0] - switched[0] > 20 * np.hypot(constant[1], switched[1])


@pytest.mark.slow
def test_the_same_bonds_break_in_the_ase_dynamics() -> None:
    """The same start and the same noise, other code: bond by bond the same fate, to a step the same time."""
    from ase import Atoms

    from nonadia.interop import FrictionDynamics
    from nonadia.interop.ase_coordinates import LinearMap
    from nonadia.interop.ase_units import LENGTH, MASS, MOMENTUM, TIME
    from nonadia.langevin.initial import sample

    field, start, members = table(desorption("1.5 V")), {"temperature": KT, "x": 1.79 * ANGSTROM}, 8
    result = na.langevin(
        field, trajectories=members, duration=3 * PS, step=16.0, initial=start, exits={"dissociated": f"x > {5 * ANGSTROM}"}
    )
    x, p = sample(start, field, members, 1)
    left = 0
    for member in range(members):
        atoms = Atoms("Ar", positions=[[x[member, 0] / LENGTH, 0, 0]], masses=[field.masses[0] / MASS])
        atoms.set_momenta([[p[member, 0] / MOMENTUM, 0, 0]])
        step = result.attrs["step"]
        dynamics = FrictionDynamics(atoms, step / TIME, field, LinearMap.of_atoms(1, [0], [0]), seed=1, member=member)
        time = np.nan
        for _ in dynamics.irun(int(result.attrs["steps"])):
            if dynamics.x[0] > 5 * ANGSTROM:
                time = dynamics.nsteps * step
                break
        left += np.isfinite(time)
        expected = float(result.exit_time[member])
        assert np.isnan(time) == np.isnan(expected) and not abs(time - 0.5 * step - expected) > step, member
    assert 0 < left < members
