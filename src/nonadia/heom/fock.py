"""The molecule's many-body states: levels ⊗ vibrations, ordered by conserved charges.

Levels that no one-body term, vibronic hopping or bath channel connects carry separate conserved electron
numbers (spin up and down of an Anderson impurity, for example). A component is a connected set of levels, the
charge of a state is the vector of electron numbers of the components, and a sector holds all states of one
charge. Fermion operators follow Jordan-Wigner in the order of the levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..models.frozen import ComplexArray, FloatArray, FrozenJunction


def level_components(frozen: FrozenJunction) -> NDArray[np.int64]:
    """Label (n,) of the connected component of each level, from every grid point that `frozen` holds."""
    n = frozen.n_levels
    linked = np.zeros((n, n), dtype=bool)
    for array in (frozen.h, frozen.dh, frozen.vibronic, frozen.dvibronic):
        if array.size:
            linked |= np.any(array.reshape(-1, n, n) != 0, axis=0)
    for channel in frozen.channels:
        support = channel.vector != 0
        linked |= np.outer(support, support)
    label = np.arange(n)
    for i in range(n):
        for j in range(n):
            if linked[i, j] or linked[j, i]:
                label[label == label[i]] = label[j]
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class FockSpace:
    """Basis of n levels and harmonic modes with `vibration_states` states each.

    `component` (n,) labels the conserved charges. State arrays are sorted by sector: sector s occupies
    offsets[s] : offsets[s + 1] and has the charge charges[s] (one integer per component).
    origins: the states of a vibration are those of an oscillator displaced to ⟨b⟩ = origin (real; all 0 if left out), so that a
    motion about that point needs few of them.
    """

    n_levels: int
    vibration_states: tuple[int, ...]
    component: tuple[int, ...]
    origins: tuple[float, ...] = ()

    @classmethod
    def of(cls, frozen: FrozenJunction) -> FockSpace:
        return cls(
            frozen.n_levels,
            tuple(int(s) for s in frozen.vibration_states),
            tuple(int(c) for c in level_components(frozen)),
        )

    @cached_property
    def n_vibrational(self) -> int:
        return int(np.prod(self.vibration_states, dtype=np.int64)) if self.vibration_states else 1

    @cached_property
    def dimension(self) -> int:
        return 2**self.n_levels * self.n_vibrational

    @cached_property
    def n_components(self) -> int:
        return max(self.component) + 1

    @cached_property
    def capacity(self) -> NDArray[np.int64]:
        """Number of levels in each component: the largest charge difference it can carry."""
        return np.bincount(self.component, minlength=self.n_components)

    @cached_property
    def _electronic_charge(self) -> NDArray[np.int64]:
        occupied = (np.arange(2**self.n_levels)[:, None] >> np.arange(self.n_levels)) & 1
        return occupied @ np.eye(self.n_components, dtype=np.int64)[list(self.component)]

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        charge = np.repeat(self._electronic_charge, self.n_vibrational, axis=0)
        return np.lexsort(charge.T[::-1])  # lexsort is stable

    @property
    def sorted_from(self) -> NDArray[np.int64]:
        """Place of each sorted state in the product electronic states ⊗ vibrations, (dimension,)."""
        return self._order

    @cached_property
    def state_charge(self) -> NDArray[np.int64]:
        """Charges of the sorted states, (dimension, n_components)."""
        return np.repeat(self._electronic_charge, self.n_vibrational, axis=0)[self._order]

    @cached_property
    def charges(self) -> NDArray[np.int64]:
        return np.unique(self.state_charge, axis=0)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        change = np.any(np.diff(self.state_charge, axis=0) != 0, axis=1)
        return np.concatenate([[0], np.flatnonzero(change) + 1, [self.dimension]])

    @cached_property
    def electronic_annihilators(self) -> FloatArray:
        """d_m on the 2^n electronic states before sorting, (n, 2^n, 2^n), Jordan-Wigner signs."""
        size = 2**self.n_levels
        out = np.zeros((self.n_levels, size, size))
        for m in range(self.n_levels):
            for state in range(size):
                if state >> m & 1:
                    sign = (-1) ** bin(state & ((1 << m) - 1)).count("1")
                    out[m, state & ~(1 << m), state] = sign
        return out

    def lift(self, electronic: NDArray, vibrational: NDArray | None = None) -> NDArray:
        """electronic ⊗ vibrational (identity by default) as a matrix over the sorted states."""
        if vibrational is None:
            vibrational = np.eye(self.n_vibrational)
        return np.kron(electronic, vibrational)[np.ix_(self._order, self._order)]

    def ladder(self, mode: int) -> FloatArray:
        """b of one vibration on the product space of all vibrations."""
        out: NDArray = np.ones((1, 1))
        origin = self.origins[mode] if self.origins else 0.0
        for index, states in enumerate(self.vibration_states):
            lower = np.diag(np.sqrt(np.arange(1.0, states)), 1) + origin * np.eye(states)
            out = np.kron(out, lower if index == mode else np.eye(states))
        return out

    def one_body(self, matrix: ComplexArray) -> ComplexArray:
        """Σ_mm' matrix_mm' d†_m d_m' on the electronic states before sorting."""
        d = self.electronic_annihilators
        return np.einsum("mn,mki,nkj->ij", matrix, d, d, optimize=True)

    def pair(self, matrix: FloatArray) -> FloatArray:
        """Σ_{m<m'} matrix_mm' n_m n_m' on the electronic states before sorting (diagonal)."""
        occupied = ((np.arange(2**self.n_levels)[:, None] >> np.arange(self.n_levels)) & 1).astype(float)
        return np.diag(0.5 * np.einsum("im,mn,in->i", occupied, matrix, occupied))

    def hamiltonian(self, frozen: FrozenJunction) -> ComplexArray:
        """H_mol of theory B1 without U_0(x) over the sorted states, (dimension, dimension)."""
        total = self.lift(self.one_body(frozen.h) + self.pair(frozen.u))
        identity = np.eye(2**self.n_levels)
        for mode, frequency in enumerate(frozen.frequencies):
            b = self.ladder(mode)
            total = total + frequency * self.lift(identity, b.T @ b)
        return total + self._vibronic(frozen.vibronic)

    def force_operator(self, frozen: FrozenJunction, coordinate: int) -> ComplexArray:
        """-∂_iH_mol over the sorted states: the molecular part of the force operator, LD(45)."""
        derivative = self.lift(self.one_body(frozen.dh[coordinate]) + self.pair(frozen.du[coordinate]))
        return -(derivative + self._vibronic(frozen.dvibronic[coordinate]))

    def _vibronic(self, couplings: ComplexArray) -> ComplexArray:
        total = np.zeros((self.dimension, self.dimension), dtype=complex)
        for mode, matrix in enumerate(couplings):
            if np.any(matrix):
                b = self.ladder(mode)
                total += self.lift(self.one_body(matrix), b + b.T)
        return total

    def channel_operator(self, vector: ComplexArray) -> ComplexArray:
        """f = Σ_m conj(w_m) d_m over the sorted states."""
        return self.lift(np.tensordot(np.conj(vector), self.electronic_annihilators, axes=1).astype(complex))

    def occupation(self, level: int) -> FloatArray:
        """d†_m d_m over the sorted states."""
        d = self.electronic_annihilators[level]
        return self.lift(d.T @ d)

    def number(self) -> FloatArray:
        """N = Σ_m d†_m d_m over the sorted states."""
        return np.diag(self.state_charge.sum(axis=1).astype(float))

    def quanta(self, mode: int) -> FloatArray:
        """b†b of one vibration over the sorted states."""
        b = self.ladder(mode)
        return self.lift(np.eye(2**self.n_levels), b.T @ b)
