"""The ASE dynamics and calculator: units, forces, the same steps and the same ensembles as without ASE."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.fd import calculate_numerical_forces
from ase.constraints import FixAtoms, FixBondLength
from ase.io.trajectory import Trajectory
from ase.md.verlet import VelocityVerlet

from nonadia.interop.ase_calculator import FieldCalculator, embed
from nonadia.interop.ase_coordinates import BondLength, LinearMap, UserCoordinates
from nonadia.interop.ase_dynamics import FrictionDynamics
from nonadia.interop.ase_units import ENERGY, FORCE, LENGTH, MASS, MOMENTUM, TIME
from nonadia.langevin.compiled import philox
from nonadia.langevin.field import CallableField, FloatArray
from nonadia.langevin.general import Exits, State, advance
from nonadia.langevin.schemes.scheme import named
from nonadia.units import EV, FS, KELVIN, U

OMEGA, SHIFT, TEMPERATURE = 0.03 * EV, 0.3, 300 * KELVIN


def double_well() -> CallableField:
    """One dimensionless coordinate, mass 1/Ω, position-dependent friction, D not that of one temperature."""
    return CallableField(
        ["x"],
        [1.0 / OMEGA],
        force=lambda x: OMEGA * (x - 0.2 * x**3 + SHIFT),
        friction=lambda x: 0.4 * np.exp(-(x[:, 0] ** 2)) - 0.02,
        noise=lambda x: TEMPERATURE * 0.5 * np.exp(-((x[:, 0] - 0.3) ** 2)),
        potential=lambda x: -OMEGA * (x**2 / 2 - 0.05 * x**4 + SHIFT * x)[:, 0],
    )


def tensor() -> CallableField:
    """Two coordinates in bohr, masses of light atoms, a friction tensor that is not symmetric."""
    masses = np.array([1.0, 2.0]) * U

    def friction(x: FloatArray) -> FloatArray:
        size = 1.0 + 0.5 * np.cos(x[:, 0])
        return 30.0 * size[:, None, None] * np.array([[1.0, 0.5], [-0.2, 0.7]])

    def noise(x: FloatArray) -> FloatArray:
        return np.broadcast_to(30.0 * TEMPERATURE * np.array([[1.0, 0.1], [0.1, 0.7]]), (len(x), 2, 2))

    return CallableField(
        ["x", "y"],
        masses,
        force=lambda x: -0.05 * x @ np.array([[1.0, 0.2], [0.2, 1.5]]),
        friction=friction,
        noise=noise,
        potential=lambda x: 0.025 * np.einsum("ni,ij,nj->n", x, np.array([[1.0, 0.2], [0.2, 1.5]]), x),
    )


def numerical_forces(atoms: Atoms) -> FloatArray:
    """-dE/dR by ASE's finite differences."""
    return calculate_numerical_forces(atoms, eps=1e-4)


def test_units_in_closed_form() -> None:
    assert np.isclose(ENERGY * units.Hartree, 1.0, rtol=1e-7)
    assert np.isclose(LENGTH * units.Bohr, 1.0, rtol=1e-7)
    assert np.isclose(TIME / FS, 1.0 / units.fs, rtol=1e-7)
    assert np.isclose(MASS * LENGTH / TIME, MOMENTUM, rtol=1e-14)
    assert np.isclose(MOMENTUM**2 / MASS, ENERGY, rtol=1e-14)  # p²/m is an energy in both systems
    assert np.isclose(MOMENTUM / TIME, FORCE, rtol=1e-14)


