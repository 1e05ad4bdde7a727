"""Electronic states whose Hamiltonian is a sum of few constant matrices times functions of the nuclei.

    H_BO(R) = Σ_k f_k(R) O_k,     O_k Hermitian, n × n, sparse; f_k real

Many-electron states are of this kind: a level ε(R) at a metal gives H_0 + ε(R) n_d + U_0(R). H_BO ψ then costs the number of
non-zero elements, not n² at every point of the grid; nothing of size (n, n, *R) is stored unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from .electrons import HERMITIAN, _exact, text
from .errors import ModelError
from .grid_functions import Array, Envelope, Field, GridFunction, Mesh, grid_function

Term = tuple[Array, sp.csr_array]  # f_k on the grid, (*R), and O_k


class OperatorSum:
    """terms: (f_k, O_k), f_k an expression, array, function or number in Hartree (or of the unit that makes f_k O_k Hartree);
    O_k an array or sparse matrix (n, n).

    Errors: ModelError for shapes that differ, matrices that are not Hermitian or not finite, f_k that are complex or depend on
    time.
    """

    axes: tuple[Any, ...] = ()
    time_dependent = False

    def __init__(self, terms: Sequence[tuple[Field, Any]]) -> None:
        if not terms:
            raise ModelError([("electrons.terms", "is empty; give at least one pair of a function and a matrix")])
        self.sources = [source for source, _ in terms]
        self.operators = [sp.csr_array(operator) for _, operator in terms]
        self.states = self.operators[0].shape[0]
        for k, operator in enumerate(self.operators):
            key = f"electrons.terms.{k + 1}"
            if operator.shape != (self.states, self.states):
                raise ModelError([(key, f"a matrix of shape {operator.shape}; {(self.states, self.states)} is needed")])
            if not np.all(np.isfinite(operator.data)):
                raise ModelError([(key, "a matrix with elements that are not finite")])
            size = float(np.abs(operator.data).max(initial=0.0))
            if float(np.abs((operator - operator.conj().T).data).max(initial=0.0)) > HERMITIAN * size:
                raise ModelError([(key, "non-Hermitian: O_ij and O_ji are not conjugate; H_BO must be Hermitian")])
        self._real = not any(np.iscomplexobj(o.data) and np.any(o.data.imag) for o in self.operators)
        if self._real:
            self.operators = [o.real.astype(float) for o in self.operators]
        for operator in self.operators:
            operator.sum_duplicates()

    def bind(self, mesh: Mesh) -> None:
        """Read the f_k as functions on grids of this many axes."""
        self._fields: list[GridFunction] = [grid_function(source, len(mesh), mesh) for source in self.sources]
        for k, f in enumerate(self._fields):
            key = f"electrons.terms.{k + 1}"
            if f.time_dependent:
                raise ModelError([(key, "depends on time; only static terms are possible (States takes functions of time)")])
            value = f.value(mesh)
            if np.iscomplexobj(value) and np.any(value.imag):
                raise ModelError([(key, "is complex; f_k(R) must be real, so that H_BO is Hermitian")])

    def terms(self, mesh: Mesh) -> list[Term]:
        """(f_k (*R), O_k)"""
        return [(np.real(f.value(mesh)), o) for f, o in zip(self._fields, self.operators, strict=True)]

    def slopes(self, mesh: Mesh) -> list[list[Term]] | None:
        """(∂_a f_k (*R), O_k) for each coordinate a; None where only values are known."""
        if not all(_exact(f) for f in self._fields):
            return None
        gradients = [np.real(f.gradient(mesh)) for f in self._fields]
        return [list(zip([g[a] for g in gradients], self.operators, strict=True)) for a in range(len(mesh))]

    def _dense(self, mesh: Mesh, terms: Sequence[Term]) -> Array:
        total = np.zeros((self.states, self.states, *(len(x) for x in mesh)), dtype=float if self._real else complex)
        for f, operator in terms:
            coo = operator.tocoo()
            total[coo.row, coo.col] += coo.data.reshape(-1, *(1,) * f.ndim) * f
        return total

    def hamiltonian(self, mesh: Mesh, t: float) -> Array:
        """(n, n, *R)"""
        return self._dense(mesh, self.terms(mesh))

    def gradient(self, mesh: Mesh, t: float) -> Array | None:
        """(D, n, n, *R)"""
        slopes = self.slopes(mesh)
        return None if slopes is None else np.stack([self._dense(mesh, terms) for terms in slopes])

    def rate(self, mesh: Mesh, t: float) -> Array:
        """Zero, (n, n, *R)."""
        return np.zeros((self.states, self.states, *(len(x) for x in mesh)))

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None:
        return [(None, self.hamiltonian(mesh, 0.0))]

    def describe(self) -> dict[str, Any]:
        stored = [int(o.nnz) for o in self.operators]
        return {"states": self.states, "terms": [text(source) for source in self.sources], "elements": stored}

    def __repr__(self) -> str:
        return f"{self.states} electronic states, {len(self.operators)} constant operators"
