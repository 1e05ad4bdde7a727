"""The Hamiltonian of a molecule on its grid.

    H ψ = Σ_a (-i∂_a + A_a)²ψ/(2M_a) + H_BO(t) ψ + v(t) ψ - i W ψ             (theory A1)

Derivatives are taken in Fourier space; the product terms of (p + A)² are symmetrised, so that H stays Hermitian on the grid.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..models.grid_functions import Envelope
from ..models.molecule import GridCoordinate, Molecule
from .fft import Complex, transform
from .kernels import apply_matrix
from .sparse import SparseAction

Array = NDArray[np.complex128] | NDArray[np.float64]


def wave_numbers(axis: GridCoordinate) -> NDArray[np.float64]:
    """k of each Fourier component, (points,), in FFT order."""
    return np.asarray(2.0 * np.pi * np.fft.fftfreq(axis.points, axis.step), dtype=np.float64)


def derivative_numbers(axis: GridCoordinate) -> NDArray[np.float64]:
    """k for first derivatives: the Nyquist component, whose sign is unknown, is left out."""
    k = wave_numbers(axis)
    if axis.points % 2 == 0:
        k[axis.points // 2] = 0.0
    return k


def along(values: NDArray, axis: int, ndim: int) -> NDArray:
    """A 1D array shaped for broadcasting along one axis."""
    return values.reshape([-1 if i == axis else 1 for i in range(ndim)])


class Hamiltonian:
    """H(t) on the grid of `molecule`; psi everywhere has shape molecule.shape, complex128, C-contiguous."""

    def __init__(self, molecule: Molecule) -> None:
        self.molecule = molecule
        self.states = molecule.states
        electronic = len(molecule.electronic_axes)
        lead = electronic or 1  # axes of ψ in front of the nuclear ones
        self.ndim = lead + len(molecule.coordinates)
        self.nuclear_axes = tuple(range(lead, self.ndim))
        self.electronic_axes = tuple(range(electronic))
        self.grid_axes = (*self.electronic_axes, *self.nuclear_axes)
        self.coordinates = (*molecule.electronic_axes, *molecule.coordinates)  # of grid_axes
        self.size = int(np.prod(molecule.shape))
        self.points = int(np.prod(molecule.nuclear_shape)) if self.states else self.size
        self.volume = molecule.volume
        # k²/2M along every grid axis, and their sum shaped like ψ̂ (without the axis of the states)
        self.kinetic = [wave_numbers(c) ** 2 / (2.0 * c.mass) for c in self.coordinates]
        shape = molecule.nuclear_shape if self.states else molecule.shape
        self.kinetic_sum = np.zeros(shape)
        for i, values in enumerate(self.kinetic):
            self.kinetic_sum += along(values, i, len(shape))
        self.electronic_kinetic = np.zeros([1] * self.ndim)
        for axis, values in zip(self.electronic_axes, self.kinetic, strict=False):
            self.electronic_kinetic = self.electronic_kinetic + along(values, axis, self.ndim)
        terms = molecule.hamiltonian_terms()
        self._sparse = None if terms is None else SparseAction(terms)
        slopes = molecule.gradient_terms()
        self._slopes = None if slopes is None else [SparseAction(terms) for terms in slopes]
        self._scalar = molecule.scalar_parts()
        self._vector = molecule.vector_parts()
        self._last: tuple[float, Array] | None = None
        self.absorber = molecule.absorber()
        self.time_dependent = molecule.time_dependent

    # --- potentials -------------------------------------------------------------------------------

    @functools.cached_property
    def _parts(self) -> list[tuple[Envelope, Array]] | None:
        """H_BO = Σ_k f_k(t) H_k as tables (n, n, *R); of sparse electrons only when a method needs the whole matrix."""
        return self.molecule.hamiltonian_parts()

    @functools.cached_property
    def _static(self) -> Array | None:
        return self._sum(0.0, static=True)

    def _sum(self, t: float, static: bool) -> Array | None:
        """Σ f_k(t) H_k over the static or the driven parts of H_BO + v; None where nothing is to add."""
        total: Array | None = None
        for f, part in self._parts or []:
            if (f is None) == static:
                total = _added(total, part if f is None else float(np.real(f(t))) * part)
        for f, part in self._scalar or []:
            if (f is None) == static:
                value = part.real if f is None else float(np.real(f(t))) * part.real
                total = _added(total, self._diagonal(value))
        return total

    def _diagonal(self, v: NDArray) -> NDArray:
        """v(R) as an operator on ψ: (n, n, *R) or shaped like ψ."""
        if not self.states:
            return np.broadcast_to(v, self.molecule.shape)
        return np.eye(self.states).reshape((self.states, self.states) + (1,) * v.ndim) * v

    def potential(self, t: float) -> Array:
        """H_BO + v without the electronic kinetic energy: (n, n, *R), or shaped like ψ in real space."""
        if self._last is not None and self._last[0] == t:
            return self._last[1]
        total = self._static
        if self.time_dependent:
            total = _added(total, self._sum(t, static=False))
            if self._parts is None:
                total = _added(total, self.molecule.hamiltonian(t))
            if self._scalar is None:
                v = self.molecule.scalar_value(t)
                assert v is not None
                total = _added(total, self._diagonal(v))
        if total is None:
            zero = np.zeros(self.molecule.nuclear_shape)
            return self._diagonal(zero) if self.states else np.zeros(self.molecule.shape)
        if self.time_dependent:
            self._last = (t, total)
        return total

    def driving(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Energies (momenta) of what depends on time, sampled: (T, K), one column for each driven part of H_BO, v and A.

        f_k(t) times the largest |H_k|; where H is not known as such a sum, values of it at a few points of the grid.
        """
        columns: list[NDArray[np.float64]] = []
        for parts, values in (
            (self._parts if self._sparse is None else [], self.molecule.hamiltonian),
            (self._scalar, self.molecule.scalar_value),
            (self._vector, self.molecule.vector_value),
        ):
            if parts is None:
                table = np.array([np.asarray(values(float(t))).reshape(-1)[:: self._stride()] for t in times[:: self.SPARSE]])
                fine = np.arange(len(times)) / self.SPARSE
                columns += [np.interp(fine, np.arange(len(table)), np.abs(column)) for column in table.T]
                columns += [np.interp(fine, np.arange(len(table)), column.real) for column in table.T]
            else:
                driven = [(f, float(np.abs(part).max())) for f, part in parts if f is not None]
                columns += [size * np.broadcast_to(np.real(f(times)), times.shape) for f, size in driven]
        return np.stack(columns, axis=1) if columns else np.zeros((len(times), 1))

    SPARSE = 32  # a general H(t) is evaluated at one in so many of the times

    def _stride(self) -> int:
        return max(1, self.points // 29)

    def vector(self, t: float) -> NDArray[np.float64]:
        """The external A (D, *R)."""
        if self._vector is None:
            value = self.molecule.vector_value(t)
            assert value is not None
            return value
        total = np.zeros((len(self.nuclear_axes), *self.molecule.nuclear_shape))
        for f, part in self._vector:
            total += part if f is None else float(np.real(f(t))) * part
        return total

    def electronic(self, t: float) -> Array:
        """H_BO alone, without v and the electronic kinetic energy."""
        if self._scalar == []:
            return self.potential(t)
        return self.molecule.hamiltonian(t)

    # --- action -----------------------------------------------------------------------------------

    def multiply(self, operator: Array, psi: Complex) -> Complex:
        """operator ψ for a matrix over states or a function in real space."""
        if not self.states:
            return np.asarray(operator * psi)
        out = np.empty_like(psi)
        n = self.states
        flat = np.ascontiguousarray(operator).reshape(n, n, -1)
        apply_matrix(flat, psi.reshape(n, -1), out.reshape(n, -1))
        return out

    def apply_electronic(self, psi: Complex, t: float) -> Complex:
        """H_BO ψ, including the kinetic energy of electrons in real space."""
        out = self._sparse.apply(psi) if self._sparse is not None else self.multiply(self.electronic(t), psi)
        if self.electronic_axes:
            work = psi.copy()
            transform(work, self.electronic_axes, True)
            work *= self.electronic_kinetic
            transform(work, self.electronic_axes, False)
            out += work
        return out

    def apply_gradient(self, psi: Complex, t: float) -> list[Complex] | None:
        """(∂_a H_BO) ψ for each nuclear coordinate; None where only values of H_BO are known."""
        if self._slopes is not None:
            return [action.apply(psi) for action in self._slopes]
        gradient = None if self._sparse is not None else self.molecule.hamiltonian_gradient(t)
        return None if gradient is None else [self.multiply(part, psi) for part in gradient]

    def apply(self, psi: Complex, t: float) -> Complex:
        """H(t) ψ without the absorber."""
        return self.apply_sum(psi, [(1.0, t)])

    def apply_sum(self, psi: Complex, weights: Sequence[tuple[float, float]]) -> Complex:
        """Σ_k w_k H(t_k) ψ."""
        total = sum(w for w, _ in weights)
        if self._sparse is not None:
            out = self._sparse.apply(psi, total)
            for w, t in weights:
                v = self.molecule.scalar_value(t)
                if v is not None:
                    out += w * v * psi
        else:
            if len({t for _, t in weights}) == 1 or not self.time_dependent:
                operator = self.potential(weights[0][1]) * total if total != 1.0 else self.potential(weights[0][1])
            else:
                operator = np.sum([w * self.potential(t) for w, t in weights], axis=0)
            out = self.multiply(operator, psi)
        hat = psi.copy()
        transform(hat, self.grid_axes, True)
        if self.molecule.has_vector_potential:
            for w, t in weights:
                self._add_vector_terms(out, psi, hat, w, t)
        hat *= total * self.kinetic_sum
        transform(hat, self.grid_axes, False)
        out += hat
        return out

    def _add_vector_terms(self, out: Complex, psi: Complex, hat: Complex, weight: float, t: float) -> None:
        """out += weight Σ_a [A_a p_a + p_a A_a + A_a²] ψ / (2M_a)"""
        vector = self.vector(t)
        for a, (axis, c) in enumerate(zip(self.nuclear_axes, self.molecule.coordinates, strict=True)):
            k = along(derivative_numbers(c), axis, self.ndim)
            scale = weight / (2.0 * c.mass)
            moved = hat * k
            transform(moved, self.grid_axes, False)
            product = vector[a] * psi
            out += scale * vector[a] * (moved + product)
            transform(product, (axis,), True)
            product *= k
            transform(product, (axis,), False)
            out += scale * product

    def energy(self, psi: Complex, t: float) -> float:
        """⟨ψ|H|ψ⟩/⟨ψ|ψ⟩"""
        return float(np.vdot(psi, self.apply(psi, t)).real / np.vdot(psi, psi).real)

    def bounds(self, weights: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """(lowest, highest) that contain the spectrum of Σ_k w_k H(t_k)."""
        low = high = 0.0
        for w, t in weights:
            if self._sparse is not None:
                bottom, top = self._sparse.bounds()
                scalar = self.molecule.scalar_value(t)
                if scalar is not None:
                    bottom, top = bottom + float(scalar.min()), top + float(scalar.max())
            elif self.states:
                v = self.potential(t)
                diagonal = np.stack([v[i, i].real for i in range(self.states)])
                others = np.abs(v).sum(axis=1) - np.abs(diagonal)
                bottom, top = float((diagonal - others).min()), float((diagonal + others).max())
            else:
                v = self.potential(t)
                bottom, top = float(v.real.min()), float(v.real.max())
            kinetic = float(self.kinetic_sum.max())
            if self.molecule.has_vector_potential:
                vector = self.vector(t)
                kinetic = sum(
                    (c.largest_momentum + float(np.abs(a).max())) ** 2 / (2.0 * c.mass)
                    for c, a in zip(self.molecule.coordinates, vector, strict=True)
                ) + sum(float(k.max()) for k in self.kinetic[: len(self.electronic_axes)])
            ends = sorted((w * bottom, w * (top + kinetic)))
            low, high = low + ends[0], high + ends[1]
        return low, high


def _added(total: Array | None, more: Array | None) -> Array | None:
    return more if total is None else total if more is None else total + more
