"""Exponents for a molecule in motion: right for its classical partner over the range that the vibrations cover.

The partner holds every vibration at a displacement X, as a classical coordinate: h(X) = h + √2 Σ_b Λ^b X_b, ∂h = √2 Λ^b. Its
force, friction and noise, exact by Green's functions, are what the electrons do to the vibrations, and the bath is chosen for
them. Without vibrations the coordinate moves all levels alike. A lead that is cut off (g = 0) counts as coupled.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..friction.bath_choice import BathChoice
from ..models.frozen import FloatArray, FrozenJunction

POINTS = 9  # displacements of each vibration, from one end of its range to the other


def bath_choice(frozen: FrozenJunction, reach: FloatArray, scheme: str | None, poles: int | None) -> BathChoice:
    """frozen: one geometry; reach (b,): largest |X| of each vibration."""
    return BathChoice(classical_partner(frozen, reach), "global", scheme, poles)


def classical_partner(frozen: FrozenJunction, reach: FloatArray) -> FrozenJunction:
    """The junction without vibrations on a line of displacements, one classical coordinate a vibration."""
    n = frozen.n_levels
    if reach.size:
        along = np.linspace(-1.0, 1.0, POINTS)[:, None] * reach
        slope = np.sqrt(2.0) * frozen.vibronic
        h = frozen.h + np.einsum("pb,bmn->pmn", along, slope)
    else:
        slope, h = np.eye(n, dtype=complex)[None], frozen.h[None]
    points, count = len(h), len(slope)
    return replace(
        frozen,
        h=h,
        dh=np.broadcast_to(slope, (points, count, n, n)).copy(),
        u=np.broadcast_to(frozen.u, (points, n, n)).copy(),
        du=np.zeros((points, count, n, n)),
        vibronic=np.zeros((points, 0, n, n), dtype=complex),
        dvibronic=np.zeros((points, count, 0, n, n), dtype=complex),
        g=np.broadcast_to(np.where(frozen.g == 0.0, 1.0, frozen.g), (points, frozen.g.size)).copy(),
        dg=np.zeros((points, count, frozen.g.size)),
        frequencies=np.zeros(0),
        vibration_states=np.zeros(0, dtype=np.int64),
    )
