"""Initial states of a closed molecule, as a user describes them: an electronic state times a nuclear packet.

    Ψ(r, R, 0) = χ_0(R) φ(r; R),   or an eigenstate of the full H. Numbers of states and surfaces count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from .grid_functions import Field


@dataclass(frozen=True)
class Adiabatic:
    """Electronic state k of H_BO(R) at every R."""

    k: int


@dataclass(frozen=True)
class Diabatic:
    """Basis state k at every R."""

    k: int


@dataclass(frozen=True, eq=False)
class Amplitudes:
    """c_i(R), normalised at every R."""

    values: tuple[Field, ...]


@dataclass(frozen=True)
class Gaussian:
    """χ_0 ∝ Π_a exp(-(R_a - center_a)²/(2 width_a²) + i momentum_a R_a)"""

    center: tuple[float, ...]
    width: tuple[float, ...]
    momentum: tuple[float, ...]


@dataclass(frozen=True)
class GroundStateOf:
    """Eigenstate `level` (0: ground state) of adiabatic surface `surface`."""

    surface: int
    level: int = 0


@dataclass(frozen=True, eq=False)
class WaveFunction:
    """χ_0(R) itself, normalised on the grid."""

    value: Field


@dataclass(frozen=True)
class Eigenstate:
    """Eigenstate k of the full H, 1 being the ground state."""

    k: int


Electronic = Adiabatic | Diabatic | Amplitudes
Nuclear = Gaussian | GroundStateOf | WaveFunction


@dataclass(frozen=True, eq=False)
class InitialState:
    """nuclear and electronic parts, or an eigenstate of the full H."""

    nuclear: Nuclear | None = None
    electronic: Electronic = Diabatic(1)
    eigenstate: Eigenstate | None = None
