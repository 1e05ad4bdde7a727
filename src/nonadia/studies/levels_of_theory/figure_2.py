"""Relaxation times, steady energies, energy given to the electrons, and forces: where classical friction holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.plot.style import BLACK, DASHES, legend_above, line_key, new_figure, zero_line
from nonadia.units import FS

from ..statement import Statement, statement
from ..study import Figure
from .figure_1 import LOOKS
from .model import CASES, TEMPERATURE, Case, classical_equilibrium, harmonic_energy
from .table import Row, row, rows

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

LEVELS = {
    "negf": "Langevin, NEGF",
    "heom": "Langevin, HEOM",
    "quantum": "quantum",
    "thermal": "closed metal",
    "closed": "closed metal, 0",
}
MARKERS = {"negf": "o", "heom": "x", "quantum": "s", "thermal": "D", "closed": "d"}
QUANTITIES = ("mean_force", "friction", "noise")
WORDS = {"mean_force": "force", "friction": "friction", "noise": "noise"}


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure = new_figure(9.6, 7.4)
    (times, steady), (given, forces) = figure.subplots(2, 2)
    found = rows(data)
    for level, begin in LEVELS.items():
        mine = [row(found, case.name, begin) for case in CASES]
        x = np.array([scaled(r.case) for r in mine])
        # none hides another: side by side, up to 8% away
        x = x * (1 + 0.04 * (list(LEVELS).index(level) - 2))
        look: dict[str, Any] = {"color": LOOKS[level]["color"], "marker": MARKERS[level], "linestyle": "", "capsize": 3}
        if level not in ("thermal", "closed"):
            times.errorbar(x, [r.time for r in mine], yerr=[r.time_error for r in mine], **look)
            steady.errorbar(x, [r.steady for r in mine], yerr=[r.steady_error for r in mine], **look)
        given.errorbar(x, [r.transferred for r in mine], **look)
    fine = np.geomspace(0.8, 4.8, 60)
    steady.axhline(classical_equilibrium() / TEMPERATURE, color=LOOKS["negf"]["color"], linewidth=0.9)
    curve = [
        harmonic_energy(Case("", f * TEMPERATURE / (CASES[1].frequency / CASES[1].ratio), 1.0)) / TEMPERATURE for f in fine
    ]
    steady.plot(fine, curve, color=LOOKS["quantum"]["color"], linewidth=0.9)
    markov = np.array([markovian(data, case) for case in CASES]) / FS
    times.plot([scaled(c) for c in CASES], markov, color=BLACK, linewidth=0.9, linestyle=DASHES[1])
    table = {level: data[f"{level}-middle"]["forces"].to_dataset() for level in ("negf", "heom")}
    grid = table["negf"]["x"].values
    forces.plot(grid, table["negf"]["friction"].values[:, 0, 0], color=LOOKS["negf"]["color"])
    few = slice(None, None, 4)
    forces.plot(grid[few], table["heom"]["friction"].values[few, 0, 0], "x", color=LOOKS["heom"]["color"])
    forces.set(xlim=(-5, 3.5), xlabel="x", ylabel=r"friction ($\hbar$)")
    zero_line(forces)
    for panel in (times, steady, given):
        panel.set_xscale("log")
        panel.set_xlim(0.8, 4.8)
        panel.set_xticks([scaled(c) for c in CASES], [f"{scaled(c):.2f}" for c in CASES])
        panel.minorticks_off()
        panel.set_xlabel(r"quantum of the bare vibration, $\hbar\Omega/k_BT$")
    times.set_yscale("log")
    times.set_yticks([20, 50, 100, 200, 500], ["20", "50", "100", "200", "500"])
    times.minorticks_off()
    times.set_ylabel("relaxation time of the energy (fs)")
    steady.set_ylabel(r"steady energy / $k_BT$")
    given.set_ylabel("given to the electrons until\nhalf the recurrence time (eV)")
    given.set_ylim(bottom=0.0)
    for name, panel in zip("abcd", (times, steady, given, forces), strict=True):
        corner, side = (0.02, "left") if name in "bc" else (0.98, "right")
        panel.text(corner, 0.96, f"({name})", transform=panel.transAxes, ha=side, va="top")
    keys = [line_key(LOOKS[k]["label"], LOOKS[k]["color"], "", marker=MARKERS[k]) for k in LEVELS]
    legend_above(figure, keys)
    return figure


def scaled(case: Case) -> float:
    """ħΩ/k_BT"""
    return float(case.frequency / TEMPERATURE)


def markovian(data: Mapping[str, xr.DataTree], case: Case) -> float:
    """M/γ at the minimum: the relaxation time of small classical motions (ħ/Hartree)."""
    table = data[f"negf-{case.name}"]["forces"].to_dataset()
    return float(table["x"].attrs["mass"] / table["friction"].values[:, 0, 0].max())


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    found, out = rows(data), []
    table = {level: data[f"{level}-middle"]["forces"].to_dataset() for level in ("negf", "heom")}
    for name in QUANTITIES:
        exact = table["negf"][name].values
        worst = float(np.abs(table["heom"][name].values - exact).max() / np.abs(exact).max())
        text = f"the hierarchy gives the {WORDS[name]} of Green's functions to its tolerance"
        tolerance = float(table["heom"].attrs["tolerance"])
        out.append(statement("figure-2d", text, "largest difference / largest value", worst, high=tolerance))
    for case in CASES:
        negf, heom = row(found, case.name, LEVELS["negf"]), row(found, case.name, LEVELS["heom"])
        out.append(
            statement(
                "figure-2a", f"{case.name} mass: with the same noise, forces of either origin relax alike to 0.1%",
                "difference of the relaxation times / their value", heom.time / negf.time - 1, near=(0.0, 1e-3),
            )
        )  # fmt: skip
        out.append(
            statement(
                "figure-2b", f"{case.name} mass: Langevin dynamics come to the classical equilibrium",
                "steady energy", negf.steady, "k_BT", near=(classical_equilibrium() / TEMPERATURE, 0.03),
                error=negf.steady_error,
            )
        )  # fmt: skip
        quantum = row(found, case.name, LEVELS["quantum"])
        expected = harmonic_energy(case) / TEMPERATURE
        out.append(
            statement(
                "figure-2b", f"{case.name} mass: the quantum vibration has the energy of a softened oscillator within 10%",
                "steady energy / that of the oscillator - 1", quantum.steady / expected - 1, near=(0.0, 0.1),
                error=quantum.steady_error / expected,
            )
        )  # fmt: skip
    out += compared(data, found)
    for case in CASES:
        closed, quantum = row(found, case.name, LEVELS["thermal"]), row(found, case.name, LEVELS["quantum"])
        colder = row(found, case.name, LEVELS["closed"])
        out += [
            statement("figure-2c", f"{case.name} mass: until half its recurrence a closed metal takes what an open one takes",
                      "closed / open - 1", closed.transferred / quantum.transferred - 1, near=(0.0, 0.1)),
            statement("figure-2c", f"{case.name} mass: colder electrons, at 0 K, take more, by up to 20%",
                      "0 K / 600 K - 1", colder.transferred / closed.transferred - 1, low=0.0, high=0.2),
        ]  # fmt: skip
    return out


def compared(data: Mapping[str, xr.DataTree], found: list[Row]) -> list[Statement]:
    """Friction against the quantum vibration."""
    slow, middle, fast = (ratio(found, case.name) for case in CASES)
    tau = [
        row(found, case.name, LEVELS[level]).time * FS / markovian(data, case)
        for case in CASES
        for level in ("negf", "quantum")
    ]
    given = [row(found, "fast", LEVELS[level]).transferred for level in ("negf", "quantum")]
    return [
        statement("figure-2a", "slow mass: friction gives the relaxation time of the quantum vibration within 3%",
                  "Langevin / quantum", slow[0], near=(1.0, 0.03), error=slow[1]),
        statement("figure-2a", "middle mass: friction is too fast, by no more than 5%",
                  "Langevin / quantum", middle[0], low=0.95, high=1.0, error=middle[1]),
        statement("figure-2a", "fast mass: friction is too fast, by 5 to 12%",
                  "Langevin / quantum", fast[0], low=0.88, high=0.95, error=fast[1]),
        statement("figure-2a", "all relaxation times are longer than M/γ at the minimum",
                  "smallest τ γ/M, Langevin and quantum", min(tau), low=1.0),
        statement("figure-2b", "slow mass: the classical steady energy is within 10% of the quantum one",
                  "quantum / classical", steady_ratio(found, "slow")[0], error=steady_ratio(found, "slow")[1], near=(1.0, 0.1)),
        statement("figure-2b", "fast mass: classical dynamics lose the zero-point energy",
                  "quantum / classical", steady_ratio(found, "fast")[0], error=steady_ratio(found, "fast")[1], low=1.5),
        statement("figure-2c", "fast mass: friction takes more energy than the quantum vibration gives, by a fifth at least",
                  "Langevin / quantum", given[0] / given[1], low=1.2),
    ]  # fmt: skip


def ratio(found: list[Row], case: str) -> tuple[float, float]:
    """τ of Langevin over that of the quantum vibration, and its error."""
    classical, quantum = row(found, case, LEVELS["negf"]), row(found, case, LEVELS["quantum"])
    value = classical.time / quantum.time
    return value, value * float(np.hypot(classical.time_error / classical.time, quantum.time_error / quantum.time))


def steady_ratio(found: list[Row], case: str) -> tuple[float, float]:
    """Steady energy of the quantum vibration over that of Langevin, and its error."""
    classical, quantum = row(found, case, LEVELS["negf"]), row(found, case, LEVELS["quantum"])
    value = quantum.steady / classical.steady
    return value, value * float(np.hypot(classical.steady_error / classical.steady, quantum.steady_error / quantum.steady))


FIGURE = Figure(
    name="figure-2",
    title="Where classical friction holds",
    caption=(
        "(a) Relaxation time of the energy, fits of E∞ + A exp(-t/τ) with the known steady energy; dashed: M/γ at the minimum. "
        "(b) Steady energy; lines: Boltzmann, and (ħΩ'/2) coth(ħΩ'/2k_BT) with the curvature of the adiabatic potential. (c) "
        "Energy given to the electrons until half the recurrence time of the closed metal. (d) Friction by Green's functions "
        "(line) and by the hierarchy. (a-c) Symbols of one mass are shifted sideways, by up to 8%, to be seen apart. "
        "Parameters ours."
    ),
    draw=draw,
    statements=statements,
    needs=tuple(f"{level}-{case.name}" for case in CASES for level in LEVELS),
)
