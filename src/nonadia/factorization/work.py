"""Work of external fields, and whether the stored times resolve it.

    W(t) = ∫_0^t power_external dt' = E_total(t) - E_total(0)         (H(t) Hermitian)

E_total is known at every stored time without an integral, so that the difference is the error of W alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .newton import integral

LIMIT = 1e-2  # of the largest change of the energy
NEGLIGIBLE = 1e-6  # Hartree: a smaller change of the energy counts as this


def work_external(times: Sequence[float], every: Mapping[str, NDArray]) -> NDArray | None:
    """W at the stored times, by a spline through the power; None where nothing drives."""
    power = every.get("power_external")
    if power is None or not np.any(power):
        return None
    return integral(np.asarray(times, dtype=float), power)


def work_error(work: NDArray, energy: NDArray) -> tuple[float, float]:
    """(largest |E(t) - E(0) - W(t)|, largest |E(t) - E(0)|), Hartree."""
    gained = energy - energy[0]
    return float(np.abs(gained - work).max()), float(np.abs(gained).max())


def work_verdict(error: float, gained: float) -> list[str]:
    """What is wrong with a work of this error when the energy changed by so much."""
    if error <= LIMIT * max(gained, NEGLIGIBLE):
        return []
    return [
        f"the work of the external fields is off by {error:.1e} hartree, the energy changed by up to {gained:.1e} hartree: the "
        "stored times do not resolve the power; use a smaller propagation.store_every"
    ]
