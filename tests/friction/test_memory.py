"""Memory kernels: spectra by independent quadrature, the quantum fluctuation-dissipation theorem, sum rules, honest errors."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nonadia as na
from nonadia.baths.decompose import decompose
from nonadia.friction.estimate import ResourceError
from nonadia.friction.memory import thermal_energy
from nonadia.friction.memory_evaluate import by_green, by_hierarchy
from nonadia.models.frozen import FrozenJunction
from nonadia.models.junction import Junction

from .systems import constant, position_dependent, spin_impurity, two_levels

TIME = np.linspace(0.0, 2000.0, 41)
FREQUENCY = np.linspace(0.0, 0.03, 13)  # to 0.8 eV, thirty times k_BT


def green_spectra(frozen: FrozenJunction, frequency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """χ''(ω)/ω and the Hermitian part of D(ω), (Ω, c, c), from the golden-rule spectrum of free electrons by plain quadrature.

    S_ij(ω) = ∫dε/2π tr[Λ_i A^>(ε+ω) Λ_j A^<(ε)],  H D = ¼(S(ω) + S(-ω)ᵀ),  χ'' = ½(S(ω) - S(-ω)ᵀ)
    with A^< and A^> from the scattering states on levels and lead ends, exact leads, Fermi functions as they are.
    """
    n = frozen.n_levels
    leads, channels = frozen.leads, frozen.channels
    v = np.stack([frozen.g[a.lead] * a.vector for a in channels], axis=-1)
    dv = np.stack([frozen.dg[:, a.lead, None] * a.vector for a in channels], axis=-1)
    c, size = frozen.n_coordinates, n + len(channels)
    force = np.zeros((c, size, size), dtype=complex)
    force[:, :n, :n] = frozen.dh
    force[:, :n, n:] = dv
    force[:, n:, :n] = np.conj(np.swapaxes(dv, -1, -2))

    def occupied(energy: np.ndarray, filled: bool) -> np.ndarray:
        bare = np.stack([a.rate * leads[a.lead].width.retarded(energy) for a in channels], axis=-1)
        width = -2.0 * bare.imag
        inverse = energy[:, None, None] * np.eye(n) - frozen.h - np.einsum("ma,ea,na->emn", v, bare, v.conj())
        level = np.linalg.inv(inverse)
        # wave of channel a: levels G V_a, ends δ_ba + s_b V†G V_a, per unit of the bare spectral function
        on_levels = level @ v
        on_ends = np.eye(len(channels)) + bare[:, :, None] * (v.conj().T @ on_levels)
        wave = np.concatenate([on_levels, on_ends], axis=1)
        sign = 1.0 if filled else -1.0
        potential = np.array([leads[a.lead].chemical_potential for a in channels])
        temperature = np.array([leads[a.lead].temperature for a in channels])
        weight = 1.0 / (1.0 + np.exp(sign * (energy[:, None] - potential) / temperature))
        return np.einsum("eua,ea,eva->euv", wave, width * weight, wave.conj())

    def rate(omega: float) -> np.ndarray:
        window = 40 * max(lead.temperature for lead in leads) + abs(omega) + 0.01
        energy = np.linspace(-window, window, 12001)
        product = np.einsum(
            "iuv,evw,jwx,exu->eij", force, occupied(energy + omega, False), force, occupied(energy, True), optimize=True
        )
        return np.trapezoid(product, energy, axis=0) / (2 * np.pi)

    friction, noise = [], []
    for omega in frequency:
        noise.append(0.25 * (rate(omega) + rate(-omega).T))
        step = omega if omega > 0 else 1e-6
        friction.append((rate(step) - rate(-step).T) / (2 * step))
    return np.array(friction), np.array(noise)


def hermitian(tensor: np.ndarray) -> np.ndarray:
    return 0.5 * (tensor + np.conj(np.swapaxes(tensor, -1, -2)))


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (constant(0.0), [-3.0]),
        (position_dependent(0.0), [-0.3]),
        (position_dependent(0.4), [0.2]),
        (two_levels(1, 0.4), [0.5]),
        (two_levels(2, 0.4), [[0.0, -4.0]]),
    ],
    ids=["J1", "J2", "J2 at bias", "J5", "J8"],
)
def test_spectra_of_free_electrons(model: Junction, x: list) -> None:
    """Dissipative parts at all frequencies against quadrature with exact leads: the bath and the band included.

    iωγ(ω) = χ(ω) - χ(0), χ(0) = γ(t = 0): out of equilibrium χ(0) is not symmetric, and H γ = χ''/ω + i antisym γ(t = 0)/ω.
    """
    found = na.memory_kernels(model, x, TIME, FREQUENCY, tolerance=1e-3)
    friction, noise = green_spectra(model.at(np.array(x).reshape(1, -1))[0], FREQUENCY)
    static = found.friction_kernel.values[0, 0]
    friction[1:] += 0.5j * (static - static.T) / FREQUENCY[1:, None, None]
    friction[0] = friction[0].real + 1j * hermitian(found.friction_spectrum.values[0, 0]).imag  # 0/0 in the imaginary part
    for name, exact in (("friction", friction), ("noise", noise)):
        mine = hermitian(found[f"{name}_spectrum"].values[0])
        np.testing.assert_allclose(mine, exact, atol=1e-6 * np.abs(exact).max(), err_msg=name)
    assert found.attrs["method"] == "negf" and found.attrs["converged"] == 1


def test_wide_band_level_in_time() -> None:
    """One level, constant coupling: D(t) = E'² Re[n_h(t) n_e(t)*], both factors by quadrature of A(1-f) and A f."""
    model = constant(0.0)
    frozen = model.at(np.array([[-3.0]]))[0]
    energy = np.linspace(-8.0, 8.0, 320_001)
    bare = sum(frozen.g[a.lead] ** 2 * a.rate * frozen.leads[a.lead].width.retarded(energy) for a in frozen.channels)
    spectral = -2.0 * (1.0 / (energy - frozen.h[0, 0].real - bare)).imag
    fermi = 0.5 * (1.0 - np.tanh(0.5 * energy / frozen.leads[0].temperature))
    slope = frozen.dh[0, 0, 0].real
    exact = []
    for t in TIME[:8]:
        wave = np.exp(-1j * energy * t)
        holes, electrons = (np.trapezoid(spectral * f * wave, energy) / (2 * np.pi) for f in (1 - fermi, fermi))
        exact.append(slope**2 * (holes * np.conj(electrons)).real)
    for method in ("negf", "heom"):
        found = na.memory_kernels(model, -3.0, TIME[:8], FREQUENCY, tolerance=1e-3, method=method)
        # tails of the quadrature: 1e-6
        bound = 2e-6 if method == "negf" else 1e-3
        np.testing.assert_allclose(found.noise_kernel.values[0, :, 0, 0], exact, atol=bound * max(exact))


