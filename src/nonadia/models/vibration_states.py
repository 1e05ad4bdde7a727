"""How many oscillator states a quantum vibration needs when the input says "auto".

A configuration n of the molecule shifts the oscillator by Σ Λ n/ω, so that it holds on average
    G² quanta, with variance G² (2 n_B + 1), on top of thermal ones whose number decays as e^{-nω/k_BT}
(displaced thermal state), G the largest shift of any configuration over the given points, n_B the thermal
occupation at the hottest lead. Kept are G² + 5 √(G²(2 n_B + 1)) + 14 k_BT/ω + 5 states, rounded up; less than
1e-5 of the population is then left out. This covers equilibrium; heating by a current is not foreseen, so
compare with more states at high bias.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..expressions import Expression
from .frozen import FloatArray

DEVIATIONS = 5.0  # standard deviations of the displacement
THERMAL = 14.0  # -ln of the thermal population left out, 1e-6
MARGIN = 5.0


def enough_states(
    couplings: Mapping[tuple[int, int], Expression],
    frequency: float,
    temperature: float,
    points: FloatArray,
    n_levels: int,
) -> int:
    """States for Λ_mm'(x) at points (N, c); frequency and k_BT in Hartree."""
    matrix = np.zeros((len(points), n_levels, n_levels), dtype=complex)
    for (i, j), coupling in couplings.items():
        values = coupling.value(points)
        matrix[:, i, j] = values
        matrix[:, j, i] = np.conj(values)
    matrix = matrix[np.all(np.isfinite(matrix), axis=(1, 2))]  # other points are reported elsewhere
    shifts = np.linalg.eigvalsh(matrix) / frequency if len(matrix) else np.zeros((1, 1))
    # occupying all eigenmodes of one sign gives the largest shift
    positive = np.sum(np.maximum(shifts, 0.0), axis=-1)
    negative = np.sum(np.maximum(-shifts, 0.0), axis=-1)
    quanta = float(np.max(np.maximum(positive, negative))) ** 2
    thermal = 1.0 / np.expm1(frequency / temperature) if temperature > 0.0 else 0.0
    spread = DEVIATIONS * np.sqrt(quanta * (2.0 * thermal + 1.0))
    return int(np.ceil(quanta + spread + THERMAL * temperature / frequency + MARGIN))
