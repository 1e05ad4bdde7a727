"""Electrons of a metal under a prescribed motion x(t): what a classical nucleus on the mean path would lose to them.

    i ∂_t C = h(ε(x(t))) C,   E_eh(t) = Σ_occupied ⟨C|h|C⟩ - Σ lowest eigenvalues of h(ε(x(t)))

One-electron orbitals, exact for non-interacting electrons; any number of orbitals, so that a finite metal can be compared with
one that is as good as infinite on the same path. To second order in ẋ, of a continuum, E_eh = ∫γ(x) ẋ² dt.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nonadia.models.finite_metal import FiniteMetal

Real = NDArray[np.float64]


def electron_hole_energy(metal: FiniteMetal, level: Callable[[float], float], times: Real, steps: int, electrons: int) -> Real:
    """E_eh at `times`, (T,), Hartree, from the ground state at the first of them.

    level : t → ε(x(t)), Hartree; steps : of the exponential midpoint rule (order 2) between two of the times.
    """
    occupied = np.linalg.eigh(metal.one_electron(level(float(times[0]))))[1][:, :electrons].astype(complex)
    found = [0.0]
    for start, stop in pairwise(times):
        step = (stop - start) / steps
        for k in range(steps):
            energies, vectors = np.linalg.eigh(metal.one_electron(level(float(start + (k + 0.5) * step))))
            occupied = vectors @ (np.exp(-1j * step * energies)[:, None] * (vectors.T @ occupied))
        h = metal.one_electron(level(float(stop)))
        energy = np.vdot(occupied, h @ occupied).real
        found.append(float(energy - metal.ground_energy(level(float(stop)), electrons)))
    return np.array(found)
