"""Units that are products, for columns of tables: "eV/angstrom", "meV*fs/angstrom^2", "1/ps", "u*angstrom/ps".

A unit is a product of powers of mass M, length L and time T; energies, voltages (e·V) and temperatures (k_BT) are
M L² T^-2. Atomic units are coherent: the value of a product in atomic units is the product of the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from nonadia.units import UNITS, UnitError

Powers = Mapping[str, int]  # of energy, time, mass, length
MOMENTUM: Powers = {"mass": 1, "length": 1, "time": -1}
FORCE: Powers = {"energy": 1, "length": -1}
FRICTION: Powers = {"mass": 1, "time": -1}
NOISE: Powers = {"energy": 2, "length": -2, "time": 1}
ENERGY: Powers = {"energy": 1}
RATE: Powers = {"time": -1}

_BASE: dict[str, tuple[int, int, int]] = {  # powers of M, L, T
    "energy": (1, 2, -2),
    "voltage": (1, 2, -2),
    "temperature": (1, 2, -2),
    "time": (0, 0, 1),
    "mass": (1, 0, 0),
    "length": (0, 1, 0),
    "action": (1, 2, -1),
    "dimensionless": (0, 0, 0),
}
_OWN: dict[str, tuple[float, str]] = {"hbar": (1.0, "action"), "electron_mass": (1.0, "mass"), "1": (1.0, "dimensionless")}
_FACTOR = re.compile(r"\s*([*/·]?)\s*(1(?!\w)|cm\^-1|[^\W\d_][\w]*)(?:(?:\^|\*\*)\s*\(?(-?\d+(?:/\d+)?)\)?)?\s*")
_PER_MOL = re.compile(r"(kJ|kcal)/mol")
_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s+(\S.*)")


def factor(unit: str, *needed: Powers) -> tuple[float, int]:
    """(value of the unit in atomic units, which of `needed` its dimension is).

    Errors: UnitError for an unknown unit, or one of another dimension.
    """
    value, powers = _read(unit)
    for index, wanted in enumerate(needed):
        if powers == _powers(wanted):
            return value, index
    raise UnitError(f'"{unit}" has the dimension {_shown(powers)}; {" or ".join(_shown(_powers(w)) for w in needed)} is needed')


def in_atomic_units(text: str, needed: Powers) -> float:
    """Value of "2 u*angstrom/ps"; UnitError where this is no number with a unit of the needed dimension."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise UnitError(f'"{text}" is not a number with a unit')
    return float(match[1]) * factor(match[2], needed)[0]


def _read(unit: str) -> tuple[float, tuple[Fraction, ...]]:
    if unit in UNITS:
        value, kind = UNITS[unit]
        return value, tuple(map(Fraction, _BASE[kind]))
    value, powers = 1.0, [Fraction(0)] * 3
    rest = _PER_MOL.sub(r"\1_per_mol", unit.strip())
    position = 0
    while position < len(rest) or not rest:
        match = _FACTOR.match(rest, position)
        if match is None or (position > 0) != bool(match[1]):
            raise UnitError(f'"{unit}" is not a unit; write for example "eV/angstrom^2"')
        name = match[2].replace("_per_mol", "/mol").replace("Å", "Å")
        known = _OWN | UNITS
        if name not in known:
            raise UnitError(f'unknown unit "{name}" in "{unit}"; known units: {", ".join(known)}')
        size, part = known[name]
        exponent = Fraction(match[3] or 1) * (-1 if match[1] == "/" else 1)
        value *= float(size) ** float(exponent)
        powers = [p + exponent * b for p, b in zip(powers, _BASE[part], strict=True)]
        position = match.end()
    return value, tuple(powers)


def _powers(wanted: Powers) -> tuple[Fraction, ...]:
    return tuple(Fraction(sum(n * _BASE[kind][axis] for kind, n in wanted.items())) for axis in range(3))


def _shown(powers: tuple[Fraction, ...]) -> str:
    """mass·length²·time^-2."""
    words = [f"{name}{'' if n == 1 else f'^{n}'}" for name, n in zip(("mass", "length", "time"), powers, strict=True) if n]
    return " ".join(words) or "1"
