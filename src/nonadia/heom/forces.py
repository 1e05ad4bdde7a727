"""Mean force, electronic friction and noise of one geometry from the hierarchy, theory B4, LD(43)-(50).

F_i  =  tr[𝓕_i ρ_ss]
γ_ij =  tr[𝓕_i 𝓛^D 𝓛^D (∂_j𝓛) ρ_ss]                  (∂_jρ_ss = -𝓛^D (∂_j𝓛) ρ_ss)
D_ij = -tr[𝓕_i 𝓛^D ½(δ𝓕_j,L + δ𝓕_j,R) ρ_ss]

with 𝓕 = -∂H_mol - Σ_K ∂g_K W_K. The molecular and the coupling part of each are split by the force on the left. With the
adjoint solutions φ_i = 𝓛^{-†}𝓕_i (molecular and coupling part apart) and r_j = 𝓛^D (∂_j𝓛)ρ_ss, one geometry with one
coordinate costs at most four solves: γ_ij = ⟨φ_i, r_j⟩ and D_ij = -⟨φ_i, ½(δ𝓕_L + δ𝓕_R)_j ρ_ss⟩.

Out of equilibrium the correlation of two different parts is not even in time. Its parts here are ½∫_{-∞}^{∞} dt of the
symmetrised correlation of part i with all of j, which is what Green's functions give; D itself is the same either way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..models.frozen import ComplexArray, FloatArray
from .coupling import anticommutator_coupling, commutator_coupling
from .generator import Generator
from .solver import SteadyStateSolver


@dataclass(frozen=True)
class PointForces:
    """Electronic forces at one geometry in atomic units (c coordinates, n levels, K leads, b vibrations).

    mean_force_* (c,), friction_* (c, c), noise_* (c, c), population (n,), current (K,) electrons per time into the molecule,
    vibrational_occupation (b,); iterations: GMRES iterations of all solves; state: ρ_ss, all tiers.
    Only the sum of the noise's parts is symmetric; friction keeps its antisymmetric part.
    """

    mean_force_molecule: FloatArray
    mean_force_coupling: FloatArray
    friction_molecule: FloatArray
    friction_coupling: FloatArray
    noise_molecule: FloatArray
    noise_coupling: FloatArray
    population: FloatArray
    current: FloatArray
    vibrational_occupation: FloatArray
    iterations: int
    state: ComplexArray

    @property
    def mean_force(self) -> FloatArray:
        return self.mean_force_molecule + self.mean_force_coupling

    @property
    def friction(self) -> FloatArray:
        return self.friction_molecule + self.friction_coupling

    @property
    def noise(self) -> FloatArray:
        return self.noise_molecule + self.noise_coupling


def force_functionals(generator: Generator, coordinate: int) -> tuple[ComplexArray, ComplexArray]:
    """Vectors f with ⟨f, ρ⟩ = tr[𝓕_i ρ]: the molecular part (tier 0) and the coupling part (tier 1)."""
    molecular = generator.trace_vector(generator.hierarchy.fock.force_operator(generator.frozen, coordinate))
    coupling = generator.zeros()
    parts = anticommutator_coupling(generator.modes, -generator.frozen.dg[coordinate]).adjoint
    generator.down(1, generator.tier(generator.trace_vector(), 0), parts, generator.tier(coupling, 1))
    return molecular, coupling


def current_functionals(generator: Generator) -> list[ComplexArray]:
    """Vectors f_K with ⟨f_K, ρ⟩ = I_K = -i g_K tr[N (W_K,L - W_K,R) ρ]."""
    fock = generator.hierarchy.fock
    number = generator.trace_vector(fock.number())
    out = []
    for lead in range(len(generator.frozen.leads)):
        weight = np.zeros(len(generator.frozen.leads))
        weight[lead] = generator.frozen.g[lead]
        vector = generator.zeros()
        coupling = commutator_coupling(generator.modes, weight).adjoint
        generator.down(1, generator.tier(number, 0), coupling, generator.tier(vector, 1))
        out.append(vector)
    return out


def derivative_source(generator: Generator, coordinate: int, state: ComplexArray) -> ComplexArray:
    """(∂_j𝓛) ρ = +i(𝓕_j,L - 𝓕_j,R) ρ, all tiers; exact, 𝓛 is affine in H and g."""
    out = generator.zeros()
    force = generator.rotate(generator.hierarchy.fock.force_operator(generator.frozen, coordinate))
    generator.molecular(state, force, 1j, -1j, out)
    generator.couple(state, commutator_coupling(generator.modes, generator.frozen.dg[coordinate]), out)
    return out


def noise_sources(
    generator: Generator, coordinate: int, state: ComplexArray, mean_force: FloatArray
) -> tuple[ComplexArray, ComplexArray]:
    """½(δ𝓕_j,L + δ𝓕_j,R) ρ with δ𝓕 = 𝓕 - F, all tiers, for the molecular and the coupling part of 𝓕_j.

    mean_force (2,): F_j of the two parts. The upward and the downward contractions both enter.
    """
    molecular, coupling = -mean_force[0] * state, -mean_force[1] * state
    force = generator.rotate(generator.hierarchy.fock.force_operator(generator.frozen, coordinate))
    generator.molecular(state, force, 0.5, 0.5, molecular)
    generator.couple(state, anticommutator_coupling(generator.modes, -generator.frozen.dg[coordinate]), coupling)
    return molecular, coupling


Guess = Callable[[str], ComplexArray | None]


def point_forces(
    solver: SteadyStateSolver, guess: Guess = lambda name: None, keep: Callable[[str, ComplexArray], None] | None = None
) -> PointForces:
    """F, γ, D with their parts, populations, vibrational quanta and currents at the geometry of `solver`.

    guess(name) may give a starting vector for the solve of that name, keep(name, vector) is shown each solution.
    """

    def kept(name: str, vector: ComplexArray) -> ComplexArray:
        if keep is not None:
            keep(name, vector)
        return vector

    generator = solver.generator
    fock, count = generator.hierarchy.fock, generator.frozen.n_coordinates
    state = kept("state", solver.steady_state(guess("state")))

    functionals = [force_functionals(generator, i) for i in range(count)]
    force = np.array([[generator.inner(f, state) for f in pair] for pair in functionals]).reshape(count, 2)
    adjoint: list[list[ComplexArray | None]] = []
    for i, pair in enumerate(functionals):
        names = [f"adjoint {i} {part}" for part in range(2)]
        adjoint.append(
            [kept(n, solver.adjoint(f, guess(n))) if np.any(f) else None for n, f in zip(names, pair, strict=True)]
        )

    friction, correlation = np.zeros((2, count, count)), np.zeros((2, count, 2, count))
    for j in range(count):
        name = f"response {j}"
        response = kept(name, solver.response(derivative_source(generator, j, state), guess(name)))
        fluctuations = noise_sources(generator, j, state, force[j])
        for i in range(count):
            for part in range(2):
                phi = adjoint[i][part]
                if phi is not None:
                    friction[part, i, j] = generator.inner(phi, response)
                    for other in range(2):
                        correlation[part, i, other, j] = -generator.inner(phi, fluctuations[other])
    # half of the whole time axis: part i now with all of j before, and all of j now with part i before
    noise = 0.5 * (correlation.sum(axis=2) + np.einsum("qjpi->pij", correlation))
    return PointForces(
        force[:, 0],
        force[:, 1],
        friction[0],
        friction[1],
        noise[0],
        noise[1],
        np.array([generator.inner(generator.trace_vector(fock.occupation(m)), state) for m in range(fock.n_levels)]),
        np.array([generator.inner(f, state) for f in current_functionals(generator)]),
        np.array(
            [generator.inner(generator.trace_vector(fock.quanta(b)), state) for b in range(len(fock.vibration_states))]
        ),
        sum(record.iterations for record in solver.records),
        state,
    )
