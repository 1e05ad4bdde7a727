"""Another program's force data all the way: folders → table → na.langevin and the ASE dynamics; kernels → memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nonadia as na
from nonadia.interop import FrictionDynamics, embed, kernel_exponents, read_force_data, read_kernel_data
from nonadia.interop.ase_units import MOMENTUM, TIME
from nonadia.langevin.tables.from_dataset import field_of
from nonadia.units import EV, FS, KELVIN

OMEGA, KT = 0.03, 300 * KELVIN / EV  # eV


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve digits of a Gaussian friction in equilibrium, and a kernel γ(x,t) = γ(x) r e^{-rt} with D(x,t) = k_BT γ(x,t)."""
    root = tmp_path_factory.mktemp("published") / "voltage_0.00eV"
    rate, times = 0.2, np.concatenate([np.arange(0.0, 5.0, 0.1), np.arange(5.0, 60.05, 0.25)])
    for x in np.round(np.arange(-6.0, 6.05, 0.2), 1):
        here = root / f"x_{x:.1f}"
        here.mkdir(parents=True)
        friction = 0.3 * np.exp(-((x / 2.0) ** 2)) + 0.05
        for name, value in (("adiabatic_force", 0.002 * np.tanh(x)), ("friction", friction), ("corrfunc", friction * KT)):
            (here / f"{name}.dat").write_text(f"Coord. Val.\tValue\n{x:.12f}\t{value:.12f}\n")
        for name, factor in (("friction", -1.0), ("corrfunc", KT)):
            rows = [f"{t:15.5f} {factor * friction * rate * np.exp(-rate * t):.14f}" for t in times]
            (here / f"{name}_integrand_heom.dat").write_text("\n".join(rows) + "\n")
    return root


def test_the_same_path_by_langevin_and_by_ase(folder: Path) -> None:
    """One seed, one table: na.langevin's compiled ensemble and the ASE dynamics, 200 steps of two trajectories."""
    forces = read_force_data(folder, frequency="30 meV")
    asymptote = {"x": {"lower": "linear", "upper": "linear"}}
    motion = na.langevin(
        forces, trajectories=2, keep=2, duration=200 * FS, step=FS, stored=3, seed=6, asymptote=asymptote,
        initial={"temperature": 300 * KELVIN, "x": 0.5},
    )  # fmt: skip
    field, steps, step = field_of(forces, asymptote=asymptote), motion.attrs["steps"], motion.attrs["step"]
    positions, momenta = (motion[f"trajectory_{name}"].values for name in ("position", "momentum"))
    assert steps >= 200 and np.abs(positions[-1, 0] - positions[-1, 1]) > 0.01
    for member in (0, 1):
        atoms, coordinates = embed(field, positions[0, member], momenta[0, member])
        dynamics = FrictionDynamics(atoms, step / TIME, field, coordinates, seed=6, member=member)
        dynamics.run(steps)
        assert np.allclose(dynamics.x, positions[-1, member], atol=1e-5)
        assert np.allclose(atoms.get_momenta()[0, 0] * MOMENTUM, momenta[-1, member, 0], atol=1e-5)


def test_kernels_as_exponentials_drive_the_generalised_langevin_equation(folder: Path) -> None:
    time = np.arange(0.0, 60.0, 0.2) / EV
    kernels = kernel_exponents(read_kernel_data(folder, time=time), tolerance=1e-3)
    assert kernels.attrs["exponential_error"] < 1e-3
    first = kernels.isel(x=20)
    assert np.isclose(first["rate"].values[0].real, 0.2 * EV, rtol=1e-3)
    forces = read_force_data(folder, frequency="30 meV")
    motion = na.langevin(
        forces, trajectories=1500, duration=200 * FS, step=FS, stored=3, seed=6, memory=kernels,
        initial={"temperature": 300 * KELVIN, "x": 0.5}, asymptote={"x": {"lower": "linear", "upper": "linear"}},
    )  # fmt: skip
    temperature, error = motion["kinetic_temperature"].values[-1, 0], motion["error_kinetic_temperature"].values[-1, 0]
    assert abs(temperature - 300 * KELVIN) < 4 * error < 0.2 * 300 * KELVIN  # D(t) = k_BT γ(t): it stays in equilibrium
