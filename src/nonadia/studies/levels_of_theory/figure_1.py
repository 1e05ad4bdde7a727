"""Motion, energy and distributions of the three masses at every level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.plot.style import BLACK, DASHES, GREY, OKABE_ITO, legend_above, line_key, new_figure, zero_line
from nonadia.units import EV, FS

from ..statement import Statement, statement
from ..study import Figure
from .model import (
    CASES,
    TEMPERATURE,
    X_M,
    adiabatic_potential,
    classical_equilibrium,
    langevin_energy,
    quantum_energy,
    start_energy,
)
from .table import closed_energy, recurrence_half

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas

NEGF, HEOM, QUANTUM, CLOSED = OKABE_ITO[0], OKABE_ITO[5], OKABE_ITO[1], BLACK
LOOKS: dict[str, dict[str, Any]] = {
    "negf": {"color": NEGF, "linestyle": "-", "linewidth": 3.0, "label": "Langevin, NEGF forces"},
    "heom": {"color": HEOM, "linestyle": DASHES[1], "linewidth": 1.0, "label": "Langevin, HEOM forces"},
    "quantum": {"color": QUANTUM, "linestyle": "-", "label": "quantum vibration, HEOM"},
    "thermal": {"color": CLOSED, "linestyle": DASHES[2], "label": "closed metal"},
    "closed": {"color": GREY, "linestyle": DASHES[2], "label": "closed metal, 0 K"},
}
PERIODS = 5.0  # of the bare oscillator, in the first row


def draw(data: Mapping[str, xr.DataTree]) -> Canvas:
    figure = new_figure(10.6, 8.6)
    axes = figure.subplots(3, 3, sharey="row")
    for column, case in enumerate(CASES):
        quantum, closed = data[f"quantum-{case.name}"].to_dataset(), data[f"thermal-{case.name}"].to_dataset()
        times = quantum["time"].values[:-1] / FS
        motion, energies, density = axes[:, column]
        for level in ("negf", "heom"):
            tree = data[f"{level}-{case.name}"]
            t, energy, _ = langevin_energy(tree)
            motion.plot(t / FS, tree["langevin"].to_dataset()["position"].values[:, 0], **LOOKS[level])
            energies.plot(t / FS, energy / EV, **LOOKS[level])
        motion.plot(times, case.scale * quantum["position"].values[:-1, 0], **LOOKS["quantum"])
        energy = quantum_energy(case, quantum)
        energies.plot(times, energy[:-1] / EV, **LOOKS["quantum"])
        motion.plot(closed["time"].values / FS, closed["position"].values, **LOOKS["thermal"])
        energies.plot(closed["time"].values / FS, closed_energy(closed) / EV, **LOOKS["thermal"])
        factorized = data[f"closed-{case.name}"].to_dataset()
        energies.plot(factorized["time"].values / FS, closed_energy(factorized) / EV, **LOOKS["closed"])
        for panel in (motion, energies):
            panel.axvline(recurrence_half(closed) / FS, color=GREY, linewidth=0.8)
        energies.axhline(classical_equilibrium() / EV, color=NEGF, linewidth=0.8, linestyle=DASHES[2])
        energies.axhline(energy[-1] / EV, color=QUANTUM, linewidth=0.8, linestyle=DASHES[2])
        motion.axhline(X_M, color=BLACK, linewidth=0.6)
        motion.set_xlim(0, min(PERIODS * 2 * np.pi / case.frequency / FS, case.duration))
        energies.set_xlim(0, case.duration)
        x = case.scale * quantum["grid"].values
        density.plot(x, quantum["position_density"].values[-1, 0] / case.scale, color=QUANTUM)
        classical = np.exp(-adiabatic_potential(x) / TEMPERATURE)
        density.plot(x, classical / np.trapezoid(classical, x), color=NEGF)
        density.plot(
            x, quantum["position_density"].values[0, 0] / case.scale, color=QUANTUM, linestyle=DASHES[2], linewidth=1.0
        )
        density.set_xlim(-4.5, 4.5)
        motion.set_title(f"$\\hbar\\Omega$ = {1e3 * case.frequency / EV:.0f} meV = {case.frequency / TEMPERATURE:.2f} $k_BT$")
        motion.set_xlabel("time (fs)")
        energies.set_xlabel("time (fs)")
        density.set_xlabel("x")
        for number, panel in enumerate((motion, energies, density)):
            panel.text(0.98, 0.96, f"({'abcdefghi'[3 * number + column]})", transform=panel.transAxes, ha="right", va="top")
        zero_line(density)
    axes[0, 0].set_ylabel("mean position")
    axes[1, 0].set_ylabel("energy of the vibration (eV)")
    axes[2, 0].set_ylabel("position density")
    keys = [line_key(v["label"], v["color"], v["linestyle"]) for v in LOOKS.values()]
    keys += [line_key("half the recurrence time", GREY, "-"), line_key("(g-i) at the start", QUANTUM, DASHES[2])]
    legend_above(figure, keys)
    return figure


def statements(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    out = []
    for column, case in enumerate(CASES):
        quantum, closed = data[f"quantum-{case.name}"].to_dataset(), data[f"thermal-{case.name}"].to_dataset()
        motion, energies, density = ("figure-1" + "abcdefghi"[3 * row + column] for row in range(3))
        start = start_energy(case)
        _, energy, error = langevin_energy(data[f"negf-{case.name}"])
        found = quantum_energy(case, quantum)
        out.append(
            statement(
                energies, f"{case.name} mass, Langevin: starts with the coherent state's energy", "E(0)", energy[0] / EV, "eV",
                near=(start / EV, 4 * error[0] / EV), error=error[0] / EV,
            )
        )  # fmt: skip
        half = closed["time"].values <= recurrence_half(closed)
        until = closed["time"].values[half]
        other = np.interp(until, quantum["time"].values[:-1], case.scale * quantum["position"].values[:-1, 0])
        away = float(np.abs(closed["position"].values[half] - other).max()) / (quantum_amplitude(case, quantum))
        out.append(
            statement(
                motion, f"{case.name} mass: the closed metal moves like the open one for half its recurrence time",
                "largest difference of the mean positions / amplitude", away, high=0.1,
            )
        )  # fmt: skip
        difference = closed_energy(closed)[half] - np.interp(until, quantum["time"].values[:-1], found[:-1])
        out.append(
            statement(
                energies, f"{case.name} mass: the closed metal takes up energy like the open one for half its recurrence time",
                "largest difference of E / E(0)", float(np.abs(difference).max()) / start, high=0.1,
            )
        )  # fmt: skip
        factorized = data[f"closed-{case.name}"].to_dataset()
        converged = [int(found.attrs["converged"]) for found in (quantum, closed, factorized)]
        out.append(
            statement(
                energies, f"{case.name} mass: quantum vibration and closed metals are converged",
                "results that are not", converged.count(0), high=0,
            )
        )  # fmt: skip
        worst = max(float(v) for k, v in factorized.attrs.items() if k.startswith("max_residual"))
        out.append(
            statement(
                energies, f"{case.name} mass: the identities of the exact factorization hold on the closed metal",
                "largest relative residual", worst, high=1e-5,
            )
        )  # fmt: skip
        out.append(
            statement(
                density, f"{case.name} mass: the quantum state is a density matrix at all times",
                "lowest eigenvalue", float(quantum["lowest_eigenvalue"].min()), low=-1e-3,
            )
        )  # fmt: skip
    return out


def quantum_amplitude(case: Any, quantum: xr.Dataset) -> float:
    """Distance of the start from the place of rest."""
    return float(case.scale * quantum["position"].values[0, 0] - X_M)


FIGURE = Figure(
    name="figure-1",
    title="Motion, energy and distributions of one vibration at a metal",
    caption=(
        "Columns: three masses with the same forces, quanta of 1, 2 and 4 k_BT at 600 K. (a-c) Mean position. (d-f) Energy of "
        "the vibration, kinetic plus adiabatic potential, above the minimum; thin: steady energies, classical and quantum. "
        "grey line: half the recurrence time of the closed metal, which says nothing about an open one later; 0 K only in d-f. "
        "(g-i) Steady distributions of the position, classical (Boltzmann) and quantum, and the first one (dots). Parameters "
        "ours."
    ),
    draw=draw,
    statements=statements,
    needs=tuple(f"{level}-{case.name}" for case in CASES for level in LOOKS),
)
