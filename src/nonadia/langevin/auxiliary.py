"""Two forms of the auxiliary variables s of a generalised Langevin equation.

passive    dp = F dt + G^T s dt,    ds = -(J + ½BB^T) s dt - G v dt + √(k_BT) B dW,    J = -J^T
           γ(t) = G^T e^{-(J + ½BB^T)t} G,  D(t) = k_BT γ(t);  exp(-(H + ½s²)/k_BT) is stationary whatever G(x), J(x), B(x) are
general    dp = F dt + C s dt,      ds = -A s dt - G v dt + B dW,      A, C constant
           γ(t) = C e^{-At} G,  D(t) = C e^{-At} Σ C^T,  A Σ + Σ A^T = B B^T:  any γ, any D with a positive spectrum

Passive where D = k_BT γ. Whether coefficients that depend on x are those of the time of the force or of the motion that it
remembers is beyond the leading order in slow motion, to which the theory gives the kernels (LD(43)-(50)); both forms are right
to that order and have the Markov limit with γ(x) = ∫_0^∞ γ dt; the passive one has the exact Boltzmann distribution besides.
For a single real rate it is ds = -r s dt - √a(x) v dt + √(2 r k_BT) dW with the force √a(x) s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import expm

from .field import FloatArray
from .memory_table import Coefficients
from .realisation import RealForm, stationary


@dataclass
class Blocks:
    """force = -seen s; ds = -felt v - inner s + noise of covariance rate `spread`; (N, c, n), (N, n, c), (N, n, n) twice."""

    seen: FloatArray
    felt: FloatArray
    inner: FloatArray
    spread: FloatArray


class Auxiliary(Protocol):
    """n variables; every method at x (N, c)."""

    size: int
    coefficients: Coefficients

    def blocks(self, x: FloatArray) -> Blocks: ...

    def root(self, x: FloatArray) -> FloatArray:
        """L (N, n, n) with L L^T the covariance of s where x has always been there and still."""
        ...

    def kernels(self, x: FloatArray, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        """γ(x,t), D(x,t) for t ≥ 0, (N, T, c, c)."""
        ...

    def integrals(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """∫_0^∞ γ dt and the symmetric part of ∫_0^∞ D dt, (N, c, c)."""
        ...


@dataclass
class Passive:
    """coefficients: coupling G (n, c), white B (n, k), turn J (n, n). s is stored times √scale, to be like a momentum."""

    size: int
    temperature: float
    scale: float
    coefficients: Coefficients

    def blocks(self, x: FloatArray) -> Blocks:
        at = self.coefficients(x)
        coupling, square = at["coupling"], at["white"] @ np.swapaxes(at["white"], 1, 2)
        root = np.sqrt(self.scale)
        spread = self.temperature * self.scale * square
        return Blocks(-np.swapaxes(coupling, 1, 2) / root, root * coupling, at["turn"] + 0.5 * square, spread)

    def root(self, x: FloatArray) -> FloatArray:
        one = np.sqrt(self.temperature * self.scale) * np.eye(self.size)
        return np.broadcast_to(one, (len(x), self.size, self.size))

    def kernels(self, x: FloatArray, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        at = self.coefficients(x)
        coupling = at["coupling"]
        inner = at["turn"] + 0.5 * at["white"] @ np.swapaxes(at["white"], 1, 2)
        decays = expm(-time[:, None, None] * inner[:, None])
        friction = np.einsum("xni,xtnm,xmj->xtij", coupling, decays, coupling)
        return friction, self.temperature * friction

    def integrals(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        at = self.coefficients(x)
        inner = at["turn"] + 0.5 * at["white"] @ np.swapaxes(at["white"], 1, 2)
        friction = np.swapaxes(at["coupling"], 1, 2) @ np.linalg.solve(inner, at["coupling"])
        return friction, 0.5 * self.temperature * (friction + np.swapaxes(friction, 1, 2))


@dataclass
class General:
    """coefficients: coupling G (n, c), white B (n, k). s is stored divided by `scale`, to be like a momentum."""

    form: RealForm
    c: int
    scale: float
    coefficients: Coefficients

    def __post_init__(self) -> None:
        self.size = self.form.size * self.c
        self._matrix, self._observe = self.form.full(self.c)

    def blocks(self, x: FloatArray) -> Blocks:
        at, n = self.coefficients(x), self.size
        seen = np.broadcast_to(-self.scale * self._observe, (len(x), self.c, n))
        inner = np.broadcast_to(self._matrix, (len(x), n, n))
        return Blocks(seen, at["coupling"] / self.scale, inner, at["white"] @ np.swapaxes(at["white"], 1, 2) / self.scale**2)

    def root(self, x: FloatArray) -> FloatArray:
        values, vectors = np.linalg.eigh(self._covariance(x))
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :] / self.scale)

    def kernels(self, x: FloatArray, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        shape = (len(x), self.form.size, self.c, self.c)
        noise = self._covariance(x) @ self._observe.T
        friction = self.coefficients(x)["coupling"]
        return self.form.at_times(friction.reshape(shape), time), self.form.at_times(noise.reshape(shape), time)

    def integrals(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        at = self.coefficients(x)
        whole = self._observe @ np.linalg.inv(self._matrix)
        stroke = whole @ at["white"]
        return whole @ at["coupling"], 0.5 * stroke @ np.swapaxes(stroke, 1, 2)

    def _covariance(self, x: FloatArray) -> FloatArray:
        return stationary(self.form, self.coefficients(x)["white"])
