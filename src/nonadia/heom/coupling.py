"""Couplings between tiers: weights of d ρ and ρ d per mode, and the tables of link weights that the kernels read.

A coupling adds a_left d^σ ρ_I + (-1)^n a_right ρ_I d^σ downwards (tier n - 1 → n) and b_left d^σ̄ ρ_J + (-1)^n b_right ρ_J d^σ̄
upwards, times the sign of the link (theory B3). With the products M = dρ + sρd and P = dρ - sρd, s = (-1)^n, this is
α M + β P, α = (left + right)/2, β = (left - right)/2. For every exponent of the Fermi function η* = -η of the other σ, so
that α vanishes; upwards b_left = b_right, so that β does; common factors i are taken out of the weights, which are real then.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..models.frozen import ComplexArray, FloatArray
from .layouts import IntArray
from .links import CONJUGATE, DOWN_ONLY, NEGATIVE
from .modes import Modes

ROUNDING = 1e-15  # parts of a weight that are smaller than this, relatively, are rounding


@dataclass(frozen=True)
class Weights:
    """down, up (4, 8 M): Re α, Im α, Re β, Im β of each link code; *_filled (2, 8 M + 1): how many α, β before it are not zero;

    *_phase (2,): factors of M and P that are left out of the weights; real (4,): whether α, β of down, up are all real.
    """

    down: FloatArray
    up: FloatArray
    down_filled: IntArray
    up_filled: IntArray
    down_phase: ComplexArray
    up_phase: ComplexArray
    real: NDArray[np.bool_]

    @property
    def tables(self) -> tuple[FloatArray, FloatArray, IntArray, IntArray, NDArray[np.bool_]]:
        return self.down, self.up, self.down_filled, self.up_filled, self.real


@dataclass(frozen=True)
class Coupling:
    """A tier-coupling superoperator: per mode the weights of d ρ and ρ d downwards (a) and upwards (b)."""

    a_left: ComplexArray
    a_right: ComplexArray
    b_left: ComplexArray
    b_right: ComplexArray
    partner: IntArray  # of each mode

    @cached_property
    def adjoint(self) -> Coupling:
        return Coupling(self.b_left.conj(), self.b_right.conj(), self.a_left.conj(), self.a_right.conj(), self.partner)

    def weights(self, n: int) -> Weights:
        """Link weights between tiers n - 1 and n; they depend on the parity of n only."""
        return self._odd if n % 2 else self._even

    @cached_property
    def _odd(self) -> Weights:
        return self._weights(-1.0)

    @cached_property
    def _even(self) -> Weights:
        return self._weights(1.0)

    def _weights(self, s: float) -> Weights:
        count = self.a_left.size
        down, down_phase = _halves(self.a_left, self.a_right)
        up, up_phase = _halves(self.b_left, self.b_right)
        down_codes, up_codes = np.zeros((8, count, 2), dtype=complex), np.zeros((8, count, 2), dtype=complex)
        for bits in range(8):
            sign = -1.0 if bits & NEGATIVE else 1.0
            if bits & CONJUGATE:
                # (α M + β P) with dρ ↔ (ρ†d†)†: the slot holds the adjoint products, and left and right have changed places
                down_codes[bits] = sign * s * down * np.array([1.0, -1.0]) * down_phase**2
                up_codes[bits] = -s * sign * up[self.partner].conj()
            else:
                down_codes[bits] = sign * down
                up_codes[bits] = sign * up
            if bits & DOWN_ONLY:
                up_codes[bits] = 0.0
        tables = [np.ascontiguousarray(codes.reshape(8 * count, 2).view(float).T) for codes in (down_codes, up_codes)]
        real = np.array([not np.any(table[row]) for table in tables for row in (1, 3)])
        return Weights(tables[0], tables[1], _filled(tables[0]), _filled(tables[1]), down_phase, up_phase, real)


def _filled(weights: FloatArray) -> IntArray:
    present = (weights != 0.0).reshape(2, 2, -1).any(axis=1)
    return np.concatenate([np.zeros((2, 1), dtype=np.int64), np.cumsum(present, axis=1)], axis=1)


def _halves(left: ComplexArray, right: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """(α, β) / phases per mode, (M, 2), without what is rounding only, and the phases (1 or i) that make them most real."""
    halves = 0.5 * np.stack([left + right, left - right], axis=-1)
    phase = np.where(np.abs(halves.imag).sum(axis=0) > np.abs(halves.real).sum(axis=0), 1j, 1.0)
    halves = halves / phase
    scale = ROUNDING * np.maximum(np.abs(left), np.abs(right))[:, None]
    real = np.where(np.abs(halves.real) > scale, halves.real, 0.0)
    imaginary = np.where(np.abs(halves.imag) > scale, halves.imag, 0.0)
    return real + 1j * imaginary, phase


def commutator_coupling(modes: Modes, weight: FloatArray) -> Coupling:
    """-i Σ_K weight_K (W_K,L - W_K,R): with weight = g the tier coupling of 𝓛, with ∂_ig that of ∂_i𝓛."""
    w = -1j * np.asarray(weight, dtype=complex)[modes.lead]
    return Coupling(w * modes.eta, w * modes.eta_bar, w, w, modes.partner)


def anticommutator_coupling(modes: Modes, weight: FloatArray) -> Coupling:
    """½ Σ_K weight_K (W_K,L + W_K,R): the coupling part of a symmetrised force operator, weight = -∂_ig."""
    w = np.asarray(0.5 * np.asarray(weight)[modes.lead], dtype=complex)
    return Coupling(w * modes.eta, -w * modes.eta_bar, w, -w, modes.partner)
