"""Everything that is integrated over energy, at given energies: theory B6.

With T = (1 + G^R V) restricted to the lead-end columns, G^≶ = T s^≶ T†, s^<_a = i w^<_a, s^>_a = -i w^>_a,
w^< = Γ_a J f, w^> = Γ_a J (1-f). Λ_i = ∂_i h_ext has the molecular block ∂_i h and the coupling blocks ∂_i
V, and P_i = T† Λ_i T is Hermitian:

    F_i  = i ∫dε/2π tr Λ_i G^<                        = -∫dε/2π Σ_a w^<_a (P_i)_aa
    γ_ij = 2 Re ∫dε/2π tr Λ_i ∂_εG^R Λ_j G^<                                                    ("linear" form)
         = Re ∫dε/2π tr Λ_i G^< Λ_j ∂_εG^>  +  antisymmetric part of the linear form          ("thermal" form)
    D_ij = ½ Re ∫dε/2π tr Λ_i G^< Λ_j G^>             = ½ Re ∫dε/2π Σ_ab (P_i)_ba conj(P_j)_ba w^<_a w^>_b
    n_m  = ∫dε/2π Σ_a |T_ma|² w^<_a
    I_a  = ∫dε/2π Σ_b |(V†T)_ab|² (w^<_a w^>_b - w^>_a w^<_b)     (electrons per time into the molecule)

and, since G^R depends on ε through ε - h and through S only,

    ∂_εG^R = -G^R_{:d} G^R_{d:} + T ∂_εS T̃,     T̃ = S^{-1} G^R_{W:} = (V†G_dd, 1 + V†G_dd V S).

The linear form is linear in J f, but it integrates a large function over all filled states to leave the
small rest at the Fermi edge. In the thermal form, equal to it by partial integration, the symmetric part
has the factor f(1-f) of D and keeps its relative accuracy far from resonance and for Γ ≪ k_BT; with M_j =
T†Λ_j ∂_εT, ∂_εT = ∂_εG^R V, its integrand is
    Re Σ_ab { w^<_a w^>_b [M_j conj(P_i) + P_j conj(M_i)]_ab + w^<_a ∂_εw^>_b [P_j conj(P_i)]_ab }.

The parts restrict the force on side i to its molecular or coupling block; the other side stays whole. In
the thermal form "symmetric" and "antisymmetric" refer to the exchange of the two operators (part of Λ_i,
Λ_j). For D, ½ ∫_{-∞}^{∞} of the symmetrised correlation function of the two operators, the split is unique.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

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
    system: FlatSystem,
    occupation: Occupation,
    layout: Layout,
    point: NDArray[np.int64],
    energy: FloatArray,
    form: Literal["linear", "thermal"] = "linear",
) -> FloatArray:
    """Integrands over 2π, (panels, q, Q), at energies (panels, q) of the grid points `point` (panels,).

    form: which of the two integrands of the friction; their integrals are equal.
    """
    panels, q = energy.shape
    c = layout.coordinates
    amplitudes = _amplitudes(system, point, energy)
    td, tw = amplitudes.td[:, :, None], amplitudes.tw[:, :, None]
    p = _dagger(td) @ amplitudes.rows + _dagger(tw) @ amplitudes.ends  # P_o = T†Λ_o T

    def weights(of: Callable[[int, FloatArray], FloatArray]) -> FloatArray:
        per_lead = np.stack([of(k, energy) for k in range(layout.leads)], axis=-1)
        return per_lead[..., system.lead_of] * system.rates

    lesser, greater = weights(occupation.filled), weights(occupation.empty)
    pair = lesser[..., :, None] * greater[..., None, :]

    def with_full(left: ComplexArray, right: ComplexArray) -> FloatArray:
        """Re Σ_ab conj(left_p)_ab (right_j)_ab with the whole force on the right: (panels, q, parts c,
        c)."""
        flat = right.reshape(panels, q, -1, c, pair.shape[-1] ** 2).sum(axis=2)
        return (left.conj().reshape(panels, q, -1, flat.shape[-1]) @ np.swapaxes(flat, -1, -2)).real

    paired = pair[:, :, None] * p
    noise = 0.5 * with_full(p, paired)
    if form == "linear":
        friction = amplitudes.linear_friction(p, lesser)
        friction = friction.reshape(panels, q, -1, friction.shape[-1] // c, c).sum(axis=3)
    else:
        slope = weights(occupation.empty_derivative)
        m = amplitudes.overlap_derivative()
        shifted = pair[:, :, None] * m + (lesser[..., :, None] * slope[..., None, :])[:, :, None] * p
        friction = with_full(p, shifted) + with_full(m, paired)
        if p.shape[2] > 1:  # a single operator has no antisymmetric part
            both = amplitudes.linear_friction(p, lesser)
            turned = 0.5 * (both - np.swapaxes(both, -1, -2))
            friction = friction + turned.reshape(panels, q, -1, turned.shape[-1] // c, c).sum(axis=3)

    force = -np.einsum("pjcaa,pja->pjc", p, lesser).real
    flow = np.abs(amplitudes.through) ** 2
    into = lesser * _apply(flow, greater) - greater * _apply(flow, lesser)
    current = into @ (system.lead_of[:, None] == np.arange(layout.leads)).astype(float)
    population = _apply(np.abs(amplitudes.td) ** 2, lesser)
    split = [_both_parts(tensor, c).reshape(panels, q, -1) for tensor in (force, friction, noise)]
    return np.concatenate([*split, population, current], axis=-1) / (2.0 * np.pi)


@dataclass(frozen=True)
class _Amplitudes:
    """Blocks of G^R and T at the nodes, leading axes (panels, q); operators: molecular parts, then coupling
    parts.

    gd = G_dd (n, n); td, tw = T on levels (n, A) and lead ends (A, A); u = V†G_dd (A, n); through = V†T_d
    (A, A); s, ds = S, ∂_εS (A,); rows (o, n, A) and ends (o, A, A): Λ_o T on levels and lead ends.
    """

    gd: ComplexArray
    td: ComplexArray
    tw: ComplexArray
    u: ComplexArray
    through: ComplexArray
    s: ComplexArray
    ds: ComplexArray
    rows: ComplexArray
    ends: ComplexArray

    def linear_friction(self, p: ComplexArray, lesser: FloatArray) -> FloatArray:
        """2 Re tr Λ_o ∂_εG^R Λ_o' G^< for all pairs of operators: (panels, q, o, o)."""
        panels, q, operators = p.shape[:3]
        gd, td, u = self.gd[:, :, None], self.td[:, :, None], self.u[:, :, None]
        s_row = self.s[:, :, None, None, :]
        y = np.eye(self.through.shape[-1]) + self.through * self.s[..., None, :]  # T̃ on the lead ends
        left = _dagger(self.rows) @ gd + (_dagger(self.ends) * s_row) @ u  # T†Λ G_{:d}
        right = gd @ self.rows + (td * s_row) @ self.ends  # G_{d:} Λ T
        right_end = u @ self.rows + y[:, :, None] @ self.ends  # T̃ Λ T
        weight = 1j * lesser[:, :, None, :, None]
        first = (left * weight).reshape(panels, q, operators, -1)
        second = (p * self.ds[:, :, None, None, :] * weight).reshape(panels, q, operators, -1)
        through_levels = first @ np.swapaxes(_columns_first(right), -1, -2)
        through_ends = second @ np.swapaxes(_columns_first(right_end), -1, -2)
        return 2.0 * (through_ends - through_levels).real

    def overlap_derivative(self) -> ComplexArray:
        """M_o = T†Λ_o ∂_εT, (panels, q, o, A, A), with ∂_εT = -G_{:d} T_d + T ∂_εS V†T_d."""
        scattered = self.ds[..., :, None] * self.through
        dtd = -self.gd @ self.td + self.td @ scattered
        dtw = -self.s[..., :, None] * (self.u @ self.td) + self.tw @ scattered
        return _dagger(self.rows) @ dtd[:, :, None] + _dagger(self.ends) @ dtw[:, :, None]


