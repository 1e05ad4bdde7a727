"""Initial conditions against their distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from nonadia.langevin.initial import sample

from .test_ensemble import KT, Harmonic, K, M

N = 20_000


def test_maxwell_at_a_fixed_place() -> None:
    x, p = sample({"temperature": KT, "x": 0.3, "p": 2.0}, Harmonic(), N, 1)
    assert np.all(x == 0.3)
    assert stats.kstest(p[:, 0], stats.norm(2.0, np.sqrt(M * KT)).cdf).pvalue > 1e-3


def test_boltzmann_of_an_anharmonic_potential() -> None:
    class DoubleWell(Harmonic):
        def potential(self, x: np.ndarray, t: float = 0.0) -> np.ndarray:
            return 2e-3 * (x[:, 0] ** 2 - 1.0) ** 2 + 4e-4 * x[:, 0]

    field = DoubleWell(limit=4.0)
    x, p = sample({"boltzmann": KT}, field, N, 3)
    grid = np.linspace(-4, 4, 20001)
    weight = np.exp(-field.potential(grid[:, None]) / KT)
    cdf = integrate.cumulative_simpson(weight, x=grid, initial=0.0)
    assert stats.kstest(x[:, 0], lambda at: np.interp(at, grid, cdf / cdf[-1])).pvalue > 1e-3
    assert stats.kstest(p[:, 0], stats.norm(0.0, np.sqrt(M * KT)).cdf).pvalue > 1e-3


@pytest.mark.parametrize("kT", [0.0, 3e-3])
def test_wigner(kT: float) -> None:
    omega = np.sqrt(K / M)
    x, p = sample({"wigner": {"frequency": omega, "center": 0.2, "temperature": kT}}, Harmonic(), N, 1)
    quanta = 1.0 if kT == 0 else 1.0 / np.tanh(omega / (2 * kT))
    assert stats.kstest(x[:, 0], stats.norm(0.2, np.sqrt(quanta / (2 * M * omega))).cdf).pvalue > 1e-3
    assert stats.kstest(p[:, 0], stats.norm(0.0, np.sqrt(quanta * M * omega / 2)).cdf).pvalue > 1e-3
    if kT == 0:
        assert x.std() * p.std() == pytest.approx(0.5, rel=0.03)


def test_a_larger_ensemble_begins_with_the_smaller() -> None:
    few, many = (sample({"temperature": KT, "x": 0.0}, Harmonic(), n, 4)[1] for n in (10, 1000))
    assert np.array_equal(few, many[:10])


def test_boltzmann_needs_a_table_that_is_wide_enough() -> None:
    with pytest.raises(ValueError, match="wider table"):
        sample({"boltzmann": KT}, Harmonic(limit=0.5), 10, 1)


def test_two_kinds_at_once() -> None:
    with pytest.raises(ValueError, match="boltzmann and wigner"):
        sample({"boltzmann": KT, "wigner": {"frequency": 1e-3}}, Harmonic(), 10, 1)
    with pytest.raises(ValueError, match="its own"):
        sample({"boltzmann": KT, "temperature": KT}, Harmonic(), 10, 1)
