"""What an input file of a closed system may ask for: [adiabatic], [propagation], [factorization], [trajectories], [sweep]."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from nonadia.models.molecule_spec import Level, MarginalSpec, MoleculeSpec
from nonadia.models.spec import Count, CountOrAuto, Number, Table


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise PydanticCustomError("input", "must be true or false")


def _order(value: Any) -> int:
    if value in (2, 4) and not isinstance(value, bool):
        return int(value)
    raise PydanticCustomError("input", "is not possible; must be 2 or 4")


def _fields(value: Any) -> Any:
    if value in ("auto", "all", "none") if isinstance(value, str) else isinstance(value, list) and value:
        return value
    raise PydanticCustomError("input", 'must be "auto", "all", "none" or a list of times')


Flag = Annotated[bool, PlainValidator(_flag, json_schema_input_type=bool)]
Order = Annotated[int, PlainValidator(_order, json_schema_input_type=int)]
FieldTimes = Annotated[Any, PlainValidator(_fields, json_schema_input_type=str | list[float | str])]
Gauge = Literal["real", "temporal", "zero-vector-potential", "adiabatic-phase"]
Method = Literal["split-operator", "chebyshev", "krylov"]


class AdiabaticSpec(Table):
    surfaces: Count | None = Field(
        None, description="how many surfaces are computed; all states, or 2 in real space, if absent"
    )


class PropagationSpec(Table):
    duration: Number = Field(description='how long, a time: "20.4 fs"')
    store_every: Number | None = Field(None, description="time between stored snapshots; a 200th of the duration if absent")
    method: Method = Field("split-operator", description="propagator")
    order: Order = Field(4, description="of the error in the step: 2 or 4")
    step: Number = Field("auto", description='the largest step, a time; "auto": as the tolerance needs')
    tolerance: Number = Field(1e-7, description="norm error of ψ at the end")
    store_psi: Flag = Field(False, description="store ψ at every snapshot")


class FactorizationSpec(Table):
    gauge: Gauge = Field("real", description="of the stored potentials")
    gauge_state: Count = Field(1, description="Born-Oppenheimer state of the adiabatic-phase gauge")
    density_floor: Number = Field(1e-12, description="relative to the maximum; below it fields are masked")
    refinement: CountOrAuto = Field("auto", description='Fourier refinement for the identities: 1, 2, 4, …; "auto": as needed')
    identities: Flag = Field(True, description="both sides and the residual of EF(10), (17), (18), (19)")
    tolerance: Number = Field(1e-6, description="of the residuals, relative to the scale of each side")
    fields: FieldTimes = Field(
        "auto", description='when fields are stored: "auto" (as many as fit 250 MB), "all", "none" or a list of times'
    )


class TrajectoriesSpec(Table):
    newton: Flag = Field(False, description="the centre of the packet from Newton's equation, under F̄ and under F̄ + D̄")
    quantum: Level = Field(0, description="number of quantum trajectories, dR/dt = v(R, t)")


class _Experiment(Table):
    title: str = Field("", description="one line for figures and reports")
    propagation: PropagationSpec | None = Field(None, description="how long and how well")
    factorization: FactorizationSpec | None = Field(None, description="exact factorization along the run")
    trajectories: TrajectoriesSpec | None = Field(None, description="classical and quantum trajectories along the run")
    sweep: dict[str, list[Number]] = Field(
        default_factory=dict, description="parameters to vary: a list of values each; all combinations are run"
    )


class MoleculeExperimentSpec(_Experiment, MoleculeSpec):
    """A whole input file for system = "molecule"."""

    system: Literal["molecule"] = Field("molecule", description="kind of system")
    adiabatic: AdiabaticSpec | None = Field(None, description="Born-Oppenheimer surfaces")


class MarginalExperimentSpec(_Experiment, MarginalSpec):
    """A whole input file for system = "marginal"."""

    system: Literal["marginal"] = Field("marginal", description="kind of system")
