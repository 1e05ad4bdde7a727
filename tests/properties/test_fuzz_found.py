"""Inputs found by fuzzing that once ended in an exception or never: each now ends with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nonadia.runs import closed_estimate
from tests.runs.closed_inputs import MOLECULE, PLANE
from tests.runs.closed_inputs import changed as closed
from tests.runs.langevin_inputs import JUNCTION, TABLE
from tests.runs.langevin_inputs import changed as table

from .hostile import checked

FAR: dict[str, Any] = {**JUNCTION, "molecule": {"levels": {"d": 1e18}}}
CUT_OFF: dict[str, Any] = {**JUNCTION, "leads": {k: v | {"profile": "1e-12"} for k, v in JUNCTION["leads"].items()}}
STEEP = closed(MOLECULE, "parameters.k", 1e30)


@pytest.mark.parametrize("method", ["split-operator", "chebyshev", "krylov"])
def test_a_potential_that_no_step_can_follow(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial of `check` is given up, here after half a second; a step of very many terms is refused."""
    monkeypatch.setattr(closed_estimate, "_PATIENCE_FOR_ONE", 0.5)
    ended, wrong = checked(closed(STEEP, "propagation.method", method), tmp_path, seconds=30)
    assert not wrong and ("takes more than" in ended.out or "propagation: " in ended.err), (ended, wrong)


@pytest.mark.parametrize("data", [FAR, CUT_OFF], ids=["far from the band", "hardly coupled"])
def test_a_level_that_no_lead_reaches_by_numbers(data: dict[str, Any], tmp_path: Path) -> None:
    ended, wrong = checked(data, tmp_path)
    assert not wrong and ended.code == 2 and "forces: at grid point" in ended.err, (ended, wrong)


@pytest.mark.parametrize("value", [[1], True, {"x": 1}, []])
def test_a_place_that_is_no_number(value: Any, tmp_path: Path) -> None:
    ended, wrong = checked(table(TABLE, initial={"x": value}), tmp_path)
    assert not wrong and "langevin.initial.x: must be a number" in ended.err, (ended, wrong)


def test_a_profile_that_cannot_be_squared(tmp_path: Path) -> None:
    """No warning of NumPy beside the line."""
    leads = {name: lead | {"profile": "1e200*exp(-x)"} for name, lead in JUNCTION["leads"].items()}
    ended, wrong = checked({**JUNCTION, "leads": leads}, tmp_path)
    assert not wrong, (ended, wrong)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({**TABLE, "coordinates": {}}, "coordinates: none"),
        (closed(MOLECULE, "coordinates.R.grid.points", 10**9), "coordinates.R.grid.points: 1,000,000,000"),
        (closed(closed(PLANE, "coordinates.x.grid.points", 10**5), "coordinates.y.grid.points", 10**5), "coordinates: "),
    ],
    ids=["no coordinate", "a long grid", "a large grid"],
)
def test_grids_that_cannot_be(data: dict[str, Any], key: str, tmp_path: Path) -> None:
    ended, wrong = checked(data, tmp_path)
    assert not wrong and f": {key}" in ended.err, (ended, wrong)


def test_noise_that_overflows(tmp_path: Path) -> None:
    data = {**TABLE, "table": TABLE["table"] | {"friction": -1e308}}
    ended, wrong = checked(data, tmp_path)
    assert not wrong and ended.code == 2 and "RuntimeWarning" not in ended.err, (ended, wrong)


def test_trajectories_of_the_trial_that_leave_the_table(tmp_path: Path) -> None:
    data = {**TABLE, "table": TABLE["table"] | {"potential": "-0.001*x"}}
    data = {**data, "langevin": {"trajectories": 300, "duration": "20 ps", "initial": {"x": 2.9, "temperature": "300 K"}}}
    ended, wrong = checked(data, tmp_path)
    assert not wrong and ": langevin: trajectory" in ended.err, (ended, wrong)
