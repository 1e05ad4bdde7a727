"""Two-time force correlations of free electrons, as sums of exponentials: the exact memory kernels (theory B4, B6).

Extended operators c = (d_m, W_a), force F_i = -c†Λ_i c. By Wick's theorem, for t ≥ 0,

    C_ij(t) = ⟨δF_i(t) δF_j⟩ = tr[Λ_i G^>(t) Λ_j G^<(t)†],   G^>_bc(t) = ⟨c_b(t) c_c†⟩,   G^<_bc(t) = ⟨c_c† c_b(t)⟩
    D_ij(t) = Re C_ij(t),   γ_ij(t) = -2 Im ∫_t^∞ C_ij(s) ds.

With exponents for the leads W_a = Σ_p W_ap, where W_ap decays with κ^-_p: levels and W_ap obey i∂_t X = K X with
K = [[h, V], [(η^- + η^{+*}) V†, -iκ^-]], which is what the hierarchy becomes for free electrons. Equal-time correlations Q
solve -iKQ + iQK† + S = 0 with S_pd = iη^-_p V† for G^> (iη^{+*}_p V† for G^<). The eigenvalues of K give

    C_ij(t) = Σ_αβ f_i,αβ s_j,αβ e^{-μ_αβ t},   μ_αβ = i(λ_α - λ_β*).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..baths.exponents import Exponents
from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from .system import DecoupledLevelError, flatten


@dataclass(frozen=True)
class CorrelationModes:
    """C_ij(t) = Σ_αβ f_i,αβ s_j,αβ e^{-i(λ_α - λ_β*)t}, t ≥ 0, of one geometry; Hartree atomic units.

    energies (P,) = λ with negative imaginary parts; functionals f (2, c, P, P): the molecular and the coupling part of force i
    at time t; sources s (c, P, P): all of force j at time 0.
    """

    energies: ComplexArray
    functionals: ComplexArray
    sources: ComplexArray

    @property
    def rates(self) -> ComplexArray:
        """μ_αβ = i(λ_α - λ_β*), (P, P)."""
        return np.asarray(1j * (self.energies[:, None] - self.energies.conj()[None, :]))

    @property
    def friction_sources(self) -> ComplexArray:
        """s' with γ_ij(t) = Re Σ_αβ f_i s'_j e^{-μt}."""
        return np.asarray(2j * self.sources / self.rates)

    def at_times(self, time: FloatArray) -> FloatArray:
        """γ_ij(t) and D_ij(t), (T, 2 parts of force i, c, 2, c): the fourth index is 0 for γ and 1 for D."""
        wave = np.exp(-1j * np.multiply.outer(time, self.energies))
        pairs = self._pairs()
        values = np.einsum("...ta,ta->...t", wave.conj() @ np.swapaxes(pairs, -1, -2), wave)
        return np.moveaxis(values.real, -1, 0)

    def at_frequencies(self, frequency: FloatArray) -> ComplexArray:
        """γ_ij(ω) and D_ij(ω) = ∫_0^∞ e^{iωt} … dt, (Ω, 2, c, 2, c)."""
        pairs, rates = self._pairs(), self.rates.ravel()
        shape = pairs.shape[:-2]
        flat = pairs.reshape(-1, rates.size).T
        values = [0.5 * ((1.0 / (rates - 1j * w)) @ flat + ((1.0 / (rates + 1j * w)) @ flat).conj()) for w in frequency]
        return np.array(values).reshape(-1, *shape)

    def _pairs(self) -> ComplexArray:
        """Amplitudes of e^{-μt}, (2, c, 2, c, P, P)."""
        both = np.stack([self.friction_sources, self.sources])
        return np.asarray(self.functionals[:, :, None, None] * both)

    def flat(self, share: float) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
        """μ (K,), f (2c, K) and (s', s) (2c, K); left out is what makes up less than `share` of Σ|f||s|/|μ|^n, n = 0, 1, 2."""
        count = len(self.sources)
        rates = self.rates.ravel()
        functionals, sources = self.functionals.reshape(2 * count, -1), self.sources.reshape(count, -1)
        strength = np.abs(functionals).sum(axis=0) * np.abs(sources).sum(axis=0)
        weight = np.zeros(rates.size)
        for power in (0, 1, 2):
            part = strength / np.abs(rates) ** power
            weight = np.maximum(weight, part / max(float(part.sum()), np.finfo(float).tiny))
        order = np.argsort(weight)
        keep = np.sort(order[np.cumsum(weight[order]) > share])
        both = np.concatenate([self.friction_sources.reshape(count, -1), sources])
        return rates[keep], functionals[:, keep], both[:, keep]


def correlation_modes(frozen: FrozenJunction, exponents: Sequence[Exponents]) -> CorrelationModes:
    """Force correlations at one geometry with the given exponents, one set per lead.

    Errors: ValueError for an interacting model or a grid, DecoupledLevelError where a level has no lead,
    np.linalg.LinAlgError where the one-electron problem has no complete set of eigenvectors.
    """
    if frozen.grid_shape:
        raise ValueError(f"one geometry is needed, got a grid of shape {frozen.grid_shape}")
    system = flatten(frozen)
    h, v, dv, dh = system.h[0], system.v[0], system.dv[0], system.dh[0]
    levels, channels = v.shape
    kappa = np.concatenate([exponents[k].kappa.conj() for k in system.lead_of])
    empty = np.concatenate([r * exponents[k].eta_minus for k, r in zip(system.lead_of, system.rates, strict=True)])
    filled = np.concatenate([r * exponents[k].eta_plus.conj() for k, r in zip(system.lead_of, system.rates, strict=True)])
    channel = np.repeat(np.arange(channels), [len(exponents[k]) for k in system.lead_of])
    size = levels + kappa.size
    to_levels = v.conj().T[channel]  # V†, one row for each exponent

    matrix = np.zeros((size, size), dtype=complex)
    matrix[:levels, :levels] = h
    matrix[:levels, levels:] = v[:, channel]
    matrix[levels:, :levels] = (empty + filled)[:, None] * to_levels
    matrix[range(levels, size), range(levels, size)] = -1j * kappa
    values, right = np.linalg.eig(matrix)
    if values.imag.max() > -1e-13 * np.abs(values).max():
        raise DecoupledLevelError("a level is coupled to no lead; its memory kernel is undefined")
    left = np.linalg.inv(right)
    defect = np.abs(right * values @ left - matrix).max() / np.abs(matrix).max()
    if not defect < 1e-8:
        raise np.linalg.LinAlgError(f"one-electron eigenvectors are not complete (defect {defect:.1e})")

    mixed = np.zeros((levels + channels, size))  # W_a = Σ_p W_ap
    mixed[range(levels), range(levels)] = 1.0
    mixed[levels + channel, range(levels, size)] = 1.0
    difference = 1j * (values[:, None] - values.conj()[None, :])
    amplitudes = []
    for eta in (empty, filled):
        source = np.zeros((size, size), dtype=complex)
        source[levels:, :levels] = 1j * eta[:, None] * to_levels
        source += source.conj().T
        # Q in the eigenbasis, times the sum over exponents on the right; ⟨W_ap W_a†⟩ also has its bare part η_p
        equal = (left @ source @ left.conj().T / difference) @ (mixed @ right).conj().T
        bare = np.zeros((size, levels + channels), dtype=complex)
        bare[range(levels, size), levels + channel] = eta
        amplitudes.append(equal + left @ bare)
    above, below = amplitudes
    modes = mixed @ right

    def force(molecule: ComplexArray, coupling: ComplexArray) -> ComplexArray:
        out = np.zeros((levels + channels, levels + channels), dtype=complex)
        out[:levels, :levels] = molecule
        out[:levels, levels:] = coupling
        out[levels:, :levels] = coupling.conj().T
        return out

    nothing = np.zeros_like(h), np.zeros_like(v)
    forces = [(force(a, nothing[1]), force(nothing[0], b)) for a, b in zip(dh, dv, strict=True)]
    functionals = np.array([[(modes.T @ part.T @ modes.conj()) for part in pair] for pair in forces])
    sources = np.array([above @ (pair[0] + pair[1]) @ below.conj().T for pair in forces])
    return CorrelationModes(values, np.swapaxes(functionals, 0, 1), sources)
