"""Small molecules for the tests of the closed branch, built in Python."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nonadia.expressions import Expression
from nonadia.models.molecule import GridCoordinate, Molecule, RealSpace, States, grouped


def field(text: str, *names: str, real: bool = True) -> Expression:
    """An expression of these coordinates and t."""
    return Expression.build(text, (*names, "t"), {}, kind=None, real=real)


def crossing(points: int = 128, drive: str = "", vector: str | None = None, absorber: str | None = None) -> Molecule:
    """Two crossing parabolas in R; optionally a laser between the states, A(R, t) on the nucleus, an absorber."""
    coupling = "0.01*exp(-R**2)" + drive
    entries = {(0, 0): "0.02*(R-1)**2", (1, 1): "0.02*(R+1)**2 + 0.01", (0, 1): coupling}
    return Molecule(
        [GridCoordinate("R", 200.0, -6.0, 6.0, points)],
        States(2, {pair: field(text, "R") for pair, text in entries.items()}),
        vector=None if vector is None else {"R": field(vector, "R")},
        absorber=None if absorber is None else field(absorber, "R"),
    )


def jahn_teller(points: int = 64, drive: str = "", vector: dict[str, str] | None = None, scalar: str | None = None) -> Molecule:
    """A light linear Jahn-Teller molecule, one nucleus N in the plane."""
    axes = [GridCoordinate(name, 200.0, -3.2, 3.2, points) for name in "xy"]
    well = "0.1*(x**2 + y**2)"
    entries = {
        (0, 0): field(f"{well} + 0.03*x", "x", "y"),
        (1, 1): field(f"{well} - 0.03*x", "x", "y"),
        (0, 1): field(f"0.03*y{drive}", "x", "y"),
    }
    return Molecule(
        axes,
        States(2, entries),
        grouped(axes, {"N": ("x", "y")}),
        vector=None if vector is None else {name: field(text, "x", "y") for name, text in vector.items()},
        scalar=None if scalar is None else field(scalar, "x", "y"),
    )


def soft_ion(points: int = 48, electron: int = 64) -> Molecule:
    """One electron in real space and one nuclear coordinate."""
    potential = field("0.1*(R-3)**2 - 1/sqrt(1+(r-R/2)**2) - 1/sqrt(1+(r+R/2)**2)", "r", "R")
    return Molecule(
        [GridCoordinate("R", 100.0, 0.0, 8.0, points)],
        RealSpace((GridCoordinate("r", 1.0, -16.0, 16.0, electron),), potential),
    )


def packet(molecule: Molecule, amplitudes: tuple[complex, ...] = (1.0,), center: float = 0.0, momentum: float = 0.0) -> NDArray:
    """A Gaussian of width 0.5 along every nuclear axis times electronic amplitudes (or a Gaussian of the electrons)."""
    grids = np.meshgrid(*molecule.mesh, indexing="ij")
    chi = np.exp(-((grids[0] - center) ** 2) / 0.5 + 1j * momentum * grids[0])
    for other in grids[1:]:
        chi = chi * np.exp(-(other**2) / 0.5)
    if molecule.states:
        psi = np.array([a * chi for a in amplitudes])
    else:
        r = molecule.electronic_axes[0].values
        psi = np.exp(-(r**2) / 4.0)[:, None] * (1.0 + 0.2j * np.tanh(r))[:, None] * chi
    return psi / np.sqrt(np.sum(np.abs(psi) ** 2) * molecule.volume)
