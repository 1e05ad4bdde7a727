"""Units of positions and momenta in the results: what "[x]" and "[p]" stand for.

A coordinate is a length in bohr or dimensionless, "1"; ħ = 1 of p = ħ/[x] is written. A field says it with
`units: dict[name, unit]`; one that does not is one of lengths.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .field import Field

if TYPE_CHECKING:
    import xarray as xr

LENGTH = "bohr"
_LENGTHS = {
    "[x]": "bohr", "[p]": "hbar/bohr", "1/[x]": "1/bohr", "1/[p]": "bohr/hbar", "[x]^2": "bohr^2", "[p]^2": "(hbar/bohr)^2",
}  # fmt: skip
_NUMBERS = {"[x]": "1", "[p]": "hbar", "1/[x]": "1", "1/[p]": "1/hbar", "[x]^2": "1", "[p]^2": "hbar^2"}


def coordinate_units(field: Field) -> dict[str, str]:
    """ "bohr" or "1" of every coordinate."""
    said: Mapping[str, str] = getattr(field, "units", None) or {}
    return {name: said.get(name, LENGTH) or "1" for name in field.names}


def name_units(dataset: xr.Dataset, field: Field) -> None:
    """Every "[x]" and "[p]" in `units` gets its meaning, in place; "[coordinate]" where lengths and numbers are mixed.

    The unit of each coordinate is in the attribute `coordinate_units` (JSON) of `mode`, as in the group /forces.
    """
    each = coordinate_units(field)
    found = set(each.values())
    if found == {"1"}:
        meaning = _NUMBERS
    else:
        unit = found.pop() if len(found) == 1 else "[coordinate]"
        meaning = {marker: name.replace(LENGTH, unit) for marker, name in _LENGTHS.items()}
    for variable in dataset.variables.values():
        if "units" in variable.attrs:
            variable.attrs["units"] = meaning.get(variable.attrs["units"], variable.attrs["units"])
    dataset["mode"].attrs["coordinate_units"] = json.dumps(each)
