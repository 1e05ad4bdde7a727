"""The tables of docs/input.md, written from the schema itself: `python -m nonadia.runs.reference` prints them."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from nonadia.models import molecule_spec, spec

from . import closed_schema, langevin_schema, schema, table_schema

_TABLES: tuple[tuple[str, str, type[spec.Table]], ...] = (
    ("Top level", "", schema.ExperimentSpec),
    ("`[coordinates.NAME]`", "", spec.CoordinateSpec),
    ("`[molecule]`", "", spec.MoleculeSpec),
    ("`[molecule.vibrations.NAME]`", "", spec.VibrationSpec),
    (
        "`[leads.NAME]`",
        "One of `bandwidth`, `lorentzians` and `level_width` gives the shape of the band.",
        spec.LeadSpec,
    ),
    ("`lorentzians = [{ … }, …]` of a lead", "", spec.LorentzianSpec),
    (
        "`level_width = { … }` of a lead",
        "Either `energies` and `values`, or `flat` and `edge`; a rational function is fitted.",
        spec.LevelWidthSpec,
    ),
    (
        "`[forces]`",
        "Each coordinate has a key here: a list of values or `{ start, stop, points }`; several coordinates make a\n"
        "product grid. `points` lists geometries instead.",
        schema.ForcesSpec,
    ),
    (
        "`[memory]`",
        "Memory kernels besides the forces, at geometries given as in `[forces]`; see [memory kernels](memory-kernels.md).",
        schema.MemorySpec,
    ),
    (
        "`[langevin]`",
        "Dynamics of the nuclei with these forces; see [Langevin dynamics](langevin.md). A parameter in `drive` is an\n"
        "expression of `t`; its values in `[sweep]` are those of the table, and must enclose it.",
        langevin_schema.LangevinSpec,
    ),
    (
        "`initial = { … }` of `[langevin]`",
        "One of `{ x, temperature }`, `{ x, p }`, `{ boltzmann }`, `{ wigner }`; x is the name of each coordinate. A momentum\n"
        'is a number, an expression, or has a unit such as `"20 u*angstrom/ps"`.',
        langevin_schema.InitialSpec,
    ),
    ("`wigner = { … }`", "", langevin_schema.WignerSpec),
    ("`asymptote = { x = { … } }`", "", langevin_schema.AsymptoteSpec),
    (
        'Tables, `system = "table"`',
        "Own forces, friction and noise, without electrons.",
        table_schema.TableExperimentSpec,
    ),
    (
        "`[table]`",
        "From a `file`, or each coordinate has a key here as in `[forces]` and the rest are expressions, which may also add\n"
        "what a file lacks. Columns are named as the coordinates, `potential`, `mean_force`, `friction`, `noise`; of several\n"
        "coordinates `mean_force_x`, `friction_x_y`, …; any other column by whose values every geometry is repeated is a\n"
        "parameter. All its values are run unless `[parameters]` or `[sweep]` chooses; if it is unclear which column is one,\n"
        "`columns` says so. Units stand in the header, `x [angstrom]`, or in `columns`:\n"
        "`eV*fs/angstrom^2`; a friction may be a rate (`1/ps`), γ_ij/√(m_i m_j). A result file (`.nc`) gives everything.",
        table_schema.TableSpec,
    ),
    (
        'Closed systems, `system = "molecule"`',
        "Wave packets of electrons and nuclei. Expressions may depend on the time `t`, and so may parameters; `diff(f, x)` is\n"
        "the exact derivative with respect to a coordinate or `t`. Expressions are functions of the nuclear coordinates.",
        closed_schema.MoleculeExperimentSpec,
    ),
    ("`[coordinates.NAME]` of a closed system", "", molecule_spec.NuclearCoordinateSpec),
    ("`grid = { … }`", "", molecule_spec.PeriodicGridSpec),
    (
        "`[electrons]`",
        "One of three: `hamiltonian`; `surfaces` with `mixing_angle`; `coordinates` with `potential`.",
        molecule_spec.ElectronsSpec,
    ),
    ("`[electrons.coordinates.NAME]`", "", molecule_spec.ElectronCoordinateSpec),
    ("`[external]`", "External potentials on the nuclei.", molecule_spec.ExternalSpec),
    ("`[absorber]`", "", molecule_spec.AbsorberSpec),
    (
        "`[nuclei.NAME]`",
        "Either `coordinates`, or `mass` and `positions`. The kinetic energy of all nuclei must be that of the coordinates.",
        molecule_spec.NucleusSpec,
    ),
    (
        "`[initial]`",
        "One of `nuclear`, `wavefunction` and `eigenstate`.",
        molecule_spec.InitialSpec,
    ),
    ("`nuclear = { … }`", "One of these.", molecule_spec.NuclearSpec),
    ("`gaussian = { … }`", "", molecule_spec.GaussianSpec),
    ("`state_of = { … }`", "", molecule_spec.StateOfSpec),
    ("`electronic = { … }`", "One of these.", molecule_spec.ElectronicSpec),
    ("`[adiabatic]`", "", closed_schema.AdiabaticSpec),
    ("`[propagation]`", "", closed_schema.PropagationSpec),
    ("`[factorization]`", "", closed_schema.FactorizationSpec),
    ("`[trajectories]`", "They need `[factorization]`.", closed_schema.TrajectoriesSpec),
    (
        '`[potentials]` of `system = "marginal"`',
        "A marginal system has these in place of `[electrons]`, `[external]` and `[adiabatic]`; the rest is as above.",
        molecule_spec.PotentialsSpec,
    ),
)


def key_tables() -> str:
    """One Markdown table for each table of the input file: key, meaning, default."""
    parts = []
    for title, note, table in _TABLES:
        rows = [f"| `{name}` | {_meaning(field)} | {_default(field)} |" for name, field in table.model_fields.items()]
        head = [f"## {title}", "", *([note, ""] if note else []), "| key | meaning | default |", "|---|---|---|"]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(parts) + "\n"


def _meaning(field: Any) -> str:
    """The field's description, and its choices where it has a fixed set of them."""
    text = str(field.description or "")
    options = [option for part in (field.annotation, *get_args(field.annotation)) for option in _choices(part)]
    if len(options) > 1:
        text += "; " + " or ".join(f'`"{option}"`' for option in options)
    return text.replace("|", "\\|")


def _choices(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value is PydanticUndefined or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:g}`"


if __name__ == "__main__":
    print(key_tables(), end="")