@pytest.mark.parametrize("model", [position_dependent(0.0), spin_impurity(0.0)], ids=["free", "interacting"])
def test_quantum_fluctuation_dissipation(model: Junction) -> None:
    """Re D(ω) = (ω/2) coth(ω/2k_BT) Re γ(ω) at equilibrium, by HEOM, at every frequency."""
    tolerance = 1e-2
    found = na.memory_kernels(model, [-1.0], TIME, FREQUENCY, tolerance=tolerance, method="heom")
    temperature = json.loads(found.attrs["temperature"])[0]
    omega = np.maximum(FREQUENCY, 1e-9)
    thermal = 0.5 * omega / np.tanh(0.5 * omega / temperature)
    np.testing.assert_allclose(thermal_energy(FREQUENCY, temperature), thermal, rtol=1e-6)
    friction = found.friction_spectrum.values[0, :, 0, 0].real
    noise = found.noise_spectrum.values[0, :, 0, 0].real
    assert np.abs(noise / thermal - friction).max() < 2 * tolerance * friction.max()
    assert friction.min() > -tolerance * friction.max()
    assert found.attrs["converged"] == 1, found.attrs["messages"]


@pytest.mark.parametrize("x", [[0.0, -4.0], [1.5, 0.3]])
def test_hierarchy_equals_wick_with_the_same_bath(x: list) -> None:
    """Tier 4 is exact for free electrons: all kernels of two levels at bias by HEOM and by one-electron modes, at any bath."""
    frozen = two_levels(2, 0.4).at(np.array([x]))
    exponents = [decompose(lead, 1, "pade") for lead in frozen.leads]
    wick = by_green(frozen, exponents, TIME, FREQUENCY, 1e-6)
    found = by_hierarchy(frozen, exponents, 4, TIME, FREQUENCY, 1e-6)
    assert max(found.relative(found.difference(wick)).values()) < 1e-6
    # the exponents of both come from reductions of quite different systems
    for mine, other in zip(found.reduced, wick.reduced, strict=True):
        np.testing.assert_allclose(mine.at_times(TIME), other.at_times(TIME), atol=1e-5 * np.abs(wick.time).max())


