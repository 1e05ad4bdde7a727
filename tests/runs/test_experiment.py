"""Experiments: grids, sweeps, overrides, and the record of every value used."""

from __future__ import annotations

import json
import pickle
import tomllib
from pathlib import Path

import numpy as np
import pytest

import nonadia as na
from nonadia.models import library
from nonadia.runs.errors import InputError
from nonadia.runs.experiment import load
from nonadia.units import ANGSTROM, EV, KELVIN

from .test_input import BASE


def test_file_example_and_dict_agree(tmp_path: Path) -> None:
    file = tmp_path / "copy.toml"
    file.write_text(library.text("junction"), encoding="utf-8")
    by_name, by_file = load("junction"), load(file)
    by_dict = load(tomllib.loads(library.text("junction")))
    assert by_name.text == by_file.text == library.text("junction")
    assert (by_name.source, by_file.source, by_dict.source) == ("junction.toml", str(file), "<dict>")
    assert by_name.settings == by_file.settings == by_dict.settings
    assert na.load("junction").title == na.examples.load("junction").title == by_name.title
    assert json.loads(by_dict.text)["title"] == by_dict.title


def test_a_local_file_wins_over_an_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("junction").write_text(library.text("two-modes"), encoding="utf-8")
    assert load("junction").title == load("two-modes").title


def test_product_grid_in_c_order() -> None:
    forces = load(tomllib.loads(BASE)).forces
    assert forces is not None
    assert forces.dims == ("x", "R")
    np.testing.assert_allclose(forces.coords["x"], np.linspace(-1, 1, 5))
    np.testing.assert_allclose(forces.coords["R"], [0.0, 0.5 * ANGSTROM])
    assert forces.points.shape == (10, 2)
    np.testing.assert_allclose(forces.points[3], [-0.5, 0.5 * ANGSTROM])
    grid = forces.points.reshape(5, 2, 2)
    np.testing.assert_array_equal(grid[:, 0, 0], forces.coords["x"])
    np.testing.assert_array_equal(grid[0, :, 1], forces.coords["R"])


def test_list_of_points_and_defaults() -> None:
    data = tomllib.loads(BASE)
    data["forces"] = {"points": [[1, "1 angstrom"], [0, 0], [-1, "2 bohr"]]}
    forces = load(data).forces
    assert forces is not None and forces.dims == ("point",)
    np.testing.assert_allclose(forces.points, [[1, ANGSTROM], [0, 0], [-1, 2]])
    np.testing.assert_array_equal(forces.coords["R"], forces.points[:, 1])
    assert (forces.method, forces.tolerance, forces.tolerance_mode) == ("auto", 1e-3, "global")
    assert forces.tiers is forces.poles is forces.decomposition is None


def test_numerical_options() -> None:
    options = {
        "tiers": 3,
        "poles": 8,
        "decomposition": "aaa",
        "method": "heom",
        "tolerance_mode": "pointwise",
    }
    data = tomllib.loads(BASE)
    data["forces"] |= options | {"tolerance": "1/200"}
    forces = load(data).forces
    assert forces is not None and forces.tolerance == 0.005
    assert {name: getattr(forces, name) for name in options} == options


def test_grid_from_parameters() -> None:
    data = tomllib.loads(BASE)
    data["parameters"]["reach"] = 3
    data["forces"]["x"] = {"start": "-reach", "stop": "2*reach", "points": 4}
    forces = load(data).forces
    assert forces is not None
    np.testing.assert_allclose(forces.coords["x"], [-3, 0, 3, 6])


def test_no_forces_no_sweep() -> None:
    data = tomllib.loads(BASE)
    del data["forces"], data["sweep"]
    experiment = load(data)
    assert experiment.forces is None and experiment.sweep == {}
    assert list(experiment.points()) == [{}]
    assert experiment.at({}).settings == experiment.settings


def test_sweep_is_resolved_point_by_point() -> None:
    data = tomllib.loads(BASE)
    data["parameters"]["half"] = "bias/2"
    data["leads"]["L"]["chemical_potential"] = "half"
    data["sweep"] = {"bias": ["0 V", 0.01, "0.2 eV"], "lam": ["10 meV", "20 meV"]}
    experiment = load(data)
    points = list(experiment.points())
    assert len(points) == 6
    assert points[0] == {"bias": "0 V", "lam": "10 meV"} and points[1] == {"bias": "0 V", "lam": "20 meV"}
    mu = [experiment.at(p).model.leads[0].chemical_potential for p in points]
    np.testing.assert_allclose(mu, [0, 0, 0.005, 0.005, 0.1 * EV, 0.1 * EV], rtol=1e-14)
    slope = [experiment.at(p).model.at([[0.0, 0.0]]).dh[0, 0, 1, 1].real for p in points]
    np.testing.assert_allclose(slope, np.tile([0.010 * EV, 0.020 * EV], 3), rtol=1e-14)
    at = experiment.at(points[-1])
    assert at.sweep == {} and at.text == experiment.text
    assert at.overrides == {"parameters.bias": "0.2 eV", "parameters.lam": "20 meV"}
    assert experiment.kinds["bias"] == "voltage" and experiment.kinds["half"] == "energy"


