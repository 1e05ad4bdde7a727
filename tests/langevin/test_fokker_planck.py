"""The stationary Fokker-Planck solver against closed forms, another discretisation and a brute-force ensemble."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.integrate import quad
from scipy.sparse.linalg import spsolve
from scipy.special import erf

import nonadia as na
from nonadia.langevin.field import CallableField
from nonadia.langevin.fokker_planck.solve import bin_probabilities, fokker_planck


def field(force, friction, noise, mass=1.0, **more):
    return CallableField(("x",), (mass,), force, friction, noise, **more)


def double_well(temperature=0.2):
    def friction(x):
        return 0.05 + 0.3 * np.exp(-((x[:, 0] - 0.4) ** 2))

    def potential(x):
        return (x**4 / 4 - x**2 / 2)[:, 0]

    return field(lambda x: (x - x**3)[:, 0], friction, lambda x: temperature * friction(x), 1.3, potential=potential)


def van_der_pol(noise=0.1):
    return field(lambda x: -x[:, 0], lambda x: 0.5 * (x[:, 0] ** 2 - 1.0), noise)


def messages(result):
    return json.loads(result.attrs["messages"])


def test_boltzmann_with_position_dependent_friction():
    temperature = 0.2
    result = fokker_planck(double_well(temperature), tolerance=1e-5)
    assert result.attrs["converged"] == 1
    assert abs(float(result["kinetic_temperature"]) / temperature - 1.0) < 1e-7

    def weight(x):
        return np.exp(-(x**4 / 4 - x**2 / 2) / temperature)

    norm = quad(weight, -5, 5, epsabs=0, epsrel=1e-12)[0]
    x = result["x"].values
    np.testing.assert_allclose(result["position_density"], weight(x) / norm, atol=1e-6)
    edges = np.linspace(-2, 2, 11)
    exact = [quad(weight, a, b, epsrel=1e-12)[0] / norm for a, b in pairwise(edges)]
    np.testing.assert_allclose(bin_probabilities(result, edges), exact, atol=2e-7)
    inside = erf(1.0 / np.sqrt(2.0))
    sigma = np.sqrt(1.3 * temperature)
    np.testing.assert_allclose(bin_probabilities(result, [-np.inf, -sigma, sigma, np.inf], "p")[1], inside, atol=2e-7)
    assert np.abs(result["position_current"]).max() < 1e-6
    assert abs(float(result["energy"] - result["kinetic_energy"] - result["potential_energy"])) < 1e-12


def test_harmonic_out_of_equilibrium_has_temperature_noise_over_friction():
    """γ, D constant, D ≠ γ k_BT of anything: Gaussian with k_BT = D/γ, whatever the mass."""
    result = fokker_planck(field(lambda x: -2.0 * (x[:, 0] - 30.0), 0.3, 0.06, 5.0), tolerance=1e-5)
    assert result.attrs["converged"] == 1
    assert abs(float(result["kinetic_temperature"]) - 0.2) < 2e-7
    assert abs(float(result["position"]) - 30.0) < 1e-6
    assert abs(float(result["position_variance"]) - 0.1) < 1e-7
    assert abs(float(result["covariance"])) < 1e-6


def test_errors_contain_the_distance_to_a_tighter_solution():
    loose, tight = fokker_planck(van_der_pol(0.3), tolerance=1e-2), fokker_planck(van_der_pol(0.3), tolerance=1e-4)
    assert loose.attrs["converged"] == tight.attrs["converged"] == 1
    for name in ("kinetic_temperature", "position_variance", "energy"):
        assert abs(float(loose[name] - tight[name])) < 1e-2 * float(tight[name])
    assert tight.attrs["error"] <= 1e-4 and loose.attrs["error"] <= 1e-2


@pytest.mark.parametrize("strength", [1e-1, 1e-5])
def test_weak_damping_needs_no_finer_grid(strength):
    """γ → 0: W = e^{-Φ(E)}, dΦ/dE = ∮γ p dx / ∮D p dx.

    With V = x²/2, γ = g, D = g(1 + x²)/20: ∮x² p dx / ∮p dx = E/2, Φ' = 20/(1 + E/2), W = (1 + E/2)^-40.
    """

    def noise(x):
        return strength * (1.0 + x[:, 0] ** 2) / 20.0

    result = fokker_planck(field(lambda x: -x[:, 0], strength, noise), tolerance=1e-4)
    assert result.attrs["converged"] == 1
    energy = quad(lambda e: e * (1 + e / 2) ** -40, 0, np.inf)[0] / quad(lambda e: (1 + e / 2) ** -40, 0, np.inf)[0]
    np.testing.assert_allclose(float(result["kinetic_temperature"]), energy, rtol=2e-4 + 0.2 * strength**2)


def hermite_van_der_pol(noise, order, extent, nodes):
    """Another discretisation: Hermite functions in p (flat norm) times sinc functions in x; kinetic temperature, <x²>."""
    step = 2 * extent / (nodes - 1)
    x = np.linspace(-extent, extent, nodes)
    k = np.arange(nodes)
    gap = k[:, None] - k
    with np.errstate(divide="ignore"):
        slope = np.where(gap == 0, 0.0, (-1.0) ** gap / np.where(gap == 0, 1, gap)) / step
    n = np.arange(order + 3)
    lower = sp.diags(np.sqrt(n[1:]), 1)  # p = (a + a†) s/√2, d/dp = (a - a†)/(√2 s)
    s = 0.6
    p, d = (lower + lower.T) * s / np.sqrt(2), (lower - lower.T) / (np.sqrt(2) * s)
    cut = slice(0, order)
    drag, diffusion = (d @ p).tocsr()[cut, cut], (d @ d).tocsr()[cut, cut]
    p, d = p.tocsr()[cut, cut], d.tocsr()[cut, cut]
    matrix = -sp.kron(slope, p) + sp.kron(sp.diags(x), d) + sp.kron(sp.diags(0.5 * (x**2 - 1)), drag)
    matrix += noise * sp.kron(sp.identity(nodes), diffusion)
    # integrals of the Hermite functions over p: moments 0 and 2
    y, w = np.polynomial.hermite.hermgauss(order + 40)
    functions = [np.pi**-0.25 * np.exp(-(y**2) / 2)]
    functions.append(np.sqrt(2) * y * functions[0])
    for m in range(2, order):
        functions.append(np.sqrt(2 / m) * y * functions[-1] - np.sqrt((m - 1) / m) * functions[-2])
    values = np.array(functions) * np.exp(y**2) * w
    zeroth, second = values.sum(axis=1) * np.sqrt(s), (values * (s * y) ** 2).sum(axis=1) * np.sqrt(s)
    c = np.kron(np.exp(-(x**2)), np.eye(order)[0])
    shifted = (matrix - 1e-9 * sp.identity(matrix.shape[0])).tocsc()
    for _ in range(3):
        c = spsolve(shifted, c)
        c /= np.abs(c).max()
    c = c.reshape(nodes, order)
    norm = (c @ zeroth).sum()
    return (c @ second).sum() / norm, (x**2 @ (c @ zeroth)) / norm


def test_negative_friction_limit_cycle_against_another_discretisation():
    result = fokker_planck(van_der_pol(0.2), tolerance=3e-4)
    temperature, square = hermite_van_der_pol(0.2, 60, 5.2, 70)
    np.testing.assert_allclose(float(result["kinetic_temperature"]), temperature, rtol=2e-4)
    np.testing.assert_allclose(float(result["position_variance"]), square, rtol=2e-4)
    density = result["density"]
    assert float(density.sel(x=0, p=0, method="nearest")) < 0.5 * float(density.max())  # a ring, not a Gaussian


def test_negative_friction_against_a_brute_force_ensemble():
    """4000 particles by a midpoint step of its own; χ² of positions and momenta, 20 bins each."""
    noise, step, count = 0.1, 0.02, 4000
    rng = np.random.default_rng(4)
    x, v = rng.standard_normal((2, count)) * 1.5
    for _ in range(2500):  # Strang: drift, kick with everything else in v exactly at fixed x, drift
        x += 0.5 * step * v
        rate = 0.5 * (x**2 - 1.0)
        small = -np.expm1(-rate * step) / rate
        spread = -np.expm1(-2.0 * rate * step) / (2.0 * rate)
        v = v * np.exp(-rate * step) - x * small + np.sqrt(2.0 * noise * spread) * rng.standard_normal(count)
        x += 0.5 * step * v
    result = fokker_planck(van_der_pol(noise), tolerance=1e-3)
    for axis, sample in (("x", x), ("p", v)):
        edges = np.concatenate([[-np.inf], np.linspace(-2.4, 2.4, 19), [np.inf]])
        expected = count * bin_probabilities(result, edges, axis)
        seen = np.histogram(sample, edges)[0]
        assert expected.min() > 5.0
        chi = np.sum((seen - expected) ** 2 / expected)
        assert chi < 19 + 3.5 * np.sqrt(2 * 19)  # 3.5 standard errors of χ² with 19 degrees of freedom


def junction(bias):
    """Shipped junction, 81 points of its own range."""
    from scipy.interpolate import CubicSpline

    experiment = na.examples.load("junction-position-dependent", {"parameters.bias": bias})
    forces = na.electronic_forces(experiment.model, np.linspace(-14, 6, 81), method="negf")
    x, mass = forces["x"].values, float(forces["x"].attrs["mass"])
    total = CubicSpline(x, forces["mean_force"].values[:, 0] - x / mass)
    friction, noise = CubicSpline(x, forces["friction"].values[:, 0, 0]), CubicSpline(x, forces["noise"].values[:, 0, 0])
    current = CubicSpline(x, forces["current"].values)
    return field(
        lambda y: total(y[:, 0]), lambda y: friction(y[:, 0]), lambda y: noise(y[:, 0]), mass,
        current=lambda y: current(y[:, 0]), leads=("L", "R"),
    )  # fmt: skip


def test_junction_without_bias_has_the_temperature_of_its_leads():
    result = fokker_planck(junction("0 V"), box=(-14.0, 6.0), tolerance=1e-3)
    assert result.attrs["converged"] == 1
    assert abs(float(result["kinetic_temperature"]) / (300 * 3.166811563e-6) - 1.0) < 1e-3


def test_junction_at_bias_is_heated_and_balances_its_energy():
    table = junction("0.4 V")
    result = fokker_planck(table, box=(-14.0, 6.0), tolerance=2e-3)
    assert result.attrs["converged"] == 1 and not messages(result)
    temperature = 300 * 3.166811563e-6
    assert 1.5 < float(result["kinetic_temperature"]) / temperature < 5.0
    # stationary: what friction takes, noise gives: ∫γ p²/m W = ∫D W (walls do no work)
    x, p = result["x"].values, result["p"].values
    friction, noise = (value[:, 0, 0] for value in table.local(x[:, None]))
    along = np.trapezoid(result["density"].values * p**2 / float(table.masses[0]), p, axis=1)
    lost, gained = np.trapezoid(friction * along, x), np.trapezoid(noise * result["position_density"].values, x)
    assert abs(lost / gained - 1.0) < 3e-3
    assert abs(float(result["current"].sum())) < 1e-3 * abs(float(result["current"][0]))


def test_a_table_that_ends_too_early_is_said_plainly():
    def force(x):
        return np.where(np.abs(x[:, 0]) <= 1.0, -x[:, 0], np.nan)

    class Short(CallableField):
        @property
        def bounds(self):
            return np.array([-1.0]), np.array([1.0])

    result = fokker_planck(Short(("x",), (1.0,), force, 0.2, 0.2), tolerance=1e-3)
    assert result.attrs["converged"] == 0
    assert sum("the table ends at x" in message for message in messages(result)) == 2


def test_what_is_not_confined_or_not_one_dimensional_is_refused():
    with pytest.raises(ValueError, match="do not confine"):
        fokker_planck(field(lambda x: 0.0 * x[:, 0], 0.1, 0.1))
    with pytest.raises(ValueError, match="takes one"):
        fokker_planck(CallableField(("x", "y"), 1.0, lambda x: -x, 0.1, 0.1))
    with pytest.raises(ValueError, match="D = 0 everywhere"):
        fokker_planck(field(lambda x: -x[:, 0], 0.1, 0.0))
    with pytest.raises(ValueError, match="lower < upper"):
        fokker_planck(field(lambda x: -x[:, 0], 0.1, 0.1), box=(1.0, -1.0))


def test_a_grid_that_may_not_grow_is_reported_as_not_converged():
    result = fokker_planck(van_der_pol(0.01), tolerance=1e-8, largest=3_000_000)
    assert result.attrs["converged"] == 0
    assert any("not converged" in message for message in messages(result))
