"""The result file: plain xarray reads it back, it is whole or absent, every error is one line."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from nonadia.runs import store
from nonadia.runs.combine import CONVERGED, FAILED, MISSING, UNCONVERGED, SweepAxis, SweepTable


def forces(value: float, converged: int = 1) -> xr.Dataset:
    """A dataset shaped like one sweep point's forces."""
    x = np.linspace(-1.0, 1.0, 5)
    data = xr.Dataset(
        {
            "friction": (("x", "mode", "mode_"), np.full((5, 1, 1), value), {"units": "hbar"}),
            "current": (("x", "lead"), value * np.ones((5, 2)), {"units": "1/atomic_time"}),
        },
        {"x": ("x", x, {"units": "1"}), "mode": ["x"], "mode_": ["x"], "lead": ["L", "R"]},
    )
    data.attrs = {
        "method": "heom",
        "tiers": 3,
        "poles": 8,
        "decomposition": "pade",
        "converged": converged,
        "messages": json.dumps([f"value {value}"]),
        "convergence": json.dumps({"steps": [1, 2]}),
        "tolerance": 1e-3,
    }
    return data


def table() -> SweepTable:
    bias = SweepAxis("bias", np.array([0.0, 0.1, 0.2]), "hartree", ("0 V", "0.2 V", "0.4 V"))
    width = SweepAxis("a", np.array([0.3, 0.5]), "1", ("0.3", "0.5"))
    return SweepTable([bias, width])


def experiment(**changes: object) -> SimpleNamespace:
    values: dict[str, object] = {
        "title": "Täst",
        "system": "junction",
        "source": "test.toml",
        "text": 'title = "Täst"\n# a comment, kept verbatim ✓\n',
        "overrides": {"parameters.bias": "0.4 V"},
        "settings": {"forces": {"tolerance": 1e-3}},
    }
    return SimpleNamespace(**(values | changes))


def tree_of(filled: SweepTable) -> xr.DataTree:
    tree = xr.DataTree.from_dict({"/forces": filled.forces(), "/convergence": filled.convergence()})
    tree.attrs = store.provenance(experiment(), "nonadia run test.toml")  # type: ignore[arg-type]
    return tree


def test_round_trip_with_plain_xarray(tmp_path: Path) -> None:
    filled = table()
    for index in range(6):
        filled.insert(index, forces(0.1 * index), 2.0)
    path = tmp_path / "result.nc"
    store.write_result(tree_of(filled), path)
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        friction = tree["forces/friction"]
        assert friction.dims == ("bias", "a", "x", "mode", "mode_")
        assert friction.sel(bias=0.1, a=0.5, x=0.0).item() == 0.1 * 3
        assert friction.attrs["units"] == "hbar"
        assert tree["forces"]["bias"].attrs["units"] == "hartree"
        assert list(tree["forces"]["bias_label"].values) == ["0 V", "0.2 V", "0.4 V"]
        assert tree["forces"].attrs["tiers"] == 3 and tree["forces"].attrs["method"] == "heom"
        assert tree["convergence/wall_time"].values.sum() == 12.0
        assert json.loads(tree["convergence/convergence"].values[0, 0]) == {"steps": [1, 2]}
        assert tree.attrs["input"] == experiment().text
        assert json.loads(tree.attrs["settings"]) == {"forces": {"tolerance": 1e-3}}
        assert set(json.loads(tree.attrs["versions"])) >= {
            "nonadia",
            "numpy",
            "scipy",
            "numba",
            "python",
            "platform",
        }
        assert json.loads(tree.attrs["seeds"]) == [] and tree.attrs["command"] == "nonadia run test.toml"


def test_unfinished_points_are_nan_and_named() -> None:
    filled = table()
    filled.insert(1, forces(0.5), 1.0)
    filled.insert(4, forces(0.7, converged=0), 1.0)
    filled.fail(2, "no memory", 1.0)
    status = filled.convergence()["status"].values.reshape(-1)
    assert list(status) == [MISSING, CONVERGED, FAILED, MISSING, UNCONVERGED, MISSING]
    friction = filled.forces()["friction"].values.reshape(6, -1)
    assert np.isnan(friction[[0, 2, 3, 5]]).all() and (friction[1] == 0.5).all() and (friction[4] == 0.7).all()
    assert filled.count == 2 and filled.forces().attrs["converged"] == 0


