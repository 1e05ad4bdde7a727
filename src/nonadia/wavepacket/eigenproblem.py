"""Lowest eigenstates of particles on a periodic Fourier grid: H = Σ_a p_a²/(2 m_a) + V.

    ⟨x_i| p²/(2m) |x_j⟩ = (1/N) Σ_k (k²/2m) e^{ik(x_i - x_j)}          (Fourier grid Hamiltonian: C. C. Marston,
                                                                     G. G. Balint-Kurti, J. Chem. Phys. 91, 3571 (1989))

The same operator as in the split-operator propagation. Few grid points: dense diagonalisation. Many: block Davidson with the
separable problem Σ_a [p_a²/(2m_a) + V_a(x_a)] as preconditioner and as the source of first guesses, V_a being the lowest
potential at x_a: exact for uncoupled coordinates, and it removes the steep walls and the large kinetic energies that make
Lanczos slow. Where that fails, the potential being far from separable, restarted Lanczos takes over.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
import scipy.linalg
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from ..models.molecule import GridCoordinate
from .davidson import Block, Eigenpairs, NotConverged, lowest
from .fft import transform

Array = NDArray[Any]
LANCZOS_RESTARTS = 400
DENSE = 1024  # unknowns up to which dense diagonalisation is the faster way


def kinetic_eigenvalues(axis: GridCoordinate) -> NDArray[np.float64]:
    """k²/(2m) in the order of the FFT, (points,)"""
    return (2.0 * np.pi * scipy.fft.fftfreq(axis.points, axis.step)) ** 2 / (2.0 * axis.mass)


def kinetic_matrix(axis: GridCoordinate) -> NDArray[np.float64]:
    """⟨x_i|p²/(2m)|x_j⟩, real, symmetric, circulant: (points, points)"""
    return scipy.linalg.circulant(scipy.fft.ifft(kinetic_eigenvalues(axis)).real)


def apply_kinetic(block: Block, axes: Sequence[GridCoordinate]) -> Block:
    """Σ_a p_a²/(2m_a) on the last axes of `block`; real stays real, with half the work."""
    over = tuple(range(-len(axes), 0))
    eigenvalues = functools.reduce(np.add.outer, [kinetic_eigenvalues(a) for a in axes])
    if np.iscomplexobj(block):
        hat = np.array(block, order="C")
        transform(hat, over, True)
        hat *= eigenvalues
        transform(hat, over, False)
        return hat
    half = eigenvalues[..., : axes[-1].points // 2 + 1]
    return scipy.fft.irfftn(half * scipy.fft.rfftn(block, axes=over), s=eigenvalues.shape, axes=over, overwrite_x=True)


@dataclass(frozen=True, eq=False)
class Problem:
    """Σ_a p_a²/(2m_a) + V on `axes`, V (*axes) a potential or (n, n, *axes) a Hermitian matrix of n coupled states."""

    axes: tuple[GridCoordinate, ...]
    potential: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(a.points for a in self.axes)

    @property
    def states(self) -> int:
        return 1 if self.potential.ndim == len(self.axes) else len(self.potential)

    @functools.cached_property
    def matrix(self) -> Array:
        """V as (n, n, *axes), real where it is."""
        v = self.potential.reshape(self.states, self.states, *self.shape)
        return np.ascontiguousarray(v.real) if np.iscomplexobj(v) and not v.imag.any() else v

    @functools.cached_property
    def floor(self) -> NDArray[np.float64]:
        """A potential not above V: the lowest eigenvalue of V(x) (two states), or its Gershgorin bound: (*axes)"""
        v = self.matrix
        if self.states == 1:
            return v[0, 0].real
        if self.states == 2:
            return 0.5 * (v[0, 0] + v[1, 1]).real - np.hypot(0.5 * (v[0, 0] - v[1, 1]).real, np.abs(v[0, 1]))
        diagonal = np.einsum("ii...->i...", v).real
        return np.min(diagonal - (np.abs(v).sum(axis=1) - np.abs(diagonal)), axis=0)

    def apply(self, block: Block) -> Block:
        """H on (b, n·points)"""
        psi = block.reshape(len(block), self.states, *self.shape)
        result = apply_kinetic(psi, self.axes)
        if self.states == 1:
            result += self.matrix[0, 0] * psi
        else:
            result = result + np.einsum("ij...,bj...->bi...", self.matrix, psi)
        return result.reshape(block.shape)

    def dense(self) -> Array:
        """H as a matrix, (n·points, n·points)"""
        points = int(np.prod(self.shape))
        result = np.zeros((self.states, points, self.states, points), dtype=self.matrix.dtype)
        kinetic = np.zeros((points, points))
        for i, axis in enumerate(self.axes):
            before, after = int(np.prod(self.shape[:i])), int(np.prod(self.shape[i + 1 :]))
            kinetic += np.kron(np.kron(np.eye(before), kinetic_matrix(axis)), np.eye(after))
        index = np.arange(points)
        for i in range(self.states):
            result[i, :, i, :] = kinetic
            for j in range(self.states):
                result[i, index, j, index] += self.matrix[i, j].ravel()
        return result.reshape(self.states * points, self.states * points)


@dataclass(frozen=True, eq=False)
class Separable:
    """Σ_a h_a, h_a = p_a²/(2m_a) + V_a(x_a).

    modes[a] : (points, points), columns are the eigenvectors of h_a; levels : Σ_a e_a (*axes);
    spacing : the smallest e_1 - e_0.
    """

    shape: tuple[int, ...]
    modes: tuple[NDArray[np.float64], ...]
    levels: NDArray[np.float64]
    spacing: float

    @classmethod
    def of(cls, problem: Problem) -> Separable:
        """V_a(x_a): the lowest potential over the other coordinates, shifted so that Σ_a V_a is right at the minimum."""
        floor, modes, energies = problem.floor, [], []
        least = float(floor.min())
        for i, axis in enumerate(problem.axes):
            lowest_at = np.min(floor, axis=tuple(j for j in range(floor.ndim) if j != i)) - least
            values, vectors = scipy.linalg.eigh(kinetic_matrix(axis) + np.diag(lowest_at), overwrite_a=True)
            modes.append(vectors)
            energies.append(values)
        spacing = min(float(e[1] - e[0]) for e in energies)
        levels = functools.reduce(np.add.outer, energies) + least
        return cls(problem.shape, tuple(modes), levels, max(spacing, 1e-6 * float(np.ptp(levels))))

    def precondition(self, residuals: Block, energies: NDArray[np.float64]) -> Block:
        """(Σ_a h_a - E)⁻¹ r, with |Σ_a e_a - E| at least half a level spacing."""
        c = self._turn(residuals.reshape(len(residuals), -1, *self.shape), to_modes=True)
        shift = energies.reshape(-1, 1, *[1] * len(self.shape))
        c /= np.maximum(np.abs(self.levels - shift), 0.5 * self.spacing)
        return self._turn(c, to_modes=False).reshape(residuals.shape)

    def guess(self, states: int, count: int) -> NDArray[np.float64]:
        """Products of modes with the lowest energies, in each state, and one random low-energy vector: (≥ count, n·points)"""
        generator = np.random.default_rng(0)
        order = np.argsort(self.levels, axis=None)[:count]
        c = np.zeros((states * len(order) + 1, states, *self.shape))
        for row, flat in enumerate(order):
            for state in range(states):
                c[(row * states + state, state, *np.unravel_index(flat, self.shape))] = 1.0
        falling = self.spacing / (self.levels - self.levels.min() + self.spacing)
        c[-1] = generator.normal(size=c.shape[1:]) * falling**2
        return self._turn(c, to_modes=False).reshape(len(c), -1)

    def _turn(self, psi: Block, to_modes: bool) -> Block:
        """Between grid values and coefficients of modes, along every axis."""
        for i, modes in enumerate(self.modes):
            turn = modes.T if to_modes else modes
            axis = psi.ndim - len(self.modes) + i
            if axis == psi.ndim - 1:
                psi = psi @ turn.T
            else:
                psi = np.moveaxis(np.tensordot(turn, psi, axes=(1, axis)), 0, axis)
        return psi


def solve(
    problem: Problem,
    count: int,
    tolerance: float = 1e-10,
    apply: Callable[[Block], Block] | None = None,
    guess: Block | None = None,
    separable: Separable | None = None,
) -> Eigenpairs:
    """The `count` lowest eigenpairs, vectors of unit Euclidean norm on the grid.

    apply : another operator near the problem's (with a vector potential, say), complex; guess : first vectors (b, n·points);
    separable : the preconditioner, if it is known already; without it small problems are solved densely.
    tolerance : of ‖Hψ - Eψ‖, Hartree. Raises NotConverged.
    """
    size = problem.states * int(np.prod(problem.shape))
    if apply is None and separable is None and size <= DENSE:
        return _dense(problem, count)
    separable = separable or Separable.of(problem)
    if guess is None:
        guess = separable.guess(problem.states, count + 2)
    if apply is not None or np.iscomplexobj(problem.matrix):
        guess = guess.astype(complex)
    try:
        return lowest(apply or problem.apply, separable.precondition, guess, count, tolerance)
    except NotConverged as failure:  # the potential is far from separable
        found = _lanczos(apply or problem.apply, guess, count, tolerance)
        if found is None or np.max(found.residuals) > tolerance:
            raise failure from None
        return found


def _lanczos(apply: Callable[[Block], Block], guess: Block, count: int, tolerance: float) -> Eigenpairs | None:
    """Restarted Lanczos without a preconditioner: many applications of H, whatever the potential."""
    applications = 0

    def matvec(vector: Block) -> Block:
        nonlocal applications
        applications += 1
        return np.asarray(apply(vector.reshape(1, -1))[0])

    size = guess.shape[1]
    operator = LinearOperator((size, size), matvec=matvec, dtype=guess.dtype)
    try:
        values, vectors = eigsh(
            operator, count, which="SA", v0=guess[0], ncv=max(40, 3 * count), tol=0.01 * tolerance, maxiter=LANCZOS_RESTARTS
        )
    except ArpackError:
        return None
    vectors = np.ascontiguousarray(vectors.T)
    residuals = np.linalg.norm(apply(vectors) - values[:, None] * vectors, axis=1)
    return Eigenpairs(values, vectors, residuals, applications)


def _dense(problem: Problem, count: int) -> Eigenpairs:
    matrix = problem.dense()
    values, vectors = scipy.linalg.eigh(matrix, subset_by_index=(0, count - 1), check_finite=False)
    vectors = np.ascontiguousarray(vectors.T)
    residuals = np.linalg.norm(problem.apply(vectors) - values[:, None] * vectors, axis=1)
    return Eigenpairs(values, vectors, residuals, 0)
