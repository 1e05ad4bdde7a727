"""The adiabatic regimes: rates, energies and populations from strong to no transfer between the surfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import closed, style
from nonadia.studies.statement import Statement, statement
from nonadia.units import FS

from .reading import RATE, SMALL, Data, cycles, during, group, parameters, residual

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUNS = {"nonadiabatic": "diatomic-nonadiabatic", "intermediate": "diatomic", "adiabatic": "diatomic-adiabatic"}
_WHILE = "ours is a few per cent of T_marg then; it grows later, to its largest after T0, when population crosses again"
_NEVER = (
    "ours stays below a tenth of T_marg in the nonadiabatic molecule, though three quarters of the population leave BO2 at the "
    "first passage"
)


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
    """T_geo, its rate and the energy exchange in the three regimes; populations; identities in each."""
    found = _rates(data) + _geometric(data) + _exchange(data) + _populations(data)
    for name, run in RUNS.items():
        fields = group(data, run)
        worst = max(residual(fields, identity) for identity in ("power", "momentum", "work"))
        found.append(
            statement("regimes", f"EF(10), (17), (19), {name}", "largest |left - right| over largest |left|", worst, high=1e-5)
        )
    return found


def _rates(data: Data) -> list[Statement]:
    mid = group(data, RUNS["intermediate"])
    s = cycles(mid, parameters(data, RUNS["intermediate"])["T0"])
    geo, marg = (np.abs(mid[f"rate_{name}"].values) for name in ("T_geo", "T_marg"))
    first, later = during(s, 0.0, 5 / 8), during(s, 5 / 8, 1.5)
    return [
        statement(
            "regimes-a", "Intermediate coupling: dT_geo/dt is unimportant before 5T0/8",
            "largest |dT_geo/dt| until then over largest dT_marg/dt", geo[first].max() / mid["rate_T_marg"].values.max(),
            high=SMALL,
        ),
        statement(
            "regimes-a", "… on average", "mean |dT_geo/dt| over mean |dT_marg/dt|, until 5T0/8",
            geo[first].mean() / marg[first].mean(), high=SMALL,
        ),
        statement(
            "regimes-a", "… and builds up as χ crosses again and again", "largest |dT_geo/dt| after 5T0/8 over that before",
            geo[later].max() / geo[first].max(), low=3.0,
        ),
    ]  # fmt: skip


def _geometric(data: Data) -> list[Statement]:
    """T_geo over T_marg: at its largest, and when population leaves the upper surface fastest."""
    top, then, largest = {}, {}, {}
    for name, run in RUNS.items():
        fields, packet = group(data, run), group(data, run, "wavepacket")
        geo, marg = fields["T_geo"].values, fields["T_marg"].values
        s = cycles(packet, parameters(data, run)["T0"])
        leaving = -np.gradient(packet["adiabatic_population"].values[:, 1], s)
        at = int(np.argmax(np.where(during(s, 0.0, 0.5), leaving, -np.inf)))
        top[name], then[name], largest[name] = float(geo.max()), float(geo[at] / marg[at]), float(geo.max() / marg.max())
    sizable, whole = "T_geo is sizable when population goes from surface to surface", "largest T_geo over largest T_marg"
    first = "T_geo over T_marg when population leaves BO2 fastest, first passage"
    found = []
    for name in ("nonadiabatic", "intermediate"):
        found += [
            statement("regimes-b", f"{sizable}: while it goes, {name}", first, then[name], low=SMALL, known=_WHILE),
            statement(
                "regimes-b", f"{sizable}: at any time, {name}", whole, largest[name], low=SMALL,
                known=_NEVER if name == "nonadiabatic" else "",
            ),
        ]  # fmt: skip
    found.append(
        statement(
            "regimes-b", "… and tends to be small in the adiabatic limit", f"{whole}, adiabatic", largest["adiabatic"],
            high=SMALL,
        )
    )  # fmt: skip
    for name in ("intermediate", "nonadiabatic"):
        found.append(
            statement(
                "regimes-b", f"In the adiabatic regime T_geo is much smaller than in the {name} one",
                f"largest T_geo, adiabatic over {name}", top["adiabatic"] / top[name], high=0.2,
                known=_NEVER if name == "nonadiabatic" else "",
            )
        )  # fmt: skip
    return found


def _exchange(data: Data) -> list[Statement]:
    """Between T_marg and E_BO: whether nothing else takes part, and whether it is periodic."""
    shared, repeated = {}, {}
    for name, run in RUNS.items():
        fields = group(data, run)
        T_marg, E_BO = fields["T_marg"].values, fields["E_BO"].values
        s = cycles(fields, parameters(data, run)["T0"])
        later, swing = during(s, 0.5, 1.0), np.ptp(T_marg)
        repeated[name] = float(np.abs(np.interp(s[later] - 0.5, s, T_marg) - T_marg[later]).max() / swing)
        shared[name] = float(np.ptp(T_marg + E_BO) / swing)
    sharing = "largest change of T_marg + E_BO over that of T_marg"
    repeating = "largest |T_marg(t) - T_marg(t - T0/2)|, T0/2 to T0, over largest change of T_marg"
    found = [
        statement(
            "regimes-b", "Adiabatic: energy goes to and fro mainly between T_marg and E_BO", sharing, shared["adiabatic"],
            high=SMALL,
        ),
        statement("regimes-b", "(ours) … less so in the intermediate regime", sharing, shared["intermediate"], low=SMALL),
        statement(
            "regimes-b", "(ours) … less so in the nonadiabatic regime", sharing, shared["nonadiabatic"], low=SMALL, known=_NEVER
        ),
        statement("regimes-b", "Adiabatic: the exchange is periodic", repeating, repeated["adiabatic"], high=SMALL),
    ]  # fmt: skip
    for name in ("intermediate", "nonadiabatic"):
        found.append(statement("regimes-b", f"(ours) … and is not in the {name} regime", repeating, repeated[name], low=SMALL))
    return found


def _populations(data: Data) -> list[Statement]:
    stays = group(data, RUNS["adiabatic"], "wavepacket")["adiabatic_population"].values[:, 1]
    left = {name: _moved(data, run) for name, run in RUNS.items()}
    found = [
        statement(
            "regimes-c", "Adiabatic: the packet stays on one surface", "smallest population of BO2", stays.min(), low=0.95
        )
    ]  # fmt: skip
    for more, less in (("nonadiabatic", "intermediate"), ("intermediate", "adiabatic")):
        found.append(
            statement(
                "regimes-c",
                f"(ours) At the first passage more population leaves BO2 in the {more} regime than in the {less} one",
                f"population left at T0/2: {more} less {less}", left[more] - left[less], low=0.1,
            )
        )  # fmt: skip
    return found


def _moved(data: Data, run: str) -> float:
    """Population that has left the upper surface by T0/2."""
    packet = group(data, run, "wavepacket")
    s = cycles(packet, parameters(data, run)["T0"])
    return 1.0 - float(np.interp(0.5, s, packet["adiabatic_population"].values[:, 1]))
