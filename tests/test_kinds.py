"""Kinds of expressions: what is certainly wrong is refused, what may be meant in atomic units is not."""

from __future__ import annotations

import pytest

from nonadia.expressions import Expression, ExpressionError
from nonadia.units import Kind, Quantity, parse

GIVEN = {
    "E": "30 meV",
    "V": "0.4 V",
    "tau": "10 fs",
    "m": "1 u",
    "x0": "0.5 angstrom",
    "T": "300 K",
}
PARAMETERS = {name: parse(text) for name, text in GIVEN.items()} | {"k": Quantity(0.02)}


def build(text: str, kind: Kind = "energy", numbers: tuple[str, ...] = ()) -> Expression:
    return Expression.build(text, ("x",), PARAMETERS, kind=kind, numbers=numbers)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("E + V/2 - 3*E + 0.01", "energy"),
        ("E + sqrt(2)*E*x", "energy"),
        ("0.000367*x**2/2 + E", "energy"),
        ("0.02*(x - x0)**2 + E", "energy"),
        ("0.2*(x - x0)**2 + 3", "energy"),
        ("k*(x - x0) + E", "energy"),
        ("m*E**2*(x - x0)**2/2 + E", "energy"),
        ("m*0.0037**2*x**2/2 + E", "energy"),
        ("2000*E**2*x**2/2 - E", "energy"),
        ("0.004*x0 + E", "energy"),  # a force times a length
        ("E*(1 - exp(-(x - x0)/x0))**2", "energy"),
        ("sqrt(E*E) + abs(E) + (E**2)**(1/2) + E**2/E", "energy"),
        ("E/sqrt(1 + (x/x0)**2)", "energy"),
        ("1/tau", "energy"),
        ("E*tanh(tau*E) + E*exp(-m)", "energy"),
        ("E**x", "energy"),
        ("2*E", "temperature"),
        ("T/2", "temperature"),
        ("1/E", "mass"),
        ("k/E**2", "mass"),
        ("2*m", "mass"),
        ("x", "dimensionless"),
        ("x - x0", "dimensionless"),
        ("x/x0 + E/V", "dimensionless"),
        ("(1 - k)/2*(1 - tanh(x/x0)) + k", "dimensionless"),
    ],
)
def test_nothing_that_may_be_meant_is_refused(text: str, kind: Kind) -> None:
    build(text, kind)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("E + tau", "energy", '"E" is an energy, "tau" is a time'),
        ("E*x + E + m", "energy", '"E" is an energy, "m" is a mass'),
        ("T - E", "energy", '"T" is a temperature, "E" is an energy'),
        ("E + 2*x0", "energy", 'x0" is a length'),
        ("E + tau*x", "energy", '"tau \\* x" is a time'),
        ("exp(E + tau)", "energy", "adds different kinds"),
        ("(E + tau)**2", "energy", "adds different kinds"),
        ("sqrt(2)*tau", "energy", "is a time; an energy"),
        ("-T/2", "energy", "is a temperature; an energy"),
        ("m*x**2/2", "energy", "is a mass; an energy"),
        ("x0/2", "energy", "is a length; an energy"),
        ("0.01 + 2*tau", "energy", "is a time; an energy"),
        ("k*E/E + m*E/E", "energy", "is a mass; an energy"),
        ("tau/2", "temperature", "is a time; a temperature"),
        ("2*E", "mass", "is an energy; a mass"),
        ("1 - tanh(x)*E", "dimensionless", "is an energy; a plain number"),
    ],
)
def test_what_is_certainly_wrong_is_refused(text: str, kind: Kind, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        build(text, kind)


def test_a_coordinate_without_unit_is_a_number() -> None:
    """x0·x may be an energy in atomic units if x is a length, but not if x is a number."""
    build("x0*x")
    with pytest.raises(ExpressionError, match="is a length"):
        build("x0*x", numbers=("x",))


def test_every_pair_of_units_is_added_only_within_one_kind() -> None:
    for one in GIVEN:
        for other in GIVEN:
            alike = one == other or {one, other} == {"E", "V"}
            if alike:
                Expression.build(f"{one} + {other}", (), PARAMETERS, kind=None)
            else:
                with pytest.raises(ExpressionError, match="different kinds"):
                    Expression.build(f"{one} + {other}", (), PARAMETERS, kind=None)
