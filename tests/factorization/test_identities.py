"""Both sides of EF(10), (17), (18), (19) with every kind of external field, rates against time differences, work of fields."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.factorization.along import Ledger
from nonadia.factorization.identities import components, planes
from nonadia.models.molecule import GridCoordinate, Molecule, Nucleus, States, grouped
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.propagate import snapshots
from tests.wavepacket.models import crossing, field, jahn_teller, packet, soft_ion

LASER = " + 0.05*sin(0.3*t)*exp(-R**2/4)"
CASES = {
    "static": (crossing(256), 0.5),
    "laser on the electrons": (crossing(256, drive=LASER), 0.5),
    "A(R, t) on the nucleus": (crossing(256, vector="3*tanh(R)*cos(0.2*t)", drive=LASER), 0.5),
    "plane": (jahn_teller(64), 0.5),
    "plane, laser": (jahn_teller(64, drive=" + 0.02*sin(0.3*t)*exp(-x**2-y**2)"), 0.5),
    "plane, A(R, t) with curl, v(R, t)": (
        jahn_teller(64, vector={"x": "-2*y*cos(0.2*t)", "y": "x"}, scalar="0.02*x*sin(0.3*t) + 0.01*y"),
        0.5,
    ),
    "electron in real space": (soft_ion(96, 64), 3.0),
}


def run(molecule: Molecule, times: np.ndarray, center: float):  # type: ignore[no-untyped-def]
    ledger = Ledger(molecule, times, fields="none", tolerance=1e-7)
    psi = packet(molecule, (0.8, 0.6j) if molecule.states else (1.0,), center=center, momentum=1.0)
    records = [ledger.record(s) for s in snapshots(molecule, psi, list(times), tolerance=1e-10)]
    return ledger.dataset(list(times), records)


@pytest.mark.parametrize("case", CASES)
def test_identities_close(case: str) -> None:
    molecule, center = CASES[case]
    found = run(molecule, np.linspace(0.0, 20.0, 9), center)
    assert found.attrs["converged"] == 1, found.attrs["messages"]
    for name in ("power", "momentum", "work", *(["angular_momentum"] if "plane" in case else [])):
        assert found.attrs[f"max_residual_{name}"] < 1e-6
        assert np.abs(found[f"identity_{name}_lhs"].values).max() > 1e-5  # there is something to balance
    if "curl" in case:
        assert np.abs(found.mean_intranuclear_force.values).max() > 1e-3


@pytest.mark.parametrize("case", CASES)
def test_rates_are_time_derivatives_of_what_they_belong_to(case: str) -> None:
    """Differences of order 4 in time, of quantities that the rates never see."""
    molecule, center = CASES[case]
    dt = 0.05
    found = (
        run(molecule, 5.0 + dt * np.arange(-2, 3), center)
        if not molecule.time_dependent
        else run(molecule, dt * np.arange(5), center)
    )

    def difference(name: str) -> np.ndarray:
        v = found[name].values
        return (8.0 * (v[3] - v[1]) - (v[4] - v[0])) / (12.0 * dt)

    for value, rate in (
        ("T_n", "rate_T_n"),
        ("T_marg", "rate_T_marg"),
        ("T_geo", "rate_T_geo"),
        ("E_BO", "rate_E_BO"),
        ("E_total", "power_external"),
        ("momentum", "identity_momentum_lhs"),
        *([("angular_momentum", "identity_angular_momentum_lhs")] if "plane" in case else []),
    ):
        exact = found[rate].values[2]
        assert np.allclose(difference(value), exact, atol=2e-7 + 1e-6 * np.abs(exact).max()), value


def test_work_of_the_field_is_the_energy_gained() -> None:
    molecule = crossing(128, drive=LASER)
    times = np.linspace(0.0, 40.0, 161)
    found = run(molecule, times, 0.5)
    from scipy.interpolate import make_interp_spline

    work = make_interp_spline(times, found.power_external.values, k=5).antiderivative()(times)
    gained = found.E_total.values - found.E_total.values[0]
    assert np.abs(gained).max() > 1e-4
    assert np.allclose(work, gained, atol=1e-9)
    parts = found.T_marg + found.T_geo + found.E_BO + found.E_external
    assert np.allclose(parts, found.E_total, atol=1e-12)


@pytest.mark.parametrize("known", [True, False])
def test_the_force_on_the_full_wave_function(known: bool) -> None:
    """dP/dt with ∂H_BO known, and as a commutator when H_BO is an array only."""
    molecule = crossing(256)
    if not known:
        molecule = Molecule(molecule.coordinates, States.from_array(molecule.hamiltonian()))
        assert molecule.hamiltonian_gradient() is None
    psi = packet(molecule, (0.8, 0.6j), center=0.5, momentum=1.0)
    found = run(molecule, np.array([0.0, 1.0]), 0.5)
    h = Hamiltonian(molecule)
    applied = h.apply(psi, 0.0)
    k = 2.0 * np.pi * np.fft.fftfreq(256, molecule.coordinates[0].step)
    exact = 2.0 * np.vdot(applied, np.fft.ifft(1j * k * np.fft.fft(psi))).real  # d⟨p⟩/dt = 2 Re⟨Hψ|∂ψ⟩
    assert abs(float(found.identity_momentum_lhs[0, 0]) - exact * molecule.volume) < 1e-10


def two_nuclei() -> tuple[Molecule, float, float]:
    """Relative coordinates (x, y) of nuclei A and B, centre of mass at rest."""
    mA, mB = 300.0, 600.0
    mu = mA * mB / (mA + mB)
    plain = jahn_teller(64)
    axes = [GridCoordinate(name, mu, -3.2, 3.2, 64) for name in "xy"]
    assert isinstance(plain.electrons, States)
    nuclei = (
        Nucleus("A", mA, ("X", "Y"), np.eye(2) * mB / (mA + mB)),
        Nucleus("B", mB, ("X", "Y"), -np.eye(2) * mA / (mA + mB)),
    )
    return Molecule(axes, States(2, plain.electrons.entries), nuclei), mA, mB


def test_two_nuclei_in_relative_coordinates() -> None:
    """Chain rule by hand: p_A = p = -p_B, L_A = (mB/M) r×p; the curvature acts within and between nuclei."""
    molecule, mA, mB = two_nuclei()
    mass = mA + mB
    found = run(molecule, np.linspace(0.0, 20.0, 9), 0.5)
    assert found.attrs["converged"] == 1, found.attrs["messages"]
    one = Molecule(molecule.coordinates, molecule.electrons, grouped(molecule.coordinates, {"R": ("x", "y")}))
    relative = run(one, np.linspace(0.0, 20.0, 9), 0.5)
    p, f = relative.momentum.values, relative.identity_momentum_rhs.values
    assert np.allclose(found.momentum.values, np.concatenate([p, -p], axis=1), atol=1e-12)
    assert np.allclose(found.identity_momentum_rhs.values, np.concatenate([f, -f], axis=1), atol=1e-9)
    L = relative.angular_momentum.values[:, 0, 0]
    assert np.allclose(found.angular_momentum.values[:, 0, 0], L * mB / mass, atol=1e-12)
    assert np.allclose(found.angular_momentum.values[:, 1, 0], L * mA / mass, atol=1e-12)
    torque = relative.identity_angular_momentum_rhs.values[:, 0, 0]
    assert np.allclose(found.identity_angular_momentum_rhs.values[:, 0, 0], torque * mB / mass, atol=1e-9)
    # n C v/μ of the relative motion is shared as μ/mA within A and μ/mB from B
    magnetic = relative.mean_intranuclear_force.values
    assert np.abs(magnetic).max() > 1e-4
    assert np.allclose(found.mean_intranuclear_force.values[:, :2], magnetic * mB / mass, atol=1e-10)
    assert np.allclose(found.mean_internuclear_force.values[:, :2], magnetic * mA / mass, atol=1e-10)


def test_magnetic_powers_of_two_nuclei_cancel() -> None:
    """Two coordinates, two nuclei of different mass: each power is not zero, the sum is, EF(19)."""
    plain = jahn_teller(64)
    assert isinstance(plain.electrons, States)
    axes = [GridCoordinate("x", 150.0, -3.2, 3.2, 64), GridCoordinate("y", 350.0, -3.2, 3.2, 64)]
    molecule = Molecule(axes, States(2, plain.electrons.entries))
    ledger = Ledger(molecule, [0.0, 12.0], fields="none", tolerance=1e-7)
    grids = np.meshgrid(*molecule.mesh, indexing="ij")
    chi = np.exp(-((grids[0] - 0.5) ** 2 + grids[1] ** 2) / 0.5 + 2j * grids[0] + 3j * grids[1])
    psi = np.array([0.8 * chi, 0.6j * chi])
    psi /= np.sqrt(np.sum(np.abs(psi) ** 2) * molecule.volume)
    records = []
    for snapshot in snapshots(molecule, psi, [0.0, 12.0], tolerance=1e-10):
        records.append(ledger.record(snapshot))
        psi = snapshot.psi.copy()
    found = ledger.dataset([0.0, 12.0], records)
    powers = found.magnetic_power.values
    assert np.abs(powers).max() > 1e-6
    assert np.allclose(powers.sum(axis=1), 0.0, atol=1e-12 * max(1.0, np.abs(powers).max()))
    assert np.allclose(found.magnetic_power_intranuclear.values, 0.0, atol=1e-15)
    # the ordering of operators: Re⟨χ|C v_y v_x|χ⟩ by applying the operators to χ = √n e^{iS}, here in the real gauge χ = √n
    from nonadia.factorization.factorize import factorize

    end = factorize(psi, hamiltonian=molecule, refinement=1)
    n = end.density.values
    p = np.nan_to_num(end.velocity.values) * np.array([150.0, 350.0])[:, None, None]
    C = np.nan_to_num(end.berry_curvature.values[1, 0])
    root = np.sqrt(n)

    def momentum(f: np.ndarray, a: int) -> np.ndarray:
        k = 2.0 * np.pi * np.fft.fftfreq(64, axes[a].step)
        k = k[:, None] if a == 0 else k[None]
        return np.fft.ifft(k * np.fft.fft(f, axis=a), axis=a) + p[a] * f

    direct = np.vdot(root, C * momentum(momentum(root, 0), 1)).real * molecule.volume / (150.0 * 350.0)
    assert abs(direct - powers[1, 0]) < 1e-4 * abs(powers[1, 0])


def test_angular_momentum_is_that_of_three_cartesian_components() -> None:
    """Planes of a nucleus with three coordinates: X,Y  Y,Z  Z,X."""
    axes = [GridCoordinate(name, 100.0, -4.0, 4.0, 24) for name in "XYZ"]
    nuclei = grouped(axes, {"G": ("X", "Y", "Z")})
    assert [name for *_, name in planes(nuclei)] == ["X,Y", "Y,Z", "Z,X"]
    assert [c.name for c in components(nuclei, np.full(3, 100.0))] == ["X", "Y", "Z"]
    molecule = Molecule(axes, States(1, {(0, 0): field("0.2*(X**2+Y**2+Z**2)", "X", "Y", "Z")}), nuclei)
    x, y, z = np.meshgrid(*molecule.mesh, indexing="ij")
    k = (2.0, -1.0, 3.0)
    psi = np.exp(-((x - 0.5) ** 2 + y**2 + (z + 0.3) ** 2) / 0.8 + 1j * (k[0] * x + k[1] * y + k[2] * z))[None]
    psi = psi / np.sqrt(np.sum(np.abs(psi) ** 2) * molecule.volume)
    ledger = Ledger(molecule, [0.0, 1.0], fields="none", refinement=1)
    found = ledger.dataset([0.0], [ledger.record(next(iter(snapshots(molecule, psi, [0.0, 1.0]))))])
    expected = [0.5 * k[1], 0.3 * k[1], -0.3 * k[0] - 0.5 * k[2]]  # x p_y - y p_x, y p_z - z p_y, z p_x - x p_z
    assert np.allclose(found.angular_momentum.values[0, 0], expected, atol=1e-8)
    assert np.allclose(found.identity_angular_momentum_lhs.values, 0.0, atol=1e-8)  # a central force
    assert np.allclose(found.identity_momentum_lhs.values[0], [-0.2, 0.0, 0.12], atol=1e-8)
