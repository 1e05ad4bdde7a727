"""[langevin] of an input file: read in atomic units; every fault one line, all at once."""

from __future__ import annotations

import copy
import pickle
import tomllib
from typing import Any

import numpy as np
import pytest

from nonadia.runs.errors import InputError
from nonadia.runs.experiment import load
from nonadia.runs.junction_experiment import JunctionExperiment
from nonadia.runs.table_experiment import TableExperiment
from nonadia.units import ANGSTROM, EV, FS, KELVIN, PS, U

from .test_input import BASE

TABLE: dict[str, Any] = {
    "system": "table",
    "parameters": {"k": 0.02, "T": "300 K", "bias": "0.1 V"},
    "coordinates": {"x": {"mass": "12 u", "unit": "angstrom"}},
    "molecule": {"potential": "k*x**2/2"},
    "table": {
        "x": {"start": "-2 angstrom", "stop": "2 angstrom", "points": 41},
        "friction": "1e-3*(1 + bias)",
        "temperature": "T",
    },
    "langevin": {"duration": "1 ps", "initial": {"x": "0.5 angstrom", "temperature": "T"}},
    "sweep": {"bias": ["0 V", "0.1 V", "0.2 V", "0.3 V"]},
}
PLANE = copy.deepcopy(TABLE)
PLANE["coordinates"]["y"] = {"mass": "1 u"}
PLANE["table"] |= {"y": [-1, 0, 1], "friction": {"x,x": 1e-3, "y": 2e-3}}
PLANE["langevin"]["initial"]["y"] = 0.0


def changed(data: dict[str, Any], **langevin: Any) -> dict[str, Any]:
    found = copy.deepcopy(data)
    found["langevin"] |= langevin
    return found


def read(data: dict[str, Any]) -> Any:
    experiment = load(data)
    assert isinstance(experiment, TableExperiment | JunctionExperiment) and experiment.langevin is not None
    return experiment.langevin


def faults(data: dict[str, Any]) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(data)
    return caught.value.lines()


def test_defaults_and_units() -> None:
    request = read(TABLE)
    assert request.duration == pytest.approx(PS) and request.step == "auto"
    assert (request.trajectories, request.stored, request.scheme, request.seed, request.keep) == (1000, 201, "baoab", 1, 0)
    assert request.initial == {"x": pytest.approx(0.5 * ANGSTROM), "temperature": pytest.approx(300 * KELVIN)}
    assert request.arguments()["exits"] is None


def test_everything_that_can_be_asked() -> None:
    request = read(
        changed(
            TABLE,
            trajectories=7,
            step="2 fs",
            scheme="OBABO",
            seed=2**63,
            keep=3,
            bins=20,
            exits={"gone": "x > 1 angstrom", "back": "x<-0.5*k"},
            asymptote={"x": {"lower": "linear", "upper": "free"}},
            stop_error={"kinetic_temperature": "1 K", "position": "0.01 angstrom", "current": 1e-7},
        )
    )
    assert request.step == pytest.approx(2 * FS) and request.scheme == "obabo" and request.seed == 2**63
    assert request.exits == {"gone": ("x", 1, pytest.approx(ANGSTROM)), "back": ("x", -1, -0.01)}
    assert request.asymptote == {"x": {"lower": "linear", "upper": "free"}}
    assert request.stop_error["kinetic_temperature"] == pytest.approx(KELVIN)
    assert request.stop_error["position"] == pytest.approx(0.01 * ANGSTROM)


@pytest.mark.parametrize(
    ("initial", "expected"),
    [
        ({"x": 1, "p": "-sqrt(2*k*0.5)"}, {"x": 1.0, "p": -np.sqrt(0.02)}),
        ({"x": 1, "p": "2 u*angstrom/ps"}, {"x": 1.0, "p": 2 * U * ANGSTROM / PS}),
        ({"boltzmann": "300 K"}, {"boltzmann": 300 * KELVIN}),
        (
            {"wigner": {"frequency": "30 meV", "center": "1 angstrom", "temperature": "T"}},
            {"wigner": {"frequency": 0.03 * EV, "center": [ANGSTROM], "momentum": [0.0], "temperature": 300 * KELVIN}},
        ),
    ],
)
def test_initial_conditions(initial: dict[str, Any], expected: dict[str, Any]) -> None:
    found = read(changed(TABLE, initial=initial)).initial
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if isinstance(value, dict):
            assert found[key].keys() == value.keys()
            for inner, number in value.items():
                np.testing.assert_allclose(found[key][inner], number, rtol=1e-12)
        else:
            np.testing.assert_allclose(found[key], value, rtol=1e-12)


def test_initial_conditions_in_a_plane() -> None:
    found = read(changed(PLANE, initial={"x": 0, "y": 1, "p": {"x": 2, "y": "1 u*bohr/ps"}})).initial
    assert found["p_x"] == 2.0 and found["p_y"] == pytest.approx(U / PS)
    wigner = read(changed(PLANE, initial={"wigner": {"frequency": "1 meV", "center": {"y": 1}}})).initial["wigner"]
    assert wigner["center"] == [0.0, 1.0] and wigner["momentum"] == [0.0, 0.0]


