"""The numbers that are read off forces first: friction peaks, extreme forces, the well and its barrier, currents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.plot import PlotError
from nonadia.plot import quantities as q
from nonadia.plot.cases import Case, coordinates, grid_dims, split

from . import words
from .parts import Table
from .states import marked, unconverged

if TYPE_CHECKING:
    import xarray as xr

    from .source import Source

PEAKS = 4  # of friction along one coordinate


def tables(source: Source) -> list[Table]:
    """Friction and noise of every component that is a diagonal one; potential and transport where there is one coordinate."""
    forces = source.group("forces")
    if forces is None:
        return []
    try:
        cases = split(forces)
    except PlotError:
        return []
    given = source.system == "table"
    # as `points` labels them: no line break within 'bias = 0.2 V'
    cases = [Case(", ".join(part.replace(" ", "\u00a0") for part in case.label.split(", ")), case.data) for case in cases]
    found = [_friction(cases), _extremes(cases, given), _potential(cases), _transport(cases)]
    bad = unconverged(source, "forces")
    return [marked(table, bad).lively for table in found if table is not None and table.rows]


def _friction(cases: list[Case]) -> Table:
    rows = []
    for case in cases:
        for mode in coordinates(case.data):
            friction = case.data["friction"].sel(mode=mode, mode_=mode)
            if not np.isfinite(friction.values).any():
                continue
            scale = q.friction(case.data, mode, mode)
            for peak in _peaks(case, friction):
                value = _measured(case.data, "friction", friction, peak, scale)
                rows.append([case.label, mode, value, _place(case.data, peak), _ratio(case, mode, peak)])
    ratios = any(row[-1] for row in rows)
    head = ("sweep point", "coordinate", "friction γ", "at", "D/(γ k_BT) there")
    note = (
        f"Friction γ of F = F_ad − γ v at its maxima{_stated(cases)}. "
        f"At most {PEAKS} maxima, of at least a tenth of the largest."
        f"{' D/(γ k_BT) is 1 in equilibrium (fluctuation–dissipation).' if ratios else ''}"
    )
    return Table("Friction peaks", head, rows, note)


def _peaks(case: Case, friction: xr.DataArray) -> list[dict[str, Any]]:
    """Along one coordinate every maximum that counts, from left to right; the largest value of anything else."""
    dims = grid_dims(case.data)
    largest = _where(friction, np.nanargmax)
    if len(dims) != 1 or len(coordinates(case.data)) != 1 or friction.size < 3 or not np.isfinite(friction.values).all():
        return [largest]
    order = np.argsort(case.data[coordinates(case.data)[0]].values)
    y = friction.values[order]
    inner = [i for i in range(1, len(y) - 1) if y[i - 1] < y[i] >= y[i + 1] and y[i] >= 0.1 * y.max()]
    found = sorted(sorted(inner, key=lambda i: -y[i])[:PEAKS])
    return [{dims[0]: int(order[i])} for i in found] or [largest]


def _stated(cases: list[Case]) -> str:
    return ", after ± the stated error" if any("error_friction" in case.data for case in cases) else ""


def _extremes(cases: list[Case], given: bool) -> Table:
    rows = []
    for case in cases:
        for mode in coordinates(case.data):
            friction, mean = case.data["friction"].sel(mode=mode, mode_=mode), case.data["mean_force"].sel(mode=mode)
            if not np.isfinite(friction.values).any():
                continue
            scale, force = q.friction(case.data, mode, mode), q.force(case.data, mode)
            least, strongest = _where(friction, np.nanargmin), _where(abs(mean), np.nanargmax)
            row = [case.label, mode, _measured(case.data, "friction", friction, least, scale), _place(case.data, least)]
            if given and not mean.values.any():  # all of the force is in the potential
                rows.append([*row, "", ""])
                continue
            rows.append([*row, _measured(case.data, "force", mean, strongest, force), _place(case.data, strongest)])
    head = ("sweep point", "coordinate", "least friction", "at", "strongest mean force", "at")
    note = f"Over the points of the grid{_stated(cases)}."
    if any(row[4] for row in rows):
        whose = "as given" if given else "the electrons' part"
        note += f" The mean force is {whose}, without −∂U₀/∂x."
    return Table("Extremes", head, rows, note)


def _ratio(case: Case, mode: str, at: dict[str, Any]) -> str:
    """D/(γ k_BT); nothing where the leads differ in temperature or there are none."""
    if "noise" not in case.data or "temperature" not in case.data or not case.one_temperature:
        return ""
    noise, friction = (float(case.data[name].sel(mode=mode, mode_=mode)[at]) for name in ("noise", "friction"))
    if not friction:
        return ""
    ratio = noise / (friction * case.kT)
    names = ("error_noise", "error_friction")
    if not set(names) <= set(case.data.data_vars):
        return words.number(ratio)
    of_noise, of_friction = (float(case.data[name].sel(mode=mode, mode_=mode)[at]) for name in names)
    if not np.isfinite(of_noise + of_friction):
        return f"{words.number(ratio)} ± unknown"
    return words.measured(ratio, of_noise / abs(friction * case.kT) + abs(ratio * of_friction / friction))


def _potential(cases: list[Case]) -> Table | None:
    """The minima of the adiabatic potential, and the next maxima beside them."""
    rows = []
    for case in cases:
        dims = grid_dims(case.data)
        if "potential" not in case.data or len(dims) != 1 or case.data.sizes[dims[0]] < 3:
            continue
        name = coordinates(case.data)[0]
        values, x = case.data["potential"].values, case.data[name].values
        if not np.isfinite(values).all():
            continue
        order = np.argsort(x)
        values, x = values[order], x[order]
        scale, lowest = q.position(case.data, name), float(values.min())
        for low in _wells(values):
            barriers = [h for side in (values[: low + 1][::-1], values[low:]) if (h := _barrier(side)) is not None]
            barrier = ", ".join(words.quantity(h * q.ENERGY.factor, "eV") for h in barriers) or words.NOTHING
            edge = " (end of the grid)" if low in (0, len(x) - 1) else ""
            population = ""
            if "population" in case.data:
                each = case.data["population"].values[order][low]
                levels = case.data["level"].values
                population = words.listed(f"{level} {words.number(float(n))}" for level, n in zip(levels, each, strict=True))
            above = words.quantity(float(values[low] - lowest) * q.ENERGY.factor, "eV")
            rows.append([case.label, words.quantity(x[low] * scale.factor, _unit(scale)) + edge, above, barrier, population])
    head = ("sweep point", "minimum at", "above the lowest", "barriers beside it", "occupation of the levels there")
    note = (
        "Adiabatic potential: U₀ minus the integrated mean force; a barrier is the height of the next maximum on either side."
        f"{' Occupations have no stated error.' if any(row[-1] for row in rows) else ''}"
    )
    return Table("Wells of the adiabatic potential", head, rows, note) if rows else None


def _wells(values: np.ndarray) -> list[int]:
    """The lowest point and every minimum with a barrier of more than 0.1 meV on both sides, from left to right; few."""
    least = 1e-4 / q.ENERGY.factor
    found = {int(np.argmin(values))}
    for i in range(1, len(values) - 1):
        if values[i - 1] > values[i] <= values[i + 1]:
            sides = [_barrier(values[: i + 1][::-1]), _barrier(values[i:])]
            if all(height is None or height > least for height in sides):
                found.add(i)
    return sorted(sorted(found, key=lambda i: float(values[i]))[:PEAKS])


def _barrier(side: np.ndarray) -> float | None:
    """Height of the first maximum on the way from a minimum (first entry); None where it only rises to the end."""
    falls = np.flatnonzero(np.diff(side) < 0.0)
    return float(side[falls[0]] - side[0]) if falls.size else None


def _transport(cases: list[Case]) -> Table | None:
    rows = []
    for case in cases:
        if "current" not in case.data:
            continue
        current = case.data["current"]
        for lead in case.data["lead"].values:
            values = current.sel(lead=lead)
            if not np.isfinite(values.values).any():
                continue
            where = _where(abs(values), np.nanargmax)
            if abs(float(values[where])) * q.CURRENT.factor < 1e-12:
                rows.append([case.label, str(lead), "0", ""])
                continue
            rows.append([
                case.label, str(lead), words.quantity(float(values[where]) * q.CURRENT.factor, "µA"),
                _place(case.data, where),
            ])  # fmt: skip
    if all(row[2] == "0" for row in rows) and cases[0].data.sizes.get("lead", 1) == 1:
        return None  # nothing flows at a single lead
    note = (
        "Positive: electrons flow from the lead into the molecule. Currents below 10⁻¹² µA are given as 0. Currents have no "
        "stated error: repeat the run with a smaller tolerance to see how they change."
    )
    return Table("Largest currents", ("sweep point", "lead", "current", "at"), rows, note) if rows else None


def _where(values: xr.DataArray, choose: Any) -> dict[str, Any]:
    """Indices of an extreme value."""
    index = np.unravel_index(int(choose(values.values)), values.shape)
    return dict(zip((str(dim) for dim in values.dims), (int(i) for i in index), strict=True))


def _measured(data: xr.Dataset, quantity: str, values: xr.DataArray, at: dict[str, Any], scale: q.Scale) -> str:
    """Value and stated error at one geometry."""
    error = np.nan
    name = f"error_{quantity}"
    if name in data:
        pick = {key: values.coords[key].item() for key in ("mode", "mode_") if key in values.coords}
        error = float(data[name].sel({key: value for key, value in pick.items() if key in data[name].dims})[at])
    text = words.measured(float(values[at]) * scale.factor, error * scale.factor, _unit(scale))
    return f"{text} ± unknown" if np.isinf(error) else text


def _place(data: xr.Dataset, at: dict[str, Any]) -> str:
    """'x = 1.2' or 'x = 1.2 Å, y = …'; what lies at an end of the grid may go on beyond it."""
    parts, edge = [], False
    for mode in coordinates(data):
        scale = q.position(data, mode)
        value = data[mode].values if mode in data.coords else None
        if value is None:
            continue
        index = at[mode] if mode in at else at.get("point", 0)
        edge |= mode in at and np.size(value) > 2 and np.atleast_1d(value)[index] in (np.min(value), np.max(value))
        parts.append(f"{mode} = {words.quantity(float(np.atleast_1d(value)[index]) * scale.factor, _unit(scale))}")
    return ", ".join(parts) + (" (end of the grid)" if edge else "")


def _unit(scale: q.Scale) -> str:
    """As plain text."""
    return scale.unit.replace("$a_0$", "a₀")
