"""The closed few-level metal of the study: molecule, grid, vertical start, and its energy scales. All values ours.

    H = p²/2M + k x²/2 + (ε_0 + c x) n_d + metal,      x dimensionless, level at μ = 0 where x = x_m = -ε_0/c

Electrons are non-interacting, so that one-electron quantities (lowest surface, friction) need no many-electron states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nonadia.expressions import Expression
from nonadia.models.finite_metal import FiniteMetal, LevelAtMetal, discretised_metal
from nonadia.models.molecule import GridCoordinate

from .model import BAND, FORCE_CONSTANT, SLOPE, WIDTH, X_START

Real = NDArray[np.float64]
EDGE = 7.5  # standard deviations from the turning points to the edge of the grid, in position and momentum
RECURRENCE = 2.0  # softened periods that the metal lasts: 2π over the distance of its orbitals at μ


@dataclass(frozen=True)
class ClosedSystem:
    """mass_factor: M/M_0, M_0 = 1/k of the study; k, c, ε_0, Γ, W in Hartree; start: mean x of the coherent state.

    spacing: width of the interval at μ (see `discretised_metal`); None: that of a recurrence after RECURRENCE periods.
    """

    mass_factor: float
    force_constant: float = FORCE_CONSTANT
    slope: float = SLOPE
    level: float = SLOPE**2 / (2.0 * FORCE_CONSTANT)
    width: float = WIDTH
    bandwidth: float = BAND
    start: float = X_START
    spacing: float | None = None
    growth: float = 1.5

    @property
    def mass(self) -> float:
        """M, electron masses times bohr² (x is dimensionless)."""
        return self.mass_factor / FORCE_CONSTANT

    @property
    def symmetric_point(self) -> float:
        """x_m, where the level is at μ."""
        return -self.level / self.slope

    @property
    def frequency(self) -> float:
        """Ω = √(k/M) of the bare oscillator."""
        return float(np.sqrt(self.force_constant / self.mass))

    @property
    def softened_frequency(self) -> float:
        """√((k - 2c²/(πΓ))/M): about x_m, with the electrons of a wide band in their ground state."""
        return float(np.sqrt((self.force_constant - 2.0 * self.slope**2 / (np.pi * self.width)) / self.mass))

    @property
    def spread(self) -> float:
        """σ_x of the coherent state, √(1/(2MΩ))."""
        return float(np.sqrt(0.5 / (self.mass * self.frequency)))

    def energy(self, x: ArrayLike) -> Real:
        """ε(x)"""
        return np.asarray(self.level + self.slope * np.asarray(x, dtype=float), dtype=float)

    def metal(self, orbitals: int) -> FiniteMetal:
        """`orbitals` in all, the level among them."""
        # orbitals at μ are half an interval and half the next one apart
        lasting = 2.0 * self.softened_frequency / (RECURRENCE * (1.0 + self.growth))
        spacing = lasting if self.spacing is None else self.spacing
        return discretised_metal(self.width, self.bandwidth, orbitals - 1, spacing, growth=self.growth)

    def dense_metal(self, duration: float) -> FiniteMetal:
        """A metal whose electrons come back after 16 durations at the earliest: intervals growing by 6%.

        Not after two, because with a fixed number of electrons E_eh lacks spacing·(change of the level's charge)²/2.
        """
        spacing = min(np.pi / (8.0 * duration), self.width / 20.0)
        growth, half = 1.06, 1
        while spacing * (growth**half - 1.0) / (growth - 1.0) < 2.0 * self.bandwidth:
            half += 1
        return discretised_metal(self.width, self.bandwidth, 2 * half + 1, spacing, growth=growth)

    def coordinate(self) -> GridCoordinate:
        """A grid that holds the packet and its momenta at all turning points, with the level empty or filled."""
        minima = np.array([0.0, -self.slope / self.force_constant])
        turning = np.append(2.0 * minima - self.start, self.start)
        low, high = float(turning.min()) - EDGE * self.spread, float(turning.max()) + EDGE * self.spread
        away = float(np.abs(self.start - minima).max())
        momentum = float(np.sqrt(self.force_constant * self.mass)) * away + EDGE * 0.5 / self.spread
        points = max(int(np.ceil(1.1 * (high - low) * momentum / np.pi)), 16)
        return GridCoordinate("x", self.mass, low, high, points + points % 2, unit="1")

    def molecule(self, metal: FiniteMetal) -> LevelAtMetal:
        """Half filled, with all many-electron states."""
        level = Expression.build(f"{self.level!r} + {self.slope!r}*x", ("x",), {}, kind=None)
        potential = Expression.build(f"{0.5 * self.force_constant!r}*x**2", ("x",), {}, kind=None)
        return metal.molecule(self.coordinate(), level, potential)

    def start_state(self, molecule: LevelAtMetal) -> NDArray[np.complex128]:
        """Coherent state at `start`, p = 0, times the electronic ground state there, the same at every x (vertical)."""
        chi = np.exp(-((molecule.mesh[0] - self.start) ** 2) / (4.0 * self.spread**2))
        chi /= np.sqrt(np.sum(chi**2) * molecule.volume)
        electrons = molecule.metal.ground_state(float(self.energy(self.start)), molecule.electron_count)
        return np.multiply.outer(electrons, chi).astype(complex)

    def friction(self, x: ArrayLike) -> Real:
        """γ(x) = c² A(μ)²/4π of the continuum at T = 0, A = -2 Im 1/(μ - ε - Γ/2 · W/(μ + iW)): wide band at μ; ħ."""
        spectral = self.width / (self.energy(x) ** 2 + 0.25 * self.width**2)
        return np.asarray(self.slope**2 * spectral**2 / (4.0 * np.pi))
