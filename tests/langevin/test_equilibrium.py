"""Fluctuation and dissipation: ensembles that start elsewhere end in the canonical distribution of the adiabatic potential.

The shipped junctions at 0 V with forces by NEGF, and a two-dimensional model whose friction is a full tensor with an
antisymmetric part that depends on the position. Distributions are exact integrals of exp(-U/k_BT), computed here.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy import stats
from scipy.interpolate import CubicSpline

import nonadia as na
from nonadia.langevin.statistics import batch_mean, chi_squared, chi_squared_of_batches, kolmogorov_smirnov
from nonadia.units import atomic

ROOM = atomic("300 K", "temperature")
OMEGA = atomic("4 meV", "energy")  # of both junctions; U_0 = Ω x²/2, mass 1/Ω


@cache
def forces_of(name: str) -> xr.Dataset:
    """At 0 V, on a grid wide enough for more than five thermal widths to both sides."""
    model = na.examples.load(name, overrides={"parameters.bias": "0 V"}).model
    return na.electronic_forces(model, x=np.linspace(-21.0, 14.0, 701), method="negf", tolerance=1e-4)


def boltzmann(forces: xr.Dataset, temperature: float) -> tuple[NDArray, NDArray]:
    """Points and the cumulative distribution of exp(-U/k_BT) with U = Ω x²/2 - ∫F dx."""
    x = np.linspace(-21.0, 14.0, 40001)
    potential = 0.5 * OMEGA * x**2 - CubicSpline(forces["x"], forces["mean_force"].values[:, 0]).antiderivative()(x)
    weight = np.exp(-(potential - potential.min()) / temperature)
    assert max(weight[0], weight[-1]) < 1e-4 * weight.max()
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (weight[1:] + weight[:-1]))])
    return x, cumulative / cumulative[-1]


def junction(name: str, trajectories: int, duration: float, step: float, stored: int) -> xr.Dataset:
    """From one point, 1.3 times too hot."""
    return na.langevin(
        forces_of(name), trajectories=trajectories, duration=duration, step=step, stored=stored, keep=trajectories, seed=1,
        initial={"temperature": 1.3 * ROOM, "x": -3.0}, asymptote={"x": {"lower": "linear", "upper": "linear"}},
    )  # fmt: skip


def check_junction(name: str, result: xr.Dataset, accuracy: float) -> None:
    """`accuracy`: of the kinetic temperature, relative, to be reached with three standard errors."""
    assert result["mode"].attrs["mass"] == pytest.approx([1 / OMEGA], rel=1e-6)
    assert result.attrs["steady_state"] == 1 and result.attrs["steady_since"] > 0
    found = float(result["steady_kinetic_temperature"][0]) / ROOM
    error = float(result["error_steady_kinetic_temperature"][0]) / ROOM
    assert 3 * error < accuracy
    assert abs(found - 1.0) < min(3 * error, accuracy)
    # the trajectories are independent, so their last points are
    x, cumulative = boltzmann(forces_of(name), ROOM)
    last = result["trajectory_position"].values[-1, :, 0]
    assert kolmogorov_smirnov(last, lambda v: np.interp(v, x, cumulative)).p_value > 1e-3
    edges = np.interp(np.linspace(0.0, 1.0, 41), cumulative, x)
    edges[0], edges[-1] = -np.inf, np.inf
    assert chi_squared(np.histogram(last, edges)[0], np.full(40, 1 / 40)).p_value > 1e-3
    momenta = result["trajectory_momentum"].values[-1, :, 0]
    assert kolmogorov_smirnov(momenta, stats.norm(scale=np.sqrt(ROOM / OMEGA)).cdf).p_value > 1e-3
    assert all_times(name, result, ROOM) > 1e-3


def all_times(name: str, result: xr.Dataset, temperature: float) -> float:
    """p-value of the positions at all stored times after the relaxation, correlated within a batch of trajectories only."""
    x, cumulative = boltzmann(forces_of(name), temperature)
    edges = np.interp(np.linspace(0.0, 1.0, 31), cumulative, x)
    edges[0], edges[-1] = -np.inf, np.inf
    since = int(np.searchsorted(result["time"], result.attrs["steady_since"]))
    batches = np.array_split(result["trajectory_position"].values[since:, :, 0], 120, axis=1)
    counts = np.stack([np.histogram(batch, edges)[0] for batch in batches])
    return chi_squared_of_batches(counts, np.full(30, 1 / 30)).p_value


@pytest.mark.parametrize(("name", "step"), [("junction", 300.0), ("junction-position-dependent", 150.0)])
def test_junctions_end_at_300_kelvin_in_the_boltzmann_distribution(name: str, step: float) -> None:
    result = junction(name, 4096, 1.5e6, step, 76)
    check_junction(name, result, 0.03)
    # the test can fail: a temperature 10% off is told apart
    assert all_times(name, result, 1.1 * ROOM) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(("name", "step"), [("junction", 200.0), ("junction-position-dependent", 100.0)])
def test_junctions_reach_300_kelvin_to_0p3_percent(name: str, step: float) -> None:
    check_junction(name, junction(name, 65536, 6e6, step, 151), 0.003)


# two coordinates, nothing separates

MASSES = np.array([1.0, 1.7])


def potential(x: NDArray) -> NDArray:
    a, b = x.T
    return np.asarray(0.5 * a**2 + 0.25 * b**4 + 0.4 * a * b + 0.3 * a**2 * b**2)


def force(x: NDArray) -> NDArray:
    a, b = x.T
    return -np.stack([a + 0.4 * b + 0.6 * a * b**2, b**3 + 0.4 * a + 0.6 * a**2 * b], axis=1)


def symmetric(x: NDArray) -> NDArray:
    """B Bᵀ with a B that depends on both coordinates."""
    a, b = x.T
    root = np.stack([1.0 + 0.5 * np.tanh(b), 0.6 * np.sin(a + b), 0.3 * a / (1 + a**2), 0.7 + 0.3 * np.cos(a)], axis=1)
    root = root.reshape(-1, 2, 2)
    return np.asarray(root @ np.swapaxes(root, 1, 2))


def friction(x: NDArray) -> NDArray:
    """With an antisymmetric part, larger than the symmetric one at some x: it does no work."""
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    return np.asarray(symmetric(x) + (1.5 * np.cos(x[:, 0] - x[:, 1]))[:, None, None] * turn)


def exact_bins(edges: NDArray, temperature: float) -> NDArray:
    """(5, 5): probabilities of the bins between edges (the outer ones open)."""
    fine = np.linspace(-6.0, 6.0, 1201)
    middle = 0.5 * (fine[1:] + fine[:-1])
    grid = np.stack([m.ravel() for m in np.meshgrid(middle, middle, indexing="ij")], axis=1)
    weight = np.exp(-potential(grid) / temperature).reshape(1200, 1200)
    place = np.searchsorted(edges, middle)
    bins = np.zeros((edges.size + 1, edges.size + 1))
    np.add.at(bins, (place[:, None], place[None, :]), weight)
    return bins / bins.sum()


def tensor_ensemble(trajectories: int, duration: float, step: float, temperature: float) -> xr.Dataset:
    field = na.CallableField(
        ["x", "y"], MASSES, force, friction, lambda x: temperature * symmetric(x), potential=potential
    )  # fmt: skip
    return na.langevin(
        field, trajectories=trajectories, duration=duration, step=step, stored=101, keep=trajectories, seed=1,
        initial={"x": 1.0, "y": -1.0, "temperature": 2.0 * temperature},
    )  # fmt: skip


def check_tensor(result: xr.Dataset, temperature: float, accuracy: float) -> None:
    assert result.attrs["steady_state"] == 1
    found = result["steady_kinetic_temperature"].values / temperature
    errors = result["error_steady_kinetic_temperature"].values / temperature
    assert np.all(3 * errors < accuracy) and np.all(np.abs(found - 1.0) < np.minimum(3 * errors, accuracy))
    edges = np.array([-1.2, -0.4, 0.4, 1.2])
    chances = exact_bins(edges, temperature)
    positions = result["trajectory_position"].values
    counts = np.histogramdd(positions[-1], [np.concatenate([[-50.0], edges, [50.0]])] * 2)[0]
    assert chi_squared(counts.ravel(), chances.ravel()).p_value > 1e-3
    since = int(np.searchsorted(result["time"], result.attrs["steady_since"]))
    batches = np.stack([
        np.histogramdd(part.reshape(-1, 2), [np.concatenate([[-50.0], edges, [50.0]])] * 2)[0].ravel()
        for part in np.array_split(positions[since:], 120, axis=1)
    ])  # fmt: skip
    assert chi_squared_of_batches(batches, chances.ravel()).p_value > 1e-3
    # virial: ⟨x_i ∂U/∂x_j⟩ = k_BT δ_ij
    visited = positions[since:]
    virial = -np.einsum("tni,tnj->nij", visited, force(visited.reshape(-1, 2)).reshape(visited.shape)) / len(visited)
    mean = batch_mean(virial / temperature)
    assert np.all(np.abs(mean.deviation(np.eye(2))) < 3.5)
    # positions know nothing of momenta, though the antisymmetric part of the friction turns them
    momenta = result["trajectory_momentum"].values[since:]
    mixed = np.einsum("tni,tnj->nij", momenta, visited) / len(visited)
    assert np.all(np.abs(batch_mean(mixed).deviation(0.0)) < 3.5)


def test_full_friction_tensor_with_an_antisymmetric_part_is_canonical() -> None:
    x = np.random.default_rng(1).standard_normal((200, 2))
    assert np.linalg.eigvalsh(symmetric(x)).min() > 0
    assert np.any(np.abs(friction(x)[:, 0, 1] - friction(x)[:, 1, 0]) > np.abs(np.linalg.det(symmetric(x))))
    check_tensor(tensor_ensemble(1200, 60.0, 0.1, 0.8), 0.8, 0.04)


@pytest.mark.slow
def test_full_friction_tensor_to_half_a_percent() -> None:
    check_tensor(tensor_ensemble(14000, 120.0, 0.05, 0.8), 0.8, 0.005)
