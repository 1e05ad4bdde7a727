"""The adiabatic regimes: rates, energies and populations from strong to no transfer between the surfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import closed, style
from nonadia.studies.statement import Statement, statement
from nonadia.units import FS

from .reading import RATE, Data, cycles, during, group, parameters, residual

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUNS = {"nonadiabatic": "diatomic-nonadiabatic", "intermediate": "diatomic", "adiabatic": "diatomic-adiabatic"}


def draw(data: Data) -> Figure:
    """Columns: regimes. Rows: (a) rates, (b) T_marg, T_geo, E_BO, (c) population of the surfaces."""
    figure = style.new_figure(10.2, 7.6)
    rows = figure.subplots(3, 3, sharex=True, sharey="row")
    for column, (regime, run) in enumerate(RUNS.items()):
        fields, packet = group(data, run), group(data, run, "wavepacket")
        t = fields["time"].values / FS
        rates, energies, populations = rows[:, column]
        style.zero_line(rates)
        for name, label, colour, dashes in (
            ("T_n", "$dT_n/dt$", style.BLACK, style.DASHES[1]),
            ("T_marg", "$dT_{marg}/dt$", style.OKABE_ITO[0], style.DASHES[0]),
            ("T_geo", "$dT_{geo}/dt$", style.GREY, style.DASHES[2]),
        ):
            rates.plot(t, RATE * fields[f"rate_{name}"].values, color=colour, linestyle=dashes, label=label)
        for name, label, colour, dashes in (
            ("T_marg", "$T_{marg}$", style.OKABE_ITO[0], style.DASHES[0]),
            ("E_BO", "$E_{BO}$", style.OKABE_ITO[2], style.DASHES[3]),
            ("T_geo", "$T_{geo}$", style.GREY, style.DASHES[2]),
        ):
            values = fields[name].values
            start = values[0] if name == "E_BO" else 0.0
            energies.plot(t, values - start, color=colour, linestyle=dashes, label=f"{label} - start" if start else label)
        for k in (0, 1):
            share = packet["adiabatic_population"].values[:, k]
            populations.plot(packet["time"].values / FS, share, color=closed.surface_colour(k), label=f"BO{k + 1}")
        gap = 1e3 * parameters(data, run)["gap"]
        rates.set_title(f"{regime}: gap {gap:.0f} mHartree")
        populations.set_xlabel("time t (fs)")
        populations.set_xlim(t[0], t[-1])
    labels = ("rate ($10^{-2}$ Hartree/fs)", "energy (Hartree)", "population")
    for axes, name, label in zip(rows[:, 0], "abc", labels, strict=True):
        axes.set_ylabel(label)
        axes.text(-0.2, 1.05, f"({name})", transform=axes.transAxes, ha="right")
    for axes in rows[:, 2]:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    return figure


def statements(data: Data) -> list[Statement]:
    """T_geo and the energy exchange in the three regimes; identities in each."""
    weak, mid = (group(data, RUNS[name]) for name in ("adiabatic", "intermediate"))
    packet = group(data, RUNS["adiabatic"], "wavepacket")
    period = parameters(data, RUNS["adiabatic"])["T0"]
    s = cycles(weak, period)
    geometric = {name: float(group(data, run)["T_geo"].values.max()) for name, run in RUNS.items()}
    built = np.abs(mid["rate_T_geo"].values) * RATE
    T_marg, E_BO = weak["T_marg"].values, weak["E_BO"].values
    swing = float(np.ptp(T_marg))
    later = during(s, 0.5, 1.0)
    repeated = np.abs(np.interp(s[later] - 0.5, s, T_marg) - T_marg[later]).max()
    transferred = {name: _moved(data, run) for name, run in RUNS.items()}
    found = [
        statement(
            "regimes-a", "Intermediate coupling: dT_geo/dt is unimportant before 5T0/8",
            "largest |dT_geo/dt| until then over largest dT_marg/dt",
            built[during(s, 0.0, 5 / 8)].max() / (RATE * mid["rate_T_marg"].values.max()), high=0.2,
        ),
        statement(
            "regimes-a", "… and builds up as χ crosses again and again", "largest |dT_geo/dt| after 5T0/8 over that before",
            built[during(s, 5 / 8, 1.5)].max() / built[during(s, 0.0, 5 / 8)].max(), low=3.0,
        ),
        statement(
            "regimes-b", "T_geo is sizable when population goes from surface to surface",
            "largest T_geo over largest T_marg, intermediate", geometric["intermediate"] / mid["T_marg"].values.max(), low=0.2,
        ),
        statement(
            "regimes-b", "In the adiabatic regime T_geo is much smaller", "largest T_geo, adiabatic over intermediate",
            geometric["adiabatic"] / geometric["intermediate"], high=0.2,
        ),
        statement(
            "regimes-b", "Adiabatic: energy goes to and fro between T_marg and E_BO alone",
            "largest change of T_marg + E_BO over that of T_marg", np.ptp(T_marg + E_BO) / swing, high=0.1,
        ),
        statement(
            "regimes-b", "Adiabatic: T_marg and E_BO are exchanged against each other", "their correlation",
            np.corrcoef(T_marg, E_BO)[0, 1], high=-0.99,
        ),
        statement(
            "regimes-b", "Adiabatic: the exchange is periodic",
            "largest |T_marg(t) - T_marg(t - T0/2)|, T0/2 to T0, over largest change of T_marg", repeated / swing, high=0.2,
        ),
        statement(
            "regimes-c", "Adiabatic: the packet stays on one surface", "smallest population of BO2",
            packet["adiabatic_population"].values[:, 1].min(), low=0.95,
        ),
        statement(
            "regimes-c",
            "The weaker the coupling of the motion to the electrons, the less population leaves BO2 at the first passage",
            "population left at T0/2: nonadiabatic less intermediate",
            transferred["nonadiabatic"] - transferred["intermediate"], low=0.1,
        ),
        statement(
            "regimes-c", "… (continued)", "population left at T0/2: intermediate less adiabatic",
            transferred["intermediate"] - transferred["adiabatic"], low=0.1,
        ),
    ]  # fmt: skip
    for name, run in RUNS.items():
        fields = group(data, run)
        worst = max(residual(fields, identity) for identity in ("power", "momentum", "work"))
        found.append(
            statement("regimes", f"EF(10), (17), (19), {name}", "largest |left - right| over largest |left|", worst, high=1e-5)
        )
    return found


def _moved(data: Data, run: str) -> float:
    """Population that has left the upper surface by T0/2."""
    packet = group(data, run, "wavepacket")
    s = cycles(packet, parameters(data, run)["T0"])
    return 1.0 - float(np.interp(0.5, s, packet["adiabatic_population"].values[:, 1]))
