"""Reduced hierarchies: against direct propagation of the whole hierarchy, sum rules, and systems solved on paper."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.baths.decompose import decompose
from nonadia.heom.fock import FockSpace
from nonadia.heom.forces import derivative_source, force_functionals, noise_sources, point_forces
from nonadia.heom.generator import Generator
from nonadia.heom.hierarchy import build
from nonadia.heom.memory import HierarchySystem, kernel_system
from nonadia.heom.modes import Modes
from nonadia.heom.propagate import propagate
from nonadia.heom.reduction import Judge, Reduced, Reduction, ReductionFailed, reduce
from nonadia.heom.solver import SteadyStateSolver
from nonadia.models.frozen import FrozenJunction

from .cases import exponents, random_junction
from .test_propagation import moving_junction

TIMES = np.array([0.0, 0.3, 1.0, 3.0, 10.0, 30.0])
FREQUENCIES = np.linspace(0.0, 4.0, 9)


def solver_of(frozen: FrozenJunction, depth: int, poles: int = 3) -> SteadyStateSolver:
    modes = Modes.of(frozen, [decompose(lead, poles, "pade") for lead in frozen.leads])
    return SteadyStateSolver(Generator(build(FockSpace.of(frozen), modes, depth), modes, frozen))


def reduced(solver: SteadyStateSolver, tolerance: float = 1e-7) -> Reduction:
    system = kernel_system(solver)
    return reduce(system, Judge(TIMES, FREQUENCIES, system.rates), tolerance)


@pytest.mark.parametrize(("levels", "interaction", "depth"), [(1, 0.0, 3), (2, 0.8, 2), (2, 0.8, 3)])
def test_kernels_equal_direct_propagation(levels: int, interaction: float, depth: int) -> None:
    """Every kernel and its parts at six times: the sources evolved with the whole hierarchy by an ODE integrator."""
    solver = solver_of(moving_junction(0.15, levels, interaction), depth)
    generator = solver.generator
    found = reduced(solver).system.at_times(TIMES)

    state = solver.steady_state()
    functionals = force_functionals(generator, 0)
    force = np.array([generator.inner(f, state) for f in functionals])
    # ∂ρ_ss by finite differences in the basis of levels, without the response solver
    step = 1e-4
    ends = []
    for side in (-step, step):
        moved = solver_of(moving_junction(0.15 + side, levels, interaction), depth)
        ends.append(moved.generator.from_eigenbasis(moved.steady_state()))
    lagging = (ends[1] - ends[0]) / (2 * step)
    still = Generator(generator.hierarchy, generator.modes, generator.frozen, eigenbasis=False)
    fluctuating = sum(noise_sources(still, 0, generator.from_eigenbasis(state), force), still.zeros())
    for column, source in enumerate((lagging, fluctuating)):
        states = propagate(still, source, TIMES, rtol=1e-10, atol=1e-14)
        for row, functional in enumerate(force_functionals(still, 0)):
            direct = np.array([still.inner(functional, s) for s in states])
            scale = np.abs(found[:, :, column]).max()
            np.testing.assert_allclose(found[:, row, column], direct, atol=1e-6 * scale)


def test_the_force_lags_by_the_kernel() -> None:
    """The definition, sign included: x(t) prescribed at any speed, F(t) - F_ad(x(t)) = -∫_0^t γ(t-s) ẋ(s) ds to first order."""
    x0, amplitude, duration = 0.15, 1e-3, 12.0

    def path(time: float) -> float:  # at rest before and after, fast in between
        return float(amplitude * np.sin(np.pi * np.clip(time / duration, 0, 1)) ** 4)

    solver = solver_of(moving_junction(x0, 2, 0.8), 2)
    hierarchy, modes = solver.generator.hierarchy, solver.generator.modes
    times = np.linspace(0.0, 14.0, 1401)
    kernel = reduced(solver).system.at_times(times)[:, :, 0].sum(axis=1)
    velocity = np.gradient([path(t) for t in times], times, edge_order=2)
    lag = -np.array([np.trapezoid(kernel[: k + 1][::-1] * velocity[: k + 1], times[: k + 1]) for k in range(times.size)])

    wanted = [300, 600, 900, 1300]
    deviation = np.zeros((2, len(wanted)))
    for side, sign in enumerate((1.0, -1.0)):

        def at(time: float, sign: float = sign) -> FrozenJunction:
            return moving_junction(x0 + sign * path(time), 2, 0.8)

        start = solver.generator.from_eigenbasis(solver.steady_state())
        moving = Generator(hierarchy, modes, at(0.0), eigenbasis=False)
        states = propagate(moving, start, times[[0, *wanted]], motion=at, rtol=1e-11, atol=1e-15)[1:]
        for k, (index, state) in enumerate(zip(wanted, states, strict=True)):
            frozen = at(times[index])
            moving.move(frozen)
            force = sum(moving.inner(f, state) for f in force_functionals(moving, 0))
            still = SteadyStateSolver(Generator(hierarchy, modes, frozen))
            adiabatic = sum(still.generator.inner(f, still.steady_state()) for f in force_functionals(still.generator, 0))
            deviation[side, k] = force - adiabatic
    linear = 0.5 * (deviation[0] - deviation[1])  # even orders cancel
    np.testing.assert_allclose(linear, lag[wanted], atol=1e-4 * np.abs(lag).max())
    assert np.abs(lag[wanted]).max() > 0.2 * np.abs(lag).max()


@pytest.mark.parametrize(
    "frozen",
    [
        random_junction(2, coordinates=2, seed=3),
        random_junction(1, coordinates=1, vibrations=(4,), seed=5),
        random_junction(2, coordinates=2, seed=8, full_coupling=True),
    ],
    ids=["two levels", "vibration", "full coupling"],
)
def test_integrals_are_friction_and_noise(frozen: FrozenJunction) -> None:
    """∫_0^∞ γ_ij dt and the symmetric part of ∫_0^∞ D_ij dt, from the spectra and from the exponents.

    With a lightly damped vibration rounding limits the reduction to about 1e-6, more or less by machine and thread count.
    """
    accuracy = 2e-6 if frozen.frequencies.size else 1e-8
    solver = solver_of(frozen, 2, poles=2)
    expected = point_forces(solver)
    system = reduced(solver, 1e-4).system
    c = frozen.n_coordinates
    rates, amplitudes = system.modes()
    for integral in (
        system.at_frequencies(np.zeros(1))[0].real,
        np.einsum("kqp,k->qp", amplitudes, 1.0 / rates).real,
    ):
        parts = integral.reshape(2, c, 2, c)
        whole = parts.sum(axis=0)
        friction, noise = whole[:, 0], whole[:, 1]
        scale = np.abs(expected.friction).max()
        np.testing.assert_allclose(friction, expected.friction, atol=accuracy * scale)
        np.testing.assert_allclose(parts[0, :, 0], expected.friction_molecule, atol=accuracy * scale)
        largest = np.abs(expected.noise).max()
        np.testing.assert_allclose(0.5 * (noise + noise.T), expected.noise, atol=accuracy * largest)


def test_values_and_slopes_at_time_zero_are_exact() -> None:
    """h(0) = ⟨f, b⟩ and h'(0) = ⟨f, 𝓛b⟩ whatever the shifts; one round is enough."""
    solver = solver_of(random_junction(2, coordinates=1, seed=11), 2, poles=2)
    generator, state = solver.generator, solver.steady_state()
    functional = force_functionals(generator, 0)[1]
    source = -solver.response(derivative_source(generator, 0, state))
    system = HierarchySystem(solver, [source, source], [functional])
    coarse = reduce(system, Judge(TIMES, FREQUENCIES, system.rates), 0.5).system
    assert coarse.at_times(np.zeros(1))[0, 0, 0] == pytest.approx(generator.inner(functional, source), rel=1e-10)
    slope = (coarse.functionals @ coarse.matrix @ coarse.sources)[0, 0]
    assert slope == pytest.approx(generator.inner(functional, generator.apply(source)), rel=1e-8)


