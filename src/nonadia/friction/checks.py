"""Results that no physics allows: a computation that yields one of them is not converged, whatever its estimates say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..models.frozen import FrozenJunction
from .evaluate import GridForces


def in_equilibrium(frozen: FrozenJunction) -> bool:
    """All leads at one chemical potential and one temperature."""
    first = frozen.leads[0]
    scale = max(lead.temperature for lead in frozen.leads)
    return all(
        abs(lead.chemical_potential - first.chemical_potential) <= 1e-12 * scale
        and abs(lead.temperature - first.temperature) <= 1e-12 * scale
        for lead in frozen.leads
    )


def impossible(frozen: FrozenJunction, result: GridForces, tolerance: float) -> list[str]:
    """One line for each violated law; `tolerance` is relative to the largest magnitude over the grid.

    D must be positive semi-definite always; populations lie in [0, 1]; at equilibrium γ is positive semi-definite and
    D = γ_sym k_BT (theory B4, LD(59)).
    """
    messages = []

    def worst(values: NDArray, scale: float, what: str) -> None:
        lowest = int(np.argmin(values))
        if values[lowest] < -tolerance * scale:
            messages.append(f"{what} {values[lowest]:.3g} at geometry {lowest + 1} of {values.size}")

    noise = np.linalg.eigvalsh(result.noise)[:, 0]
    noise_scale = float(np.max(np.abs(result.noise)))
    worst(noise, noise_scale, "negative noise: lowest eigenvalue of D")
    worst(result.population.min(axis=1), 1.0, "population below 0:")
    worst(1.0 - result.population.max(axis=1), 1.0, "population above 1: 1 - n =")
    if in_equilibrium(frozen):
        friction = 0.5 * (result.friction + np.swapaxes(result.friction, -1, -2))
        scale = float(np.max(np.abs(friction)))
        worst(np.linalg.eigvalsh(friction)[:, 0], scale, "negative friction at equilibrium: lowest eigenvalue")
        temperature = frozen.leads[0].temperature
        violation = np.max(np.abs(result.noise / temperature - friction), axis=(1, 2))
        if violation.max() > 2 * tolerance * scale:
            at = int(np.argmax(violation))
            messages.append(
                f"fluctuation-dissipation broken at equilibrium: |D/k_BT - γ| = {violation[at] / scale:.2g} of the largest "
                f"friction at geometry {at + 1} of {violation.size}"
            )
    return messages
