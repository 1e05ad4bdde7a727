"""Every setting used: what was written, what was left at its default, and the value in atomic units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import words
from .parts import Table
from .schema_rows import DEFAULT, Entry, entries, schema_of

if TYPE_CHECKING:
    from .source import Source

_HEAD = ("key", "value", "from", "meaning")
_MODEL = (
    "parameters",
    "coordinates",
    "molecule",
    "leads",
    "electrons",
    "external",
    "absorber",
    "nuclei",
    "initial",
    "potentials",
    "table",
)


def tables(source: Source) -> list[Table]:
    """One table for the model, one for what was asked of it."""
    spec = schema_of(source.system)
    if spec is None or not source.written:
        return _bare(source)
    every = [entry for entry in entries(spec, source.written, source.overrides) if entry.path[0] not in ("title", "system")]
    model = [entry for entry in every if entry.path[0] in _MODEL]
    asked = [entry for entry in every if entry.path[0] not in _MODEL]
    found = [_table("Model", model, source), _table("What to compute", asked, source)]
    return [table for table in found if table.rows]


def _table(title: str, every: list[Entry], source: Source) -> Table:
    rows = [[".".join(e.path), _value(e, source), e.origin, e.meaning] for e in every]
    marked = {i: DEFAULT for i, e in enumerate(every) if e.origin == DEFAULT}
    note = (
        "In parentheses: the value in Hartree atomic units (temperatures as k_BT)."
        if any("a.u." in row[1] for row in rows)
        else ""
    )
    return Table(title, _HEAD, rows, note, long=(1, 3), marked=marked)


def _value(entry: Entry, source: Source) -> str:
    if entry.value is None:
        return "not set"
    if entry.value == {} or entry.value == []:
        return "none"
    text = words.plain(entry.value)
    if isinstance(entry.value, str):
        used = _used(entry.path, source)
        if used is not None:
            text += f" ({words.number(used, 6)} a.u.)"
    return text


def _used(path: tuple[str, ...], source: Source) -> float | None:
    """The resolved number behind a text, where the result holds it."""
    for table in (source.settings, source.model):
        found: Any = table
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, int | float) and not isinstance(found, bool):
            return float(found)
    return None


def _bare(source: Source) -> list[Table]:
    """Of a result whose input cannot be read: what it says was used, as it stands there."""
    rows = [
        [".".join(path), words.plain(value)] for path, value in _flat(source.settings) if path[0] not in ("title", "system")
    ]
    return [Table("Values used (Hartree atomic units)", ("key", "value"), rows, long=(0, 1))] if rows else []


def _flat(table: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(table, dict) and table:
        return [row for key, value in table.items() for row in _flat(value, (*path, str(key)))]
    return [(path, table)] if path else []
