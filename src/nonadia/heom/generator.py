"""The generator of the hierarchy at one geometry, its parts and its adjoint, on vectors of stored elements.

𝓛 = -i(H_L - H_R) - κ - i Σ_K g_K (W_K,L - W_K,R)      (theory B3; LD(16)-(18))

A vector holds the stored complex elements tier by tier. It stands for the whole hierarchy, whose inner product
⟨φ, ρ⟩ = Re Σ_J tr φ_J† ρ_J counts a stored ADO twice unless it is self-conjugate; adjoints refer to it.
In the eigenbasis of H every diagonal block of 𝓛 is diagonal.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from . import kernels
from .coupling import Coupling, commutator_coupling
from .hierarchy import Hierarchy
from .link_kernels import DIAGONAL, DOWN, ELIMINATE, UP
from .modes import Modes

Work = tuple[ComplexArray, ComplexArray, ComplexArray, ComplexArray]
NOTHING: ComplexArray = np.zeros(0, dtype=complex)


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
        self.end: ComplexArray | None = None  # what a terminator adds to the diagonal of the last tier
        if eigenbasis:
            self.frozen, hamiltonian = frozen, fock.hamiltonian(frozen)
            self.energies: FloatArray = np.zeros(fock.dimension)
            for s in range(len(fock.charges)):
                block = slice(fock.offsets[s], fock.offsets[s + 1])
                part = hamiltonian[block, block]  # real matrices keep real eigenvectors: products cost half
                energies, states = np.linalg.eigh(part if np.any(part.imag) else part.real)
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
        self._buffers: dict[int, Work] = {}

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
        for name in ("diagonals", "_element_energies"):
            self.__dict__.pop(name, None)

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
        out = []
        for tier in self.hierarchy.tiers:
            total = np.zeros(len(tier), dtype=complex)
            for column in tier.modes.T:
                total += self.modes.kappa[column]
            out.append(total)
        return out

    @cached_property
    def _conjugate_sums(self) -> list[ComplexArray]:
        return [kappa.conj() for kappa in self.kappa_sums]

    @cached_property
    def _element_energies(self) -> FloatArray:
        """E_a - E_b of every element, layout by layout."""
        a, b = self._element_states
        return self.energies[a] - self.energies[b]

    @cached_property
    def diagonals(self) -> list[ComplexArray]:
        """-i(E_a - E_b) - Σκ for every stored element, tier by tier."""
        energy = self._element_energies
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
        left, right = coupling.a_left * coupling.b_left, coupling.a_right * coupling.b_right
        bounds = np.searchsorted(modes.operator, np.arange(2 * len(modes.operators) + 1))
        kernels.self_energy(
            out, tier.modes, tier.charge, tier.value, self.kappa_sums[n] + shift, self.sizes, self._layout_start, rows,
            columns, np.ascontiguousarray(modes.kappa.real), np.ascontiguousarray(modes.kappa.imag), bounds,
            np.stack([left.real, left.imag, right.real, right.imag]), self.energies, first, last, self.weights,
        )  # fmt: skip
        return out

    def work(self, n: int) -> Work:
        """Scratch for the products of tier n: M and P downwards, M and P upwards."""
        if n not in self._buffers:
            size = self.hierarchy.tiers[n].product_size
            self._buffers[n] = tuple(np.zeros(size, dtype=complex) for _ in range(4))  # type: ignore[assignment]
        return self._buffers[n]

    @cached_property
    def product_tables(self) -> tuple:
        """Tables and data of the operator products as the kernels take them (`kernels`: tables, data)."""
        p = self.hierarchy.products
        tables = (
            p.group, p.size, self.sizes[p.group], p.dagger, p.element, p.target, p.target_start, p.block_size, p.sparse,
            self.hierarchy.zero_transpose,
        )  # fmt: skip
        sides = [(start, column, self.data[place]) for start, column, place in (p.left, p.right)]
        parts = (np.ascontiguousarray(self.data.real), np.ascontiguousarray(self.data.imag), bool(np.any(self.data.imag)))
        return tables, (*sides, parts)

    def place(self, n: int) -> tuple:
        """Where the ADOs and products of tier n are, as the kernels take it."""
        tier = self.hierarchy.tiers[n]
        return tier.first, tier.value, tier.slot, tier.flipped, tier.self_tau

    def links(self, n: int) -> tuple:
        """Links between tiers n - 1 and n, as the kernels take them."""
        links = self.hierarchy.tiers[n].links
        return links.start, links.source, links.code

    def couple_tiers(
        self,
        n: int,
        task: int,
        coupling: Coupling,
        lower: ComplexArray,
        upper: ComplexArray,
        lower_out: ComplexArray,
        upper_out: ComplexArray,
        inverse: ComplexArray = NOTHING,
        shift: float = 0.0,
    ) -> None:
        """Any of the `link_kernels` tasks between tiers n - 1 and n in one pass over their links.

        DOWN: upper_out += (down) lower; UP: lower_out += (up) upper; DIAGONAL: upper_out = (diagonal - shift) upper first,
        with the conjugate diagonal if the coupling is not that of the generator itself; ELIMINATE (with DOWN and UP):
        lower_out += (up) inverse (down) lower, without touching the vectors of tier n.
        """
        tier = self.hierarchy.tiers[n]
        tables, data = self.product_tables
        work, weights, sign = self.work(n - 1), coupling.weights(n), -1.0 if n % 2 else 1.0
        if task & DOWN:
            kernels.forward(lower, work[0], work[1], self.place(n - 1), tables, data, sign, weights.down_phase)
        if task & UP:
            work[2][:] = 0.0
            work[3][:] = 0.0
        kappa, energy = NOTHING, self._element_energies
        if task & DIAGONAL:
            adjoint = coupling is not self.coupling
            kappa = self._conjugate_sums[n] if adjoint else self.kappa_sums[n]
            kappa = kappa + shift if shift else kappa
            energy = energy if adjoint else -energy
        kernels.link(
            task, upper, upper_out, inverse, kappa, energy, self._layout_start, self.sizes, tier.charge, tier.value,
            self.links(n), weights.tables, work,
        )  # fmt: skip
        if task & UP:
            kernels.backward(lower_out, work[2], work[3], self.place(n - 1), tables, data, sign, weights.up_phase)

    def down(self, n: int, lower: ComplexArray, coupling: Coupling, out: ComplexArray) -> None:
        """Adds the coupling of tier n - 1 (`lower`) into tier n (`out`)."""
        self.couple_tiers(n, DOWN, coupling, lower, out, NOTHING, out)

    def up(self, n: int, upper: ComplexArray, coupling: Coupling, out: ComplexArray) -> None:
        """Adds the coupling of tier n (`upper`) into tier n - 1 (`out`)."""
        self.couple_tiers(n, UP, coupling, NOTHING, upper, out, NOTHING)

    def eliminate(self, n: int, inverse: ComplexArray, lower: ComplexArray, coupling: Coupling, out: ComplexArray) -> None:
        """out += (up) inverse (down) lower through tier n, one run of its elements at a time; lower, out: tier n - 1."""
        self.couple_tiers(n, DOWN | UP | ELIMINATE, coupling, lower, NOTHING, out, NOTHING, inverse)

    # -- whole vectors ------------------------------------------------------------------------------------------

    def tier(self, vector: ComplexArray, n: int) -> ComplexArray:
        """View of one tier of a vector of all tiers."""
        return vector[self.starts[n] : self.starts[n + 1]]

    def zeros(self) -> ComplexArray:
        return np.zeros(self.starts[-1], dtype=complex)

    def couple(self, vector: ComplexArray, coupling: Coupling, out: ComplexArray) -> None:
        """out += coupling · vector over all tiers."""
        for n in range(1, self.hierarchy.depth + 1):
            lower, upper = self.tier(vector, n - 1), self.tier(vector, n)
            self.couple_tiers(n, DOWN | UP, coupling, lower, upper, self.tier(out, n - 1), self.tier(out, n))

    def diagonal_and_couple(
        self, vector: ComplexArray, coupling: Coupling, out: ComplexArray, depth: int, shift: float = 0.0
    ) -> None:
        """out = (diagonal - shift + coupling) vector on the tiers up to `depth`; coupling: that of 𝓛 or its adjoint."""
        lowest = -1j * self._element_energies[: self.sizes[0]] - shift
        np.multiply(lowest if coupling is self.coupling else lowest.conj(), self.tier(vector, 0), out=self.tier(out, 0))
        for n in range(1, depth + 1):
            lower, upper = self.tier(vector, n - 1), self.tier(vector, n)
            task = DIAGONAL | DOWN | UP
            self.couple_tiers(n, task, coupling, lower, upper, self.tier(out, n - 1), self.tier(out, n), shift=shift)

    def molecular(self, vector: ComplexArray, matrix: ComplexArray, left: complex, right: complex, out: ComplexArray) -> None:
        """out += left·M ρ_J + right·ρ_J M for every ADO; M charge-conserving, in the basis of this generator."""
        start, table = self._blocks
        for n, tier in enumerate(self.hierarchy.tiers):
            kernels.sandwich(
                self.tier(out, n), self.tier(vector, n), tier.charge, tier.value, start, table, matrix, left, right
            )

    def apply(self, vector: ComplexArray, adjoint: bool = False, out: ComplexArray | None = None) -> ComplexArray:
        """𝓛 vector, or 𝓛† vector; into `out` if there is one (new pages of memory cost as much as the work on them)."""
        out = np.empty_like(vector) if out is None else out
        coupling = self.coupling.adjoint if adjoint else self.coupling
        self.diagonal_and_couple(vector, coupling, out, self.hierarchy.depth)
        if self.end is not None:
            last = self.tier(out, self.hierarchy.depth)
            last += (self.end.conj() if adjoint else self.end) * self.tier(vector, self.hierarchy.depth)
        if self.off_diagonal is not None:
            sign = 1j if adjoint else -1j
            self.molecular(vector, self.off_diagonal, sign, -sign, out)
        return out

    @cached_property
    def weight(self) -> FloatArray:
        """2 for elements whose Hermitian partner is not stored, 1 for those of self-conjugate ADOs."""
        out = []
        for tier in self.hierarchy.tiers:
            out.append(np.repeat(np.where(tier.self_tau != 0, 1.0, 2.0), self.sizes[tier.charge]))
        return np.concatenate(out)

    @cached_property
    def ado_scale(self) -> FloatArray:
        """Π_{j∈J} |η_j η̄_j|^{-1/4} for every stored element.

        Multiplied by it, tiers have similar norms and up- and downward couplings similar strength; without it the upper tiers
        are invisible in a norm although γ and D depend on them as much.
        """
        strength = np.abs(self.modes.eta) * np.abs(self.modes.eta_bar)
        logarithm = -0.25 * np.log(np.maximum(strength, 1e-12 * strength.max()))
        tiers = self.hierarchy.tiers
        return np.concatenate([np.repeat(np.exp(logarithm[t.modes].sum(axis=1)), self.sizes[t.charge]) for t in tiers])

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


def _aligned(energies: FloatArray, states: ComplexArray, reference: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    """Eigenstates in the order, and with the phases, that resemble `reference` most; degenerate ones rotated into it."""
    if np.any(reference.imag):
        states = states.astype(complex)
    real = not np.any(reference.imag) and not np.any(states.imag)
    overlap = (reference.real if real else reference.conj()).T @ states  # real states stay real
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
