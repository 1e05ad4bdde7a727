"""A table of several coordinates: tensor-product splines, and what lies outside the grid.

F (and γ, D, I) outside, with x_e the nearest point of the grid: "free" 0; "constant" F(x_e);
"linear" F(x_e) + Σ_a (x - x_e)_a ∂_a F(x_e), all others constant. U_0 follows with -∂_a U_0(x_e), and its second derivatives
where F is linear; exactly consistent with F along one axis, to first order where several are left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..field import FloatArray
from .line import Contract
from .positive import lifted
from .tensor import EDGE, FREE, NONE, Axes

_POLICY = {"none": NONE, "free": FREE, "constant": EDGE, "linear": EDGE}
BoolArray = NDArray[np.bool_]
Bare = Callable[[FloatArray], FloatArray]  # (N, c) → (N, c)


class ProductState:
    """Splines of one time: the coefficients of [F | γ D | I | U_0] apart, as each is asked for alone."""

    def __init__(self, product: Product, contract: Contract) -> None:
        self.product = product
        self.coefficients = {name: contract(array) for name, array in product.coefficients.items()}

    def force(self, x: FloatArray) -> FloatArray:
        """(N, c), exact -∂U_0/∂x added where it is known as a function."""
        product = self.product
        force = self._spline("force", x)
        if product.bare is None and not product.any_linear:
            return force
        edge, beyond = product.nearest(x)
        if product.bare is not None:
            force += product.bare(edge)
            force[product.freed(x)] = 0.0
        straight = beyond & product.straight(x)
        for a in range(x.shape[1]):
            where = np.flatnonzero(straight[:, a] & np.isfinite(force).all(axis=1) & ~product.freed(x))
            if not where.size:
                continue
            force[where] += (x[where, a] - edge[where, a])[:, None] * self._slope(edge[where], a)
        return force

    def bath(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """γ and D, (N, c, c) each."""
        c = x.shape[1]
        both = self._spline("bath", x)
        noise = both[:, c * c :].reshape(-1, c, c)
        return both[:, : c * c].reshape(-1, c, c), lifted(noise)

    def current(self, x: FloatArray) -> FloatArray:
        return self._spline("current", x)

    def potential(self, x: FloatArray) -> FloatArray:
        """U_0 (N,)."""
        product = self.product
        policy = np.where(product.policy == FREE, EDGE, product.policy)
        result = product.grid.evaluate(self.coefficients["potential"], x, policy)[:, 0]
        if not (product.policy == EDGE).any():
            return result
        edge, beyond = product.nearest(x)
        where = np.flatnonzero(beyond.any(axis=1) & np.isfinite(result) & ~product.freed(x))
        if where.size:
            step = (x - edge)[where]
            straight = (beyond & product.straight(x))[where]
            for a in range(x.shape[1]):
                result[where] += step[:, a] * self._curve(edge[where], (a,))
                for b in range(x.shape[1]):
                    both = np.where(straight[:, a] & straight[:, b], step[:, a] * step[:, b], 0.0)
                    if both.any():
                        result[where] += 0.5 * both * self._curve(edge[where], (a, b))
        return result

    def _spline(self, name: str, x: FloatArray) -> FloatArray:
        return self.product.grid.evaluate(self.coefficients[name], x, self.product.policy)

    def _curve(self, x: FloatArray, along: tuple[int, ...]) -> FloatArray:
        orders = [along.count(a) for a in range(x.shape[1])]
        return self.product.grid.evaluate(self.coefficients["potential"], x, self.product.policy, orders)[:, 0]

    def _slope(self, x: FloatArray, a: int) -> FloatArray:
        """∂_a F at the edge of the grid."""
        product = self.product
        orders = [int(b == a) for b in range(x.shape[1])]
        slope = product.grid.evaluate(self.coefficients["force"], x, product.policy, orders)
        if product.bare is not None:  # a function: three points inwards
            length = product.upper[a] - product.lower[a]
            h = np.where(x[:, a] <= product.lower[a], 1e-4, -1e-4) * length
            step = np.zeros_like(x)
            step[:, a] = h
            near = 4 * product.bare(x + step) - 3 * product.bare(x) - product.bare(x + 2 * step)
            slope += near / (2 * h[:, None])
        return slope


class Product:
    """Coefficients of a table (driven axes, grid, quantities) by name: force (c), bath (2c²: γ then D), current, potential."""

    def __init__(
        self,
        axes: Sequence[FloatArray],
        driven: Sequence[FloatArray],
        values: dict[str, FloatArray],
        bare: Bare | None,
        kinds: Sequence[tuple[str, str]],
    ) -> None:
        self.grid = Axes(axes)
        along = Axes(driven) if driven else None
        self.coefficients = {}
        for name, array in values.items():
            inner = self.grid.coefficients(np.moveaxis(array, range(len(driven)), range(-len(driven), 0)))
            back = np.moveaxis(inner, range(-len(driven), 0), range(len(driven)))
            self.coefficients[name] = np.ascontiguousarray(along.coefficients(back) if along else back)
        self.bare = bare
        self.policy = np.array([[_POLICY[kind] for kind in pair] for pair in kinds], dtype=np.int64)
        self._linear = np.array([[kind == "linear" for kind in pair] for pair in kinds])
        self.any_linear = bool(self._linear.any())
        self.lower = np.array([axis[0] for axis in axes])
        self.upper = np.array([axis[-1] for axis in axes])

    def at(self, contract: Contract) -> ProductState:
        """The splines at one time."""
        return ProductState(self, contract)

    def nearest(self, x: FloatArray) -> tuple[FloatArray, BoolArray]:
        """The nearest points of the grid (N, c), and along which axes x lies outside (N, c)."""
        edge = np.clip(x, self.lower, self.upper)
        return edge, x != edge

    def straight(self, x: FloatArray) -> BoolArray:
        """(N, c) bool: beyond a side that goes on linearly."""
        return ((x < self.lower) & self._linear[:, 0]) | ((x > self.upper) & self._linear[:, 1])

    def freed(self, x: FloatArray) -> BoolArray:
        """(N,) bool: beyond a side that is free, and beyond none where there is nothing."""
        sides = ((x < self.lower, self.policy[:, 0]), (x > self.upper, self.policy[:, 1]))
        free, none = (np.logical_or(*((out & (policy == kind)).any(axis=1) for out, policy in sides)) for kind in (FREE, NONE))
        return np.asarray(free & ~none)
