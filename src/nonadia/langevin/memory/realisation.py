"""Correlations that are sums of exponentials as the output of a few stochastic variables with white noise.

    h(t) = Re Σ_k c_k e^{-λ_k t} = C e^{-At} N,  t ≥ 0         C, A real and the same for every sum with the same rates
    ds = -A s dt + B dW,  ξ = C s   →   ⟨ξ(t) ξ(0)^T⟩ = C e^{-At} Σ C^T,   A Σ + Σ A^T = B B^T

Every matrix D(t) whose spectrum is nowhere negative has such a B, with as many columns as ξ has components (spectral
factorisation; the positive-real lemma, Anderson and Vongpanitlerd, Network Analysis and Synthesis, 1973, ch. 5, 9). Wanted is
Σ with Σ C^T = N and A Σ + Σ A^T ≥ 0 of lowest rank. In a basis where C = (1, 0) only one diagonal block of Σ is free, and it
solves an algebraic Riccati equation whose weight is -dD/dt(0+) - transpose: no white noise is added to D.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_continuous_are, solve_continuous_lyapunov

from ..field import FloatArray

ComplexArray = NDArray[np.complex128]

FLOOR = 1e-11  # least spectrum relative to its own largest value: the Riccati equation needs a positive one
SAME = 1e-9  # relative distance of rates that count as one, or as conjugate to each other
_REFINEMENTS = 3  # of a frequency, of a solution


class NegativeSpectrum(ValueError):
    """No random force has this correlation; the message holds the frequency and the value."""


@dataclass(frozen=True)
class RealForm:
    """C = observe ⊗ 1, A = matrix ⊗ 1 for c components: one variable for a real rate, two for a conjugate pair.

    rates: λ (q,), each pair once, with Im λ > 0; matrix (n, n), observe (n,); rows: the first variable of each rate.
    """

    given: ComplexArray
    rates: ComplexArray
    rows: NDArray[np.int64]
    matrix: FloatArray
    observe: FloatArray

    @classmethod
    def of(cls, rates: ArrayLike) -> RealForm:
        """Rates (K,): real ones, and complex ones with or without their conjugates; equal ones count as one.

        Errors: ValueError where a rate does not decay, Re λ ≤ 0.
        """
        given = np.atleast_1d(np.asarray(rates, dtype=complex))
        if given.ndim != 1 or not given.size:
            raise ValueError(f"rates: an array of shape {given.shape}; must be one-dimensional, with at least one rate")
        if not np.all(np.isfinite(given)) or not np.all(given.real > 0):
            raise ValueError(f"rates: {given.tolist()}; each must be finite, with a positive real part: the memory decays")
        kept: list[complex] = []
        for rate in _upper(given):
            if all(abs(rate - other) > SAME * abs(rate) for other in kept):
                kept.append(complex(rate))
        sizes = [2 if rate.imag else 1 for rate in kept]
        rows = np.cumsum([0, *sizes[:-1]])
        matrix, observe = np.zeros((sum(sizes), sum(sizes))), np.zeros(sum(sizes))
        for row, rate in zip(rows, kept, strict=True):
            observe[row] = 1.0
            matrix[row, row] = rate.real
            if rate.imag:  # z = s_1 + i s_2, dz = -λz dt
                matrix[row : row + 2, row : row + 2] = [[rate.real, -rate.imag], [rate.imag, rate.real]]
        return cls(given, np.array(kept), rows, matrix, observe)

    @property
    def size(self) -> int:
        return len(self.matrix)

    def inputs(self, amplitudes: ComplexArray) -> FloatArray:
        """N (..., n, c, c) of Re Σ_k c_k e^{-λ_k t}; amplitudes c (..., K, c, c)."""
        found = np.zeros((*amplitudes.shape[:-3], self.size, *amplitudes.shape[-2:]))
        upper = _upper(self.given)
        for k, rate in enumerate(upper):
            q = int(np.argmin(np.abs(self.rates - rate)))
            value = amplitudes[..., k, :, :]
            found[..., self.rows[q], :, :] += value.real
            if self.rates[q].imag:  # the real part of c e^{-λt} is that of its conjugate
                found[..., self.rows[q] + 1, :, :] += value.imag if self.given[k].imag > 0 else -value.imag
        return found

    def amplitudes(self, inputs: FloatArray) -> ComplexArray:
        """c (..., q, c, c) for `rates` from N (..., n, c, c): C e^{-At} N = Re Σ_q c_q e^{-λ_q t}."""
        found = np.asarray(inputs[..., self.rows, :, :], dtype=complex)
        for q in np.flatnonzero(self.rates.imag):
            found[..., q, :, :] += 1j * inputs[..., self.rows[q] + 1, :, :]
        return found

    def at_times(self, inputs: FloatArray, time: FloatArray) -> FloatArray:
        """C e^{-At} N, (..., T, c, c) for N (..., n, c, c)."""
        return np.einsum("tq,...qij->...tij", np.exp(-np.multiply.outer(time, self.rates)), self.amplitudes(inputs)).real

    def at_frequencies(self, inputs: FloatArray, frequency: FloatArray) -> ComplexArray:
        """∫_0^∞ e^{iωt} C e^{-At} N dt, (..., Ω, c, c)."""
        found = self.amplitudes(inputs)
        shifted = -1j * frequency[:, None]
        plain = np.einsum("wq,...qij->...wij", 0.5 / (self.rates + shifted), found)
        return plain + np.einsum("wq,...qij->...wij", 0.5 / (self.rates.conj() + shifted), found.conj())

    def frequencies(self) -> FloatArray:
        """Frequencies that show every line of a spectrum with these rates."""
        slow, fast = np.abs(self.rates).min(), np.abs(self.rates).max()
        lines = [r.imag + r.real * np.linspace(-6, 6, 25) for r in self.rates if r.imag]
        return np.unique(np.abs(np.concatenate([[0.0], np.geomspace(1e-2 * slow, 1e2 * fast, 300), *lines])))

    def full(self, c: int) -> tuple[FloatArray, FloatArray]:
        """A (nc, nc) and C (c, nc)."""
        return np.asarray(np.kron(self.matrix, np.eye(c))), np.asarray(np.kron(self.observe[None], np.eye(c)))


def _upper(rates: ComplexArray) -> ComplexArray:
    """Rates in the upper half plane, those on the real line without imaginary part."""
    return rates.real + 1j * np.where(np.abs(rates.imag) > SAME * np.abs(rates), np.abs(rates.imag), 0.0)


@dataclass(frozen=True)
class Factor:
    """B (..., nc, c) and the covariance Σ (..., nc, nc) of s; added (...): what was added to the spectrum, at most."""

    white: FloatArray
    covariance: FloatArray
    added: FloatArray


def factorise(
    form: RealForm, inputs: FloatArray, error: float, where: Callable[[int], str] = lambda i: "", name: str = "noise"
) -> Factor:
    """B and Σ for D(t) = C e^{-At} N, N (X, n, c, c), D(0) symmetric.

    error: of the Hermitian part of D(ω), absolute. A spectrum that is negative by less than that is lifted by
    ε Re Σ_q |λ_q| e^{-λ_q t}, which is positive at every frequency; so is one below FLOOR of its own largest value.
    where: text for the geometry of an index. Errors: NegativeSpectrum beyond `error`.
    """
    count, n, c, _ = inputs.shape
    frequency = form.frequencies()
    lift = np.zeros(n)
    lift[form.rows] = np.abs(form.rates)
    lift /= np.abs(form.at_frequencies(lift[:, None, None], frequency)).max()
    white, covariance, added = np.zeros((count, n * c, c)), np.zeros((count, n * c, n * c)), np.zeros(count)
    for i, given in enumerate(inputs):
        lowest, _ = lowest_spectrum(form, given, lift, frequency)
        if lowest < -error:
            value, here = lowest_spectrum(form, given, None, frequency)
            raise NegativeSpectrum(
                f"{name}: the spectrum of the {name} kernel is {value:.3g} at frequency {here:.4g}{where(i)}, negative by more "
                f"than its error {error:.2g}; no random force has it: the exponentials must represent a positive spectrum"
            )
        hermitian = _hermitian(form.at_frequencies(given, frequency))
        sizes = np.sqrt(np.maximum(np.abs(np.einsum("wii->wi", hermitian)).max(axis=0), 0.0))
        if not sizes.any():
            continue
        safe = np.maximum(sizes, 1e-8 * sizes.max())  # components without noise
        scaled = given / (safe[:, None] * safe)
        need = FLOOR - lowest_spectrum(form, scaled, lift, frequency)[0]
        if need > 0:
            need *= 1.0 + 1e-6
            scaled = scaled + need * lift[:, None, None] * np.eye(c)
            added[i] = need * float(safe.max()) ** 2
        found = _riccati(form, scaled, c)
        full = np.tile(safe, n)
        white[i] = full[:, None] * found
        covariance[i] = stationary(form, white[i : i + 1])[0]
    return Factor(white, covariance, added)


def lowest_spectrum(
    form: RealForm, inputs: FloatArray, relative: FloatArray | None, frequency: FloatArray
) -> tuple[float, float]:
    """Least eigenvalue of the Hermitian part of D(ω), and its ω.

    relative: N (n,) of a positive scalar spectrum to divide by; then ω = ∞ is looked at too, where both fall like 1/ω².
    """

    def values(at: FloatArray) -> FloatArray:
        least = np.linalg.eigvalsh(_hermitian(form.at_frequencies(inputs, at)))[:, 0]
        if relative is None:
            return np.asarray(least)
        return np.asarray(least / form.at_frequencies(relative[:, None, None], at)[:, 0, 0].real)

    grid = frequency
    for _ in range(_REFINEMENTS):
        found = values(grid)
        k = int(np.argmin(found))
        best, at = float(found[k]), float(grid[k])
        grid = np.linspace(grid[max(k - 1, 0)], grid[min(k + 1, grid.size - 1)], 41)
    if relative is not None:
        slope = np.tensordot(form.observe @ form.matrix, inputs, axes=(0, 0))
        end = np.linalg.eigvalsh(0.5 * (slope + slope.T))[0] / (form.observe @ form.matrix @ relative)
        if end < best:
            best, at = float(end), np.inf
    return best, at


def _hermitian(matrix: ComplexArray) -> ComplexArray:
    return np.asarray(0.5 * (matrix + np.swapaxes(matrix, -1, -2).conj()))


def _riccati(form: RealForm, inputs: FloatArray, c: int) -> FloatArray:
    """B (nc, c) for N (n, c, c) with a positive spectrum."""
    n, length = form.size, float(np.linalg.norm(form.observe))
    unit = float(np.exp(np.mean(np.log(np.abs(form.rates)))))  # of rates: numbers of order one
    basis, _ = np.linalg.qr(np.column_stack([form.observe, np.eye(n)[:, : n - 1]]))
    basis[:, 0] = form.observe / length
    turn = np.kron(basis, np.eye(c))  # C turn = length (1, 0)
    matrix = np.kron(basis.T @ form.matrix @ basis / unit, np.eye(c))
    column = turn.T @ inputs.reshape(n * c, c) / length  # Σ turned, first c columns
    first, second = 0.5 * (column[:c] + column[:c].T), column[c:]
    a11, a12, a21, a22 = matrix[:c, :c], matrix[:c, c:], matrix[c:, :c], matrix[c:, c:]
    weight = a11 @ first + a12 @ second
    values, vectors = np.linalg.eigh(weight + weight.T)
    root = (vectors * np.sqrt(values)) @ vectors.T
    lower = np.zeros((0, c))
    if n > 1:
        cross = a21 @ first + a22 @ second + second @ a11.T
        constant = a21 @ second.T
        free = _solution(a22, a12, constant + constant.T, weight + weight.T, cross)
        lower = (cross + free @ a12.T) @ ((vectors / np.sqrt(values)) @ vectors.T)
    return np.asarray(np.sqrt(unit) * turn @ np.vstack([root, lower]))


def _solution(a: FloatArray, b: FloatArray, constant: FloatArray, weight: FloatArray, cross: FloatArray) -> FloatArray:
    """Z with a Z + Z a^T + constant = (cross + Z b^T) weight⁻¹ (…)^T; Newton steps give back digits lost to a small weight."""
    found = solve_continuous_are(a.T, b.T, constant, weight, s=cross)
    for _ in range(_REFINEMENTS):
        gain = np.linalg.solve(weight, b @ found + cross.T)
        residual = a @ found + found @ a.T + constant - gain.T @ weight @ gain
        step = solve_continuous_lyapunov(a - gain.T @ b, -residual)
        found = found + 0.5 * (step + step.T)
    return np.asarray(found)


def stationary(form: RealForm, white: FloatArray) -> FloatArray:
    """Σ (X, nc, nc) with A Σ + Σ A^T = B B^T for B (X, nc, k), in the eigenvectors of A."""
    c = white.shape[1] // form.size
    to = np.zeros((form.size, form.size), dtype=complex)  # rows: s → z and z* of each pair
    values = np.zeros(form.size, dtype=complex)
    for row, rate in zip(form.rows, form.rates, strict=True):
        to[row, row], values[row] = 1.0, rate
        if rate.imag:
            to[row, row + 1] = 1j
            to[row + 1, row : row + 2] = [1.0, -1j]
            values[row + 1] = rate.conjugate()
    back = np.kron(np.linalg.inv(to), np.eye(c))
    rates = np.repeat(values, c)
    modes = np.kron(to, np.eye(c)) @ white
    product = modes @ np.swapaxes(modes, 1, 2).conj() / (rates[:, None] + rates.conj())
    return np.asarray((back @ product @ back.conj().T).real)
