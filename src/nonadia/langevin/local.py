"""The linear part of the dynamics, solved exactly while x stands still: the O of the splitting schemes (theory B7).

    dP = -Λ P dt + noise,  covariance rate Q   →   P(τ) = e^{-Λτ} P + N(0, Σ),   Σ = ∫_0^τ e^{-Λs} Q e^{-Λᵀs} ds

Λ (m × m) may be anything: not symmetric, with negative eigenvalues, defective, zero. For momenta Λ = γM⁻¹ and Q = 2D; with
memory, P holds auxiliary variables too. One coordinate has the closed form; otherwise e^{-Λτ} and Σ come from their Taylor
series at τ/2^k, doubled k times: Σ(2h) = Σ(h) + E Σ(h) Eᵀ, E(2h) = E². Never the Euler variance Qτ.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .field import FloatArray

_TERMS = 14  # of the Taylor series at ‖Λh‖ ≤ 1/2: (1/2)^15 / 15! is far below rounding


@njit(cache=True, nogil=True)
def decay_and_variance(rate: float, diffusion: float, step: float) -> tuple[float, float]:
    """e^{-λτ} and Q (1 - e^{-2λτ})/(2λ) for one momentum; λ of either sign or zero."""
    twice = 2.0 * rate * step
    share = step if abs(twice) < 1e-300 else -step * math.expm1(-twice) / twice
    return math.exp(-rate * step), diffusion * share


@njit(cache=True, nogil=True)
def exact(drift: FloatArray, diffusion: FloatArray, step: float, decay: FloatArray, covariance: FloatArray) -> None:
    """E = e^{-Λτ} into `decay` and Σ into `covariance`; (m, m) each. diffusion: Q, symmetric."""
    m = drift.shape[0]
    norm = 0.0
    for i in range(m):
        row = 0.0
        for j in range(m):
            row += abs(drift[i, j])
        norm = max(norm, row)
    norm *= step
    doublings = 0
    # not `while norm > 0.5`: a NaN must end here, not loop
    while norm > 0.5 and doublings < 60:
        norm *= 0.5
        doublings += 1
    h = step / 2.0**doublings
    term, next_term = np.empty((m, m)), np.empty((m, m))
    wave, next_wave = np.empty((m, m)), np.empty((m, m))
    for i in range(m):
        for j in range(m):
            term[i, j] = 1.0 if i == j else 0.0
            decay[i, j] = term[i, j]
            wave[i, j] = h * diffusion[i, j]
            covariance[i, j] = wave[i, j]
    for k in range(1, _TERMS + 1):
        for i in range(m):
            for j in range(m):
                power, spread = 0.0, 0.0
                for n in range(m):
                    power += drift[i, n] * term[n, j]
                    spread += drift[i, n] * wave[n, j] + wave[i, n] * drift[j, n]
                next_term[i, j] = -h / k * power
                next_wave[i, j] = -h / (k + 1) * spread
        for i in range(m):
            for j in range(m):
                term[i, j], wave[i, j] = next_term[i, j], next_wave[i, j]
                decay[i, j] += term[i, j]
                covariance[i, j] += wave[i, j]
    for _ in range(doublings):
        for i in range(m):
            for j in range(m):
                spread = 0.0
                for n in range(m):
                    spread += decay[i, n] * covariance[n, j]
                wave[i, j] = spread
        for i in range(m):
            for j in range(m):
                spread, power = 0.0, 0.0
                for n in range(m):
                    spread += wave[i, n] * decay[j, n]
                    power += decay[i, n] * decay[n, j]
                next_wave[i, j], next_term[i, j] = spread, power
        for i in range(m):
            for j in range(m):
                covariance[i, j] += next_wave[i, j]
                decay[i, j] = next_term[i, j]


@njit(cache=True, nogil=True)
def factor(covariance: FloatArray, lower: FloatArray) -> bool:
    """L with L Lᵀ = Σ, Σ positive semi-definite (a pivot of zero gives a column of zeros); False if Σ is not.

    Pivots are judged against their own diagonal entry: momenta and auxiliary variables have different units.
    """
    m = covariance.shape[0]
    sound = True
    for j in range(m):
        for i in range(m):
            lower[i, j] = 0.0
    for j in range(m):
        diagonal = covariance[j, j]
        pivot = diagonal
        for n in range(j):
            pivot -= lower[j, n] * lower[j, n]
        positive = pivot > 1e-13 * diagonal
        root = math.sqrt(pivot) if positive else 1.0
        if pivot < -1e-10 * abs(diagonal):
            sound = False
        if positive:
            lower[j, j] = root
        for i in range(j + 1, m):
            rest = covariance[i, j]
            for n in range(j):
                rest -= lower[i, n] * lower[j, n]
            if positive:
                lower[i, j] = rest / root
            elif abs(rest) > 1e-6 * math.sqrt(abs(covariance[i, i] * diagonal)):
                sound = False
    return sound


@njit(cache=True, nogil=True)
def step_all(momenta: FloatArray, drift: FloatArray, diffusion: FloatArray, step: float, normals: FloatArray) -> int:
    """P (N, m) in place by Λ (N, m, m), Q (N, m, m) and standard normals (N, m).

    Returns the first point whose Σ is not positive semi-definite, -1 if there is none. Points with NaN stay NaN.
    """
    count, m = momenta.shape
    wrong = -1
    if m == 1:
        for b in range(count):
            decay1, variance = decay_and_variance(drift[b, 0, 0], diffusion[b, 0, 0], step)
            if variance < 0.0:
                if wrong < 0:
                    wrong = b
                continue
            momenta[b, 0] = decay1 * momenta[b, 0] + math.sqrt(variance) * normals[b, 0]
        return wrong
    decay, covariance, lower = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    moved = np.empty(m)
    same = False
    for b in range(count):
        if b > 0:
            same = True
            for i in range(m):
                for j in range(m):
                    if drift[b, i, j] != drift[b - 1, i, j] or diffusion[b, i, j] != diffusion[b - 1, i, j]:
                        same = False
        if not same:
            exact(drift[b], diffusion[b], step, decay, covariance)
            if not factor(covariance, lower) and wrong < 0:
                wrong = b
        for i in range(m):
            value = 0.0
            for j in range(m):
                value += decay[i, j] * momenta[b, j]
            for j in range(i + 1):
                value += lower[i, j] * normals[b, j]
            moved[i] = value
        for i in range(m):
            momenta[b, i] = moved[i]
    return wrong
