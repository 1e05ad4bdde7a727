"""The oracle: the whole hierarchy as one sparse matrix, solved directly.

Every element of every ADO, no charge sector, no Hermitian pairing, no tier structure: theory B3 written down term by
term with Kronecker products and factorised by sparse LU. It shares nothing with `hierarchy`, `kernels` and `solver`, and
serves to check them on small problems. Memory grows with the square of the molecule's dimension times the number of ADOs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from ..baths.exponents import Exponents
from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from .fock import FockSpace

MAX_UNKNOWNS = 60_000


@dataclass(frozen=True)
class _Mode:
    lead: int
    partner: int
    raising: bool
    kappa: complex
    eta: complex
    operator: ComplexArray  # d^σ


class DirectHierarchy:
    """Full-space superoperators at one geometry. Errors: ValueError above MAX_UNKNOWNS complex elements."""

    def __init__(self, frozen: FrozenJunction, exponents: Sequence[Exponents], depth: int) -> None:
        self.frozen, self.depth = frozen, depth
        self.fock = FockSpace.of(frozen)
        self.dimension = self.fock.dimension
        self.modes: list[_Mode] = []
        for channel in frozen.channels:
            bath, f = exponents[channel.lead], self.fock.channel_operator(channel.vector)
            for p in range(len(bath)):
                k, rate = len(self.modes), channel.rate
                self.modes.append(_Mode(channel.lead, k + 1, True, bath.kappa[p], rate * bath.eta_plus[p], f.conj().T))
                self.modes.append(_Mode(channel.lead, k, False, np.conj(bath.kappa[p]), rate * bath.eta_minus[p], f))
        count = sum(comb(len(self.modes), n) for n in range(depth + 1))
        self.size = count * self.dimension**2
        if self.size > MAX_UNKNOWNS:
            raise ValueError(f"the direct oracle would need {self.size} complex unknowns; its limit is {MAX_UNKNOWNS}")
        sets = [s for n in range(depth + 1) for s in combinations(range(len(self.modes)), n)]
        self.sets = {s: i for i, s in enumerate(sets)}
        self._identity = sparse.identity(self.dimension, format="csr", dtype=complex)

    def left(self, matrix: ComplexArray) -> sparse.csr_matrix:
        """M ρ_J on every ADO."""
        return sparse.kron(sparse.identity(len(self.sets)), sparse.kron(matrix, self._identity), format="csr")

    def right(self, matrix: ComplexArray) -> sparse.csr_matrix:
        """ρ_J M on every ADO."""
        return sparse.kron(sparse.identity(len(self.sets)), sparse.kron(self._identity, matrix.T), format="csr")

    def lead(self, weight: FloatArray) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """Σ_K weight_K W_K acting from the left and from the right, theory B3."""
        parts: dict[str, dict[int, sparse.lil_matrix]] = {"L": {}, "R": {}}
        for j in range(len(self.modes)):
            for side in parts.values():
                side[j] = sparse.lil_matrix((len(self.sets),) * 2, dtype=complex)
                side[-1 - j] = sparse.lil_matrix((len(self.sets),) * 2, dtype=complex)
        for above, row in self.sets.items():
            n = len(above)
            for r, j in enumerate(above):
                column = self.sets[above[:r] + above[r + 1 :]]
                mode, sign = self.modes[j], (-1) ** (n - 1 - r)
                w = weight[mode.lead] * sign
                eta_bar = np.conj(self.modes[mode.partner].eta)
                parts["L"][j][row, column] = w * mode.eta  # C_L: η d^σ ρ
                parts["R"][j][row, column] = w * (-1) ** (n - 1) * eta_bar  # C_R: (-1)^{n-1} η* ρ d^σ
                parts["L"][-1 - j][column, row] = w  # A_L: d^σ̄ ρ
                parts["R"][-1 - j][column, row] = -w * (-1) ** n  # A_R: -(-1)^n ρ d^σ̄
        totals = []
        for name, graphs in parts.items():
            total = sparse.csr_matrix((self.size, self.size), dtype=complex)
            for j, graph in graphs.items():
                mode = self.modes[j] if j >= 0 else self.modes[self.modes[-1 - j].partner]
                d = sparse.csr_matrix(mode.operator)
                block = sparse.kron(d, self._identity) if name == "L" else sparse.kron(self._identity, d.T)
                total = total + sparse.kron(graph.tocsr(), block, format="csr")
            totals.append(total)
        return totals[0], totals[1]

    def generator(self) -> sparse.csc_matrix:
        """𝓛 of theory B3 as a matrix on row-major density matrices, ADO after ADO."""
        h = self.fock.hamiltonian(self.frozen)
        kappa = np.array([sum(self.modes[j].kappa for j in s) for s in self.sets])
        decay = sparse.kron(sparse.diags(kappa), sparse.identity(self.dimension**2))
        w_left, w_right = self.lead(self.frozen.g)
        return sparse.csc_matrix(-1j * (self.left(h) - self.right(h)) - decay - 1j * (w_left - w_right))

    def trace(self, operator: NDArray | None = None) -> ComplexArray:
        """Row vector t with t·ρ = tr(M ρ_0)."""
        out = np.zeros(self.size, dtype=complex)
        matrix = np.eye(self.dimension) if operator is None else operator
        out[: self.dimension**2] = matrix.T.ravel()
        return out

    def factorise(self) -> SuperLU:
        """LU of 𝓛 with its first row replaced by the trace."""
        matrix = self.generator().tolil()
        matrix[0, :] = self.trace()
        return splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})

    def forces(self) -> dict[str, FloatArray]:
        """force (c,), friction (c, c), noise (c, c, not symmetrised), population (n,), current (K,), trace defect."""
        lu, count = self.factorise(), self.frozen.n_coordinates

        def solve(rhs: ComplexArray, trace: complex) -> ComplexArray:
            rhs = rhs.copy()
            rhs[0] = trace
            return lu.solve(rhs)

        state = solve(np.zeros(self.size, dtype=complex), 1.0)
        sides = []
        for i in range(count):
            molecular = self.fock.force_operator(self.frozen, i)
            w_left, w_right = self.lead(self.frozen.dg[i])
            sides.append((self.left(molecular) - w_left, self.right(molecular) - w_right))
        force = np.array([(self.trace() @ (left @ state)).real for left, _ in sides])
        friction, noise = np.zeros((count, count)), np.zeros((count, count))
        for j, (left, right) in enumerate(sides):
            twice = solve(solve(1j * (left @ state - right @ state), 0.0), 0.0)
            fluctuation = solve(0.5 * (left @ state + right @ state) - force[j] * state, 0.0)
            for i in range(count):
                friction[i, j] = (self.trace() @ (sides[i][0] @ twice)).real
                noise[i, j] = -(self.trace() @ (sides[i][0] @ fluctuation)).real
        number = self.fock.number()
        current = []
        for k in range(len(self.frozen.leads)):
            weight = np.zeros(len(self.frozen.leads))
            weight[k] = self.frozen.g[k]
            w_left, w_right = self.lead(weight)
            current.append((-1j * self.trace(number) @ (w_left @ state - w_right @ state)).real)
        population = [(self.trace(self.fock.occupation(m)) @ state).real for m in range(self.fock.n_levels)]
        return {
            "force": force,
            "friction": friction,
            "noise": noise,
            "population": np.array(population),
            "current": np.array(current),
        }
