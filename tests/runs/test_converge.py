"""`nonadia converge` as a user meets it, and what `nonadia plot` makes of its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ..command import assert_refused, leftovers, nonadia

SMALL = ["--tiers", "2,3", "--poles", "2,4", "--geometries", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converge")
    swept = ["--set", 'sweep.bias=["0 V", "0.2 V"]', "--set", 'sweep.U=[0, "0.1 eV"]']
    done = nonadia("converge", "anderson-holstein", *SMALL, *swept, "-o", "study.nc", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "bias = 0.2 V, U = 0.1 eV, 3 tiers,  4 poles: error of force 0.0e+00" in done.stdout
    return folder


def test_file_and_figures(folder: Path) -> None:
    assert leftovers(folder) == ["study-figures", "study.nc"], "no journal is left"
    stems = {f"study-convergence-bias-{bias}_U-{u}" for bias in ("0V", "0.2V") for u in ("0", "0.1eV")}
    assert {path.stem for path in (folder / "study-figures").iterdir()} == stems
    with xr.open_datatree(folder / "study.nc", engine="h5netcdf") as tree:
        study = tree["convergence_study"].to_dataset()
        assert study.error_noise.dims == ("bias", "U", "tier", "poles")
        assert study.x.values.tolist() == [-18.0, 5.0]
        assert np.isfinite(study.error_noise.values).all()
        # U = 0 is known exactly, so that even the finest pair has an error
        assert (study.error_noise.values[:, 0] > 0).all() and (study.error_noise.values[:, 1, -1, -1] == 0).all()
        assert "Anderson-Holstein" in tree.attrs["input"] and tree.attrs["complete"] == 1


def test_plot_draws_the_file(folder: Path) -> None:
    done = nonadia("plot", "study.nc", "-o", "again", folder=folder)
    assert done.returncode == 0, done.stderr
    for path in (folder / "study-figures").iterdir():
        assert (folder / "again" / path.name).read_bytes() == path.read_bytes()


def test_wrong_lists_are_refused(tmp_path: Path) -> None:
    assert_refused(nonadia("converge", "junction", "--tiers", "2;3", folder=tmp_path), "--tiers", "2,3,4")
    assert_refused(nonadia("converge", "junction", "--poles", "4,4", folder=tmp_path), "poles", "distinct")
    assert_refused(nonadia("converge", "nothing", folder=tmp_path), "nothing")
    assert leftovers(tmp_path) == []


def test_incomplete_study_says_what_is_missing(tmp_path: Path) -> None:
    done = nonadia(
        "converge", "anderson-holstein", "--tiers", "2,8", "--poles", "2,40", "--geometries", "1", "-o", "s.nc", folder=tmp_path
    )
    assert done.returncode == 1 and "8 tiers, 40 poles" in done.stderr and "Traceback" not in done.stderr
    assert "8 tiers, 40 poles: not solved" in done.stdout and (tmp_path / "s.nc").exists()
