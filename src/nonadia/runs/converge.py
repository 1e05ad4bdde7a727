"""`nonadia converge`: a convergence study of an input file, its result file and its figure."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import store
from .errors import InputError
from .execute import Interrupted, command_line
from .journal import Journal, beside
from .junction_experiment import JunctionExperiment
from .progress import Progress, Report, silent
from .sweep import sweep_axes

if TYPE_CHECKING:
    import xarray as xr

GROUP = "convergence_study"  # of the result file
GEOMETRIES = 9  # of the input's grid, unless more are asked for


def converge(
    experiment: JunctionExperiment,
    tiers: Sequence[int] = (2, 3, 4),
    poles: Sequence[int] = (4, 6, 8, 10),
    *,
    decomposition: str = "pade",
    terminator: str = "auto",
    reference: float | None = None,
    geometries: int = GEOMETRIES,
    output: Path | None = None,
    progress: Report = silent,
    workers: int = 1,
) -> xr.DataTree:
    """`convergence_study` at evenly spread geometries of the input's grid, for each sweep point.

    Arguments as for `convergence_study`; geometries: how many of the grid at most; output: file to write, with a journal
    beside it until it is complete. Returns a tree with the group /convergence_study, sweep dimensions first; its attribute
    `complete` is 1 if every pair of tiers and poles was solved.
    Errors: InputError without [forces]; ResultError for the file; Interrupted on Ctrl-C.
    """
    import xarray as xr

    from nonadia.friction import convergence_study

    if experiment.forces is None:
        raise InputError([(experiment.source, "forces", "no geometries to study; give [forces] with x = [...]")])
    journal = None
    if output is not None:
        store.check_writable(output)
        journal = Journal(beside(output))
    started = time.perf_counter()
    axes = sweep_axes(experiment)
    points = [experiment.at(values) for values in experiment.points()]
    studies: list[xr.Dataset] = []
    try:
        for number, point in enumerate(points):

            def report(done: float, total: float, message: str, number: int = number) -> None:
                progress(number + (done / total if total else 0.0), len(points), message)

            studies.append(
                convergence_study(
                    point.model,
                    _some(point, geometries),
                    tiers=tiers,
                    poles=poles,
                    decomposition=decomposition,
                    terminator=terminator,
                    reference=reference,
                    progress=report,
                    workers=workers,
                    store=journal,
                )
            )
    except ValueError as error:
        raise InputError([(experiment.source, "converge", str(error))]) from None
    except KeyboardInterrupt:
        raise Interrupted(0, len(points), output, len(journal) if journal is not None else 0) from None
    dims, shape = [axis.name for axis in axes], [len(axis.labels) for axis in axes]
    first = studies[0]
    stacked = {
        str(name): (
            (*dims, *variable.dims),
            np.stack([study[name].values for study in studies]).reshape((*shape, *variable.shape)),
            dict(variable.attrs),
        )
        for name, variable in first.data_vars.items()
        if all(name in study for study in studies)  # D/k_BT = γ is a law of the points in equilibrium only
    }
    coords: dict[str, Any] = {str(name): coordinate.variable for name, coordinate in first.coords.items()}
    for axis in axes:
        coords[axis.name] = (axis.name, axis.values, {"units": axis.units})
        coords[f"{axis.name}_label"] = (axis.name, np.array(axis.labels, dtype=object))
    messages = [line for study in studies for line in json.loads(study.attrs["messages"])]
    joined = xr.Dataset(stacked, coords, attrs=first.attrs | {"messages": json.dumps(messages)})
    tree = xr.DataTree.from_dict({f"/{GROUP}": joined})
    tree.attrs = store.provenance(experiment, command_line()) | {
        "complete": int(not messages),
        "wall_time": time.perf_counter() - started,
    }
    if output is not None:
        store.write_result(tree, output)
        assert journal is not None
        journal.remove()
    return tree


def _some(point: JunctionExperiment, wanted: int) -> np.ndarray:
    """At most `wanted` geometries of the input's grid, evenly spread; a 1D array for one coordinate."""
    assert point.forces is not None
    every = point.forces.points
    chosen = every[np.unique(np.linspace(0, len(every) - 1, min(wanted, len(every))).round().astype(int))]
    return chosen[:, 0] if chosen.shape[1] == 1 else chosen


def numbers(option: str, text: str) -> list[int]:
    """'2,3,4' → [2, 3, 4]. Errors: InputError."""
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise InputError([(option, text, "not whole numbers with commas between; for example 2,3,4")]) from None


def command(experiment: JunctionExperiment, output: Path, tiers: str, poles: str, **options: Any) -> list[str]:
    """What the command line does: compute, write `output`, draw its figure. Returns the messages; none when complete."""
    from nonadia.plot import plot_result

    with Progress("convergence study") as progress:
        tree = converge(
            experiment, numbers("--tiers", tiers), numbers("--poles", poles), output=output, progress=progress, **options
        )
    for line in table(tree):
        print(line)
    folder = output.with_name(f"{output.stem}-figures")
    folder.mkdir(exist_ok=True)
    print(f"saved in {output}")
    for path in plot_result(tree, folder, name=output.stem):
        print(path)
    return [str(line) for line in json.loads(tree[GROUP].attrs["messages"])]


def table(tree: xr.DataTree) -> list[str]:
    """One line a pair of tiers and poles: the relative errors, the size, the time."""
    study = tree[GROUP].to_dataset()
    lines = []
    for index in np.ndindex(study["unknowns"].shape):
        entry = study.isel(dict(zip(study["unknowns"].dims, index, strict=True)))
        sweep = [f"{d} = {entry[f'{d}_label'].item()}, " for d in study["unknowns"].dims if f"{d}_label" in entry]
        place = f"{''.join(sweep)}{entry['tier'].item()} tiers, {entry['poles'].item():2d} poles: "
        if np.isnan(entry["unknowns"].item()):
            lines.append(place + "not solved")
            continue
        errors = [f"{name} {entry[f'error_{name}'].item():.1e}" for name in ("force", "friction", "noise")]
        size = f"{int(entry['unknowns'].item()):,} unknowns, {entry['wall_time'].item():.1f} s"
        lines.append(f"{place}error of {', '.join(errors)}; {size}")
    return lines
