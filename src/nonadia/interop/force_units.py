"""What the files of electronic-force data are called, what they hold, and in which units."""

from __future__ import annotations

from typing import Any

from ..units import atomic

PARTS = {"": "", "_mol": "_molecule", "_molleads": "_coupling"}
FILES = {"adiabatic_force": "mean_force", "friction": "friction", "corrfunc": "noise"}
HEADING = {"adiabatic_force": "Adiabatic Force", "friction": "Friction", "corrfunc": "Corr. Func."}
LONG_NAME = {
    "mean_force": "electronic mean force, without -dU_0/dx",
    "friction": "electronic friction",
    "noise": "noise D, <xi xi'> = 2 D delta(t-t')",
}
PART_NAME = {"": "", "_molecule": ", molecular force side", "_coupling": ", coupling force side"}
CURRENT = "current_ad.dat"


class Units:
    """Values in atomic units of one energy and one length of the files; a length "1" leaves x dimensionless."""

    def __init__(self, energy: str, length: str) -> None:
        self.energy = _unit(energy, "energy")
        self.dimensionless = length == "1"
        self.length = 1.0 if self.dimensionless else _unit(length, "length")
        per, squared = ("", "") if self.dimensionless else ("/bohr", "/bohr^2")
        self.names = {"mean_force": f"hartree{per}", "friction": f"hbar{squared}", "noise": f"hartree*hbar{squared}"}
        self.kernels = {"friction": f"hartree{squared}", "noise": f"hartree^2{squared}"}

    def of(self, quantity: str) -> float:
        """One unit of the files' mean_force, friction or noise."""
        if quantity == "mean_force":
            return self.energy / self.length
        return (self.energy if quantity == "noise" else 1.0) / self.length**2


def _unit(name: str, kind: Any) -> float:
    try:
        return atomic(f"1 {name}", kind)
    except ValueError as problem:
        raise ValueError(f"{kind} = {name!r}: {problem}") from None
