"""Exponents are the exact Fourier transform of J f̃ for every band, and obey the sum rule J f̃ + J(1-f̃) = J."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from nonadia.baths import decompose, exponents_from_poles
from nonadia.baths.pade import fermi, pade_fermi
from nonadia.models.frozen import LeadBath
from nonadia.models.width import LevelWidth

MU, KT = 0.02, 0.001
LORENTZIAN = LevelWidth.lorentzian
BANDS = {
    "centred": LORENTZIAN(MU, 0.2),
    "off-centre": LORENTZIAN(0.09, 0.15),
    "sum": LORENTZIAN(MU - 0.1, 0.07) + LORENTZIAN(0.2, 0.3, 0.5) + LORENTZIAN(MU, 0.01, 0.2),
}
ENERGY = np.concatenate([MU + KT * np.linspace(-40, 40, 401), np.linspace(-5, 5, 301)])


def lead(band: str) -> LeadBath:
    return LeadBath("L", MU, KT, BANDS[band])


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("scheme", ["pade", "aaa"])
@pytest.mark.parametrize("poles", [1, 3, 7])
def test_filled_and_empty_add_up_to_the_band(band, scheme, poles):
    bath = lead(band)
    fitted = decompose(bath, poles, scheme)
    assert len(fitted) == poles + bath.width.poles.size
    scale = bath.width(ENERGY).max()
    assert np.abs(fitted.filled(ENERGY) + fitted.empty(ENERGY) - bath.width(ENERGY)).max() < 1e-13 * scale
    assert np.all(fitted.kappa.real > 0)


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("poles", [1, 4, 12])
def test_filled_is_the_band_times_the_rational_fermi_function(band, poles):
    bath = lead(band)
    xi, k = pade_fermi(poles)
    z = ((ENERGY - MU) / KT)[:, None]
    rational = 0.5 - np.sum(2 * k * z / (z**2 + xi**2), axis=-1)
    expected = bath.width(ENERGY) * rational
    assert np.abs(decompose(bath, poles).filled(ENERGY) - expected).max() < 1e-13 * bath.width(ENERGY).max()


def test_closed_form_of_a_lorentzian_at_the_chemical_potential():
    """theory B2: η_0 = ½W f̃(iβW), η_l = -i (k_l/β) W²/(W² - ξ_l²/β²); the same for both signs."""
    width, poles = 0.2, 6
    fitted = decompose(lead("centred"), poles)
    xi, k = pade_fermi(poles)
    z = 1j * width / KT
    band = 0.5 * width * (0.5 - np.sum(2 * k * z / (z**2 + xi**2)))
    eta = np.concatenate([[band], -1j * k * KT * width**2 / (width**2 - (xi * KT) ** 2)])
    assert fitted.kappa == pytest.approx(np.concatenate([[width], xi * KT]) - 1j * MU, rel=1e-12)
    assert fitted.eta_plus == pytest.approx(eta, rel=1e-11)
    assert fitted.eta_minus == pytest.approx(eta, rel=1e-11)


@pytest.mark.parametrize("sign", [1, -1])
def test_correlation_function_is_the_fourier_integral(sign):
    """C^σ(t) = ∫dε/2π e^{iσεt} J f(σ(ε-μ)), by adaptive quadrature, where the poles have converged."""
    bath, time = LeadBath("L", 0.1, 0.2, LORENTZIAN(0.3, 1.0)), 1.3

    def occupied(energy):
        return bath.width(np.array(energy)) * fermi(np.array(sign * (energy - 0.1) / 0.2)) / (2 * np.pi)

    # ∫ = finite part + tail of the filled side by the oscillatory rule
    parts = []
    for weight in ("cos", "sin"):
        right = quad(lambda e: occupied(e), 0, np.inf, weight=weight, wvar=time, epsabs=1e-12, limit=400)[0]
        left = quad(lambda e: occupied(-e), 0, np.inf, weight=weight, wvar=time, epsabs=1e-12, limit=400)[0]
        parts.append(right + left if weight == "cos" else right - left)
    expected = parts[0] + 1j * sign * parts[1]
    fitted = decompose(bath, 60)
    assert fitted.correlation(np.array(time), sign) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("poles", [1, 3, 5])
def test_qutip_uses_the_same_exponents(poles):
    """Same η and κ as QuTiP's LorentzianPadeBath (it, too, uses the rational f in the band term)."""
    heom = pytest.importorskip("qutip.solver.heom")
    qutip = pytest.importorskip("qutip")
    gamma, width = 0.01, 0.1
    theirs = heom.LorentzianPadeBath(qutip.destroy(2), gamma, width, MU, KT, poles).exponents
    ours = decompose(LeadBath("L", MU, KT, LORENTZIAN(MU, width)), poles)
    for name, kappa, eta in (("+", ours.kappa, ours.eta_plus), ("-", ours.kappa.conj(), ours.eta_minus)):
        chosen = [e for e in theirs if e.type.name == name]
        assert np.array([e.vk for e in chosen]) == pytest.approx(kappa, rel=1e-10)
        assert np.array([e.ck for e in chosen]) == pytest.approx(gamma * eta, rel=1e-9)


def test_bad_requests_are_refused():
    bath = lead("centred")
    with pytest.raises(ValueError, match="unknown decomposition"):
        decompose(bath, 3, "matsubara")
    with pytest.raises(ValueError, match="at least one pole"):
        decompose(bath, 0, "aaa")
    xi, _ = pade_fermi(2)
    touching = LeadBath("L", MU, KT, LORENTZIAN(MU, float(xi[1]) * KT))
    with pytest.raises(ValueError, match="coincides"):
        decompose(touching, 2)
    with pytest.raises(ValueError, match="must decay"):
        growing = np.array([-1j], dtype=complex)
        exponents_from_poles(bath.width, 0.5, growing, growing, scheme="pade", poles=1)
