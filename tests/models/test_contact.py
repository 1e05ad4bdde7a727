"""Points without a steady state are input errors, found before anything is solved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nonadia.models import Junction

X = np.linspace(-1.0, 1.0, 5)[:, None]


def model(molecule: dict[str, Any] | None = None, **profiles: str) -> Junction:
    """Donor - acceptor; L at the donor, R at the acceptor."""
    lead = {"temperature": "300 K", "bandwidth": "1 eV"}
    base = {"levels": {"a": "0.01", "b": "-0.01*x"}, "hoppings": {"a,b": "0.01"}}
    return Junction.from_dict(
        {
            "coordinates": {"x": {"mass": 2000}},
            "molecule": base | (molecule or {}),
            "leads": {
                "L": lead | {"couplings": {"a": "0.1 eV"}, "profile": profiles.get("left", "1")},
                "R": lead | {"couplings": {"b": "0.1 eV"}, "profile": profiles.get("right", "1")},
            },
        }
    )


@pytest.mark.parametrize(
    ("hopping", "left", "right", "level"),
    [
        ("0.01", "x", "x", '"a", "b"'),  # no lead at all
        ("0.01*x", "x", "1", '"a"'),  # cut off from its lead and from the other level
        ("0.01*x", "1", "x*(x - 3)", '"b"'),
    ],
)
def test_a_level_that_no_lead_reaches(hopping: str, left: str, right: str, level: str) -> None:
    junction = model({"hoppings": {"a,b": hopping}}, left=left, right=right)
    ((key, message),) = junction.problems_at(X)
    assert key == "leads" and level in message and "at x = 0 " in message and "undetermined" in message
    assert junction.problems_at(X[X[:, 0] != 0.0]) == []


@pytest.mark.parametrize(
    ("hopping", "left", "right"), [("0.01", "x", "1"), ("0.01*x", "1", "1"), ("0.01", "1", "0")]
)
def test_one_path_to_one_lead_is_enough(hopping: str, left: str, right: str) -> None:
    assert model({"hoppings": {"a,b": hopping}}, left=left, right=right).problems_at(X) == []


def test_a_vibrational_coupling_is_a_path() -> None:
    vibrations = {"v": {"frequency": "0.1 eV", "couplings": {"a,b": "0.002"}}}
    molecule = {"hoppings": {}, "vibrations": vibrations}
    assert model(molecule, right="0").problems_at(X) == []


@pytest.mark.parametrize(
    ("couplings", "words"),
    [
        ({"a": "0"}, "zero at every x"),
        ({}, "zero at every x"),
        ({"a": "0.001*x", "a,b": "0.002*x**2"}, "zero at x = 0;"),
    ],
)
def test_a_vibration_coupled_to_nothing(couplings: dict[str, str], words: str) -> None:
    junction = model({"vibrations": {"v": {"frequency": "0.1 eV", "states": 4, "couplings": couplings}}})
    ((key, message),) = junction.problems_at(X)
    assert key == "molecule.vibrations.v.couplings" and words in message and "no steady state" in message


def test_a_vibration_that_is_coupled_somehow() -> None:
    couplings = {"a": "0.001*x", "b": "0.001*(x - 1)"}
    junction = model({"vibrations": {"v": {"frequency": "0.1 eV", "states": 4, "couplings": couplings}}})
    assert junction.problems_at(X) == []