def test_period_of_an_oscillator_of_known_mass() -> None:
    """m = 1 u, k = 2 eV/Å² has ω = √(k/m) = √2 in ASE's units: after a quarter of a period all energy is kinetic."""
    stiffness = 2.0 * EV / LENGTH**2
    field = CallableField(["x"], [U], lambda x: -stiffness * x, potential=lambda x: 0.5 * stiffness * x[:, 0] ** 2)
    atoms, coordinates = embed(field, [0.5 * LENGTH])
    assert np.allclose(atoms.get_masses(), 1.0, rtol=1e-15)
    atoms.calc = FieldCalculator(field, coordinates)
    assert np.isclose(atoms.get_potential_energy(), 0.5 * 2.0 * 0.25, rtol=1e-12)
    period = 2 * np.pi / np.sqrt(2.0)
    FrictionDynamics(atoms, period / 1000, field, coordinates).run(250)
    late = np.pi / 2 * (2 * np.pi / 1000) ** 2 / 24  # the splitting's phase error in a quarter: (ωt)(ωτ)²/24
    assert abs(atoms.get_positions()[0, 0]) < 1.01 * 0.5 * late
    assert np.isclose(atoms.get_momenta()[0, 0], -0.5 * np.sqrt(2.0), rtol=1e-5)
    assert np.isclose(atoms.get_kinetic_energy(), 0.25, rtol=2e-5)


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("make", [double_well, tensor])
def test_forces_are_the_derivative_of_the_energy(make: type[CallableField], pairs: bool) -> None:
    field = make()
    c = len(field.names)
    atoms, coordinates = embed(field, np.linspace(0.4, -0.7, c), pairs=pairs)
    atoms.calc = FieldCalculator(field, coordinates)
    assert np.abs(atoms.get_forces()).max() > 1e-3
    assert np.allclose(atoms.get_forces(), numerical_forces(atoms), atol=1e-7)


def test_forces_along_a_bond() -> None:
    field = double_well()
    atoms = Atoms("HCl", positions=[[0, 0, 0], [0.3, 0.7, 0.9]])
    for coordinates in (BondLength(0, 1, 1.5), UserCoordinates(lambda r: np.linalg.norm(r[1] - r[0]) - 1.5)):
        atoms.calc = FieldCalculator(field, coordinates)
        assert np.allclose(atoms.get_forces(), numerical_forces(atoms), atol=1e-6)
        assert np.allclose(atoms.get_forces().sum(axis=0), 0.0, atol=1e-12)


@pytest.mark.parametrize("scheme", ["baoab", "obabo", "lie-trotter"])
@pytest.mark.parametrize(("make", "pairs"), [(double_well, False), (double_well, True), (tensor, False), (tensor, True)])
def test_step_by_step_as_the_general_engine(make: type[CallableField], pairs: bool, scheme: str) -> None:
    """The same noise gives the same path, to the rounding of the units: 100 steps, two members."""
    field = make()
    c = len(field.names)
    x0, p0 = np.linspace(0.4, -0.7, c), np.sqrt(field.masses * TEMPERATURE) * np.linspace(1.0, -0.5, c)
    timestep, steps = (2.0 if c == 1 else 0.5) * FS, 100
    state = State.start(np.array([x0, x0]), np.array([p0, p0]))
    advance(
        field, named(scheme), state, step=timestep, steps=steps, first_step=0, key=philox.keys(7, 0), first_trajectory=0,
        exits=Exits(),
    )  # fmt: skip
    for member in (0, 1):
        atoms, coordinates = embed(field, x0, p0, pairs=pairs)
        dynamics = FrictionDynamics(atoms, timestep / TIME, field, coordinates, seed=7, member=member, scheme=scheme)
        dynamics.run(steps)
        assert np.allclose(dynamics.x, state.x[member], rtol=1e-9, atol=1e-10)
        momenta = atoms.get_momenta()[(1 if pairs else 0) :: (2 if pairs else 1), 0] * MOMENTUM
        assert np.allclose(momenta, state.p[member], rtol=1e-9, atol=1e-9 * np.abs(state.p).max())
    assert not np.allclose(state.x[0], state.x[1], rtol=1e-3)


def test_a_run_goes_on_where_another_ended() -> None:
    field = double_well()
    whole, coordinates = embed(field, [0.4])
    FrictionDynamics(whole, 0.2, field, coordinates, seed=3).run(20)
    parts, coordinates = embed(field, [0.4])
    FrictionDynamics(parts, 0.2, field, coordinates, seed=3).run(8)
    FrictionDynamics(parts, 0.2, field, coordinates, seed=3, first_step=8).run(12)
    assert np.array_equal(whole.get_positions(), parts.get_positions())


