"""Units against CODATA numbers written down independently, and the kinds that fields accept."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import constants

from nonadia import units
from nonadia.units import Quantity, UnitError, atomic, is_quantity, parse, require

HARTREE = constants.physical_constants["Hartree energy"][0]  # J
TIME = constants.hbar / HARTREE  # s


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("30 meV", 0.030 * constants.e / HARTREE, "energy"),
        ("300 K", 300.0 * constants.k / HARTREE, "temperature"),
        ("13.6 fs", 13.6e-15 / TIME, "time"),
        ("10 ps", 10e-12 / TIME, "time"),
        ("1 u", constants.atomic_mass / constants.m_e, "mass"),
        ("0.5 angstrom", 0.5e-10 / constants.physical_constants["Bohr radius"][0], "length"),
        ("0.4 V", 0.4 * constants.e / HARTREE, "voltage"),
        ("-2.5e-1eV", -0.25 * constants.e / HARTREE, "energy"),
        ("100 1/cm", 100 * 100 * constants.h * constants.c / HARTREE, "energy"),
        ("96.485 kJ/mol", 96485 / constants.N_A / HARTREE, "energy"),
        ("2 bohr", 2.0, "length"),
        ("1 Hartree", 1.0, "energy"),
        ("  7 me ", 7.0, "mass"),
    ],
)
def test_parse(text: str, value: float, kind: str) -> None:
    quantity = parse(text)
    assert quantity.value == pytest.approx(value, rel=1e-9)  # CODATA values among themselves
    assert quantity.kind == kind


def test_well_known_numbers() -> None:
    """CODATA 2018/2022 to the digits they agree in."""
    assert pytest.approx(27.2113862459, rel=1e-10) == 1.0 / units.EV
    assert pytest.approx(315775.024804, rel=1e-10) == 1.0 / units.KELVIN
    assert pytest.approx(41.341373335, rel=1e-9) == units.FS
    assert pytest.approx(1.8897261246, rel=1e-9) == units.ANGSTROM
    assert pytest.approx(1822.888486, rel=1e-9) == units.U
    assert pytest.approx(6.623618238e-3, rel=1e-9) == 1.0 / units.AMPERE
    # k_B T at room temperature in eV
    assert 300.0 * units.KELVIN / units.EV == pytest.approx(0.02585199978, rel=1e-9)


def test_other_units_by_their_definitions() -> None:
    """1 kcal = 4184 J, 1 pm = 1e-12 m, 2 Ry = 1 Hartree, 1 as = 1e-18 s, 1 nm = 10 Å, 1 keV = 1000 eV."""
    bohr = constants.physical_constants["Bohr radius"][0]
    for text, value in (
        ("1 kcal/mol", 4184.0 / constants.N_A / HARTREE),
        ("1 J", 1.0 / HARTREE),
        ("3 pm", 3e-12 / bohr),
        ("3 nm", 3e-9 / bohr),
        ("2 Ry", 1.0),
        ("7 mHa", 7e-3),
        ("5 as", 5e-18 / TIME),
        ("5 ns", 5e-9 / TIME),
        ("5 s", 5.0 / TIME),
        ("2 keV", 2000.0 * constants.e / HARTREE),
        ("4 mK", 4e-3 * constants.k / HARTREE),
        ("4 mV", 4e-3 * constants.e / HARTREE),
        ("1 kg", 1.0 / constants.m_e),
    ):
        assert parse(text).value == pytest.approx(value, rel=1e-9), text


def test_plots_undo_parsing() -> None:
    assert parse("30 meV").value / units.MEV == pytest.approx(30.0, rel=1e-15)
    assert parse("10 ps").value / units.PS == pytest.approx(10.0, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("0.4 V", "energy"), ("30 meV", "voltage"), ("25 meV", "temperature"), ("300 K", "temperature")],
)
def test_accepted_kinds(text: str, kind: units.Kind) -> None:
    assert require(parse(text), kind, text) == parse(text).value


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("30 fs", "temperature", '"30 fs" is a time; a temperature, "300 K", is needed'),
        ("300 K", "energy", '"300 K" is a temperature; an energy'),
        ("1 u", "length", "is a mass; a length"),
        ("1 eV", "dimensionless", "is an energy; a plain number"),
    ],
)
def test_wrong_kind(text: str, kind: units.Kind, words: str) -> None:
    with pytest.raises(UnitError, match=words):
        atomic(text, kind)


def test_plain_numbers_fit_everywhere() -> None:
    for kind in units.ACCEPTED:
        assert require(Quantity(0.25), kind) == 0.25
        assert atomic(0.25, kind) == 0.25


@pytest.mark.parametrize(
    ("text", "words"),
    [("30 mev", 'did you mean "30 meV"'), ("300 k", 'did you mean "300 K"'), ("5 angstroem", "angstrom")],
)
def test_unknown_unit_suggests(text: str, words: str) -> None:
    with pytest.raises(UnitError, match=words):
        parse(text)


@pytest.mark.parametrize("text", ["30", "1e999", "meV", "2*3 meV", "x + 1", "", "1e5", "bias/2", "1/x"])
def test_not_quantities(text: str) -> None:
    assert not is_quantity(text)
    with pytest.raises(UnitError):
        parse(text)


def test_the_example_is_of_the_kind_that_is_needed() -> None:
    for kind, example in (("time", "13.6 fs"), ("length", "0.5 angstrom"), ("energy", "30 meV")):
        with pytest.raises(UnitError, match=f'"foo" is not a number with a unit, such as "{example}"$'):
            atomic("foo", kind)  # type: ignore[arg-type]
    with pytest.raises(UnitError, match=r'"foo" is not a number with a unit$'):
        atomic("foo", "dimensionless")


def test_too_large() -> None:
    with pytest.raises(UnitError, match="too large"):
        parse("1e305 s")
    assert np.isfinite(parse("1e300 eV").value)
