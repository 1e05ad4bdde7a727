"""Memory kernels with quantum vibrations: too few states are stated as an error, or raised where the model may choose them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.friction import memory_states
from nonadia.friction.estimate import ResourceError
from nonadia.friction.memory_bath import KernelBaths
from nonadia.friction.memory_evaluate import KERNELS, GridKernels, by_hierarchy
from nonadia.friction.memory_states import choose_states, strongest
from nonadia.heom.size import hierarchy_size
from nonadia.models.junction import Junction

TIME = np.linspace(0.0, 1000.0, 21)
FREQUENCY = np.linspace(0.0, 0.02, 7)


def junction(states: int | str, kelvin: float = 300.0, bias: float = 0.0, omega: float = 0.1, shift: float = 0.05) -> Junction:
    """One level, one classical mode, one quantum vibration (ħω, coupling in eV), two leads; bias in V."""
    lead = {"temperature": f"{kelvin} K", "bandwidth": "2 eV", "profile": "1", "couplings": {"d": "50 meV"}}
    return Junction.from_dict(
        {
            "parameters": {"Omega": "4 meV", "lam": "20 meV", "bias": f"{bias} V"},
            "coordinates": {"x": {"mass": "1/Omega", "unit": "1"}},
            "molecule": {
                "potential": "Omega*x**2/2",
                "levels": {"d": "sqrt(2)*lam*x"},
                "vibrations": {"b": {"frequency": f"{omega} eV", "states": states, "couplings": {"d": f"{shift} eV"}}},
            },
            "leads": {
                "L": lead | {"chemical_potential": "bias/2"},
                "R": lead | {"chemical_potential": "-bias/2"},
            },
        }
    )


def kernels(model: Junction, tolerance: float) -> xr.Dataset:
    return na.memory_kernels(model, [1.0], TIME, FREQUENCY, tolerance=tolerance)


@pytest.mark.parametrize("bias", [0.0, 0.6], ids=["equilibrium", "bias"])
def test_two_given_states_are_not_converged_and_the_stated_error_covers_the_true_one(bias: float) -> None:
    """Against 8 states, whose own stated error is granted; every kernel and spectrum, at every time and frequency."""
    few, many = (kernels(junction(states, 600.0, bias), 0.1) for states in (2, 8))
    assert few.attrs["converged"] == 0 and json.loads(few.attrs["vibrational_states"]) == [2]
    assert any("vibrational states" in message for message in json.loads(few.attrs["messages"]))
    worst = 0.0
    for name in KERNELS:
        true = float(np.abs(few[name] - many[name]).max())
        stated = few[f"error_{name}"].values
        assert np.all(np.isfinite(stated))
        granted = many[f"error_{name}"].values
        assert np.all(np.abs(few[name] - many[name]).values <= stated + granted), name
        if bias == 0:  # where 8 states are many: 10 change nothing beyond 1e-3
            assert max(json.loads(many.attrs["error_of_vibrational_basis"]).values()) < 1e-3
            assert true <= stated.max(), name
        worst = max(worst, true / float(np.abs(many[name]).max()))
    assert worst > 0.2  # what a tolerance of 0.1 must not pass
    first = json.loads(few.attrs["convergence"])[0]
    assert first["vibrational_states"] == [2] and first["compared_with"] == [4]
    assert set(first["relative_change"]) == set(KERNELS)


def test_the_models_own_choice_is_raised_under_bias() -> None:
    model = junction("auto", bias=0.6, omega=0.2, shift=0.06)
    own = model.vibrations[0].states
    found = kernels(model, 0.1)
    record = [entry for entry in json.loads(found.attrs["convergence"]) if "compared_with" in entry]
    assert record[0]["vibrational_states"] == [own]
    assert max(record[0]["relative_change"].values()) > 0.1  # so that the model's own choice would have been wrong
    (solved,) = json.loads(found.attrs["vibrational_states"])
    assert solved > own and record[-1]["vibrational_states"] == [solved]
    error = json.loads(found.attrs["error_of_vibrational_basis"])
    assert error == record[-1]["relative_change"] and max(error.values()) <= 0.2 * 0.1
    assert found.attrs["converged"] == 1, found.attrs["messages"]
    # the hierarchy solved is that of the raised states
    entry = json.loads(found.attrs["convergence"])[-1]
    frozen = replace(model.at(np.array([[1.0]])), vibration_states=np.array([solved]))
    assert entry["unknowns"] == hierarchy_size(frozen, entry["exponents"], entry["tiers"]).unknowns


def test_one_vibration_given_and_one_free() -> None:
    """The free one grows, the given one stays, and its error is the difference to a basis in which both have grown."""
    two = Junction.from_dict(
        {
            "coordinates": {"x": {"mass": 100.0, "unit": "1"}},
            "molecule": {
                "potential": "0",
                "levels": {"d": "0.001*x"},
                "vibrations": {
                    "b": {"frequency": "0.1 eV", "states": 2, "couplings": {"d": "0.04 eV"}},
                    "c": {"frequency": "0.15 eV", "states": 2, "couplings": {"d": "0.06 eV"}},
                },
            },
            "leads": {"L": {"temperature": "600 K", "bandwidth": "2 eV", "profile": "1", "couplings": {"d": "50 meV"}}},
        }
    ).at(np.array([[1.0]]))
    baths = KernelBaths(two, TIME, FREQUENCY, 0.1, poles=1)
    exponents = baths.within(0.1).exponents
    found = choose_states(two, [True, False], baths, exponents, TIME, FREQUENCY, 0.2)
    grown = int(found.frozen.vibration_states[0])
    assert grown > 2 and found.frozen.vibration_states[1] == 2 and not found.messages
    assert max(found.record[-1]["relative_change"].values()) <= 0.2 * 0.2 < max(found.error.values())

    def solve(states: list[int]) -> GridKernels:
        return by_hierarchy(replace(two, vibration_states=np.array(states)), exponents, 2, TIME, FREQUENCY, 1e-3)

    exact = solve([grown, 6])
    true = exact.relative(exact.difference(solve([grown, 2])))
    # the largest basis compared is itself right to a fifth of the tolerance
    assert all(true[name] <= found.error[name] + 0.2 * 0.2 for name in KERNELS), (true, found.error)
    assert true["friction_spectrum"] > 0.2 * 0.2


def test_what_cannot_be_compared_is_not_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = junction(2).at(np.array([[1.0]]))
    baths = KernelBaths(frozen, TIME, FREQUENCY, 0.1, poles=1)
    exponents = baths.within(0.1).exponents
    large = memory_states.require_memory

    def at_most(states: int):  # type: ignore[no-untyped-def]
        def limited(model, counts, tiers):  # type: ignore[no-untyped-def]
            if model.vibration_states.max() > states:
                raise ResourceError("no memory")
            return large(model, counts, tiers)

        return limited

    monkeypatch.setattr(memory_states, "require_memory", at_most(3))
    found = choose_states(frozen, [True], baths, exponents, TIME, FREQUENCY, 0.01)
    assert found.messages and all(value == np.inf for value in found.error.values())
    monkeypatch.setattr(memory_states, "require_memory", at_most(4))
    found = choose_states(frozen, [True], baths, exponents, TIME, FREQUENCY, 0.01)
    assert found.messages and found.frozen.vibration_states.tolist() == [4]
    assert found.error == found.record[-1]["relative_change"]
    monkeypatch.setattr(memory_states, "require_memory", large)
    monkeypatch.setattr(memory_states, "MOST", 5)
    found = choose_states(frozen, [True], baths, exponents, TIME, FREQUENCY, 0.01)
    assert found.frozen.vibration_states.tolist() == [4] and "more than 5" in found.messages[0]


def test_states_are_judged_where_the_kernels_are_large() -> None:
    """Of geometries from -60 to 6 the level lies near the Fermi energy only at the end."""
    frozen = junction(2).at(np.linspace(-60.0, 6.0, 12)[:, None])
    where = strongest(KernelBaths(frozen, TIME, FREQUENCY, 0.1, poles=1), 12)
    assert 1 <= where.size <= 2 and where.min() >= 9
