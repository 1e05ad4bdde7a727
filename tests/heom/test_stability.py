"""Growth rates of truncated hierarchies: against all eigenvalues of the direct oracle, and against propagation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from nonadia.baths.decompose import decompose
from nonadia.heom.direct import DirectHierarchy
from nonadia.heom.fock import FockSpace
from nonadia.heom.generator import Generator
from nonadia.heom.hierarchy import build
from nonadia.heom.modes import Modes
from nonadia.heom.propagate import propagate
from nonadia.heom.solver import SteadyStateSolver
from nonadia.heom.stability import SETTLED, spectrum, stability
from nonadia.heom.terminator import closed
from nonadia.models.frozen import FrozenJunction, LeadBath, channels_of
from nonadia.models.width import LevelWidth

from .cases import exponents, random_junction

EV, KELVIN = 1 / 27.211386245988, 3.166811563e-6


def molecule(
    level: float,
    interaction: float,
    rate: float,
    temperature: float,
    band: float,
    potentials: tuple[float, ...],
    mode: tuple[float, float, int] | None = None,
) -> FrozenJunction:
    """A spin-½ level with U, or with mode = (frequency, coupling, states) a spinless level; energies in eV, K."""
    n = 2 if mode is None else 1
    leads = tuple(
        LeadBath(f"K{k}", mu * EV, temperature * KELVIN, LevelWidth.lorentzian(mu * EV, band * EV))
        for k, mu in enumerate(potentials)
    )
    channels = [c for k in range(len(leads)) for c in channels_of(k, rate * EV * np.eye(n, dtype=complex))]
    frequency, coupling, states = mode or (0.0, 0.0, 1)
    b = 0 if mode is None else 1
    return FrozenJunction(
        level * EV * np.eye(n, dtype=complex),
        np.zeros((1, n, n), dtype=complex),
        interaction * EV * (1 - np.eye(n)),
        np.zeros((1, n, n)),
        np.full((b, n, n), coupling * EV, dtype=complex),
        np.zeros((1, b, n, n), dtype=complex),
        np.ones(len(leads)),
        np.zeros((1, len(leads))),
        np.full(b, frequency * EV),
        np.full(b, states, dtype=np.int64),
        tuple(channels),
        leads,
    )


# poor baths at strong coupling: each grows when it is cut after this tier
GROWING = {
    "impurity": (molecule(0.0931, 2.59, 1.22, 13.4, 0.39, (0.95,)), 3, 2, "aaa"),
    "vibration": (molecule(0.712, 0, 0.417, 298, 0.324, (0.085, -0.085), (0.22, 0.0892, 4)), 4, 1, "pade"),
}
# the strong-coupling impurity of the solver notes, and a level with a strongly coupled vibration: poor in poles, but they relax
RELAXING = {
    "impurity, tier 2": (molecule(-0.2, 0.5, 0.3, 100, 2.0, (0.1,)), 2, 2, "pade"),
    "impurity, tier 3": (molecule(-0.2, 0.5, 0.3, 100, 2.0, (0.1,)), 2, 3, "pade"),
    "impurity, tier 4": (molecule(-0.2, 0.5, 0.3, 100, 2.0, (0.1,)), 1, 4, "pade"),
    "vibration, tier 2": (molecule(0.1, 0, 0.1, 100, 2.0, (0.1,), (0.1, 0.3, 5)), 2, 2, "pade"),
}


def generator_of(frozen: FrozenJunction, poles: int, depth: int, scheme: str = "pade") -> Generator:
    modes = Modes.of(frozen, [decompose(lead, poles, scheme) for lead in frozen.leads])
    return Generator(build(FockSpace.of(frozen), modes, depth), modes, frozen)


def oracle(frozen: FrozenJunction, poles: int, depth: int, scheme: str = "pade") -> np.ndarray:
    """All eigenvalues but the zero of the steady state, of the elements that the density matrix reaches."""
    direct = DirectHierarchy(frozen, [decompose(lead, poles, scheme) for lead in frozen.leads], depth)
    matrix = direct.generator().tocsr()
    _, label = connected_components(matrix, directed=False)
    reached = np.flatnonzero(label == label[0])
    values = np.linalg.eigvals(matrix[reached][:, reached].toarray())
    return np.delete(values, np.argmin(np.abs(values)))


@pytest.mark.parametrize("levels", [1, 2])
def test_the_dense_spectrum_is_that_of_the_oracle(levels: int) -> None:
    frozen = random_junction(levels, leads=1, coordinates=1, seed=3 + levels)
    bath = [exponents(2, 0.3, 5)]
    modes = Modes.of(frozen, bath)
    mine = spectrum(Generator(build(FockSpace.of(frozen), modes, 2), modes, frozen))
    matrix = DirectHierarchy(frozen, bath, 2).generator().tocsr()
    _, label = connected_components(matrix, directed=False)
    reached = np.flatnonzero(label == label[0])
    theirs = np.linalg.eigvals(matrix[reached][:, reached].toarray())
    theirs = np.delete(theirs, np.argmin(np.abs(theirs)))
    assert mine.size == theirs.size
    distance = np.abs(mine[:, None] - theirs[None, :])
    assert max(distance.min(axis=0).max(), distance.min(axis=1).max()) < 1e-6 * np.abs(theirs).max()


@pytest.mark.parametrize("name", GROWING)
def test_growing_hierarchies_are_found_without_a_dense_matrix(name: str) -> None:
    frozen, poles, depth, scheme = GROWING[name]
    wanted = oracle(frozen, poles, depth, scheme)
    found = stability(generator_of(frozen, poles, depth, scheme), dense=0)
    assert not found.stable and found.solves > 0
    # some growing eigenvalue of the oracle, as fast as the fastest within the stated accuracy
    assert np.abs(wanted - (found.growth + 1j * found.frequency)).min() < 1e-4 * found.growth
    assert found.growth == pytest.approx(wanted.real.max(), rel=SETTLED)


@pytest.mark.parametrize("name", RELAXING)
def test_relaxing_hierarchies_report_a_slow_rate(name: str) -> None:
    """Densely the slowest one; otherwise one of the oracle's (degenerate modes that nothing drives may be passed over)."""
    frozen, poles, depth, scheme = RELAXING[name]
    generator, wanted = generator_of(frozen, poles, depth, scheme), oracle(frozen, poles, depth, scheme)
    assert stability(generator, dense=10**6).growth == pytest.approx(wanted.real.max(), rel=1e-5)
    found = stability(generator, dense=0)
    assert found.stable and wanted.real.max() * (1 + SETTLED) > 10 * found.growth
    assert np.abs(wanted - (found.growth + 1j * found.frequency)).min() < SETTLED * abs(found.growth)


