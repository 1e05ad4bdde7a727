"""Gauge-invariant fields of the exact factorization from the quantum geometric tensor over (t, R).

    Q_αβ = [⟨∂_αψ|∂_βψ⟩ - ⟨∂_αψ|ψ⟩⟨ψ|∂_βψ⟩/n]/n,   α, β ∈ {t, R_1 … R_D}            (theory A3)
    g_ab = Re Q_ab,   C_ab = 2 Im Q_ab,   E_a = 2 Im Q_ta - ∂_a ε_gi,   p_a = Im⟨ψ|∂_aψ⟩/n

External potentials on the nuclei add as EF says below (10): p_a + A_a, C_ab + ∂_aA_b - ∂_bA_a, E_a + ∂_tA_a - ∂_a v.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models.molecule import ScalarPotential, VectorPotential
from .moments import Moments, Real


@dataclass
class Fields:
    """On a flat nuclear grid of N points, D coordinates; meaningless where `n` is below the floor.

    n density; dn (D, N) its gradient; p (D, N) momentum field, external A included; g, C (D, D, N); geo = Σ_a g_aa/(2M_a);
    epsilon = ε_gi without v; E (D, N) and temporal = 2 Im Q_ta (D, N), None without a Hamiltonian; A, v: the external ones.
    """

    n: Real
    dn: Real
    p: Real
    g: Real
    C: Real
    geo: Real
    masses: Real
    epsilon: Real | None = None
    temporal: Real | None = None
    E: Real | None = None
    epsilon_gradient: Real | None = None
    phase_rate: Real | None = None  # Im⟨ψ|∂_tψ⟩/n = -Re⟨ψ|Hψ⟩/n
    p_rate: Real | None = None  # ∂_t p_a
    A: Real | None = None
    v: Real | None = None

    @property
    def velocity(self) -> Real:
        """v_a = p_a/M_a, (D, N)"""
        return self.p / self.masses[:, None]

    @property
    def magnetic_force(self) -> Real:
        """Σ_b C_ba v_b, (D, N)"""
        return np.einsum("ban,bn->an", self.C, self.velocity)

    @property
    def force(self) -> Real:
        """The local force function Re(ℱ̂_aχ/χ) = E_a + Σ_b C_ba v_b, (D, N)."""
        assert self.E is not None
        return self.E + self.magnetic_force if len(self.masses) > 1 else self.E


def fields(
    m: Moments, masses: Real, vector: VectorPotential | None = None, scalar: ScalarPotential | None = None, tiny: float = 1e-300
) -> Fields:
    """The fields of these moments; densities below `tiny` count as `tiny`, so that nothing is divided by zero."""
    count, points = len(m.j), m.n.size
    n = np.maximum(m.n, tiny)
    inverse = 1.0 / n
    j = [entry * inverse for entry in m.j]
    dn = np.array([2.0 * entry.real for entry in m.j])
    g, C = np.empty((count, count, points)), np.zeros((count, count, points))
    for (a, b), G in m.G.items():
        Q = G * inverse - np.conj(j[a]) * j[b]
        g[a, b] = g[b, a] = Q.real
        if a != b:
            C[a, b] = 2.0 * Q.imag
            C[b, a] = -C[a, b]
    p = np.array([entry.imag for entry in j])
    geo = sum(g[a, a] / (2.0 * masses[a]) for a in range(count))
    found = Fields(n=m.n, dn=dn, p=p, g=g, C=C, geo=np.asarray(geo), masses=masses)
    if m.h is not None:
        _with_hamiltonian(found, m, j, inverse)
    if vector is not None:
        A, curl = vector.value.reshape(count, -1), vector.jacobian.reshape(count, count, -1)
        found.p = p + A
        found.C = C + curl - np.swapaxes(curl, 0, 1)
        found.A = A
        if found.E is not None:
            found.E = found.E + vector.rate.reshape(count, -1)
    if scalar is not None:
        found.v = scalar.value.reshape(-1)
        if found.E is not None:
            found.E = found.E - scalar.gradient.reshape(count, -1)
    return found


def _with_hamiltonian(found: Fields, m: Moments, j: list[NDArray], inverse: Real) -> None:
    assert m.h is not None and m.h_slope is not None and m.tau_0 is not None and m.tau is not None and m.j_rate is not None
    count, masses, dn = len(j), found.masses, found.dn
    h = m.h * inverse
    tau_0 = m.tau_0 * inverse
    found.epsilon = h + found.geo
    temporal, gradient, p_rate = np.empty_like(dn), np.empty_like(dn), np.empty_like(dn)
    kinetic = sum(m.G[b, b].real / (2.0 * masses[b]) for b in range(count)) * inverse
    for a in range(count):
        temporal[a] = -2.0 * (m.tau[a] * inverse - np.conj(j[a]) * tau_0).imag
        relative = dn[a] * inverse
        slope = (m.h_slope[a] + m.slope[a]) * inverse - (h + kinetic) * relative
        for b in range(count):
            low, high = min(a, b), max(a, b)
            G = m.G[low, high] if a <= b else np.conj(m.G[low, high])  # ⟨∂_aψ|∂_bψ⟩
            change = (G + m.second[low, high]) * inverse  # ∂_a j_b
            size = j[b].real ** 2 + j[b].imag ** 2
            slope -= ((np.conj(j[b]) * change).real - size * relative) / masses[b]
        gradient[a] = slope
        p_rate[a] = (m.j_rate[a] * inverse).imag - j[a].imag * 2.0 * tau_0.real
    found.temporal, found.epsilon_gradient = temporal, gradient
    found.E = temporal - gradient
    found.phase_rate, found.p_rate = tau_0.imag, p_rate
