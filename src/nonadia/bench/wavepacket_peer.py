"""The same wave packets in other Python packages: `wavepacket` (U. Lorenz) and `qmsolve`, both optional.

wavepacket 0.5 has coupled states and no split operator; its own choice for a static H is a Chebyshev expansion to 1e-12, in
steps of (spectral range) × dt/2 ≈ 90 as its manual advises. Compared: the whole propagation, and one application of H, of which
all its propagators are made. qmsolve 2.0 has a split operator (order 2) for a single state: compared is one step of one state.
"""

from __future__ import annotations

import contextlib
import io
import time
from importlib.metadata import version
from typing import Any

import numpy as np

from ..wavepacket.hamiltonian import Hamiltonian
from ..wavepacket.initial import prepare
from .own import Emit
from .wavepacket_cases import CENTER, CONSTANT, MASS, SPRING, TILT, Case, observables
from .wavepacket_own import PASS, repeated, shortest

ALPHA = 90.0  # spectral range × dt/2; the manual of wavepacket recommends 40 to 100, and longer steps cost less
PEERS = ("wavepacket", "qmsolve")


def measure(peer: str, case: Case, repeats: float, emit: Emit) -> None:
    """Emits version, apply_s and the propagation (wavepacket), or step_s (qmsolve), in seconds."""
    emit({"version": version(peer)})
    if peer == "wavepacket":
        _wavepacket(case, repeats, emit)
    else:
        _qmsolve(case, repeats, emit)


def _wavepacket(case: Case, repeats: float, emit: Emit) -> None:
    import wavepacket as wp

    dofs = [wp.grid.PlaneWaveDof(-case.half, case.half, case.points) for _ in range(case.dimensions)]
    grid = wp.grid.Grid([wp.grid.ChannelDof(2), *dofs])
    tilt = wp.operator.Potential1D(grid, 1, lambda x: TILT * x)
    h = tilt * (wp.operator.Channel(grid, 0) - wp.operator.Channel(grid, 1))
    for a in range(1, case.dimensions + 1):
        h = h + wp.operator.CartesianKineticEnergy(grid, a, MASS)
        h = h + wp.operator.Potential1D(grid, a, lambda x: 0.5 * SPRING * x**2)
    coupling = wp.operator.Coupling(grid, 0, 1)
    if case.dimensions == 1:
        h = h + coupling * CONSTANT
    else:
        h = h + wp.operator.Potential1D(grid, case.dimensions, lambda x: TILT * x) * coupling
    equation = wp.expression.SchroedingerEquation(h)
    molecule = case.molecule()
    start = prepare(molecule, case.initial())
    state = first = wp.grid.State(grid, start)
    emit({"apply_s": shortest({"": repeated(lambda: equation.apply(state, 0.0))}, repeats)[""], "phase": "propagation"})
    low, high = Hamiltonian(molecule).bounds([(1.0, 0.0)])
    low, high = low - 0.01 * (high - low), high + 0.01 * (high - low)
    steps = max(1, round(case.duration * (high - low) / (2.0 * ALPHA)))
    solver = wp.solver.ChebychevSolver(equation, case.duration / steps, (low, high))
    started = time.process_time()
    for _, state in solver.propagate(first, 0.0, steps):  # noqa: B007
        pass
    seconds = time.process_time() - started
    found = {"seconds": seconds, "steps": steps, "applications": steps * solver.order, "alpha": solver.alpha}
    emit({"propagation": found | observables(np.asarray(state.data, dtype=complex), start), "phase": "finished"})


def _qmsolve(case: Case, repeats: float, emit: Emit) -> None:
    """Its `run` prints and shows a bar once a call; a call is one stored time of many steps, so that neither counts."""
    import qmsolve

    def potential(particle: Any) -> Any:
        x = (particle.x, particle.y) if case.dimensions == 2 else (particle.x,)
        return sum(0.5 * SPRING * q**2 for q in x) + TILT * x[0]

    def packet(particle: Any) -> Any:
        return np.exp(-((particle.x - CENTER) ** 2) + 0j)

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        particle = qmsolve.SingleParticle(m=MASS)
        h = qmsolve.Hamiltonian(particle, potential, N=case.points, extent=2 * case.half, spatial_ndim=case.dimensions)
        simulation = qmsolve.TimeSimulation(h, method="split-step")

        def steps(n: int) -> float:
            started = time.process_time()
            simulation.run(packet, total_time=float(n), dt=1.0, store_steps=1)
            return time.process_time() - started

        steps(1)
        count = max(50, round(10 * PASS / (steps(50) / 50)))
        passes = max(2, round(repeats / steps(count)))
        emit({"step_s": min(steps(count) for _ in range(passes)) / count})
