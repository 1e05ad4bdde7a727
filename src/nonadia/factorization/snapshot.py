"""One Ψ → fields on its grid and all integrals, on a grid refined until the identities close to the tolerance.

    residual = |left - right| ≤ tolerance × max(largest side so far, 0.01 × natural scale)
    natural scale: rms force, times rms velocity for powers, times rms distance for torques
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.molecule import VectorPotential
from ..wavepacket.fft import Complex
from .fields import Fields, fields
from .identities import NATURAL, Balance, left_sides, right_sides
from .moments import Moments, moments
from .problem import Action, Problem
from .spectral import Refinement

LARGEST = {1: 128, 2: 16, 3: 4}  # refinement by the number of dimensions
MOST_POINTS = 2**23  # of a refined grid
_IDENTITIES = ("identity_power", "identity_work")


@dataclass
class Snapshot:
    """Fields on the propagation grid and the balance of one time."""

    time: float
    fields: Fields
    moments: Moments
    balance: Balance | None
    refinement: int


@dataclass
class Scales:
    """Largest sides seen so far, by identity; what residuals are relative to."""

    power: float = 0.0
    momentum: float = 0.0
    angular_momentum: float = 0.0

    def include(self, balance: Balance) -> None:
        """Take in the sides of one more time."""
        self.include_sides({**balance.numbers, **balance.vectors, **balance.torques})

    def include_sides(self, sides: Mapping[str, Any]) -> None:
        """The same from arrays by name."""

        def largest(*names: str) -> float:
            return max(float(np.max(np.abs(sides[f"{name}_{side}"]), initial=0.0)) for name in names for side in ("lhs", "rhs"))

        self.power = max(self.power, largest(*_IDENTITIES))
        self.momentum = max(self.momentum, largest("identity_momentum"))
        self.angular_momentum = max(self.angular_momentum, largest("identity_angular_momentum"))


def residual(balance: Balance, scales: Scales) -> float:
    """The largest relative residual of all identities; inf if any is not a number."""
    numbers, vectors = balance.numbers, balance.vectors

    def size(difference: Any, seen: float, natural: Any) -> float:
        scale = np.maximum(np.maximum(seen, NATURAL * natural), 1e-300)
        return float(np.max(np.abs(difference) / scale, initial=0.0))

    power = numbers["power_scale"]
    worst = [size(numbers[f"{name}_lhs"] - numbers[f"{name}_rhs"], scales.power, power) for name in _IDENTITIES]
    momentum = vectors["identity_momentum_lhs"] - vectors["identity_momentum_rhs"]
    worst.append(size(momentum, scales.momentum, vectors["force_scale"]))
    torque = balance.torques["identity_angular_momentum_lhs"] - balance.torques["identity_angular_momentum_rhs"]
    worst.append(size(torque, scales.angular_momentum, numbers["torque_scale"]))
    return max(worst) if all(np.isfinite(worst)) else float("inf")


class Evaluator:
    """Snapshots of one problem; remembers the refinement and the scales of the previous ones."""

    def __init__(self, problem: Problem, tolerance: float = 1e-6, refinement: int | str = "auto") -> None:
        self.problem, self.tolerance = problem, tolerance
        self.scales = Scales()
        self._given = None if refinement == "auto" else int(refinement)
        if not problem.refinable:
            self._given = 1
        self._last = self._given or 1
        self._grids: dict[int, Refinement] = {}

    def grid(self, refine: int) -> Refinement:
        """The grid that many times finer."""
        if refine not in self._grids:
            self._grids[refine] = Refinement(self.problem.coordinates, refine)
        return self._grids[refine]

    def evaluate(self, psi: Complex, t: float, identities: bool = True) -> Snapshot:
        """Fields and, with a Hamiltonian and `identities`, the balance of ψ at t."""
        psi = self.problem.flat(psi)
        action = self.problem.act(psi, t)
        coarse = self._moments(psi, action, 1)
        on_grid = self._fields(coarse, 1, t)
        if action is None or not identities:
            return Snapshot(t, on_grid, coarse, None, 1)
        left = left_sides(self.problem, psi, action, t)
        refine, best, sizes = self._last, None, []
        while True:
            made = coarse if refine == 1 else self._moments(psi, action, refine)
            balance = self._balance(left, made, on_grid if refine == 1 else self._fields(made, refine, t), refine, t)
            size = residual(balance, self.scales)
            sizes.append(size)
            if best is None or size < best[0]:
                best = (size, refine, balance)
            # residuals that stay the same are not those of the quadrature: the box or the propagation is at fault
            settled = len(sizes) > 2 and max(sizes[-3:]) < 1.01 * min(sizes[-3:])
            if self._given is not None or size <= 0.5 * self.tolerance or settled or not self._can_refine(refine):
                break
            refine *= 2
        size, refine, balance = best
        balance.numbers["residual"] = size
        self.scales.include(balance)
        if self._given is None:
            self._last = max(1, refine // 2) if size < 1e-2 * self.tolerance else refine
        return Snapshot(t, on_grid, coarse, balance, refine)

    @property
    def next_refinement(self) -> int:
        """Where the next time starts."""
        return self._last

    def restore(self, record: Mapping[str, NDArray]) -> None:
        """Continue as after the time of this record."""
        self._last = int(record["next_refinement"])
        self.scales.include_sides(record)

    def fields_at(self, psi: Complex, t: float, refine: int) -> Fields:
        """Fields on a refined grid."""
        return self._fields(self._moments(psi, self.problem.act(psi, t), refine), refine, t)

    def _can_refine(self, refine: int) -> bool:
        count = len(self.problem.coordinates)
        points = np.prod([float(c.points) for c in self.problem.coordinates]) * (2.0 * refine) ** count
        return bool(2 * refine <= LARGEST[count] and points <= MOST_POINTS)

    def _moments(self, psi: Complex, action: Action | None, refine: int) -> Moments:
        eta, rate = (None, None) if action is None else (action.electronic, -1j * action.total)
        return moments(psi, eta, rate, self.problem.masses, self.grid(refine), self.problem.weight)

    def _vector(self, refine: int, t: float) -> VectorPotential | None:
        molecule = self.problem.molecule
        return None if molecule is None else molecule.vector_potential(t, self.grid(refine).mesh)

    def _fields(self, m: Moments, refine: int, t: float) -> Fields:
        molecule = self.problem.molecule
        scalar = None if molecule is None else molecule.scalar_potential(t, self.grid(refine).mesh)
        return fields(m, self.problem.masses, self._vector(refine, t), scalar)

    def _balance(self, left: Balance, m: Moments, f: Fields, refine: int, t: float) -> Balance:
        right = right_sides(self.problem, m, f, self.grid(refine), self._vector(refine, t))
        return Balance(
            left.numbers | right.numbers,
            left.vectors | right.vectors,
            left.torques | right.torques,
            left.powers | right.powers,
        )
