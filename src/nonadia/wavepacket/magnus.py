"""A time step of H(t) as exponentials of sums of H at a few times.

Static H:   e^{-iHτ}
Order 2:    e^{-iτH(t+τ/2)}
Order 4:    e^{-iτ(α_- H_1 + α_+ H_2)} e^{-iτ(α_+ H_1 + α_- H_2)},  α_± = 1/4 ± √3/6,  H_k at the two Gauss points
            (commutator-free Magnus; Blanes, Moan, Appl. Numer. Math. 56, 1519 (2006))
"""

from __future__ import annotations

import math

Weights = list[tuple[float, float]]  # (w_k, t_k) of Σ_k w_k H(t_k)


def exponents(t: float, step: float, order: int, static: bool) -> list[Weights]:
    """The exponents, first one first; each to be multiplied by -i step."""
    if static:
        return [[(1.0, t)]]
    if order == 2:
        return [[(1.0, t + 0.5 * step)]]
    large, small = 0.25 + math.sqrt(3.0) / 6.0, 0.25 - math.sqrt(3.0) / 6.0
    first, second = (t + (0.5 + sign * math.sqrt(3.0) / 6.0) * step for sign in (-1.0, 1.0))
    return [[(large, first), (small, second)], [(small, first), (large, second)]]
