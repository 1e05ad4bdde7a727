"""Steps from a tolerance, resumption, faults of step and grid; closed forms of free and harmonic motion."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nonadia as na
from nonadia.models.initial import Diabatic, Gaussian, InitialState
from nonadia.models.molecule import GridCoordinate, Molecule, States
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.observe import Observer
from nonadia.wavepacket.propagate import StepError, snapshots

from .models import crossing, field, jahn_teller, packet, soft_ion

TIMES = [0.0, 10.0, 25.0, 40.0]


def last(molecule: Molecule, psi: np.ndarray, **options: object) -> np.ndarray:
    *_, end = snapshots(molecule, psi, TIMES, **options)  # type: ignore[arg-type]
    return end.psi.copy()


@pytest.mark.parametrize("method", ["split-operator", "krylov"])
@pytest.mark.parametrize("drive", ["", " + 0.05*sin(0.3*t)*exp(-R**2/4)"])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-7])
def test_the_error_bound_holds(method: str, drive: str, tolerance: float) -> None:
    molecule = crossing(64, drive=drive)
    psi = packet(molecule, (1.0, 0.0), center=-1.0, momentum=4.0)
    true = last(molecule, psi, method="chebyshev", tolerance=1e-11)
    *_, end = snapshots(molecule, psi, TIMES, method=method, tolerance=tolerance)
    error = np.linalg.norm(end.psi - true) * np.sqrt(molecule.volume)
    assert error <= 1.05 * end.error + 1e-10
    assert end.error <= tolerance


def test_a_fixed_step_states_its_error() -> None:
    molecule = crossing(64)
    psi = packet(molecule, (1.0, 0.0), center=-1.0, momentum=4.0)
    true = last(molecule, psi, method="chebyshev", tolerance=1e-11)
    *_, end = snapshots(molecule, psi, TIMES, order=2, step=0.5)
    error = np.linalg.norm(end.psi - true) * np.sqrt(molecule.volume)
    assert end.step <= 0.5
    assert 0.3 * end.error < error < 1.05 * end.error


def test_too_large_a_step_is_not_converged_and_says_so() -> None:
    molecule = crossing(64)
    initial = InitialState(Gaussian((-1.0,), (0.5,), (4.0,)), Diabatic(1))
    result = na.propagate(molecule, initial, 40.0, store_every=10.0, order=2, step=5.0, tolerance=1e-7)
    assert result.attrs["converged"] == 0
    assert "smaller step" in json.loads(result.attrs["messages"])[0]


def test_no_step_suffices_for_a_hamiltonian_that_is_not_smooth_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nonadia.wavepacket.propagate.MAX_STEPS", 4000)
    molecule = crossing(64, drive=" + 0.01*sin(1e6*t)*exp(-R**2)")
    psi = packet(molecule, (1.0, 0.3), center=0.0)
    with pytest.raises(StepError, match="smooth"):
        list(snapshots(molecule, psi, [0.0, 10.0], tolerance=1e-9))


@pytest.mark.parametrize("stop", [1, 2])
def test_a_resumed_propagation_equals_an_uninterrupted_one(stop: int) -> None:
    molecule = crossing(64, drive=" + 0.05*sin(0.3*t)*exp(-R**2/4)")
    psi = packet(molecule, (1.0, 0.0), center=-1.0, momentum=4.0)
    whole = [(s.psi.copy(), s.error, s.steps) for s in snapshots(molecule, psi, TIMES)]
    kept = whole[stop]
    steps = next(s.next_steps for s in snapshots(molecule, psi, TIMES) if s.index == stop)
    rest = [(s.psi.copy(), s.error, s.steps) for s in snapshots(molecule, psi, TIMES, resume=(stop, kept[0], kept[1], steps))]
    for one, other in zip(whole[stop + 1 :], rest, strict=True):
        assert np.array_equal(one[0], other[0])
        assert one[1:] == other[1:]


def test_norm_and_energy_are_conserved() -> None:
    for molecule in (crossing(64), jahn_teller(32), soft_ion(32, 64)):
        psi = packet(molecule, (0.8, 0.6j), center=0.3 if molecule.states else 3.0)
        h = Hamiltonian(molecule)
        before = h.energy(psi, 0.0)
        psi = last(molecule, psi, hamiltonian=h)
        assert abs(np.vdot(psi, psi).real * molecule.volume - 1.0) < 1e-12
        assert abs(h.energy(psi, 0.0) - before) < 1e-8


def test_h_is_hermitian_with_a_vector_potential() -> None:
    molecule = jahn_teller(24, vector={"x": "-2*y*exp(-x**2)", "y": "x"}, scalar="0.01*x*y*t")
    h = Hamiltonian(molecule)
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=(2, *molecule.shape)) @ np.eye(24) + 0j for _ in range(2))
    one, two = a[0] + 1j * a[1], b[0] + 1j * b[1]
    left, right = np.vdot(one, h.apply(two, 2.0)), np.vdot(h.apply(one, 2.0), two)
    assert abs(left - right) < 1e-12 * abs(left)


def test_free_packet() -> None:
    """Center c + pt/M, width w√(1 + (t/(Mw²))²)/√2, and ψ itself."""
    M, w, p, t = 50.0, 0.6, 3.0, 40.0
    molecule = Molecule([GridCoordinate("R", M, -12.0, 18.0, 200)], States(1, {}))
    found = na.propagate(molecule, InitialState(Gaussian((-1.0,), (w,), (p,))), t, store_every=10.0)
    R = molecule.mesh[0]
    s = 1.0 + 1j * t / (M * w**2)
    exact = np.exp(-((R + 1.0 - p * t / M) ** 2) / (2.0 * w**2 * s) + 1j * p * R - 1j * p**2 * t / (2.0 * M)) / np.sqrt(s)
    exact /= np.sqrt(w * np.sqrt(np.pi))
    assert np.max(np.abs(found.psi.values[-1, 0] - exact)) < 1e-7
    assert abs(found.position.values[-1, 0] - (-1.0 + p * t / M)) < 1e-9
    assert abs(found.width.values[-1, 0] - w * abs(s) / np.sqrt(2.0)) < 1e-9


def test_squeezed_harmonic_packet() -> None:
    """⟨R⟩ = c cos ωt, width² = (w²cos² + sin²/(Mωw)²)/2."""
    M, omega, w, c = 50.0, 0.1, 0.3, 1.0
    potential = field(f"{0.5 * M * omega**2}*R**2", "R")
    molecule = Molecule([GridCoordinate("R", M, -5.0, 5.0, 128)], States(1, {(0, 0): potential}))
    found = na.propagate(molecule, InitialState(Gaussian((c,), (w,), (0.0,))), 80.0, store_every=4.0, tolerance=1e-9)
    t = found.time.values
    assert np.max(np.abs(found.position.values[:, 0] - c * np.cos(omega * t))) < 1e-8
    width = np.sqrt(0.5 * ((w * np.cos(omega * t)) ** 2 + (np.sin(omega * t) / (M * omega * w)) ** 2))
    assert np.max(np.abs(found.width.values[:, 0] - width)) < 1e-8
    assert np.ptp(found.energy.values) < 1e-9


def test_a_packet_at_the_edge_is_noticed() -> None:
    molecule = Molecule([GridCoordinate("R", 50.0, -4.0, 4.0, 96)], States(1, {}))
    found = na.propagate(molecule, InitialState(Gaussian((0.0,), (0.5,), (4.0,))), 60.0, store_every=5.0)
    assert found.attrs["converged"] == 0
    (message,) = json.loads(found.attrs["messages"])
    assert "edge of the grid" in message and "larger box" in message


def test_a_momentum_that_grows_beyond_the_grid_is_noticed() -> None:
    molecule = Molecule([GridCoordinate("R", 50.0, -4.0, 4.0, 64)], States(1, {(0, 0): field("-R", "R")}))
    found = na.propagate(molecule, InitialState(Gaussian((-1.0,), (0.5,), (0.0,))), 24.0, store_every=2.0)
    assert any("largest momentum" in message for message in json.loads(found.attrs["messages"]))


def test_observed_values_are_those_of_the_definition() -> None:
    molecule = jahn_teller(32)
    psi = packet(molecule, (0.8, 0.6j), center=0.4, momentum=2.0)
    observer = Observer(molecule, [0.0])
    record = observer.record(next(iter(snapshots(molecule, psi, [0.0, 1.0]))))
    n = (np.abs(psi) ** 2).sum(axis=0)
    assert np.allclose(record["reduced_density"], n)
    assert np.allclose(record["population"], [0.64, 0.36])
    assert abs(record["adiabatic_population"].sum() - 1.0) < 1e-12
    assert np.allclose(record["momentum"], [2.0, 0.0], atol=1e-10)
    assert np.allclose(record["position"], [0.4, 0.0], atol=1e-10)
    assert np.allclose(record["width"], [np.sqrt(0.125)] * 2, atol=1e-8)


@pytest.mark.parametrize(
    ("method", "separable"), [("split-operator", True), ("split-operator", False), ("krylov", True), ("chebyshev", True)]
)
def test_a_pulse_between_two_stored_times_is_seen(method: str, separable: bool) -> None:
    """A spin turned by ∫f dt: population sin²; an eigenstate of the static H needs no steps before the pulse."""
    center, width, area = 96.0, 4.0, 0.6
    height = area / (width * np.sqrt(np.pi))
    pulse = f"{height}*exp(-((t-{center})/{width})**2)"
    if not separable:
        pulse = f"{height}*exp(-((t-{center}+1e-9*R)/{width})**2)"
    well = "0.005*R**2"
    entries = {(0, 0): field(well, "R"), (1, 1): field(well, "R"), (0, 1): field(pulse, "R")}
    molecule = Molecule([GridCoordinate("R", 100.0, -7.0, 7.0, 32)], States(2, entries))
    R = molecule.mesh[0]
    psi = np.zeros(molecule.shape, dtype=complex)
    psi[0] = np.exp(-(R**2) / 2.0) / np.pi**0.25
    *_, end = snapshots(molecule, psi, [0.0, 300.0], method=method, tolerance=1e-5)
    flipped = float((np.abs(end.psi[1]) ** 2).sum() * molecule.volume)
    assert abs(flipped - np.sin(area) ** 2) < 1e-4


def test_a_packet_that_leaves_and_returns_between_stored_times_is_noticed() -> None:
    molecule = Molecule([GridCoordinate("R", 50.0, -4.0, 4.0, 96)], States(1, {}))
    period = 8.0 * 50.0 / 8.0  # once around the box
    found = na.propagate(molecule, InitialState(Gaussian((0.0,), (0.6,), (8.0,))), period, store_every=period)
    assert found.attrs["converged"] == 0
    assert float(found.edge_density[1]) > 0.1
