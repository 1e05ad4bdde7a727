"""What a run will take, before it is started: sizes and memory; refusal of what cannot fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError

if TYPE_CHECKING:
    from nonadia.friction import Estimate

    from .experiment import Experiment, ForcesRequest

# the smallest hierarchy that gives any answer, where the input leaves the choice to the program
_LEAST_TIERS, _LEAST_POLES = 2, 1
# measured on one core: 0.4 to 5 µs for each unknown, linear solve and geometry, the shipped systems
_SECONDS_PER_UNKNOWN = 1e-6


def grid_of(request: ForcesRequest) -> Any:
    """The grid as `electronic_forces` takes it: (N, c) points, a 1D array, or a dict of 1D arrays."""
    if request.dims == ("point",):
        return request.points
    if len(request.dims) == 1:
        return request.coords[request.dims[0]]
    return {name: request.coords[name] for name in request.dims}


def of_point(point: Experiment, least: bool = False) -> Estimate:
    """Sizes and memory of one sweep point; `least` asks for the smallest hierarchy that could be tried."""
    from nonadia.friction import estimate

    request = point.forces
    assert request is not None
    tiers = _LEAST_TIERS if least and request.tiers is None else request.tiers
    poles = _LEAST_POLES if least and request.poles is None else request.poles
    return estimate(point.model, grid_of(request), method=request.method, tiers=tiers, poles=poles)


def refuse_if_too_large(point: Experiment) -> None:
    """Raise InputError when even the least that is asked for does not fit into this machine's memory."""
    request = point.forces
    if request is None:
        return
    needed = of_point(point, least=True)
    if needed.fits:
        return
    from nonadia.friction.estimate import format_bytes

    fixed = [key for key in ("tiers", "poles") if getattr(request, key) is not None]
    large = "molecule.vibrations" if point.model.vibrations else "molecule.levels"
    key = f"forces.{fixed[0]}" if fixed else large
    fewer = "fewer tiers or poles" if fixed else "fewer levels or vibrational states"
    unknowns = f"{needed.size.unknowns:,} unknowns, " if needed.size else ""
    raise InputError(
        [
            (
                point.source,
                key,
                f"{needed.tiers} tiers and {needed.exponents} exponents per lead and sign need "
                f"{format_bytes(needed.memory)} ({unknowns}{format_bytes(needed.available)} are available); "
                f"{fewer} would fit",
            )
        ]
    )


def describe(experiment: Experiment) -> list[str]:
    """What `nonadia check` prints: the model in one line each, the grid, the sweep, sizes and memory."""
    model = experiment.model
    lines = [experiment.title or experiment.source]
    lines.append(f"levels: {', '.join(map(str, model.levels))}")
    lines.append(f"leads: {', '.join(lead.name for lead in model.leads)}")
    if model.vibrations:
        states = [f"{v.name} ({v.states} states)" for v in model.vibrations]
        lines.append(f"quantum vibrations: {', '.join(states)}")
    lines.append(f"classical coordinates: {', '.join(c.name for c in model.coordinates)}")
    request = experiment.forces
    if request is None:
        return [*lines, "nothing to compute: there is no [forces]"]
    if request.dims != ("point",):
        lines.append("grid: " + ", ".join(_range(name, request.coords[name]) for name in request.dims))
    for name, values in experiment.sweep.items():
        lines.append(f"sweep: {name} = {', '.join(map(str, values))}")
    needed = of_point(experiment)
    lines += needed.lines()
    lines.append(f"time: of the order of {_duration(_seconds(experiment, needed))} on one core")
    if request.tolerance is not None:
        fixed = [f"{key} = {getattr(request, key)}" for key in ("tiers", "poles") if getattr(request, key) is not None]
        chosen = f"fixed: {', '.join(fixed)}" if fixed else "tiers and poles are chosen to reach it"
        lines.append(f"tolerance {request.tolerance:g} ({request.tolerance_mode}); {chosen}")
    return lines


def _seconds(experiment: Experiment, needed: Estimate) -> float:
    """1 + 2c linear solves at every geometry and sweep point (theory B4); NEGF takes milliseconds a geometry."""
    runs = sum(1 for _ in experiment.points()) * needed.points
    if needed.size is None:
        return 3e-3 * runs
    return runs * (1 + 2 * len(experiment.model.coordinates)) * needed.size.unknowns * _SECONDS_PER_UNKNOWN


def _duration(seconds: float) -> str:
    for size, unit in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds > 1.5 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{max(seconds, 1.0):.2g} s"


def _range(name: str, values: np.ndarray) -> str:
    points = f"{values.size} point{'s' if values.size != 1 else ''}"
    return f"{name} = {values.min():g} … {values.max():g} ({points})"