def _amplitudes(system: FlatSystem, point: NDArray[np.int64], energy: FloatArray) -> _Amplitudes:
    n = system.h.shape[-1]
    widths = [bath.width for bath in system.leads]
    s = np.stack([w.retarded(energy) for w in widths], axis=-1)[..., system.lead_of] * system.rates
    ds = np.stack([w.retarded_derivative(energy) for w in widths], axis=-1)[..., system.lead_of]
    ds = ds * system.rates
    v = system.v[point][:, None]  # (panels, 1, n, A)
    vh = _dagger(v)
    inverse = energy[..., None, None] * np.eye(n) - system.h[point][:, None] - (v * s[..., None, :]) @ vh
    gd: ComplexArray = np.reciprocal(inverse) if n == 1 else np.linalg.inv(inverse).astype(complex)
    td = gd @ v
    through = vh @ td
    tw = np.eye(v.shape[-1]) + s[..., :, None] * through
    rows = system.dh[point][:, None] @ td[:, :, None]
    ends = np.zeros((*rows.shape[:3], *tw.shape[-2:]), dtype=complex)
    if system.dv.any():
        dv = system.dv[point][:, None]
        rows = np.concatenate([rows, dv @ tw[:, :, None]], axis=2)
        ends = np.concatenate([ends, _dagger(dv) @ td[:, :, None]], axis=2)
    return _Amplitudes(gd, td, tw, vh @ gd, through, s, ds, rows, ends)


def _both_parts(tensor: FloatArray, c: int) -> FloatArray:
    """Adds the coupling parts (zero) where there are only molecular operators: axis 2 becomes 2 c long."""
    if tensor.shape[2] == 2 * c:
        return tensor
    return np.concatenate([tensor, np.zeros_like(tensor)], axis=2)


def _dagger(matrix: ComplexArray) -> ComplexArray:
    return np.swapaxes(matrix, -1, -2).conj()


def _columns_first(matrix: ComplexArray) -> ComplexArray:
    """(…, c, n, A) → (…, c, A n): so that a row times it is a trace over both."""
    return np.swapaxes(matrix, -1, -2).reshape(*matrix.shape[:-2], -1)


def _apply(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    return (matrix @ vector[..., None])[..., 0]
