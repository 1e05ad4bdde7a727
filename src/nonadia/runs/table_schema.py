"""system = "table": forces, friction and noise of the nuclei given directly, from a file or as expressions; no electrons.

    m_i dv_i = [-∂_iU_0 + F_i(x)] dt - γ_ij(x) v_j dt + ξ_i,   ⟨ξ_i ξ_j⟩ = 2 D_ij(x) δ(t - t')
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from nonadia.models.spec import CoordinateSpec, Number, Table

from .langevin_schema import LangevinSpec


def _column(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"column": value}
    keys = {"column", "unit"}
    if isinstance(value, dict) and value and set(value) <= keys and all(isinstance(text, str) for text in value.values()):
        return dict(value)
    raise PydanticCustomError("input", 'must be the name of a column, or { column = "gamma", unit = "1/ps" }')


def _entries(value: Any) -> Any:
    """A number or expression, or a table of them."""
    entries = value.values() if isinstance(value, dict) else [value]
    if all(isinstance(entry, int | float | str) and not isinstance(entry, bool) for entry in entries) and entries:
        return value
    raise PydanticCustomError("input", "must be a number, an expression, or a table of them")


Column = Annotated[dict[str, str], PlainValidator(_column, json_schema_input_type=str | dict[str, str])]
Entries = Annotated[Any, PlainValidator(_entries, json_schema_input_type=float | str | dict[str, float | str])]


class TableSpec(Table):
    """Where the values come from: `file`, or a grid (a key for every coordinate) and expressions; a mixture of both."""

    model_config = ConfigDict(extra="allow", strict=True)  # the coordinates' names; checked by `table_request`

    file: str | None = Field(None, description="CSV with a header, or a result file (.nc), from the folder of the input file")
    columns: dict[str, Column] = Field(default_factory=dict, description='x = { column = "r", unit = "angstrom" } and so on')
    potential: Number | None = Field(None, description="U_0(x), an energy; also molecule.potential")
    mean_force: Entries | None = Field(None, description="F_i(x) besides -∂_iU_0: one, or { x = …, y = … }")
    friction: Entries | None = Field(None, description='γ_ij(x): one, or { "x,x" = …, "x,y" = … }')
    noise: Entries | None = Field(None, description="D_ij(x), likewise")
    temperature: Number | None = Field(None, description="instead of the noise: D = γ k_BT")


class BareMoleculeSpec(Table):
    potential: Number = Field(0.0, description="U_0(x), an energy")


class TableExperimentSpec(Table):
    """A whole input file for system = "table"."""

    title: str = Field("", description="one line for figures and reports")
    system: Literal["table"] = Field("table", description="kind of system")
    parameters: dict[str, Number] = Field(
        default_factory=dict, description="named values: numbers, quantities, expressions of one another"
    )
    coordinates: dict[str, CoordinateSpec] = Field(description="classical coordinates, at least one")
    molecule: BareMoleculeSpec | None = Field(None, description="{ potential }")
    table: TableSpec = Field(description="the table of forces, friction and noise")
    langevin: LangevinSpec | None = Field(None, description="dynamics with these forces")
    sweep: dict[str, list[Number]] = Field(
        default_factory=dict, description="parameters to vary: a list of values each; all combinations are run"
    )
