"""Whole calculations of random models: the errors that are stated cover what the laws of physics show; units do not matter."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from nonadia.friction import electronic_forces
from nonadia.models.junction import Junction
from nonadia.units import EV, KELVIN

from .cases import cases
from .junctions import close

Numbers = st.floats(-1.0, 1.0)


def tables(numbers: list[float], bias: float, interacting: bool, energy: str = "eV", per: float = 1.0) -> dict[str, Any]:
    """One or two levels between two leads; energies in eV times `per`, in the unit `energy`, at 600 K."""
    a, b, c, d = numbers
    unit = f"*{per!r}*one"
    lead = {"temperature": "600 K" if energy == "eV" else 600.0 * KELVIN, "bandwidth": f"2{unit}"}
    levels = {"u": f"(0.1*{a!r} + 0.2*x){unit}"}
    if interacting:
        levels["v"] = f"(0.1*{b!r} - 0.1*x){unit}"
    return {
        "parameters": {"one": f"1 {energy}" if energy != "1" else 1.0},
        "coordinates": {"x": {"mass": 2000, "unit": "1"}},
        "molecule": {"levels": levels, "interactions": {"u,v": f"0.2{unit}"} if interacting else {}},
        "leads": {
            "L": lead
            | {"couplings": {name: f"0.1{unit}" for name in levels}, "profile": f"1 + 0.3*{c!r}*tanh(x)"}
            | {"chemical_potential": f"{0.5 * bias!r}{unit}"},
            "R": lead
            | {"couplings": {name: f"0.08{unit}" for name in levels}, "profile": f"1 - 0.3*{d!r}*tanh(x)"}
            | {"chemical_potential": f"{-0.5 * bias!r}{unit}"},
        },
    }


X = np.array([-0.8, 0.3])


def covered(found: xr.Dataset, other: xr.Dataset, name: str, variable: str) -> None:
    """|difference| ≤ the stated errors of both."""
    allowed = found[f"error_{name}"].values + other[f"error_{name}"].values
    allowed = allowed + 1e-9 * np.abs(other[variable].values).max()
    assert np.all(np.abs(found[variable].values - other[variable].values) <= allowed), name


@cases(4)
@given(st.lists(Numbers, min_size=4, max_size=4), st.floats(-0.3, 0.3))
def test_hierarchy_and_green_functions_agree_within_the_stated_errors(numbers: list[float], bias: float) -> None:
    model = Junction.from_dict(tables(numbers, bias, interacting=False))
    exact = electronic_forces(model, X, method="negf")
    found = electronic_forces(model, X, method="heom", tolerance=5e-3)
    assert found.attrs["converged"] == 1, found.attrs["messages"]
    for name, variable in (("force", "mean_force"), ("friction", "friction"), ("noise", "noise")):
        covered(found, exact, name, variable)


@cases(2)
@given(st.lists(Numbers, min_size=4, max_size=4))
def test_fluctuation_dissipation_with_interactions_within_the_stated_errors(numbers: list[float]) -> None:
    model = Junction.from_dict(tables(numbers, 0.0, interacting=True))
    found = electronic_forces(model, X, tolerance=2e-2)
    assert found.attrs["converged"] == 1, found.attrs["messages"]
    kt = json.loads(found.attrs["temperature"])[0]
    allowed = found.error_noise.values + kt * found.error_friction.values
    assert np.all(np.abs(found.noise.values - kt * found.friction_symmetric.values) <= allowed)
    scale = np.abs(found.current.values).max() + 1e-12
    assert np.abs(found.current.values.sum(axis=-1)).max() < 1e-9 * scale + 1e-15


@cases(6)
@given(st.lists(Numbers, min_size=4, max_size=4), st.floats(-0.4, 0.4))
def test_bias_reversed_and_leads_exchanged(numbers: list[float], bias: float) -> None:
    """The same junction seen from behind."""
    front = tables(numbers, bias, interacting=False)
    back = front | {"leads": {"L": front["leads"]["R"], "R": front["leads"]["L"]}}
    a, b = (electronic_forces(Junction.from_dict(data), X) for data in (front, back))
    for name in ("mean_force", "friction", "noise", "population"):
        close(b[name].values, a[name].values)
    close(b.current.values, a.current.values[:, ::-1], 1e-9, 1e-6)


@cases(8)
@given(st.lists(Numbers, min_size=4, max_size=4), st.floats(-0.4, 0.4), st.sampled_from(["meV", "Hartree", "kJ/mol", "K", "1"]))
def test_units_of_the_input(numbers: list[float], bias: float, unit: str) -> None:
    """The same junction written in eV and in another unit of energy, or in plain atomic units."""
    from nonadia.units import UNITS

    per = EV / (UNITS[unit][0] if unit != "1" else 1.0)
    one = electronic_forces(Junction.from_dict(tables(numbers, bias, interacting=False)), X)
    other = electronic_forces(Junction.from_dict(tables(numbers, bias, False, unit, per)), X)
    for name in ("mean_force", "friction", "noise", "population"):
        close(other[name].values, one[name].values)
    close(other.current.values, one.current.values, 1e-9, 1e-6)


@cases(8)
@given(st.lists(Numbers, min_size=4, max_size=4), st.floats(-0.4, 0.4), st.floats(0.2, 5.0))
def test_unit_of_the_coordinate(numbers: list[float], bias: float, s: float) -> None:
    """x = s y: F_y = s F, γ_y = s² γ, D_y = s² D; with m_y = s² m the dynamics is the same."""
    data = tables(numbers, bias, interacting=False)
    text = json.dumps(data).replace("*x)", f"*({s!r}*y))").replace("tanh(x)", f"tanh({s!r}*y)").replace('"x"', '"y"')
    a = electronic_forces(Junction.from_dict(data), X)
    b = electronic_forces(Junction.from_dict(json.loads(text)), X / s)
    close(b.mean_force.values, s * a.mean_force.values)
    close(b.friction.values, s**2 * a.friction.values)
    close(b.noise.values, s**2 * a.noise.values)
