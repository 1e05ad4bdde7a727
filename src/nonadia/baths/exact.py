"""The exact bath correlation function, with infinitely many Matsubara terms summed in closed form.

    C^+(t) = i Σ_i r_i^* f(z_i^*) e^{i z_i^* t} - i k_BT Σ_n J(μ + iω_n) e^{(iμ - ω_n) t},  ω_n = (2n+1)π k_BT

and C^-(t) = conj of the same with 1 - f in place of f. J(μ + iω_n) is a sum of 1/(μ + iω_n - z), so the
series is a sum of Lerch functions Σ_n q^n/(n + a), q = e^{-st}, s = 2πk_BT. The first terms are added
directly, the rest by the Euler-Maclaurin formula, whose integral is an exponential integral: the same
accuracy for every t ≥ 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import exp1

from ..models.frozen import LeadBath
from .pade import fermi

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

DIRECT_TERMS = 40  # added to |a|: beyond, Euler-Maclaurin with four derivatives is exact to rounding


def exact_correlation(lead: LeadBath, time: FloatArray, sign: int) -> ComplexArray:
    """C^σ(t) of `lead` at t ≥ 0 (inverse Hartree), σ = sign = ±1; Hartree, shape of `time`, for unit
    coupling.

    Relative accuracy about 1e-12 of |C(0)|. Raises ValueError at t = 0 if J decays like 1/ε (C(0) is
    infinite).
    """
    time = np.asarray(time, dtype=float)
    mu, kt, width = lead.chemical_potential, lead.temperature, lead.width
    upper, residues = width.poles.conj(), width.residues.conj()
    weights = fermi((upper - mu) / kt) if sign > 0 else 1.0 - fermi((upper - mu) / kt)
    band = 1j * np.sum(residues * weights * np.exp(1j * upper * time[..., None]), axis=-1)
    # 1 - f has the opposite residues at the Matsubara poles; conjugation turns the upper into the lower
    # half plane
    thermal = -sign * 1j * kt * np.exp(1j * mu * time) * _matsubara_sum(lead, time)
    total: ComplexArray = band + thermal
    return total if sign > 0 else total.conj()


def _matsubara_sum(lead: LeadBath, time: FloatArray) -> ComplexArray:
    """Σ_n J(μ + iω_n) e^{-ω_n t}, shape of `time`."""
    kt, mu, width = lead.temperature, lead.chemical_potential, lead.width
    spacing = 2.0 * np.pi * kt
    strengths = np.concatenate([width.residues, width.residues.conj()]) / (1j * spacing)
    poles = np.concatenate([width.poles, width.poles.conj()])
    if np.any(time == 0) and abs(strengths.sum()) > 1e-10 * np.abs(strengths).sum():
        raise ValueError("J decays like 1/ε: C(0) is infinite")
    shifts = np.asarray(0.5 + (mu - poles) / (1j * spacing), dtype=np.complex128)
    first = DIRECT_TERMS + int(np.ceil(np.abs(shifts).max()))
    n = np.arange(first)
    series = np.sum(strengths / (n[:, None] + shifts), axis=-1)
    out = np.empty(time.shape, dtype=complex)
    for index, t in np.ndenumerate(time):
        x = spacing * t
        direct = np.sum(series * np.exp(-x * n))
        out[index] = np.exp(-0.5 * x) * (direct + np.sum(strengths * _tail(x, first, shifts)))
    return out


def _tail(x: float, first: int, shifts: ComplexArray) -> ComplexArray:
    """Σ_{n≥N} e^{-xn}/(n + a) for each shift a (at x = 0 up to a common constant), Euler-Maclaurin."""
    if x * first > 700.0:
        return np.zeros_like(shifts)
    y = first + shifts
    # e^{xa} E1(x(N + a)) = e^{-xN} ∫_0^∞ e^{-xu}/(N + a + u) du
    integral = np.asarray(np.exp(x * shifts) * exp1(x * y) if x > 0 else -np.log(y))
    # derivatives of e^{-xu}/(y + u) at u = 0: Leibniz, g^(k)/k! = (-1)^k Σ_m x^m/m! y^{-(k-m+1)}
    decay = np.exp(-x * first)

    def derivative(order: int) -> ComplexArray:
        terms = np.zeros_like(y)
        power = 1.0
        for m in range(order + 1):
            terms = terms + power * y ** (-(order - m + 1.0))
            power *= x / (m + 1)
        return (-1.0) ** order * terms  # divided by order!

    correction = 0.5 * derivative(0) - derivative(1) / 12.0 + derivative(3) * 6.0 / 720.0
    correction = correction - derivative(5) * 120.0 / 30240.0 + derivative(7) * 5040.0 / 1209600.0
    return integral + decay * correction
