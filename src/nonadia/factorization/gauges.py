"""Vector and scalar potential in the named gauges, each by its definition. Fields with external potentials included.

    real                   χ = √n:                 A_a = p_a,            ε = ε_gi - Re⟨ψ|Hψ⟩/n
    zero-vector-potential  χ = √n e^{iS}, S = ∫p:  A = 0,                ε = ε_real - ∂_tS,  ∂_tS = ∫∂_tp dR        (1D)
    adiabatic-phase        ⟨φ_k|Φ⟩ > 0:            A_a = p_a - ∂_a arg⟨φ_k|ψ⟩,  ε = ε_real - ∂_t arg⟨φ_k|ψ⟩
    temporal               ⟨Φ|∂_tΦ⟩ = 0:           A_a = A_a(0) + ∫2 Im Q_ta dt, ε = ε_gi;  A_a(0) is that of the real gauge;
                           the integral runs over the times at which n(R, t) is above the density floor

(theory A2). ∂_t of phases follow from ∂_tψ = -iHψ. `phase` is θ in Φ = e^{iθ} ψ/√n, χ = √n e^{-iθ}.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, make_interp_spline

from .fields import Fields
from .moments import Real
from .problem import Problem
from .spectral import Refinement

TEMPORAL_LIMIT = 1e-2  # of the largest change of A

GAUGES = ("real", "temporal", "zero-vector-potential", "adiabatic-phase")


def check(gauge: str, dimensions: int) -> None:
    """ValueError for an unknown gauge, or one that does not exist in so many dimensions."""
    if gauge not in GAUGES:
        raise ValueError(f'gauge "{gauge}"; known: {", ".join(GAUGES)}')
    if gauge == "zero-vector-potential" and dimensions > 1:
        raise ValueError(
            f'gauge "zero-vector-potential" exists in one dimension; in {dimensions} the curvature may not vanish: use "real"'
        )


def real(f: Fields) -> tuple[Real, Real | None]:
    """(A (D, N), ε (N)) for real χ = √n."""
    if f.epsilon is None or f.phase_rate is None:
        return f.p, None
    return f.p, _with_external(f, f.epsilon + f.phase_rate)


def temporal(f: Fields) -> Real | None:
    """ε = ε_gi (+ v), (N); A needs the history, see `temporal_potential`."""
    return None if f.epsilon is None else _with_external(f, f.epsilon)


def temporal_potential(times: Sequence[float], rates: NDArray, start: NDArray, at: Sequence[float]) -> NDArray:
    """A(t) = A(0) + ∫ 2 Im Q_ta dt at the times `at`, by a spline through `times`: rates (T, D, N), start (D, N)."""
    when = np.asarray(at, dtype=float)
    if len(times) == 1:
        return np.asarray(start + rates[0] * (when - times[0]).reshape(-1, *(1,) * start.ndim))
    if len(times) < 4:
        integral = CubicSpline(times, rates, axis=0).antiderivative()(when)
    else:
        degree = min(5, (len(times) - 1) // 2 * 2 - 1)
        integral = make_interp_spline(times, rates, k=max(3, degree), axis=0).antiderivative()(when)
    return np.asarray(start + integral)


def temporal_error(
    times: Sequence[float], rates: NDArray, start: NDArray, at: Sequence[float], A: NDArray, density: NDArray
) -> float:
    """By how much A changes when it is integrated over every second stored time: largest ∫n|ΔA| / largest ∫n|A - A(0)|.

    A (K, D, *R) and density (K, *R) at the times `at`; the rest as for `temporal_potential`.
    """
    kept = sorted({*range(0, len(times), 2), len(times) - 1}) if len(times) > 2 else [0]
    other = temporal_potential([times[k] for k in kept], rates[kept], start, at)
    n = density[:, None]
    behind = tuple(range(1, A.ndim))
    change, size = ((n * np.abs(A - b)).sum(axis=behind).max() for b in (other, start))
    return float(change / size) if size > 0.0 else 0.0


def temporal_verdict(error: float) -> list[str]:
    """What is wrong with a vector potential of this error."""
    if error <= TEMPORAL_LIMIT:
        return []
    return [
        f"vector potential of the temporal gauge: it changes by {error:.1e} (at most {TEMPORAL_LIMIT:.0e}) when every second "
        "stored time is left out; store more often (propagation.store_every)"
    ]


def zero_vector_potential(fine: Fields, grid: Refinement, floor: float) -> tuple[Real, Real]:
    """(A = 0, ε) on the coarse grid, 1D, from fields on a refined one.

    ∂_tS is integrated from the densest point of every piece of the axis where n is above the floor: the constant of a piece
    is arbitrary.
    """
    epsilon = real(fine)[1]
    assert epsilon is not None and fine.p_rate is not None
    phase = np.zeros(grid.points)
    seen = fine.n > floor * fine.n.max()
    x = grid.mesh[0]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(np.int8), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first < 8:
            continue
        piece = slice(first, last)
        integral = make_interp_spline(x[piece], fine.p_rate[0, piece], k=5).antiderivative()(x[piece])
        phase[piece] = integral - integral[int(np.argmax(fine.n[piece]))]
    coarse = grid.to_coarse(epsilon - phase).reshape(-1)
    return np.zeros((1, coarse.size)), coarse


def adiabatic_phase(
    f: Fields, problem: Problem, psi: NDArray, rate: NDArray | None, state: NDArray
) -> tuple[Real, Real | None]:
    """(A, ε) where ⟨φ|Φ⟩ is real and positive; psi, rate = ∂_tψ and the static state φ are (S, *R)."""
    grid = Refinement(problem.coordinates)
    c = problem.weight * np.einsum("s...,s...->...", state.conj(), psi)
    hat = grid.forward(c)
    flat = c.reshape(-1)
    safe = np.where(np.abs(flat) > 1e-150, flat, 1.0)
    A, epsilon = real(f)
    shifted = np.array([A[a] - (grid.at(hat, a) / safe).imag for a in range(grid.ndim)])
    if epsilon is None or rate is None:
        return shifted, None
    change = problem.weight * np.einsum("s...,s...->...", state.conj(), rate).reshape(-1)
    return shifted, epsilon - (change / safe).imag


def _with_external(f: Fields, epsilon: Real) -> Real:
    return epsilon if f.v is None else epsilon + f.v
