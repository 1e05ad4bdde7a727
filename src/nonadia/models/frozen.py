"""A junction frozen at given classical coordinates: plain arrays, the only thing the solvers see.

H_mol(x) = Σ E_mm' d†_m d_m' + Σ_{m<m'} U_mm' n_m n_m' + Σ_b ω_b b†b + Σ_b Σ Λ^b_mm' (b+b†) d†_m d_m'
H_int(x) = Σ_K g_K(x) Σ_a∈K (W_a† f_a + f_a† W_a),   f_a = Σ_m conj(w_am) d_m

The coupling matrix of a lead is written through its channels, Γ_K,mm' = Σ_a Γ_a w_am conj(w_am'): one bath per
channel, as many channels as the rank of Γ_K. (theory LD(1)-(12).) All energies in Hartree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .width import LevelWidth

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class LeadBath:
    """What is independent of x in a lead: μ and k_BT (Hartree) and the shape of its level-width function."""

    name: str
    chemical_potential: float
    temperature: float
    width: LevelWidth


@dataclass(frozen=True)
class Channel:
    """One independent bath of a lead: `rate` Γ_a (Hartree) and the normalised vector w_a over the levels."""

    lead: int
    vector: ComplexArray
    rate: float


@dataclass(frozen=True)
class FrozenJunction:
    """Arrays of H at one geometry, or at many: every array may carry the same leading axes `...`.

    Shapes (n levels, c coordinates, b vibrations, K leads):
    h (..., n, n) complex Hermitian; dh (..., c, n, n); u (..., n, n) real symmetric with zero diagonal;
    du (..., c, n, n); vibronic (..., b, n, n) = Λ^b; dvibronic (..., c, b, n, n); g (..., K); dg (..., c, K);
    frequencies (b,); vibration_states (b,) int.
    `d…` are exact derivatives with respect to the classical coordinates.
    """

    h: ComplexArray
    dh: ComplexArray
    u: FloatArray
    du: FloatArray
    vibronic: ComplexArray
    dvibronic: ComplexArray
    g: FloatArray
    dg: FloatArray
    frequencies: FloatArray
    vibration_states: NDArray[np.int64]
    channels: tuple[Channel, ...]
    leads: tuple[LeadBath, ...]

    @property
    def n_levels(self) -> int:
        return int(self.h.shape[-1])

    @property
    def n_coordinates(self) -> int:
        return int(self.dg.shape[-2])

    @property
    def grid_shape(self) -> tuple[int, ...]:
        return tuple(self.h.shape[:-2])

    @property
    def non_interacting(self) -> bool:
        """True when F, γ and D follow exactly from Green's functions: no U and no quantum vibration."""
        return not self.u.any() and self.frequencies.size == 0

    def __getitem__(self, index: int | slice | tuple[int, ...] | NDArray) -> FrozenJunction:
        """The same junction at the selected grid points."""
        arrays = ("h", "dh", "u", "du", "vibronic", "dvibronic", "g", "dg")
        selected = {name: getattr(self, name)[index] for name in arrays}
        rest = {name: getattr(self, name) for name in ("frequencies", "vibration_states", "channels", "leads")}
        return FrozenJunction(**selected, **rest)


def channels_of(lead: int, coupling: ComplexArray) -> tuple[Channel, ...]:
    """Channels of a Hermitian positive semi-definite coupling matrix Γ_mm' (Hartree).

    A diagonal Γ keeps the levels themselves as channels, so that charge and spin conservation stay visible.
    """
    coupling = np.asarray(coupling, dtype=complex)
    scale = float(np.max(np.abs(coupling), initial=0.0))
    # blocks of levels that this lead connects; a diagonal matrix gives blocks of one level each
    n = coupling.shape[0]
    label = np.arange(n)
    for i in range(n):
        for j in range(i):
            if abs(coupling[i, j]) > 1e-14 * scale:
                label[label == label[i]] = label[j]
    channels = []
    for block in np.unique(label):
        members = np.flatnonzero(label == block)
        rates, vectors = np.linalg.eigh(coupling[np.ix_(members, members)])
        if rates.size and rates[0] < -1e-10 * scale:
            raise ValueError("coupling matrix is not positive semi-definite")
        for rate, column in zip(rates, vectors.T, strict=True):
            if rate > 1e-12 * scale:
                vector = np.zeros(n, dtype=complex)
                vector[members] = column
                channels.append(Channel(lead, vector, float(rate)))
    return tuple(channels)
