"""Random junctions: complex hoppings, couplings of any rank, interactions, vibrations, each lead its own μ, T and band."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from nonadia.baths.decompose import decompose
from nonadia.friction.evaluate import GridForces, by_heom, by_negf
from nonadia.models.frozen import FrozenJunction, LeadBath, channels_of
from nonadia.models.width import LevelWidth

ARRAYS = ("h", "dh", "u", "du", "vibronic", "dvibronic", "g", "dg")


@dataclass(frozen=True)
class Recipe:
    """What a random junction is made of."""

    seed: int
    levels: int
    leads: int
    coordinates: int
    interacting: bool
    vibration: bool
    equilibrium: bool
    magnetic: bool


def recipes(
    levels: tuple[int, int] = (1, 2),
    leads: tuple[int, int] = (1, 3),
    interacting: bool | None = None,
    vibration: bool | None = None,
    equilibrium: bool | None = None,
    magnetic: bool | None = None,
    coordinates: tuple[int, int] = (1, 2),
) -> st.SearchStrategy[Recipe]:
    """Recipes within these limits; None: either."""

    def either(fixed: bool | None) -> st.SearchStrategy[bool]:
        return st.booleans() if fixed is None else st.just(fixed)

    return st.builds(
        Recipe,
        seed=st.integers(0, 10**6),
        levels=st.integers(*levels),
        leads=st.integers(*leads),
        coordinates=st.integers(*coordinates),
        interacting=either(interacting),
        vibration=either(vibration),
        equilibrium=either(equilibrium),
        magnetic=either(magnetic),
    )


def hermitian(rng: np.random.Generator, magnetic: bool, *shape: int) -> NDArray:
    a = rng.normal(size=shape) + 1j * rng.normal(size=shape) * magnetic
    return np.asarray(0.3 * (a + np.conj(np.swapaxes(a, -1, -2))), dtype=complex)


def junction(recipe: Recipe, temperature: float = 0.4) -> FrozenJunction:
    """One geometry (a grid of one point); energies of order one."""
    rng, n, c, b = np.random.default_rng(recipe.seed), recipe.levels, recipe.coordinates, int(recipe.vibration)
    u = np.triu(rng.uniform(0.2, 0.9, (n, n)), 1) * recipe.interacting
    du = np.triu(rng.normal(size=(c, n, n)) * 0.3, 1) * recipe.interacting
    mu, kt = 0.2 * rng.normal(), temperature * rng.uniform(0.8, 1.3)
    channels, baths = [], []
    for k in range(recipe.leads):
        a = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)) * recipe.magnetic
        channels += channels_of(k, 0.12 * (a @ a.conj().T) + 0.05 * np.eye(n))
        if not recipe.equilibrium:
            mu, kt = 0.4 * rng.normal(), temperature * rng.uniform(0.7, 1.5)
        baths.append(LeadBath(f"K{k}", mu, kt, LevelWidth.lorentzian(mu, rng.uniform(1.5, 3.0))))
    m = recipe.magnetic
    return FrozenJunction(
        h=hermitian(rng, m, 1, n, n),
        dh=hermitian(rng, m, 1, c, n, n),
        u=(u + u.T)[None],
        du=(du + np.swapaxes(du, -1, -2))[None],
        vibronic=0.4 * hermitian(rng, m, 1, b, n, n),
        dvibronic=0.4 * hermitian(rng, m, 1, c, b, n, n),
        g=rng.uniform(0.6, 1.2, (1, recipe.leads)),
        dg=0.4 * rng.normal(size=(1, c, recipe.leads)),
        frequencies=rng.uniform(0.4, 0.9, b),
        vibration_states=np.full(b, 3, dtype=np.int64),
        channels=tuple(channels),
        leads=tuple(baths),
    )


def negf(frozen: FrozenJunction) -> GridForces:
    """Exact, for models without interactions."""
    return by_negf(frozen, tolerance=1e-11)[0]


def heom(frozen: FrozenJunction, depth: int = 2, poles: int = 2) -> GridForces:
    """Truncated: exact symmetries hold whatever the truncation."""
    return by_heom(frozen, [decompose(lead, poles, "pade") for lead in frozen.leads], depth)


def solved(frozen: FrozenJunction) -> GridForces:
    """By Green's functions where they apply."""
    return negf(frozen) if frozen.non_interacting else heom(frozen)


def couplings(frozen: FrozenJunction) -> list[NDArray]:
    """Γ_K,mm' of every lead."""
    out = [np.zeros((frozen.n_levels,) * 2, dtype=complex) for _ in frozen.leads]
    for channel in frozen.channels:
        out[channel.lead] += channel.rate * np.outer(channel.vector, channel.vector.conj())
    return out


def with_couplings(frozen: FrozenJunction, gammas: list[NDArray]) -> FrozenJunction:
    return replace(frozen, channels=sum((channels_of(k, g) for k, g in enumerate(gammas)), ()))


def along(frozen: FrozenJunction, points: NDArray) -> FrozenJunction:
    """The junction at displacements (N, c), every array linear in them with the slopes that it has."""
    moved: dict[str, NDArray] = {}
    for name in ("h", "u", "vibronic", "g"):
        slope = getattr(frozen, f"d{name}")[0]
        moved[name] = getattr(frozen, name) + np.tensordot(points, slope, axes=1)
        moved[f"d{name}"] = np.broadcast_to(slope, (len(points), *slope.shape)).copy()
    return replace(frozen, **moved)


def close(found: NDArray, expected: NDArray, accuracy: float = 1e-9, scale: float = 0.0, what: str = "") -> None:
    """Equal, relative to the largest value."""
    size = max(float(np.abs(expected).max(initial=0.0)), scale)
    np.testing.assert_allclose(found, expected, rtol=0, atol=accuracy * max(size, 1e-12), err_msg=what)
