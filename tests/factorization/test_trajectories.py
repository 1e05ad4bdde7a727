"""Trajectories say how far they are off, stay on the grid, and the mean force on them is that on the packet."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nonadia as na
from nonadia.factorization import trajectories
from nonadia.factorization.along import Ledger
from nonadia.factorization.newton import newton_verdict
from nonadia.factorization.problem import Problem
from nonadia.factorization.trajectories import Trajectories
from nonadia.models.molecule import Molecule
from nonadia.runs.errors import InputError
from nonadia.wavepacket.propagate import snapshots
from tests.runs.closed_inputs import MOLECULE, changed
from tests.wavepacket.models import crossing, jahn_teller, packet


def followed(molecule: Molecule, times: np.ndarray, quantum: int, center: float = 0.5):  # type: ignore[no-untyped-def]
    """(/trajectories, /factorization) of a run with both kinds."""
    psi = packet(molecule, (0.8, 0.6j) if molecule.states > 1 else (1.0,), center=center)
    ledger = Ledger(molecule, times.tolist(), fields="none")
    made = Trajectories(Problem.of(molecule), newton=True, quantum=quantum)
    pairs = [(made.record(s), ledger.record(s)) for s in snapshots(molecule, psi, times.tolist(), tolerance=1e-9)]
    records = [pair[1] for pair in pairs]
    return made.dataset(times.tolist(), [pair[0] for pair in pairs], records), ledger.dataset(times, records)


def test_the_mean_force_on_quantum_trajectories_is_the_rate_of_the_momentum() -> None:
    """Theory A7 (ii): Σ_k F(R_k, t)/N → dP/dt."""
    found, ledger = followed(crossing(256), np.linspace(0.0, 10.0, 21), 800)
    mean, rate = found.quantum_force.values.mean(axis=1)[:, 0], ledger.identity_momentum_lhs.values[:, 0]
    assert np.abs(mean - rate).max() < 2e-3 * np.abs(rate).max()
    assert found.attrs["converged"] == 1 and json.loads(found.attrs["messages"]) == []
    assert found.attrs["quantum_error"] < 1e-4


def test_the_force_on_a_trajectory_in_the_plane_is_that_of_the_grid() -> None:
    """Its values are those of `na.factorize` at the nearest grid point, up to the half step between."""
    molecule = jahn_teller(64)
    psi = packet(molecule, (0.8, 0.6j), center=0.5)
    made = Trajectories(Problem.of(molecule), quantum=300)
    *_, last = snapshots(molecule, psi, [0.0, 10.0], tolerance=1e-9)
    record = made.record(last)
    found = na.factorize(last.psi, hamiltonian=molecule)
    x, force = record["quantum_position"], record["quantum_force"]
    steps = np.array([c.step for c in molecule.coordinates])
    start = np.array([c.start for c in molecule.coordinates])
    near = np.rint((x - start) / steps).astype(int)
    there = found.force.values[:, near[:, 0], near[:, 1]].T
    size = np.nanstd(there)
    assert np.corrcoef(there.ravel(), force.ravel())[0, 1] > 0.99
    assert np.sqrt(np.mean((there - force) ** 2)) < 0.2 * size  # half a grid step away


def test_stored_times_that_do_not_suffice_are_said() -> None:
    """Too few times: both kinds say so, and positions stay finite and on the grid."""
    for molecule in (crossing(256), jahn_teller(64)):
        found, _ = followed(molecule, np.linspace(0.0, 400.0, 4), 20)
        x = found.quantum_position
        assert np.all(np.isfinite(x.values)) and np.all(np.isfinite(found.quantum_force.values))
        for c in molecule.coordinates:
            part = x.sel(coordinate=c.name).values
            assert part.min() >= c.start and part.max() < c.stop
        messages = json.loads(found.attrs["messages"])
        assert found.attrs["converged"] == 0 and len(messages) == 2
        assert all("store more often" in message for message in messages)
        assert found.attrs["quantum_error"] > 1e-3


def test_the_error_in_the_plane_falls_with_the_fourth_power_of_the_interval() -> None:
    molecule = jahn_teller(48)
    coarse, fine = (followed(molecule, np.linspace(0.0, 12.0, n + 1), 20)[0] for n in (6, 12))
    assert coarse.attrs["quantum_error"] > 8.0 * fine.attrs["quantum_error"] > 0.0
    a, b = coarse.quantum_position.values[-1], fine.quantum_position.values[-1]
    assert np.abs(a - b).max() < 1e-2


def test_a_vector_potential_that_depends_on_time_keeps_the_fourth_power() -> None:
    """The rate of n p_a is then that of n A_a, too: with a wrong one the error falls with the first power only."""
    molecule = jahn_teller(32, vector={"x": "(1 + y)*sin(0.3*t)*exp(-(y/2)**8)"})
    coarse, fine = (followed(molecule, np.linspace(0.0, 6.0, n + 1), 20)[0] for n in (6, 12))
    assert coarse.attrs["quantum_error"] > 8.0 * fine.attrs["quantum_error"] > 0.0


def test_runge_kutta_is_of_order_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two stored times, with 1, 2, 4 and 64 steps: half the step, a sixteenth of the error."""
    molecule, times = crossing(128), np.array([0.0, 40.0])
    monkeypatch.setattr(trajectories, "_CELLS", np.inf)

    def reached(steps: int) -> np.ndarray:
        monkeypatch.setattr(trajectories, "_FEWEST_STEPS", steps)
        return np.asarray(followed(molecule, times, 40)[0].quantum_position.values[-1])

    exact = reached(64)
    errors = [float(np.abs(reached(steps) - exact).max()) for steps in (1, 2, 4)]
    assert errors[0] > 10.0 * errors[1] > 100.0 * errors[2] > 0.0


