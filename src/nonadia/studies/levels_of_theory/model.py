"""The molecule of the study: masses, scales, and what all levels are judged with. All values ours.

    H = p²/2M + k x²/2 + (ε_0 + c x) d†d + metal,   M = 1/(r² k),  Ω = r k,  ε_0 = c²/2k

x is dimensionless. The nuclear energy of every level is E = ⟨p²⟩/2M + ⟨U_ad(x)⟩ above the minimum of U_ad, the adiabatic
potential of the electrons at 600 K by Green's functions, the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import curve_fit

from nonadia.models.junction import Junction
from nonadia.units import EV, FS, KELVIN

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]
FORCE_CONSTANT, SLOPE, WIDTH, BAND, TEMPERATURE = 0.1 * EV, 0.15 * EV, 0.5 * EV, 2.0 * EV, 600.0 * KELVIN
X_M, X_START = -SLOPE / (2 * FORCE_CONSTANT), 1.75
GRID = np.linspace(-9.0, 8.0, 171)


@dataclass(frozen=True)
class Case:
    """One mass: name, r = Ω/k, how long it is followed (fs)."""

    name: str
    ratio: float
    duration: float

    @property
    def frequency(self) -> float:
        """Ω of the bare oscillator, Hartree."""
        return self.ratio * FORCE_CONSTANT

    @property
    def mass_factor(self) -> float:
        """M/M_0"""
        return 1 / self.ratio**2

    @property
    def scale(self) -> float:
        """x of one unit of (b + b†)/√2."""
        return float(np.sqrt(self.ratio))

    @property
    def times(self) -> Real:
        """401 times, ħ/Hartree."""
        return np.linspace(0.0, self.duration * FS, 401)


CASES = (Case("slow", 0.5, 800.0), Case("middle", 1.0, 400.0), Case("fast", 2.0, 200.0))


def junction(ratio: float | None = None) -> Junction:
    """The classical vibration (no ratio: the mass does not matter for the forces), or the quantum one with Ω = ratio · k."""
    quantum = ratio is not None
    molecule: dict[str, Any] = {"potential": "k*x**2/2", "levels": {"d": "c**2/(2*k) + c*x"}}
    if quantum:
        coupling = {"d": "c*sqrt(r/2)"}
        vibration = {"frequency": "r*k", "states": "auto", "couplings": coupling}
        molecule = {"potential": 0, "levels": {"d": "c**2/(2*k)"}, "vibrations": {"b": vibration}}
    return Junction.from_dict(
        {
            "parameters": {"k": FORCE_CONSTANT, "c": SLOPE, "Gamma": WIDTH, "r": ratio if ratio is not None else 1.0},
            "coordinates": {"x": {"mass": "1/(r**2*k)", "unit": "1"}},
            "molecule": molecule,
            "leads": {
                "metal": {
                    "chemical_potential": 0,
                    "temperature": TEMPERATURE,
                    "bandwidth": BAND,
                    "couplings": {"d": "Gamma"},
                }
            },
        }
    )


@lru_cache(maxsize=1)
def _potential() -> CubicSpline:
    from nonadia.friction import electronic_forces

    found = electronic_forces(junction(), x=GRID, method="negf")
    return CubicSpline(GRID, found.potential.values)


def adiabatic_potential(x: ArrayLike) -> Real:
    """U_ad(x) - U_ad(x_m), Hartree; x_m is its minimum."""
    spline = _potential()
    return np.asarray(spline(np.asarray(x, dtype=float)) - spline(X_M), dtype=float)


def classical_equilibrium() -> float:
    """⟨p²⟩/2M + ⟨U_ad⟩ of Boltzmann's distribution at 600 K."""
    x = np.linspace(GRID[0], GRID[-1], 4001)
    weight = np.exp(-adiabatic_potential(x) / TEMPERATURE)
    return 0.5 * TEMPERATURE + float((weight * adiabatic_potential(x)).sum() / weight.sum())


def start_energy(case: Case) -> float:
    """E of the bare oscillator's coherent state at the start."""
    spread = np.sqrt(0.5 * case.ratio)
    nodes, weights = np.polynomial.hermite.hermgauss(80)
    mean = float(weights @ adiabatic_potential(X_START + np.sqrt(2.0) * spread * nodes) / np.sqrt(np.pi))
    return 0.25 * case.frequency + mean


def relaxation_time(times: Real, energy: Real, final: float) -> float:
    """τ of the least-squares fit E_∞ + A e^{-t/τ} with E_∞ = `final` known, all times alike (ħ/Hartree)."""
    guess = (energy[0] - final, times[-1] / 5)
    (_, tau), _ = curve_fit(lambda t, a, tau: a * np.exp(-t / tau), times, energy - final, p0=guess)
    return float(tau)


def langevin_energy(tree: xr.DataTree) -> tuple[Real, Real, Real]:
    """Times, E(t) and its standard error of a Langevin run; its energies count from the potential of its own table."""
    run, forces = tree["langevin"].to_dataset(), tree["forces"].to_dataset()
    zero = float(CubicSpline(forces["x"].values, forces["potential"].values)(X_M))
    return run["time"].values, run["energy"].values - zero, run["error_energy"].values


def quantum_energy(case: Case, dataset: xr.Dataset) -> Real:
    """E(t) of a quantum vibration: ω ⟨P²⟩/2 + ∫ density · U_ad."""
    square = dataset["momentum"].values[:, 0] ** 2 + dataset["momentum_variance"].values[:, 0]
    grid = dataset["grid"].values
    density = dataset["position_density"].values[:, 0]
    return np.asarray(0.5 * case.frequency * square + density @ adiabatic_potential(case.scale * grid) * (grid[1] - grid[0]))


def harmonic_energy(case: Case) -> float:
    """(ħΩ'/2) coth(ħΩ'/2k_BT) with Ω' of the curvature of U_ad at its minimum."""
    frequency = case.frequency * np.sqrt(float(_potential()(X_M, 2)) / FORCE_CONSTANT)
    return float(0.5 * frequency / np.tanh(0.5 * frequency / TEMPERATURE))


def datasets(data: Mapping[str, xr.DataTree], prefix: str) -> dict[str, xr.Dataset]:
    """Results PREFIX-slow, … of calculations, by case."""
    return {case.name: data[f"{prefix}-{case.name}"].to_dataset() for case in CASES}
