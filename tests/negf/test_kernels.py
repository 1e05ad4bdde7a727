"""Memory kernels of free electrons against Green's functions with the same exponents: integrals over time, values at t = 0."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.baths.decompose import decompose
from nonadia.negf import forces
from nonadia.negf.kernels import correlation_modes

from .models import general, single_level


@pytest.mark.parametrize("seed", [1, 2])
def test_integrals_are_friction_and_noise(seed: int) -> None:
    """∫γ_ij(t) dt = γ_ij and ½ ∫(D_ij + D_ji) dt = D_ij, both parts: three levels, three leads, two coordinates, at bias."""
    frozen = general(seed, points=1)
    exponents = [decompose(lead, 3, "pade") for lead in frozen.leads]
    still = correlation_modes(frozen[0], exponents).at_frequencies(np.zeros(1))[0].real  # (part, i, which, j)
    expected = forces(frozen, exponents)
    for part, name in enumerate(("molecule", "coupling")):
        friction = getattr(expected, f"friction_{name}")[0]
        np.testing.assert_allclose(still[part, :, 0], friction, atol=1e-7 * np.abs(expected.friction).max())
    noise = still[:, :, 1].sum(axis=0)
    np.testing.assert_allclose(0.5 * (noise + noise.T), expected.noise[0], atol=1e-7 * np.abs(expected.noise).max())
    assert np.abs(expected.friction[0] - expected.friction[0].T).max() > 1e-3 * np.abs(expected.friction).max()


def test_variance_of_the_force_of_one_level() -> None:
    """D(t = 0) = E'² n(1 - n) for a constant coupling, n the population, γ(t = ∞) = 0; n with the same exponents."""
    frozen = single_level([0.5], 0.1, position_dependent=False)
    exponents = [decompose(lead, 8, "pade") for lead in frozen.leads]
    modes = correlation_modes(frozen[0], exponents)
    n = float(forces(frozen, exponents).population[0, 0])
    slope = float(frozen.dh[0, 0, 0, 0].real)
    early, late = modes.at_times(np.array([0.0, 1e7])).sum(axis=1)
    assert 0.1 < n < 0.9
    assert early[0, 1, 0] == pytest.approx(slope**2 * n * (1.0 - n), rel=1e-7)
    assert abs(late).max() < 1e-12 * abs(early).max()
