"""How well each sweep point was computed: method, sizes, stated errors against what was asked for, time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.runs.combine import CONVERGED
from nonadia.units import FS, KELVIN

from . import interpolation, words
from .model import time
from .parts import Table
from .source import STUDY, own_attributes, points

if TYPE_CHECKING:
    import xarray as xr

    from .source import Source

_QUANTITIES = ("force", "friction", "noise")


def tables(source: Source) -> list[Table]:
    """Of everything that the result holds; empty tables are left out."""
    if source.is_study:
        return [_study(source.tree[STUDY].to_dataset())]
    convergence = source.group("convergence")
    if convergence is None:
        return []
    closed = "steps" in convergence
    found = [_closed(source, convergence)] if closed else [_forces(source, convergence), *_trails(convergence), _memory(source)]
    found += [_interpolation(source), _dynamics(source, convergence)]
    return [table.lively for table in found if table is not None and table.rows]


def _forces(source: Source, convergence: xr.Dataset) -> Table:
    asked = source.settings.get("forces") or {}
    rows, marked = [], {}
    own = "forces_status" if "forces_status" in convergence else "status"
    for i, (label, at) in enumerate(points(convergence)):
        record, status = at, str(at[own].item())
        errors = words.table(_text(record, "relative_error"))
        trail = _list(_text(record, "convergence"))
        exponents = _list(_text(record, "exponents"))
        sizes = [int(step["unknowns"]) for step in trail if isinstance(step, dict) and step.get("unknowns")]
        states = [step["vibrational_states"] for step in trail if isinstance(step, dict) and step.get("vibrational_states")]
        count = {key: int(record[key].item()) if key in record else 0 for key in ("tiers", "poles")}
        rows.append([
            label, status, _text(record, "method").upper(), *(str(count[key] or "") for key in ("tiers", "poles")),
            words.listed(dict.fromkeys(str(n) for n in exponents)),
            words.listed(str(n) for n in (states[-1] if states else [])),
            words.number(sizes[-1]) if sizes else "",
            *(words.number(errors.get(name, np.nan), 2) for name in _QUANTITIES),
            words.number(asked.get("tolerance", np.nan), 2), words.duration(record["wall_time"].item()),
        ])  # fmt: skip
        if status != CONVERGED:
            marked[i] = "bad"
    head = ("sweep point", "state", "method", "tiers", "poles", "exponents per lead", "vibrational states", "unknowns",
            "error of force", "error of friction", "error of noise", "asked for", "wall time")  # fmt: skip
    place = "at every geometry" if asked.get("tolerance_mode") == "pointwise" else "over the grid"
    note = f"Errors are the largest {place}, relative to the largest magnitude of each quantity (dimensionless)."
    return Table("Forces, friction and noise", head, rows, note if asked else "", marked=marked)


def _trails(convergence: xr.Dataset) -> list[Table]:
    """How the error fell with the tiers, for sweep points where it took more than one."""
    rows = []
    for label, at in points(convergence):
        steps = [step for step in _list(_text(at, "convergence")) if isinstance(step, dict) and "tiers" in step]
        if len(steps) < 2:
            continue
        for step in steps:
            errors = step.get("relative_error") or {}
            rows.append([
                label, str(step["tiers"]), str(step.get("terminator", "")),
                words.listed(dict.fromkeys(map(str, step.get("exponents", [])))),
                words.number(step.get("unknowns", np.nan)), str(step.get("geometries", "")),
                *(words.number(errors.get(name, np.nan), 2) for name in _QUANTITIES),
                words.duration(step.get("wall_time", np.nan)),
            ])  # fmt: skip
    head = ("sweep point", "tiers", "terminator", "exponents per lead", "unknowns", "geometries",
            "error of force", "error of friction", "error of noise", "wall time")  # fmt: skip
    note = (
        "A dash: the first hierarchy has none before it to be compared with. Later ones solve only what was not yet converged."
    )
    return [Table("Convergence of the hierarchy", head, rows, note)] if rows else []


def _memory(source: Source) -> Table | None:
    group = source.group("memory")
    if group is None:
        return None
    rows, marked = [], {}
    for i, ((label, _), own) in enumerate(zip(points(group), own_attributes(group), strict=False)):
        errors = own.get("relative_error")
        errors = words.table(errors) if isinstance(errors, str) else errors or {}
        good = bool(own.get("converged"))
        rows.append([
            label, CONVERGED if good else "not converged" if own else "not computed", str(own.get("method", "")).upper(),
            *(_several(own.get(key)) for key in ("tiers", "poles")),
            words.number(max((float(e) for e in errors.values()), default=np.nan), 2) if isinstance(errors, dict) else "",
            words.number((source.settings.get("memory") or {}).get("tolerance", np.nan), 2),
        ])  # fmt: skip
        if not good:
            marked[i] = "bad"
    head = ("sweep point", "state", "method", "tiers", "poles", "largest error", "asked for")
    return Table(
        "Memory kernels", head, rows, "Errors relative to the largest magnitude of each kernel and spectrum.", marked=marked
    )


def _interpolation(source: Source) -> Table | None:
    asked = words.number((source.settings.get("langevin") or {}).get("table_tolerance", np.nan), 2)
    rows = [[label, *cells, asked] for label, cells in interpolation.errors(source.tree)]
    note = "Largest errors between the points of the table in which the nuclei move; asked for: relative to the largest values."
    return Table("Interpolation of the table", ("sweep point", *interpolation.HEAD, "asked for"), rows, note) if rows else None


def _dynamics(source: Source, convergence: xr.Dataset) -> Table | None:
    group = source.group("langevin")
    if group is None:
        return None
    states = dict(_states(convergence))
    rows, marked = [], {}
    for i, ((label, at), own) in enumerate(zip(points(group), own_attributes(group), strict=False)):
        state, seconds = states.get(label, ("", np.nan))
        if not state:
            state = CONVERGED if own.get("converged") else "not computed"
        since = float(own.get("steady_since") or np.nan)
        steady = f"from {time(since)}" if np.isfinite(since) else "no" if own else ""
        rows.append([
            label, state, str(own.get("scheme", "")).upper(), words.number(own.get("trajectories", np.nan)),
            words.quantity(float(own.get("step", np.nan)) / FS, "fs"), words.number(own.get("steps", np.nan)),
            _largest(at, "error_steady_kinetic_temperature", "error_kinetic_temperature"),
            _of_step(at), steady, words.duration(seconds),
        ])  # fmt: skip
        if state != CONVERGED:
            marked[i] = "bad"
    head = ("sweep point", "state", "scheme", "trajectories", "step", "steps", "statistical error of T", "step error of T",
            "steady state", "wall time")  # fmt: skip
    note = (
        "T is the kinetic temperature of the coordinate with the largest error, in the steady state or, without one, at the "
        "end. The error of the step comes from an ensemble of twice the step on the same noise, and has a "
        "statistical error itself."
    )
    return Table("Langevin dynamics", head, rows, note, marked=marked)


def _states(convergence: xr.Dataset) -> list[tuple[str, tuple[str, float]]]:
    if "langevin_status" not in convergence:
        return []
    return [
        (label, (str(at["langevin_status"].item()), float(at["langevin_wall_time"].item())))
        for label, at in points(convergence)
    ]


def _largest(at: xr.Dataset, *names: str) -> str:
    for name in names:
        if name not in at:
            continue
        values = at[name].values if "time" not in at[name].dims else at[name].values[-1]
        if np.isfinite(values).any():
            return words.quantity(float(np.nanmax(values)) / KELVIN, "K", 2)
    return words.NOTHING


def _of_step(at: xr.Dataset) -> str:
    if "step_error_kinetic_temperature" not in at:
        return words.NOTHING
    values = np.ravel(at["step_error_kinetic_temperature"].values) / KELVIN
    if not np.isfinite(values).any():
        return words.NOTHING
    i = int(np.nanargmax(np.abs(values)))
    error = np.ravel(at["error_step_error_kinetic_temperature"].values)[i] / KELVIN
    return words.measured(values[i], error, "K")


def _closed(source: Source, convergence: xr.Dataset) -> Table:
    packet = source.group("wavepacket")
    labelled = dict(points(packet)) if packet is not None else {}
    asked = (source.settings.get("propagation") or {}).get("tolerance", np.nan)
    rows, marked = [], {}
    for i, (label, at) in enumerate(points(convergence)):
        status, data = str(at["status"].item()), labelled.get(label)
        own = [words.number(float(value), 2) for value in _conserved(data)]
        rows.append([
            label, status, str(at["method"].item()), words.number(at["steps"].item()) if at["steps"].item() else "",
            words.number(at["error"].item(), 2), words.number(asked, 2), *own, words.duration(at["wall_time"].item()),
        ])  # fmt: skip
        if status != CONVERGED:
            marked[i] = "bad"
    head = ("sweep point", "state", "method", "steps", "norm error (bound)", "asked for", "largest change of the norm",
            "change of the energy (Hartree)", "density at the edge", "momentum at the edge", "wall time")  # fmt: skip
    note = (
        "Norm error: bound of ‖ψ − ψ exact‖ by the time steps. The energy changes where an external field does work or the "
        "packet is absorbed. Edges: largest density at the edge of the grid relative to its maximum, and probability beyond "
        "0.9 of the largest momentum of the grid."
    )
    return Table("Wave packet", head, rows, note, marked=marked)


def _conserved(data: xr.Dataset | None) -> list[float]:
    """Largest |norm - norm(0)|, |E - E(0)|, density and momentum at the edge."""
    if data is None:
        return [float("nan")] * 4
    found = []
    for name, drift in (("norm", True), ("energy", True), ("edge_density", False), ("momentum_edge", False)):
        if name not in data or not np.isfinite(data[name].values).any():
            found.append(float("nan"))
            continue
        values = data[name].values
        found.append(float(np.nanmax(np.abs(values - values[0] if drift else values))))
    return found


def _study(study: xr.Dataset) -> Table:
    rows: list[list[str]] = []
    marked: dict[int, str] = {}
    for label, at in points(study):
        for tier in at["tier"].values:
            for pole in at["poles"].values:
                cell = at.sel(tier=tier, poles=pole)
                solved = bool(np.isfinite(cell["unknowns"].item()))
                if not solved:
                    marked[len(rows)] = "bad"
                broken = words.number(cell["fluctuation_dissipation"].item(), 2) if "fluctuation_dissipation" in cell else ""
                rows.append([
                    label, str(tier), str(pole), words.number(cell["exponents"].item()),
                    words.number(cell["unknowns"].item()) if solved else "not solved",
                    *(words.number(cell[f"error_{name}"].item(), 2) for name in _QUANTITIES), broken,
                    words.duration(cell["wall_time"].item()),
                ])  # fmt: skip
    head = ("sweep point", "tiers", "poles", "exponents per lead", "unknowns", "error of force", "error of friction",
            "error of noise", "|D/k_BT − γ|", "wall time")  # fmt: skip
    kind = f"{study.attrs.get('decomposition', '')} poles, {study.attrs.get('terminator', '')} terminator".strip()
    note = (
        f"{kind}. Errors: largest over the grid, relative to the largest magnitude, measured from: "
        f"{study.attrs.get('reference', '')}."
    )
    if "fluctuation_dissipation" in study:
        note += " |D/k_BT − γ|: relative to the largest friction; 0 at equilibrium."
    return Table("Error against tiers and poles", head, rows, note, marked=marked).lively


def _text(record: xr.Dataset, key: str) -> str:
    return str(record[key].item()) if key in record else ""


def _several(stored: Any) -> str:
    """'60', or of several kinds or leads '8, 60'; stored as a number, a list, or its JSON."""
    found = _list(stored) if isinstance(stored, str) else np.ravel(stored if stored is not None else []).tolist()
    return ", ".join(dict.fromkeys(str(each) for each in found if each))


def _list(text: str) -> list[Any]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    return found if isinstance(found, list) else [found]
