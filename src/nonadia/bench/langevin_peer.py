"""The same ensemble by other means: a loop over steps in NumPy, and the Langevin dynamics of ASE (optional).

numpy: BAOAB for all trajectories at once, F, γ and D by np.interp from the same table; what one writes by hand.
ase: its class Langevin moves atoms in three dimensions with a constant friction, here γ_0; every Cartesian coordinate is one
trajectory of the oscillator, so that nothing it does is wasted, and the force is computed for all of them at once.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from .langevin_cases import FRICTION, MASS, SPRING, STEP, TEMPERATURE, Case, force, friction, points
from .langevin_own import SEED, best, moments
from .own import Emit

PEERS = ("numpy", "ase")


def measure(peer: str, case: Case, repeats: float, emit: Emit) -> None:
    """Emits version, and as for nonadia the rate (processor time) with temperature and spread at the end.

    single_rate (ase): steps per second of one atom, which is how one trajectory at a time is run.
    """
    emit({"version": version(peer)})
    run = _NumPy(*case.peer) if peer == "numpy" else _Ase(max(1, case.peer[0] // 3), case.peer[1])
    seconds = best(run, repeats)
    emit({"rate": len(run.x) * case.peer[1] / seconds["cpu_s"], **seconds, "trajectories": len(run.x), **moments(run.x, run.p)})
    if peer == "ase":
        single = _Ase(1, 3 * case.peer[1])
        emit({"single_rate": single.steps / best(single, 0.0)["cpu_s"]})


class _NumPy:
    def __init__(self, trajectories: int, steps: int) -> None:
        self.trajectories, self.steps = trajectories, steps
        self.x = self.p = np.empty(0)

    def __call__(self) -> None:
        grid = points()
        f, g = force(grid), friction(grid)
        d = TEMPERATURE * g
        rng = np.random.default_rng(SEED)
        x, p = np.zeros(self.trajectories), np.zeros(self.trajectories)
        half = 0.5 * STEP
        now = np.interp(x, grid, f)
        for _ in range(self.steps):
            p += half * now
            x += half / MASS * p
            rate = np.interp(x, grid, g) / MASS
            decay = np.exp(-rate * STEP)
            spread = np.sqrt(np.interp(x, grid, d) / rate * (1.0 - decay * decay))
            p = decay * p + spread * rng.standard_normal(self.trajectories)
            x += half / MASS * p
            now = np.interp(x, grid, f)
            p += half * now
        self.x, self.p = x, p


class _Ase:
    """ASE's units are one consistent system, like atomic units: only k_B is put in."""

    def __init__(self, atoms: int, steps: int) -> None:
        self.atoms, self.steps = atoms, steps
        self.x = self.p = np.empty(0)

    def __call__(self) -> None:
        from ase import Atoms, units
        from ase.calculators.calculator import Calculator, all_changes
        from ase.md.langevin import Langevin

        class Oscillators(Calculator):
            implemented_properties = ["energy", "forces"]  # noqa: RUF012

            def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
                x = atoms.positions
                self.results = {"energy": 0.5 * SPRING * float((x * x).sum()), "forces": -SPRING * x}

        atoms = Atoms(numbers=np.ones(self.atoms, dtype=int), positions=np.zeros((self.atoms, 3)), masses=[MASS] * self.atoms)
        atoms.calc = Oscillators()
        dynamics = Langevin(
            atoms, STEP, temperature_K=TEMPERATURE / units.kB, friction=FRICTION / MASS, fixcm=False,
            rng=np.random.RandomState(SEED),
        )  # fmt: skip
        dynamics.run(self.steps)
        self.x, self.p = atoms.positions.ravel().copy(), atoms.get_momenta().ravel()
