"""Inner products over the electrons at every R: all that the fields of the exact factorization are made of.

    n = ⟨ψ|ψ⟩,  j_a = ⟨ψ|∂_aψ⟩,  G_ab = ⟨∂_aψ|∂_bψ⟩,  h = ⟨ψ|H_BOψ⟩,  τ_0 = ⟨ψ|∂_tψ⟩,  τ_a = ⟨∂_aψ|∂_tψ⟩, …

∂_tψ = -iHψ is known, H_BOψ is a function on the grid like ψ, so that nothing is differentiated numerically in time, and
space derivatives act on ψ, H_BOψ and ∂_tψ only (theory A3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..wavepacket.fft import Complex
from .spectral import Refinement

Real = NDArray[np.float64]

_compiled: Any = njit(cache=True, fastmath={"contract", "nsz", "reassoc", "arcp"}, error_model="numpy")


@_compiled
def _add(out: Complex, a: Complex, b: Complex, weight: float) -> None:
    """out += weight a* b"""
    for x in range(out.size):
        out[x] += weight * np.conj(a[x]) * b[x]


@_compiled
def _add_real(out: Real, a: Complex, b: Complex, weight: float) -> None:
    """out += weight Re a* b"""
    for x in range(out.size):
        out[x] += weight * (a[x].real * b[x].real + a[x].imag * b[x].imag)


@_compiled
def _add_square(out: Real, a: Complex, weight: float) -> None:
    """out += weight |a|²"""
    for x in range(out.size):
        out[x] += weight * (a[x].real * a[x].real + a[x].imag * a[x].imag)


@dataclass
class Moments:
    """Flat over the (refined) nuclear grid, N points, D coordinates. Names as in the module's docstring.

    second[a][b] = ⟨ψ|∂_a∂_bψ⟩ for a ≤ b; slope[a] = ∂_a Σ_b G_bb/(2M_b); h_slope[a] = ∂_a h; j_rate[a] = ∂_t j_a.
    The entries with H are None when no Hamiltonian is known.
    """

    n: Real
    j: list[Complex]
    G: dict[tuple[int, int], Complex]
    second: dict[tuple[int, int], Complex]
    slope: list[Real]
    h: Real | None = None
    h_slope: list[Real] | None = None
    tau_0: Complex | None = None
    tau: list[Complex] | None = None
    j_rate: list[Complex] | None = None


def moments(
    psi: Complex,
    eta: Complex | None,
    psi_rate: Complex | None,
    masses: Real,
    grid: Refinement,
    weight: float = 1.0,
) -> Moments:
    """Of ψ (S, *R), η = H_BO ψ and ∂_tψ of the same shape; weight: the electronic volume element."""
    count, points = grid.ndim, grid.points
    pairs = [(a, b) for a in range(count) for b in range(a, count)]

    def zeros() -> Complex:
        return np.zeros(points, dtype=complex)

    m = Moments(
        n=np.zeros(points),
        j=[zeros() for _ in range(count)],
        G={pair: zeros() for pair in pairs},
        second={pair: zeros() for pair in pairs},
        slope=[np.zeros(points) for _ in range(count)],
    )
    if eta is not None:
        m.h, m.h_slope = np.zeros(points), [np.zeros(points) for _ in range(count)]
        m.tau_0, m.tau = zeros(), [zeros() for _ in range(count)]
        m.j_rate = [zeros() for _ in range(count)]
    for s in range(len(psi)):
        hat = grid.forward(psi[s])
        f = grid.at(hat)
        df = [grid.at(hat, a) for a in range(count)]
        _add_square(m.n, f, weight)
        for a in range(count):
            _add(m.j[a], f, df[a], weight)
        for a, b in pairs:
            _add(m.G[a, b], df[a], df[b], weight)
            ddf = grid.at(hat, a, b)
            _add(m.second[a, b], f, ddf, weight)
            _add_real(m.slope[a], df[b], ddf, weight / masses[b])
            if a != b:
                _add_real(m.slope[b], df[a], ddf, weight / masses[a])
            del ddf
        if eta is not None and psi_rate is not None:
            _add_hamiltonian(m, f, df, grid.forward(eta[s]), grid.forward(psi_rate[s]), grid, weight)
    return m


def _add_hamiltonian(
    m: Moments, f: Complex, df: Sequence[Complex], eta_hat: Complex, rate_hat: Complex, grid: Refinement, weight: float
) -> None:
    assert m.h is not None and m.h_slope is not None and m.tau_0 is not None and m.tau is not None and m.j_rate is not None
    eta = grid.at(eta_hat)
    _add_real(m.h, f, eta, weight)
    for a in range(grid.ndim):
        _add_real(m.h_slope[a], df[a], eta, weight)
        _add_real(m.h_slope[a], f, grid.at(eta_hat, a), weight)
    del eta
    rate = grid.at(rate_hat)
    _add(m.tau_0, f, rate, weight)
    for a in range(grid.ndim):
        _add(m.tau[a], df[a], rate, weight)
        _add(m.j_rate[a], f, grid.at(rate_hat, a), weight)
        _add(m.j_rate[a], rate, df[a], weight)
