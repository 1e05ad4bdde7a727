"""A density W(x,p) on splines: its moments, marginals and currents, and how far two of them are apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .basis import FloatArray
from .operator import Operator

SAMPLES = 601  # points of each axis where two densities are compared
SCALARS = (
    *("kinetic_temperature", "position", "position_variance", "momentum", "momentum_variance", "covariance"),
    *("kinetic_energy", "potential_energy", "energy"),
)


@dataclass(frozen=True)
class State:
    """c (x functions, p functions) in the bases of an operator; `potential(x)` where it is known."""

    operator: Operator
    c: FloatArray
    potential: Callable[[FloatArray], FloatArray]

    def position_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.operator.x.values(x) @ (self.c @ self.operator.p.moment()))

    def momentum_density(self, p: FloatArray) -> FloatArray:
        return np.asarray(self.operator.p.values(p) @ (self.operator.x.moment() @ self.c))

    def position_cdf(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.operator.x.cumulative(x) @ (self.c @ self.operator.p.moment()))

    def momentum_cdf(self, p: FloatArray) -> FloatArray:
        return np.asarray(self.operator.p.cumulative(p) @ (self.operator.x.moment() @ self.c))

    def density(self, x: FloatArray, p: FloatArray, *, slope: bool = False) -> FloatArray:
        """(x, p): W, or ∂W/∂p."""
        return np.asarray(self.operator.x.values(x) @ self.c @ self.operator.p.values(p, derivative=int(slope)).T)

    def position_current(self, x: FloatArray) -> FloatArray:
        """∫ (p/m) W dp."""
        p = self.operator.p
        return np.asarray(self.operator.x.values(x) @ (self.c @ p.moment(p.points / self.operator.mass)))

    def mean(self, function: Callable[[FloatArray], FloatArray]) -> float:
        """⟨f(x)⟩."""
        x = self.operator.x
        return float(x.moment(function(x.points)) @ self.c @ self.operator.p.moment())

    def scalars(self) -> dict[str, float]:
        """Moments and energies; `kinetic_temperature` is ⟨p²⟩/m = m⟨v²⟩."""
        x, p, mass = self.operator.x, self.operator.p, self.operator.mass
        along_x, along_p = self.c @ p.moment(), x.moment() @ self.c
        norm = float(x.moment() @ along_x)
        position, momentum = float(x.moment(x.points) @ along_x) / norm, float(p.moment(p.points) @ along_p) / norm
        spread_x = float(x.moment((x.points - position) ** 2) @ along_x) / norm
        square = float(p.moment(p.points**2) @ along_p) / norm
        mixed = float(x.moment(x.points - position) @ self.c @ p.moment(p.points)) / norm
        potential = float(x.moment(self.potential(x.points)) @ along_x) / norm
        values = (square / mass, position, spread_x, momentum, square - momentum**2, mixed, 0.5 * square / mass, potential)
        return dict(zip(SCALARS, (*values, 0.5 * square / mass + potential), strict=True))


def distances(a: State, b: State) -> dict[str, float]:
    """|a - b| of each scalar relative to its natural scale (temperature, widths), and ∫|a - b| of both marginals."""
    first, second = a.scalars(), b.scalars()
    temperature = max(abs(second["kinetic_temperature"]), 1e-300)
    width_x, width_p = (np.sqrt(max(abs(second[k]), 1e-300)) for k in ("position_variance", "momentum_variance"))
    scales = (temperature, width_x, width_x**2, width_p, width_p**2, width_x * width_p, *(temperature,) * 3)
    found = {name: abs(first[name] - second[name]) / scale for name, scale in zip(SCALARS, scales, strict=True)}
    for axis in ("x", "p"):
        one, two = getattr(a.operator, axis).edges, getattr(b.operator, axis).edges
        y = np.linspace(min(one[0], two[0]), max(one[-1], two[-1]), SAMPLES)
        name = "position_density" if axis == "x" else "momentum_density"
        found[name] = float(np.trapezoid(np.abs(getattr(a, name)(y) - getattr(b, name)(y)), y))
    return found
