"""⟨χ|H_n|χ⟩ in three gauges: only in the temporal one it is the total energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import style
from nonadia.studies.statement import Statement, statement
from nonadia.units import FS

from . import packets
from .packets import energy
from .reading import Array, Data, above, during, group, letter, parameters

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

ADIABATIC, PHASE = "diatomic-adiabatic", "adiabatic-phase-gauge"
INTERMEDIATE, INTERMEDIATE_PHASE = "diatomic", "intermediate-phase-gauge"
ALONE = "marginal-packets"
NATURAL = 0.05  # of E_tot


def at_snapshots(fields: xr.Dataset, name: str) -> Array:
    """A quantity of every stored time at those times whose fields are stored."""
    return np.asarray(np.interp(fields["snapshot"].values, fields["time"].values, fields[name].values))


def mean(fields: xr.Dataset, potential: str) -> Array:
    """∫ n ε dR."""
    R = fields["R"].values
    n, potential_there = (np.nan_to_num(fields[name].values) for name in ("density", potential))
    return np.asarray((n * potential_there).sum(axis=1) * (R[1] - R[0]))


def draw(data: Data) -> Figure:
    """(a) adiabatic, (b) intermediate coupling: ⟨H_n⟩ in three gauges; (c) adiabatic, temporal gauge: T_marg and ∫nε."""
    figure = style.new_figure(10.2, 4.4)
    panels = figure.subplots(1, 3)
    period = parameters(data, ADIABATIC)["T0"] / FS
    alone = data[ALONE].to_dataset()
    for axes, run, phase, temporal in (
        (panels[0], ADIABATIC, PHASE, packets.ADIABATIC),
        (panels[1], INTERMEDIATE, INTERMEDIATE_PHASE, packets.INTERMEDIATE),
    ):
        fields, other, chi = group(data, run), group(data, phase), alone.sel(run=temporal)
        total = fields["E_total"].values
        axes.plot(fields["time"].values / FS, total, color=style.GREY, linewidth=4.5, alpha=0.5, label="$E_{tot}$")
        axes.plot(
            chi["time"].values / FS, chi["energy"].values, "o", color=style.OKABE_ITO[0], markersize=3.5, zorder=4,
            label="temporal, χ alone",
        )  # fmt: skip
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
    """About the gauge ⟨Φ|i∂_tΦ⟩ = 0, and EF(5), (6) of a χ that was propagated alone."""
    adiabatic, phase, mid_phase = group(data, ADIABATIC), group(data, PHASE), group(data, INTERMEDIATE_PHASE)
    total, other = float(adiabatic["E_total"].values[0]), float(mid_phase["E_total"].values[0])
    now = during(phase["snapshot"].values / parameters(data, PHASE)["T0"], 0.0, 1.0)
    along = energy(phase)
    natural = np.abs(along - total)[now].max() / total
    less = np.abs(energy(mid_phase) - other)[now].max() / other
    return [
        statement(
            "gauge-a", "⟨χ|H_n|χ⟩ is not gauge invariant",
            "largest difference between A = 0 and the adiabatic phase, over E_tot, t ≤ T0",
            np.abs(energy(adiabatic) - along)[now].max() / total, low=0.5,
        ),
        *_alone(data, packets.ADIABATIC, "gauge-a", "adiabatic"),
        *_alone(data, packets.INTERMEDIATE, "gauge-b", "intermediate"),
        statement(
            "gauge-a",
            "It is the natural gauge when the electrons are in one static BO state: with Φ along φ_2, ⟨H_n⟩ is E_tot, too",
            "largest difference over E_tot, t ≤ T0, adiabatic", natural, high=NATURAL,
        ),
        statement(
            "gauge-b", "(ours) … and it is not where population goes from surface to surface", "the same, intermediate", less,
            low=NATURAL,
        ),
    ]  # fmt: skip


def _alone(data: Data, run: str, panel: str, words: str) -> list[Statement]:
    """Of χ propagated under A and ε of the temporal gauge."""
    chi = data[ALONE].to_dataset().sel(run=run)
    until = f"until T0/4, {words}"

    def largest(one: str, *others: str) -> float:
        return float(np.abs(chi[one].values - sum(chi[name].values for name in others)).max())

    return [
        statement(
            panel, f"χ obeys i∂_tχ = H_n χ: propagated alone it has the density of Ψ ({words})",
            f"largest ∫ ||χ|² - n| dR, {until}", float(chi["density_error"].max()), high=packets.TOLERANCE,
        ),
        statement(
            panel, f"With ⟨Φ|i∂_tΦ⟩ = 0, ⟨χ|H_n|χ⟩ of that χ is E_tot ({words})", f"largest difference, {until}",
            largest("energy", "E_total"), "Hartree", high=1e-6,
        ),
        statement(
            panel, f"EF(5): T_n of Ψ is ⟨χ|(p + A)²|χ⟩/2M of that χ plus T_geo ({words})", f"largest difference, {until}",
            largest("T_n_of_psi", "kinetic", "T_geo"), "Hartree", high=1e-6,
        ),
        statement(
            panel, f"EF(6): ⟨χ|p + A|χ⟩ of that χ is the momentum of Ψ ({words})", f"largest difference, {until}",
            largest("momentum_of_psi", "momentum"), "a.u.", high=packets.TOLERANCE,
        ),
    ]  # fmt: skip
