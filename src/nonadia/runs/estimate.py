"""What a run will take, before it is started: sizes, memory, time; refusal of what cannot fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError

if TYPE_CHECKING:
    from nonadia.friction import Estimate

    from .junction_experiment import JunctionExperiment
    from .request import ForcesRequest
    from .table_experiment import TableExperiment

# the smallest hierarchy that gives any answer, where the input leaves the choice to the program
_LEAST_TIERS, _LEAST_POLES = 2, 1
# copies of the arrays over the grid that are alive together: the datasets of all sweep points, their stack, and the file
_COPIES_KEPT = 2
# while a sweep point is computed: the panels of the quadrature with their integrals (measured: 13 kB a geometry for one level
# and one coordinate); or values by up to five baths and truncations, their errors and differences
_COPIES_AT_WORK = {"negf": 70, "heom": 6}


def grid_of(request: ForcesRequest) -> Any:
    """The grid as `electronic_forces` takes it: (N, c) points, a 1D array, or a dict of 1D arrays."""
    if request.dims == ("point",):
        return request.points
    if len(request.dims) == 1:
        return request.coords[request.dims[0]]
    return {name: request.coords[name] for name in request.dims}


def of_point(point: JunctionExperiment, least: bool = False) -> Estimate:
    """Sizes and memory of one sweep point; `least` asks for the smallest hierarchy that could be tried."""
    from nonadia.friction import estimate

    request = point.forces
    assert request is not None
    tiers = _LEAST_TIERS if least and request.tiers is None else request.tiers
    poles = _LEAST_POLES if least and request.poles is None else request.poles
    return estimate(point.model, grid_of(request), method=request.method, tiers=tiers, poles=poles)


def memory_of_arrays(experiment: JunctionExperiment, method: str) -> int:
    """Bytes of everything that is held for each geometry: results of all sweep points, H and its derivatives.

    c coordinates, n levels, K leads, b vibrations: forces 4c, friction and noise 10c² numbers, and so on (`friction.dataset`).
    """
    request, model = experiment.forces, experiment.model
    assert request is not None
    c, n, leads, b = (len(part) for part in (model.coordinates, model.levels, model.leads, model.vibrations))
    result = 4 * c + 10 * c**2 + 2 + 2 * n + n**2 + 2 * leads + b  # numbers of 8 bytes in the result file
    frozen = (1 + c) * ((2 * (1 + b) + 1) * n**2 + leads)  # h, Λ (complex), u, g and their derivatives
    sweep = sum(1 for _ in experiment.points())
    points = len(request.points) * (2 * c * sweep)  # every sweep point holds the geometries
    forces = points + len(request.points) * (sweep * _COPIES_KEPT * result + frozen + _COPIES_AT_WORK[method] * result)
    return 8 * (forces + sweep * _numbers_of_kernels(experiment))


def _numbers_of_kernels(experiment: JunctionExperiment) -> int:
    """Of the memory kernels of one sweep point: friction and noise with parts and errors, over times and frequencies."""
    request, c = experiment.memory, len(experiment.model.coordinates)
    if request is None:
        return 0
    times = request.time.size
    frequencies = times if request.frequency is None else request.frequency.size
    return len(request.at.points) * _COPIES_KEPT * c**2 * 2 * (4 * times + 7 * frequencies)  # spectra are complex, errors not


def refuse_if_too_large(experiment: JunctionExperiment) -> None:
    """Raise InputError when even the least that is asked for does not fit into this machine's memory."""
    from nonadia.friction.estimate import format_bytes

    request = experiment.forces
    if request is None:
        return
    needed = of_point(experiment, least=True)
    arrays = memory_of_arrays(experiment, needed.method)
    if needed.memory + arrays <= needed.available:
        return
    have = f"{format_bytes(needed.available)} are available"
    if arrays > needed.memory:
        sweep = sum(1 for _ in experiment.points())
        times = f" at {sweep} sweep points" if sweep > 1 else ""
        key = f"forces.{request.dims[0]}" if request.dims == ("point",) or len(request.dims) == 1 else "forces"
        key = "forces.points" if request.dims == ("point",) else key
        message = f"{needed.points:,} geometries{times} need {format_bytes(arrays)} ({have}); a coarser grid would fit"
        raise InputError([(experiment.source, key, message)])
    fixed = [key for key in ("tiers", "poles") if getattr(request, key) is not None]
    large = "molecule.vibrations" if experiment.model.vibrations else "molecule.levels"
    key = f"forces.{fixed[0]}" if fixed else large
    fewer = "fewer tiers or poles" if fixed else "fewer levels or vibrational states"
    unknowns = f"{needed.size.unknowns:,} unknowns, " if needed.size else ""
    message = (
        f"{needed.tiers} tiers and {needed.exponents} exponents per lead and sign need {format_bytes(needed.memory)} "
        f"({unknowns}{have}); {fewer} would fit"
    )
    raise InputError([(experiment.source, key, message)])


def unused_settings(experiment: JunctionExperiment) -> list[str]:
    """A note where the input fixes numbers of the hierarchy but Green's functions are used, which have none."""
    request = experiment.forces
    if request is None:
        return []
    given = [key for key in ("tiers", "poles", "decomposition") if getattr(request, key) is not None]
    if not given or of_point(experiment, least=True).method != "negf":
        return []
    are = "is" if len(given) == 1 else "are"
    return [f'note: {" and ".join(given)} {are} not used: Green\'s functions (negf) need none; method = "heom" would use them']


def describe(experiment: JunctionExperiment) -> list[str]:
    """What `nonadia check` prints: the model in one line each, the grid, the sweep, sizes, memory and time."""
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
    fixed = [f"{key} = {getattr(request, key)}" for key in ("tiers", "poles") if getattr(request, key) is not None]
    lines.append(f"tolerance {request.tolerance:g} ({request.tolerance_mode}){'; fixed: ' if fixed else ''}{', '.join(fixed)}")
    from .forecast import cost, cost_of_kernels

    return lines + cost(experiment) + cost_of_kernels(experiment) + unused_settings(experiment)


def describe_table(experiment: TableExperiment) -> list[str]:
    """The same for a table of forces."""
    table = experiment.table
    lines = [experiment.title or experiment.source]
    masses = ", ".join(f"{c.name} (mass {c.mass:.6g})" for c in table.coordinates)
    lines.append(f"classical coordinates: {masses}")
    if table.dims == ("point",):
        lines.append(f"table: {next(iter(table.coords.values())).size} scattered points")
    else:
        lines.append("table: " + ", ".join(_range(name, table.coords[name]) for name in table.dims))
    for name, values in experiment.sweep.items():
        lines.append(f"sweep: {name} = {', '.join(map(str, values))}")
    return lines + [f"note: {note}" for note in table.notes]


def _range(name: str, values: np.ndarray) -> str:
    points = f"{values.size} point{'s' if values.size != 1 else ''}"
    return f"{name} = {values.min():g} … {values.max():g} ({points})"
