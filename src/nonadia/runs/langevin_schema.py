"""[langevin] of an input file: its keys, types and defaults; what they mean is the business of `langevin_request`."""

from __future__ import annotations

import numbers
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from nonadia.models.molecule_spec import Level
from nonadia.models.spec import Count, Number, Table

from .closed_schema import Flag

Beyond = Literal["free", "constant", "linear"]


def _seed(value: Any) -> int:
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and 0 <= int(value) < 2**64:
        return int(value)
    raise PydanticCustomError("input", "must be a whole number from 0 to 2**64 - 1")


Seed = Annotated[int, PlainValidator(_seed, json_schema_input_type=int)]


class WignerSpec(Table):
    frequency: Number = Field(description='ω of the harmonic state, a positive energy: "30 meV"')
    center: Number | dict[str, Number] = Field(0.0, description="its centre; { x = …, y = … } for several coordinates")
    momentum: Number | dict[str, Number] = Field(0.0, description="its mean momentum, likewise")
    temperature: Number = Field(0.0, description="of the thermal state; 0 is the ground state")


class InitialSpec(Table):
    """Positions and momenta at t = 0; besides these keys the name of every coordinate that starts at one place."""

    model_config = ConfigDict(extra="allow", strict=True)

    temperature: Number | None = Field(None, description="momenta from Maxwell's distribution of this temperature")
    p: Number | dict[str, Number] | None = Field(None, description="momentum; { x = …, y = … } for several coordinates")
    boltzmann: Number | None = Field(None, description="positions and momenta in equilibrium at this temperature")
    wigner: WignerSpec | None = Field(None, description="Wigner function of a harmonic oscillator")


class AsymptoteSpec(Table):
    lower: Beyond | None = Field(None, description='below the table: "free", "constant" or "linear"; refused if absent')
    upper: Beyond | None = Field(None, description='above the table: "free", "constant" or "linear"; refused if absent')


class LangevinSpec(Table):
    trajectories: Count = Field(1000, description="how many")
    duration: Number = Field(description='how long, a time: "20 ps"')
    step: Number = Field("auto", description='a time, not exceeded; "auto": as the forces need')
    stored: Count = Field(201, description="times at which averages are stored")
    scheme: str = Field("baoab", description="integrator")
    seed: Seed = Field(1, description="of all random numbers: same seed, same result")
    initial: InitialSpec | None = Field(None, description="positions and momenta at t = 0")
    exits: dict[str, str] = Field(default_factory=dict, description='where they end: { dissociated = "x > 5 angstrom" }')
    asymptote: dict[str, AsymptoteSpec] = Field(default_factory=dict, description="forces beyond the table, a coordinate each")
    stop_error: dict[str, Number] = Field(default_factory=dict, description="run until these standard errors are reached")
    step_tolerance: Number = Field(1e-3, description="error of the step, relative to kinetic temperature and spread of x")
    table_tolerance: Number = Field(1e-3, description="error between points of the table, relative to its largest values")
    keep: Level = Field(0, description="trajectories that are stored in the result")
    bins: Count = Field(100, description="of the histograms of positions and momenta")
    drive: dict[str, Number] = Field(default_factory=dict, description="swept parameters as functions of t")
    memory: Flag = Field(False, description="friction and noise with memory: the kernels of [memory]")
