"""Which figures a forces result deserves: lines along one coordinate, maps over two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import PlotError, convergence, lines, maps, potentials, style, sweeps, tables
from .cases import Case, coordinates, grid_dims, split

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def draw_forces(tree: xr.DataTree, outdir: Path, name: str) -> list[Path]:
    """Draw /forces of `tree` into `outdir` as NAME-<figure>.png and .svg; the paths written."""
    from matplotlib import rc_context

    if "forces" not in tree.children:
        raise PlotError("holds no forces; run an input with [forces]")
    forces = tree["forces"].to_dataset()
    with rc_context(style.RC):  # type: ignore[arg-type]
        written = []
        for stem, figure in figures(forces):
            written += style.save(figure, outdir, f"{name}-{stem}")
    return written


def draw_study(tree: xr.DataTree, outdir: Path, name: str) -> list[Path]:
    """Draw /convergence_study of `tree` into `outdir`; the paths written."""
    from matplotlib import rc_context

    with rc_context(style.RC):  # type: ignore[arg-type]
        written = []
        for stem, figure in convergence.figures(tree["convergence_study"].to_dataset()):
            written += style.save(figure, outdir, f"{name}-{stem}")
    return written


def figures(forces: xr.Dataset) -> list[tuple[str, Figure]]:
    """(file stem, figure) of everything that is drawn for this table."""
    cases = split(forces)
    modes, dims = coordinates(forces), grid_dims(forces)
    if dims == ("point",):
        if len(modes) == 1:
            return _on_a_line([_sorted(case, modes[0]) for case in cases], modes)
        return _over_points(cases, modes)
    long = [dim for dim in dims if forces.sizes[dim] > 1]
    if len(long) <= 1:
        along = long[0] if long else dims[0]
        rest = {dim: 0 for dim in dims if dim != along}
        return _on_a_line([Case(case.label, case.data.isel(rest)) for case in cases], modes, along)
    if len(long) == 2:
        rest = {dim: 0 for dim in dims if dim not in long}
        return _over_a_plane([Case(case.label, case.data.isel(rest)) for case in cases], modes, (long[0], long[1]))
    raise PlotError(
        f"has a grid of {len(long)} coordinates; figures are drawn for one or two: "
        "select a line or a plane with xarray, or give such a grid in the input"
    )


def _on_a_line(cases: list[Case], modes: list[str], along: str | None = None) -> list[tuple[str, Figure]]:
    along = along or modes[0]
    if tables.is_plain(cases[0].data):
        return [("table", tables.line(cases, along, modes))]
    drawn: list[tuple[str, Figure]] = []
    if "potential" in cases[0].data and len(modes) == 1:
        drawn.append(("potentials", potentials.potentials(cases, along)))
    if len(modes) == 1:
        drawn.append(("friction", lines.friction_parts(cases, along)))
        drawn.append(("noise", lines.friction_and_noise(cases, along)))
        over_sweep = sweeps.friction_map(cases, along)
        if over_sweep is not None:
            drawn.append(("friction-map", over_sweep))
    else:
        drawn.append(("friction", lines.tensor(cases, along, modes, "friction")))
        drawn.append(("noise", lines.tensor(cases, along, modes, "noise")))
    drawn.append(("force", lines.mean_force(cases, along, modes)))
    drawn.append(("transport", lines.transport(cases, along)))
    return drawn


def _over_a_plane(cases: list[Case], modes: list[str], plane: tuple[str, str]) -> list[tuple[str, Figure]]:
    drawn: list[tuple[str, Figure]] = []
    for case in cases:
        tail = f"-{_file_label(case.label)}" if case.label else ""
        if tables.is_plain(case.data):
            drawn.append((f"table{tail}", tables.plane(case, modes, plane)))
            continue
        drawn.append((f"tensor{tail}", maps.tensors(case, modes, plane)))
        drawn.append((f"landscape{tail}", maps.landscape(case, modes, plane)))
    return drawn


def _over_points(cases: list[Case], modes: list[str]) -> list[tuple[str, Figure]]:
    """A list of points with several coordinates has no axis: components against the point number."""
    numbered = []
    for case in cases:
        numbers = np.arange(case.data.sizes["point"], dtype=float)
        data = case.data.assign_coords(point=("point", numbers, {"units": "1"}))
        numbered.append(Case(case.label, data))
    if tables.is_plain(cases[0].data):
        return [("table", tables.line(numbered, "point", modes, marker="o"))]
    return [
        ("friction", lines.tensor(numbered, "point", modes, "friction", marker="o")),
        ("noise", lines.tensor(numbered, "point", modes, "noise", marker="o")),
        ("force", lines.mean_force(numbered, "point", modes, marker="o")),
    ]


def _sorted(case: Case, coordinate: str) -> Case:
    """Points along one coordinate in increasing order."""
    order = np.argsort(case.data[coordinate].values, kind="stable")
    return Case(case.label, case.data.isel(point=order))


def _file_label(label: str) -> str:
    """'bias = 0.2 V' → 'bias-0.2V'."""
    return "".join(c for c in label.replace(" = ", "-").replace(", ", "_") if c.isalnum() or c in "-_.+")
