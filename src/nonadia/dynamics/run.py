"""One propagation with given exponents, tiers and vibrational states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..baths.exponents import Exponents
from ..heom.evolve import Record, evolve
from ..heom.fock import FockSpace
from ..heom.forces import current_functionals
from ..heom.generator import Generator
from ..heom.hierarchy import build
from ..heom.modes import Modes
from ..heom.product_state import product_state, reduced_density
from ..heom.propagate import empty_bath_state
from ..heom.solver import NotConverged, SteadyStateSolver
from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from .observe import Observer, Trajectory
from .request import Start

STEP_ERROR = 1e-6  # of one step, relative: errors of populations and energies are below 1e-9 then, measured


STEADY = 1e-9  # relative error of the steady state
ITERATIONS = 12  # of the mean field


@dataclass(frozen=True)
class Task:
    """frozen: one geometry; times (T,) from the initial state on, the last may be infinite; positions (G,) for the density;

    origins (b,): ⟨b⟩ of the displaced oscillator whose states each vibration is described with.
    """

    frozen: FrozenJunction
    start: Start
    times: FloatArray
    positions: FloatArray
    origins: FloatArray


def run(
    task: Task,
    exponents: Sequence[Exponents],
    depth: int,
    progress: Callable[[int], None] | None = None,
    step_error: float = STEP_ERROR,
) -> tuple[Trajectory, Record]:
    """The trajectory of a hierarchy cut after tier `depth`. progress(times done).

    Errors: Unstable; NotConverged where the initial equilibrium does not exist; ValueError if an initial state does not fit.
    """
    frozen = task.frozen
    modes = Modes.of(frozen, exponents)
    fock = replace(FockSpace.of(frozen), origins=tuple(task.origins.tolist()))
    generator = Generator(build(fock, modes, depth), modes, frozen)
    state = initial_state(task, generator)
    place = np.argsort(fock.sorted_from)
    shape = (2**fock.n_levels, fock.n_vibrational)
    hamiltonian = fock.hamiltonian(frozen)[np.ix_(place, place)].reshape(shape + shape)
    observer = Observer(frozen, task.origins, task.positions, hamiltonian, task.times.size)
    currents = [generator.tier(f * generator.weight, 1).copy() for f in current_functionals(generator)]

    def observe(k: int, vector: ComplexArray) -> None:
        first = generator.tier(vector, 1)
        current = np.array([np.vdot(f, first).real for f in currents])
        observer.record(k, reduced_density(generator, vector), current)
        if progress is not None:
            progress(k + 1)

    finite = task.times[np.isfinite(task.times)]
    record = evolve(generator, state, finite, observe, step_error)
    if finite.size < task.times.size:
        observe(finite.size, SteadyStateSolver(generator, STEADY).steady_state())
    return observer.trajectory, record


def resting_place(frozen: FrozenJunction, start: Start, exponents: Sequence[Exponents]) -> FloatArray:
    """⟨b⟩ of each vibration at rest in the mean field of the electrons, (b,): -Σ Λ_mm' ⟨d†_m d_m'⟩/ω, by damped iteration.

    Half-filled levels where no equilibrium exists. Only a good place for a basis: results do not depend on it.
    """
    diagonal = np.einsum("bmm->bm", frozen.vibronic).real
    filling = np.full(frozen.n_levels, 0.5)
    place = -(diagonal @ filling) / frozen.frequencies
    modes, fock = Modes.of(frozen, exponents), FockSpace.of(frozen)
    hierarchy = build(FockSpace(frozen.n_levels, (), fock.component), modes, min(2, max(len(modes), 1)))
    for _ in range(ITERATIONS):
        alone = electrons_alone(frozen, np.sqrt(2.0) * place)
        try:
            solver = SteadyStateSolver(Generator(hierarchy, modes, alone))
            state = solver.steady_state()
        except (NotConverged, ValueError):
            break
        levels = range(frozen.n_levels)
        filling = np.array(
            [solver.generator.inner(solver.generator.trace_vector(hierarchy.fock.occupation(m)), state) for m in levels]
        )
        place = 0.5 * (place - (diagonal @ np.clip(filling, 0.0, 1.0)) / frozen.frequencies)
    return np.asarray(place, dtype=float)


def electrons_alone(frozen: FrozenJunction, displacements: FloatArray) -> FrozenJunction:
    """The same junction with every vibration held at (b + b†)/√2 = displacements[b]."""
    n, c = frozen.n_levels, frozen.n_coordinates
    shift = np.sqrt(2.0) * np.einsum("b,bmn->mn", displacements, frozen.vibronic)
    return replace(
        frozen,
        h=frozen.h + shift,
        vibronic=np.zeros((0, n, n), dtype=complex),
        dvibronic=np.zeros((c, 0, n, n), dtype=complex),
        frequencies=np.zeros(0),
        vibration_states=np.zeros(0, dtype=np.int64),
    )


def initial_state(task: Task, generator: Generator) -> ComplexArray:
    """ρ^el ⊗ ρ_vib, all tiers."""
    frozen, start = task.frozen, task.start
    alone = electrons_alone(frozen, np.array([v.displacement for v in start.vibrations]))
    hierarchy = build(
        FockSpace(alone.n_levels, (), generator.hierarchy.fock.component), generator.modes, generator.hierarchy.depth
    )
    electrons = Generator(hierarchy, generator.modes, alone, eigenbasis=False)
    if isinstance(start.electrons, str) and start.electrons == "equilibrium":
        rotated = Generator(hierarchy, generator.modes, alone)
        electronic = rotated.from_eigenbasis(SteadyStateSolver(rotated).steady_state())
    else:
        occupations = np.zeros(alone.n_levels) if isinstance(start.electrons, str) else start.electrons
        occupied = (np.arange(2**alone.n_levels)[:, None] >> np.arange(alone.n_levels)) & 1
        weights = np.prod(np.where(occupied, occupations, 1.0 - occupations), axis=1)
        order = hierarchy.fock.sorted_from
        electronic = empty_bath_state(electrons, np.diag(weights[order]).astype(complex))
    density = np.ones((1, 1), dtype=complex)
    each = zip(start.vibrations, frozen.frequencies, frozen.vibration_states, task.origins, strict=True)
    for vibration, frequency, states, origin in each:
        density = np.kron(density, vibration.density(float(frequency), int(states), float(origin)))
    return product_state(generator, electrons, electronic, density)
