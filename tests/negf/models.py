"""Frozen junctions built by hand (no input file), in Hartree."""

from __future__ import annotations

import numpy as np
from scipy import constants

from nonadia.models.frozen import FrozenJunction, LeadBath, channels_of
from nonadia.models.width import LevelWidth

EV = constants.physical_constants["electron volt-hartree relationship"][0]
KT_EV = 8.617333262e-5 * 300.0


def junction(h, dh, g, dg, gammas, mu, kt, width=10.0) -> FrozenJunction:
    """All energies in eV: h (..., n, n), dh (..., c, n, n), g (..., K), dg (..., c, K), Γ_K (n, n) each."""
    h, dh = np.asarray(h, complex) * EV, np.asarray(dh, complex) * EV
    grid, n, c = h.shape[:-2], h.shape[-1], dh.shape[-3]
    mu, kt, width = (np.broadcast_to(np.asarray(a, float), len(gammas)) for a in (mu, kt, width))
    leads = tuple(
        LeadBath(f"lead{k}", mu[k] * EV, kt[k] * EV, LevelWidth.lorentzian(mu[k] * EV, width[k] * EV))
        for k in range(len(gammas))
    )
    channels = sum((channels_of(k, np.asarray(gamma) * EV) for k, gamma in enumerate(gammas)), ())
    return FrozenJunction(
        h=h,
        dh=dh,
        u=np.zeros((*grid, n, n)),
        du=np.zeros((*grid, c, n, n)),
        vibronic=np.zeros((*grid, 0, n, n), complex),
        dvibronic=np.zeros((*grid, c, 0, n, n), complex),
        g=np.asarray(g, float),
        dg=np.asarray(dg, float),
        frequencies=np.zeros(0),
        vibration_states=np.zeros(0, dtype=np.int64),
        channels=channels,
        leads=leads,
    )


def single_level(x, bias, *, position_dependent, temperature=KT_EV, width=10.0) -> FrozenJunction:
    """J1 (constant) or J2 (position-dependent coupling) of the shipped systems, bias in eV."""
    x = np.atleast_1d(np.asarray(x, float))
    lam, eps0, a, q = 0.02, 0.1, 0.3, 0.1
    h = (eps0 + np.sqrt(2) * lam * x)[:, None, None]
    dh = np.full((x.size, 1, 1, 1), np.sqrt(2) * lam)
    if position_dependent:
        tanh, slope = np.tanh(x / a), 0.5 * (1 - q) / (a * np.cosh(x / a) ** 2)
        g = np.stack([0.5 * (1 - q) * (1 - tanh) + q, 0.5 * (1 - q) * (1 + tanh) + q], axis=-1)
        dg, gamma = np.stack([-slope, slope], axis=-1)[:, None], 0.05
    else:
        g, dg, gamma = np.ones((x.size, 2)), np.zeros((x.size, 1, 2)), 0.025
    return junction(h, dh, g, dg, [[[gamma]], [[gamma]]], [bias / 2, -bias / 2], temperature, width)


def donor_acceptor(x, bias) -> FrozenJunction:
    """J5: h = [[0.1, 0.05 x], [0.05 x, -0.1]] eV, left lead on level 1, right lead on level 2."""
    x = np.atleast_1d(np.asarray(x, float))
    h, dh = np.zeros((x.size, 2, 2)), np.zeros((x.size, 1, 2, 2))
    h[:, 0, 0], h[:, 1, 1] = 0.1, -0.1
    h[:, 0, 1] = h[:, 1, 0] = 0.05 * x
    dh[:, 0, 0, 1] = dh[:, 0, 1, 0] = 0.05
    ones, zeros = np.ones((x.size, 2)), np.zeros((x.size, 1, 2))
    gammas = [np.diag([0.1, 0.0]), np.diag([0.0, 0.1])]
    return junction(h, dh, ones, zeros, gammas, [bias / 2, -bias / 2], KT_EV, 5.0)


def two_modes(x, y, bias) -> FrozenJunction:
    """J8: h = [[0.02 x, t], [t, -0.02 x]], t = 0.05 + 0.02 y eV, leads as in J5."""
    t = 0.05 + 0.02 * y
    h = np.array([[0.02 * x, t], [t, -0.02 * x]])
    dh = np.array([[[0.02, 0.0], [0.0, -0.02]], [[0.0, 0.02], [0.02, 0.0]]])
    gammas = [np.diag([0.1, 0.0]), np.diag([0.0, 0.1])]
    return junction(h, dh, np.ones(2), np.zeros((2, 2)), gammas, [bias / 2, -bias / 2], KT_EV, 5.0)


def general(seed=1, points=3, levels=3, coordinates=2, mu=(0.15, -0.1, 0.05), kt=(0.03, 0.05, 0.02)):
    """Random complex junction: full coupling matrices of rank 1 to n, every g_K depending on every
    coordinate."""
    rng = np.random.default_rng(seed)

    def hermitian(*shape):
        a = rng.normal(size=(*shape, levels, levels)) + 1j * rng.normal(size=(*shape, levels, levels))
        return a + np.swapaxes(a, -1, -2).conj()

    gammas = []
    for rank in range(1, len(mu) + 1):
        columns = rng.normal(size=(levels, rank)) + 1j * rng.normal(size=(levels, rank))
        gammas.append(0.05 * columns @ columns.conj().T)
    return junction(
        0.08 * hermitian(points),
        0.05 * hermitian(points, coordinates),
        rng.uniform(0.4, 1.2, size=(points, len(mu))),
        rng.normal(size=(points, coordinates, len(mu))),
        gammas,
        mu,
        kt,
        rng.uniform(2.0, 6.0, size=len(mu)),
    )
