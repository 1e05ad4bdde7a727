"""Electronic-force data of the published friction codes: their own layout read, ours written and read again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.interop import read_force_data, read_kernel_data, write_force_data, write_kernel_data
from nonadia.units import EV, MICROAMPERE, VOLT


def published(root: Path, x: float, name: str, *, bias: str = "0.40", force: float = -0.014142) -> Path:
    """One geometry as the published code prints it: %f for force and current, %.12f for friction and noise, Fortran kernels."""
    folder = root / f"voltage_{bias}eV" / name
    folder.mkdir(parents=True)
    (folder / "adiabatic_force.dat").write_text(f"Coord. Val.\tAdiabatic Force\n{x:f}\t{force:f}\n")
    (folder / "friction.dat").write_text(f"Coord. Val.\tFriction\n{x:.12f}\t{0.25 + x:.12f}\n")
    (folder / "corrfunc.dat").write_text(f"Coord. Val.\tCorr. Func.\n{x:.12f}\t{0.0065:.12f}\n")
    (folder / "friction_mol.dat").write_text(f"Coord. Val.\tFriction\n{x:.12f}\t{0.2:.12f}\n")
    (folder / "current_ad.dat").write_text(f"Coord. Val.\tCurrent_0\tCurrent_1\n{x:f}\t{1.5:f}\t{-1.5:f}\n")
    times = np.arange(0.0, 5.0, 0.5)
    for file, sign in (("friction", -1.0), ("corrfunc", 1.0)):
        lines = [f"{t:15.5f} {sign * 0.5 * np.exp(-2.0 * t):15.10f}" for t in times]
        (folder / f"{file}_integrand_heom.dat").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for bias in ("0.00", "0.40"):
        for x, name in ((-0.2, "x_-.2"), (0.0, "x_0"), (0.1, "x_.1"), (10.2, "x_10.2")):
            published(tmp_path, x, name, bias=bias)
    (tmp_path / "voltage_0.40eV" / "x_partition_0").mkdir()
    return tmp_path


def test_values_units_and_order(tree: Path) -> None:
    data = read_force_data(tree, frequency="30 meV", leads=["L", "R"])
    assert data["mean_force"].dims == ("bias", "x", "mode")
    assert np.array_equal(data["bias"], [0.0, 0.4 * VOLT])
    assert np.array_equal(data["x"], [-0.2, 0.0, 0.1, 10.2])
    assert np.allclose(data["mean_force"], -0.014142 * EV, rtol=1e-15)
    assert np.allclose(data["friction"][1, :, 0, 0], [0.05, 0.25, 0.35, 10.45], rtol=1e-15)
    assert np.allclose(data["noise"], 0.0065 * EV, rtol=1e-15)
    assert np.allclose(data["friction_molecule"], 0.2, rtol=1e-15)
    assert np.allclose(data["current"].sel(lead="L"), 1.5 * MICROAMPERE, rtol=1e-15)
    assert np.allclose(data["error_force"], 5e-7 * EV, rtol=1e-12)
    assert np.allclose(data["error_friction"], 5e-13, rtol=1e-12)
    omega = 0.03 * EV
    assert np.allclose(data["x"].attrs["mass"], 1.0 / omega, rtol=1e-14)
    assert np.allclose(data["bare_potential"], 0.5 * omega * data["x"].values ** 2, rtol=1e-14)
    assert {data[v].attrs["units"] for v in ("mean_force", "friction", "noise")} == {"hartree", "hbar", "hartree*hbar"}


def test_one_bias_and_one_folder(tree: Path) -> None:
    whole = read_force_data(tree)
    chosen = read_force_data(tree, bias="0.4 V")
    inside = read_force_data(tree / "voltage_0.40eV")
    assert chosen.sizes["bias"] == 1 and "bias" not in inside.dims
    assert np.array_equal(chosen["friction"][0], whole["friction"][1])
    assert np.array_equal(inside["friction"], whole["friction"][1])
    assert "mass" not in inside["x"].attrs and "bare_potential" not in inside


def test_the_grid_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "adiabatic_force.dat").write_text("Coord. Val.\tAdiabatic Force\n1.0\t0.3\n-1.0\t0.1\n0.0\t0.2\n")
    (tmp_path / "friction.dat").write_text("Coord. Val.\tFriction\n-1.0\t1\n0.0\t2\n1.0\t3\n")
    (tmp_path / "corrfunc.dat").write_text("Coord. Val.\tCorr. Func.\n-1.0\t4\n0.0\t5\n1.0\t6\n")
    data = read_force_data(tmp_path, energy="hartree")
    assert np.array_equal(data["x"], [-1.0, 0.0, 1.0])
    assert np.array_equal(data["mean_force"][:, 0], [0.1, 0.2, 0.3])
    assert np.array_equal(data["noise"][:, 0, 0], [4.0, 5.0, 6.0])


def test_the_published_text_comes_back(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    data = read_force_data(tree)
    again = tmp_path_factory.mktemp("again")
    made = write_force_data(data, again)
    assert (again / "voltage_0.40eV" / "x_-.2") in made
    for file in ("adiabatic_force.dat", "friction.dat", "corrfunc.dat", "friction_mol.dat", "current_ad.dat"):
        old = (tree / "voltage_0.40eV" / "x_-.2" / file).read_text().split("\n")
        new = (again / "voltage_0.40eV" / "x_-.2" / file).read_text().split("\n")
        assert old[0] == new[0]
        assert [float(w) for w in old[1].split("\t")] == [float(w) for w in new[1].split("\t")]


@pytest.fixture(scope="module")
def computed() -> xr.Dataset:
    """Forces of the vibronic junction by NEGF: numbers with all their digits, in eV not round."""
    model = na.examples.load("junction-position-dependent").model
    return na.electronic_forces(model, x=np.linspace(-2.0, 1.0, 7), method="negf", tolerance=1e-3)


@pytest.mark.parametrize("energy", ["eV", "meV", "hartree"])
def test_round_trip_bit_by_bit(computed: xr.Dataset, tmp_path: Path, energy: str) -> None:
    write_force_data(computed, tmp_path, energy=energy)
    back = read_force_data(tmp_path, energy=energy, leads=list(computed["lead"].values))
    names = ["x", "current"]
    names += [q + p for q in ("mean_force", "friction", "noise") for p in ("", "_molecule", "_coupling")]
    for name in names:
        assert np.array_equal(back[name].values, computed[name].values), name
        assert back[name].attrs["units"] == computed[name].attrs["units"], name


def test_round_trip_of_a_length_and_of_a_bias_axis(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    x, bias = np.sort(rng.normal(size=4)), np.sort(rng.random(3)) * VOLT
    shape = (3, 4, 1, 1)
    data = xr.Dataset(
        {
            "mean_force": (("bias", "x", "mode"), rng.normal(size=shape[:3])),
            "friction": (("bias", "x", "mode", "mode_"), rng.normal(size=shape)),
            "noise": (("bias", "x", "mode", "mode_"), rng.random(shape)),
        },
        coords={"x": x, "bias": bias, "mode": ["x"], "mode_": ["x"]},
    )
    data["x"].attrs |= {"units": "bohr", "display_unit": "angstrom"}
    write_force_data(data, tmp_path)
    back = read_force_data(tmp_path, length="angstrom", mass="12 u")
    for name in ("x", "bias", "mean_force", "friction", "noise"):
        assert np.array_equal(back[name].values, data[name].values), name
    assert back["friction"].attrs["units"] == "hbar/bohr^2"
    assert 21874.0 < back["x"].attrs["mass"] < 21875.0


def test_kernels_have_the_sign_of_the_friction(tree: Path) -> None:
    data = read_kernel_data(tree)
    assert data["friction_kernel"].dims == ("bias", "x", "time", "mode", "mode_")
    assert np.allclose(data["time"], np.arange(0.0, 5.0, 0.5) / EV, rtol=1e-15)
    exact = 0.5 * np.exp(-2.0 * np.arange(0.0, 5.0, 0.5))
    assert np.allclose(data["friction_kernel"][1, 2, :, 0, 0], exact * EV, atol=1e-10 * EV)
    assert np.allclose(data["noise_kernel"][0, 0, :, 0, 0], exact * EV**2, atol=1e-10 * EV**2)


def test_kernels_at_other_times(tree: Path) -> None:
    longer = np.arange(0.0, 6.0, 0.25)
    lines = [f"{t:15.5f} {-0.5 * np.exp(-2.0 * t):15.10f}" for t in longer]
    (tree / "voltage_0.40eV" / "x_.1" / "friction_integrand_heom.dat").write_text("\n".join(lines))
    with pytest.raises(ValueError, match="times differ"):
        read_kernel_data(tree)
    time = np.array([0.0, 1.0, 4.5]) / EV
    kernel = read_kernel_data(tree, time=time, bias="0.4 V")["friction_kernel"].sel(x=0.1).values.ravel()
    assert np.allclose(kernel, 0.5 * np.exp(-2.0 * time * EV) * EV, atol=1e-9 * EV)
    with pytest.raises(ValueError, match="ends at t"):
        read_kernel_data(tree, time=[0.0, 5.0 / EV])


def test_kernels_round_trip_bit_by_bit(tmp_path: Path) -> None:
    model = na.examples.load("junction").model
    kernels = na.memory_kernels(model, x=[-1.0, 0.5], time=np.linspace(0.0, 300.0, 31), method="negf")
    write_kernel_data(kernels, tmp_path)
    back = read_kernel_data(tmp_path)
    for name in ("x", "time", "friction_kernel", "noise_kernel"):
        assert np.array_equal(back[name].values, kernels[name].values), name
        assert back[name].attrs["units"] == kernels[name].attrs["units"], name


def test_other_geometries_are_not_mixed_in(computed: xr.Dataset, tmp_path: Path) -> None:
    write_force_data(computed, tmp_path)
    write_force_data(computed, tmp_path)  # the same geometries again are fine
    with pytest.raises(ValueError, match=r"holds other data already \(x_"):
        write_force_data(computed.isel(x=slice(0, 5)), tmp_path)
    with pytest.raises(ValueError, match=r"voltage_0\.40eV"):
        (tmp_path / "voltage_0.40eV").mkdir()
        write_force_data(computed, tmp_path)


def test_clear_errors(tree: Path, computed: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such folder"):
        read_force_data(tree / "nothing")
    with pytest.raises(ValueError, match="length = 'eV'"):
        read_force_data(tree, length="eV")
    with pytest.raises(ValueError, match="no folder of bias"):
        read_force_data(tree, bias="0.3 V")
    with pytest.raises(ValueError, match="names 1"):
        read_force_data(tree, leads=["L"])
    with pytest.raises(ValueError, match="not finite"):
        write_force_data(computed.assign(noise=computed["noise"] * np.nan), tmp_path / "a")
    with pytest.raises(ValueError, match="friction missing"):
        write_force_data(computed.drop_vars("friction"), tmp_path / "a")
    folder = tree / "voltage_0.40eV" / "x_.1"
    (folder / "current_ad.dat").unlink()
    with pytest.raises(ValueError, match=r"current_ad.dat is missing in .*x_\.1"):
        read_force_data(tree)
    (folder / "friction.dat").unlink()
    with pytest.raises(ValueError, match=r"friction.dat is missing in .*x_\.1"):
        read_force_data(tree)
    folder.rename(folder.with_name("x_.3"))
    with pytest.raises(ValueError, match=r"but the folder is x_\.3"):
        read_force_data(tree, bias="0.4 V")
    shutil.rmtree(folder.with_name("x_.3"))
    with pytest.raises(ValueError, match="same geometries"):
        read_force_data(tree)