@pytest.mark.parametrize("method", ["negf", "heom"])
def test_sum_rules_of_the_tensor(method: str) -> None:
    """∫γ dt with its antisymmetric part and negative values, sym ∫D dt, and their parts: two modes at bias."""
    x = {"x": [0.0, 1.0], "y": [-4.0]}
    model = two_levels(2, 0.4)
    found = na.memory_kernels(model, x, TIME, FREQUENCY, tolerance=1e-3, method=method)
    expected = na.electronic_forces(model, x, method="negf", tolerance=1e-4)
    assert found.friction_kernel.dims == ("x", "y", "time", "mode", "mode_")
    still = found.sel(frequency=0.0)
    bound = 1e-6 if method == "negf" else 1e-3
    friction = np.abs(expected.friction.values).max()
    for suffix in ("", "_molecule", "_coupling"):
        mine = still[f"friction_spectrum{suffix}"].values
        np.testing.assert_allclose(mine, expected[f"friction{suffix}"].values, atol=bound * friction)
    noise = still.noise_spectrum.values
    assert np.abs(noise.imag).max() < 1e-10 * np.abs(noise).max()
    noise = 0.5 * (noise + np.swapaxes(noise, -1, -2))
    np.testing.assert_allclose(noise, expected.noise.values, atol=bound * np.abs(noise).max())


@pytest.mark.parametrize(("model", "method"), [(position_dependent(0.4), "negf"), (two_levels(1, 0.4), "heom")])
def test_exponents_reproduce_the_kernels(model: Junction, method: str) -> None:
    """Re Σ c e^{-λt} at the times asked for, at others, and its Laplace transform; decaying, conjugate pairs."""
    found = na.memory_kernels(model, [-1.0, 0.0, 0.5], TIME, FREQUENCY, tolerance=1e-3, method=method)
    assert found.exponent_count.values.max() <= 40
    rates = found.rate.values
    assert rates.real.min() > 0
    for k, count in enumerate(found.exponent_count.values):
        own = rates[k, :count]
        np.testing.assert_allclose(np.sort_complex(own), np.sort_complex(own.conj()), atol=1e-12 * np.abs(own).max())
        for kind in ("friction", "noise"):
            amplitude = found[f"{kind}_amplitude"].values[k, :, 0, 0]
            assert not amplitude[count:].any()
            kernel = found[f"{kind}_kernel"].values[k, :, 0, 0]
            series = np.exp(-np.outer(TIME, rates[k])) @ amplitude
            assert np.abs(series.imag).max() < 1e-9 * np.abs(kernel).max()
            np.testing.assert_allclose(series.real, kernel, atol=1e-3 * np.abs(kernel).max())
            spectrum = found[f"{kind}_spectrum"].values[k, :, 0, 0]
            # conjugate pairs: the transform of Re Σ is that of Σ
            series = (amplitude / (rates[k] - 1j * FREQUENCY[:, None])).sum(axis=1)
            np.testing.assert_allclose(series, spectrum, atol=1e-3 * np.abs(spectrum).max())


@pytest.mark.slow
def test_stated_errors_of_an_interacting_model_are_not_exceeded() -> None:
    """Spin impurity at bias: the difference to a calculation at a tenth of the tolerance is below the stated error."""
    model = spin_impurity(0.2)
    rough = na.memory_kernels(model, [1.0], TIME, FREQUENCY, tolerance=3e-2)
    fine = na.memory_kernels(model, [1.0], TIME, FREQUENCY, tolerance=3e-3)
    assert rough.attrs["converged"] == fine.attrs["converged"] == 1
    for name in ("friction_kernel", "noise_kernel", "friction_spectrum", "noise_spectrum"):
        change = np.abs(rough[name].values - fine[name].values).max()
        scale = np.abs(fine[name].values).max()
        assert change <= rough[f"error_{name}"].values.max() + fine[f"error_{name}"].values.max()
        assert rough[f"error_{name}"].values.max() <= 3e-2 * scale * 1.1


