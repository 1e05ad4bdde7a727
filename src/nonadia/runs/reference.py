"""The tables of docs/input.md, written from the schema itself: `python -m nonadia.runs.reference` prints them."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from nonadia.models import spec

from . import schema

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
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:g}`"


if __name__ == "__main__":
    print(key_tables(), end="")
