"""The spiral of EF(20)-(24) in closed form, from the parameters of the shipped input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]  # real times, or complex ones for a complex step


@dataclass(frozen=True)
class Spiral:
    """g = (1, -1) + a sin²(πt/T0) (cos, sin)(2πmt/T0),  f = f0 sin(2πmt/T0); all in atomic units."""

    M: float
    T0: float
    m: float
    a: float
    f0: float
    sigma: float

    @classmethod
    def of(cls, parameters: Mapping[str, float]) -> Spiral:
        return cls(*(parameters[name] for name in ("M", "T0", "m", "a", "f0", "sigma")))

    def curvature(self, t: Numbers) -> Numbers:
        """f(t); C_12 = 2f."""
        return np.asarray(self.f0 * np.sin(2 * np.pi * self.m * t / self.T0))

    def centre(self, t: Numbers) -> Numbers:
        """g, (2, time)."""
        phase, reach = 2 * np.pi * self.m * t / self.T0, self.a * np.sin(np.pi * t / self.T0) ** 2
        return np.stack([1.0 + reach * np.cos(phase), -1.0 + reach * np.sin(phase)])

    def velocity(self, t: Numbers) -> Numbers:
        """dg/dt, (2, time)."""
        w, phase = np.pi / self.T0, 2 * np.pi * self.m * t / self.T0
        turn = 2 * np.pi * self.m / self.T0
        reach, change = np.sin(w * t) ** 2, w * np.sin(2 * w * t)
        along = change * np.cos(phase) - reach * turn * np.sin(phase)
        return self.a * np.stack([along, change * np.sin(phase) + reach * turn * np.cos(phase)])

    def quantum_energy(self, t: Numbers) -> Numbers:
        """σ² f²/(2M), the first term of EF(24)."""
        return np.asarray(self.sigma**2 * self.curvature(t) ** 2 / (2 * self.M))

    def classical_energy(self, t: Numbers) -> Numbers:
        """T_cm = M |dg/dt|²/2, the second term of EF(24)."""
        return np.asarray(0.5 * self.M * (self.velocity(t) ** 2).sum(axis=0))

    def rates(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """dT_μ,marg/dt of each nucleus, (2, time): T_μ = 1/(4Mσ²) + σ²f²/(4M) + M ġ_μ²/2.

        By a complex step: T(t + ih) = T + ih dT/dt + O(h²).
        """
        h = 1e-30
        at = t + 1j * h
        energy = self.quantum_energy(at) / 2 + 0.5 * self.M * self.velocity(at) ** 2
        return np.asarray(energy.imag / h)
