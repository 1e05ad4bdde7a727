"""What the dataset of forces holds beside the forces, by definition: parts of γ, and the potential of one coordinate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from nonadia.friction import electronic_forces

from .systems import constant, two_levels


def test_symmetric_and_antisymmetric_parts() -> None:
    """γ_s = (γ + γᵀ)/2, γ_a = (γ - γᵀ)/2, and γ is the sum of both and of its molecular and coupling part."""
    found = electronic_forces(two_levels(2, 0.4), {"x": [0.0], "y": [-4.0]}, method="negf", tolerance=1e-4)
    friction = found["friction"].values[0, 0]
    assert abs(friction[0, 1] - friction[1, 0]) > 1e-3 * np.abs(friction).max()
    np.testing.assert_allclose(found["friction_symmetric"].values[0, 0], (friction + friction.T) / 2, rtol=1e-12)
    np.testing.assert_allclose(found["friction_antisymmetric"].values[0, 0], (friction - friction.T) / 2, rtol=1e-12)
    parts = found["friction_molecule"].values[0, 0] + found["friction_coupling"].values[0, 0]
    np.testing.assert_allclose(parts, friction, rtol=1e-12)


@pytest.mark.parametrize("points", [3, 9])
def test_slope_of_the_potential_is_minus_the_whole_force(points: int) -> None:
    """-dU/dx = -dU_0/dx + F, in whichever order the points come, and F = -E'n of a level with a constant coupling."""
    x = np.linspace(-4.0, -2.0, points)[::-1]
    found = electronic_forces(constant(0.2), x, method="negf", tolerance=1e-4)
    at, potential = found["x"].values, found["potential"].values
    whole = CubicSpline(at[::-1], (found["mean_force"] + found["bare_force"]).values[::-1, 0]).antiderivative()
    work = whole(at[-1]) - whole(at[0])
    assert potential[-1] - potential[0] == pytest.approx(-work, rel=2e-2 if points == 3 else 1e-6)
    slope = float(found["level_energy"].values[0, 0] - found["level_energy"].values[-1, 0]) / 2.0
    np.testing.assert_allclose(found["mean_force"].values[:, 0], -slope * found["population"].values[:, 0], rtol=1e-6)