def test_an_absorber_that_takes_norm_is_said() -> None:
    molecule = crossing(128, absorber="0.05*(1+tanh(4*(R-1)))")
    found, ledger = followed(molecule, np.linspace(0.0, 20.0, 41), 10)
    messages = json.loads(found.attrs["messages"])
    assert found.attrs["converged"] == 0
    assert [message.split()[0] for message in messages] == ["quantum", "Newton"]
    assert all("need a conserved norm" in message for message in messages)
    norm = ledger.norm.values[:, None]
    assert norm.min() < 0.9
    assert np.allclose(found.exact_position.values, ledger.position.values / norm)
    kinetic = ((ledger.momentum.values / norm) ** 2).sum(axis=1) / 400.0
    assert np.allclose(found.exact_kinetic_energy.values, kinetic)


def test_verdict_on_newton() -> None:
    assert newton_verdict(1e-5, 0.1, 0.0) == []
    assert "store more often" in newton_verdict(2e-4, 0.1, 0.0)[0]
    assert "store more often" in newton_verdict(np.nan, 0.1, 0.0)[0]


def test_a_ramp_that_is_negative_by_rounding_absorbs() -> None:
    """(R - c) + |R - c| is -4e-19 at some points on the left."""
    data = changed(MOLECULE, "absorber", {"potential": "0.0005*((R - 0.9) + abs(R - 0.9))"})
    data = changed(changed(data, "trajectories", {"newton": True}), "propagation.duration", "20 fs")
    result = na.run(changed(data, "propagation.store_every", "1 fs"))
    assert 0.1 < float(result["wavepacket/norm"][-1]) < 1.0 - 1e-6
    assert "need a conserved norm" in str(result["convergence/messages"].values)
    with pytest.raises(InputError, match=r"absorber\.potential: is negative"):
        na.run(changed(data, "absorber.potential", "0.0005*(R - 0.9)"))


def test_a_run_with_bad_trajectories_has_not_converged() -> None:
    """The group takes part in the verdict of the run."""
    data = changed(changed(MOLECULE, "trajectories", {"newton": True, "quantum": 10}), "propagation.duration", "10 fs")
    result = na.run(changed(data, "propagation.store_every", "5 fs"))
    assert result.attrs["converged"] == 0
    assert "store more often" in str(result["convergence/messages"].values)
