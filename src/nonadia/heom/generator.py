"""The generator of the hierarchy at one geometry, its parts and its adjoint, on vectors of stored elements.

𝓛 = -i(H_L - H_R) - κ - i Σ_K g_K (W_K,L - W_K,R)      (theory B3; LD(16)-(18))

A vector holds the stored complex elements tier by tier. It stands for the whole hierarchy, whose inner product
⟨φ, ρ⟩ = Re Σ_J tr φ_J† ρ_J counts a stored ADO twice unless it is self-conjugate; adjoints refer to it.
In the eigenbasis of H every diagonal block of 𝓛 is diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from . import kernels
from .hierarchy import Hierarchy
from .modes import Modes


@dataclass(frozen=True)
class Coupling:
    """A tier-coupling superoperator: per mode the weights of d ρ and ρ d downwards (a) and upwards (b)."""

    a_left: ComplexArray
    a_right: ComplexArray
    b_left: ComplexArray
    b_right: ComplexArray

    @property
    def adjoint(self) -> Coupling:
        return Coupling(self.b_left.conj(), self.b_right.conj(), self.a_left.conj(), self.a_right.conj())


def commutator_coupling(modes: Modes, weight: FloatArray) -> Coupling:
    """-i Σ_K weight_K (W_K,L - W_K,R): with weight = g the tier coupling of 𝓛, with ∂_ig that of ∂_i𝓛."""
    w = -1j * np.asarray(weight, dtype=complex)[modes.lead]
    return Coupling(w * modes.eta, w * modes.eta_bar, w, w)


def anticommutator_coupling(modes: Modes, weight: FloatArray) -> Coupling:
    """½ Σ_K weight_K (W_K,L + W_K,R): the coupling part of a symmetrised force operator, weight = -∂_ig."""
    w = np.asarray(0.5 * np.asarray(weight)[modes.lead], dtype=complex)
    return Coupling(w * modes.eta, -w * modes.eta_bar, w, -w)


class Generator:
    """𝓛 for one `FrozenJunction` (a single grid point) on a prepared `Hierarchy`.

    eigenbasis=True rotates all operators into the eigenstates of H sector by sector (steady states); False keeps the
    basis of levels and vibrations, so that vectors at different geometries can be compared (propagation with x(t)).
    neighbour: a generator at a nearby geometry; the eigenstates are ordered and rotated to resemble its eigenstates, so
    that vectors and factorisations of one serve as starting points at the other.
    Energies in Hartree; errors: ValueError if `frozen` holds more than one point.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        modes: Modes,
        frozen: FrozenJunction,
        eigenbasis: bool = True,
        neighbour: Generator | None = None,
    ) -> None:
        if frozen.grid_shape:
            raise ValueError(f"one geometry is needed, got a grid of shape {frozen.grid_shape}")
        self.hierarchy, self.modes, self.eigenbasis = hierarchy, modes, eigenbasis
        fock = hierarchy.fock
        self.basis: ComplexArray = np.eye(fock.dimension, dtype=complex)
        self.off_diagonal: ComplexArray | None = None
        if eigenbasis:
            self.frozen, hamiltonian = frozen, fock.hamiltonian(frozen)
            self.energies: FloatArray = np.zeros(fock.dimension)
            for s in range(len(fock.charges)):
                block = slice(fock.offsets[s], fock.offsets[s + 1])
                energies, states = np.linalg.eigh(hamiltonian[block, block])
                if neighbour is not None:
                    energies, states = _aligned(energies, states, neighbour.basis[block, block])
                self.energies[block], self.basis[block, block] = energies, states
            self.coupling = commutator_coupling(modes, frozen.g)
        else:
            self._set_geometry(frozen)
        self.data = np.zeros(hierarchy.products.operator_size, dtype=complex)
        self.weights = np.zeros((2 * len(modes.operators), fock.dimension, fock.dimension))
        for u, vector in enumerate(modes.operators):
            lower = self.rotate(fock.channel_operator(vector))
            for o, matrix in ((2 * u, lower.conj().T), (2 * u + 1, lower)):
                self.weights[o] = np.abs(matrix) ** 2
                self._store_operator(o, matrix)
        self.starts = hierarchy.starts
        self._buffers: dict[int, tuple[ComplexArray, ComplexArray, ComplexArray, ComplexArray]] = {}

    def _set_geometry(self, frozen: FrozenJunction) -> None:
        hamiltonian = self.hierarchy.fock.hamiltonian(frozen)
        self.frozen = frozen
        self.energies = hamiltonian.diagonal().real.copy()
        rest = hamiltonian - np.diag(self.energies)
        self.off_diagonal = np.ascontiguousarray(rest) if np.any(rest) else None
        self.coupling = commutator_coupling(self.modes, frozen.g)

    def move(self, frozen: FrozenJunction) -> None:
        """Same hierarchy and basis at another geometry (only without the eigenbasis): H and g_K change, the rest stays."""
        if self.eigenbasis:
            raise ValueError("a generator in the eigenbasis of H belongs to one geometry")
        self._set_geometry(frozen)
        self.__dict__.pop("diagonals", None)

    def from_eigenbasis(self, vector: ComplexArray) -> ComplexArray:
        """A vector of this generator in the basis of levels and vibrations, ρ_J → V ρ_J V†."""
        out = np.empty_like(vector)
        offsets = self.hierarchy.fock.offsets
        for n, tier in enumerate(self.hierarchy.tiers):
            old, new = self.tier(vector, n), self.tier(out, n)
            for g in np.unique(tier.charge):
                ados = np.flatnonzero(tier.charge == g)  # contiguous: ADOs are ordered by charge
                span = slice(tier.value[ados[0]], tier.value[ados[0]] + ados.size * self.sizes[g])
                source, target = old[span].reshape(ados.size, -1), new[span].reshape(ados.size, -1)
                for (a, b), start in self.hierarchy.layouts[g].blocks.items():
                    va = self.basis[offsets[a] : offsets[a + 1], offsets[a] : offsets[a + 1]]
                    vb = self.basis[offsets[b] : offsets[b + 1], offsets[b] : offsets[b + 1]]
                    size = len(va) * len(vb)
                    block = source[:, start : start + size].reshape(-1, len(va), len(vb))
                    target[:, start : start + size] = (va @ block @ vb.conj().T).reshape(-1, size)
        return out

    def rotate(self, matrix: NDArray) -> ComplexArray:
        """An operator over the states of `FockSpace` in the basis of this generator."""
        return np.ascontiguousarray(self.basis.conj().T @ matrix @ self.basis)

    def _store_operator(self, o: int, matrix: ComplexArray) -> None:
        fock = self.hierarchy.fock
        sector = {tuple(q): s for s, q in enumerate(fock.charges.tolist())}
        component = self.modes.component(fock.component)[o // 2]
        for (number, s), offset in self.hierarchy.products.operator_blocks.items():
            if number != o:
                continue
            charge = fock.charges[s].copy()
            charge[component] += 1 - 2 * (o % 2)
            t = sector[tuple(charge.tolist())]
            block = matrix[fock.offsets[t] : fock.offsets[t + 1], fock.offsets[s] : fock.offsets[s + 1]]
            self.data[offset : offset + block.size] = block.ravel()

    # -- pieces of one tier -------------------------------------------------------------------------------------

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Elements of an ADO of each charge."""
        return np.array([layout.size for layout in self.hierarchy.layouts], dtype=np.int64)

    @cached_property
    def _layout_start(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.sizes)])

    @cached_property
    def _element_states(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        layouts = self.hierarchy.layouts
        return np.concatenate([x.rows for x in layouts]), np.concatenate([x.columns for x in layouts])

    @cached_property
    def _blocks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        offsets = self.hierarchy.fock.offsets
        rows, start = [], [0]
        for layout in self.hierarchy.layouts:
            for (a, b), offset in layout.blocks.items():
                rows.append((offset, offsets[a], offsets[a + 1] - offsets[a], offsets[b], offsets[b + 1] - offsets[b]))
            start.append(len(rows))
        return np.array(start, dtype=np.int64), np.array(rows, dtype=np.int64)

    @cached_property
    def kappa_sums(self) -> list[ComplexArray]:
        """Σ_{j∈J} κ_j for every stored ADO, tier by tier."""
        return [self.modes.kappa[tier.modes].sum(axis=1) for tier in self.hierarchy.tiers]

    @cached_property
    def diagonals(self) -> list[ComplexArray]:
        """-i(E_a - E_b) - Σκ for every stored element, tier by tier."""
        a, b = self._element_states
        energy = self.energies[a] - self.energies[b]
        out = []
        for tier, kappa in zip(self.hierarchy.tiers, self.kappa_sums, strict=True):
            values = np.empty(tier.size, dtype=complex)
            kernels.diagonal(values, tier.charge, tier.value, kappa, self._layout_start, energy)
            out.append(values)
        return out

    def tier_self_energy(self, n: int, shift: float = 0.0) -> ComplexArray:
        """Diagonal of (up ∘ 1/(diagonal - shift) of tier n + 1 ∘ down) on tier n: it moves the preconditioner's diagonal."""
        tier, modes, coupling = self.hierarchy.tiers[n], self.modes, self.coupling
        rows, columns = self._element_states
        reached = self.weights > 0
        first = np.argmax(reached, axis=1)
        last = reached.shape[1] - np.argmax(reached[:, ::-1, :], axis=1)
        last = np.where(reached.any(axis=1), last, first)
        out = np.empty(tier.size, dtype=complex)
        kernels.self_energy(
            out, tier.modes, tier.charge, tier.value, self.kappa_sums[n] + shift, self.sizes, self._layout_start, rows,
            columns, modes.kappa, modes.operator, 1.0, coupling.a_left, coupling.a_right, coupling.b_left, coupling.b_right,
            self.energies, first, last, self.weights,
        )  # fmt: skip
        return out

    def _work(self, n: int) -> tuple[ComplexArray, ComplexArray, ComplexArray, ComplexArray]:
        if n not in self._buffers:
            size = self.hierarchy.tiers[n].product_size
            self._buffers[n] = tuple(np.zeros(size, dtype=complex) for _ in range(4))  # type: ignore[assignment]
        return self._buffers[n]

    def tables(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
        """Product tables of the hierarchy and the number of operators, as the kernels take them."""
        products = self.hierarchy.products
        return products.table, products.start, products.offset, 2 * len(self.modes.operators)

    def down(self, n: int, lower: ComplexArray, coupling: Coupling, out: ComplexArray) -> None:
        """Adds the coupling of tier n - 1 (`lower`) into tier n (`out`)."""
        below, tier = self.hierarchy.tiers[n - 1], self.hierarchy.tiers[n]
        left, right, _, _ = self._work(n - 1)
        table, start, offset, count = self.tables()
        kernels.multiply(
            lower, below.charge, below.value, below.product, table, start, offset, count, self.data, left, right
        )
        kernels.gather(
            out, tier.modes, tier.charge, tier.value, tier.link, self.sizes, below.charge, below.product, offset,
            self.modes.operator, coupling.a_left, coupling.a_right, -1.0 if n % 2 else 1.0, left, right,
            self.hierarchy.zero_transpose,
        )  # fmt: skip

    def up(self, n: int, upper: ComplexArray, coupling: Coupling, out: ComplexArray) -> None:
        """Adds the coupling of tier n (`upper`) into tier n - 1 (`out`)."""
        below, tier = self.hierarchy.tiers[n - 1], self.hierarchy.tiers[n]
        _, _, left, right = self._work(n - 1)
        left[:] = 0.0
        right[:] = 0.0
        table, start, offset, count = self.tables()
        kernels.scatter(
            upper, tier.modes, tier.charge, tier.value, tier.link, self.sizes, below.charge, below.product, offset,
            self.modes.operator, coupling.b_left, coupling.b_right, -1.0 if n % 2 else 1.0, left, right,
            self.hierarchy.zero_transpose,
        )  # fmt: skip
        kernels.contract(
            out, below.charge, below.value, below.product, below.self_tau, table, start, offset, count, self.data, left,
            right, self.hierarchy.zero_transpose,
        )  # fmt: skip

    # -- whole vectors ------------------------------------------------------------------------------------------

    def tier(self, vector: ComplexArray, n: int) -> ComplexArray:
        """View of one tier of a vector of all tiers."""
        return vector[self.starts[n] : self.starts[n + 1]]

    def zeros(self) -> ComplexArray:
        return np.zeros(self.starts[-1], dtype=complex)

    def couple(self, vector: ComplexArray, coupling: Coupling, out: ComplexArray) -> None:
        """out += coupling · vector over all tiers."""
        for n in range(1, self.hierarchy.depth + 1):
            self.down(n, self.tier(vector, n - 1), coupling, self.tier(out, n))
            self.up(n, self.tier(vector, n), coupling, self.tier(out, n - 1))

    def molecular(self, vector: ComplexArray, matrix: ComplexArray, left: complex, right: complex, out: ComplexArray) -> None:
        """out += left·M ρ_J + right·ρ_J M for every ADO; M charge-conserving, in the basis of this generator."""
        start, table = self._blocks
        for n, tier in enumerate(self.hierarchy.tiers):
            kernels.sandwich(
                self.tier(out, n), self.tier(vector, n), tier.charge, tier.value, start, table, matrix, left, right
            )

    def apply(self, vector: ComplexArray, adjoint: bool = False) -> ComplexArray:
        """𝓛 vector, or 𝓛† vector."""
        out = np.empty_like(vector)
        for n, diagonal in enumerate(self.diagonals):
            np.multiply(diagonal.conj() if adjoint else diagonal, self.tier(vector, n), out=self.tier(out, n))
        if self.off_diagonal is not None:
            sign = 1j if adjoint else -1j
            self.molecular(vector, self.off_diagonal, sign, -sign, out)
        self.couple(vector, self.coupling.adjoint if adjoint else self.coupling, out)
        return out

    @cached_property
    def weight(self) -> FloatArray:
        """2 for elements whose Hermitian partner is not stored, 1 for those of self-conjugate ADOs."""
        out = []
        for tier in self.hierarchy.tiers:
            out.append(np.repeat(np.where(tier.self_tau != 0, 1.0, 2.0), self.sizes[tier.charge]))
        return np.concatenate(out)

    def inner(self, a: ComplexArray, b: ComplexArray) -> float:
        """⟨a, b⟩ = Re Σ_J tr a_J† b_J over the whole hierarchy."""
        return float(np.vdot(a, self.weight * b).real)

    @cached_property
    def trace_elements(self) -> NDArray[np.int64]:
        """Positions of the diagonal elements of the density matrix (tier 0)."""
        layout = self.hierarchy.layouts[0]
        return np.flatnonzero(layout.rows == layout.columns)

    def trace_vector(self, operator: NDArray | None = None) -> ComplexArray:
        """The vector t with ⟨t, ρ⟩ = Re tr(M ρ_0) for a Hermitian M over the states of `FockSpace`; default identity."""
        out = self.zeros()
        if operator is None:
            out[self.trace_elements] = 1.0
        else:
            layout = self.hierarchy.layouts[0]
            out[: layout.size] = self.rotate(operator)[layout.rows, layout.columns]
        return out

    def density_matrix(self, vector: ComplexArray) -> ComplexArray:
        """ρ_0 over the states of `FockSpace` (basis of levels and vibrations), (dimension, dimension)."""
        layout = self.hierarchy.layouts[0]
        rho = np.zeros((self.hierarchy.fock.dimension,) * 2, dtype=complex)
        rho[layout.rows, layout.columns] = vector[: layout.size]
        return self.basis @ rho @ self.basis.conj().T


def _aligned(energies: FloatArray, states: ComplexArray, reference: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    """Eigenstates in the order, and with the phases, that resemble `reference` most; degenerate ones rotated into it."""
    overlap = reference.conj().T @ states
    order = linear_sum_assignment(-(np.abs(overlap) ** 2))[1]
    energies, states, overlap = energies[order], states[:, order].copy(), overlap[:, order]
    done = np.zeros(energies.size, dtype=bool)
    for k in range(energies.size):
        if not done[k]:
            group = np.flatnonzero(~done & (np.abs(energies - energies[k]) <= 1e-12 * max(1e-12, np.abs(energies).max())))
            left, _, right = np.linalg.svd(overlap[np.ix_(group, group)])
            states[:, group] = states[:, group] @ (left @ right).conj().T
            done[group] = True
    return energies, states
