"""NEGF against closed forms: grand potential, wide-band friction, fluctuation-dissipation, Landauer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma, expit, loggamma

from nonadia.negf import forces

from .models import EV, KT_EV, donor_acceptor, general, junction, single_level


def level_poles(energy, gamma, width, mu):
    """(ε - E)(ε - μ + iW) = ΓW/2: the two poles of one level in one Lorentzian band, all energies in eV."""
    return np.roots([1.0, -energy - mu + 1j * width, energy * (mu - 1j * width) - gamma * width / 2])


@pytest.mark.parametrize("energy, gamma, width, mu", [(0.1, 0.05, 10.0, 0.0), (-0.3, 0.4, 1.0, 0.1), (0.02, 1e-3, 5.0, 0.0)])
def test_population_of_one_level(energy, gamma, width, mu):
    """n = ½ - (1/π) Im Σ_k R_k ψ(½ + iβ(E_k - μ)/2π), E_k and R_k poles and residues of G^R."""
    first, second = level_poles(energy, gamma, width, mu)
    residue = (first - mu + 1j * width) / (first - second)
    psi = digamma(0.5 + 1j * (np.array([first, second]) - mu) / (2 * np.pi * KT_EV))
    expected = 0.5 - (residue * psi[0] + (1 - residue) * psi[1]).imag / np.pi
    grid = junction([[energy]], [[[0.02]]], [1.0], [[0.0]], [[[gamma]]], [mu], KT_EV, width)
    assert forces(grid).population[0] == pytest.approx(expected, abs=1e-9)


def test_mean_force_is_the_gradient_of_the_grand_potential():
    """Equilibrium, both parts: F = -∂_xΩ, Ω = -(1/π) Im Σ_k [(2πkT/i) ln Γ(½ + iβ(E_k - μ)/2π) -
    iπE_k/2]."""
    x = np.linspace(-5.0, 2.0, 15)

    def omega(x):
        g = [0.45 * (1 - s * np.tanh(x / 0.3)) + 0.1 for s in (1, -1)]
        gamma = 0.05 * (g[0] ** 2 + g[1] ** 2)
        poles = level_poles(0.1 + np.sqrt(2) * 0.02 * x, gamma, 10.0, 0.0)
        terms = 2 * np.pi * KT_EV / 1j * loggamma(0.5 + 1j * poles / (2 * np.pi * KT_EV)) - 0.5j * np.pi * poles
        return -np.sum(terms).imag / np.pi

    # eighth-order differences of the closed form
    step, weights = 2e-3, {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    expected = [-sum(w * (omega(v + k * step) - omega(v - k * step)) for k, w in weights.items()) / step for v in x]
    found = forces(single_level(x, 0.0, position_dependent=True))
    assert found.mean_force[:, 0] / EV == pytest.approx(np.array(expected), abs=2e-10)


def test_wide_band_friction_of_one_level():
    """theory B6 (LD(55)), one lead: γ = -(1/4π)∫dε f' A² [E' + (ε-E)Γ'/Γ]², up to corrections of order
    Γ/W."""
    energy, slope, rate, dg, g, width = 0.03, 0.05, 0.06, 0.4, 0.9, 3e3
    gamma = rate * g**2

    def integrand(e):
        a = gamma / ((e - energy) ** 2 + gamma**2 / 4)
        f = expit(-e / KT_EV)
        return f * (1 - f) / KT_EV * a**2 * (slope + (e - energy) * 2 * dg / g) ** 2 / (4 * np.pi)

    expected = quad(integrand, -1.5, 1.5, points=[0, energy], epsabs=1e-12, limit=400)[0]
    grid = junction([[energy]], [[[slope]]], [g], [[dg]], [[[rate]]], [0.0], KT_EV, width)
    assert forces(grid).friction[0, 0] == pytest.approx(expected, rel=2e-4)


def test_wide_band_friction_of_two_leads():
    """theory B6: the pumping term 2A[Σ Γ_K'²/(4Γ_K) - Γ'²/(4Γ)] appears for two different g_K(x)."""
    x, a, q, width = 0.1, 0.3, 0.1, 1e4
    s = np.array([1.0, -1.0])
    g = 0.45 * (1 - s * np.tanh(x / a)) + q
    dg = -0.45 * s / (a * np.cosh(x / a) ** 2)
    rates, slopes = 0.05 * g**2, 0.1 * g * dg
    total, slope, energy, shift = rates.sum(), slopes.sum(), 0.1 + np.sqrt(2) * 0.02 * x, np.sqrt(2) * 0.02

    def integrand(e):
        spectral = total / ((e - energy) ** 2 + total**2 / 4)
        f = expit(-e / KT_EV)
        pumping = 2 * spectral * (np.sum(slopes**2 / (4 * rates)) - slope**2 / (4 * total))
        own = spectral**2 * (shift + (e - energy) * slope / total) ** 2
        return f * (1 - f) / KT_EV * (own + pumping) / (4 * np.pi)

    expected = quad(integrand, -1.5, 1.5, points=[0, energy], epsabs=1e-12, limit=400)[0]
    found = forces(single_level(x, 0.0, position_dependent=True, width=width)).friction[0, 0, 0]
    assert found == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize("seed", [1, 2])
def test_fluctuation_dissipation(seed):
    """Equal μ and T: D = kT γ_sym, element by element; the antisymmetric part needs broken time reversal."""
    grid = general(seed, mu=(0.1, 0.1, 0.1), kt=(0.04, 0.04, 0.04))
    found = forces(grid)
    symmetric = 0.5 * (found.friction + np.swapaxes(found.friction, -1, -2))
    assert found.noise / (0.04 * EV) == pytest.approx(symmetric, abs=1e-8 * np.abs(symmetric).max())
    assert np.abs(found.current).max() < 1e-12


def test_onsager_symmetry_without_magnetic_field():
    """Real h, V: γ is symmetric at equilibrium (Onsager); at bias it is not."""
    shape = {
        "h": np.array([[0.05, 0.07], [0.07, -0.02]]),
        "dh": np.array([[[0.02, 0], [0, -0.01]], [[0, 0.03], [0.03, 0]]]),
    }
    gammas = [np.diag([0.1, 0.0]), np.diag([0.0, 0.08])]
    antisymmetric = []
    for bias in (0.0, 0.4):
        grid = junction(
            shape["h"],
            shape["dh"],
            np.ones(2),
            np.full((2, 2), 0.1),
            gammas,
            [bias / 2, -bias / 2],
            KT_EV,
            5.0,
        )
        friction = forces(grid).friction
        antisymmetric.append(friction[0, 1] - friction[1, 0])
    assert abs(antisymmetric[0]) < 1e-11 and abs(antisymmetric[1]) > 1e-3


def test_landauer_current():
    """I_L = ∫dε/2π T(ε)(f_L - f_R), T = Γ_L(ε) Γ_R(ε) |G_12|², for two levels in series."""
    x, bias = 0.6, 0.3
    hopping = 0.05 * x

    def transmitted(e):
        widths = [0.1 * 25 / ((e - mu) ** 2 + 25) for mu in (bias / 2, -bias / 2)]
        sigma = [0.05 * 5 / (e - mu + 5j) for mu in (bias / 2, -bias / 2)]
        first, second = e - 0.1 - sigma[0], e + 0.1 - sigma[1]
        g12 = hopping / (first * second - hopping**2)
        window = expit(-(e - bias / 2) / KT_EV) - expit(-(e + bias / 2) / KT_EV)
        return widths[0] * widths[1] * abs(g12) ** 2 * window / (2 * np.pi)

    expected = quad(transmitted, -2, 2, points=[-0.15, -0.1, 0.1, 0.15], epsabs=1e-13, limit=500)[0]
    found = forces(donor_acceptor(x, bias)).current[0] / EV
    assert found == pytest.approx([expected, -expected], rel=1e-8)
