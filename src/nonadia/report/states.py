"""Rows of sweep points that did not converge, set apart in every table of values as in the table of convergence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nonadia.runs.combine import CONVERGED

from .source import own_attributes, points

if TYPE_CHECKING:
    from .parts import Table
    from .source import Source

WORDS = "not converged"


def unconverged(source: Source, part: str = "") -> set[str]:
    """Labels of the sweep points whose part ("forces", "langevin", "memory"; "": the whole) did not reach its tolerance."""
    convergence = source.group("convergence")
    if part == "memory":
        group = source.group("memory")
        if group is None:
            return set()
        pairs = zip(points(group), own_attributes(group), strict=False)
        return {label for (label, _), own in pairs if own and not own.get("converged")}
    if convergence is None or "status" not in convergence:
        return set()
    name = f"{part}_status" if f"{part}_status" in convergence else "status"
    return {label for label, at in points(convergence) if str(at[name].item()) != CONVERGED}


def marked(table: Table, labels: set[str]) -> Table:
    """The table, whose first column is the sweep point, with these points named and set apart."""
    apart = {i for i, row in enumerate(table.rows) if row[0] in labels}
    if not apart:
        return table
    rows = [[f"{row[0]}, {WORDS}" if row[0] else WORDS, *row[1:]] if i in apart else row for i, row in enumerate(table.rows)]
    note = f"{table.note} Rows set apart: not converged to the tolerance asked for.".strip()
    return replace(table, rows=rows, note=note, marked={**table.marked, **dict.fromkeys(apart, "bad")})
