"""Of dynamics: temperatures in K, exits with probabilities and times, rates, energies at selected times; all with errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nonadia.units import ANGSTROM, EV, KELVIN, MICROAMPERE, PS

from . import words
from .model import time
from .parts import Table
from .source import points
from .states import marked, unconverged

if TYPE_CHECKING:
    import xarray as xr

    from .source import Source

Cases: TypeAlias = "list[tuple[str, xr.Dataset]]"
Units = dict[str, tuple[float, str]]  # coordinate → atomic value and name of the unit of its positions
INSTANTS = 5  # times in the table of courses
_ERROR = "After ±: the standard error of the ensemble (one sigma)."


def tables(source: Source) -> list[Table]:
    """Empty ones are left out."""
    group = source.group("langevin")
    if group is None:
        return []
    cases = [(label, at) for label, at in points(group) if np.isfinite(at["survivors"].values).any()]
    units = {str(mode): _unit_of(source, str(mode)) for mode in group["mode"].values}
    found = [_steady(cases, units), _exits(cases), _rates(cases), _courses(cases, units)]
    bad = unconverged(source, "langevin")
    return [marked(table, bad).lively for table in found if table is not None and table.rows]


def _steady(cases: Cases, units: Units) -> Table:
    rows = []
    for label, at in cases:
        for mode in (str(name) for name in at["mode"].values):
            cells = [
                _pair(at, "steady_kinetic_temperature", KELVIN, "K", mode=mode),
                _pair(at, "steady_position", *units[mode], mode=mode),
                _pair(at, "steady_energy", EV, "eV"),
            ]
            leads = [str(name) for name in at["lead"].values] if "lead" in at.coords else []
            cells += [words.listed(f"{k} {c}" for k in leads if (c := _current(at, k)) != words.NOTHING)]
            if any(cell not in (words.NOTHING, "") for cell in cells):
                rows.append([label, mode, *cells])
    head = ("sweep point", "coordinate", "kinetic temperature", "mean position", "mean energy", "current from lead")
    return Table("Steady state", head, rows, _ERROR)


def _current(at: xr.Dataset, lead: str) -> str:
    return _pair(at, "steady_current", MICROAMPERE, "µA", lead=lead)


def _exits(cases: Cases) -> Table | None:
    rows = []
    for label, at in cases:
        if "exit_probability" not in at:
            continue
        for outcome in (str(name) for name in at["outcome"].values):
            probability = _pair(at, "exit_probability", 0.01, "%", outcome=outcome)
            interval = words.NOTHING
            if "exit_probability_interval" in at:
                low, high = 100.0 * at["exit_probability_interval"].sel(outcome=outcome).values
                interval = f"{words.number(low, 3)} … {words.number(high, 3)} %" if np.isfinite(low) else words.NOTHING
            inside = outcome == "inside"
            mean = words.NOTHING if inside else _pair(at, "exit_mean_time", PS, "ps", exit=outcome)
            rows.append([
                label, "still inside" if inside else outcome, probability, interval, mean,
                _pair(at, "energy_loss", EV, "eV", outcome=outcome),
            ])  # fmt: skip
    head = ("sweep point", "outcome", "probability", "95% interval", "mean time of those that left", "mean energy lost")
    return Table("Exits", head, rows, f"{_ERROR} The interval is Wilson's.") if rows else None


def _rates(cases: Cases) -> Table | None:
    rows = []
    for label, at in cases:
        rate = _pair(at, "exit_rate", 1.0 / PS, "1/ps")
        bound = ""
        if "exit_rate_bound" in at and np.isfinite(at["exit_rate_bound"].item()):
            bound = f"below {words.quantity(at['exit_rate_bound'].item() * PS, '1/ps', 3)}"
        nobody = "exit_rate" in at and at["exit_rate"].item() == 0.0  # then its estimate is only a bound
        passage = words.NOTHING if nobody else _pair(at, "mean_first_passage_time", PS, "ps")
        relaxation = _pair(at, "relaxation_rate", 1.0 / PS, "1/ps")
        rows.append([label, rate, bound, passage, relaxation])
    head = ("sweep point", "rate of leaving", "95% bound of it", "mean first-passage time", "relaxation rate of the energy")
    note = f"{_ERROR} The notes on the dynamics say which of these rates mean something."
    return Table("Rates", head, [row for row in rows if any(c not in ("", words.NOTHING) for c in row[1:])], note)


def _courses(cases: Cases, units: Units) -> Table:
    """Means at a few stored times."""
    rows = []
    for label, at in cases:
        times = at["time"].values
        longest = float(times[-1])
        known = np.flatnonzero(np.isfinite(at["survivors"].values))
        for i in known[np.unique(np.linspace(0, known.size - 1, min(INSTANTS, known.size)).round().astype(int))]:
            now = at.isel(time=int(i))
            for j, mode in enumerate(str(name) for name in at["mode"].values):
                inside = words.number(now["survivors"].item()) if not j else ""
                rows.append([
                    label, time(float(times[i]), longest), mode, _pair(now, "kinetic_temperature", KELVIN, "K", mode=mode),
                    _pair(now, "position", *units[mode], mode=mode), _pair(now, "energy", EV, "eV") if not j else "", inside,
                ])  # fmt: skip
    head = ("sweep point", "time", "coordinate", "kinetic temperature", "mean position", "mean energy", "trajectories inside")
    return Table("Means at selected times", head, rows, _ERROR)


def _pair(at: xr.Dataset, name: str, unit_value: float, unit: str, **where: Any) -> str:
    """Value ± error in the unit whose atomic value is given."""
    if name not in at:
        return words.NOTHING
    pick = {key: value for key, value in where.items() if key in at[name].dims}
    value = float(at[name].sel(pick).item()) / unit_value
    error = f"error_{name}"
    return words.measured(value, float(at[error].sel(pick).item()) / unit_value if error in at else np.nan, unit)


def _unit_of(source: Source, mode: str) -> tuple[float, str]:
    """As the input has it: angstrom, bohr, or none."""
    unit = str(source.coordinates.get(mode, {}).get("unit", "bohr"))
    return {"angstrom": (ANGSTROM, "Å"), "1": (1.0, "")}.get(unit, (1.0, "a₀"))
