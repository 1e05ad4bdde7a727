"""What is called impossible: results made by hand, right and wrong by a factor."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from nonadia.friction.checks import impossible
from nonadia.friction.memory import thermal_energy

from .systems import constant


def result(friction: float, noise: float, population: float = 0.4) -> Any:
    """Two geometries of one coordinate and one level."""
    return SimpleNamespace(
        friction=np.full((2, 1, 1), friction), noise=np.full((2, 1, 1), noise), population=np.full((2, 1), population)
    )


def test_fluctuation_and_dissipation() -> None:
    """D = γ k_BT with equal leads, LD(59); under a bias D and γ are free, but D stays positive."""
    equal, biased = constant(0.0).at([[0.0], [1.0]]), constant(0.4).at([[0.0], [1.0]])
    kT = equal.leads[0].temperature
    assert impossible(equal, result(0.3, 0.3 * kT), 1e-3) == []
    for factor in (0.5, 2.0, -1.0):
        assert any("fluctuation-dissipation" in text for text in impossible(equal, result(0.3, factor * 0.3 * kT), 1e-3))
    assert impossible(biased, result(-0.3, 0.6 * kT), 1e-3) == []
    assert any("negative noise" in text for text in impossible(biased, result(0.3, -0.3 * kT), 1e-3))
    assert any("negative friction" in text for text in impossible(equal, result(-0.3, 0.3 * kT), 1e-3))


def test_populations() -> None:
    """0 ≤ n ≤ 1."""
    frozen = constant(0.4).at([[0.0], [1.0]])
    assert impossible(frozen, result(0.3, 0.1, 1.0), 1e-3) == impossible(frozen, result(0.3, 0.1, 0.0), 1e-3) == []
    assert any("below 0" in text for text in impossible(frozen, result(0.3, 0.1, -0.01), 1e-3))
    assert any("above 1" in text for text in impossible(frozen, result(0.3, 0.1, 1.01), 1e-3))


def test_energy_of_a_thermal_oscillator() -> None:
    """(ω/2) coth(ω/2k_BT) = ω(n_B + 1/2), even in ω, k_BT at ω = 0, |ω|/2 far above."""
    kT, frequency = 0.3, np.array([-2.0, 0.0, 1e-4, 0.5, 2.0, 1e3])
    found = thermal_energy(frequency, kT)
    size = np.abs(frequency[[0, 2, 3, 4]])
    np.testing.assert_allclose(found[[0, 2, 3, 4]], size * (1.0 / np.expm1(size / kT) + 0.5), rtol=1e-9)
    np.testing.assert_allclose(found[[1, 5]], [kT, 500.0], rtol=1e-12)
