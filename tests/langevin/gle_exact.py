"""Closed forms of the harmonic generalised Langevin equation, and the moments that a splitting scheme propagates.

m ẍ = -k x - ∫_0^t γ(t-s) ẋ(s) ds + ξ:   x(z) [m z² + k + z γ(z)] = m v_0 + [m z + γ(z)] x_0 + ξ(z),   γ(z) = Σ a_k/(z + λ_k)

The bracket times Π(z + λ_k) is a polynomial (a cubic for one exponential); its roots are the rates of every response.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from nonadia.langevin.field import Field
from nonadia.langevin.general import extended
from nonadia.langevin.local import exact
from nonadia.langevin.schemes.scheme import Scheme


def paired(rates: NDArray, amplitudes: NDArray) -> tuple[NDArray, NDArray]:
    """Re Σ a e^{-λt} as Σ a e^{-λt}: complex rates with their conjugates."""
    rates, amplitudes = np.atleast_1d(rates).astype(complex), np.atleast_1d(amplitudes).astype(complex)
    return np.concatenate([rates, rates.conj()]), np.concatenate([amplitudes, amplitudes.conj()]) / 2


class Harmonic:
    """One coordinate, mass m, force -k x, γ(t) = Re Σ a e^{-λt}."""

    def __init__(self, mass: float, stiffness: float, rates: NDArray, friction: NDArray) -> None:
        given = np.atleast_1d(rates).astype(complex)
        real = given.imag == 0
        rest, a = paired(given[~real], np.atleast_1d(friction)[~real])
        poles = np.concatenate([given[real], rest])
        a = np.concatenate([np.atleast_1d(friction)[real], a])
        whole = polynomial.polyfromroots(-poles)
        memory = np.zeros(1, dtype=complex)
        for k in range(poles.size):
            memory = polynomial.polyadd(memory, a[k] * polynomial.polyfromroots(-np.delete(poles, k)))
        denominator = polynomial.polyadd(polynomial.polymul([stiffness, 0, mass], whole), polynomial.polymulx(memory))
        self.roots = polynomial.polyroots(denominator)
        slope = polynomial.polyval(self.roots, polynomial.polyder(denominator))
        kicked, moved = mass * whole, polynomial.polyadd(mass * polynomial.polymulx(whole), memory)
        self._kick = polynomial.polyval(self.roots, kicked) / slope
        self._move = polynomial.polyval(self.roots, moved) / slope
        self.mass = mass

    def kick(self, time: NDArray) -> NDArray:
        """x(t) after v_0 = 1."""
        return (np.exp(np.multiply.outer(time, self.roots)) @ self._kick).real

    def kick_velocity(self, time: NDArray) -> NDArray:
        """v(t) after v_0 = 1; k_BT/m times it is ⟨v(t) v(0)⟩ at equilibrium."""
        return (np.exp(np.multiply.outer(time, self.roots)) @ (self._kick * self.roots)).real

    def move(self, time: NDArray) -> NDArray:
        """x(t) after x_0 = 1; k_BT/k times it is ⟨x(t) x(0)⟩ at equilibrium."""
        return (np.exp(np.multiply.outer(time, self.roots)) @ self._move).real

    def variance(self, time: float, rates: NDArray, noise: NDArray) -> float:
        """⟨x(t)²⟩ from x_0 = v_0 = 0: ∫∫ χ(u) χ(w) D(u - w) du dw over [0, t]², χ = kick/m, D(t) = Re Σ d e^{-λ|t|}."""
        poles, d = paired(rates, noise)
        total = 0j
        for z1, c1 in zip(self.roots, self._kick / self.mass, strict=True):
            for z2, c2 in zip(self.roots, self._kick / self.mass, strict=True):
                for pole, amplitude in zip(poles, d, strict=True):
                    both = np.expm1((z1 + z2) * time) / (z1 + z2)
                    one = (both - np.expm1((z1 - pole) * time) / (z1 - pole)) / (z2 + pole)
                    other = (both - np.expm1((z2 - pole) * time) / (z2 - pole)) / (z1 + pole)
                    total += c1 * c2 * amplitude * (one + other)
        return float(total.real)


def flow(field: Field, stiffness: NDArray) -> tuple[NDArray, NDArray]:
    """dy = -K y dt + noise of rate R for y = (x, p, s), force -stiffness x: what the schemes split."""
    c = len(field.masses)
    drift, spread = (a[0] for a in extended(field, np.zeros((1, c)), 0.0))
    m = len(drift)
    whole, rate = np.zeros((2, c + m, c + m))
    whole[:c, c : 2 * c] = -np.diag(1 / field.masses)
    whole[c : 2 * c, :c] = stiffness
    whole[c:, c:] += drift
    rate[c:, c:] = spread
    return whole, rate


def one_step(field: Field, stiffness: NDArray, scheme: Scheme, step: float) -> tuple[NDArray, NDArray]:
    """y → M y + noise of covariance V in one step, without random numbers."""
    c = len(field.masses)
    drift, spread = (a[0] for a in extended(field, np.zeros((1, c)), 0.0))
    m = len(drift)
    whole, variance = np.eye(c + m), np.zeros((c + m, c + m))
    for letter in scheme.word:
        share = step * scheme.share(letter)
        part, added = np.eye(c + m), np.zeros((c + m, c + m))
        if letter == "B":
            part[c : 2 * c, :c] = -stiffness * share
        elif letter == "A":
            part[:c, c : 2 * c] = np.diag(share / field.masses)
        else:
            decay, covariance = np.empty((m, m)), np.empty((m, m))
            exact(np.ascontiguousarray(drift), np.ascontiguousarray(spread), share, decay, covariance)
            part[c:, c:], added[c:, c:] = decay, covariance
        whole, variance = part @ whole, part @ variance @ part.T + added
    return whole, variance


def many_steps(step: tuple[NDArray, NDArray], doublings: int) -> tuple[NDArray, NDArray]:
    """The same after 2^doublings steps."""
    whole, variance = step
    for _ in range(doublings):
        whole, variance = whole @ whole, whole @ variance @ whole.T + variance
    return whole, variance