def test_time_dependent_forces_are_taken_at_the_time_of_the_step() -> None:
    field = CallableField(
        ["x"], [U], lambda x, t: -0.05 * x + 0.02 * np.sin(t / 300.0), lambda x, t: 20.0 * (1 + np.sin(t / 200.0)), 1e-3
    )
    state = State.start(np.array([[0.2]]), np.array([[1.0]]))
    advance(
        field, named("baoab"), state, step=20.0, steps=80, first_step=0, key=philox.keys(2, 0), first_trajectory=0,
        exits=Exits(),
    )  # fmt: skip
    atoms, coordinates = embed(field, [0.2], [1.0])
    dynamics = FrictionDynamics(atoms, 20.0 / TIME, field, coordinates, seed=2)
    for _ in dynamics.irun(80):
        pass
    assert np.allclose(dynamics.x, state.x[0], rtol=1e-9)


def test_equilibrium_of_a_bond() -> None:
    """A bond with γ and D = γ k_BT, the other motion with the calculator's forces: ⟨μv²⟩ = k_BT, ⟨x⟩ and ⟨x²⟩ of Boltzmann's
    density e^{-U} r², and the motion of the centre of mass is not touched. Six members of 1200 steps."""
    stiffness, length, masses = 0.3, 2.0, np.array([1.0, 35.0]) * U
    reduced = masses.prod() / masses.sum()
    friction = 2.0 * np.sqrt(stiffness * reduced)  # critical: memory of a few steps
    field = CallableField(
        ["r"],
        [reduced],
        lambda x: -stiffness * x,
        friction=lambda x: friction * (1.0 + 0.5 * np.tanh(x[:, 0])),
        noise=lambda x: TEMPERATURE * friction * (1.0 + 0.5 * np.tanh(x[:, 0])),
        potential=lambda x: 0.5 * stiffness * x[:, 0] ** 2,
    )
    coordinates = BondLength(0, 1, length)
    step = 0.15 / np.sqrt(stiffness / reduced)
    found = []
    for member in range(6):
        atoms = Atoms("HCl", positions=[[0, 0, 0], [length / LENGTH, 0, 0]], masses=masses / MASS)
        atoms.set_momenta([[0, 0, 0.02], [0, 0, 0.02]])
        total = atoms.get_momenta().sum(axis=0)
        dynamics = FrictionDynamics(atoms, step / TIME, field, coordinates, seed=11, member=member)
        sample = []
        for count, _ in enumerate(dynamics.irun(1200)):
            if count > 100 and count % 2:
                jacobian = coordinates.jacobian(atoms.get_positions())
                velocity = np.einsum("cna,na->", jacobian, atoms.get_momenta() / atoms.get_masses()[:, None]) * MOMENTUM / MASS
                sample.append([reduced * velocity**2 / TEMPERATURE, dynamics.x[0], dynamics.x[0] ** 2])
        found.append(np.mean(sample, axis=0))
        assert np.allclose(atoms.get_momenta().sum(axis=0), total, atol=1e-10)
    grid = np.linspace(-0.6, 0.6, 4001)
    weight = np.exp(-0.5 * stiffness * grid**2 / TEMPERATURE) * (length + grid) ** 2
    exact = np.array([1.0, np.average(grid, weights=weight), np.average(grid**2, weights=weight)])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert np.all(error < [0.05, 0.01, 0.2 * exact[2]])
    assert np.all(np.abs(mean - exact) < 4.0 * error)


def test_without_friction_it_is_velocity_verlet_of_ase() -> None:
    field = double_well()
    bare = CallableField(["x"], field.masses, field.force, potential=field.potential)
    ours, coordinates = embed(bare, [1.4])
    theirs, _ = embed(bare, [1.4])
    theirs.calc = FieldCalculator(bare, coordinates)
    FrictionDynamics(ours, 0.2, bare, coordinates).run(300)
    VelocityVerlet(theirs, 0.2).run(300)
    assert np.allclose(ours.get_positions(), theirs.get_positions(), rtol=1e-10, atol=1e-12)


