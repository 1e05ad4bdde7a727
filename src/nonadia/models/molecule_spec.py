"""The tables of an input file that describe a closed molecule, or a marginal system: keys, types, defaults.

Only the structure is checked here; what the values mean is the business of `build_molecule`. Numbers may be plain (atomic
units), quantities ("13.6 fs") or expressions. The descriptions are the documentation of the keys.
"""

from __future__ import annotations

import numbers
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from .spec import Count, Number, Table


def _level(value: Any) -> int:
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= 0:
        return int(value)
    raise PydanticCustomError("input", "must be a whole number, 0 or larger")


def _one_or_list(value: Any) -> Any:
    plain = isinstance(value, numbers.Real | str) and not isinstance(value, bool)
    if plain or (isinstance(value, list) and value and all(isinstance(v, int | float | str) for v in value)):
        return value
    raise PydanticCustomError("input", "must be a number, or a list of numbers, one for each coordinate")


Level = Annotated[int, PlainValidator(_level, json_schema_input_type=int)]
NumberOrList = Annotated[Any, PlainValidator(_one_or_list, json_schema_input_type=float | str | list[float | str])]


class PeriodicGridSpec(Table):
    start: Number = Field(description="first point, a length")
    stop: Number = Field(description="end of the period, itself not a point of the grid")
    points: Count = Field(description="how many points; products of small primes are fast")


class NuclearCoordinateSpec(Table):
    mass: Number = Field(description='mass, positive: "1 u", or a number (electron masses)')
    grid: PeriodicGridSpec = Field(description="periodic Fourier grid: { start, stop, points }")
    unit: Literal["bohr", "angstrom", "1"] = Field(
        "bohr", description='label of figures and whether lengths are meant; "1" for a dimensionless coordinate'
    )


class ElectronCoordinateSpec(Table):
    mass: Number = Field(1.0, description="mass, positive, in electron masses; a reduced mass perhaps")
    grid: PeriodicGridSpec = Field(description="periodic Fourier grid: { start, stop, points }")
    unit: Literal["bohr", "angstrom", "1"] = Field("bohr", description="as for a nuclear coordinate")


class ElectronsSpec(Table):
    states: Count | None = Field(None, description="number of electronic states; the size of the matrix if absent")
    hamiltonian: list[list[Number]] | None = Field(
        None, description="H_BO(R, t): rows of a Hermitian matrix, real or complex energies"
    )
    surfaces: list[Number] | None = Field(None, description="two adiabatic surfaces E_1(R), E_2(R) instead, energies")
    mixing_angle: Number | None = Field(
        None, description="θ(R) with them: φ1 = (cosθ, sinθ), φ2 = (-sinθ, cosθ) in the diabatic basis"
    )
    coordinates: dict[str, ElectronCoordinateSpec] | None = Field(
        None, description="one or two electronic grid coordinates instead"
    )
    potential: Number | None = Field(None, description="V(r, R, t) with them, an energy")


class ExternalSpec(Table):
    vector: dict[str, Number] = Field(
        default_factory=dict, description="A_a(R, t) of (-i∂_a + A_a)²/(2M_a), a key for each coordinate that has one"
    )
    scalar: Number | None = Field(None, description="v(R, t), an energy")


class AbsorberSpec(Table):
    potential: Number = Field(description="W(R) ≥ 0 of H - iW, an energy")


class NucleusSpec(Table):
    coordinates: list[str] | None = Field(
        None, description='the grid coordinates that are its Cartesian components, such as ["X", "Y"]'
    )
    mass: Number | None = Field(None, description="its mass, where `positions` are given instead")
    positions: dict[str, Number] | None = Field(
        None, description="its Cartesian components, linear in the grid coordinates (centre of mass at rest)"
    )


class GaussianSpec(Table):
    center: NumberOrList = Field(description="c of exp(-(R-c)²/(2 width²) + i p R); a list for several coordinates")
    width: NumberOrList = Field(description="width, positive")
    momentum: NumberOrList = Field(0.0, description="p, in ħ/bohr")


class StateOfSpec(Table):
    surface: Count = Field(description="adiabatic surface, from 1")
    level: Level = Field(0, description="its eigenstate, 0 being the ground state")


class NuclearSpec(Table):
    ground_state_of: Count | None = Field(None, description="ground state of this adiabatic surface, from 1")
    state_of: StateOfSpec | None = Field(None, description="another eigenstate of one: { surface = 1, level = 3 }")
    gaussian: GaussianSpec | None = Field(None, description="{ center, width, momentum }")
    wavefunction: Number | None = Field(None, description="χ_0(R), real or complex; it is normalised")


class ElectronicSpec(Table):
    adiabatic: Count | None = Field(None, description="adiabatic state at every R, from 1")
    diabatic: Count | None = Field(None, description="basis state, from 1")
    amplitudes: list[Number] | None = Field(None, description="c_i(R), one for each state; normalised at every R")


class InitialSpec(Table):
    nuclear: NuclearSpec | None = Field(None, description="the nuclear packet")
    electronic: ElectronicSpec | None = Field(None, description="the electronic state; the first one if absent")
    wavefunction: Number | None = Field(None, description="χ_0(R), short for nuclear = { wavefunction = … }")
    amplitudes: list[Number] | None = Field(None, description="short for electronic = { amplitudes = … }")
    eigenstate: Count | None = Field(None, description="or an eigenstate of the full H, from 1")


class PotentialsSpec(Table):
    vector: dict[str, Number] = Field(
        default_factory=dict, description="A_a(R, t) of (-i∂_a + A_a)²/(2M_a), a key a coordinate"
    )
    scalar: Number = Field(0.0, description="ε(R, t), an energy")


class ClosedSpec(Table):
    """What molecules and marginal systems have in common."""

    parameters: dict[str, Number] = Field(
        default_factory=dict, description="named values: numbers, quantities, expressions of one another and of t"
    )
    coordinates: dict[str, NuclearCoordinateSpec] = Field(description="nuclear coordinates, one to three")
    nuclei: dict[str, NucleusSpec] = Field(
        default_factory=dict, description="which coordinates make up which nucleus; without it each is a nucleus of its own"
    )
    absorber: AbsorberSpec | None = Field(None, description="complex absorbing potential")
    initial: InitialSpec = Field(description="the state at t = 0")


class MoleculeSpec(ClosedSpec):
    """The model of system = "molecule"."""

    electrons: ElectronsSpec = Field(description="the electrons: states, surfaces or real space")
    external: ExternalSpec | None = Field(None, description="external potentials on the nuclei")


class MarginalSpec(ClosedSpec):
    """The model of system = "marginal"."""

    potentials: PotentialsSpec = Field(description="A and ε of the marginal equation of motion")
