"""The rational fit: convergence, symmetries and what it needs compared with Padé."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.baths import bath_certificate, decompose
from nonadia.models.frozen import LeadBath
from nonadia.models.width import LevelWidth

LORENTZIAN = LevelWidth.lorentzian
# bands in units of k_BT around μ = 0
BANDS = {
    "narrow": LORENTZIAN(0.0, 0.5),
    "medium": LORENTZIAN(0.0, 40.0),
    "wide": LORENTZIAN(0.0, 387.0),
    "two bands": LORENTZIAN(-30.0, 10.0) + LORENTZIAN(70.0, 30.0, 0.5),
}


def error(bath: LeadBath, poles: int, scheme: str = "aaa") -> float:
    return bath_certificate(bath, decompose(bath, poles, scheme))["filled"]


@pytest.mark.parametrize("band", BANDS)
def test_error_falls_geometrically(band):
    bath = LeadBath("L", 0.0, 1.0, BANDS[band])
    errors = [error(bath, n) for n in (2, 4, 6, 8, 10)]
    assert np.all(np.diff(np.log10(errors)) < -0.7)


def test_wide_band_needs_few_poles():
    """W = 10 eV at 300 K: J f to 2e-3 everywhere with 6 poles, where Padé needs more than 20."""
    bath = LeadBath("L", 0.0, 1.0, BANDS["wide"])
    assert error(bath, 6) < 2e-3
    assert error(bath, 20, "pade") > 2e-3


def test_exponents_decay_and_do_not_cancel():
    for band in BANDS.values():
        bath = LeadBath("L", 0.0, 1.0, band)
        for poles in (1, 5, 9, 14):
            fitted = decompose(bath, poles, "aaa")
            slowest = min(np.pi, float(np.abs(band.poles.imag).min()))
            assert fitted.kappa.real.min() > 0.5 * slowest
            assert np.abs(fitted.eta_plus).max() < 20 * np.abs(fitted.correlation(np.array(0.0), 1))


def test_certificate_repeats_the_recorded_fit_error():
    bath = LeadBath("L", 0.02, 0.001, LORENTZIAN(0.02, 0.4))
    fitted = decompose(bath, 6, "aaa")
    assert bath_certificate(bath, fitted)["filled"] == pytest.approx(fitted.info["fit_error"], rel=0.05)


def test_shift_and_scale_of_all_energies():
    reference = decompose(LeadBath("L", 0.0, 1.0, LORENTZIAN(3.0, 50.0)), 5, "aaa")
    scale, shift = 0.003, 0.4
    moved = decompose(LeadBath("L", shift, scale, LORENTZIAN(shift + 3.0 * scale, 50.0 * scale)), 5, "aaa")
    assert moved.kappa == pytest.approx(scale * reference.kappa - 1j * shift, rel=1e-7)
    assert moved.eta_plus == pytest.approx(scale * reference.eta_plus, rel=1e-6)


def test_particle_hole_symmetry():
    """For J even about μ, J f̃ at μ + ω and J(1-f̃) at μ - ω are both within the fit error of each other."""
    bath = LeadBath("L", 0.0, 1.0, LORENTZIAN(0.0, 100.0))
    fitted = decompose(bath, 6, "aaa")
    energy = np.linspace(-300, 300, 2001)
    difference = np.abs(fitted.filled(energy) - fitted.empty(-energy)).max()
    assert difference < 2.001 * fitted.info["fit_error"]
