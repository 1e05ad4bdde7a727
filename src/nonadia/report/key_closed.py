"""Of closed systems: energies and populations at selected times, the sides of the identities with their residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import words
from .model import time
from .parts import Table
from .source import own_attributes, points
from .states import marked, unconverged

if TYPE_CHECKING:
    import xarray as xr

    from .source import Source

INSTANTS = 7
ROUNDING = 1e-11  # relative to the largest of its kind: smaller values are given as 0
_ENERGIES = ("energy", "BO_energy", "nuclear_kinetic_energy", "external_energy")
_IDENTITIES = {
    "power": "dT_marg/dt = ∫ n E·v (EF 10)",
    "momentum": "dP/dt = ∫ n (E + C v) (EF 17)",
    "angular_momentum": "dL/dt = torque (EF 18)",
    "work": "dT_marg/dt = Σ ⟨ℱ·v⟩ (EF 19)",
}
_UNITS = {
    "hartree^2/hbar": "Hartree²/ħ", "hartree/bohr": "Hartree/a₀", "hartree": "Hartree", "hbar/bohr": "ħ/a₀", "bohr": "a₀",
    "1": "", "hbar": "ħ",
}  # fmt: skip


def tables(source: Source) -> list[Table]:
    """Empty ones are left out."""
    packet, fields = source.group("wavepacket"), source.group("factorization")
    found = []
    if packet is not None:
        found += [_course(packet), _populations(packet, source.driven)]
    if fields is not None:
        found += [_energies(fields), _identities(source, fields)]
    bad = unconverged(source)
    return [marked(table, bad).lively for table in found if table.rows]


def identities(source: Source) -> list[Table]:
    """Only the table of the identities: it belongs to the errors."""
    fields = source.group("factorization")
    found = _identities(source, fields) if fields is not None else None
    return [found.lively] if found is not None and found.rows else []


def _course(packet: xr.Dataset) -> Table:
    rows, unit = [], ""
    for label, at in points(packet):
        for now in _instants(at):
            scale = _largest(at, _ENERGIES)
            cells = [*(_value(now, name, scale) for name in _ENERGIES), _value(now, "norm")]
            places = []
            if "position" in now and "width" in now:
                unit = _UNITS.get(str(now["position"].attrs.get("units", "1")), "")
                for name, x, w in zip(now["coordinate"].values, now["position"].values, now["width"].values, strict=True):
                    places.append(f"{name} = {words.number(x if abs(x) > 1e-9 * w else 0.0)}, width {words.number(w)}")
            rows.append([label, time(float(now["time"]), float(at["time"].values[-1])), *cells, "; ".join(places)])
    place = f"mean position ({unit})" if unit else "mean position"
    head = (
        "sweep point",
        "time",
        "energy",
        "⟨H_BO⟩",
        "nuclear kinetic energy",
        "in the external potential",
        "norm",
        place,
    )
    return Table("Energies (Hartree) and mean positions", head, rows, "Width: the standard deviation of the position.")


def _populations(packet: xr.Dataset, driven: bool) -> Table:
    rows: list[list[str]] = []
    heads: list[str] = []
    kinds = [("adiabatic_population", "surface", "Born-Oppenheimer state"), ("population", "state", "basis state")]
    present = [(name, dim, word) for name, dim, word in kinds if name in packet and packet.sizes[dim] <= 6]
    for _, dim, word in present:
        heads += [f"{word} {k}" for k in packet[dim].values]
    for label, at in points(packet):
        for now in _instants(at):
            rows.append(
                [
                    label,
                    time(float(now["time"]), float(at["time"].values[-1])),
                    *(words.number(_seen(v)) for n, _, _ in present for v in now[n].values),
                ]
            )
    note = "Probabilities (dimensionless)."
    if driven and any(name == "adiabatic_population" for name, _, _ in present):
        note += " The Born-Oppenheimer states are those of the first time: in the field they are projections, not surfaces."
    return Table("Populations", ("sweep point", "time", *heads), rows if heads else [], note)


def _energies(fields: xr.Dataset) -> Table:
    rows = []
    for label, at in points(fields):
        energies, rates = ("T_marg", "T_geo", "E_BO", "E_external", "E_total"), ("rate_T_marg", "rate_T_geo")
        scale, span = _largest(at, energies), float(np.ptp(at["time"].values)) or 1.0
        speed = max(_largest(at, rates), scale / span)
        for now in _instants(at):
            cells = [*(_value(now, name, scale) for name in energies), *(_value(now, name, speed) for name in rates)]
            rows.append([label, time(float(now["time"]), float(at["time"].values[-1])), *cells])
    head = ("sweep point", "time", "T_marg", "T_geo", "E_BO", "E_external", "E_total", "dT_marg/dt", "dT_geo/dt")
    note = "Energies in Hartree, rates in Hartree²/ħ. T_marg + T_geo is the nuclear kinetic energy."
    return Table("Energy partition of the exact factorization", head, rows, note)


def _identities(source: Source, fields: xr.Dataset) -> Table:
    asked = (source.settings.get("factorization") or {}).get("tolerance", np.nan)
    rows: list[list[str]] = []
    marked: dict[int, str] = {}
    for (label, at), own in zip(points(fields), own_attributes(fields), strict=False):
        refined = words.number(float(np.nanmax(at["refinement"].values))) if _known(at, "refinement") else ""
        for key, words_ in _IDENTITIES.items():
            name = f"identity_{key}"
            if not _known(at, f"{name}_residual"):
                continue
            sides = max(float(np.nanmax(np.abs(at[f"{name}_{side}"].values))) for side in ("lhs", "rhs"))
            residual = float(np.nanmax(np.abs(at[f"{name}_residual"].values)))
            unit = _UNITS.get(
                str(at[f"{name}_residual"].attrs.get("units", "")), str(at[f"{name}_residual"].attrs.get("units", ""))
            )
            relative = float(own.get(f"max_residual_{key}", np.nan))
            if relative > asked:
                marked[len(rows)] = "bad"
            rows.append([
                label, words_, words.quantity(sides, unit), words.quantity(residual, unit, 2), words.number(relative, 2),
                words.number(asked, 2), refined,
            ])  # fmt: skip
    head = (
        "sweep point",
        "identity",
        "largest side",
        "largest residual",
        "relative to its scale",
        "asked for",
        "Fourier refinement",
    )
    note = "What separates the two sides is the error of grid and step; relative: to the scale of each side."
    return Table("Identities of the exact factorization", head, rows, note, marked=marked)


def _known(at: xr.Dataset, name: str) -> bool:
    return name in at and bool(np.isfinite(at[name].values).any())


def _instants(at: xr.Dataset) -> list[xr.Dataset]:
    """A few stored times, evenly spread; none of a sweep point that was not computed."""
    first = next((name for name in ("norm", "energy", "T_marg") if name in at), None)
    if first is None:
        return []
    known = np.flatnonzero(np.isfinite(at[first].values))
    chosen = (
        known[np.unique(np.linspace(0, known.size - 1, min(INSTANTS, known.size)).round().astype(int))] if known.size else []
    )
    return [at.isel(time=int(i)) for i in chosen]


def _largest(at: xr.Dataset, names: tuple[str, ...]) -> float:
    """Of all of these, over time: what rounding is relative to."""
    sizes = [float(np.nanmax(np.abs(at[name].values))) for name in names if _known(at, name)]
    return max(sizes, default=1.0)


def _value(now: xr.Dataset, name: str, scale: float = 1.0) -> str:
    return words.number(_seen(float(now[name]), scale), 5) if name in now and now[name].ndim == 0 else words.NOTHING


def _seen(value: float, scale: float = 1.0) -> float:
    """Without what double precision leaves of a zero, after thousands of steps."""
    return 0.0 if abs(value) < ROUNDING * scale else value