def test_real_coordinates_keep_products_and_adjoints() -> None:
    """⟨y, 𝓛x⟩ = ⟨𝓛†y, x⟩ and (𝓛 - s)(𝓛 - s)^{-1} = 1 in the scaled coordinates, on traceless vectors."""
    solver = solver_of(random_junction(2, coordinates=2, seed=4), 3, poles=2)
    system = kernel_system(solver)
    x, y = system.sources[:, 0], system.functionals[:, 1]
    assert y @ system.apply(x, False) == pytest.approx(system.apply(y, True) @ x, rel=1e-11)
    for shift in (0.0, 0.7):
        there = system.solve(shift, system.sources, False)
        back = np.stack([system.apply(v, False) for v in there.T], axis=-1) - shift * there
        np.testing.assert_allclose(back, system.sources, atol=1e-9 * np.abs(system.sources).max())
        left = system.solve(shift, system.functionals, True)
        np.testing.assert_allclose(left.T @ system.sources, system.functionals.T @ there, rtol=1e-8, atol=1e-10)
    assert solver.generator.ado_scale[: solver.generator.starts[1]] == pytest.approx(1.0)


class Oscillator:
    """ẋ = v, v̇ = -ω²x - 2ηv: h(t) = x(t) after a kick, on paper e^{-ηt} sin(Ωt)/Ω with Ω² = ω² - η²."""

    def __init__(self, damping: float) -> None:
        self.matrix = np.array([[0.0, 1.0], [-1.0, -2.0 * damping]])
        self.sources = np.array([[0.0, 0.0], [1.0, 1.0]])
        self.functionals = np.array([[1.0], [0.0]])
        self.rates = (0.1, 1.0)

    def apply(self, vector: np.ndarray, adjoint: bool) -> np.ndarray:
        return (self.matrix.T if adjoint else self.matrix) @ vector

    def solve(self, shift: float, vectors: np.ndarray, adjoint: bool) -> np.ndarray:
        shifted = self.matrix - shift * np.eye(2)
        return np.linalg.solve(shifted.T if adjoint else shifted, vectors)