def test_calculator_of_the_atoms_is_kept_and_fixed_atoms_stay() -> None:
    """Forces of another calculator, friction of the field: a free pair slows down, the held atom does not move."""
    drag = CallableField(["x"], [U], lambda x: 0.0 * x, friction=50.0, noise=0.0, potential=lambda x: 0.0 * x[:, 0])
    other = CallableField(["y"], [U], lambda x: 0.0 * x + 1e-3, potential=lambda x: -1e-3 * x[:, 0])
    atoms = Atoms("H2", positions=[[0, 0, 0], [1, 0, 0]], masses=[1.0, 1.0], constraint=FixAtoms([0]))
    atoms.set_momenta([[0, 0, 0], [0.1, 0.0, 0.0]])
    atoms.calc = FieldCalculator(other, LinearMap.of_atoms(2, [1], [1]))
    FrictionDynamics(atoms, 0.05, drag, LinearMap.of_atoms(2, [1], [0])).run(40)
    assert np.array_equal(atoms.get_positions()[0], [0, 0, 0])
    assert np.isclose(atoms.get_momenta()[1, 0], 0.1 * np.exp(-50.0 / U * 40 * 0.05 * TIME), rtol=1e-10)
    assert np.isclose(atoms.get_momenta()[1, 1], 1e-3 / FORCE * 2.0, rtol=1e-10)


def test_trajectory_file_says_what_was_done(tmp_path: Path) -> None:
    field = double_well()
    atoms, coordinates = embed(field, [0.4])
    path = tmp_path / "a.traj"
    with FrictionDynamics(atoms, 0.2, field, coordinates, seed=5, trajectory=str(path)) as dynamics:
        dynamics.run(3)
    with Trajectory(path) as stored:
        assert len(stored) == 4
        assert stored.description["seed"] == 5 and stored.description["scheme"] == "baoab"
        assert np.allclose(stored[-1].get_positions(), atoms.get_positions(), rtol=1e-14)


def test_clear_errors() -> None:
    field = double_well()
    atoms, coordinates = embed(field, [0.4])
    with pytest.raises(ValueError, match="timestep"):
        FrictionDynamics(atoms, 0.0, field, coordinates)
    with pytest.raises(ValueError, match="x and p must hold 1"):
        embed(field, [0.1, 0.2])
    twice = CallableField(["a", "b"], [1.0, 1.0], lambda x: 0.0 * x, 1.0, 1.0, potential=lambda x: 0.0 * x[:, 0])
    with pytest.raises(ValueError, match="independently"):
        FrictionDynamics(atoms, 0.1, twice, LinearMap.of_atoms(1, [0, 0], [0, 0])).run(1)
    negative = CallableField(["x"], [1.0], lambda x: 0.0 * x, 1.0, -1.0)
    with pytest.raises(ValueError, match=r"not positive semi-definite at x = 0\.4"):
        FrictionDynamics(embed(negative, [0.4])[0], 0.1, negative, coordinates).run(1)
    edge = CallableField(["x"], [1.0], lambda x: np.where(x < 1.0, 1.0, np.nan), 1.0, 1.0)
    with pytest.raises(ValueError, match=r"no force at x = 43\d"):
        FrictionDynamics(embed(edge, [0.9])[0], 0.1, edge, coordinates).run(100)
    with pytest.raises(NotImplementedError, match="not its potential"):
        FieldCalculator(edge, coordinates).get_potential_energy(embed(edge, [0.9])[0])
    bound = Atoms("H2", positions=[[0, 0, 0], [1, 0, 0]], constraint=FixBondLength(0, 1))
    with pytest.raises(ValueError, match="FixBondLength"):
        FrictionDynamics(bound, 0.1, field, BondLength(0, 1))


def test_imported_on_first_use_only() -> None:
    """`nonadia.interop` alone brings no ASE; without ASE the message says what to install."""
    code = (
        "import sys, nonadia.interop as interop\n"
        "assert 'ase' not in sys.modules and 'qutip' not in sys.modules\n"
        "sys.modules['ase'] = None\n"
        "try:\n    interop.FrictionDynamics\nexcept ImportError as problem:\n    print(problem)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install ase" in done.stdout
