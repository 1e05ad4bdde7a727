"""F, γ, D from their definitions with plain matrices, numerical ∂_ε and a plain quadrature, any number of
leads.

Nothing of the fast path is reused: the lead ends are resolved as matrices in the extended space, G = (g0^-1
- V)^-1.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import expit

from nonadia.negf import forces

from .models import EV, general, junction


def extended(frozen, point):
    """h_ext with V, Λ_i (c, N, N) and its molecular part, in Hartree."""
    n, ends = frozen.n_levels, len(frozen.channels)
    size, c = n + ends, frozen.n_coordinates
    v, force, molecular = np.zeros((size, size), complex), np.zeros((c, size, size), complex), None
    for a, channel in enumerate(frozen.channels):
        column = n + a
        v[:n, column] = frozen.g[point, channel.lead] * channel.vector
        for i in range(c):
            force[i, :n, column] = frozen.dg[point, i, channel.lead] * channel.vector
    v = v + v.conj().T
    force = force + np.swapaxes(force, -1, -2).conj()
    molecular = np.zeros_like(force)
    molecular[:, :n, :n] = frozen.dh[point]
    return v, force + molecular, molecular


def green(frozen, point, v, energy):
    """G^R, G^<, G^> of the extended space."""
    n, size = frozen.n_levels, v.shape[0]
    inverse = np.zeros((size, size), complex)
    inverse[:n, :n] = energy * np.eye(n) - frozen.h[point]
    lesser, greater = np.zeros(size, complex), np.zeros(size, complex)
    for a, channel in enumerate(frozen.channels):
        bath = frozen.leads[channel.lead]
        center, width = bath.width.poles[0].real, -bath.width.poles[0].imag
        inverse[n + a, n + a] = 1.0 / (channel.rate * 0.5 * width / (energy - center + 1j * width))
        shape = channel.rate * width**2 / ((energy - center) ** 2 + width**2)
        f = expit(-(energy - bath.chemical_potential) / bath.temperature)
        lesser[n + a], greater[n + a] = 1j * shape * f, -1j * shape * (1 - f)
    retarded = np.linalg.inv(inverse - v)
    # g0^-1 g^< g0^-1† is the lesser self-energy of the bare ends
    bare = np.diag(inverse).copy()
    sigma = [np.diag(np.abs(bare) ** 2 * s) for s in (lesser, greater)]
    return retarded, *(retarded @ s @ retarded.conj().T for s in sigma)


@pytest.mark.parametrize("seed", [3, 4])
def test_against_the_definition(seed):
    frozen = general(seed, points=2, levels=2, coordinates=2)
    found = forces(frozen)
    point, c = 1, 2
    v, force, molecular = extended(frozen, point)

    def integrand(energy):
        _, lesser, greater = green(frozen, point, v, energy)
        step = 2e-3 * EV
        slope = 0.0
        for k, w in {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}.items():
            ahead, behind = (green(frozen, point, v, energy + s * k * step)[0] for s in (1, -1))
            slope = slope + w * (ahead - behind) / step
        out = []
        for part in (molecular, force - molecular):
            out += [(1j * np.trace(part[i] @ lesser)).real for i in range(c)]
            out += [2 * np.trace(part[i] @ slope @ force[j] @ lesser).real for i in range(c) for j in range(c)]
            out += [
                0.25 * np.trace(part[i] @ (lesser @ force[j] @ greater + greater @ force[j] @ lesser)).real
                for i in range(c)
                for j in range(c)
            ]
        return np.array(out) / (2 * np.pi)

    scale = 0.3 * EV  # ε = scale · tan θ covers the real axis
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(-np.pi / 2, np.pi / 2, 81)
    total = 0.0
    for low, high in itertools.pairwise(edges):
        for node, weight in zip(nodes, weights, strict=True):
            theta = 0.5 * (low + high) + 0.5 * (high - low) * node
            jacobian = 0.5 * (high - low) * scale / np.cos(theta) ** 2
            total = total + weight * jacobian * integrand(scale * np.tan(theta))
    ours = np.concatenate(
        [
            part[point].ravel()
            for part in (
                found.mean_force_molecule,
                found.friction_molecule,
                found.noise_molecule,
                found.mean_force_coupling,
                found.friction_coupling,
                found.noise_coupling,
            )
        ]
    )
    named = np.split(np.arange(ours.size), [2, 6, 10, 12, 16])
    for index in named:
        assert ours[index] == pytest.approx(total[index], abs=3e-6 * max(1e-3, np.abs(ours[index]).max()))


def test_a_grid_is_its_points():
    frozen = general(5, points=4)
    whole = forces(frozen)
    for point in range(4):
        alone = forces(frozen[point])
        for name in ("mean_force", "friction", "noise"):
            all_of_it = getattr(whole, name)
            assert getattr(alone, name) == pytest.approx(all_of_it[point], abs=1e-8 * np.abs(all_of_it).max())
    assert alone.mean_force.shape == (2,) and whole.current.shape == (4, 3)


def test_error_estimates_are_honest():
    frozen = general(6, points=3)
    exact = forces(frozen, tolerance=1e-13)
    for tolerance in (1e-3, 1e-5, 1e-7):
        rough = forces(frozen, tolerance=tolerance)
        for name, error in (
            ("mean_force", "error_force"),
            ("friction", "error_friction"),
            ("noise", "error_noise"),
        ):
            difference = np.abs(getattr(rough, name) - getattr(exact, name))
            floor = 1e-12 * np.abs(getattr(exact, name)).max()
            assert np.all(difference <= getattr(rough, error) + floor)
            assert np.all(difference <= tolerance * np.abs(getattr(exact, name)).max())


@pytest.mark.parametrize("level", [0.02, -0.2, -0.6])
def test_narrow_resonance(level):
    """Γ = 1e-6 eV ≪ kT: n = f(E), γ = E'² f(1-f)/(kT ΓJ(E)), D = kT γ, also where f(1-f) is 1e-11."""
    kt, gamma, slope = 0.025, 1e-6, 0.02
    grid = junction([[level]], [[[slope]]], [1.0], [[0.0]], [[[gamma]]], [0.0], kt, 5.0)
    found = forces(grid)
    f = expit(-level / kt)
    friction = slope**2 * f * (1 - f) / (kt * gamma * 25.0 / (25.0 + level**2))
    assert found.population[0] == pytest.approx(f, abs=3e-6)
    assert found.mean_force[0] / EV == pytest.approx(-slope * f, rel=1e-5)
    assert found.friction[0, 0] == pytest.approx(friction, rel=1e-5)
    assert found.noise[0, 0] / EV == pytest.approx(kt * friction, rel=1e-5)
