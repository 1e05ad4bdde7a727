"""The tables of an input file that describe a junction: keys, types, defaults (unknown keys are refused).

Only the structure is checked here; what the values mean is the business of `build`. Numbers may be plain
(atomic units), quantities ("30 meV") or expressions. The descriptions are the documentation of the keys.
"""

from __future__ import annotations

import math
import numbers
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, numbers.Number) and not isinstance(value, bool):
        try:
            plain = complex(value) if isinstance(value, numbers.Complex) else complex(math.nan)
        except OverflowError:
            plain = complex(math.inf)
        if math.isfinite(plain.real) and math.isfinite(plain.imag):
            return plain if plain.imag else (int(plain.real) if isinstance(value, int) else plain.real)
        raise PydanticCustomError("input", "is not a finite number")
    raise PydanticCustomError("input", 'must be a number, a quantity such as "30 meV" or an expression')


def _count(value: Any) -> int:
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= 1:
        return int(value)
    if isinstance(value, float) and value.is_integer() and 1 <= value < 2**63:
        raise PydanticCustomError("input", f"must be written without point or exponent: {int(value)}")
    raise PydanticCustomError("input", "must be a whole number, 1 or larger")


def _count_or_auto(value: Any) -> int | str:
    if value == "auto":
        return "auto"
    try:
        return _count(value)
    except PydanticCustomError:
        raise PydanticCustomError("input", 'must be a whole number, 1 or larger, or "auto"') from None


Number = Annotated[float | str, PlainValidator(_number, json_schema_input_type=float | str)]
Count = Annotated[int, PlainValidator(_count, json_schema_input_type=int)]
CountOrAuto = Annotated[
    int | Literal["auto"], PlainValidator(_count_or_auto, json_schema_input_type=int | Literal["auto"])
]


class Table(BaseModel):
    """A table of the input file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CoordinateSpec(Table):
    mass: Number = Field(description='mass, positive: "1 u", a number (electron masses), or "1/Omega"')
    unit: Literal["bohr", "angstrom", "1"] = Field(
        "bohr",
        description='label of figures and whether lengths are meant; "1" for a dimensionless coordinate',
    )


class VibrationSpec(Table):
    frequency: Number = Field(description="ω of ω b†b, a positive energy")
    states: CountOrAuto = Field(
        "auto", description='oscillator states kept; "auto": enough for the displaced thermal state'
    )
    couplings: dict[str, Number] = Field(
        description='Λ_mm\'(x) of (b + b†) d†_m d_m\': a level "m" or a pair "m,m\'"'
    )


class MoleculeSpec(Table):
    potential: Number = Field(0.0, description="U_0(x), an energy")
    levels: dict[str, Number] = Field(description="E_mm(x), one energy a level; the order is kept")
    hoppings: dict[str, Number] = Field(
        default_factory=dict, description="E_mm'(x), keys \"m,m'\"; the Hermitian conjugate is implied"
    )
    interactions: dict[str, Number] = Field(
        default_factory=dict, description="U_mm'(x) of U n_m n_m', keys \"m,m'\""
    )
    vibrations: dict[str, VibrationSpec] = Field(default_factory=dict, description="quantum vibrations")


class LorentzianSpec(Table):
    weight: Number = Field(1.0, description="height of this term, dimensionless")
    center: Number | None = Field(None, description="its centre, an energy; the chemical potential if absent")
    width: Number = Field(description="its half width W, a positive energy")


class LevelWidthSpec(Table):
    energies: list[Number] | None = Field(None, description="energies of a table, counted from `center`")
    values: list[Number] | None = Field(None, description="J at these energies, dimensionless, ≥ 0")
    flat: list[Number] | None = Field(None, description="[lower, upper] of a flat band, from `center`")
    edge: Number | None = Field(None, description="softness of the flat band's edges, a positive energy")
    tolerance: Number = Field(1e-3, description="what the rational fit must reach, of the maximum")


class LeadSpec(Table):
    chemical_potential: Number = Field(0.0, description='μ, an energy or a voltage: "0.2 V", "bias/2"')
    temperature: Number = Field(description='temperature, positive: "300 K" or k_BT as an energy')
    bandwidth: Number | None = Field(None, description="W of a Lorentzian W²/((ε-center)²+W²)")
    center: Number | None = Field(None, description="centre of the band; the chemical potential if absent")
    lorentzians: list[LorentzianSpec] | None = Field(None, description="a sum of Lorentzians instead")
    level_width: LevelWidthSpec | None = Field(None, description="a table or a flat band instead")
    couplings: dict[str, Number] = Field(
        description='Γ_mm\': a level "m" or a pair "m,m\'"; Hermitian, positive semi-definite'
    )
    profile: Number = Field(1.0, description="g(x), dimensionless, multiplies the coupling amplitude")


class JunctionSpec(Table):
    parameters: dict[str, Number] = Field(
        default_factory=dict, description="named values: numbers, quantities, expressions of one another"
    )
    coordinates: dict[str, CoordinateSpec] = Field(description="classical coordinates, at least one")
    molecule: MoleculeSpec = Field(description="the molecule")
    leads: dict[str, LeadSpec] = Field(description="leads, at least one")
