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
    """C_ij(t) = Σ_k functionals[i, k] sources[j, k] e^{-rates[k] t}, t ≥ 0, of one geometry; Hartree atomic units.

    rates (k,) with positive real part; functionals (2, c, k): the molecular and the coupling part of force i at time t;
    sources (c, k): all of force j at time 0.
    """

    rates: ComplexArray
    functionals: ComplexArray
    sources: ComplexArray

    def at_times(self, time: FloatArray) -> FloatArray:
        """γ_ij(t) and D_ij(t), (T, 2 parts of force i, c, 2, c): the fourth index is 0 for γ and 1 for D."""
        return np.stack([self._contract(s, np.exp(-np.multiply.outer(time, self.rates))).real for s in self._both], axis=-2)

    def at_frequencies(self, frequency: FloatArray) -> ComplexArray:
        """γ_ij(ω) and D_ij(ω) = ∫_0^∞ e^{iωt} … dt, (Ω, 2, c, 2, c)."""
        w = 1j * frequency[:, None]
        halves = [
            self._contract(s, 0.5 / (self.rates - w)) + self._contract(s, 0.5 / (self.rates + w)).conj() for s in self._both
        ]
        return np.stack(halves, axis=-2)

    @property
    def _both(self) -> tuple[ComplexArray, ComplexArray]:
        return self.friction_sources, self.sources

    def _contract(self, sources: ComplexArray, decay: ComplexArray) -> ComplexArray:
        parts, count, size = self.functionals.shape
        pairs = (self.functionals[:, :, None, :] * sources).reshape(-1, size)
        return (decay @ pairs.T).reshape(-1, parts, count, count)

    def pruned(self, share: float) -> CorrelationModes:
        """Without the exponents that together make up less than `share` of Σ_k |f_k| |s_k|, of C, γ and their spectra each."""
        strength = np.abs(self.functionals).sum(axis=(0, 1)) * np.abs(self.sources).sum(axis=0)
        weight = np.zeros(strength.size)
        for power in (0, 1, 2):
            part = strength / np.abs(self.rates) ** power
            weight = np.maximum(weight, part / max(float(part.sum()), np.finfo(float).tiny))
        order = np.argsort(weight)
        keep = np.sort(order[np.cumsum(weight[order]) > share])
        return CorrelationModes(self.rates[keep], self.functionals[..., keep], self.sources[:, keep])

    @property
    def friction_sources(self) -> ComplexArray:
        """s' with γ_ij(t) = Re Σ_k f_ik s'_jk e^{-μ_k t}."""
        return 2j * self.sources / self.rates


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
    count = len(forces)
    functionals = np.swapaxes(functionals, 0, 1).reshape(2, count, size * size)
    sources = sources.reshape(count, size * size)
    return CorrelationModes(difference.ravel(), functionals, sources)
