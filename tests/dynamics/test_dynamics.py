"""Levels and quantum vibrations in time: closed forms, symmetries, conservation laws, the limit of long times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.baths.decompose import decompose
from nonadia.dynamics.observe import Trajectory
from nonadia.dynamics.request import Start
from nonadia.dynamics.run import Task, run
from nonadia.heom.evolve import Unstable
from nonadia.models.junction import Junction
from nonadia.studies.levels_of_theory import model as levels

GAMMA, BAND, KT, LEVEL = 0.02, 0.1, 0.01, 0.006


def junction(
    level: float = LEVEL, frequency: float = 0.01, coupling: float = 0.0, states: int | str = 8, bias: float = 0.0, **lead: Any
) -> Junction:
    """One level between two leads of half the width each; a vibration if it is coupled."""
    common = {"temperature": KT, "bandwidth": BAND, "couplings": {"d": GAMMA / 2}} | lead
    molecule: dict[str, Any] = {"potential": 0, "levels": {"d": level}}
    if coupling:
        molecule["vibrations"] = {"b": {"frequency": frequency, "states": states, "couplings": {"d": coupling}}}
    return Junction.from_dict(
        {
            "coordinates": {"x": {"mass": 1, "unit": "1"}},
            "molecule": molecule,
            "leads": {"L": {"chemical_potential": bias / 2} | common, "R": {"chemical_potential": -bias / 2} | common},
        }
    )


def exact_population(times: np.ndarray, level: float, bias: float) -> np.ndarray:
    """Of a level that starts empty and uncorrelated with Lorentzian bands centred at μ_K, all energies by Green's functions:

    n(t) = Σ_K ∫dε/2π Γ_K(ε) f_K(ε) |∫_0^t u(s) e^{iεs} ds|²,  u = (e^{-ihs})_dd,  h = level and one damped orbital a lead.
    """
    mu = np.array([bias / 2, -bias / 2])
    v = np.sqrt(GAMMA / 2 * BAND / 2)
    h = np.array([[level, v, v], [v, mu[0] - 1j * BAND, 0], [v, 0, mu[1] - 1j * BAND]])
    values, vectors = np.linalg.eig(h)
    amplitude = vectors[0] * np.linalg.inv(vectors)[:, 0]
    energy = np.linspace(-6.0, 3.0, 120_001)
    out = np.zeros(times.size)
    for potential in mu:
        filled = GAMMA / 2 * BAND**2 / ((energy - potential) ** 2 + BAND**2) / (1 + np.exp((energy - potential) / KT))
        for k, t in enumerate(times):
            turned = 1j * (energy[:, None] - values)
            inner = (np.exp(turned * t) - 1) / turned @ amplitude
            out[k] += np.trapezoid(filled * np.abs(inner) ** 2, energy) / (2 * np.pi)
    return out


def golden_rule(frequency: float, level: float) -> float:
    """S(ω) - S(-ω), S(ω) = ∫dε/2π A(ε) f(ε) A(ε + ω) (1 - f(ε + ω)): what a quantum loses per time and Λ²."""
    energy = np.linspace(-1.0, 1.0, 200_001)

    def spectrum(e: np.ndarray) -> np.ndarray:
        green = 1 / (e - level - GAMMA / 2 * BAND / (e + 1j * BAND))
        return np.asarray(-2 * green.imag)

    def fermi(e: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(e / KT))

    both = spectrum(energy) * spectrum(energy + frequency) * (fermi(energy) - fermi(energy + frequency))
    return float(np.trapezoid(both, energy) / (2 * np.pi))


@pytest.mark.parametrize("bias", [0.0, 0.03])
def test_an_empty_level_fills_as_green_functions_say(bias: float) -> None:
    times = np.linspace(0.0, 300.0, 7)
    found = na.heom_dynamics(junction(bias=bias), times, initial={"electrons": "empty"}, tolerance=1e-3)
    np.testing.assert_allclose(found.population[:, 0], exact_population(times, LEVEL, bias), atol=5e-4)
    assert found.attrs["converged"] == 1
    assert float(found.error_population.max()) < 1e-3


def test_current_is_what_fills_the_level() -> None:
    times = np.linspace(0.0, 100.0, 401)
    found = na.heom_dynamics(junction(bias=0.03, coupling=0.006), times, initial={"electrons": "empty"}, tiers=2, poles=2)
    rate = np.gradient(found.population[:, 0], times, edge_order=2)
    np.testing.assert_allclose(found.current.sum("lead")[1:-1], rate[1:-1], atol=1e-3 * np.abs(rate).max())
    np.testing.assert_allclose(found.trace, 1.0, atol=1e-12)
    assert float(found.hermiticity_error.max()) < 1e-13
    np.testing.assert_allclose(found.number_distribution.sum("quanta"), 1.0, atol=1e-3)


def test_without_leads_the_vibration_swings_about_its_shifted_place() -> None:
    """H = ε d†d + ω b†b + Λ (b + b†) d†d with d†d = 1: X(t) = X_s + (x0 - X_s) cos ωt, X_s = -√2 Λ/ω."""
    frequency, coupling, x0 = 0.01, 0.004, 1.5
    model = junction(frequency=frequency, coupling=coupling, states=40, profile=0)
    times = np.linspace(0.0, 2 * np.pi / frequency, 21)
    initial = {"electrons": {"d": 1.0}, "vibrations": {"b": {"displacement": x0}}}
    found = na.heom_dynamics(model, times, initial=initial, tiers=1, poles=1)
    shifted = -np.sqrt(2) * coupling / frequency
    np.testing.assert_allclose(found.position[:, 0], shifted + (x0 - shifted) * np.cos(frequency * times), atol=1e-6)
    np.testing.assert_allclose(found.momentum[:, 0], -(x0 - shifted) * np.sin(frequency * times), atol=1e-6)
    np.testing.assert_allclose(found.variance, 0.5, atol=1e-6)
    np.testing.assert_allclose(found.momentum_variance, 0.5, atol=1e-6)
    energy = LEVEL + frequency * (0.5 * x0**2 + 0.5) + np.sqrt(2) * coupling * x0  # ⟨b†b⟩ = x0²/2, zero-point energy ω/2
    np.testing.assert_allclose(found.molecular_energy, energy, atol=1e-9)
    np.testing.assert_allclose(found.purity, 1.0, atol=1e-6)
    expected = np.exp(-((found.grid - found.position[:, 0]) ** 2)) / np.sqrt(np.pi)
    np.testing.assert_allclose(found.position_density[:, 0], expected.transpose("time", "grid"), atol=1e-5)
    half = na.heom_dynamics(model, times, initial=initial | {"electrons": {"d": 0.5}}, tiers=1, poles=1)
    both = 0.5 * (found.position[:, 0] + x0 * np.cos(frequency * times))
    np.testing.assert_allclose(half.position[:, 0], both, atol=1e-6)


def propagated(model: Junction, initial: dict[str, Any], times: np.ndarray, depth: int, poles: int) -> Trajectory:
    """With this many tiers and Padé poles, and nothing to compare it with."""
    frozen = model.at([0.0])
    exponents = [decompose(lead, poles, "pade") for lead in frozen.leads]
    task = Task(frozen, Start.of(model, initial), times, np.zeros(1), np.zeros(len(model.vibrations)))
    return run(task, exponents, depth)[0]


def test_long_times_lead_to_the_steady_state() -> None:
    model = junction(coupling=0.01, frequency=0.015, states=12, bias=0.02)
    initial = {"electrons": "empty", "vibrations": {"b": {"displacement": 1.0}}}
    found = propagated(model, initial, np.array([25000.0, np.inf]), 2, 2)
    steady = na.electronic_forces(model, x=[0.0], method="heom", tiers=2, poles=2, decomposition="pade")
    for k in range(2):
        np.testing.assert_allclose(found.population[k], steady.population[0], atol=1e-6)
        np.testing.assert_allclose(found.current[k], steady.current[0], atol=1e-5 * float(abs(steady.current).max()))
        assert abs(found.energy[k, 0] / 0.015 - 0.5 - float(steady.vibrational_occupation[0, 0])) < 1e-5
    assert np.max(np.abs(found.number[0] - found.number[1])) < 1e-6


@pytest.mark.parametrize("frequency", [0.01, 0.03])
def test_a_quantum_decays_by_the_golden_rule(frequency: float) -> None:
    """⟨n⟩ of a vibration that starts with one quantum, less that of one that starts without: e^{-rate t}, and a little 2ω."""
    coupling = 0.03 * frequency
    rate = coupling**2 * golden_rule(frequency, LEVEL)
    times = np.linspace(200.0, 200.0 + 4 * np.pi / frequency, 41)
    model = junction(frequency=frequency, coupling=coupling, states=5)
    one, none = (propagated(model, {"vibrations": {"b": {"fock": n}}}, times, 2, 6).energy[:, 0] for n in (1, 0))
    wave = 2 * frequency * times
    terms = np.stack([np.ones_like(times), -times, np.cos(wave), np.sin(wave)], axis=1)
    slope = np.linalg.lstsq(terms, np.log((one - none) / frequency), rcond=None)[0][1]
    assert abs(slope / rate - 1) < 0.02


def test_a_hierarchy_that_grows_is_refused() -> None:
    """One tier is not enough for a strongly coupled, slow vibration."""
    model = levels.junction(0.5)
    initial = {"vibrations": {"b": {"displacement": levels.X_START / levels.CASES[0].scale}}}
    frozen = replace(model.at([0.0]), vibration_states=np.array([16]))
    exponents = [decompose(lead, 2, "pade") for lead in frozen.leads]
    task = Task(frozen, Start.of(model, initial), np.array([0.0, 60000.0]), np.zeros(1), np.array([-0.75]))
    with pytest.raises(Unstable, match="grows without bound"):
        run(task, exponents, 1)


def test_particle_hole_symmetry() -> None:
    """ε = Λ²/ω: d → d†, X - X_m → -(X - X_m) with X_m = -Λ/(√2 ω) maps the model on itself."""
    frequency, coupling, away = 0.01, 0.008, 1.2
    middle = -coupling / (np.sqrt(2) * frequency)
    model = junction(coupling**2 / frequency, frequency, coupling, states=16)
    times = np.linspace(0.0, 400.0, 9)
    right, left = (
        na.heom_dynamics(model, times, initial={"vibrations": {"b": {"displacement": middle + s * away}}}, tiers=2, poles=2)
        for s in (1, -1)
    )
    np.testing.assert_allclose(right.population, 1 - left.population, atol=1e-5)
    np.testing.assert_allclose(right.position - middle, middle - left.position, atol=1e-4)
    np.testing.assert_allclose(right.current, -left.current, atol=1e-7)


def test_results_do_not_depend_on_the_origin_of_the_basis() -> None:
    model = junction(coupling=0.006, states=26)
    start = Start.of(model, {"electrons": "empty", "vibrations": {"b": {"thermal": 0.005}}})
    frozen = model.at([0.0])
    exponents = [decompose(lead, 2, "pade") for lead in frozen.leads]
    task = Task(frozen, start, np.array([0.0, 150.0]), np.linspace(-3, 3, 7), np.zeros(1))
    here, there = (run(replace(task, origins=np.array([origin])), exponents, 2)[0] for origin in (0.0, -0.5))
    for name in ("population", "current", "position", "variance", "momentum_variance", "energy", "density"):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), atol=2e-6, err_msg=name)
    np.testing.assert_allclose(here.number[:, 0, :8], there.number[:, 0, :8], atol=2e-6)
    thermal = np.exp(-np.arange(8) * 0.01 / 0.005)
    np.testing.assert_allclose(here.number[0, 0, :8], thermal * (1 - np.exp(-2)), atol=1e-9)


def test_equilibrium_electrons_stay_where_nothing_moves_them() -> None:
    """A vibration that is hardly coupled: the level keeps its equilibrium population, no current flows."""
    model = junction(frequency=0.05, coupling=1e-5, states=3)
    found = propagated(model, {}, np.array([0.0, 200.0]), 2, 3)
    steady = na.electronic_forces(junction(), x=[0.0], method="heom", tiers=2, poles=3, decomposition="pade")
    np.testing.assert_allclose(found.population, float(steady.population[0, 0]), atol=1e-6)
    assert float(abs(found.current).max()) < 1e-8


@pytest.mark.slow
def test_stated_errors_cover_a_far_better_calculation() -> None:
    model = junction(coupling=0.007, states="auto")
    times = np.linspace(0.0, 400.0, 9)
    initial = {"vibrations": {"b": {"displacement": 1.5}}}
    rough = na.heom_dynamics(model, times, initial=initial, tolerance=3e-2)
    fine = na.heom_dynamics(model, times, initial=initial, tolerance=1e-3)
    assert rough.attrs["converged"] == fine.attrs["converged"] == 1
    for name in ("population", "current", "position", "variance", "vibrational_energy"):
        difference = abs(rough[name] - fine[name])
        assert float(difference.max()) <= float((rough[f"error_{name}"] + fine[f"error_{name}"]).max()), name


def test_two_vibrations_move_together_and_apart() -> None:
    molecule = {
        "potential": 0,
        "levels": {"d": LEVEL},
        "vibrations": {
            "a": {"frequency": 0.01, "states": 4, "couplings": {"d": 0.002}},
            "b": {"frequency": 0.02, "states": 5, "couplings": {"d": "0.001*x"}},
        },
    }
    lead = {"chemical_potential": 0, "temperature": KT, "bandwidth": BAND, "couplings": {"d": GAMMA}}
    model = Junction.from_dict({"coordinates": {"x": {"mass": 1, "unit": "1"}}, "molecule": molecule, "leads": {"M": lead}})
    initial = {"vibrations": {"a": {"fock": 1}, "b": {"displacement": 0.4}}}
    found = na.heom_dynamics(model, [0.0, 50.0], x={"x": 0.0}, initial=initial, tiers=2, poles=1)
    assert found.vibration.values.tolist() == ["a", "b"]
    np.testing.assert_allclose(found.position.sel(vibration="b"), 0.4 * np.cos(0.02 * found.time), atol=1e-3)  # free at x = 0
    np.testing.assert_allclose(found.vibrational_energy[0], [0.015, 0.02 * (0.5 + 0.08)], rtol=1e-3)
    assert isinstance(found, xr.Dataset)
    assert all("units" in variable.attrs for variable in found.data_vars.values())