@pytest.mark.parametrize("name", GROWING)
def test_the_adiabatic_terminator_tames_them(name: str) -> None:
    """Its own dense spectrum and its own Krylov space agree; its steady state is that of the solver's option."""
    generator = generator_of(*GROWING[name])
    dense, krylov = (stability(generator, "adiabatic", dense=limit) for limit in (10**6, 0))
    assert dense.stable and krylov.stable
    assert krylov.growth == pytest.approx(dense.growth, rel=SETTLED)
    state = SteadyStateSolver(generator, terminator="adiabatic").steady_state()
    np.testing.assert_allclose(SteadyStateSolver(closed(generator, "adiabatic")).steady_state(), state, atol=1e-12)


def test_what_grows_in_time_grows_at_the_stated_rate() -> None:
    generator = generator_of(*GROWING["impurity"])
    rate = stability(generator, dense=0).growth
    times = np.array([0.0, 20.0, 22.0]) / rate
    start = generator.zeros()
    generator.tier(start, 1)[:] = 1.0
    norms = [np.linalg.norm(v) for v in propagate(generator, generator.apply(start), times, rtol=1e-7, atol=1e-12)]
    assert np.log(norms[2] / norms[1]) == pytest.approx(2.0, rel=1e-2)


def test_unknown_terminators_are_refused() -> None:
    with pytest.raises(ValueError, match="adiabatic"):
        stability(generator_of(*RELAXING["impurity, tier 2"]), "none")
