"""Where a trajectory ends: thresholds of one coordinate each, written "x > 9.4" or ("x", +1, 9.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from nonadia.expressions import location

from .field import Field, FloatArray
from .general import Exits

_TEXT = re.compile(r"^\s*(\w+)\s*([<>])\s*(\S+)\s*$")


def read_exits(given: Mapping[str, Any] | None, field: Field) -> Exits:
    """The exits of these names. Errors: ValueError naming the one that cannot be read."""
    names, coordinates, sides, values = [], [], [], []
    for name, rule in (given or {}).items():
        found = _TEXT.match(rule) if isinstance(rule, str) else None
        if found:
            coordinate, side, value = found[1], 1.0 if found[2] == ">" else -1.0, found[3]
        elif not isinstance(rule, str) and len(rule) == 3:
            coordinate, side, value = rule
        else:
            raise ValueError(f'exits: {name} = {rule!r} cannot be read; write "{field.names[0]} > 9.4"')
        if coordinate not in field.names:
            raise ValueError(f'exits: {name}: there is no coordinate "{coordinate}"; there are: {", ".join(field.names)}')
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"exits: {name}: {value!r} is not a number (atomic units)") from None
        if side not in (1, -1) or not np.isfinite(number):
            raise ValueError(f"exits: {name} = {rule!r}: the side is +1 (above) or -1 (below) and the value finite")
        names.append(name)
        coordinates.append(field.names.index(coordinate))
        sides.append(float(side))
        values.append(number)
    return Exits(tuple(names), np.array(coordinates, dtype=np.int64), np.array(sides), np.array(values))


def refuse_outside(exits: Exits, x: FloatArray, field: Field) -> None:
    """ValueError if a trajectory starts beyond an exit: where it came from would not be known."""
    beyond = x[:, exits.coordinates] * exits.sides >= exits.sides * exits.values
    if beyond.any():
        b, e = (int(first) for first in np.argwhere(beyond)[0])
        sign = ">" if exits.sides[e] > 0 else "<"
        rule = f"{field.names[exits.coordinates[e]]} {sign} {exits.values[e]:.6g}"
        raise ValueError(
            f"exits: {exits.names[e]} ({rule}): {int(beyond[:, e].sum())} trajectories start there (the first"
            f"{location(x[b], field.names)}); move the threshold or the start"
        )