def test_attributes_that_differ_are_listed() -> None:
    filled = SweepTable([SweepAxis("a", np.array([1.0, 2.0]), "1", ("1", "2"))])
    second = forces(0.2)
    second.attrs["tiers"] = 4
    filled.insert(0, forces(0.1), 1.0)
    filled.insert(1, second, 1.0)
    assert json.loads(filled.forces().attrs["tiers"]) == [3, 4]


def test_finished_points_are_restored_exactly(tmp_path: Path) -> None:
    filled = table()
    filled.insert(0, forces(1 / 3), 1.5)
    filled.insert(5, forces(2 / 3, converged=0), 2.5)
    path = tmp_path / "result.nc"
    store.write_result(tree_of(filled), path)
    tree = store.open_result(path)
    again = table()
    again.restore(tree["forces"].to_dataset(), tree["convergence"].to_dataset())
    assert again.status == filled.status and list(again.wall_time) == list(filled.wall_time)
    assert again.records[0] == filled.records[0] and again.messages(5) == [f"value {2 / 3}"]
    xr.testing.assert_identical(again.forces(), filled.forces())


def test_without_a_sweep_there_is_no_extra_dimension() -> None:
    filled = SweepTable([])
    filled.insert(0, forces(0.25), 1.0)
    assert filled.size == 1 and filled.forces()["friction"].dims == ("x", "mode", "mode_")
    assert filled.convergence()["status"].item() == CONVERGED
    again = SweepTable([])
    again.restore(filled.forces(), filled.convergence())
    xr.testing.assert_identical(again.forces(), filled.forces())


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled = SweepTable([])
    filled.insert(0, forces(0.25), 1.0)
    path = tmp_path / "result.nc"
    store.write_result(tree_of(filled), path)
    before = path.read_bytes()

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full_disk)
    with pytest.raises(store.SaveError, match="No space left"):
        store.write_result(tree_of(filled), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["result.nc"]


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "foreign"])
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, damage: str) -> None:
    filled = SweepTable([])
    filled.insert(0, forces(0.25), 1.0)
    path = tmp_path / "result.nc"
    store.write_result(tree_of(filled), path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "text":
        path.write_text("x y z\n1 2 3\n")
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        xr.Dataset({"a": ("b", [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(store.ResultError) as caught:
        store.open_result(path)
    assert "\n" not in str(caught.value) and "nonadia run" in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.filterwarnings("error")
def test_a_file_without_names_of_dimensions_is_refused_without_a_warning(tmp_path: Path) -> None:
    """Plain HDF5, as h5py writes it: xarray warns of its phony dimensions."""
    import h5py

    with h5py.File(tmp_path / "foreign.nc", "w") as file:
        file["a"] = [1.0, 2.0]
    with pytest.raises(store.ResultError, match="not a result of nonadia"):
        store.open_result(tmp_path / "foreign.nc")


def test_an_input_file_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "j.toml"
    path.write_text('system = "junction"')
    with pytest.raises(store.ResultError, match=r"is an input file, not a result; `nonadia run .*j\.toml`"):
        store.open_result(path)


def test_places_that_cannot_hold_a_result(tmp_path: Path) -> None:
    with pytest.raises(store.ResultError, match="does not exist"):
        store.check_writable(tmp_path / "nowhere" / "result.nc")
    with pytest.raises(store.ResultError, match="is a folder"):
        store.check_writable(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(store.ResultError):
        store.check_writable(tmp_path / "file" / "result.nc")
    with pytest.raises(store.ResultError, match="no such file"):
        store.open_result(tmp_path / "absent.nc")


def test_differences_name_what_changed(tmp_path: Path) -> None:
    filled = SweepTable([])
    filled.insert(0, forces(0.25), 1.0)
    tree = tree_of(filled)
    assert store.differences(tree, experiment()) == []  # type: ignore[arg-type]
    changed = experiment(text="other", overrides={})
    assert store.differences(tree, changed) == ["the input file", "the --set overrides"]  # type: ignore[arg-type]
