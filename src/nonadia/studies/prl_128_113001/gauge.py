"""⟨χ|H_n|χ⟩ in four gauges: only in the temporal one it is the total energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import style
from nonadia.studies.statement import Statement, statement
from nonadia.units import FS

from .reading import Array, Data, above, cycles, during, group, letter, parameters

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

ADIABATIC, TEMPORAL, PHASE = "diatomic-adiabatic", "adiabatic-temporal-gauge", "adiabatic-phase-gauge"
INTERMEDIATE, INTERMEDIATE_PHASE = "diatomic", "intermediate-phase-gauge"


def energy(fields: xr.Dataset, potential: str = "scalar_potential") -> Array:
    """⟨χ|H_n|χ⟩ = T_marg + ∫ n ε, along the stored fields."""
    return at_snapshots(fields, "T_marg") + mean(fields, potential)


def at_snapshots(fields: xr.Dataset, name: str) -> Array:
    """A quantity of every stored time at those times whose fields are stored."""
    return np.asarray(np.interp(fields["snapshot"].values, fields["time"].values, fields[name].values))


def mean(fields: xr.Dataset, potential: str) -> Array:
    """∫ n ε dR."""
    R = fields["R"].values
    n, potential_there = (np.nan_to_num(fields[name].values) for name in ("density", potential))
    return np.asarray((n * potential_there).sum(axis=1) * (R[1] - R[0]))


def draw(data: Data) -> Figure:
    """(a) adiabatic, (b) intermediate coupling: ⟨H_n⟩ in four gauges; (c) adiabatic, temporal gauge: T_marg and ∫nε."""
    figure = style.new_figure(10.2, 4.4)
    panels = figure.subplots(1, 3)
    period = parameters(data, ADIABATIC)["T0"] / FS
    for axes, run, phase in ((panels[0], ADIABATIC, PHASE), (panels[1], INTERMEDIATE, INTERMEDIATE_PHASE)):
        fields, other = group(data, run), group(data, phase)
        t = fields["snapshot"].values / FS
        total = fields["E_total"].values
        axes.plot(fields["time"].values / FS, total, color=style.GREY, linewidth=4.5, alpha=0.5, label="$E_{tot}$")
        axes.plot(t, energy(fields, "scalar_potential_gi"), color=style.OKABE_ITO[0], label="temporal")
        for case, label, number in ((other, "adiabatic phase", 1), (fields, "A = 0", 2)):
            now, colour = case["snapshot"].values / FS, style.OKABE_ITO[number]
            axes.plot(now, energy(case), color=colour, linestyle=style.DASHES[number], label=label)
        axes.set_ylabel("⟨χ|H$_n$|χ⟩ (Hartree)")
        axes.set_ylim(-0.25 * total[0], 2.0 * total[0])
    fields = group(data, ADIABATIC)
    t = fields["snapshot"].values / FS
    panels[2].plot(t, at_snapshots(fields, "T_marg"), color=style.OKABE_ITO[0], label="$T_{marg}$")
    panels[2].plot(t, mean(fields, "scalar_potential_gi"), color=style.OKABE_ITO[4], label="⟨ε⟩, temporal gauge")
    panels[2].plot(t, at_snapshots(fields, "E_BO"), color=style.OKABE_ITO[2], linestyle=style.DASHES[1], label="$E_{BO}$")
    panels[2].set_ylabel("energy (Hartree)")
    for axes, name in zip(panels, "abc", strict=True):
        axes.set_xlabel("time t (fs)")
        axes.set_xlim(0.0, t[-1] if name == "c" else period)
        letter(axes, name)
        above(axes, 2)
    return figure


def statements(data: Data) -> list[Statement]:
    """About the gauge ⟨Φ|i∂_tΦ⟩ = 0."""
    adiabatic, mid, temporal = group(data, ADIABATIC), group(data, INTERMEDIATE), group(data, TEMPORAL)
    phase, mid_phase = group(data, PHASE), group(data, INTERMEDIATE_PHASE)
    total = float(adiabatic["E_total"].values[0])
    now = during(phase["snapshot"].values / parameters(data, PHASE)["T0"], 0.0, 1.0)
    s = cycles(adiabatic, parameters(data, ADIABATIC)["T0"])
    natural = np.abs(energy(phase) - total)[now].max() / total
    other = float(mid["E_total"].values[0])
    less = np.abs(energy(mid_phase) - other)[now].max() / other
    potential = mean(adiabatic, "scalar_potential_gi")
    electrons = at_snapshots(adiabatic, "E_BO")
    exact = "largest difference over E_tot"
    return [
        statement(
            "gauge-a", "⟨χ|H_n|χ⟩ is not gauge invariant", "largest difference of two gauges over E_tot, t ≤ T0",
            np.abs(energy(adiabatic) - energy(phase))[now].max() / total, low=0.5,
        ),
        statement(
            "gauge-a", "With ⟨Φ|i∂_tΦ⟩ = 0, where ε is ε_gi, it is E_tot", f"{exact}, 1.5 T0",
            np.abs(energy(adiabatic, "scalar_potential_gi") - total).max() / total, high=1e-4,
        ),
        statement(
            "gauge-a", "The same from a run in that gauge", f"{exact}, T0/4", np.abs(energy(temporal) - total).max() / total,
            high=1e-4,
        ),
        statement(
            "gauge-b", "… also with transfer between the surfaces", f"{exact}, 1.5 T0",
            np.abs(energy(mid, "scalar_potential_gi") - other).max() / other, high=1e-4,
        ),
        statement(
            "gauge-a",
            "It is the natural gauge when the electrons are in one static BO state: with Φ along φ_2, ⟨H_n⟩ is E_tot, too",
            f"{exact}, t ≤ T0, adiabatic", natural, high=0.05,
        ),
        statement(
            "gauge-b", "… and less so the less adiabatic the motion", "the same difference, intermediate over adiabatic",
            less / natural, low=2.0,
        ),
        statement(
            "gauge-c", "Adiabatic limit: the exchange of T_marg and ⟨ε⟩ is that of energy between nuclei and electrons",
            "largest |⟨ε⟩ - E_BO| over largest change of E_BO",
            np.abs(potential - electrons).max() / np.ptp(electrons), high=0.1,
        ),
        statement(
            "gauge-c", "It is periodic, twice in T0", "spectral weight of ⟨ε⟩ at 2/T0, of all but its mean, over one T0",
            _weight(potential[during(s, 0.0, 1.0)][:-1], 2), low=0.8,
        ),
    ]  # fmt: skip


def _weight(values: Array, harmonic: int) -> float:
    power = np.abs(np.fft.rfft(values - values.mean())) ** 2
    return float(power[harmonic] / power.sum())
