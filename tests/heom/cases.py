"""Small junctions for the hierarchy's tests; energies of the order of one, k_BT = 0.3 unless a test says otherwise."""

from __future__ import annotations

import numpy as np

from nonadia.baths.exponents import Exponents
from nonadia.models.frozen import FrozenJunction, LeadBath, channels_of
from nonadia.models.width import LevelWidth

TEMPERATURE = 0.3


def exponents(count: int, bias: float, seed: int) -> Exponents:
    """Generic exponents (not a physical bath: the algebra of the hierarchy must not care)."""
    rng = np.random.default_rng(seed)
    kappa = rng.uniform(0.8, 3.0, count) - 1j * bias
    eta = rng.normal(size=(2, count)) + 1j * rng.normal(size=(2, count))
    return Exponents(kappa, eta[0], eta[1], "pade", count)


def random_junction(
    levels: int,
    leads: int = 2,
    coordinates: int = 2,
    vibrations: tuple[int, ...] = (),
    interacting: bool = True,
    spin: bool = False,
    full_coupling: bool = False,
    seed: int = 0,
) -> FrozenJunction:
    """A junction with complex hoppings, pair interactions, level and hopping vibronic couplings, all from one seed.

    spin=True keeps every level its own conserved component (no hopping, diagonal couplings).
    """
    rng = np.random.default_rng(seed)

    def hermitian(*shape: int) -> np.ndarray:
        a = rng.normal(size=(*shape, levels, levels)) + 1j * rng.normal(size=(*shape, levels, levels))
        a = 0.25 * (a + np.conj(np.swapaxes(a, -1, -2)))
        return a * np.eye(levels) if spin else a

    u = rng.uniform(0.2, 0.8, (levels, levels)) * interacting
    u = np.triu(u, 1) + np.triu(u, 1).T
    du = rng.normal(size=(coordinates, levels, levels)) * 0.3 * interacting
    du = np.triu(du, 1) + np.swapaxes(np.triu(du, 1), -1, -2)
    channels = []
    for k in range(leads):
        if full_coupling:
            a = rng.normal(size=(levels, levels)) + 1j * rng.normal(size=(levels, levels))
            gamma = 0.1 * (a @ a.conj().T)
        else:
            gamma = np.diag(rng.uniform(0.1, 0.5, levels)).astype(complex)
        channels += channels_of(k, gamma)
    baths = tuple(
        LeadBath(f"K{k}", mu := float(rng.normal()) * 0.5, TEMPERATURE, LevelWidth.lorentzian(mu, 2.0)) for k in range(leads)
    )
    b = len(vibrations)
    return FrozenJunction(
        hermitian(),
        hermitian(coordinates),
        u,
        du,
        hermitian(b),
        hermitian(coordinates, b),
        rng.uniform(0.5, 1.2, leads),
        rng.normal(size=(coordinates, leads)) * 0.5,
        rng.uniform(0.3, 0.9, b),
        np.array(vibrations, dtype=np.int64),
        tuple(channels),
        baths,
    )
