"""Two classes of auxiliary variables s of a generalised Langevin equation.

general     dp = F dt + C s dt,      ds = -A s dt - G v dt + B dW,      A, C constant
            γ(t) = C e^{-At} G,  D(t) = C e^{-At} Σ C^T,  A Σ + Σ A^T = B B^T:  any γ, any D with a positive spectrum
reciprocal  dp = F dt + G^T s dt,    ds = -R s dt - G v dt + B dW,      R = J + ½KK^T,  J = -J^T
            γ(t) = G^T e^{-Rt} G,  D(t) = G^T e^{-Rt} Σ G,  R Σ + Σ R^T = B B^T:  γ with a positive spectrum
passive     reciprocal with B = √(k_BT) K, so that Σ = k_BT and D = k_BT γ: exp(-(H + ½s²)/k_BT) is stationary, whatever the
            dependence of G, J, K on x

Whether amplitudes that depend on x are those of the time of the force or of the motion that it remembers is beyond the leading
order in slow motion, to which the theory gives the kernels (LD(43)-(50)); all forms are right to that order and have the Markov
limit with γ(x) = ∫_0^∞ γ dt. In the general form it is the motion's; where the memory is as long as the motion, this alone
drives a system at equilibrium away from the Boltzmann distribution. In the reciprocal form force and response have the same
factor, as for a real environment: the passive one is exactly Boltzmann, and what D has beyond k_BT γ (quantum noise, a bias) is
all that disturbs it. For a single real rate the passive form is ds = -r s dt - √a(x) v dt + √(2 r k_BT) dW, force √a(x) s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import expm

from ..field import FloatArray
from .coefficients import Coefficients
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
class Reciprocal:
    """coefficients: coupling G (n, c), white K (n, k), turn J (n, n); loud B (n, l) where temperature is None, else passive.

    s is stored times √scale, to be like a momentum.
    """

    size: int
    temperature: float | None
    scale: float
    coefficients: Coefficients

    def blocks(self, x: FloatArray) -> Blocks:
        at, root = self.coefficients(x), np.sqrt(self.scale)
        coupling = at["coupling"]
        return Blocks(-np.swapaxes(coupling, 1, 2) / root, root * coupling, _inner(at), self.scale * self._spread(at))

    def root(self, x: FloatArray) -> FloatArray:
        if self.temperature is not None:
            one = np.sqrt(self.temperature * self.scale) * np.eye(self.size)
            return np.broadcast_to(one, (len(x), self.size, self.size))
        return _root(self.scale * self._covariance(self.coefficients(x)))

    def kernels(self, x: FloatArray, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        at = self.coefficients(x)
        coupling = at["coupling"]
        seen = np.swapaxes(coupling, 1, 2)[:, None] @ expm(-time[:, None, None] * _inner(at)[:, None])
        return seen @ coupling[:, None], seen @ (self._covariance(at) @ coupling)[:, None]

    def integrals(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        at = self.coefficients(x)
        whole = np.swapaxes(at["coupling"], 1, 2) @ np.linalg.inv(_inner(at))
        return whole @ at["coupling"], 0.5 * whole @ self._spread(at) @ np.swapaxes(whole, 1, 2)

    def _spread(self, at: dict[str, FloatArray]) -> FloatArray:
        """B B^T."""
        if self.temperature is not None:
            return self.temperature * at["white"] @ np.swapaxes(at["white"], 1, 2)
        return at["loud"] @ np.swapaxes(at["loud"], 1, 2)

    def _covariance(self, at: dict[str, FloatArray]) -> FloatArray:
        """Σ of R Σ + Σ R^T = B B^T, in the eigenvectors of R."""
        if self.temperature is not None:
            return np.broadcast_to(self.temperature * np.eye(self.size), (len(at["white"]), self.size, self.size))
        rates, vectors = np.linalg.eig(_inner(at))
        back = np.linalg.inv(vectors)
        product = back @ self._spread(at) @ np.swapaxes(back, 1, 2).conj()
        product = product / (rates[:, :, None] + rates[:, None, :].conj())
        return np.asarray((vectors @ product @ np.swapaxes(vectors, 1, 2).conj()).real)


def _inner(at: dict[str, FloatArray]) -> FloatArray:
    """R = J + ½KK^T."""
    return at["turn"] + 0.5 * at["white"] @ np.swapaxes(at["white"], 1, 2)


def _root(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :])


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
        return _root(self._covariance(x)) / self.scale

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
