"""Close coupling: exact S-matrix probabilities of coupled channels in one dimension, by the renormalised Numerov method.

    ψ'' = 2M (V(x) - E) ψ,    F_n = (1 - T_n) ψ_n,    F_{n+1} + F_{n-1} = U_n F_n,    U = (2 + 10 T)(1 - T)⁻¹,
    T = h² 2M (V - E)/12

B. R. Johnson, J. Chem. Phys. 67, 4086 (1977). From the right end, where only outgoing and decaying waves are, the ratio matrix
Q_n = F_{n+1} F_n⁻¹ goes leftwards by Q_{n-1} = (U_n - Q_n)⁻¹. Outside the grid V is constant, and the discrete waves
e^{±iθn}, 2 cos θ = eigenvalue of U, are exact solutions; their flux is ∝ sin θ, so that the
probabilities add up to 1 to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Potential = Callable[[NDArray], NDArray]


def _waves(potential: NDArray, energies: NDArray, mass: float, h: float) -> tuple[NDArray, NDArray, NDArray]:
    """Channels of a constant V (2, 2): vectors, e^{iθ} of the outgoing (or decaying) wave, flux sin θ (0 if closed)."""
    values, vectors = np.linalg.eigh(potential)
    T = h * h * 2.0 * mass * (values - energies[:, None]) / 12.0
    half = (2.0 + 10.0 * T) / (1.0 - T) / 2.0
    open_channel = np.abs(half) < 1.0
    theta = np.arccos(np.clip(half, -1.0, 1.0))
    decay = half - np.sqrt(np.maximum(half**2 - 1.0, 0.0))
    factor = np.where(open_channel, np.exp(1j * theta), decay)
    return vectors, factor, np.where(open_channel, np.sin(theta), 0.0)


def probabilities(
    potential: Potential, mass: float, energies: NDArray, incoming: int, reach: float, h: float
) -> tuple[NDArray, NDArray]:
    """(transmission, reflection), each (energy, channel); channels by increasing energy at either end.

    potential : x (N,) → V (N, 2, 2); reach : V is constant outside -reach … reach; incoming : channel on the left.
    """
    count = round(reach / h)
    V = potential(h * np.arange(-count, count + 1))
    one = np.eye(2)
    T = h * h * 2.0 * mass * (V[:, None] - energies[:, None, None] * one) / 12.0
    U = (2.0 * one + 10.0 * T) @ np.linalg.inv(one - T)
    right, outgoing, out_flux = _waves(V[-1], energies, mass, h)
    left, back, in_flux = _waves(V[0], energies, mass, h)
    Q = np.empty_like(U, dtype=complex)  # Q[n] = F_{n+1} F_n⁻¹
    Q[-1] = np.einsum("ij,ej,kj->eik", right, outgoing, right)
    for n in range(len(V) - 1, 0, -1):
        Q[n - 1] = np.linalg.inv(U[n] - Q[n])
    # at the left end F_0 = a + b and F_1 = a e^{iθ} + b e^{-iθ}, in the channels there
    ratio = np.einsum("ji,ejk,kl->eil", left, Q[0], left)
    wave = np.zeros((len(energies), 2), dtype=complex)
    wave[:, incoming] = 1.0
    inverse = np.einsum("ij,ej->eij", one, 1.0 / back)
    source = np.exp(1j * np.angle(back)) * wave - np.einsum("eij,ej->ei", ratio, wave)
    b = np.linalg.solve(ratio - inverse, source[..., None])[..., 0]
    F = np.einsum("ij,ej->ei", left, wave + b)
    for n in range(len(V) - 1):
        F = np.einsum("eij,ej->ei", Q[n], F)
    through = np.einsum("ji,ej->ei", right, F)
    normal = in_flux[:, [incoming]]
    return np.abs(through) ** 2 * out_flux / normal, np.abs(b) ** 2 * in_flux / normal


@cache
def averaged(
    potential: Potential, mass: float, momentum: float, width: float, reach: float, h: float = 0.02, points: int = 241
) -> tuple[NDArray, NDArray]:
    """(transmission, reflection) by channel of exp(-x²/(2 width²) + i momentum x), from the left in the lower channel.

    Averages over |χ(k)|² ∝ exp(-width² (k - momentum)²) at `points` momenta, extrapolated to h → 0 (error h⁴) from h and h/2.
    """
    k = momentum + np.linspace(-5.5, 5.5, points) / width
    k = k[k > 0.0]
    weight = np.exp(-((k - momentum) ** 2) * width**2)
    weight = weight / weight.sum()
    start = np.linalg.eigvalsh(potential(np.array([-reach]))[0])[0]
    found = []
    for step in (h, h / 2):
        found.append([weight @ part for part in probabilities(potential, mass, start + k**2 / (2.0 * mass), 0, reach, step)])
    through, back = (fine + (fine - coarse) / 15.0 for coarse, fine in zip(*found, strict=True))
    return through, back
