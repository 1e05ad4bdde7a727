"""The exact correlation function against mpmath's Lerch function and against quadrature at t = 0."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad

from nonadia.baths import bath_certificate, decompose, exact_correlation
from nonadia.baths.pade import fermi
from nonadia.models.frozen import LeadBath
from nonadia.models.width import LevelWidth

MU, KT, CENTER, WIDTH = 0.1, 0.05, 0.3, 2.0
BATH = LeadBath("L", MU, KT, LevelWidth.lorentzian(CENTER, WIDTH))


def lerch(time: float, sign: int) -> complex:
    """Residue sums in 30 digits, closing the upper (σ = +) or lower (σ = -) half plane."""
    mpmath.mp.dps = 30
    spacing = 2 * mpmath.pi * KT
    pole, residue = mpmath.mpc(CENTER, sign * WIDTH), mpmath.mpc(0, -sign * WIDTH / 2)
    occupation = 1 / (1 + mpmath.exp(sign * (pole - MU) / KT))
    band = sign * 1j * residue * occupation * mpmath.exp(sign * 1j * pole * time)
    total = mpmath.mpc(0)
    for r, z in ((residue, pole), (mpmath.conj(residue), mpmath.conj(pole))):
        shift = mpmath.mpf(1) / 2 + (MU - z) / (sign * 1j * spacing)
        total += r / (sign * 1j * spacing) * mpmath.lerchphi(mpmath.exp(-spacing * time), 1, shift)
    thermal = -1j * KT * mpmath.exp((sign * 1j * MU - mpmath.pi * KT) * time) * total
    return complex(band + thermal)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("time", [1e-6, 1e-3, 0.3, 4.0, 60.0])
def test_matches_lerch_function(time, sign):
    expected = lerch(time, sign)
    found = exact_correlation(BATH, np.array([time]), sign)[0]
    assert abs(found - expected) < 1e-13 * WIDTH


@pytest.mark.parametrize("sign", [1, -1])
def test_value_at_zero_time(sign):
    def density(energy):
        return BATH.width(np.array(energy)) * fermi(np.array(sign * (energy - MU) / KT)) / (2 * np.pi)

    finite = quad(density, -3, 3, points=[MU, CENTER], epsabs=1e-13, limit=400)[0]
    tails = quad(density, 3, np.inf, epsabs=1e-13)[0] + quad(density, -np.inf, -3, epsabs=1e-13)[0]
    found = exact_correlation(BATH, np.array([0.0]), sign)[0]
    assert found == pytest.approx(finite + tails, rel=1e-11)


def test_certificate_sees_a_wrong_bath():
    right = bath_certificate(BATH, decompose(BATH, 40))
    assert max(right["correlation_plus"], right["correlation_minus"]) < 2e-3
    # 40 Padé poles hold to some 40² k_BT = 40 W, where J is down to 1/40²
    assert right["filled"] < 1e-5 and right["sum_rule"] < 1e-13
    shifted = LeadBath("L", MU + 0.02, KT, BATH.width)
    wrong = bath_certificate(shifted, decompose(BATH, 40))
    assert wrong["filled"] == pytest.approx(np.tanh(0.02 / KT / 4), rel=2e-2)


def test_slow_band_has_no_value_at_zero_time():
    slow = LevelWidth(np.array([-1j]), np.array([0.2 + 0.5j]))
    with pytest.raises(ValueError, match="infinite"):
        exact_correlation(LeadBath("L", 0.0, 0.1, slow), np.array([0.0]), 1)
