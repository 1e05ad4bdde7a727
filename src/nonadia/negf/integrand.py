"""Everything that is integrated over energy, at given energies: theory B6.

With T = (1 + G^R V) restricted to the lead-end columns, G^≶ = T s^≶ T†, s^<_a = i w^<_a, s^>_a = -i w^>_a,
w^< = Γ_a J f, w^> = Γ_a J (1-f). Λ_i = ∂_i h_ext has the molecular block ∂_i h and the coupling blocks ∂_i V,
and P_i = T† Λ_i T is Hermitian:

    F_i  = i ∫dε/2π tr Λ_i G^<                        = -∫dε/2π Σ_a w^<_a (P_i)_aa
    γ_ij = 2 Re ∫dε/2π tr Λ_i ∂_εG^R Λ_j G^<
    D_ij = ½ Re ∫dε/2π tr Λ_i G^< Λ_j G^>             = ½ Re ∫dε/2π Σ_ab (P_i)_ba conj(P_j)_ba w^<_a w^>_b
    n_m  = ∫dε/2π Σ_a |T_ma|² w^<_a
    I_a  = ∫dε/2π Σ_b |(V†T)_ab|² (w^<_a w^>_b - w^>_a w^<_b)     (electrons per time into the molecule)

and, since G^R depends on ε through ε - h and through S only,

    ∂_εG^R = -G^R_{:d} G^R_{d:} + T ∂_εS T̃,     T̃ = S^{-1} G^R_{W:} = (V†G_dd, 1 + V†G_dd V S).

The parts restrict the force on side i to its molecular or coupling block; the other side stays whole. (For
the real part of tr Λ_i G^< Λ_j G^>, "½ ∫_{-∞}^{∞} of the symmetrised correlation function", this split is
unique.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .system import FlatSystem, Occupation

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class Layout:
    """Where each observable sits in the last axis of the integrand; n levels, c coordinates, K leads."""

    levels: int
    coordinates: int
    leads: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        c = self.coordinates
        return {
            "mean_force_molecule": (c,),
            "mean_force_coupling": (c,),
            "friction_molecule": (c, c),
            "friction_coupling": (c, c),
            "noise_molecule": (c, c),
            "noise_coupling": (c, c),
            "population": (self.levels,),
            "current": (self.leads,),
        }

    def unpack(self, values: FloatArray) -> dict[str, FloatArray]:
        """Named arrays (points, *shape) from the packed (points, Q)."""
        named, start = {}, 0
        for name, shape in self.shapes.items():
            size = int(np.prod(shape))
            named[name] = values[..., start : start + size].reshape(*values.shape[:-1], *shape)
            start += size
        return named


def integrand(
    system: FlatSystem, occupation: Occupation, layout: Layout, point: NDArray[np.int64], energy: FloatArray
) -> FloatArray:
    """Integrands over 2π, (panels, q, Q), at energies (panels, q) of the grid points `point` (panels,)."""
    panels, q = energy.shape
    c, n = system.dh.shape[1], system.h.shape[-1]
    lead_of, rates = system.lead_of, system.rates
    widths = [bath.width for bath in system.leads]
    s = np.stack([width.retarded(energy) for width in widths], axis=-1)[..., lead_of] * rates
    ds = np.stack([width.retarded_derivative(energy) for width in widths], axis=-1)[..., lead_of] * rates
    leads = range(len(widths))
    lesser = np.stack([occupation.filled(k, energy) for k in leads], axis=-1)[..., lead_of] * rates
    greater = np.stack([occupation.empty(k, energy) for k in leads], axis=-1)[..., lead_of] * rates

    v = system.v[point][:, None]  # (panels, 1, n, A)
    vh = _dagger(v)
    dh, dv = system.dh[point][:, None], system.dv[point][:, None]  # (panels, 1, c, n, n | A)
    inverse = energy[..., None, None] * np.eye(n) - system.h[point][:, None] - (v * s[..., None, :]) @ vh
    gd = 1.0 / inverse if n == 1 else np.linalg.inv(inverse)

    td = gd @ v  # (panels, q, n, A)
    u = vh @ gd  # (panels, q, A, n)
    current_amplitude = vh @ td
    one = np.eye(v.shape[-1])
    tw = one + s[..., :, None] * current_amplitude  # T_WW
    y = one + current_amplitude * s[..., None, :]  # T̃_W

    tdh = _dagger(td)[:, :, None]
    molecular = dh @ td[:, :, None]  # Λ_i T on the levels, molecular part: (panels, q, c, n, A)
    coupling = dv @ tw[:, :, None]
    ends = _dagger(dv) @ td[:, :, None]  # Λ_i T on the lead ends: (panels, q, c, A, A)
    p_molecule = tdh @ molecular
    half = tdh @ coupling
    p_coupling = half + _dagger(half)
    p = p_molecule + p_coupling

    level_rows = molecular + coupling
    gd_, s_row = gd[:, :, None], s[:, :, None, None, :]
    left_molecule = _dagger(molecular) @ gd_  # T†Λ_i G_{:d}: (panels, q, c, A, n)
    left_coupling = _dagger(coupling) @ gd_ + (_dagger(ends) * s_row) @ u[:, :, None]
    right = gd_ @ level_rows + (td[:, :, None] * s_row) @ ends  # G_{d:} Λ_j T: (panels, q, c, n, A)
    right_end = u[:, :, None] @ level_rows + y[:, :, None] @ ends  # T̃ Λ_j T

    def friction(left: ComplexArray, p_left: ComplexArray) -> FloatArray:
        weight = 1j * lesser[:, :, None, :, None]
        first = (left * weight).reshape(panels, q, c, -1)
        second = (p_left * ds[:, :, None, None, :] * weight).reshape(panels, q, c, -1)
        through_levels = first @ np.swapaxes(_columns_first(right), -1, -2)
        through_ends = second @ np.swapaxes(_columns_first(right_end), -1, -2)
        return 2.0 * (through_ends - through_levels).real

    pair_weight = greater[:, :, None, :, None] * lesser[:, :, None, None, :]
    weighted = np.swapaxes((p.conj() * pair_weight).reshape(panels, q, c, -1), -1, -2)

    def noise(p_left: ComplexArray) -> FloatArray:
        return 0.5 * (p_left.reshape(panels, q, c, -1) @ weighted).real

    def force(p_left: ComplexArray) -> FloatArray:
        return -np.einsum("pjcaa,pja->pjc", p_left, lesser).real

    flow = np.abs(current_amplitude) ** 2
    into = lesser * _apply(flow, greater) - greater * _apply(flow, lesser)
    current = into @ (lead_of[:, None] == np.arange(layout.leads)).astype(float)
    found = (
        force(p_molecule),
        force(p_coupling),
        friction(left_molecule, p_molecule),
        friction(left_coupling, p_coupling),
        noise(p_molecule),
        noise(p_coupling),
        _apply(np.abs(td) ** 2, lesser),
        current,
    )
    return np.concatenate([part.reshape(panels, q, -1) for part in found], axis=-1) / (2.0 * np.pi)


def _dagger(matrix: ComplexArray) -> ComplexArray:
    return np.swapaxes(matrix, -1, -2).conj()


def _columns_first(matrix: ComplexArray) -> ComplexArray:
    """(…, c, n, A) → (…, c, A n): so that a row times it is a trace over both."""
    return np.swapaxes(matrix, -1, -2).reshape(*matrix.shape[:-2], -1)


def _apply(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    return (matrix @ vector[..., None])[..., 0]
