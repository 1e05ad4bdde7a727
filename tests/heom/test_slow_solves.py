"""Solves that restarts of GMRES would stall: levels that hardly damp a vibration (found by hypothesis)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.properties.junctions import Recipe, couplings, heom, junction, with_couplings


@pytest.mark.parametrize("poles", [2, 4])
def test_a_slowly_damped_vibration(poles: int) -> None:
    """The solve ends, with populations that do not depend on the basis of the levels."""
    frozen = junction(Recipe(487607, 2, 1, 1, interacting=False, vibration=True, equilibrium=False, magnetic=False))
    found = heom(frozen, depth=2, poles=poles)
    order = [1, 0]
    parts = {name: getattr(frozen, name)[..., order, :][..., order] for name in ("h", "dh", "vibronic", "dvibronic")}
    other = with_couplings(replace(frozen, **parts), [g[order][:, order] for g in couplings(frozen)])
    again = heom(other, depth=2, poles=poles)
    np.testing.assert_allclose(again.population, found.population[:, order], atol=1e-9)
    np.testing.assert_allclose(again.friction, found.friction, rtol=1e-7)
    assert 0.0 < found.population.min() and found.population.max() < 1.0
