"""Panels over the whole real energy axis, placed by the known singularities of the integrand.

A Gauss-Legendre rule of q nodes on [m - b, m + b] converges like ρ^{-2q}, where ρ = |ζ + √(ζ²-1)| with
ζ = (p - m)/b belongs to the nearest singularity p (the largest Bernstein ellipse that avoids it). All
singularities are known here: resonances, band poles, poles of the Fermi functions or of the exponents. So
panels are halved until every ρ is large enough, and the two ends, where every integrand is a series in 1/ε
(a fitted bath has no exponential tail), are mapped by ε = c ± R/u, u in (0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

NODES = 16
_X, _W = np.polynomial.legendre.leggauss(NODES)
_VANDERMONDE = np.polynomial.legendre.legvander(_X, NODES - 1)
# rows: Legendre coefficients of the three highest degrees from the values at the nodes
_HIGHEST = ((np.arange(NODES) + 0.5)[:, None] * _VANDERMONDE.T * _W)[-3:]


@dataclass(frozen=True)
class Panels:
    """Panels [a, b] of the mapped variable; point: grid point; side: 0 for ε = c + v, ±1 for ε = c ± R/v."""

    point: NDArray[np.int64]
    side: NDArray[np.int64]
    a: FloatArray
    b: FloatArray
    center: float
    radius: float

    def __len__(self) -> int:
        return int(self.point.size)

    def take(self, index: NDArray) -> Panels:
        """The panels at `index` (integers or booleans)."""
        return Panels(
            self.point[index], self.side[index], self.a[index], self.b[index], self.center, self.radius
        )

    def halved(self) -> Panels:
        """Each panel cut in the middle: first all lower, then all upper halves."""
        middle = 0.5 * (self.a + self.b)
        return Panels(
            np.tile(self.point, 2),
            np.tile(self.side, 2),
            np.concatenate([self.a, middle]),
            np.concatenate([middle, self.b]),
            self.center,
            self.radius,
        )

    def nodes(self) -> tuple[FloatArray, FloatArray]:
        """Energies and quadrature weights (Hartree), each (panels, NODES)."""
        half = 0.5 * (self.b - self.a)[:, None]
        v = 0.5 * (self.a + self.b)[:, None] + half * _X
        side = self.side[:, None]
        tail = side != 0
        safe = np.where(tail, v, 1.0)
        energy = self.center + np.where(tail, side * self.radius / safe, v)
        jacobian = np.where(tail, self.radius / safe**2, 1.0)
        return energy, half * _W * jacobian


def concatenate(first: Panels, second: Panels) -> Panels:
    """Both sets of panels of one mesh."""
    return Panels(
        np.concatenate([first.point, second.point]),
        np.concatenate([first.side, second.side]),
        np.concatenate([first.a, second.a]),
        np.concatenate([first.b, second.b]),
        first.center,
        first.radius,
    )


def initial_panels(singularities: ComplexArray, reach: FloatArray, ellipse: float) -> Panels:
    """Mesh for integrands singular at `singularities` (points, S) and their conjugates, Hartree.

    reach: real energies (any number) beyond which the integrand is a series in 1/ε (outside the thermal
    windows of the leads). ellipse: the smallest ρ > 1 allowed; quadrature errors scale as ρ^{-2 NODES}.
    """
    points = singularities.shape[0]
    low = min(float(singularities.real.min()), float(reach.min()))
    high = max(float(singularities.real.max()), float(reach.max()))
    center = 0.5 * (low + high)
    # twice as far as the farthest singularity: on the mapped tails ρ = 5.8 or more
    radius = 2.0 * max(float(np.abs(singularities - center).max()), 0.5 * (high - low))
    every = np.arange(points)
    pending = Panels(every, 0 * every, np.full(points, -radius), np.full(points, radius), center, radius)
    zeros, ones = np.zeros(2 * points), np.ones(2 * points)
    done = Panels(np.tile(every, 2), np.repeat([-1, 1], points), zeros, ones, center, radius)
    relative = singularities - center
    while len(pending):
        half = 0.5 * (pending.b - pending.a)[:, None]
        middle = 0.5 * (pending.a + pending.b)[:, None]
        zeta = (relative[pending.point] - middle) / half
        rho = np.abs(zeta + np.sqrt(zeta - 1.0) * np.sqrt(zeta + 1.0)).min(axis=1)
        fine = (rho >= ellipse) | (half[:, 0] < 1e-15 * radius)
        done = concatenate(done, pending.take(fine))
        pending = pending.take(~fine).halved()
    return done


def integrate_panels(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Integrals and error estimates (panels, Q) of values (panels, NODES, Q) with weights (panels, NODES).

    The estimate extrapolates the decay of the Legendre coefficients: if the last ones are e and the largest
    value is v, the neglected ones near degree 2 NODES are about e²/v; e (e/v)^{1/2} is used, far on the
    safe side, plus the rounding error of the sum.
    """
    jacobian = weights / _W  # half length × mapping
    scaled = values * jacobian[..., None]
    integral = np.einsum("j,pjq->pq", _W, scaled)
    largest = np.abs(scaled).max(axis=1)
    last = np.abs(np.einsum("kj,pjq->pkq", _HIGHEST, scaled)).max(axis=1)
    ratio = np.sqrt(last / np.maximum(largest, np.finfo(float).tiny))
    return integral, 2.0 * last * np.minimum(ratio, 1.0) + 4e-16 * largest
