"""The geometries at which forces are wanted: a 1D grid, a product grid, or a list of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..models.frozen import FloatArray


@dataclass(frozen=True)
class Grid:
    """points (N, c) in C order of `shape`; dims name the axes of `shape`; values: 1D coordinate of each axis.

    For a list of points there is one axis "point", and values is empty.
    """

    points: FloatArray
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    values: dict[str, FloatArray]

    @classmethod
    def of(cls, names: Sequence[str], x: ArrayLike | Mapping[str, ArrayLike]) -> Grid:
        """x: scalar or 1D array (one coordinate), mapping name → 1D array (product grid), or (N, c) array of points.

        Errors: ValueError for unknown or missing coordinates, a wrong number of columns, or values that are not finite.
        """
        if isinstance(x, Mapping):
            if set(x) != set(names):
                raise ValueError(f"x has the coordinates {sorted(x)}, the model has {sorted(names)}")
            values = {name: np.atleast_1d(np.asarray(x[name], dtype=float)) for name in names}
            mesh = np.meshgrid(*values.values(), indexing="ij")
            points = np.stack([m.ravel() for m in mesh], axis=-1)
            grid = cls(points, tuple(names), tuple(v.size for v in values.values()), values)
        else:
            array = np.asarray(x, dtype=float)
            if array.ndim <= 1 and len(names) == 1:
                flat = np.atleast_1d(array)
                grid = cls(flat[:, None], (names[0],), (flat.size,), {names[0]: flat})
            elif array.ndim == 2 and array.shape[1] == len(names):
                grid = cls(array, ("point",), (len(array),), {})
            else:
                raise ValueError(
                    f"x of shape {array.shape} does not fit {len(names)} coordinates ({', '.join(names)}): give a 1D array "
                    f"for one coordinate, a mapping name → 1D array for a product grid, or an array (points, {len(names)})"
                )
        if not grid.points.size:
            raise ValueError("x holds no point")
        if not np.all(np.isfinite(grid.points)):
            raise ValueError("x holds values that are not finite")
        return grid

    def __len__(self) -> int:
        return len(self.points)

    def coordinates(self, names: Sequence[str]) -> dict[str, Any]:
        """Coordinates for an xarray dataset: dimension coordinates, or one variable over `point` for each name."""
        if self.values:
            return {name: ((name,), value) for name, value in self.values.items()}
        return {name: (("point",), self.points[:, i]) for i, name in enumerate(names)}
