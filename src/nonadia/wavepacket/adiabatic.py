"""Born-Oppenheimer surfaces and states on the nuclear grid, and populations of them.

    H_BO(R) φ_k(R) = E_k(R) φ_k(R),   E_1 ≤ E_2 ≤ …,   ⟨φ_k|φ_l⟩ = δ_kl with the electronic volume element

Phases are continuous by parallel transport, ⟨φ_k(R_j)|φ_k(R_{j+1})⟩ > 0, along the last nuclear axis, and along the others on
the line where the later axes are at their first point. Real Hamiltonians have real states. Around a conical intersection no
real phase is smooth everywhere: a seam, where φ_k changes sign, runs from the intersection to the end of the last axis; with a
complex Hamiltonian it is a jump by the Berry phase. Where two surfaces touch exactly the states of that point are one choice of
many. Populations, energies and forces do not depend on phases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ..models.electrons import Surfaces
from ..models.errors import ModelError
from ..models.grid_functions import spline_derivative
from ..models.molecule import GridCoordinate, Molecule
from .eigenproblem import Problem, Separable, kinetic_matrix, solve

Array = NDArray[Any]
DENSE_ELECTRON = 384  # points of one electron's grid up to which every geometry is diagonalised densely
RESIDUAL = 1e-10  # Hartree, of iterative electronic states
KEPT = 4  # results remembered for a molecule


@dataclass(frozen=True, eq=False)
class Adiabatic:
    """energies (count, *R) in Hartree; states (count, *electronic, *R), real where H_BO is; volume: the electronic element."""

    energies: Array
    states: Array
    volume: float

    def amplitudes(self, psi: Array) -> Array:
        """χ_k(R) = ⟨φ_k(R)|ψ⟩_r, (count, *R)"""
        count, shape = len(self.energies), self.energies.shape[1:]
        flat = self.states.reshape(count, -1, *shape)
        return self.volume * np.einsum("ke...,e...->k...", flat.conj(), psi.reshape(-1, *shape))

    def densities(self, psi: Array) -> Array:
        """|χ_k(R)|², (count, *R)"""
        chi = self.amplitudes(psi)
        return chi.real**2 + chi.imag**2

    def compose(self, chi: Array) -> Array:
        """Σ_k χ_k(R) φ_k(r; R) from (count, *R): (*electronic, *R), complex128"""
        count, shape = len(self.energies), self.energies.shape[1:]
        flat = self.states.reshape(count, -1, *shape)
        psi = np.einsum("ke...,k...->e...", flat, chi.astype(complex))
        return np.ascontiguousarray(psi.reshape(self.states.shape[1:]))


_known: WeakKeyDictionary[Molecule, dict[tuple[int, float], Adiabatic]] = WeakKeyDictionary()


def surfaces(molecule: Molecule, count: int | None = None, t: float = 0.0) -> Adiabatic:
    """The `count` lowest surfaces and states of H_BO(R, t); default: all of n states, two of electrons in real space.

    n states are diagonalised exactly; two surfaces with a mixing angle are what was given, φ_1 = (cosθ, sinθ) and
    φ_2 = (-sinθ, cosθ), in that order; electrons in real space are solved on their Fourier grid, two of them with both
    permutation symmetries. The result is remembered, and must not be changed. Errors: ModelError for a count that is not there.
    """
    count = count if count is not None else molecule.states or 2
    most = molecule.states or int(np.prod(molecule.electronic_shape))
    if not 1 <= count <= most:
        raise ModelError([("adiabatic.surfaces", f"{count}; this molecule has 1 to {most}")])
    known = _known.setdefault(molecule, {})
    key = (count, float(t) if molecule.electrons.time_dependent else 0.0)
    if key not in known:
        while len(known) >= KEPT:
            known.pop(next(iter(known)))
        known[key] = _surfaces(molecule, count, t)
    return known[key]


def _surfaces(molecule: Molecule, count: int, t: float) -> Adiabatic:
    electrons = molecule.electrons
    if isinstance(electrons, Surfaces):
        energies, states = electrons.adiabatic(molecule.mesh, t)
        return Adiabatic(energies[:count], states[:count], 1.0)
    hamiltonian = molecule.hamiltonian(t)
    if molecule.states:
        energies, states = diagonalise(hamiltonian)
        return Adiabatic(energies[:count], continuous(states[:count], 1), 1.0)
    shape, volume = molecule.nuclear_shape, molecule.electronic_volume
    axes = molecule.electronic_axes
    flat = np.moveaxis(hamiltonian.reshape(*molecule.electronic_shape, -1), -1, 0)
    values, vectors = _one_electron(axes[0], flat, count) if len(axes) == 1 else _iterative(axes, flat, count)
    states = np.moveaxis(vectors, 0, -1).reshape(count, *molecule.electronic_shape, *shape) / np.sqrt(volume)
    return Adiabatic(np.ascontiguousarray(values.T).reshape(count, *shape), continuous(states, len(axes)), volume)


def force(molecule: Molecule, adiabatic: Adiabatic, t: float = 0.0) -> Array:
    """F_ka(R) = -∂_a E_k = -⟨φ_k|∂_a H_BO|φ_k⟩ (Hellmann-Feynman), (count, D, *R), Hartree/bohr.

    ∂_a H_BO is exact for expressions, and a spline derivative of degree 7 of H_BO for arrays and Python functions.
    """
    gradient = molecule.hamiltonian_gradient(t)
    if gradient is None:
        h = molecule.hamiltonian(t)
        first = h.ndim - len(molecule.mesh)
        gradient = np.stack([spline_derivative(h, x, first + a) for a, x in enumerate(molecule.mesh)])
    states = adiabatic.states
    if molecule.states:
        return -np.einsum("ki...,aij...,kj...->ka...", states.conj(), gradient, states, optimize=True).real
    shape = adiabatic.energies.shape[1:]
    weights = (states.conj() * states).real.reshape(len(states), -1, *shape)
    return -adiabatic.volume * np.einsum("ke...,ae...->ka...", weights, gradient.reshape(len(gradient), -1, *shape))


def diagonalise(hamiltonian: Array) -> tuple[Array, Array]:
    """Ascending eigenvalues (n, *R) and eigenvectors (n, n, *R), [k] being φ_k, of (n, n, *R); two states in closed form."""
    n = len(hamiltonian)
    if n == 1:
        return hamiltonian[0].real.copy(), np.ones_like(hamiltonian)
    if n == 2:
        return _two_states(hamiltonian)
    values, vectors = np.linalg.eigh(np.moveaxis(hamiltonian, (0, 1), (-2, -1)))
    return np.ascontiguousarray(np.moveaxis(values, -1, 0)), np.ascontiguousarray(np.moveaxis(vectors, (-1, -2), (0, 1)))


def _two_states(h: Array) -> tuple[Array, Array]:
    """E = m ∓ e, e = √(d² + |c|²), of m + [[d, c], [c*, -d]]; the component that does not cancel is the one used."""
    mean, d, c = 0.5 * (h[0, 0] + h[1, 1]).real, 0.5 * (h[0, 0] - h[1, 1]).real, h[0, 1]
    e = np.hypot(d, np.abs(c))
    large = e + np.abs(d)
    first, second = np.where(d >= 0.0, -c, large), np.where(d >= 0.0, large, -np.conj(c))
    touching = e == 0.0
    second = np.where(touching, 1.0, second)
    norm = np.hypot(np.abs(first), np.abs(second))
    first, second = first / norm, second / norm
    return np.stack([mean - e, mean + e]), np.array([[first, second], [-np.conj(second), np.conj(first)]])


def continuous(states: Array, electronic_axes: int) -> Array:
    """(count, *electronic, *R) with parallel-transported phases; the first point has a real positive largest part."""
    nuclear = states.shape[1 + electronic_axes :]
    flat = states.reshape(len(states), -1, *nuclear)
    start = flat.reshape(*flat.shape[:2], -1)[..., 0]
    largest = start[np.arange(len(start)), np.argmax(np.abs(start), axis=1)]
    flat = flat * (largest.conj() / np.abs(largest)).reshape(-1, 1, *(1,) * len(nuclear))
    for axis in reversed(range(len(nuclear))):
        line = flat[(..., *(0,) * (len(nuclear) - axis - 1))]
        before, after = line[..., :-1], line[..., 1:]
        overlap = np.einsum("ke...,ke...->k...", before.conj(), after)
        size = np.abs(overlap)
        step = np.where(size > 0.0, overlap.conj() / np.where(size > 0.0, size, 1.0), 1.0)
        turn = np.cumprod(np.concatenate([np.ones_like(step[..., :1]), step], axis=-1), axis=-1)
        flat *= turn.reshape(turn.shape[0], 1, *turn.shape[1:], *(1,) * (len(nuclear) - axis - 1))
    return flat.reshape(states.shape)


def _one_electron(axis: GridCoordinate, potentials: Array, count: int) -> tuple[Array, Array]:
    """Energies (G, count) and unit vectors (G, count, points) of T + V_g, V (G, points)."""
    if axis.points > DENSE_ELECTRON:
        return _iterative((axis,), potentials, count)
    kinetic, diagonal = kinetic_matrix(axis), np.arange(axis.points)
    energies = np.empty((len(potentials), count))
    vectors = np.empty((len(potentials), count, axis.points))
    for g, potential in enumerate(potentials):
        matrix = kinetic.copy(order="F")
        matrix[diagonal, diagonal] += potential
        energies[g], found = scipy.linalg.eigh(
            matrix, subset_by_index=(0, count - 1), overwrite_a=True, check_finite=False, driver="evr"
        )
        vectors[g] = found.T
    return energies, vectors


def _iterative(axes: tuple[GridCoordinate, ...], potentials: Array, count: int) -> tuple[Array, Array]:
    """The same for many points or two electrons, started from the geometry before and, against missed states, from scratch."""
    size = int(np.prod(potentials.shape[1:]))
    energies, vectors = np.empty((len(potentials), count)), np.empty((len(potentials), count, size))
    shared = Separable.of(Problem(axes, np.min(potentials, axis=0))) if len(axes) == 1 else None
    for g, potential in enumerate(potentials):
        problem = Problem(axes, np.ascontiguousarray(potential))
        separable = shared or Separable.of(problem)
        fresh = separable.guess(1, count + 2)
        guess = np.concatenate([vectors[g - 1], fresh]) if g else fresh
        found = solve(problem, count, RESIDUAL, guess=guess, separable=separable)
        energies[g], vectors[g] = found.energies, found.vectors
    return energies, vectors
