"""The molecule's operators against their definitions: anticommutators, ladders, H_mol by hand, forces as derivatives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nonadia.heom.fock import FockSpace

from .cases import random_junction

FROZEN = random_junction(levels=3, leads=1, vibrations=(2, 3), full_coupling=True, seed=4)
SPACE = FockSpace.of(FROZEN)


def operators() -> list[np.ndarray]:
    """d_m of every level, as the channel of a lead that couples to this level alone."""
    return [SPACE.channel_operator(unit.astype(complex)) for unit in np.eye(3)]


def test_canonical_anticommutators() -> None:
    """{d_m, d_m'} = 0, {d_m, d_m'†} = δ_mm'; and d†d is the occupation."""
    d = operators()
    for m, first in enumerate(d):
        for k, second in enumerate(d):
            assert np.array_equal(first @ second + second @ first, np.zeros_like(first))
            one = np.eye(SPACE.dimension) if m == k else 0.0
            assert np.array_equal(first @ second.conj().T + second.conj().T @ first, one + 0.0 * first)
        assert np.array_equal((first.conj().T @ first).real, SPACE.occupation(m))


def test_channels_carry_the_level_width() -> None:
    """Σ_a Γ_a f_a†f_a = Σ_mm' Γ_mm' d_m†d_m' for a complex coupling matrix Γ = Σ_a Γ_a w_a w_a†."""
    d = operators()
    gamma = sum(c.rate * np.outer(c.vector, c.vector.conj()) for c in FROZEN.channels)
    assert np.abs(gamma.imag).max() > 0.01
    found = sum(c.rate * f.conj().T @ f for c in FROZEN.channels for f in [SPACE.channel_operator(c.vector)])
    exact = sum(gamma[i, j] * d[i].conj().T @ d[j] for i in range(3) for j in range(3))
    assert np.abs(found - exact).max() < 1e-14


def test_hamiltonian_by_hand() -> None:
    """Σ E d†d + Σ_{m<m'} U n n' + Σ_b [ω b†b + Σ Λ (b + b†) d†d], with b from its matrix elements √n."""
    d = operators()
    ladders = [SPACE.lift(np.eye(8), SPACE.ladder(b)) for b in range(2)]
    for b, states in zip(ladders, (2, 3), strict=True):
        quanta = np.linalg.eigvalsh(b.conj().T @ b)
        assert np.allclose(np.unique(np.round(quanta, 12)), np.arange(states))  # 0, 1, …, states - 1
    n = [f.conj().T @ f for f in d]
    exact = sum(FROZEN.h[i, j] * d[i].conj().T @ d[j] for i in range(3) for j in range(3))
    exact = exact + sum(FROZEN.u[i, j] * n[i] @ n[j] for i in range(3) for j in range(i + 1, 3))
    for k, b in enumerate(ladders):
        coupled = sum(FROZEN.vibronic[k, i, j] * d[i].conj().T @ d[j] for i in range(3) for j in range(3))
        exact = exact + FROZEN.frequencies[k] * b.conj().T @ b + (b + b.conj().T) @ coupled
    assert np.abs(SPACE.hamiltonian(FROZEN) - exact).max() < 1e-14


@pytest.mark.parametrize("coordinate", [0, 1])
def test_force_is_minus_the_derivative(coordinate: int) -> None:
    """H is affine in its arrays, so that a difference of H at E ± ½∂E, U ± ½∂U, Λ ± ½∂Λ is exact."""

    def moved(step: float) -> np.ndarray:
        arrays = {
            "h": FROZEN.h + step * FROZEN.dh[coordinate],
            "u": FROZEN.u + step * FROZEN.du[coordinate],
            "vibronic": FROZEN.vibronic + step * FROZEN.dvibronic[coordinate],
        }
        return SPACE.hamiltonian(dataclasses.replace(FROZEN, **arrays))

    found = SPACE.force_operator(FROZEN, coordinate)
    assert np.abs(found).max() > 0.1
    assert np.abs(found + (moved(0.5) - moved(-0.5))).max() < 1e-13
