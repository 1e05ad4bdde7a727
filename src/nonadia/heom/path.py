"""Geometries one after another: what one solve leaves behind makes the next one cheaper.

Along a path the eigenstates are kept aligned, and every solve starts from the polynomial through the last solutions. (Keeping
the preconditioner of another geometry was measured and costs more iterations than making it afresh, which is compiled.)
"""

from __future__ import annotations

import numpy as np

from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from .forces import PointForces, point_forces
from .generator import Generator
from .hierarchy import Hierarchy
from .modes import Modes
from .solver import SteadyStateSolver

MEMORY = 4  # solutions that the starting vectors are extrapolated from


class Path:
    """Solves `forces` at geometry after geometry; tolerance and terminator as in SteadyStateSolver."""

    def __init__(self, hierarchy: Hierarchy, modes: Modes, tolerance: float = 1e-12, terminator: str = "zero") -> None:
        self.hierarchy, self.modes = hierarchy, modes
        self.tolerance, self.terminator = tolerance, terminator
        self._last: Generator | None = None
        self._past: list[tuple[FloatArray, dict[str, ComplexArray]]] = []

    def forces(self, frozen: FrozenJunction, position: FloatArray) -> PointForces:
        """F, γ, D … at one geometry; position (c,): its coordinates, which tell how far the last ones are.

        Errors: NotConverged if a solve stalls.
        """
        generator = Generator(self.hierarchy, self.modes, frozen, neighbour=self._last)
        solver = SteadyStateSolver(generator, self.tolerance, terminator=self.terminator)
        weights = self._extrapolation(position)

        def guess(name: str) -> ComplexArray | None:
            vectors = [past[name] for _, past in self._past[-weights.size :] if name in past] if weights.size else []
            if not vectors or len(vectors) < weights.size:
                return None
            return np.tensordot(weights.astype(complex), np.array(vectors), axes=1)

        solutions: dict[str, ComplexArray] = {}

        def keep(name: str, vector: ComplexArray) -> None:
            solutions[name] = vector[: solver.reduced]

        result = point_forces(solver, guess, keep)
        self._past = [*self._past[-MEMORY + 1 :], (np.array(position, dtype=float), solutions)]
        self._last = generator
        return result

    def _extrapolation(self, position: FloatArray) -> FloatArray:
        """Lagrange weights of the last solutions at `position`, as long as they lie on one line in order."""
        if not self._past:
            return np.zeros(0)
        points = np.array([p for p, _ in self._past])
        direction = np.asarray(position) - points[-1]
        length = float(np.linalg.norm(direction))
        if length == 0.0:
            return np.ones(1)
        along = (points - points[-1]) @ direction / length
        aside = np.linalg.norm((points - points[-1]) - np.outer(along, direction / length), axis=1)
        used = 1
        while used < len(points):
            i = len(points) - 1 - used
            if aside[i] > 1e-9 * length or along[i] >= along[i + 1] - 1e-12 * length or along[i] < -6 * length:
                break
            used += 1
        nodes = along[len(points) - used :]
        weights = np.ones(used)
        for i in range(used):
            for j in range(used):
                if i != j:
                    weights[i] *= (length - nodes[j]) / (nodes[i] - nodes[j])
        return weights
