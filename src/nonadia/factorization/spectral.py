"""A function on the periodic nuclear grid, its derivatives, and exact interpolation to a finer grid.

    f(R) = Σ_k f̂(k) e^{ikR}:   ∂_a f = Σ_k i k_a f̂(k) e^{ikR},   on `refine` times as many points by zero padding
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..models.molecule import GridCoordinate
from ..wavepacket.fft import Complex, transform
from ..wavepacket.hamiltonian import along, derivative_numbers, wave_numbers


class Refinement:
    """Transforms between the grid of `coordinates` and one `refine` times finer along each axis."""

    def __init__(self, coordinates: Sequence[GridCoordinate], refine: int = 1) -> None:
        self.coordinates, self.refine = tuple(coordinates), refine
        self.ndim = len(self.coordinates)
        self.axes = tuple(range(self.ndim))
        self.coarse = tuple(c.points for c in self.coordinates)
        self.shape = tuple(c.points * refine for c in self.coordinates)
        self.points = int(np.prod(self.shape))
        self.volume = float(np.prod([c.step / refine for c in self.coordinates]))
        self.mesh: tuple[NDArray[np.float64], ...] = tuple(
            c.start + c.step / refine * np.arange(c.points * refine, dtype=np.float64) for c in self.coordinates
        )
        self._first = [along(1j * derivative_numbers(c), a, self.ndim) for a, c in enumerate(self.coordinates)]
        self._second = [along(-(wave_numbers(c) ** 2), a, self.ndim) for a, c in enumerate(self.coordinates)]

    def forward(self, f: NDArray) -> Complex:
        """f̂ on the coarse grid, scaled so that `at` needs no more factors."""
        hat = np.array(f, dtype=complex)
        transform(hat, self.axes, True)
        if self.refine > 1:
            hat *= float(self.refine**self.ndim)
        return hat

    def at(self, hat: Complex, *derivatives: int) -> Complex:
        """∂_a ∂_b … f on the fine grid, flat (points,)."""
        if len(derivatives) == 2 and derivatives[0] == derivatives[1]:
            product = hat * self._second[derivatives[0]]
        elif derivatives:
            product = hat * self._first[derivatives[0]]
            for a in derivatives[1:]:
                product *= self._first[a]
        else:
            product = hat.copy()
        if self.refine > 1:
            product = self._padded(product)
        transform(product, self.axes, False)
        return product.reshape(-1)

    def _padded(self, hat: Complex) -> Complex:
        for axis, points in enumerate(self.coarse):
            shape = list(hat.shape)
            shape[axis] = points * self.refine
            wide = np.zeros(shape, dtype=complex)
            half = points // 2
            front, back = [slice(None)] * self.ndim, [slice(None)] * self.ndim
            front[axis], back[axis] = slice(0, points - half), slice(points - half, None)
            wide[tuple(front)] = hat[tuple(front)]
            far = list(back)
            far[axis] = slice(points * self.refine - half, None)
            wide[tuple(far)] = hat[tuple(back)]
            if points % 2 == 0:  # the Nyquist component belongs half to each sign
                low, high = [slice(None)] * self.ndim, [slice(None)] * self.ndim
                first = points * self.refine - half
                low[axis], high[axis] = slice(first, first + 1), slice(half, half + 1)
                wide[tuple(low)] *= 0.5
                wide[tuple(high)] = wide[tuple(low)]
            hat = wide
        return hat

    def to_coarse(self, f: NDArray) -> NDArray:
        """Values of a flat or shaped fine function on the coarse grid."""
        return f.reshape(self.shape)[(slice(None, None, self.refine),) * self.ndim]
