"""The honest certificate of a bath: what its exponents do to F, γ and D of the non-interacting partner.

The partner has the same one-body h(x), g(x) and leads, no interactions and no quantum vibrations. There F,
γ and D are known exactly (theory B6), with the exact leads as well as with the leads that the exponents
represent; the difference is the error that the bath alone brings. The error of C(t) predicts little (theory
B2).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..baths.decompose import decompose
from ..baths.exponents import Exponents
from ..models.frozen import FrozenJunction
from .forces import DecoupledLevelError, NegfForces, forces

FloatArray = NDArray[np.float64]

QUANTITIES = ("force", "friction", "noise")
SCHEMES = ("aaa", "pade")
# candidates are judged on this many geometries first; the chosen one on all
SCREENING_POINTS = 24


def partner(frozen: FrozenJunction) -> FrozenJunction:
    """The same junction without interactions and quantum vibrations."""
    grid, n, c = frozen.grid_shape, frozen.n_levels, frozen.n_coordinates
    return dataclasses.replace(
        frozen,
        u=np.zeros((*grid, n, n)),
        du=np.zeros((*grid, c, n, n)),
        vibronic=np.zeros((*grid, 0, n, n), dtype=complex),
        dvibronic=np.zeros((*grid, c, 0, n, n), dtype=complex),
        frequencies=np.zeros(0),
        vibration_states=np.zeros(0, dtype=np.int64),
    )


def partner_errors(
    frozen: FrozenJunction, exponents: Sequence[Exponents], exact: NegfForces | None = None
) -> dict[str, FloatArray]:
    """|ΔF| (..., c), |Δγ| and |ΔD| (..., c, c) of the partner with these exponents, Hartree atomic units.

    Keys "force", "friction", "noise". exact: NEGF of the partner with the exact leads, if it is known
    already. Infinite everywhere if the partner has a level that no lead reaches: then there is no
    certificate.
    """
    free = partner(frozen)
    try:
        exact = forces(free) if exact is None else exact
        fitted = forces(free, exponents)
    except DecoupledLevelError:
        shape = (*frozen.grid_shape, frozen.n_coordinates)
        return {
            "force": np.full(shape, np.inf),
            "friction": np.full((*shape, shape[-1]), np.inf),
            "noise": np.full((*shape, shape[-1]), np.inf),
        }
    return _differences(fitted, exact)


def choose_exponents(
    frozen: FrozenJunction,
    tolerance: float,
    quantities: Sequence[str] = QUANTITIES,
    scheme: str | None = None,
    max_poles: int = 60,
    pointwise: bool = False,
) -> tuple[list[Exponents], dict[str, Any]]:
    """The fewest exponents whose partner errors meet `tolerance`; equally many Fermi poles in every lead.

    tolerance: of each of `quantities`, relative to its largest magnitude over the grid, or with pointwise =
    True to the local magnitude at every geometry. scheme: "pade", "aaa", or None for the better of both.
    frozen: any grid; many points are screened on a subset, the choice is checked on all. Returns the
    exponents per lead and a JSON-able record: scheme, poles, exponents per lead, achieved errors,
    `reached`. If max_poles are not enough the most accurate candidate is returned with reached = False.
    Raises ValueError if the partner has a level without a lead (no certificate: fix the number of poles
    instead).
    """
    if unknown := set(quantities) - set(QUANTITIES):
        raise ValueError(f"unknown quantities {sorted(unknown)}; known: {', '.join(QUANTITIES)}")
    free = _flat(partner(frozen))
    try:
        search = _Search(free, tolerance, tuple(quantities), pointwise)
    except DecoupledLevelError as error:
        raise ValueError(f"no certificate for the bath ({error}); fix the number of poles instead") from error
    schemes = SCHEMES if scheme is None else (scheme,)
    found = [candidate for name in schemes if (candidate := search.fewest(name, max_poles)) is not None]
    if found:
        name, poles = min(found, key=lambda candidate: candidate[1])
        return search.report(name, poles, reached=True)
    name, poles = min(search.tried, key=lambda candidate: search.tried[candidate])
    return search.report(name, poles, reached=False)


class _Search:
    """Candidates (scheme, poles) judged against the exact partner; every exact result is computed once."""

    def __init__(
        self, free: FrozenJunction, tolerance: float, quantities: tuple[str, ...], pointwise: bool
    ) -> None:
        self.free, self.tolerance, self.quantities, self.pointwise = free, tolerance, quantities, pointwise
        # quadrature well below the errors that are judged; relative to the maximum, so deeper for the tails
        self.quadrature = min(1e-3 * tolerance, 1e-6) if not pointwise else 1e-11
        self.exact = forces(free, tolerance=self.quadrature)
        self.scale = {q: _magnitude(self.exact, q, pointwise) for q in QUANTITIES}
        self.tried: dict[tuple[str, int], float] = {}
        self.subset = self._screening_points()

    def _screening_points(self) -> NDArray[np.int64]:
        points = self.free.h.shape[0]
        if points <= SCREENING_POINTS:
            return np.arange(points)
        # equally spaced points and those where any quantity is largest
        chosen = set(np.linspace(0, points - 1, SCREENING_POINTS - 6).astype(int).tolist())
        for part in (self.exact.mean_force, self.exact.friction, self.exact.noise):
            largest = np.abs(part.reshape(points, -1)).max(axis=1)
            chosen |= set(np.argsort(largest)[-2:].tolist())
        return np.array(sorted(chosen))

    def exponents(self, scheme: str, poles: int) -> list[Exponents]:
        return [decompose(lead, poles, scheme) for lead in self.free.leads]

    def worst(self, scheme: str, poles: int, index: NDArray[np.int64]) -> dict[str, float]:
        """Largest relative error of each quantity over the points `index`."""
        fitted = forces(_at(self.free, index), self.exponents(scheme, poles), tolerance=self.quadrature)
        errors = _differences(fitted, self.exact, index)
        worst = {}
        for q in self.quantities:
            scale = self.scale[q][index] if self.pointwise else self.scale[q]
            worst[q] = float(np.max(errors[q] / scale))
        return worst

    def accepts(self, scheme: str, poles: int) -> bool:
        """True if all errors are within the tolerance, on the subset first and then on every point."""
        for index in (self.subset, np.arange(self.free.h.shape[0])):
            try:
                error = max(self.worst(scheme, poles, index).values())
            except (ValueError, FloatingPointError):  # coinciding poles, or a bath too poor to integrate
                error = np.inf
            self.tried[scheme, poles] = error
            if not error <= self.tolerance:
                return False
            if index.size == self.free.h.shape[0]:
                break
        return True

    def fewest(self, scheme: str, max_poles: int) -> tuple[str, int] | None:
        """Smallest accepted number of poles: errors fall with the number, so double it, then bisect."""
        known = [poles for (_, poles), error in self.tried.items() if error <= self.tolerance]
        limit = min([max_poles, *known])
        low, high = 0, 4
        while not self.accepts(scheme, high := min(high, limit)):
            if high >= limit:
                return None
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if self.accepts(scheme, middle):
                high = middle
            else:
                low = middle
        return scheme, high

    def report(self, scheme: str, poles: int, reached: bool) -> tuple[list[Exponents], dict[str, Any]]:
        chosen = self.exponents(scheme, poles)
        errors = self.worst(scheme, poles, np.arange(self.free.h.shape[0]))
        return chosen, {
            "scheme": scheme,
            "poles": poles,
            "exponents": [len(e) for e in chosen],
            "tolerance": self.tolerance,
            "pointwise": self.pointwise,
            "partner_errors": errors,
            "reached": reached,
            "fit": [dict(e.info) for e in chosen],
        }


def _flat(frozen: FrozenJunction) -> FrozenJunction:
    """The grid as one axis (a single geometry becomes a grid of one)."""
    names = ("h", "dh", "u", "du", "vibronic", "dvibronic", "g", "dg")
    depth = len(frozen.grid_shape)
    points = int(np.prod(frozen.grid_shape))
    return dataclasses.replace(
        frozen, **{k: (a := getattr(frozen, k)).reshape(points, *a.shape[depth:]) for k in names}
    )


def _at(frozen: FrozenJunction, index: NDArray[np.int64]) -> FrozenJunction:
    return frozen[(index,)]  # type: ignore[index]


def _differences(fitted: NegfForces, exact: NegfForces, index: Any = ...) -> dict[str, FloatArray]:
    return {
        "force": np.abs(fitted.mean_force - exact.mean_force[index]),
        "friction": np.abs(fitted.friction - exact.friction[index]),
        "noise": np.abs(fitted.noise - exact.noise[index]),
    }


def _magnitude(exact: NegfForces, quantity: str, pointwise: bool) -> FloatArray:
    """What errors are relative to: local magnitudes, or the largest over the grid (then without grid axis).

    Tensor elements are compared with √(T_ii T_jj) where that is larger, so that elements that vanish by
    symmetry do not count as infinitely wrong; components of the force likewise only vanish against a tiny
    floor.
    """
    values = np.abs({"force": exact.mean_force, "friction": exact.friction, "noise": exact.noise}[quantity])
    if not pointwise:
        values = values.max(axis=0)
    if quantity != "force":
        diagonal = np.sqrt(np.diagonal(values, axis1=-2, axis2=-1))
        values = np.maximum(values, diagonal[..., :, None] * diagonal[..., None, :])
    # a component that is zero everywhere (to rounding) has no scale of its own
    largest = float(values.max())
    return np.maximum(values, 1e-10 * largest if largest > 0 else 1.0)
