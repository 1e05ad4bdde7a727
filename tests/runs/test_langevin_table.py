"""system = "table": own friction tables from a CSV file, as expressions, or from a result; units, faults, sweeps."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.runs.compound_units import ENERGY, FORCE, FRICTION, MOMENTUM, NOISE, RATE, factor, in_atomic_units
from nonadia.runs.errors import InputError
from nonadia.runs.experiment import load
from nonadia.runs.table_experiment import TableExperiment
from nonadia.units import ANGSTROM, EV, FS, KELVIN, PS, VOLT, U, UnitError

KT = 300 * KELVIN
BASE: dict[str, Any] = {
    "system": "table",
    "parameters": {"k": 0.02},
    "coordinates": {"x": {"mass": "12 u"}},
    "table": {"file": "friction.csv", "temperature": "300 K"},
}


def write(folder: Path, data: dict[str, Any], csv: str = "") -> Path:
    """The input as a TOML file in `folder`, beside the CSV."""
    if csv:
        (folder / "friction.csv").write_text(csv, encoding="utf-8")
    lines: list[str] = []

    def value(item: Any) -> str:
        if isinstance(item, dict):
            return "{ " + ", ".join(f'"{key}" = {value(inner)}' for key, inner in item.items()) + " }"
        if isinstance(item, list):
            return "[" + ", ".join(map(value, item)) + "]"
        return f'"{item}"' if isinstance(item, str) else str(item)

    lines = [f"{key} = {value(item)}" for key, item in data.items()]
    (folder / "in.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder / "in.toml"


def table(folder: Path, data: dict[str, Any], csv: str = "") -> xr.Dataset:
    experiment = load(write(folder, data, csv))
    assert isinstance(experiment, TableExperiment)
    return experiment.table.dataset()


def faults(folder: Path, data: dict[str, Any], csv: str = "") -> list[str]:
    with pytest.raises(InputError) as caught:
        load(write(folder, data, csv))
    return caught.value.lines()


def changed(**entries: Any) -> dict[str, Any]:
    found = copy.deepcopy(BASE)
    found["table"] |= entries
    return found


@pytest.mark.parametrize(
    "csv",
    [
        "x,mean_force,friction\n1,0.5,2\n0,0.25,1\n",
        "x;mean_force;friction\n0;0.25;1\n1;0.5;2\n",
        "# forces of ours\n# x  mean_force  friction\n0 0.25 1  # the first\n\n1 0.5 2\n",
        "x\tmean_force\tfriction\n0\t0.25\t1\n1\t0.5\t2\n",
        '"x", "mean_force", "friction"\n0, 0.25, 1e0\n1, .5, 2\n',
    ],
)
def test_columns_in_atomic_units_however_separated(tmp_path: Path, csv: str) -> None:
    found = table(tmp_path, changed(potential="k*x**2/2"), csv)
    np.testing.assert_allclose(found["x"], [0, 1])
    np.testing.assert_allclose(found["mean_force"].values[:, 0], [0.25, 0.5])
    np.testing.assert_allclose(found["friction"].values[:, 0, 0], [1, 2])
    np.testing.assert_allclose(found["noise"].values[:, 0, 0], [KT, 2 * KT])
    np.testing.assert_allclose(found["bare_potential"], [0, 0.01])
    np.testing.assert_allclose(found["bare_force"].values[:, 0], [0, -0.02])
    np.testing.assert_allclose(found["potential"], [0, 0.01 - 0.375])
    assert found["x"].attrs["mass"] == pytest.approx(12 * U) and found.attrs["converged"] == 1


def test_units_from_header_and_mapping(tmp_path: Path) -> None:
    csv = "r [angstrom], U (eV), F [eV/angstrom], gamma, D\n0,1,2,3,4\n1,1,2,3,4\n"
    columns = {
        "x": "r",
        "potential": "U",
        "mean_force": "F",
        "friction": {"column": "gamma", "unit": "1/ps"},
        "noise": {"column": "D", "unit": "eV^2*fs/angstrom^2"},
    }
    data = changed(columns=columns)
    del data["table"]["temperature"]
    data["coordinates"]["x"]["unit"] = "angstrom"
    found = table(tmp_path, data, csv)
    np.testing.assert_allclose(found["x"], [0, ANGSTROM])
    np.testing.assert_allclose(found["bare_potential"], EV)
    np.testing.assert_allclose(found["mean_force"], 2 * EV / ANGSTROM)
    np.testing.assert_allclose(found["friction"], 3 * 12 * U / PS)
    np.testing.assert_allclose(found["noise"], 4 * EV**2 * FS / ANGSTROM**2)


def test_compound_units() -> None:
    assert factor("meV*fs/angstrom^2", FRICTION, RATE) == (pytest.approx(1e-3 * EV * FS / ANGSTROM**2), 0)
    assert factor("ps^-1", FRICTION, RATE) == (pytest.approx(1 / PS), 1)
    assert factor("u/ps", FRICTION)[0] == pytest.approx(U / PS)
    assert factor("kcal/mol/angstrom", FORCE)[0] == pytest.approx(4184 / 4.3597447222e-18 / 6.02214076e23 / ANGSTROM)
    assert factor("1/cm", ENERGY)[0] == pytest.approx(4.556335e-6, rel=1e-6)
    assert factor("hartree^2/bohr**2*fs", NOISE)[0] == pytest.approx(FS)
    assert in_atomic_units("-2.5 u*angstrom/ps", MOMENTUM) == pytest.approx(-2.5 * U * ANGSTROM / PS)
    bad = {"eV": "mass length time", "eV//fs": "not a unit", "furlong/fs": "unknown unit", "": "not a unit"}
    for text, words in bad.items():
        with pytest.raises(UnitError, match=words):
            factor(text, FORCE)


def test_rows_grouped_by_a_parameter_become_the_sweep(tmp_path: Path) -> None:
    rows = [f"{x},{1 + b},{b}" for b in (0.2, 0, 0.4) for x in (0, 1, 2)]
    data = changed(columns={"bias": {"column": "V", "unit": "V"}})
    file = write(tmp_path, data, "x,friction,V\n" + "\n".join(rows))
    experiment = load(file)
    assert experiment.sweep == {"bias": ["0 V", "0.2 V", "0.4 V"]}
    values = [experiment.at(point).table.dataset()["friction"].values[0, 0, 0] for point in experiment.points()]  # type: ignore
    np.testing.assert_allclose(values, [1, 1.2, 1.4])
    result = na.run(experiment)
    assert result["forces/friction"].dims == ("bias", "x", "mode", "mode_")
    np.testing.assert_allclose(result["forces/bias"], np.array([0, 0.2, 0.4]) * VOLT)
    one = load(write(tmp_path, data | {"sweep": {"bias": ["0.4 V"]}}))
    assert one.sweep == {"bias": ["0.4 V"]}
    given = load(write(tmp_path, data | {"parameters": {"k": 1, "bias": "400 mV"}}))
    assert given.sweep == {} and given.table.dataset()["friction"].values[0, 0, 0] == pytest.approx(1.4)  # type: ignore
    (line,) = [line for line in faults(tmp_path, data | {"sweep": {"bias": ["0.3 V"]}}) if "(with" not in line]
    assert "the file has no rows with bias = 0.0110" in line and "0 V, 0.2 V, 0.4 V" in line


@pytest.mark.parametrize("change", [{}, {"sweep": {"bias": ["0 V", "0.2 V"]}}])
def test_a_column_that_the_input_does_not_name_is_swept(tmp_path: Path, change: dict[str, Any]) -> None:
    rows = [f"{b},{x},{1 + b},{7 * x + b}" for b in (0.2, 0) for x in (0, 1, 2)]
    file = write(tmp_path, BASE | change, "bias [V],x,friction,seen\n" + "\n".join(rows))
    experiment = load(file)
    assert experiment.sweep == {"bias": ["0 V", "0.2 V"]}
    result = na.run(experiment)
    np.testing.assert_allclose(result["forces/bias"], np.array([0, 0.2]) * VOLT)
    np.testing.assert_allclose(result["forces/friction"].values[:, 0, 0, 0], [1, 1.2])
    one = load(write(tmp_path, BASE | {"parameters": {"bias": "0.2 V"}}))
    assert one.sweep == {} and one.table.dataset()["friction"].values[0, 0, 0] == pytest.approx(1.2)  # type: ignore


def test_two_columns_that_the_input_does_not_name(tmp_path: Path) -> None:
    rows = [f"{b},{T},{x},{1 + b + T}" for b in (0, 1) for T in (3, 4) for x in (0, 1, 2)]
    experiment = load(write(tmp_path, BASE, "b,T,x,friction\n" + "\n".join(rows)))
    assert experiment.sweep == {"b": [0.0, 1.0], "T": [3.0, 4.0]}


def test_a_rate_between_unequal_masses(tmp_path: Path) -> None:
    """γ_xy = rate √(m_x m_y), γ_xx = rate m_x."""
    data = changed(noise={"x": 1.0, "y": 1.0})
    data["coordinates"] = {"x": {"mass": "12 u"}, "y": {"mass": 2000}}
    del data["table"]["temperature"]
    header = ",".join(f"friction_{pair} [1/ps]" for pair in ("x_x", "x_y", "y_x", "y_y"))
    rows = [f"{x},{y},3,0.5,-0.7,4" for y in (0, 1) for x in (0, 1)]
    found = table(tmp_path, data, f"x,y,{header}\n" + "\n".join(rows))["friction"].values[1, 1]
    mean = np.sqrt(12 * U * 2000)
    np.testing.assert_allclose(found, np.array([[3 * 12 * U, 0.5 * mean], [-0.7 * mean, 4 * 2000]]) / PS)


def test_two_coordinates_on_a_grid_or_at_points(tmp_path: Path) -> None:
    data = changed(noise={"x": 1.0, "y,y": 2.0}, mean_force={"y": "x*y"})
    data["coordinates"]["y"] = {"mass": 2000}
    del data["table"]["temperature"]
    header = "x,y,friction_x_x,friction_x_y,friction_y_x,friction_y_y\n"
    rows = [f"{x},{y},1,0.5,-0.5,{x + y}" for y in (0, 1, 2) for x in (0, 1)]
    found = table(tmp_path, data, header + "\n".join(rows))
    assert found["friction"].dims == ("x", "y", "mode", "mode_")
    np.testing.assert_allclose(found["friction"].values[1, 2], [[1, 0.5], [-0.5, 3]])
    np.testing.assert_allclose(found["noise"].values[1, 2], [[1, 0], [0, 2]])
    np.testing.assert_allclose(found["mean_force"].values[1, 2], [0, 2])
    scattered = table(tmp_path, data, header + "\n".join(rows[:-1]))
    assert scattered["friction"].dims == ("point", "mode", "mode_") and scattered["y"].dims == ("point",)


def test_expressions_on_a_grid(tmp_path: Path) -> None:
    data = changed(x={"start": -1, "stop": 1, "points": 5}, friction="1 + x**2", mean_force="-k*x", potential="k*x**4")
    del data["table"]["file"]
    found = table(tmp_path, data)
    x = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(found["friction"].values[:, 0, 0], 1 + x**2)
    np.testing.assert_allclose(found["bare_force"].values[:, 0], -0.08 * x**3)
    assert (found["error_friction"] == 0).all(), "an expression is exact"


def test_a_result_is_the_table_of_another_run(tmp_path: Path) -> None:
    first = changed(x=[-1, 0, 1], friction="a*(1 + x**2)", potential="k*x**2/2")
    del first["table"]["file"]
    first |= {"parameters": {"k": 0.02, "a": 1}, "sweep": {"a": [1, 2]}}
    na.run(write(tmp_path, first), tmp_path / "first.nc")
    second = {"system": "table", "table": {"file": "first.nc"}}
    experiment = load(write(tmp_path, second))
    assert experiment.sweep == {"a": ["1", "2"]}
    again, once = na.run(experiment)["forces"], na.open(tmp_path / "first.nc")["forces"]
    for name in ("friction", "noise", "bare_force", "potential"):
        np.testing.assert_array_equal(again[name].values, once[name].values)
    (line,) = faults(tmp_path, second | {"table": {"file": "first.nc", "friction": 1}})
    assert "table.friction: a result file gives everything" in line
    (tmp_path / "first.nc").write_bytes(b"\x89HDF not really")
    (line,) = faults(tmp_path, second)
    assert "table.file: " in line and "not a readable result file" in line


GOOD = "x,mean_force,friction\n0,1,1\n1,1,1\n"
BAD: list[tuple[dict[str, Any], str, str, str]] = [
    ({}, "x,mean_force,frction\n0,1,1\n", "table.friction", "no friction; give a column friction; the file has: x, mean_force"),
    ({}, "r,friction\n0,1\n", "table.file", 'columns = { x = "r" }'),
    ({}, "x,friction\n0,1\n0,2\n", "table.file", "two rows with x = 0 bohr (lines 2 and 3) but different friction"),
    ({}, "x,friction\n1,1\n0,1\n1,1\n", "table.file", "two rows with x = 1 bohr (lines 2 and 4) and the same values"),
    (
        *({}, "x [angstrom],friction,V [V]\n0.5,1,0\n0.5,2,1\n1,1,0\n", "table.file"),
        'x = 0.5 angstrom (lines 2 and 3), different in the column "V"; if it is a parameter, say so: columns = { V = "V" }',
    ),
    ({}, "x,friction,bias,mu\n0,1,0,0\n0,2,1,2\n", "table.file", 'told apart by "bias" or "mu"; say which is the parameter'),
    ({"friction": 1}, "x,frction\n0,1\n0,2\n", "table.file", 'different in the column "frction"; if it is a parameter'),
    (
        *({"temperature": None}, "V [V],x [angstrom],friction,noise\n0,0.5,1,1\n0.2,0.5,1,-1\n", "table.noise"),
        "D is negative at x = 0.5 angstrom, V = 0.2 V (line 3)",
    ),
    ({}, "x,friction\n0,1\n1,nan\n", "table.file", 'line 3: "nan" in the column friction'),
    ({}, "x,friction\n0,1\n1\n", "table.file", "line 3: 1 values for 2 columns"),
    ({}, "0,1\n1,2\n", "table.file", "no header"),
    ({}, "x,friction\n", "table.file", "no numbers"),
    ({}, "x,x\n0,1\n", "table.file", 'called "x"'),
    ({"file": "nowhere.csv"}, GOOD, "table.file", "file not found"),
    ({"file": "nowhere.nc", "temperature": None}, GOOD, "table.file", "file not found"),
    ({"temperature": None}, GOOD, "table.noise", 'temperature = "300 K"'),
    ({"temperature": "3 fs"}, GOOD, "table.temperature", "is a time"),
    ({"noise": 1}, GOOD, "table.temperature", "the noise is given too"),
    ({"friction": "1 + x"}, GOOD, "table.friction", "the file has columns for the friction too"),
    ({"x": [0, 1]}, GOOD, "table.x", "the file gives the geometries"),
    ({"fricton": 1}, GOOD, "table.fricton", 'did you mean "friction"'),
    ({"columns": {"frictoin": "friction"}}, GOOD, "table.columns.frictoin", 'did you mean "friction"'),
    ({"columns": {"friction": "gamma"}}, GOOD, "table.columns.friction", 'no column "gamma"'),
    ({"columns": {"friction": {"unit": "eV"}}}, GOOD, "table.columns.friction", "time^-1 is needed"),
    ({"columns": {"friction": 3}}, GOOD, "table.columns.friction", "name of a column"),
    ({}, "V [V],x [angstrom],friction\n0,0.5,-1\n", "table.noise", "D is negative at x = 0.944863 bohr (D = γ k_BT"),
    ({}, "V [V],x,friction\n0,1,-1\n1,1,1\n0,2,1\n1,2,1\n", "table.noise", "D is negative at x = 1 bohr, V = 0 V (D = γ k_BT"),
    ({"temperature": None, "noise": "x - 1"}, GOOD, "table.noise", "D is negative at x = 0 bohr; no random force"),
    ({"potential": "k*x +"}, GOOD, "table.potential", "cannot read"),
    ({"potential": "1/(x - 1)"}, GOOD, "table.potential", "must be finite at every x"),
    ({"mean_force": "log(-1 - x)"}, "x,friction\n0,1\n1,1\n", "table.mean_force", ""),
]


@pytest.mark.parametrize(("change", "csv", "key", "words"), BAD, ids=[f"{key}-{i}" for i, (_, _, key, _) in enumerate(BAD)])
def test_one_fault_one_line(tmp_path: Path, change: dict[str, Any], csv: str, key: str, words: str) -> None:
    data = copy.deepcopy(BASE)
    for name, entry in change.items():
        if entry is None:
            del data["table"][name]
        else:
            data["table"][name] = entry
    lines = faults(tmp_path, data, csv)
    assert len(lines) == 1, lines
    assert f"in.toml: {key}: " in lines[0] and words in lines[0], lines[0]


def test_a_length_in_angstrom_must_be_said(tmp_path: Path) -> None:
    data = changed()
    data["coordinates"]["x"]["unit"] = "angstrom"
    (line,) = faults(tmp_path, data, GOOD)
    assert 'columns = { x = { unit = "angstrom" } }, or "bohr"' in line


def test_check_says_what_it_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nonadia.runs.describe import describe

    said: list[str] = []
    rows = "\n".join(f"{x},1,0,7" for x in np.linspace(-3, 3, 13))
    dynamics = {"duration": "1 ps", "initial": {"boltzmann": "100 K"}, "trajectories": 50}
    data = changed(potential="k*x**2/2") | {"langevin": dynamics}
    describe(load(write(tmp_path, data, "x,friction,mean_force,other\n" + rows)), said.append)
    text = "\n".join(said)
    assert "x = -3 … 3 (13 points)" in text and "columns not used: other" in text
    assert "50 trajectories" in text and "steps of" in text and "memory about" in text and "time about" in text
