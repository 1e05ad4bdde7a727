"""What one more geometry of a grid costs: F, γ and D of a vibronic junction with position-dependent coupling.

    H_mol = (ε_0 + √2 λ x) d†d + ω_q b†b + λ_q (b + b†) d†d,    g_L,R = (1-q)/2 (1 ∓ tanh(x/a)) + q

at λ_q = 150 meV, tier 3. One coordinate needs a steady state, at most two adjoint solves and one response (theory B4).
"""

from __future__ import annotations

import time

import numpy as np

from ..baths.decompose import decompose
from ..heom.fock import FockSpace
from ..heom.forces import point_forces
from ..heom.generator import Generator
from ..heom.hierarchy import build
from ..heom.modes import Modes
from ..heom.path import Path
from ..heom.solver import SteadyStateSolver
from ..models.frozen import FrozenJunction, LeadBath, channels_of
from ..models.width import LevelWidth
from ..units import EV, KELVIN, MEV
from .own import Emit

LAMBDA, LEVEL, RATE, BANDWIDTH = 20 * MEV, 100 * MEV, 50 * MEV, 5 * EV
FREQUENCY, COUPLING, STATES = 300 * MEV, 150 * MEV, 6
SWITCH, REST = 0.3, 0.1
BIAS, TEMPERATURE = 0.4 * EV, 300 * KELVIN
POLES, TIERS = 6, 3
SPACING = 0.375  # 41 points from -9 to 6
TOLERANCE = 1e-8  # of the solves, what forces to a tolerance of 1e-2 ask for
MOST_SOLVES = 4  # for F, γ and D with one coordinate
MOST_FURTHER = 0.5  # time of a further geometry over that of the first


def junction(x: float) -> FrozenJunction:
    """The junction at x (dimensionless), Hartree."""
    sign = np.array([-1.0, 1.0])
    level = LEVEL + COUPLING**2 / FREQUENCY + np.sqrt(2.0) * LAMBDA * x
    return FrozenJunction(
        h=np.array([[level]], dtype=complex),
        dh=np.array([[[np.sqrt(2.0) * LAMBDA]]], dtype=complex),
        u=np.zeros((1, 1)),
        du=np.zeros((1, 1, 1)),
        vibronic=np.array([[[COUPLING]]], dtype=complex),
        dvibronic=np.zeros((1, 1, 1, 1), dtype=complex),
        g=0.5 * (1.0 - REST) * (1.0 + sign * np.tanh(x / SWITCH)) + REST,
        dg=(0.5 * (1.0 - REST) * sign / (SWITCH * np.cosh(x / SWITCH) ** 2))[None],
        frequencies=np.array([FREQUENCY]),
        vibration_states=np.array([STATES]),
        channels=sum((channels_of(lead, np.array([[RATE + 0j]])) for lead in range(2)), ()),
        leads=tuple(
            LeadBath(name, mu, TEMPERATURE, LevelWidth.lorentzian(mu, BANDWIDTH))
            for name, mu in (("L", BIAS / 2), ("R", -BIAS / 2))
        ),
    )


def measure(points: int, rounds: int, emit: Emit) -> None:
    """Emits solves_per_geometry, and the times of the first (tables included) and of the further geometries of a grid.

    The grid is solved `rounds` times, everything built anew; the shortest time of each geometry counts, and the further ones
    are averaged. first_cold_s: the very first geometry of the process, which also loads the compiled kernels.
    """
    grid = SPACING * (np.arange(points) - points + 2)  # ends one point behind the switch of the couplings at x = 0
    baths = [decompose(lead, POLES, "pade") for lead in junction(0.0).leads]
    modes = Modes.of(junction(0.0), baths)
    fock = FockSpace.of(junction(0.0))

    started = time.perf_counter()
    hierarchy = build(fock, modes, TIERS)
    solver = SteadyStateSolver(Generator(hierarchy, modes, junction(grid[0])), TOLERANCE)
    point_forces(solver)
    cold = time.perf_counter() - started
    emit({"solves_per_geometry": len(solver.records), "unknowns": hierarchy.unknowns, "first_cold_s": cold})

    best = np.full(points, np.inf)
    iterations: list[int] = []
    for _ in range(rounds):
        times, iterations = [], []
        started = time.perf_counter()
        path = Path(build(fock, modes, TIERS), modes, TOLERANCE)
        for x in grid:
            iterations.append(path.forces(junction(x), np.array([x])).iterations)
            times.append(time.perf_counter() - started)
            started = time.perf_counter()
        best = np.minimum(best, times)
    further = float(best[1:].mean())
    emit(
        {
            "model": {"poles": POLES, "tiers": TIERS, "states": STATES, "spacing": SPACING, "points": points},
            "first_s": float(best[0]),
            "further_s": further,
            "further_over_first": further / float(best[0]),
            "iterations": iterations,
        }
    )
