"""Rational fit of a level-width function that is not Lorentzian: flat bands with soft edges, tables.

    J(ε) ≈ Σ_i [ r_i/(ε - z_i) + c.c. ],   Im z_i < 0,   Σ_i Re r_i = 0,   J ≥ 0

The last two conditions make J decay as 1/ε² and keep it a level width. Poles come from AAA on the real axis
(Nakatsukasa, Sète, Trefethen, SIAM J. Sci. Comput. 40, A1494 (2018)), residues from linear least squares;
both are polished together where that saves poles, and a small broad Lorentzian lifts what dips below zero.
(theory B1, B2.) Energies in Hartree.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .width import LevelWidth

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

TOLERANCE = 1e-3  # of max J, what a fit must reach unless told otherwise
PAIRS = (*range(1, 13), 14, 16, 18, 20, 23, 26, 30)  # numbers of poles tried, up to the first that does
POLISH_STEPS = 40
POLISH = 30.0  # a fit this many times worse than asked for is worth polishing
TAIL = 0.1  # a table that ends at a finite value continues with a tail of this fraction of its range


class FitError(ValueError):
    """No rational function with a bounded number of poles reaches the tolerance."""


def flat_band(lower: float, upper: float, edge: float, tolerance: float = TOLERANCE) -> LevelWidth:
    """J(ε) = 1/(1 + e^{(lower-ε)/edge}) · 1/(1 + e^{(ε-upper)/edge}), fitted."""
    if not (upper > lower and edge > 0.0):
        raise FitError("a flat band needs lower < upper and a positive edge")
    half = 0.5 * (upper - lower)
    return _placed(_flat(_rounded(edge / half), tolerance), half, 0.5 * (upper + lower))


def _placed(width: LevelWidth, scale: float, center: float) -> LevelWidth:
    """J((ε - center)/scale)."""
    return LevelWidth(width.poles * scale + center, width.residues * scale, width.fit_error)


def _rounded(number: float) -> float:
    """12 digits: bands that differ by rounding only (other units, shifted) must get the same fit."""
    return float(f"{number:.12g}")


@lru_cache(maxsize=64)
def _flat(edge: float, tolerance: float) -> LevelWidth:
    """The band from -1 to 1."""

    def shape(energy: FloatArray) -> FloatArray:
        return _step((energy + 1.0) / edge) * _step((1.0 - energy) / edge)

    near = np.linspace(-12.0, 12.0, 241) * edge
    samples = np.concatenate([near - 1.0, near + 1.0, np.linspace(-1.0, 1.0, 201)])
    return _fit(shape, samples, 1.0 + 12.0 * edge, 0.01 * edge, tolerance)


def _step(z: FloatArray) -> FloatArray:
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def tabulated(
    energies: Sequence[float], values: Sequence[float], center: float = 0.0, tolerance: float = TOLERANCE
) -> LevelWidth:
    """J through (center + energies, values), by a cubic spline (monotonically if that overshoots), fitted.

    Beyond the table J continues as J_end · w²/((ε-ε_end)²+w²), w a tenth of the table's range: a table
    that has decayed at both ends stays at zero there.
    Raises FitError for energies that do not increase, negative values, fewer than 4 points or a failed fit.
    """
    e, j = np.asarray(energies, dtype=float), np.asarray(values, dtype=float)
    if e.ndim != 1 or e.shape != j.shape or e.size < 4:
        raise FitError("a table needs as many values as energies, at least 4")
    if not (np.all(np.isfinite(e)) and np.all(np.isfinite(j))):
        raise FitError("energies and values must be finite numbers")
    if np.any(np.diff(e) <= 0.0):
        raise FitError("energies must increase")
    if np.any(j < 0.0) or not np.any(j > 0.0):
        raise FitError("values must not be negative, nor all zero")
    middle, half, top = 0.5 * (e[0] + e[-1]), 0.5 * (e[-1] - e[0]), float(np.max(j))
    reduced = tuple(_rounded(x) for x in (e - middle) / half)
    width = _table(reduced, tuple(_rounded(y) for y in j / top), tolerance)
    return _placed(LevelWidth(width.poles, width.residues * top, width.fit_error), half, center + middle)


@lru_cache(maxsize=64)
def _table(energies: tuple[float, ...], values: tuple[float, ...], tolerance: float) -> LevelWidth:
    """A table on [-1, 1]."""
    from scipy.interpolate import CubicSpline, PchipInterpolator

    e, j = np.array(energies), np.array(values)
    fine = np.unique(np.concatenate([np.linspace(a, b, 9) for a, b in pairwise(e)]))
    inside = CubicSpline(e, j, bc_type="natural")
    if np.min(inside(fine)) < 0.0 or np.max(inside(fine)) > 1.02 * np.max(j):
        inside = PchipInterpolator(e, j)  # a spline would swing through a table with corners
    tail = 2.0 * TAIL

    def shape(energy: FloatArray) -> FloatArray:
        clipped = np.clip(energy, e[0], e[-1])
        return np.asarray(inside(clipped)) / (1.0 + ((energy - clipped) / tail) ** 2)

    if fine.size > 1200:
        fine = np.linspace(-1.0, 1.0, 1200)
    return _fit(shape, fine, 1.0 + 2.0 * tail, 0.1 * float(np.min(np.diff(e))), tolerance)


def _fit(
    shape: Callable[[FloatArray], FloatArray],
    samples: FloatArray,
    half: float,
    narrowest: float,
    tolerance: float,
) -> LevelWidth:
    """The fewest poles whose fit is within `tolerance` of `shape`, a function that lives on |ε| < half.

    Poles closer to the real axis than `narrowest` resolve less than the data and are artefacts.
    """
    from scipy.interpolate import AAA

    # the whole line, through ε = half tan(θ/2): dense where the function lives, with its tails
    line = half * np.tan(np.linspace(-0.5, 0.5, 401)[1:-1] * np.pi)
    energy = np.unique(np.concatenate([samples, line]))
    target = shape(energy)
    scale = float(np.max(target))
    best = np.inf
    for pairs in PAIRS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # AAA warns when it stops at max_terms: that is what we want
            poles = AAA(energy, target, rtol=1e-13, max_terms=2 * pairs + 1).poles()
        poles = _lower_half(poles, half, narrowest)
        error, width = _judged(poles, energy, target, half)
        if 1.0 < error / (tolerance * scale) < POLISH:
            polished = _judged(_polished(poles, energy, target, narrowest), energy, target, half)
            error, width = min(polished, (error, width), key=lambda fit: fit[0])
        best = min(best, error / scale)
        if width is not None and error <= tolerance * scale:
            return LevelWidth(width.poles, width.residues, error / scale)
    raise FitError(
        f"the best rational fit of the level width is off by {best:.2g} of its maximum, more than "
        f"{tolerance:.2g}; smoother edges, a finer table or a larger tolerance would help"
    )


def _judged(
    poles: ComplexArray, energy: FloatArray, target: FloatArray, half: float
) -> tuple[float, LevelWidth | None]:
    """Largest error of the best fit with these poles, and the fit."""
    if poles.size == 0:
        return np.inf, None
    width = _lifted(_refit(poles, energy, target), energy, half)
    return float(np.max(np.abs(width(energy) - target))), width


def _polished(poles: ComplexArray, energy: FloatArray, target: FloatArray, narrowest: float) -> ComplexArray:
    """Poles moved to the least-squares optimum, the residues eliminated (variable projection).

    Jacobian after Kaufman, BIT 15, 49 (1975): the derivative at fixed residues, less what other residues give.
    """
    from scipy.optimize import least_squares

    n = poles.size

    def moved(parameters: FloatArray) -> ComplexArray:
        return np.asarray(parameters[:n] - 1j * (narrowest + np.exp(parameters[n:])))

    def residual(parameters: FloatArray) -> FloatArray:
        columns, _ = _columns(moved(parameters), energy)
        basis = np.linalg.qr(columns)[0]
        return np.asarray(basis @ (basis.T @ target) - target)

    def jacobian(parameters: FloatArray) -> FloatArray:
        poles = moved(parameters)
        columns, reduce = _columns(poles, energy)
        basis, triangle = np.linalg.qr(columns)
        free = np.linalg.lstsq(triangle, basis.T @ target, rcond=1e-13)[0]
        residues = reduce @ free[: n - 1] + 1j * free[n - 1 :]
        slopes = 2.0 * residues / (energy[:, None] - poles) ** 2
        change = np.hstack([slopes.real, slopes.imag * np.exp(parameters[n:])])
        return np.asarray(change - basis @ (basis.T @ change))

    start = np.concatenate([poles.real, np.log(-poles.imag - narrowest)])
    return moved(least_squares(residual, start, jacobian, max_nfev=POLISH_STEPS, x_scale=0.1).x)


def _lower_half(poles: ComplexArray, half: float, narrowest: float) -> ComplexArray:
    """One pole of each conjugate pair; poles (almost) on the real axis are artefacts and are dropped."""
    lower = poles[poles.imag < 0.0]
    lower = lower[np.isfinite(lower) & (-lower.imag > narrowest) & (np.abs(lower) < 1e3 * half)]
    return np.asarray(lower[np.argsort(lower.real)], dtype=complex)


def _refit(poles: ComplexArray, energy: FloatArray, target: FloatArray) -> LevelWidth:
    """Residues by least squares with Σ Re r = 0."""
    n = poles.size
    columns, reduce = _columns(poles, energy)
    norms = np.linalg.norm(columns, axis=0)
    solution = np.linalg.lstsq(columns / norms, target, rcond=1e-13)[0] / norms
    return LevelWidth(poles, reduce @ solution[: n - 1] + 1j * solution[n - 1 :])


def _columns(poles: ComplexArray, energy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Functions of energy that the free numbers of the residues multiply, and how Re r follows from them."""
    n = poles.size
    fractions = 1.0 / (energy[:, None] - poles)
    # 2 Re[(a + ib)/(ε - z)] = 2a Re[1/(ε-z)] - 2b Im[1/(ε-z)]; Σ a = 0 leaves n - 1 combinations of the a
    reduce = np.vstack([np.eye(n - 1), -np.ones((1, n - 1))])
    return np.hstack([2.0 * fractions.real @ reduce, -2.0 * fractions.imag]), reduce


def _lifted(width: LevelWidth, energy: FloatArray, half: float) -> LevelWidth:
    """J ≥ 0 everywhere, by a broad Lorentzian as small as possible."""
    lift = LevelWidth.lorentzian(0.0, 1.5 * half)
    probe = np.concatenate([energy, _everywhere(width, half)])
    dip = float(np.max(-width(probe) / lift(probe)))
    if dip > 0.0:
        width = width + LevelWidth.lorentzian(0.0, 1.5 * half, weight=1.05 * dip)
    return width


def _everywhere(width: LevelWidth, half: float) -> FloatArray:
    """Energies that resolve every pole, out to where J ~ 1/ε² is reached."""
    steps = np.sinh(np.linspace(-6.0, 6.0, 121))
    near = (width.poles.real[:, None] - width.poles.imag[:, None] * steps).ravel()
    far = half * np.geomspace(1.0, 1e6, 200)
    return np.concatenate([near, far, -far])
