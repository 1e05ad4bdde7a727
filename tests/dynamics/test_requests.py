"""What is asked of `heom_dynamics`: arguments that do not fit, starts that the vibrational states hold or not."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

import nonadia as na
from nonadia.dynamics.basis import holding, weight_lost
from nonadia.dynamics.request import Start, VibrationStart
from nonadia.dynamics.run import Task

from .test_dynamics import junction


def vibration(**start: Any) -> dict[str, Any]:
    return {"initial": {"vibrations": {"b": start}}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time": [0.0, -1.0]}, "time: the values do not increase from 0 on; give a number or a 1D array"),
        ({"time": "abc"}, "time: 'abc' is not made of numbers; give"),
        ({"time": [[0.0], [1.0, 2.0]]}, "time: .* is not made of numbers; give"),
        ({"initial": "empty"}, "initial: 'empty' is no table; give one"),
        ({"initial": {"electron": "empty"}}, 'initial: "electron" is not known'),
        ({"initial": {"electrons": "full"}}, "initial.electrons: 'full' is not known"),
        ({"initial": {"electrons": {"d": 1.5}}}, "initial.electrons.d: 1.5 is out of range; occupations lie between 0 and 1"),
        ({"initial": {"electrons": {"d": "half"}}}, "initial.electrons.d: 'half' is not a finite number; occupations"),
        ({"initial": {"electrons": {"e": 0.5}}}, '"e" is no level; there are: d'),
        ({"initial": {"vibrations": "b"}}, "initial.vibrations: 'b' is no table; give one"),
        ({"initial": {"vibrations": {"c": {"fock": 1}}}}, '"c" is no vibration of the model; there are: b'),
        (vibration(fock=1.5), "initial.vibrations.b.fock: 1.5 is no number of quanta; give a whole number"),
        (vibration(fock=True), "initial.vibrations.b.fock: True is not a finite number"),
        (vibration(thermal="3 meter"), "initial.vibrations.b.thermal: .*; give k_BT"),
        (vibration(thermal=-1.0), "initial.vibrations.b.thermal: -1.0 is negative; give"),
        (vibration(displacement=np.nan), "initial.vibrations.b.displacement: nan is not a finite number"),
        (vibration(fock=30), "initial.vibrations.b: fock = 30 needs more than 8 vibrational states.*; give"),
        (vibration(displacement=6.0), "initial.vibrations.b: displacement = 6 needs more than 8 vibrational states.*; give"),
        (vibration(displacement=40.0), "displacement = 40 needs more than 8 vibrational states"),
        (vibration(thermal=5.0), "initial.vibrations.b: thermal = 5 needs more than 8 vibrational states.*; give"),
        ({"tiers": 0}, "tiers: 0 does not fit; give a whole number, at least 1"),
        ({"tiers": "2"}, "tiers: '2' does not fit; give a whole number"),
        ({"poles": 1.5}, "poles: 1.5 does not fit; give a whole number"),
        ({"tolerance": 2.0}, "tolerance: 2.0 is out of range; give the accepted error, between 0 and 1"),
        ({"tolerance": "x"}, "tolerance: 'x' is not a finite number; give"),
        ({"decomposition": "matsubara"}, "decomposition: 'matsubara' is not known; use one of"),
        ({"x": {"y": 0.0}}, "x: got y; give a finite value for each of x"),
        ({"x": {"x": None}}, "x.x: None is not a finite number; give"),
        ({"x": np.nan}, r"x: \[nan\] is not one geometry; give a finite value"),
        ({"positions": [[0.0]]}, "positions: .* does not fit; give a 1D array"),
        ({"positions": ["a"]}, "positions: .* is not made of numbers; give a 1D array"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(arguments: dict[str, Any], message: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=message):
        na.heom_dynamics(junction(coupling=0.005), **({"time": 1.0} | arguments))
    assert time.process_time() - started < 1.0


def test_a_coordinate_that_matters_must_be_held() -> None:
    with pytest.raises(ValueError, match="the model depends on z; give the values"):
        na.heom_dynamics(na.examples.load("newns-anderson").model, 1.0)


@pytest.mark.parametrize(("start", "quanta"), [({"fock": 3}, 3.0), ({"displacement": 1.2}, 0.72)])
def test_a_start_that_just_fits_is_compared_with_more_states(start: dict[str, Any], quanta: float) -> None:
    """Three quanta in four states: not in fewer, and not about the place of rest. What is lost of a start is in its error."""
    found = na.heom_dynamics(junction(coupling=0.005, states=4), [0.0], **vibration(**start), tiers=1, poles=1)
    error = float(found.error_vibrational_energy[0, 0])
    assert abs(float(found.vibrational_energy[0, 0]) / 0.01 - 0.5 - quanta) <= error / 0.01 + 1e-12
    lost = 1 - VibrationStart(*next(iter(start.items()))).kept(0.01, 4)
    assert abs(json.loads(found.attrs["error_shares"])["energy"].get("start", 0.0) - lost) < 1e-12
    assert {record["vibrational_states"][0] for record in json.loads(found.attrs["convergence"])} == {4, 5}


def test_the_weight_that_states_hold() -> None:
    """Coherent: Poisson's distribution; thermal: 1 - e^{-Nω/kT}; both about another place no more than the bound."""
    coherent, hot = VibrationStart("displacement", 2.0, "b"), VibrationStart("thermal", 0.02, "b")
    poisson = np.exp(-2.0) * sum(2.0**n / np.prod(np.arange(1.0, n + 1)) for n in range(9))
    assert abs(coherent.kept(0.01, 9) - poisson) < 1e-12
    assert abs(hot.kept(0.01, 10) - (1 - np.exp(-5.0))) < 1e-12
    assert hot.kept(0.01, 10, 0.5) < hot.bound(0.01, 10, -1.0, 1.0) - 1e-4
    assert abs(hot.bound(0.01, 10, -1.0, 1.0) - (1 - np.exp(-5.0))) < 1e-12
    assert coherent.kept(0.01, 9, 0.3) < coherent.bound(0.01, 9, 0.0, 1.0)


def test_automatic_states_hold_a_hot_start() -> None:
    model = junction(coupling=0.005, states="auto")
    start = Start.of(model, {"vibrations": {"b": {"thermal": 0.1}}})
    task = Task(model.at([0.0]), start, np.zeros(1), np.zeros(1), np.array([-0.25]))
    assert 0 < weight_lost(holding(task, [True], 1e-3, [1, 1], 1)) < 1e-3


def test_quanta_of_a_coherent_start() -> None:
    """⟨b†b⟩ = x0²/2"""
    assert VibrationStart("displacement", 3.0).quanta(0.01) == 4.5
    assert abs(np.arange(60) @ np.diag(VibrationStart("displacement", 3.0).density(0.01, 60)).real - 4.5) < 1e-12
