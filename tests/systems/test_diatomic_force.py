"""S2: the force on the nuclei follows the surface on which the packet is, EF Fig. 2(b), (c)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from .cases import FS, nearest, shipped

T0 = 13.6 * FS


def forces(name: str, time: str, at: float) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    """R, n, local force and those of the two surfaces, all closed forms."""
    _, f = shipped(name, ("factorization.fields", (time,)), ("propagation.duration", "0.7*T0"))
    R = f.R.values
    assert nearest(f, at) and f.snapshot.values[0] == pytest.approx(at, abs=1e-3)
    return R, f.density.values[0], f.force.values[0, 0], -R / 12.0, -(R - 0.5) / 4.0


@pytest.mark.parametrize("name", ["diatomic-nonadiabatic", "diatomic", "diatomic-adiabatic", "diatomic-letter"])
def test_force_of_the_upper_surface_at_one_eighth(name: str) -> None:
    R, n, force, _, upper = forces(name, "T0/8", T0 / 8)
    middle = (n > 1e-2 * n.max()) & (R < 0.3)
    assert middle.sum() > 20
    assert np.abs(force - upper)[middle].max() < 0.02 * np.abs(upper[middle]).max()


@pytest.mark.parametrize("name", ["diatomic-letter", "diatomic-nonadiabatic", "diatomic"])
def test_force_at_five_eighths_is_that_of_the_lower_surface_right_of_the_coupling(name: str) -> None:
    """(The letter has the upper one there; systems.md says why this cannot be.)"""
    R, n, force, lower, upper = forces(name, "5*T0/8", 5 * T0 / 8)
    right = (n > 1e-2 * n.max()) & (R > 1.5)
    assert right.sum() > 40
    assert np.abs((force - lower) / (upper - lower))[right].max() < 0.03


def test_force_jumps_where_the_letter_case_divides() -> None:
    """Near R = 1 n has its minimum between two maxima, and the force leaves both surfaces there."""
    R, n, force, lower, upper = forces("diatomic-letter", "5*T0/8", 5 * T0 / 8)
    maxima = [i for i in range(1, len(n) - 1) if n[i - 1] < n[i] > n[i + 1] and n[i] > 0.2 * n.max()]
    assert len(maxima) == 2
    between = R[maxima[0] : maxima[1]]
    assert abs(float(between[np.argmin(n[maxima[0] : maxima[1]])]) - 1.0) < 0.06
    near, off = np.abs(R - 1.05) < 0.15, np.abs(R - 1.6) < 0.1
    assert (force - lower)[near].max() > 0.2 and (force - upper)[near].min() < -0.1
    assert np.abs(force - lower)[off].max() < 1e-3


def test_force_of_the_adiabatic_case_stays_that_of_the_upper_surface() -> None:
    _, n, force, lower, upper = forces("diatomic-adiabatic", "5*T0/8", 5 * T0 / 8)
    counts = n > 3e-2 * n.max()
    assert np.abs(force - upper)[counts].max() < 0.025 and np.abs(force - lower)[counts].max() > 0.07
