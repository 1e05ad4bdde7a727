"""The coordinates x_i of a field as functions of the atoms' positions R: x(R) and its Jacobian J = ∂x/∂R.

    F_R = Jᵀ F_x,   γ_R = Jᵀ γ J,   D_R = Jᵀ D J,   G = J M⁻¹ Jᵀ (G⁻¹: the masses that belong to x)

Positions (n, 3) in bohr, J (c, n, 3), x as the field has it (bohr, or dimensionless). Bonds are taken as the positions are:
periodic images are not looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


class Coordinates(Protocol):
    """What the dynamics and the calculator need to know."""

    def values(self, positions: FloatArray) -> FloatArray:
        """x (c,) at R (n, 3), bohr."""
        ...

    def jacobian(self, positions: FloatArray) -> FloatArray:
        """J (c, n, 3)."""
        ...


class LinearMap:
    """x = A·R + b; matrix: A (c, n, 3) or (c, 3n), offset: b (c,) or a number."""

    def __init__(self, matrix: ArrayLike, offset: ArrayLike = 0.0) -> None:
        array = np.asarray(matrix, dtype=float)
        if array.ndim == 2 and array.shape[1] % 3 == 0:
            array = array.reshape(len(array), -1, 3)
        if array.ndim != 3 or array.shape[2] != 3 or not array.size:
            raise ValueError(f"matrix has the shape {np.shape(matrix)}; must be (c, n, 3) or (c, 3n) for n atoms")
        self.matrix = array
        self.offset = np.broadcast_to(np.asarray(offset, dtype=float), (len(array),)).copy()

    @classmethod
    def of_atoms(cls, count: int, indices: Sequence[int], axes: Sequence[int]) -> LinearMap:
        """x_i is the Cartesian component axes[i] (0, 1, 2) of atom indices[i], of `count` atoms."""
        matrix = np.zeros((len(indices), count, 3))
        for i, (atom, axis) in enumerate(zip(indices, axes, strict=True)):
            matrix[i, atom, axis] = 1.0
        return cls(matrix)

    def values(self, positions: FloatArray) -> FloatArray:
        self._fits(positions)
        return np.einsum("cna,na->c", self.matrix, positions) + self.offset

    def jacobian(self, positions: FloatArray) -> FloatArray:
        self._fits(positions)
        return self.matrix

    def _fits(self, positions: FloatArray) -> None:
        if len(positions) != self.matrix.shape[1]:
            raise ValueError(f"matrix: made for {self.matrix.shape[1]} atoms, but there are {len(positions)}")


@dataclass(frozen=True)
class BondLength:
    """x = |R_j - R_i| - origin, bohr."""

    i: int
    j: int
    origin: float = 0.0

    def values(self, positions: FloatArray) -> FloatArray:
        return np.array([np.linalg.norm(positions[self.j] - positions[self.i]) - self.origin])

    def jacobian(self, positions: FloatArray) -> FloatArray:
        bond = positions[self.j] - positions[self.i]
        out = np.zeros((1, len(positions), 3))
        out[0, self.j] = bond / np.linalg.norm(bond)
        out[0, self.i] = -out[0, self.j]
        return out


class UserCoordinates:
    """x = function(R) → (c,) or a number; jacobian(R) → (c, n, 3) or (n, 3); both of positions (n, 3) in bohr.

    Without `jacobian`, central differences of fourth order take its place (about 1e-10, eight times the calls of `function`
    for each atom and direction). `check` compares the two; the dynamics and the calculator call it once.
    """

    def __init__(
        self, function: Callable[[FloatArray], ArrayLike], jacobian: Callable[[FloatArray], ArrayLike] | None = None
    ) -> None:
        self._function = function
        self._jacobian = jacobian

    def values(self, positions: FloatArray) -> FloatArray:
        return np.atleast_1d(np.asarray(self._function(positions), dtype=float))

    def jacobian(self, positions: FloatArray) -> FloatArray:
        if self._jacobian is None:
            return numerical_jacobian(self, positions)
        out = np.asarray(self._jacobian(positions), dtype=float)
        return out[None] if out.ndim == 2 else out


def numerical_jacobian(coordinates: Coordinates, positions: FloatArray, step: float = 2e-3) -> FloatArray:
    """J by central differences of fourth order in steps of `step` bohr."""
    columns = []
    for atom, axis in np.ndindex(*positions.shape):
        move = np.zeros_like(positions)
        move[atom, axis] = step
        near = coordinates.values(positions + move) - coordinates.values(positions - move)
        far = coordinates.values(positions + 2 * move) - coordinates.values(positions - 2 * move)
        columns.append((8.0 * near - far) / (12.0 * step))
    return np.stack(columns, axis=-1).reshape(-1, *positions.shape)


def check(coordinates: Coordinates, positions: FloatArray, names: Sequence[str]) -> None:
    """ValueError where x(R) is not one finite number for each name, or J is not its derivative."""
    x, jacobian = coordinates.values(positions), coordinates.jacobian(positions)
    if x.shape != (len(names),) or not np.all(np.isfinite(x)):
        raise ValueError(f"coordinates: x(R) = {x} of shape {x.shape}; must be a finite number for each of {', '.join(names)}")
    if jacobian.shape != (len(names), *positions.shape):
        raise ValueError(f"coordinates: the Jacobian has the shape {jacobian.shape}; must be {(len(names), *positions.shape)}")
    difference = np.abs(jacobian - numerical_jacobian(coordinates, positions))
    worst = tuple(int(k) for k in np.unravel_index(int(np.argmax(difference)), difference.shape))
    if not difference[worst] <= 1e-5 * max(1.0, float(np.abs(jacobian).max())):
        raise ValueError(
            f"coordinates: the Jacobian of {names[worst[0]]} by atom {worst[1]}, direction {'xyz'[worst[2]]} is "
            f"{jacobian[worst]:.6g}, but x(R) changes by {jacobian[worst] - difference[worst]:.6g} or "
            f"{jacobian[worst] + difference[worst]:.6g} per bohr there"
        )
