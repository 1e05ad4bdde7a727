"""Memory as auxiliary variables, without random numbers: closed forms, exact moments, orders, limits, refusals."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm, solve_continuous_lyapunov

from nonadia.langevin.field import CallableField, Field
from nonadia.langevin.local import exact
from nonadia.langevin.memory.memory_field import MemoryField, memory_field
from nonadia.langevin.memory.realisation import NegativeSpectrum
from nonadia.langevin.schemes.baoab import BAOAB
from nonadia.langevin.schemes.obabo import OBABO
from nonadia.langevin.schemes.scheme import Scheme

from .gle_exact import Harmonic, flow, many_steps, one_step

MASS, STIFFNESS, KT = 2.0, 3.0, 0.7
ORIGIN = np.zeros((1, 1))
# rates, friction, noise: None for D = k_BT γ; a real rate, a pair, both with a negative amplitude, far from equilibrium
KERNELS: dict[str, tuple[Any, Any, Any]] = {
    "exponential": ([1.5], [2.0], None),
    "oscillating": ([0.4 + 2.0j], [1.2 - 0.2j], None),
    "two": ([0.5, 4.0], [-0.5, 6.0], None),
    "driven": ([0.8, 0.3 + 1.5j], [1.0, -0.6 + 0.5j], [2.0, 0.7 - 0.1j]),
    "hot": ([0.8, 0.3 + 1.5j], [1.5, 0.2 + 0.1j], [2.0, 0.7 - 0.1j]),
    "pumped": ([1.0], [-0.5], [0.9]),
}


def harmonic() -> CallableField:
    return CallableField(["x"], MASS, lambda x: -STIFFNESS * x, potential=lambda x: 0.5 * STIFFNESS * x[:, 0] ** 2)


def harmonic_memory(name: str, form: str = "auto") -> tuple[MemoryField, Harmonic, tuple[NDArray, NDArray]]:
    """The field, its closed forms, and (λ, d)."""
    rates, friction, noise = (None if part is None else np.array(part) for part in KERNELS[name])
    assert rates is not None and friction is not None
    field = memory_field(harmonic(), rates, friction, noise, temperature=KT if noise is None else None, form=form)
    return field, Harmonic(MASS, STIFFNESS, rates, friction), (rates, KT * friction if noise is None else noise)


def resting(field: MemoryField) -> NDArray:
    """Covariance of y = (x, p, s) at t = 0: x and p known, s stationary."""
    found = np.zeros((2 + field.aux, 2 + field.aux))
    root = field.auxiliary.root(ORIGIN)[0]
    found[2:, 2:] = root @ root.T
    return found


def exact_moments(field: Field, stiffness: NDArray, time: float) -> tuple[NDArray, NDArray]:
    """M, V of y(t) = M y(0) + noise, by dense linear algebra; for a K whose flow has a Lyapunov solution."""
    whole, rate = flow(field, stiffness)
    decay = expm(-whole * time)
    steady = solve_continuous_lyapunov(whole, rate)
    return decay, steady - decay @ steady @ decay.T


@pytest.mark.parametrize("name", KERNELS)
def test_the_form_fits_the_kernels(name: str) -> None:
    """γ(t) and D(t) are realised to rounding, by one variable for a real rate and two for a pair; passive where D = k_BT γ."""
    field, _, (rates, noise) = harmonic_memory(name)
    time = np.linspace(0, 8, 50)
    decays = np.exp(-np.outer(time, rates))
    friction, found = field.kernels(ORIGIN, time)
    assert np.abs(friction[0, :, 0, 0] - (decays @ np.array(KERNELS[name][1])).real).max() < 1e-12
    assert np.abs(found[0, :, 0, 0] - (decays @ noise).real).max() < 1e-12
    assert ("passive" in field.messages[-1]) == (KERNELS[name][2] is None)
    assert field.aux == len(rates) + np.sum(np.imag(rates) != 0)


POSITIVE = ("exponential", "oscillating", "two", "hot")  # γ(ω) > 0: the reciprocal form exists


@pytest.mark.parametrize(
    ("name", "form"), [(n, f) for n in KERNELS for f in ("auto", "general")] + [(n, "reciprocal") for n in POSITIVE]
)
def test_response_and_variance_of_an_oscillator(name: str, form: str) -> None:
    """x(t) after a kick and after a displacement, and its variance, as the roots of the polynomial say."""
    field, closed, (rates, noise) = harmonic_memory(name, form)
    for time in (0.3, 1.0, 4.0):
        decay, variance = exact_moments(field, np.array([[STIFFNESS]]), time)
        assert decay[0, 0] == pytest.approx(closed.move(time), abs=1e-11)
        assert decay[0, 1] * MASS == pytest.approx(closed.kick(time), abs=1e-11)
        assert decay[1, 1] == pytest.approx(closed.kick_velocity(time), abs=1e-11)
        variance = variance + decay @ resting(field) @ decay.T
        assert variance[0, 0] == pytest.approx(closed.variance(time, rates, noise), abs=1e-10)


@pytest.mark.parametrize("name", ["exponential", "oscillating", "two"])
def test_equilibrium_is_boltzmann(name: str) -> None:
    """At every time ⟨x²⟩ = k_BT/k, ⟨p²⟩ = m k_BT once s is stationary: nothing changes."""
    field, _, _ = harmonic_memory(name)
    start = resting(field)
    start[0, 0], start[1, 1] = KT / STIFFNESS, MASS * KT
    decay, variance = exact_moments(field, np.array([[STIFFNESS]]), 2.3)
    assert np.abs(decay @ start @ decay.T + variance - start).max() < 1e-12


@pytest.mark.parametrize("scheme", [BAOAB, OBABO], ids=lambda s: s.name)
@pytest.mark.parametrize("name", KERNELS)
def test_moments_of_the_scheme_are_of_order_two(name: str, scheme: Scheme) -> None:
    """Mean and covariance after t = 2 against the exact ones: order 2, and to 1e-10 when even powers are extrapolated."""
    field, _, _ = harmonic_memory(name)
    stiffness, time = np.array([[STIFFNESS]]), 2.0
    decay, variance = exact_moments(field, stiffness, time)
    wanted = np.concatenate([decay, variance])
    found = [np.concatenate(many_steps(one_step(field, stiffness, scheme, time / 2**k), k)) for k in range(4, 10)]
    errors = [np.abs(value - wanted).max() for value in found]
    assert scheme.weak_order == 2
    assert np.log2(errors[-2] / errors[-1]) == pytest.approx(2, abs=0.01)
    for power in range(1, len(found)):
        found = [(4**power * b - a) / (4**power - 1) for a, b in pairwise(found)]
    assert np.abs(found[0] - wanted).max() < 1e-10


@pytest.mark.parametrize("form", ["passive", "general"])
@pytest.mark.parametrize("fast", [1e-3, 1.0, 1e3, 1e6])
def test_momenta_alone_are_exact_for_any_step_and_rate(form: str, fast: float) -> None:
    """Without a force p(t), s(t) after one O of any length are exact: Σ = Σ_∞ - e^{-Λτ} Σ_∞ e^{-Λᵀτ}."""
    field = memory_field(harmonic(), [fast], [0.8 * fast], temperature=KT, form=form)
    drift, spread = (a[0] for a in field.extended(ORIGIN))
    steady = solve_continuous_lyapunov(drift, spread)
    assert steady[0, 0] == pytest.approx(MASS * KT, rel=1e-9)
    for step in (0.1, 3.0):
        decay, covariance = np.empty((2, 2)), np.empty((2, 2))
        exact(drift, spread, step, decay, covariance)
        wanted = expm(-drift * step)
        assert np.abs(decay - wanted).max() < 1e-10
        assert np.abs(covariance - steady + wanted @ steady @ wanted.T).max() < 1e-10 * np.abs(steady).max()


@pytest.mark.parametrize("form", ["passive", "general"])
def test_markov_limit_of_a_step(form: str) -> None:
    """r → ∞ at fixed ∫γ dt: the map of one BAOAB step on (x, p) and its noise become those of the Markov field, like 1/r."""
    stiffness, differences = np.array([[STIFFNESS]]), []
    plain = CallableField(["x"], MASS, lambda x: -STIFFNESS * x, friction=0.8, noise=0.8 * KT)
    wanted = one_step(plain, stiffness, BAOAB, 0.1)
    for fast in (1e4, 1e5, 1e6):
        field = memory_field(harmonic(), [fast], [0.8 * fast], temperature=KT, form=form)
        found = one_step(field, stiffness, BAOAB, 0.1)
        differences.append(max(np.abs(a[:2, :2] - b).max() for a, b in zip(found, wanted, strict=True)))
    assert differences[-1] < 2e-6
    assert np.log10(differences[0] / differences[1]) == pytest.approx(1, abs=0.01)
    local = field.markov().local(ORIGIN)
    assert [float(a[0, 0, 0]) for a in local] == pytest.approx([0.8, 0.8 * KT], rel=1e-9)


def tensor_kernels() -> tuple[NDArray, NDArray, NDArray]:
    """Two coordinates: λ, a with an antisymmetric part, and d of a positive spectrum, not proportional to a."""
    rates = np.array([1.0, 0.5 + 1.2j])
    friction = np.array([[[1.0, 0.5], [-0.1, 0.8]], [[0.4 + 0.2j, 0.1j], [0.2, 0.3]]])
    noise = np.array([[[1.5, 0.2], [0.2, 0.9]], [[0.5 - 0.1j, 0.1 + 0.05j], [0.1 - 0.05j, 0.4]]])
    return rates, friction, noise


def tensor_field(form: str = "auto") -> tuple[MemoryField, NDArray, NDArray]:
    stiffness, masses = np.array([[3.0, 0.7], [0.7, 2.0]]), np.array([2.0, 1.0])
    base = CallableField(["x", "y"], masses, lambda x: -x @ stiffness)
    return memory_field(base, *tensor_kernels(), form=form), stiffness, masses


def test_two_coordinates_against_the_integral_over_frequencies() -> None:
    """⟨xx^T⟩ = (1/2π) ∫ χ(ω) S(ω) χ(ω)† dω, χ⁻¹ = K - Mω² - iωγ(ω), S = D(ω) + D(ω)†: from the kernels given, no variables."""
    field, stiffness, masses = tensor_field()
    rates, friction, noise = tensor_kernels()
    whole, rate = flow(field, stiffness)
    assert np.linalg.eigvals(whole).real.min() > 0
    steady = solve_continuous_lyapunov(whole, rate)
    nodes, weights = np.polynomial.legendre.leggauss(2000)
    angle = 0.5 * np.pi * nodes
    frequency, measure = np.tan(angle), 0.5 * np.pi * weights / np.cos(angle) ** 2

    def transform(amplitudes: NDArray) -> NDArray:
        poles, parts = np.concatenate([rates, rates.conj()]), np.concatenate([amplitudes, amplitudes.conj()]) / 2
        return np.einsum("wk,kij->wij", 1 / (poles - 1j * frequency[:, None]), parts)

    w = frequency[:, None, None]
    response = np.linalg.inv(stiffness - np.diag(masses) * w**2 - 1j * w * transform(friction))
    spectrum = transform(noise)
    spectrum = spectrum + np.swapaxes(spectrum, 1, 2).conj()
    position = np.einsum("w,wij,wjk,wlk->il", measure, response, spectrum, response.conj()).real / (2 * np.pi)
    velocity = np.einsum("w,wij,wjk,wlk->il", measure * frequency**2, response, spectrum, response.conj()).real / (2 * np.pi)
    assert np.abs(steady[:2, :2] - position).max() < 1e-9
    assert np.abs(steady[2:4, 2:4] / np.outer(masses, masses) - velocity).max() < 1e-9


def test_two_coordinates_moments_of_the_scheme() -> None:
    field, stiffness, _ = tensor_field()
    decay, variance = exact_moments(field, stiffness, 2.0)
    wanted = np.concatenate([decay, variance])
    found = [np.concatenate(many_steps(one_step(field, stiffness, BAOAB, 2.0 / 2**k), k)) for k in range(4, 10)]
    errors = [np.abs(value - wanted).max() for value in found]
    assert np.log2(errors[-2] / errors[-1]) == pytest.approx(2, abs=0.01)
    for power in range(1, len(found)):
        found = [(4**power * b - a) / (4**power - 1) for a, b in pairwise(found)]
    assert np.abs(found[0] - wanted).max() < 1e-10


def test_two_coordinates_at_equilibrium_keep_equipartition() -> None:
    """A matrix kernel with complex rates and D = k_BT γ: passive, ⟨xx^T⟩ = k_BT K⁻¹, ⟨pp^T⟩ = k_BT M."""
    _, stiffness, masses = tensor_field()
    rates, _, noise = tensor_kernels()
    base = CallableField(["x", "y"], masses, lambda x: -x @ stiffness)
    field = memory_field(base, rates, noise / KT, noise, form="passive")
    steady = solve_continuous_lyapunov(*flow(field, stiffness))
    assert np.abs(steady[:2, :2] - KT * np.linalg.inv(stiffness)).max() < 1e-9
    assert np.abs(steady[2:4, 2:4] - KT * np.diag(masses)).max() < 1e-9


def test_own_friction_is_replaced_or_added() -> None:
    base = CallableField(["x"], MASS, lambda x: -x, friction=0.3, noise=0.2)
    alone = memory_field(base, [2.0], [4.0], [6.0])
    both = memory_field(base, [2.0], [4.0], [6.0], add_local=True)
    assert [float(a[0, 0, 0]) for a in alone.local(ORIGIN)] == pytest.approx([2.0, 3.0])
    assert [float(a[0, 0, 0]) for a in both.local(ORIGIN)] == pytest.approx([2.3, 3.2])
    drift, spread = both.extended(ORIGIN)
    assert (drift[0, 0, 0], spread[0, 0, 0]) == (0.3 / MASS, 0.4)
    assert alone.extended(ORIGIN)[0][0, 0, 0] == 0.0


def test_what_is_refused() -> None:
    base = harmonic()
    with pytest.raises(NegativeSpectrum, match=r"spectrum of the noise kernel is -0\.179 at frequency 1\.76"):
        memory_field(base, [1.0, 2.0], [1.0, 0.0], [1.0, -1.5])
    with pytest.raises(NegativeSpectrum, match=r"at x = 1, negative by more than its error"):
        noise = np.array([[1.0], [1.0], [1.0], [1.0], [-0.1]])
        memory_field(base, [1.0], np.ones((5, 1)), noise, grid={"x": np.linspace(0, 1, 5)})
    with pytest.raises(ValueError, match="positive real part"):
        memory_field(base, [-1.0], [1.0], [1.0])
    with pytest.raises(ValueError, match="temperature must be a positive"):
        memory_field(base, [1.0], [1.0])
    with pytest.raises(ValueError, match=r"friction: amplitudes of shape \(3,\); must be \(1,\) or \(1, 1, 1\)"):
        memory_field(base, [1.0], [1.0, 2.0, 3.0], [1.0])
    with pytest.raises(ValueError, match="need a grid"):
        memory_field(base, [1.0], lambda x: x, lambda x: x)
    with pytest.raises(ValueError, match='form = "passive" needs D'):
        memory_field(base, [1.0, 2.0], [1.0, 1.0], [1.0, 2.0], form="passive")
    with pytest.raises(ValueError, match='form = "reciprocal": the friction is negative'):
        memory_field(base, [1.0], [-1.0], [1.0], form="reciprocal")
    with pytest.raises(ValueError, match="must be one of auto, passive, reciprocal, general"):
        memory_field(base, [1.0], [1.0], [1.0], form="exact")
    with pytest.raises(ValueError, match="grid: the coordinates"):
        memory_field(base, [1.0], [1.0], [1.0], grid={"y": [0.0, 1.0]})
    two = CallableField(["x", "y"], 1.0, lambda x: -x)
    with pytest.raises(ValueError, match=r"D\(t = 0\) is not symmetric"):
        memory_field(two, [1.0], np.eye(2)[None], np.array([[[1.0, 0.3], [0.0, 1.0]]]))
