"""Stored trajectories as extended XYZ, read back by ASE."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
import xarray as xr
from ase import units

import nonadia as na
from nonadia.interop import write_extended_xyz
from nonadia.interop.ase_units import ENERGY, LENGTH, MASS, MOMENTUM
from nonadia.units import FS, U

MASSES = np.array([1.0, 16.0]) * U


def field() -> na.CallableField:
    return na.CallableField(
        ["x", "y"], MASSES, lambda x: -0.05 * x, 20.0, 0.02, potential=lambda x: 0.025 * (x**2).sum(axis=1)
    )


@pytest.fixture(scope="module")
def motion() -> xr.Dataset:
    start = {"x": 0.5, "y": -0.2, "temperature": 1e-3}
    return na.langevin(field(), trajectories=20, duration=2000.0, step=20.0, stored=11, keep=3, seed=4, initial=start)


@pytest.mark.parametrize("pairs", [False, True])
def test_read_back_by_ase(motion: xr.Dataset, tmp_path: Path, pairs: bool) -> None:
    path = tmp_path / "motion.xyz"
    assert write_extended_xyz(motion, path, field=field(), pairs=pairs, symbols="O") == 33
    frames = ase.io.read(path, index=":")
    assert [f.info["trajectory"] for f in frames] == [k for k in range(3) for _ in range(11)]
    assert np.allclose([f.info["time"] for f in frames[:11]], motion["time"].values / FS, rtol=1e-15)
    step = 2 if pairs else 1
    for number in (0, 17, 32):
        atoms, at = frames[number], {"stored": number // 11, "time": number % 11}
        x, p = motion["trajectory_position"].isel(at).values, motion["trajectory_momentum"].isel(at).values
        positions = atoms.get_positions()[:, 0] * LENGTH
        found = positions[1::2] - positions[::2] - 2.0 * LENGTH if pairs else positions
        assert np.allclose(found, x, rtol=1e-13, atol=1e-13)
        assert np.allclose(atoms.get_momenta()[step - 1 :: step, 0] * MOMENTUM, p, rtol=1e-14)
        assert np.allclose(atoms.get_masses()[step - 1 :: step] * MASS, MASSES * step, rtol=1e-14)
        # energies in eV: ½Σp²/m of the atoms is that of the coordinates, and `energy` is the potential energy
        kinetic = (p**2 / MASSES).sum() / 2
        assert np.isclose(atoms.get_kinetic_energy(), kinetic * units.Hartree, rtol=1e-7)
        assert np.isclose(atoms.info["kinetic_energy"], kinetic / ENERGY, rtol=1e-14)
        assert np.isclose(atoms.get_potential_energy(), 0.025 * (x**2).sum() * units.Hartree, rtol=1e-7)


def test_some_trajectories_and_those_that_left(motion: xr.Dataset, tmp_path: Path) -> None:
    gone = motion.copy(deep=True)
    gone["trajectory_position"][5:, 1] = np.nan
    path = tmp_path / "one.xyz"
    assert write_extended_xyz(gone, path, trajectories=[1]) == 5
    frames = ase.io.read(path, index=":")
    assert len(frames) == 5 and "kinetic_energy" in frames[0].info and frames[0].calc is None
    assert list(tmp_path.iterdir()) == [path]


def test_clear_errors(motion: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    with pytest.raises(ValueError, match="keep = 10"):
        write_extended_xyz(motion.drop_vars("trajectory_position"), path)
    with pytest.raises(ValueError, match="3 is not stored; there are 0 to 2"):
        write_extended_xyz(motion, path, trajectories=[3])
    with pytest.raises(ValueError, match="masses: 2 are needed, for x, y"):
        write_extended_xyz(motion, path, masses=[1.0])
    with pytest.raises(ValueError, match="2 atoms need one each"):
        write_extended_xyz(motion, path, symbols=["H"])

    class Broken(na.CallableField):
        def potential(self, x: np.ndarray, t: float = 0.0) -> np.ndarray:
            raise OSError("no space left on device")

    path.write_text("what was there")
    with pytest.raises(OSError, match="no space"):
        write_extended_xyz(motion, path, field=Broken(["x", "y"], MASSES, 0.0))
    assert path.read_text() == "what was there" and list(tmp_path.iterdir()) == [path]
