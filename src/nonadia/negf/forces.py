"""Exact F, γ, D, populations and currents of non-interacting junctions on a grid (theory B6).

The energy integrals (integrand.py) are done on panels chosen from the known singularities (mesh.py) and
refined until the estimated error of every observable meets the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..baths.exponents import Exponents
from ..models.frozen import FrozenJunction
from .integrand import Layout, integrand
from .mesh import NODES, Panels, concatenate, initial_panels, integrate_panels
from .system import DecoupledLevelError, FlatSystem, Occupation, flatten

FloatArray = NDArray[np.float64]

__all__ = ["DecoupledLevelError", "NegfForces", "forces"]

# a resonance narrower than this (relative to the energy scale) cannot be told from a level without any lead
NARROWEST = 1e-13
# the thermal window outside which 1 - f or f is below rounding, in k_BT
THERMAL_WINDOW = 45.0
# complex numbers of one kind held at a time; bounds the memory at some 100 MB
BLOCK = 1_500_000


@dataclass(frozen=True)
class NegfForces:
    """F_i, γ_ij, D_ij with the parts by force side, n_m and I_K, Hartree atomic units; `...` is the grid.

    mean_force_* (..., c); friction_*, noise_* (..., c, c), friction[..., i, j] the force on i per velocity
    of j; population (..., n); current (..., K) electrons per time into the molecule. error_*: estimated
    numerical (quadrature) errors of mean force, friction and noise, shapes as these.
    """

    mean_force_molecule: FloatArray
    mean_force_coupling: FloatArray
    friction_molecule: FloatArray
    friction_coupling: FloatArray
    noise_molecule: FloatArray
    noise_coupling: FloatArray
    population: FloatArray
    current: FloatArray
    error_force: FloatArray
    error_friction: FloatArray
    error_noise: FloatArray

    @property
    def mean_force(self) -> FloatArray:
        """F_i = i ∫dε/2π tr Λ_i G^<, electronic, without -∂U_0."""
        return self.mean_force_molecule + self.mean_force_coupling

    @property
    def friction(self) -> FloatArray:
        """γ_ij, symmetric and antisymmetric part together; F = F_ad - γ ẋ."""
        return self.friction_molecule + self.friction_coupling

    @property
    def noise(self) -> FloatArray:
        """D_ij, ⟨ξ_i(t)ξ_j(t')⟩ = 2 D_ij δ(t-t'), symmetric and positive."""
        return self.noise_molecule + self.noise_coupling


def forces(frozen: FrozenJunction, exponents: Sequence[Exponents] | None = None, tolerance: float = 1e-9) -> NegfForces:
    """F, γ, D, populations and currents at every geometry of `frozen` (any leading grid axes).

    exponents: one per lead; J f and J(1-f) are then what these exponents represent, that is, the result is
    what a converged hierarchy with this bath gives. tolerance: of F, γ and D, relative to the largest
    magnitude of each over the grid; populations absolute, currents relative to the largest. Raises
    ValueError for an interacting model, DecoupledLevelError where a level has no lead at some geometry,
    FloatingPointError when an integral is not finite. Where rounding stops the refinement short of
    the tolerance the larger error is stated in error_*.
    """
    if exponents is not None and len(exponents) != len(frozen.leads):
        raise ValueError(f"{len(exponents)} sets of exponents for {len(frozen.leads)} leads")
    system = flatten(frozen)
    occupation = Occupation(frozen.leads, None if exponents is None else tuple(exponents))
    layout = Layout(frozen.n_levels, frozen.n_coordinates, len(frozen.leads))
    panels = mesh(system, occupation, frozen, tolerance)
    totals, errors = _integrate(system, occupation, layout, panels, tolerance)
    grid = frozen.grid_shape
    named = {name: a.reshape(*grid, *a.shape[1:]) for name, a in layout.unpack(totals).items()}
    uncertain = {name: a.reshape(*grid, *a.shape[1:]) for name, a in layout.unpack(errors).items()}
    return NegfForces(
        **named,
        error_force=uncertain["mean_force_molecule"] + uncertain["mean_force_coupling"],
        error_friction=uncertain["friction_molecule"] + uncertain["friction_coupling"],
        error_noise=uncertain["noise_molecule"] + uncertain["noise_coupling"],
    )


def mesh(system: FlatSystem, occupation: Occupation, frozen: FrozenJunction, tolerance: float) -> Panels:
    """Panels on which the integrands of `forces` are resolved to about `tolerance`."""
    resonances = system.resonances().conj()
    common = occupation.singularities()
    scale = max(float(np.abs(resonances).max()), float(np.abs(common).max()))
    narrow = np.flatnonzero(resonances.imag.min(axis=1) < NARROWEST * scale)
    if narrow.size:
        where = tuple(int(i) for i in np.unravel_index(narrow[0], frozen.grid_shape))
        raise DecoupledLevelError(
            f"at grid point {where} a level is coupled to no lead (width below {NARROWEST:g} of the energy "
            "scale); its occupation, and so F, γ and D, is undefined"
        )
    singular = np.concatenate([resonances, np.broadcast_to(common, (system.n_points, common.size))], axis=1)
    reach = [lead.chemical_potential + side * THERMAL_WINDOW * lead.temperature for lead in frozen.leads for side in (-1, 1)]
    # the true error goes with ρ^{-2 NODES}, its estimate with ρ^{-1.5 NODES}; 1e-2 for pole strengths
    ellipse = max(1.5, (1e-2 * tolerance) ** (-1.0 / (1.75 * NODES)))
    return initial_panels(singular, np.array(reach), ellipse)


def _integrate(
    system: FlatSystem, occupation: Occupation, layout: Layout, panels: Panels, tolerance: float
) -> tuple[FloatArray, FloatArray]:
    """Totals and errors (points, Q); panels are refined until the targets or the rounding are met."""
    integrals, errors = _evaluate(system, occupation, layout, panels)
    previous: FloatArray | None = None
    while True:
        totals = _per_point(panels, integrals, system.n_points)
        point_errors = _per_point(panels, errors, system.n_points)
        scales = _scales(layout, totals, system)
        rounding = 2e-14 * _per_point(panels, np.abs(integrals), system.n_points)
        target = np.maximum(tolerance * scales, rounding)
        failing = point_errors > target
        if previous is not None:
            # halving panels divides a truncation error by thousands; what does not fall is rounding
            failing &= point_errors < 0.5 * previous
        if not failing.any():
            break
        previous = point_errors
        count = np.bincount(panels.point, minlength=system.n_points)
        share = np.where(failing, target, np.inf) / count[:, None]
        refine = np.asarray((errors > share[panels.point]).any(axis=1))
        new = panels.take(refine).halved()
        new_integrals, new_errors = _evaluate(system, occupation, layout, new)
        panels = concatenate(panels.take(~refine), new)
        integrals = np.concatenate([integrals[~refine], new_integrals])
        errors = np.concatenate([errors[~refine], new_errors])
    if not np.isfinite(totals).all():
        raise FloatingPointError("the energy integrals are not finite")
    return totals, point_errors


def _evaluate(system: FlatSystem, occupation: Occupation, layout: Layout, panels: Panels) -> tuple[FloatArray, FloatArray]:
    """Integral and error of every panel, (panels, Q), in blocks of bounded memory."""
    n, a, c = system.h.shape[-1], system.rates.size, system.dh.shape[1]
    fitted = max((len(e) for e in occupation.exponents or ()), default=0)
    per_panel = NODES * ((6 * c + 2) * (n + a) * max(n, a) + fitted)
    step = max(1, BLOCK // per_panel)
    found = []
    for start in range(0, len(panels), step):
        part = panels.take(np.arange(start, min(start + step, len(panels))))
        energy, weights = part.nodes()
        found.append(integrate_panels(integrand(system, occupation, layout, part.point, energy, "thermal"), weights))
    return np.concatenate([i for i, _ in found]), np.concatenate([e for _, e in found])


def _per_point(panels: Panels, values: FloatArray, points: int) -> FloatArray:
    """Sums of panel values (panels, Q) over the panels of each point, (points, Q)."""
    total = np.zeros((points, values.shape[1]))
    np.add.at(total, panels.point, values)
    return total


def _scales(layout: Layout, totals: FloatArray, system: FlatSystem) -> FloatArray:
    """Largest magnitude over the grid of each observable, (Q,): what the tolerance is relative to.

    Observables that vanish by symmetry would leave nothing to compare with; floors, far below any natural
    size, come from the size N_i of the force operator: N_i for F, N_i N_j/(k_BT)² for γ, N_i N_j/k_BT for
    D.
    """
    size, thermal = system.force_norms(), max(lead.temperature for lead in system.leads)
    pair = np.outer(size, size)
    floors = {"friction": 1e-6 * pair / thermal**2, "noise": 1e-6 * pair / thermal}
    named = layout.unpack(totals)
    force = np.abs(named["mean_force_molecule"] + named["mean_force_coupling"]).max(axis=0)
    force = np.maximum(force, 1e-4 * size)
    scales = {"mean_force_molecule": force, "mean_force_coupling": force}
    for name, floor in floors.items():
        largest = np.abs(named[f"{name}_molecule"] + named[f"{name}_coupling"]).max(axis=0)
        # cross terms may vanish by symmetry: judged against their diagonal partners too
        largest = np.maximum(largest, np.sqrt(np.outer(largest.diagonal(), largest.diagonal())))
        scales[f"{name}_molecule"] = scales[f"{name}_coupling"] = np.maximum(largest, floor)
    scales["population"] = np.ones(layout.levels)
    # what 1e-4 of the thermal window of one open channel carries
    least_current = 1e-4 * thermal / (2.0 * np.pi)
    scales["current"] = np.full(layout.leads, max(float(np.abs(named["current"]).max()), least_current))
    return np.concatenate([scales[name].ravel() for name in layout.shapes])