def test_damped_oscillator_on_paper() -> None:
    system = Oscillator(0.2)
    found = reduce(system, Judge(TIMES, FREQUENCIES, system.rates), 1e-10).system
    omega = np.sqrt(1 - 0.04)
    np.testing.assert_allclose(found.at_times(TIMES)[:, 0, 0], np.exp(-0.2 * TIMES) * np.sin(omega * TIMES) / omega, atol=1e-12)
    exact = 1.0 / (1.0 - FREQUENCIES**2 - 0.4j * FREQUENCIES)
    np.testing.assert_allclose(found.at_frequencies(FREQUENCIES)[:, 0, 0], exact, atol=1e-12)
    rates, _ = found.modes()
    assert sorted(rates, key=lambda z: z.imag) == pytest.approx([0.2 - 1j * omega, 0.2 + 1j * omega])


def test_growing_systems_are_refused() -> None:
    system = Oscillator(-0.2)
    with pytest.raises(ReductionFailed, match="grows"):
        reduce(system, Judge(TIMES, FREQUENCIES, system.rates), 1e-3)


def test_shortened_keeps_what_matters() -> None:
    """Three exponents of very different weight: the weak one is dropped, the error is the one that was allowed."""
    matrix, ones = np.diag([-1.0, -0.2, -3.0]), np.ones((3, 2))
    full = Reduced(matrix, ones, np.array([[1.0, 0.5, 1e-7]]))
    judge = Judge(TIMES, FREQUENCIES, (0.2, 3.0))
    short = full.shortened(judge, 1e-5)
    assert len(short.matrix) == 2
    assert sorted(short.modes()[0].real) == pytest.approx([0.2, 1.0], rel=1e-5)
    assert len(full.shortened(judge, 1e-9).matrix) == 3


def test_generic_exponents_with_growing_hierarchy_are_named() -> None:
    """Exponents that belong to no physical bath: the reduction either relaxes or says that it grows, never returns growth."""
    frozen = random_junction(1, coordinates=1, interacting=False, seed=2)
    for seed in range(4):
        modes = Modes.of(frozen, [exponents(2, 0.3, seed), exponents(2, -0.2, seed + 10)])
        solver = SteadyStateSolver(Generator(build(FockSpace.of(frozen), modes, 2), modes, frozen))
        system = kernel_system(solver)
        try:
            found = reduce(system, Judge(TIMES, FREQUENCIES, system.rates), 1e-6)
        except ReductionFailed as error:
            assert "grows" in str(error)
        else:
            assert found.system.growth < 0 and found.change <= 1e-6
