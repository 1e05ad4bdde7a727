"""Padé poles against closed forms and against the definition of a Padé approximant."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from nonadia.baths.pade import fermi, pade_fermi


def rational(z, poles):
    xi, k = pade_fermi(poles)
    z = np.asarray(z)[..., None]
    return 0.5 - np.sum(2 * k * z / (z**2 + xi**2), axis=-1)


def test_one_pole_in_closed_form():
    # tanh(z/2)/2 = (z/4)/(1 + z²/12 + …): ξ² = 12, k = 3/2
    xi, k = pade_fermi(1)
    assert xi == pytest.approx([np.sqrt(12.0)], rel=1e-14)
    assert k == pytest.approx([1.5], rel=1e-14)


@pytest.mark.parametrize("poles", [2, 3, 5, 8])
def test_is_the_pade_approximant(poles):
    """[N-1/N] in z²: the series of (½ - f̃)/z agrees with that of tanh(z/2)/(2z) in its first 2N terms."""
    mpmath.mp.dps = 60
    exact = mpmath.taylor(lambda z: mpmath.tanh(z / 2) / 2, 0, 4 * poles)[1::2]
    xi, k = pade_fermi(poles)
    ours = [2 * np.sum(k * (-1.0) ** m / xi ** (2 * m + 2)) for m in range(2 * poles)]
    assert ours == pytest.approx([float(c) for c in exact], rel=1e-9)


def test_poles_become_matsubara_frequencies():
    xi, k = pade_fermi(40)
    assert xi[:10] == pytest.approx(np.pi * (2 * np.arange(10) + 1), rel=1e-12)
    assert k[:10] == pytest.approx(np.ones(10), rel=1e-9)


def test_converges_to_the_fermi_function():
    z = np.linspace(-60, 60, 1001)
    errors = [np.abs(rational(z, n) - fermi(z)).max() for n in (4, 6, 8, 10, 12)]
    assert np.all(np.diff(np.log(errors)) < -2)
    assert errors[-1] < 1e-7


def test_fermi_function_is_stable_for_complex_arguments():
    z = np.array([-800 + 3j, -1 + 2j, 0.5j, 4 - 1j, 800 + 1j])
    expected = [complex(1 / (1 + mpmath.exp(complex(v)))) for v in z]
    assert fermi(z) == pytest.approx(expected, rel=1e-14, abs=1e-300)
    with np.errstate(all="raise", under="ignore"):
        assert np.all(np.isfinite(fermi(np.array([-1e6, 0.0, 1e6]))))


def test_no_poles_is_refused():
    with pytest.raises(ValueError, match="at least one pole"):
        pade_fermi(0)
