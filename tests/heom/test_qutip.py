"""Occupations and currents against QuTiP's HEOM at the same exponents and tier (another code, other algebra)."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.baths.decompose import decompose
from nonadia.baths.exponents import Exponents
from nonadia.heom.fock import FockSpace
from nonadia.heom.forces import point_forces
from nonadia.heom.generator import Generator
from nonadia.heom.hierarchy import build
from nonadia.heom.modes import Modes
from nonadia.heom.solver import SteadyStateSolver
from nonadia.models.frozen import FrozenJunction, LeadBath, channels_of
from nonadia.models.width import LevelWidth

qutip = pytest.importorskip("qutip", reason="QuTiP is the peer that this test compares with (test extra)")
from qutip.solver.heom import FermionicBath, HEOMSolver  # noqa: E402


def junction(h: np.ndarray, u: float, vibration: tuple[float, int, float] | None) -> FrozenJunction:
    """Γ = 0.05, W = 2, k_BT = 0.1, μ = ±0.15 on every level; one coordinate on which nothing depends."""
    n = len(h)
    leads = tuple(LeadBath(k, mu, 0.1, LevelWidth.lorentzian(mu, 2.0)) for k, mu in (("L", 0.15), ("R", -0.15)))
    channels = channels_of(0, 0.05 * np.eye(n)) + channels_of(1, 0.05 * np.eye(n))
    b = 0 if vibration is None else 1
    coupling = np.zeros((b, n, n), dtype=complex)
    if vibration is not None:
        coupling[0] = vibration[2] * np.eye(n)
    return FrozenJunction(
        h.astype(complex), np.zeros((1, n, n), dtype=complex), u * (np.ones((n, n)) - np.eye(n)), np.zeros((1, n, n)),
        coupling, np.zeros((1, b, n, n), dtype=complex), np.ones(2), np.zeros((1, 2)),
        np.array([] if vibration is None else [vibration[0]]),
        np.array([] if vibration is None else [vibration[1]], dtype=np.int64), channels, leads,
    )  # fmt: skip


def by_qutip(
    hamiltonian: object, operators: list, baths: list[Exponents], rate: float, depth: int
) -> tuple[list[float], list[float]]:
    heom_baths = []
    for k, bath in enumerate(baths):
        for m, operator in enumerate(operators):
            heom_baths.append(
                FermionicBath(
                    operator, rate * bath.eta_plus, bath.kappa, rate * bath.eta_minus, bath.kappa.conj(), tag=(k, m)
                )
            )
    # with MKL installed, QuTiP's default call of PARDISO fails with zero pivots
    state, ados = HEOMSolver(hamiltonian, heom_baths, max_depth=depth).steady_state(use_mkl=False)
    population = [qutip.expect(d.dag() * d, state) for d in operators]
    current = []
    for k in range(len(baths)):
        total = 0.0
        for label in ados.filter(level=1):
            exponent = ados.exps(label)[0]
            if exponent.tag[0] == k:
                raising = exponent.type == exponent.types["+"]
                operator = exponent.Q if raising else exponent.Q.dag()
                total += (1 if raising else -1) * (operator * ados.extract(label)).tr()
        current.append(total)
    return population, current


@pytest.mark.parametrize("depth", [2, 3])
def test_anderson_impurity(depth: int) -> None:
    frozen = junction(np.diag([-0.2, -0.25]), 0.5, None)
    baths = [decompose(lead, 2, "pade") for lead in frozen.leads]
    down = [qutip.fdestroy(2, 0), qutip.fdestroy(2, 1)]
    n = [d.dag() * d for d in down]
    hamiltonian = -0.2 * n[0] - 0.25 * n[1] + 0.5 * n[0] * n[1]
    compare(frozen, baths, hamiltonian, down, depth)


def test_level_and_vibration() -> None:
    frozen = junction(np.array([[0.1]]), 0.0, (0.15, 4, 0.1))
    baths = [decompose(lead, 2, "pade") for lead in frozen.leads]
    d = qutip.tensor(qutip.fdestroy(1, 0), qutip.qeye(4))
    b = qutip.tensor(qutip.qeye(2), qutip.destroy(4))
    hamiltonian = 0.1 * d.dag() * d + 0.15 * b.dag() * b + 0.1 * (b + b.dag()) * d.dag() * d
    compare(frozen, baths, hamiltonian, [d], 2)


def compare(frozen: FrozenJunction, baths: list[Exponents], hamiltonian: object, down: list, depth: int) -> None:
    population, current = by_qutip(hamiltonian, down, baths, 0.05, depth)
    modes = Modes.of(frozen, baths)
    hierarchy = build(FockSpace.of(frozen), modes, depth)
    result = point_forces(SteadyStateSolver(Generator(hierarchy, modes, frozen)))
    np.testing.assert_allclose(result.population, population, atol=1e-8)
    # QuTiP's auxiliary operators differ from ours by a phase; the direction is fixed by physics
    assert result.current[0] > 0 > result.current[1]
    np.testing.assert_allclose(np.abs(result.current), np.abs(current), atol=1e-8 * np.abs(current).max())
    assert abs(result.current.sum()) < 1e-10