def test_a_drive_is_a_function_of_time_within_the_sweep() -> None:
    data = changed(TABLE, drive={"bias": "0.003*(1 + sin(t/T))"})
    request = read(data)
    drive = request.arguments()["drive"]["bias"]
    assert drive(0.0) == pytest.approx(0.003) and pickle.loads(pickle.dumps(drive))(0.0) == pytest.approx(0.003)
    # a single sweep point has one bias: nothing is driven there
    assert [load(data).at(values).langevin.drive for values in load(data).points()] == [{}, {}, {}, {}]  # type: ignore[attr-defined]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"trajctories": 5}, "langevin.trajctories", 'did you mean "trajectories"'),
    ({"trajectories": 0}, "langevin.trajectories", "whole number"),
    ({"duration": "20 meV"}, "langevin.duration", "is an energy"),
    ({"duration": -1}, "langevin.duration", "negative"),
    ({"step": "2 ps"}, "langevin.step", "longer than the duration"),
    ({"stored": 2}, "langevin.stored", "at least 3"),
    ({"scheme": "verlet"}, "langevin.scheme", "use one of baoab"),
    ({"seed": -1}, "langevin.seed", "from 0"),
    ({"seed": 1.5}, "langevin.seed", "whole number"),
    ({"keep": 2000}, "langevin.keep", "there are 1000 trajectories"),
    ({"bins": "many"}, "langevin.bins", "whole number"),
    ({"table_tolerance": 2}, "langevin.table_tolerance", "too large"),
    ({"step_tolerance": "1 fs"}, "langevin.step_tolerance", "is a time"),
    ({"memory": 1}, "langevin.memory", "true or false"),
    ({"memory": True, "drive": {"bias": "0.1 V"}}, "langevin.memory", "cannot follow"),
    ({"memory": True}, "langevin.memory", "needs memory kernels"),
    ({"initial": {}}, "langevin.initial", "no position; give x = 0.0"),
    ({"initial": {"x": 0, "temprature": 1}}, "langevin.initial.temprature", "unknown key"),
    ({"initial": {"x": "1 fs"}}, "langevin.initial.x", "is a time"),
    ({"initial": {"x": 0, "temperature": "-300 K"}}, "langevin.initial.temperature", "not positive"),
    ({"initial": {"x": 0, "p": "5 eV"}}, "langevin.initial.p", "mass length time^-1 is needed"),
    ({"initial": {"boltzmann": "300 K", "x": 0}}, "langevin.initial.x", "does not go with boltzmann"),
    ({"initial": {"boltzmann": "300 K", "wigner": {"frequency": 1}}}, "langevin.initial.boltzmann", "does not go with"),
    ({"initial": {"wigner": {"frequency": "3 K"}}}, "langevin.initial.wigner.frequency", "is a temperature"),
    ({"initial": {"wigner": {}}}, "langevin.initial.wigner.frequency", "is missing"),
    ({"initial": {"wigner": {"frequency": 1, "temperature": -1}}}, "langevin.initial.wigner.temperature", "negative"),
    ({"exits": {"gone": "x >> 5"}}, "langevin.exits.gone", '"x > 5 angstrom"'),
    ({"exits": {"gone": "z > 5"}}, "langevin.exits.gone", '"z" is no coordinate'),
    ({"exits": {"gone": "x > 5 eV"}}, "langevin.exits.gone", "is an energy"),
    ({"exits": {"gone": 5}}, "langevin.exits.gone", "text in quotes"),
    ({"asymptote": {"x": {"lower": "flat"}}}, "langevin.asymptote.x.lower", '"free"'),
    ({"asymptote": {"z": {"lower": "free"}}}, "langevin.asymptote.z", "unknown key"),
    ({"stop_error": {"temperature": "1 K"}}, "langevin.stop_error.temperature", 'did you mean "kinetic_temperature"'),
    ({"stop_error": {"kinetic_temperature": "1 fs"}}, "langevin.stop_error.kinetic_temperature", "is a time"),
    ({"drive": {"bias": "x*t"}}, "langevin.drive.bias", '"x"'),
    ({"drive": {"bias": "0.1*t"}}, "langevin.drive.bias", "the values of [sweep] reach from 0 to"),
    ({"drive": {"k": "0.02"}}, "langevin.drive.k", "give at least 4 values of it in [sweep]"),
    ({"drive": {"bias": "1 fs"}}, "langevin.drive.bias", "is a time"),
]


@pytest.mark.parametrize(("change", "key", "words"), BAD, ids=[f"{key}-{i}" for i, (_, key, _) in enumerate(BAD)])
def test_one_fault_one_line(change: dict[str, Any], key: str, words: str) -> None:
    lines = [line for line in faults(changed(TABLE, **change)) if " (with " not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"<dict>: {key}: ") and words in lines[0], lines[0]


def test_all_faults_at_once() -> None:
    data = changed(TABLE, step="1 K", exits={"a": "y > 1"}, drive={"bias": "q"}, seed="x")
    data["table"]["friction"] = "gama"
    keys = {line.split(": ")[1] for line in faults(data)}
    assert keys >= {"langevin.step", "langevin.exits.a", "langevin.drive.bias", "langevin.seed", "table.friction"}


def test_several_coordinates_need_a_value_each() -> None:
    (line,) = faults(changed(PLANE, initial={"x": 0, "y": 0, "p": 3}))
    assert "one value for 2 coordinates; give { x = 0.0, y = 0.0 }" in line
    (line,) = faults(changed(PLANE, initial={"x": 0, "temperature": "T"}))
    assert "no position; give y = 0.0" in line


def test_a_duration_that_the_sweep_changes_is_refused() -> None:
    data = changed(TABLE, duration="1e5*(1 + bias)")
    assert all("langevin.duration" in line and "changes in the sweep" in line for line in faults(data))


def test_a_junction_needs_forces_and_kernels() -> None:
    data = tomllib.loads(BASE)
    data["langevin"] = {"duration": "1 ps", "memory": True}
    del data["forces"]
    lines = faults(data)
    assert any("langevin: needs [forces] beside it" in line for line in lines)
    assert any("langevin.memory: needs [memory] beside it" in line for line in lines)
