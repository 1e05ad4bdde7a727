"""A grid of non-interacting junctions as flat arrays, and where its Green's function is singular.

Space: n levels followed by one lead-end orbital W_a per channel, whose bare Green's function is Γ_a s^R(ε):

    H_ext = [[h, V], [V†, ·]],   V_{m,a} = g_K w_am,    G_dd^R = [ε - h - V S V†]^{-1},  S = diag(Γ_a s^R_a).

s^R is a sum of simple poles, so the poles of G^R are the eigenvalues of a finite matrix: each band pole z_i
of channel a becomes one damped site of energy z_i, coupled (bilinearly, without conjugation) through
√(-i r_i Γ_a). Energies in Hartree; `points` is the flattened grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..baths.exponents import Exponents
from ..baths.pade import fermi
from ..models.frozen import FrozenJunction, LeadBath

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


class DecoupledLevelError(ValueError):
    """A level (or combination of levels) that no lead reaches: its occupation is undefined."""


@dataclass(frozen=True)
class Occupation:
    """J f and J (1 - f) of every lead: exact Fermi functions, or what the exponents represent."""

    leads: tuple[LeadBath, ...]
    exponents: tuple[Exponents, ...] | None = None

    def filled(self, lead: int, energy: FloatArray) -> FloatArray:
        """J f, dimensionless, shape of `energy`."""
        if self.exponents is not None:
            return self.exponents[lead].filled(energy)
        bath = self.leads[lead]
        return bath.width(energy) * fermi((energy - bath.chemical_potential) / bath.temperature)

    def empty(self, lead: int, energy: FloatArray) -> FloatArray:
        """J (1 - f), dimensionless, shape of `energy`."""
        if self.exponents is not None:
            return self.exponents[lead].empty(energy)
        bath = self.leads[lead]
        return bath.width(energy) * fermi((bath.chemical_potential - energy) / bath.temperature)

    def empty_derivative(self, lead: int, energy: FloatArray) -> FloatArray:
        """∂_ε [J (1 - f)], per Hartree, shape of `energy`; no cancellation where 1 - f is small."""
        if self.exponents is not None:
            return self.exponents[lead].empty_derivative(energy)
        bath = self.leads[lead]
        z = (energy - bath.chemical_potential) / bath.temperature
        hole = fermi(-z)
        slope = -2.0 * bath.width.retarded_derivative(energy).imag
        return hole * (slope + bath.width(energy) * fermi(z) / bath.temperature)

    def singularities(self) -> ComplexArray:
        """Poles of all J f, J(1-f) in the upper half plane; of the exact f only the nearest."""
        found = [bath.width.poles.conj() for bath in self.leads]
        if self.exponents is None:
            found += [np.array([bath.chemical_potential + 1j * np.pi * bath.temperature]) for bath in self.leads]
        else:
            found += [1j * fitted.kappa for fitted in self.exponents]
        return np.concatenate(found)


@dataclass(frozen=True)
class FlatSystem:
    """Arrays over points: h (p, n, n), dh (p, c, n, n), v = V (p, n, A), dv = ∂V (p, c, n, A);
    rates Γ_a (A,) in Hartree and the lead index of each channel (A,)."""

    h: ComplexArray
    dh: ComplexArray
    v: ComplexArray
    dv: ComplexArray
    rates: FloatArray
    lead_of: NDArray[np.int64]
    leads: tuple[LeadBath, ...]

    @property
    def n_points(self) -> int:
        return int(self.h.shape[0])

    def force_norms(self) -> FloatArray:
        """Size of force i, (c,): max over points of ‖∂_i h‖ + Σ_a ‖∂_i V_a‖ √(Γ_a C_a), C_a ~ ∫dε J/2π."""
        weight = np.array([np.abs(self.leads[k].width.residues).sum() for k in self.lead_of])
        ends = np.linalg.norm(self.dv, axis=-2) @ np.sqrt(self.rates * weight)
        return (np.linalg.norm(self.dh, axis=(-2, -1)) + ends).max(axis=0)

    def resonances(self) -> ComplexArray:
        """Poles of G^R, (p, n + number of band poles over the channels), all in the lower half plane."""
        widths = [self.leads[k].width for k in self.lead_of]
        damped = np.concatenate([width.poles for width in widths])
        strength = [np.sqrt(-1j * w.residues * rate) for w, rate in zip(widths, self.rates, strict=True)]
        right = np.concatenate([self.v[:, :, a, None] * b for a, b in enumerate(strength)], axis=-1)
        left = np.concatenate([self.v[:, :, a, None].conj() * b for a, b in enumerate(strength)], axis=-1)
        n, size = self.h.shape[-1], self.h.shape[-1] + damped.size
        matrix = np.zeros((self.n_points, size, size), dtype=complex)
        matrix[:, :n, :n] = self.h
        matrix[:, :n, n:] = right
        matrix[:, n:, :n] = np.swapaxes(left, -1, -2)
        matrix[:, range(n, size), range(n, size)] = damped
        found: ComplexArray = np.linalg.eigvals(matrix).astype(complex)
        return found


def flatten(frozen: FrozenJunction) -> FlatSystem:
    """The grid as one axis of points. Raises ValueError when the model is interacting."""
    if not frozen.non_interacting:
        raise ValueError("Green's functions are exact only without interactions U and quantum vibrations")
    if not frozen.channels:
        raise DecoupledLevelError("no lead couples to any level")
    n, c = frozen.n_levels, frozen.n_coordinates
    vectors = np.stack([channel.vector for channel in frozen.channels], axis=-1)
    lead_of = np.array([channel.lead for channel in frozen.channels])
    g = frozen.g.reshape(-1, len(frozen.leads))[:, lead_of]
    dg = frozen.dg.reshape(-1, c, len(frozen.leads))[:, :, lead_of]
    return FlatSystem(
        h=frozen.h.reshape(-1, n, n).astype(complex),
        dh=frozen.dh.reshape(-1, c, n, n).astype(complex),
        v=vectors * g[:, None, :],
        dv=vectors * dg[:, :, None, :],
        rates=np.array([channel.rate for channel in frozen.channels]),
        lead_of=lead_of,
        leads=frozen.leads,
    )
