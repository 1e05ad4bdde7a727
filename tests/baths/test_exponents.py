"""The energy derivative of what exponents represent, by its definition."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.baths.exponents import Exponents


@pytest.mark.parametrize("seed", [1, 2])
def test_slope_of_the_empty_states(seed: int) -> None:
    """∂_ε [J (1 - f)] against a central difference of order 8, for any exponents."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=(2, 4)) + 1j * rng.normal(size=(2, 4))
    exponents = Exponents(rng.uniform(0.5, 2.0, 4) + 1j * rng.normal(size=4), eta[0], eta[1], "pade", 4)
    energy, step = np.linspace(-3.0, 3.0, 41), 1e-2
    weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    slope = sum(w * (exponents.empty(energy + k * step) - exponents.empty(energy - k * step)) for k, w in weights.items())
    np.testing.assert_allclose(exponents.empty_derivative(energy), slope / step, atol=1e-9 * np.abs(slope / step).max())
