"""Rational fit of the Fermi function on the real axis, weighted by the band (AAA, then polished).

    J(ε) f(ε) ≈ J(ε) f̃(ε),     f̃ = c + Σ_{l=1}^{N} [ R_l/(ε - p_l) + c.c. ]

A lead is seen only through J f, so f̃ is free where J is small: for kT ≪ W far fewer poles than Padé's are
needed to follow f over the whole band (the number grows with log(W/kT), theory B2; Dan, Xu, Stockburger,
Ankerhold, Shi, Phys. Rev. B 107, 195429 (2023)). Fitting f, not J f, keeps the band poles as they are, so
that 1 - f needs no further ones and J f̃ decays like J. Errors near μ matter most (γ and D live there, the
coupling part of F on the whole band), so the weight is J/max J · [1 + EMPHASIS/(1 + (x/EMPHASIS_RANGE)²)],
x = (ε - μ)/k_BT. Measured on J2 and J1 (W = 10 eV, 300 K): 6 poles and the band pole give F, γ and D within
6e-4 of their maxima, in and out of equilibrium.

Steps: (1) adaptive Antoulas-Anderson (Nakatsukasa, Sète, Trefethen, SIAM J. Sci. Comput. 40, A1494 (2018))
with the residual weighted: 2N + 1 support points give N pairs of poles, real (spurious) ones are dropped;
(2) all poles and residues are polished together by least squares, the residues eliminated (variable
projection); (3) reweighting towards the largest errors (Lawson) turns least squares into nearly the
smallest maximum error. A step that does not lower the maximum error is not taken.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig
from scipy.optimize import least_squares

from ..models.frozen import LeadBath
from ..models.width import LevelWidth
from .decompose import exponents_from_poles
from .exponents import Exponents
from .pade import fermi

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

SAMPLES = 300  # on each side of μ
LAWSON_STEPS = 8
POLISH_STEPS = 100
EMPHASIS = 30.0
EMPHASIS_RANGE = 10.0


def aaa_exponents(lead: LeadBath, poles: int) -> Exponents:
    """Exponents of `lead` with `poles` fitted Fermi poles and the band poles of J; Hartree.

    info: fit_error = max |J (f̃ - f)| / max J over the samples; removed_poles: real ones that AAA gave and
    that were replaced before polishing. Raises ValueError for poles < 1.
    """
    if poles < 1:
        raise ValueError(f"a rational fit needs at least one pole, not {poles}")
    # leads that differ only by a shift of all energies share one fit; rounding μ away keeps them identical
    mu, kt, width = lead.chemical_potential, lead.temperature, lead.width
    shape = np.concatenate([(width.poles - mu) / kt, width.residues / kt])
    key = tuple(complex(f"{z.real:.12e}{z.imag:+.12e}j") for z in shape)
    constant, upper, residues, error, removed = _fit_relative(poles, key)
    return exponents_from_poles(
        width,
        constant,
        mu + kt * upper,
        kt * residues,
        scheme="aaa",
        poles=poles,
        info={"fit_error": error, "removed_poles": float(removed)},
    )


@lru_cache(maxsize=512)
def _fit_relative(
    poles: int, shape: tuple[complex, ...]
) -> tuple[float, ComplexArray, ComplexArray, float, int]:
    """`fit_fermi` for the band given by its poles and residues (in this order, units of k_BT from μ)."""
    both = np.array(shape)
    return fit_fermi(poles, LevelWidth(both[: both.size // 2], both[both.size // 2 :]))


def fit_fermi(poles: int, width: LevelWidth) -> tuple[float, ComplexArray, ComplexArray, float, int]:
    """(c, p (N,), R (N,), max |J (f̃ - f)|/max J, real poles replaced); energies in k_BT from μ."""
    x, band = samples(width)
    emphasised = band * (1.0 + EMPHASIS / (1.0 + (x / EMPHASIS_RANGE) ** 2))
    target = fermi(x)
    upper, removed = _aaa_poles(x, target, emphasised, poles)
    best = _residues(x, target, emphasised, upper)
    error = float(np.max(emphasised * np.abs(_evaluate(x, upper, best) - target)))
    importance = np.ones_like(x)
    current = upper
    for _ in range(LAWSON_STEPS):
        weight = emphasised * np.sqrt(importance)
        current = _polish(x, target, weight, current)
        coefficients = _residues(x, target, weight, current)
        residual = emphasised * np.abs(_evaluate(x, current, coefficients) - target)
        if residual.max() < error:
            upper, best, error = current, coefficients, float(residual.max())
        importance *= residual / residual.max() + 1e-3
        importance /= importance.mean()
    n = upper.size
    residues = best[1 : n + 1] + 1j * best[n + 1 :]
    achieved = float(np.max(band * np.abs(_evaluate(x, upper, best) - target)))
    return float(best[0]), upper, residues, achieved, removed


def samples(width: LevelWidth) -> tuple[FloatArray, FloatArray]:
    """Points x = (ε - μ)/k_BT, dense where f varies, thinning geometrically; J/max J there; both (S,)."""
    reach = 1000.0 * max(float(np.abs(width.poles).max()), 3.0)
    step = np.arcsinh(reach) / SAMPLES
    x = np.sinh(step * np.arange(-SAMPLES, SAMPLES + 1))
    band = np.maximum(width(x), 0.0)
    return x, band / band.max()


def _aaa_poles(x: FloatArray, target: FloatArray, weight: FloatArray, pairs: int) -> tuple[ComplexArray, int]:
    """Upper poles of the weighted AAA approximant of type (2N, 2N), real ones removed and replaced by a
    Padé-like guess, (N,), and how many were removed; in units of k_BT."""
    support: list[int] = []
    approximant = np.full_like(target, target.mean())
    coefficients = np.ones(0)
    for _ in range(2 * pairs + 1):
        misfit = weight * np.abs(target - approximant)
        misfit[support] = -1.0
        support.append(int(np.argmax(misfit)))
        rest = np.setdiff1d(np.arange(x.size), support)
        cauchy = 1.0 / (x[rest, None] - x[support])
        loewner = weight[rest, None] * (target[rest, None] - target[support]) * cauchy
        coefficients = np.linalg.svd(loewner, full_matrices=False)[2][-1]
        approximant = target.copy()
        approximant[rest] = (cauchy @ (coefficients * target[support])) / (cauchy @ coefficients)
    size = len(support)
    arrow = np.diag(np.concatenate([[0.0], x[support]]))
    arrow[0, 1:], arrow[1:, 0] = coefficients, 1.0
    found = eig(arrow, np.diag(np.concatenate([[0.0], np.ones(size)])), right=False)
    found = found[np.isfinite(found)]
    upper = found[found.imag > 1e-8 * (1.0 + np.abs(found))]
    removed = found.size - 2 * upper.size
    missing = pairs - upper.size
    if missing > 0:
        # real poles are artefacts of symmetry or of too high a degree; the freed pairs start as a ladder
        ladder = 1j * np.geomspace(3.0, max(10.0, np.abs(x).max() / 2000.0), missing)
        upper = np.concatenate([upper, ladder * np.exp(0.05j * np.arange(missing))])
    return upper, int(removed)


def _basis(x: FloatArray, upper: ComplexArray) -> FloatArray:
    """Columns 1, 2 Re 1/(x-p), -2 Im 1/(x-p): f̃ is real and linear in (c, Re R, Im R)."""
    simple = 1.0 / (x[:, None] - upper)
    return np.concatenate([np.ones((x.size, 1)), 2.0 * simple.real, -2.0 * simple.imag], axis=1)


def _residues(x: FloatArray, target: FloatArray, weight: FloatArray, upper: ComplexArray) -> FloatArray:
    basis = _basis(x, upper) * weight[:, None]
    scale = np.maximum(np.linalg.norm(basis, axis=0), np.finfo(float).tiny)
    return np.linalg.lstsq(basis / scale, weight * target, rcond=1e-14)[0] / scale


def _evaluate(x: FloatArray, upper: ComplexArray, coefficients: FloatArray) -> FloatArray:
    return _basis(x, upper) @ coefficients


def _polish(x: FloatArray, target: FloatArray, weight: FloatArray, upper: ComplexArray) -> ComplexArray:
    """Poles that minimise the weighted least-squares residual, residues eliminated; (N,), units of k_BT.

    The derivative is Kaufman's: the change of the basis, projected off its column space.
    """
    n = upper.size
    size = np.abs(upper)
    goal = weight * target

    def unpack(parameters: FloatArray) -> ComplexArray:
        return parameters[:n] * size + 1j * size * np.exp(parameters[n:])

    def span(trial: ComplexArray) -> FloatArray:
        basis = _basis(x, trial) * weight[:, None]
        norms = np.maximum(np.linalg.norm(basis, axis=0), np.finfo(float).tiny)
        return np.linalg.qr(basis / norms)[0]

    def residual(parameters: FloatArray) -> FloatArray:
        q = span(unpack(parameters))
        return q @ (q.T @ goal) - goal

    def derivative(parameters: FloatArray) -> FloatArray:
        trial = unpack(parameters)
        q, coefficients = span(trial), _residues(x, target, weight, trial)
        residues = coefficients[1 : n + 1] + 1j * coefficients[n + 1 :]
        slope = 2.0 * weight[:, None] * residues / (x[:, None] - trial) ** 2
        change = np.concatenate([(slope * size).real, (1j * slope * trial.imag).real], axis=1)
        return change - q @ (q.T @ change)

    start = np.concatenate([upper.real / size, np.log(upper.imag / size)])
    found = least_squares(residual, start, jac=derivative, method="lm", max_nfev=POLISH_STEPS)
    trial = unpack(found.x)
    return trial if np.all(np.isfinite(trial)) and np.all(trial.imag > 0) else upper
