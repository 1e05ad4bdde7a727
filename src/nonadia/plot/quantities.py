"""Atomic units → what a person reads: factor and label of every plotted quantity.

A coordinate is a length (its `units` attribute is "bohr") or dimensionless ("1"). With lengths, force is
in eV/Å and friction in eV·fs/Å²; without, force is an energy (eV) and friction an action (ħ). D/(k_BT) has
the units of friction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonadia.units import ANGSTROM, EV, FS, MICROAMPERE

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Scale:
    """Displayed value = factor · value in atomic units."""

    factor: float
    unit: str

    def label(self, symbol: str) -> str:
        """Axis label 'symbol (unit)'; only the symbol for a dimensionless quantity."""
        return f"{symbol} ({self.unit})" if self.unit else symbol


ENERGY = Scale(1.0 / EV, "eV")
CURRENT = Scale(1.0 / MICROAMPERE, "µA")


def is_length(dataset: xr.Dataset, coordinate: str) -> bool:
    """Whether a classical coordinate carries a length."""
    return str(dataset[coordinate].attrs.get("units", "1")) not in ("1", "")


def position(dataset: xr.Dataset, coordinate: str) -> Scale:
    """Axis of one coordinate, in the unit the input file uses for it."""
    if not is_length(dataset, coordinate):
        return Scale(1.0, "")
    if dataset[coordinate].attrs.get("display_unit") == "angstrom":
        return Scale(1.0 / ANGSTROM, "Å")
    return Scale(1.0, "$a_0$")


def _per_length(scale: Scale, powers: int) -> Scale:
    """The same quantity divided by a length to the power 0, 1 or 2."""
    suffix = {0: "", 1: "/Å", 2: "/Å²"}[powers]
    return Scale(scale.factor * ANGSTROM**powers, scale.unit + suffix)


def force(dataset: xr.Dataset, mode: str) -> Scale:
    """Generalised force along one coordinate."""
    return _per_length(ENERGY, int(is_length(dataset, mode)))


def friction(dataset: xr.Dataset, mode: str, other: str) -> Scale:
    """One component of friction, or of noise divided by k_BT."""
    powers = int(is_length(dataset, mode)) + int(is_length(dataset, other))
    if powers == 0:
        return Scale(1.0, "ħ")
    return _per_length(Scale(1.0 / (EV * FS), "eV·fs"), powers)
