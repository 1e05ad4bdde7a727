"""The numbers that the levels are compared by, one row a mass and level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonadia.units import EV, FS

from .model import (
    CASES,
    TEMPERATURE,
    Case,
    Real,
    adiabatic_potential,
    classical_equilibrium,
    langevin_energy,
    quantum_energy,
    relaxation_time,
)

if TYPE_CHECKING:
    import xarray as xr

HALF = 0.5  # of the recurrence: until then the closed metal is compared with the hierarchy


@dataclass(frozen=True)
class Row:
    """τ (fs) and its error, steady energy (in k_BT) and its error, energy given to the electrons until `until` (fs; eV)."""

    case: Case
    level: str
    time: float
    time_error: float
    steady: float
    steady_error: float
    transferred: float
    until: float


def closed_energy(dataset: xr.Dataset) -> Real:
    """E(t) of the wave packet, T_n + ⟨U_ad⟩ with the potential of all levels (not the metal's own lowest surface)."""
    grid = dataset["x"].values
    potential = dataset["density"].values @ adiabatic_potential(grid) * (grid[1] - grid[0])
    return np.asarray(dataset["T_n"].values + potential)


def recurrence_half(dataset: xr.Dataset) -> float:
    """ħ/Hartree"""
    return HALF * float(dataset.attrs["recurrence_time"])


def langevin_row(case: Case, level: str, tree: xr.DataTree, until: float) -> Row:
    """E_∞ of the fit is Boltzmann's mean; error of τ: with all energies one standard error higher or lower."""
    times, energy, error = langevin_energy(tree)
    final = classical_equilibrium()
    same = times <= case.times[-1] * (1 + 1e-9)  # as long as the quantum vibration is followed
    tau, low, high = (relaxation_time(times[same], (energy + s * error)[same], final) for s in (0, -1, 1))
    late = times > 2 / 3 * times[-1]
    gone = energy[0] - float(np.interp(until, times, energy))
    return Row(
        case,
        level,
        tau / FS,
        0.5 * abs(high - low) / FS,
        float(energy[late].mean()) / TEMPERATURE,
        float(error[late].mean()) / TEMPERATURE,  # of one time: averaging over the last third makes it smaller
        gone / EV,
        until / FS,
    )


def quantum_row(case: Case, dataset: xr.Dataset, until: float) -> Row:
    """Errors by proxy: E differs from the bare vibrational energy, whose error is stated, by the softening of the potential.

    error of τ: with all energies higher or lower by their stated error, E_∞ kept, as for Langevin dynamics.
    """
    energy, times = quantum_energy(case, dataset), dataset["time"].values
    error = dataset["error_vibrational_energy"].values[:, 0]
    shifted = (energy[:-1] + s * error[:-1] for s in (0, -1, 1))
    tau, low, high = (relaxation_time(times[:-1], e, energy[-1]) for e in shifted)
    return Row(
        case,
        "quantum vibration",
        tau / FS,
        0.5 * abs(high - low) / FS,
        energy[-1] / TEMPERATURE,
        error[-1] / TEMPERATURE,
        (energy[0] - float(np.interp(until, times[:-1], energy[:-1]))) / EV,
        until / FS,
    )


def closed_row(case: Case, level: str, dataset: xr.Dataset, until: float) -> Row:
    """Only the energy that it gave away: it has no steady state."""
    energy = closed_energy(dataset)
    gone = energy[0] - float(np.interp(until, dataset["time"].values, energy))
    return Row(case, level, np.nan, np.nan, np.nan, np.nan, gone / EV, until / FS)


def rows(data: Mapping[str, xr.DataTree]) -> list[Row]:
    """Levels 1 to 3 of every mass, and the closed metal's energy transfer (it has no steady state)."""
    out = []
    for case in CASES:
        until = recurrence_half(data[f"thermal-{case.name}"].to_dataset())
        out += [
            langevin_row(case, "Langevin, NEGF forces", data[f"negf-{case.name}"], until),
            langevin_row(case, "Langevin, HEOM forces", data[f"heom-{case.name}"], until),
            quantum_row(case, data[f"quantum-{case.name}"].to_dataset(), until),
            closed_row(case, "closed metal", data[f"thermal-{case.name}"].to_dataset(), until),
            closed_row(case, "closed metal, 0 K", data[f"closed-{case.name}"].to_dataset(), until),
        ]
    return out


def row(found: list[Row], case: str, level: str) -> Row:
    """The row of this mass whose level begins so."""
    return next(r for r in found if r.case.name == case and r.level.startswith(level))


def markdown(found: list[Row]) -> str:
    """As docs/levels-of-theory.md has it."""
    lines = ["| quantum / k_BT | level | τ (fs) | steady energy / k_BT | given to electrons (eV) |", "|---|---|---|---|---|"]

    def cell(value: float, error: float, digits: int) -> str:
        return "–" if np.isnan(value) else f"{value:.{digits}f} ± {error:.{digits}f}"

    for r in found:
        scale = r.case.frequency / TEMPERATURE
        energy = cell(r.steady, r.steady_error, 3)
        gone = f"{r.transferred:.3f} until {r.until:.0f} fs"
        lines.append(f"| {scale:.2f} | {r.level} | {cell(r.time, r.time_error, 2)} | {energy} | {gone} |")
    return "\n".join(lines) + "\n"
