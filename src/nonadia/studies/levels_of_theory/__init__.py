"""Levels of theory side by side: one molecular vibration at a metal by friction, by the hierarchy, and as a wave packet.

    model         the molecule, its three masses, and how energies and relaxation times are defined
    quantum       level 3: the hierarchy with a quantum vibration
    closed        level 4: the closed metal, at 600 K and, with its factorization, at 0 K (closed_metal, thermal_metal)
    figure_1      motion, energy and distributions of every level
    figure_2      relaxation times, steady energies, forces: where friction holds
    table         the numbers of figure_2

Levels 1 and 2, Langevin dynamics with forces by Green's functions and by the hierarchy, are runs of the shipped input
molecule-metal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..study import Study

LONGER = 3  # Langevin dynamics go on as many times longer, to their steady state


def study() -> Study:
    """The study, without computing anything."""
    from ..study import Calculation, Run, Study
    from . import closed, figure_1, figure_2, quantum
    from .model import CASES

    runs: list[Run | Calculation] = []
    for case in CASES:
        duration = f"{LONGER * case.duration:g} fs"
        overrides = {"parameters.r": case.ratio, "langevin.duration": duration, "langevin.stored": 200 * LONGER + 1}
        runs.append(Run(f"negf-{case.name}", "molecule-metal", overrides))
        runs.append(Run(f"heom-{case.name}", "molecule-metal", overrides | {"forces.method": "heom"}))
    for case in CASES:
        runs.append(Calculation(f"quantum-{case.name}", getattr(quantum, case.name), quantum.NOTE.format(case.name)))
        runs.append(Calculation(f"thermal-{case.name}", getattr(closed, f"warm_{case.name}"), closed.WARM.format(case.name)))
        runs.append(Calculation(f"closed-{case.name}", getattr(closed, case.name), closed.NOTE.format(case.name)))
    return Study(
        name="levels-of-theory",
        title="One molecular vibration at a metal, at four levels of theory",
        source="Our own; the theories are those of J. Chem. Phys. 161, 064106 (2024) and Phys. Rev. Lett. 128, 113001 (2022).",
        note=(
            "All parameters are ours: one level of width 0.5 eV that a vibration moves by 0.15 eV per unit of x, at a metal of "
            "600 K. Three masses with the same forces: bare quanta of 50, 100 and 200 meV, "
            "1, 2 and 4 k_BT."
        ),
        runs=tuple(runs),
        figures=(figure_1.FIGURE, figure_2.FIGURE),
    )