def test_at_refuses_unknown_and_unsound_values() -> None:
    experiment = load(tomllib.loads(BASE))
    with pytest.raises(InputError, match='did you mean "bias"'):
        experiment.at({"bais": 1})
    with pytest.raises(InputError, match="negative"):
        experiment.at({"Omega": -1})


def test_overrides() -> None:
    experiment = load("junction", overrides={"parameters.bias": "0.4 V"})
    assert experiment.sweep == {}  # a parameter that is set is no longer swept
    assert experiment.model.leads[0].chemical_potential == pytest.approx(0.2 * EV)
    assert experiment.overrides == {"parameters.bias": "0.4 V"}
    experiment = load(
        "junction", overrides={"sweep.bias": '["0.1 V"]', "forces.x": "[0, 1]", "forces.tiers": "3"}
    )
    assert experiment.sweep == {"bias": ["0.1 V"]}
    assert experiment.forces is not None and experiment.forces.tiers == 3
    np.testing.assert_array_equal(experiment.forces.points, [[0.0], [1.0]])
    both = load("junction", overrides={"parameters.bias": 0.1, "sweep.bias": [0, 0.1]})
    assert both.sweep == {"bias": [0, 0.1]}
    assert load("junction", {"leads.L.temperature": "100 K"}).model.leads[0].temperature == 100 * KELVIN


def test_settings_record_every_value() -> None:
    experiment = load(tomllib.loads(BASE))
    settings = json.loads(json.dumps(experiment.settings))
    model = settings["model"]
    assert model["parameters"]["bias"] == pytest.approx(0.2 * EV)
    assert model["leads"]["R"]["profile"] == "1.0"  # a default
    assert model["leads"]["L"]["temperature"] == pytest.approx(300 * KELVIN)
    assert model["leads"]["L"]["width_poles"][0][1] == pytest.approx(-5 * EV)
    assert settings["forces"]["tolerance_mode"] == "global"
    assert settings["forces"]["tiers"] is None
    assert settings["sweep"] == {"bias": ["0 V", "0.2 V"]}


def test_automatic_states_cover_the_grid() -> None:
    """A coupling that grows with x is judged on the requested grid, and the number is recorded."""
    data = tomllib.loads(BASE)
    vibration = {"frequency": "0.2 eV", "couplings": {"a": "0.001*x"}}
    data["molecule"]["vibrations"] = {"v": vibration}
    data["forces"]["x"] = [0.01]
    few = load(data).settings["model"]["vibrations"]["v"]["states"]
    data["forces"]["x"] = [0.01, 20]
    many = load(data).settings["model"]["vibrations"]["v"]["states"]
    assert 5 < few < 10 < many


def test_experiments_pickle() -> None:
    experiment = pickle.loads(pickle.dumps(load("two-modes")))
    np.testing.assert_array_equal(
        experiment.model.at([[0.0, -4.0]]).h, load("two-modes").model.at([[0.0, -4.0]]).h
    )


def test_an_override_keeps_the_kind_of_a_parameter() -> None:
    """One line under the parameter; voltages and energies may replace each other, and k_BT is an energy."""
    for value, kind in {"0.001 fs": "a time", "1 u": "a mass", "300 K": "a temperature"}.items():
        with pytest.raises(InputError) as info:
            load("junction", {"parameters.eps0": value})
        (problem,) = info.value.problems
        assert problem[:2] == ("junction.toml", "parameters.eps0")
        assert f'"{value}" is {kind}, but eps0 is an energy' in problem[2]
    for value in ("0.1 V", "3 mHa", 0.01, "2*lam"):
        load("junction", {"parameters.eps0": value})
    with pytest.raises(InputError, match=r"parameters.bias: .* is a time, but bias is a voltage"):
        load("junction", {"parameters.bias": "10 fs"})


def test_a_wrong_kind_in_the_file_is_found_in_the_expression_that_uses_it() -> None:
    data = tomllib.loads(BASE)
    data["parameters"]["wrong"] = "0.001 fs"
    data["molecule"]["levels"]["a"] = "wrong + lam*x"
    with pytest.raises(InputError, match=r'molecule.levels.a: .*"wrong" is a time.* is an energy'):
        load(data)
