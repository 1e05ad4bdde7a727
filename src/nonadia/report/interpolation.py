"""How good the interpolation of the table is in which the nuclei move, from `table_errors` of /langevin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import quantities as q

from . import words
from .source import own_attributes, points

if TYPE_CHECKING:
    import xarray as xr

HEAD = ("force", "friction, of its largest", "noise, of its largest")


def errors(tree: xr.DataTree) -> list[tuple[str, tuple[str, str, str]]]:
    """(sweep point, largest error of the interpolated force with its unit, of friction and noise relative to their largest).

    Points without a table, or with exact functions in its place, are left out.
    """
    if "langevin" not in tree.children or "forces" not in tree.children:
        return []
    group, found = tree["langevin"].to_dataset(), []
    tables = dict(points(tree["forces"].to_dataset()))
    for (label, _), own in zip(points(group), own_attributes(group), strict=False):
        said = own.get("table_errors")
        each = words.table(said) if isinstance(said, str) else said or {}
        table = tables.get(label, tables.get(""))
        if not isinstance(each, dict) or not any(each.values()) or table is None:
            continue
        scales = {q.force(table, str(mode)) for mode in table["mode"].values}
        scale = scales.pop() if len(scales) == 1 else q.Scale(1.0, "a.u.")  # lengths and dimensionless ones side by side
        cells = [words.quantity(float(each.get("force", np.nan)) * scale.factor, scale.unit, 2)]
        for name in ("friction", "noise"):
            largest = float(np.nanmax(np.abs(table[name].values))) if name in table else np.nan
            cells.append(words.number(float(each.get(name, np.nan)) / largest if largest > 0 else np.nan, 2))
        found.append((label, (cells[0], cells[1], cells[2])))
    return found


def lines(tree: xr.DataTree) -> list[str]:
    """One line of a summary a sweep point."""
    said = []
    for label, (force, friction, noise) in errors(tree):
        where = f"{label}: " if label else ""
        of_both = f"friction {friction} and noise {noise} of the largest value"
        text = f"{where}error of the interpolation between the points of the table: force {force}, {of_both}"
        said.append(text.replace("\u202f", " ").replace("\u00a0", " "))
    return said
