"""The Kramers equation as banded matrices: Petrov-Galerkin with weighted splines in x and p.

    ∂W/∂t = -(p/m) ∂W/∂x - F ∂W/∂p + ∂/∂p [(γ/m) p W] + D ∂²W/∂p²          LD(43), one coordinate
    S dc/dt = L c,   W(x,p) = Σ_ij c_ij w_x(x) b_i(x) w_p(p) b_j(p),   w_p = exp(-β p²/2m), w_x: any function, β ≥ 0

tested with b_i(x) b_j(p): every integral of F, γ, D is one-dimensional, S and L are sums of Kronecker products. The streaming
part is skew in the norm ∫W²/w, so that it neither makes nor destroys anything (weak damping needs that), γ < 0 is a bounded
growth in that norm, and the test function 1 is in the space: probability is conserved but for the ends of p. No code
in common with the integrators of trajectories.

Walls at the ends of the x axis: "reflecting" W(x,-p) = W(x,p), or "absorbing": nothing comes in. Ends of the p axis: what
the force drives out is lost; the box is chosen so wide that this is next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, get_lapack_funcs

from ..field import Field
from .basis import DEGREE, Basis, FloatArray

AnyArray = NDArray[np.float64] | NDArray[np.complex128]
Walls = tuple[str, str]  # lower and upper: "reflecting" or "absorbing"


class Operator:
    """S and L of one field on one pair of axes; unknowns c (x functions, p functions), p runs fastest."""

    def __init__(self, field: Field, x: Basis, p: Basis, beta: float, walls: Walls = ("reflecting", "reflecting")) -> None:
        self.field, self.x, self.p = field, x, p
        self.mass = float(field.masses[0])
        self.shape = (x.size, p.size)
        self.half = DEGREE * p.size + DEGREE
        velocity = p.points / self.mass
        gram_p, slopes_p = p.matrix(), p.matrix(slopes="i")
        self._force_p = slopes_p
        self._drag_p = p.matrix(velocity, slopes="i")
        self._diffusion_p = p.matrix(slopes="ij") - beta * self._drag_p
        self.gram = self._sum([(x.matrix(), gram_p)])
        self._streaming = self._sum([(x.matrix(slopes="i"), p.matrix(velocity))])
        self.leaks = np.zeros((2, x.size, p.size))  # probability per time through the lower and the upper end: leaks · c
        for side, wall in zip((-1, 1), walls, strict=True):
            self._add_wall(side, wall)
        self.mean: FloatArray = np.outer(x.moment(), p.moment()).ravel()  # ∫W = mean · c

    def matrix(self, t: float = 0.0) -> FloatArray:
        """L at time t, banded."""
        points = self.x.points[:, None]
        force = self.field.force(points, t)[:, 0]
        friction, noise = (value[:, 0, 0] for value in self.field.local(points, t))
        check(self.x.points, force, friction, noise, self.field.errors.get("noise", 0.0))
        x = self.x.matrix
        terms = [(x(force), self._force_p), (-x(friction), self._drag_p), (-x(noise), self._diffusion_p)]
        banded = self._streaming + self._sum(terms)
        for side in (-1, 1):
            self._add_end_of_p(banded, side, x(np.maximum(side * force, 0.0)))
        return np.asarray(banded)

    def project(self, density: Callable[[FloatArray, FloatArray], FloatArray]) -> FloatArray:
        """c of a given W(x,p): the same integral with each test function, ∫W = 1 exactly."""
        known = density(self.x.points[:, None], self.p.points[None, :])
        tested = self.x.tests().T @ known @ self.p.tests()
        c = np.linalg.solve(self.x.matrix(), np.linalg.solve(self.p.matrix(), tested.T).T)
        return np.asarray(c / (self.mean @ c.ravel()))

    def apply(self, banded: FloatArray, c: FloatArray) -> FloatArray:
        """Matrix times vector."""
        (gbmv,) = get_blas_funcs(("gbmv",), (banded,))
        n = banded.shape[1]
        return np.asarray(gbmv(n, n, self.half, self.half, 1.0, banded, c))

    def _sum(self, terms: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
        """Σ X ⊗ P in the banded storage of LAPACK: row half + i - j holds the element (i, j)."""
        nx, np_ = self.shape
        banded = np.zeros((2 * self.half + 1, nx, np_))
        for a in range(-min(DEGREE, nx - 1), min(DEGREE, nx - 1) + 1):
            for b in range(-min(DEGREE, np_ - 1), min(DEGREE, np_ - 1) + 1):
                columns = slice(max(0, -a), nx - max(0, a)), slice(max(0, -b), np_ - max(0, b))
                row = banded[self.half + a * np_ + b]
                row[columns] = sum(np.outer(np.diagonal(X, -a), np.diagonal(P, -b)) for X, P in terms)
        return banded.reshape(2 * self.half + 1, nx * np_)

    def _add_end_of_p(self, banded: FloatArray, side: int, outwards: FloatArray) -> None:
        """What the force drives through an end of the p axis is lost: next to nothing if the box is wide enough.

        Without it, weakly damped noise would live at the ends; let in again at the other end, it would stay there.
        """
        index, value = self.p.end(side)
        weight = float(self.p.values(self.p.edges[[0 if side < 0 else -1]])[0, index])
        here = np.zeros((self.p.size, self.p.size))
        here[index, index] = -value * weight
        banded += self._sum([(outwards, here)])

    def _add_wall(self, side: int, wall: str) -> None:
        """What leaves through an end of the x axis, -∫ |p|/m W v dp over outgoing p, and comes back with -p."""
        index, value = self.x.end(side)
        weight = float(self.x.values(self.x.edges[[0 if side < 0 else -1]])[0, index])
        out, back = self.p.mirrored(side, lambda p: np.abs(p) / self.mass)
        block = -value * weight * (out - back if wall == "reflecting" else out)
        start = index * self.p.size
        if wall != "reflecting":
            self.leaks[0 if side < 0 else 1, index] = -self.x.unit[index] * (self.p.unit @ block)
        i, j = np.indices(block.shape)
        self._streaming[self.half + i - j, start + j] += block


class Factors:
    """LU of a banded matrix (LAPACK gbtrf), real or complex."""

    def __init__(self, banded: AnyArray, half: int) -> None:
        self.half = half
        gbtrf, self._gbtrs = get_lapack_funcs(("gbtrf", "gbtrs"), (banded,))
        storage = np.zeros((3 * half + 1, banded.shape[1]), dtype=banded.dtype, order="F")
        storage[half:] = banded
        self._lu, self._pivots, info = gbtrf(storage, half, half, overwrite_ab=True)
        if info != 0:
            raise ValueError(f"the matrix of the Fokker-Planck equation is singular (gbtrf: {info})")

    def solve(self, b: AnyArray, *, transposed: bool = False) -> AnyArray:
        """A⁻¹ b or A⁻ᵀ b."""
        x, _ = self._gbtrs(self._lu, self.half, self.half, b, self._pivots, trans=1 if transposed else 0)
        return np.asarray(x)


def check(x: FloatArray, force: FloatArray, friction: FloatArray, noise: FloatArray, error: float) -> None:
    """ValueError where a value is missing (outside of a table) or D is negative beyond its error: no equation there."""
    missing = ~(np.isfinite(force) & np.isfinite(friction) & np.isfinite(noise))
    if missing.any():
        where = x[missing]
        raise ValueError(
            f"field: no values between x = {where.min():.6g} and {where.max():.6g} (outside of the table?); "
            "give a box inside the table or a table with an asymptote"
        )
    if noise.min() < -error - 1e-9 * np.abs(noise).max():
        raise ValueError(f"noise: D = {noise.min():.3g} at x = {x[noise.argmin()]:.6g}; D must be zero or positive")
