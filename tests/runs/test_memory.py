"""[memory] of an input file: group /memory of the result, sweeps, resumption, faults, and the figure."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.runs.errors import InputError

from ..command import nonadia
from .test_execute import INPUT

MEMORY = '[memory]\nx = [0.0, 1.0]\ntime = { start = 0, stop = "50 fs", points = 21 }\ntolerance = 1e-2\n'


def tables(**memory: Any) -> dict[str, Any]:
    return tomllib.loads(INPUT) | {"memory": memory}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    (folder / "level.toml").write_text(INPUT + MEMORY)
    done = nonadia("run", "level.toml", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder / "level.nc"


def opened(path: Path) -> xr.DataTree:
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        return tree.load()


def test_the_group_holds_kernels_for_every_sweep_point(result: Path) -> None:
    """The exponents give the kernels back, their integrals the friction of /forces, which was computed independently."""
    tree = opened(result)
    memory, forces = tree["memory"].to_dataset(), tree["forces"].to_dataset()
    assert memory["friction_kernel"].dims == ("bias", "lam", "x", "time", "mode", "mode_")
    assert memory["time"].values[-1] == pytest.approx(50 * 41.341373336)
    series = (memory["friction_amplitude"] * np.exp(-memory["rate"] * memory["time"])).sum("exponent").real
    assert float(abs(series - memory["friction_kernel"]).max()) < 1e-2 * float(abs(memory["friction_kernel"]).max())
    integral = memory["friction_spectrum"].sel(frequency=0.0).real
    scale = float(forces["friction"].max())
    assert float(abs(integral - forces["friction"].sel(x=memory["x"])).max()) < 1e-2 * scale
    said = json.loads(memory.attrs["points"])
    assert len(said) == 6 and all(point["method"] == "negf" and point["converged"] for point in said)


def test_resumed_results_keep_their_kernels(result: Path, tmp_path: Path) -> None:
    (tmp_path / "level.toml").write_text(INPUT + MEMORY)
    (tmp_path / "level.nc").write_bytes(result.read_bytes())
    done = nonadia("run", "level.toml", "--resume", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    xr.testing.assert_identical(opened(tmp_path / "level.nc")["memory"].to_dataset(), opened(result)["memory"].to_dataset())


def test_given_frequencies_are_used() -> None:
    data = tables(x=[0.0], time=[0.0, 10.0], frequency=["0 meV", "50 meV"], tolerance=1e-2, method="negf")
    del data["sweep"]
    kernels = na.run(data)["memory"]
    np.testing.assert_allclose(kernels["frequency"].values * 27.211386245988, [0.0, 0.05], rtol=1e-9)
    assert kernels["friction_spectrum"].dtype == complex


@pytest.mark.parametrize(
    ("memory", "key", "word"),
    [
        ({"x": [0.0]}, "memory.time", "missing"),
        ({"time": [0.0]}, "memory.x", "no values"),
        ({"x": [0.0], "time": [-1.0, 0.0]}, "memory.time", "negative"),
        ({"x": [0.0], "time": ["1 eV"]}, "memory.time[0]", "a time"),
        ({"x": [0.0], "time": [0.0], "frequencies": [0.0]}, "memory.frequencies", '"frequency"'),
        ({"x": [0.0], "time": [0.0], "tolerance": 2}, "memory.tolerance", "too large"),
    ],
)
def test_faults_name_their_key(memory: dict[str, Any], key: str, word: str) -> None:
    with pytest.raises(InputError) as caught:
        na.load(tables(**memory))
    assert any(where == key and word in what for _, where, what in caught.value.problems), caught.value


def test_kernels_need_the_forces_beside_them() -> None:
    data = tables(x=[0.0], time=[0.0])
    del data["forces"]
    with pytest.raises(InputError, match=r"memory: needs \[forces\]"):
        na.load(data)


def test_negf_of_an_interacting_model_is_refused() -> None:
    data = tables(x=[0.0], time=[0.0], method="negf")
    data["molecule"] = {"levels": {"d": "0", "e": "0"}, "interactions": {"d,e": "0.1 eV"}}
    for lead in data["leads"].values():
        lead["couplings"] = {"d": "50 meV", "e": "50 meV"}
    with pytest.raises(InputError) as caught:
        na.load(data)
    assert [key for _, key, _ in caught.value.problems] == ["memory.method"]


def test_plot_draws_kernels_and_spectra(result: Path) -> None:
    done = nonadia("plot", "level.nc", folder=result.parent)
    assert done.returncode == 0, done.stderr
    drawn = sorted(path.name for path in (result.parent / "level-figures").glob("level-memory*.png"))
    assert len(drawn) == 6 and drawn[0] == "level-memory-bias-0.2V_lam-20meV.png", drawn
    text = (result.parent / "level-figures" / drawn[0].replace("png", "svg")).read_text()
    assert all(word in text for word in ("time t (fs)", "Re γ(ω)", "x = 1", "bias = 0.2 V"))