def test_too_few_exponents_are_reported() -> None:
    """One Padé pole a lead: the error is stated, the fluctuation-dissipation theorem is found broken, nothing is hidden."""
    found = na.memory_kernels(position_dependent(0.0), [-1.0], TIME, FREQUENCY, method="heom", tiers=3, poles=1)
    assert found.attrs["converged"] == 0 and found.attrs["tiers"] == 3
    messages = json.loads(found.attrs["messages"])
    assert any("exceeds the tolerance" in m for m in messages)
    assert any("fluctuation-dissipation" in m for m in messages)
    exact = na.memory_kernels(position_dependent(0.0), [-1.0], TIME, FREQUENCY)
    true = np.abs(found.noise_kernel - exact.noise_kernel).values
    np.testing.assert_allclose(found.error_noise_kernel.values, true, atol=1e-4 * np.abs(exact.noise_kernel).values.max())


def test_time_axis_and_units() -> None:
    found = na.memory_kernels(two_levels(1, 0.0), 0.5, 100.0)
    assert found.sizes["time"] == found.sizes["frequency"] == 1 and found.frequency.values[0] == 0
    found = na.memory_kernels(two_levels(1, 0.0), 0.5, TIME)
    assert found.frequency.values[-1] == pytest.approx(np.pi / 50.0)
    for name, variable in found.data_vars.items():
        assert "units" in variable.attrs, name
    assert found.time.attrs["units"] == "hbar/hartree" and found.noise_kernel.attrs["units"] == "hartree^2"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"time": [-1.0, 0.0]}, "negative"),
        ({"time": [0.0, np.nan]}, "finite"),
        ({"time": [[0.0, 1.0]]}, "1D"),
        ({"frequency": [np.inf]}, "finite"),
        ({"time": []}, "1D"),
        ({"tolerance": 0.0}, "between 0 and 1"),
        ({"tiers": 0}, "tiers"),
        ({"poles": 0}, "poles"),
        ({"decomposition": "magic"}, "magic"),
        ({"method": "negf"}, "interactions"),
        ({"x": {"z": [0.0]}}, "'z'"),
    ],
)
def test_ill_posed_input_is_named(arguments: dict, words: str) -> None:
    given = {"x": 0.0, "time": TIME} | arguments
    with pytest.raises(ValueError, match=words):
        na.memory_kernels(spin_impurity(), **given)


def test_what_does_not_fit_is_refused_before_it_starts() -> None:
    with pytest.raises(ResourceError, match="available"):
        na.memory_kernels(spin_impurity(), 0.0, TIME, tiers=8, poles=60)


def test_the_adiabatic_end_halves_the_truncation_error_at_least() -> None:
    """Spin impurity at bias, tier 3: both ends of the hierarchy against tier 5 of the same bath; every kernel and spectrum."""
    frozen = spin_impurity(0.2).at(np.array([[1.0]]))
    exponents = [decompose(lead, 1, "pade") for lead in frozen.leads]
    deep = by_hierarchy(frozen, exponents, 5, TIME, FREQUENCY, 1e-6)
    error = {}
    for end in ("zero", "adiabatic"):
        kernels = by_hierarchy(frozen, exponents, 3, TIME, FREQUENCY, 1e-6, terminator=end)
        error[end] = deep.relative(kernels.difference(deep))
    for name, value in error["adiabatic"].items():
        assert value < 0.5 * error["zero"][name], error
        # so that their difference bounds the error of the adiabatic one
        assert value < error["zero"][name] - value


@pytest.mark.slow
def test_kernels_of_an_interacting_model_integrate_to_its_forces() -> None:
    """∫γ dt and ∫D dt by shifted solves of one hierarchy against F, γ, D of another run, each within its stated error."""
    model = spin_impurity(0.0)
    kernels = na.memory_kernels(model, [-3.0], TIME, FREQUENCY, tolerance=2e-2)
    forces = na.electronic_forces(model, [-3.0], tolerance=2e-3)
    for name in ("friction", "noise"):
        integral = kernels[f"{name}_spectrum"].sel(frequency=0.0).real
        allowed = kernels[f"error_{name}_spectrum"].sel(frequency=0.0) + forces[f"error_{name}"]
        assert bool((abs(integral - forces[name]) <= allowed).all())
