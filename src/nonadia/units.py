"""Units at the boundary: text such as "30 meV" becomes a number in Hartree atomic units, and back for plots.

Inside the package every quantity is in atomic units (ħ = m_e = e = a_0 = 1), temperatures are k_BT and
voltages are e·V, both in Hartree. A parsed quantity remembers its kind, so that a field that needs a
temperature refuses "30 fs". The constants EV, FS, … are the value of that unit in atomic units
(CODATA, through scipy.constants): energy_in_eV = energy / EV.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import Literal

from scipy.constants import physical_constants as _codata

Kind = Literal["energy", "time", "mass", "length", "temperature", "voltage", "dimensionless"]


def _value(name: str) -> float:
    return float(_codata[name][0])


EV = 1.0 / _value("Hartree energy in eV")
MEV = 1e-3 * EV
VOLT = EV  # e·(1 V) is 1 eV
KELVIN = _value("kelvin-hartree relationship")
FS = 1e-15 / _value("atomic unit of time")
PS = 1e3 * FS
ANGSTROM = 1e-10 / _value("Bohr radius")
U = _value("atomic mass constant") / _value("electron mass")
JOULE = 1.0 / _value("Hartree energy")
WAVENUMBER = 100.0 * _value("inverse meter-hartree relationship")  # 1/cm
AMPERE = 1.0 / _value("atomic unit of current")
MICROAMPERE = 1e-6 * AMPERE

_AVOGADRO = _value("Avogadro constant")

UNITS: dict[str, tuple[float, Kind]] = {
    "Hartree": (1.0, "energy"),
    "hartree": (1.0, "energy"),
    "Ha": (1.0, "energy"),
    "mHa": (1e-3, "energy"),
    "Ry": (0.5, "energy"),
    "eV": (EV, "energy"),
    "meV": (MEV, "energy"),
    "keV": (1e3 * EV, "energy"),
    "J": (JOULE, "energy"),
    "kJ/mol": (1e3 * JOULE / _AVOGADRO, "energy"),
    "kcal/mol": (4184.0 * JOULE / _AVOGADRO, "energy"),
    "1/cm": (WAVENUMBER, "energy"),
    "cm^-1": (WAVENUMBER, "energy"),
    "as": (1e-3 * FS, "time"),
    "fs": (FS, "time"),
    "ps": (PS, "time"),
    "ns": (1e6 * FS, "time"),
    "s": (1e15 * FS, "time"),
    "u": (U, "mass"),
    "amu": (U, "mass"),
    "Da": (U, "mass"),
    "me": (1.0, "mass"),
    "kg": (1.0 / _value("electron mass"), "mass"),
    "bohr": (1.0, "length"),
    "angstrom": (ANGSTROM, "length"),
    "Angstrom": (ANGSTROM, "length"),
    "Å": (ANGSTROM, "length"),
    "pm": (1e-2 * ANGSTROM, "length"),
    "nm": (10.0 * ANGSTROM, "length"),
    "K": (KELVIN, "temperature"),
    "mK": (1e-3 * KELVIN, "temperature"),
    "V": (VOLT, "voltage"),
    "mV": (1e-3 * VOLT, "voltage"),
}

# which kinds a field of some kind accepts: e·V and k_BT are energies
ACCEPTED: dict[Kind, tuple[Kind, ...]] = {
    "energy": ("energy", "voltage"),
    "voltage": ("voltage", "energy"),
    "temperature": ("temperature", "energy"),
    "time": ("time",),
    "mass": ("mass",),
    "length": ("length",),
    "dimensionless": (),
}
_EXAMPLE: dict[Kind, str] = {
    "energy": '"30 meV"',
    "voltage": '"0.4 V"',
    "temperature": '"300 K"',
    "time": '"13.6 fs"',
    "mass": '"1 u"',
    "length": '"0.5 angstrom"',
    "dimensionless": "a plain number",
}
_ARTICLE: dict[Kind, str] = {"energy": "an energy", "dimensionless": "a dimensionless number"}

_QUANTITY = re.compile(
    r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?+)\s*((?:1/cm|[^\W\d_][\w/]*(?:\^-?\d+)?))\s*"
)


class UnitError(ValueError):
    """A unit that is unknown, or of the wrong kind."""


@dataclass(frozen=True)
class Quantity:
    """A number in atomic units and the kind of unit it was written in (None: a plain number)."""

    value: float
    kind: Kind | None = None


def with_article(kind: Kind) -> str:
    """ "an energy", "a time", … for messages."""
    return _ARTICLE.get(kind, f"a {kind}")


def is_quantity(text: str) -> bool:
    """True for a number followed by one word: "30 meV", also when the unit is unknown."""
    return _QUANTITY.fullmatch(text) is not None


def parse(text: str, kind: Kind = "energy") -> Quantity:
    """value[a.u.] = number · unit. UnitError for an unknown unit and for any other text; kind: of the example that it gives."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        example = "" if kind == "dimensionless" else f", such as {_EXAMPLE[kind]}"
        raise UnitError(f'"{text}" is not a number with a unit{example}')
    number, unit = float(match[1]), match[2].replace("Å", "Å")
    if unit not in UNITS:
        close = [known for known in UNITS if known.casefold() == unit.casefold()]
        near = difflib.get_close_matches(unit, UNITS, n=3)
        close += sorted(near, key=lambda known: abs(len(known) - len(unit)))  # a wrong letter first: meW, meV
        hint = f'did you mean "{match[1]} {close[0]}"?' if close else f"known units: {', '.join(UNITS)}"
        raise UnitError(f'unknown unit "{unit}" in "{text}"; {hint}')
    factor, kind = UNITS[unit]
    value = number * factor
    if not math.isfinite(value):
        raise UnitError(f'"{text}" is too large')
    return Quantity(value, kind)


def require(quantity: Quantity, kind: Kind, text: str = "") -> float:
    """The value of `quantity` where `kind` is needed; UnitError when its unit is of another kind.

    Plain numbers fit everywhere: they are atomic units. Energies accept voltages (e·V), temperatures
    accept energies (k_BT).
    """
    if quantity.kind is None or quantity.kind in ACCEPTED[kind] or quantity.kind == kind:
        return quantity.value
    shown = f'"{text}"' if text else "the value"
    raise UnitError(f"{shown} is {with_article(quantity.kind)}; {required(kind)}")


def required(kind: Kind) -> str:
    """What would be right where a quantity of this kind is needed, for messages."""
    wanted = f"{with_article(kind)}, {_EXAMPLE[kind]}," if kind != "dimensionless" else _EXAMPLE[kind]
    return f"{wanted} is needed here"


def same_kind(before: Kind | None, after: Kind | None) -> bool:
    """Whether a parameter written with a unit of kind `before` may be replaced by one of kind `after`."""
    return before is None or after is None or after == before or after in ACCEPTED[before]


def atomic(value: float | str, kind: Kind) -> float:
    """A plain number (atomic units) or a quantity string of the given kind, in atomic units."""
    if isinstance(value, str):
        return require(parse(value, kind), kind, value)
    return float(value)
