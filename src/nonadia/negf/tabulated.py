"""Kernels of F, γ and D of a non-interacting model over energy: any occupation of the leads then costs two sums.

With J f and J(1-f) of every lead K as given functions of energy (theory B6),

    F = ∫ Σ_K K_F,K (Jf)_K dε,   γ = ∫ Σ_K K_γ,K (Jf)_K dε,   D = ∫ Σ_KK' P_KK' (Jf)_K [J(1-f)]_K' dε,

where the kernels depend on the molecule alone. So a bath whose f is a sum of poles is certified without a new quadrature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..baths.exponents import Exponents
from ..models.frozen import FrozenJunction
from .forces import BLOCK, mesh
from .integrand import Layout, integrand
from .mesh import NODES
from .system import FlatSystem, Occupation, flatten

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class _Unit(Occupation):
    """J f = 1 in one lead and J(1-f) = 1 in another: the integrand then is the kernel of that pair."""

    pair: tuple[int, int] = (0, 0)

    def filled(self, lead: int, energy: FloatArray) -> FloatArray:
        return np.full(energy.shape, float(lead == self.pair[0]))

    def empty(self, lead: int, energy: FloatArray) -> FloatArray:
        return np.full(energy.shape, float(lead == self.pair[1]))


class Sums(NamedTuple):
    """F (p, c), γ (p, c, c) and symmetrised D (p, c, c) of p geometries."""

    force: FloatArray
    friction: FloatArray
    noise: FloatArray


@dataclass(frozen=True)
class Kernels:
    """Quadrature weights times kernels over all nodes e, geometry after geometry; c coordinates.

    energy (e,); first (p,) node of each geometry; linear (K, T, e) for F and γ, bilinear (K, K, T', e) for D, T and T' number
    the components; filled, empty (K, e): the exact J f and J(1-f).
    """

    coordinates: int

    energy: FloatArray
    first: NDArray[np.int64]
    linear: FloatArray
    bilinear: FloatArray
    filled: FloatArray
    empty: FloatArray

    def per_point(self, values: FloatArray) -> FloatArray:
        """Sum of (T, e) over the nodes of each geometry, (p, T)."""
        return np.add.reduceat(values, self.first, axis=1).T

    def forces(self, exponents: Sequence[Exponents] | None = None) -> Sums:
        """F, γ and D with the exact occupations, or with those that the exponents represent."""
        filled, empty = self.filled, self.empty
        if exponents is not None:
            filled = np.stack([e.filled(self.energy) for e in exponents])
            empty = np.stack([e.empty(self.energy) for e in exponents])
        c = self.coordinates
        linear = self.per_point(np.einsum("kte,ke->te", self.linear, filled))
        noise = self.per_point(np.einsum("kqte,ke,qe->te", self.bilinear, filled, empty)).reshape(-1, c, c)
        return Sums(linear[:, :c], linear[:, c:].reshape(-1, c, c), 0.5 * (noise + np.swapaxes(noise, -1, -2)))


def tabulate(frozen: FrozenJunction, tolerance: float = 1e-6) -> Kernels:
    """Tabulates the kernels on a mesh that integrates the exact model to `tolerance`."""
    system = flatten(frozen)
    layout = Layout(frozen.n_levels, frozen.n_coordinates, len(frozen.leads))
    exact = Occupation(frozen.leads)
    panels = mesh(system, exact, frozen, tolerance)
    panels = panels.take(np.argsort(panels.point, kind="stable"))
    energy, weights = panels.nodes()
    n_leads, c = len(frozen.leads), frozen.n_coordinates
    nodes = energy.size
    linear = np.empty((n_leads, c + c * c, nodes))
    bilinear = np.empty((n_leads, n_leads, c * c, nodes))
    first = NODES * np.searchsorted(panels.point, np.arange(system.n_points))
    for k in range(n_leads):
        for other in range(n_leads):
            values = _values(system, _Unit(frozen.leads, None, (k, other)), layout, panels.point, energy, weights)
            named = layout.unpack(values)
            noise = (named["noise_molecule"] + named["noise_coupling"]).reshape(nodes, -1)
            bilinear[k, other] = noise.T
            if k == other:
                force = (named["mean_force_molecule"] + named["mean_force_coupling"]).reshape(nodes, -1)
                friction = (named["friction_molecule"] + named["friction_coupling"]).reshape(nodes, -1)
                linear[k] = np.concatenate([force, friction], axis=-1).T
    flat = energy.ravel()
    filled = np.stack([exact.filled(k, flat) for k in range(n_leads)])
    empty = np.stack([exact.empty(k, flat) for k in range(n_leads)])
    return Kernels(c, flat, first, linear, bilinear, filled, empty)


def _values(
    system: FlatSystem,
    occupation: Occupation,
    layout: Layout,
    point: NDArray[np.int64],
    energy: FloatArray,
    weights: FloatArray,
) -> FloatArray:
    n, a, c = system.h.shape[-1], system.rates.size, system.dh.shape[1]
    step = max(1, BLOCK // (NODES * (6 * c + 2) * (n + a) * max(n, a)))
    parts = []
    for start in range(0, len(point), step):
        part = slice(start, start + step)
        parts.append(integrand(system, occupation, layout, point[part], energy[part]) * weights[part][..., None])
    return np.concatenate(parts).reshape(energy.size, -1)
