"""Tully's models: transmission and reflection of wave packets against exact close coupling (`scattering`)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import nonadia as na

from .scattering import averaged, probabilities

MASS = 2000.0


def matrices(a: NDArray, b: NDArray, c: NDArray) -> NDArray:
    """(N, 2, 2) of V_11, V_22, V_12."""
    return np.stack([np.stack([a, c], -1), np.stack([c, b], -1)], -2)


def tully_1(x: NDArray) -> NDArray:
    """J. Chem. Phys. 93, 1061 (1990), Eq. (21)"""
    v = 0.01 * np.sign(x) * (1.0 - np.exp(-1.6 * np.abs(x)))
    return matrices(v, -v, 0.005 * np.exp(-(x**2)))


def tully_2(x: NDArray) -> NDArray:
    """Eq. (23)"""
    return matrices(0.0 * x, 0.05 - 0.1 * np.exp(-0.28 * x**2), 0.015 * np.exp(-0.06 * x**2))


def tully_3(x: NDArray) -> NDArray:
    """Eq. (24)"""
    left, right = np.exp(0.9 * np.minimum(x, 0.0)), 2.0 - np.exp(-0.9 * np.maximum(x, 0.0))
    return matrices(6e-4 + 0.0 * x, -6e-4 + 0.0 * x, 0.1 * np.where(x < 0.0, left, right))


MODELS = {"tully-1": (tully_1, 12.0), "tully-2": (tully_2, 18.0), "tully-3": (tully_3, 20.0)}


def scattered(name: str, overrides: dict[str, object], tolerance: float = 1e-6) -> tuple[NDArray, NDArray, float]:
    """Of a shipped input: populations of the surfaces at x > 0 and at x < 0 at the end, and what is left at |x| < 5."""
    experiment = na.load(name, overrides)
    assert experiment.propagation is not None
    duration = experiment.propagation.duration
    options = {"store_every": duration / 4, "tolerance": tolerance, "surfaces": 2, "store_psi": False}
    w = na.propagate(experiment.molecule, experiment.initial, duration, **options)
    assert w.attrs["converged"] == 1, w.attrs["messages"]
    x = w.x.values
    n = w.adiabatic_density.values[-1] * (x[1] - x[0])
    return n[:, x > 0.0].sum(axis=1), n[:, x < 0.0].sum(axis=1), float(n[:, np.abs(x) < 5.0].sum())


def far(p: float, width: float, center: float, grid: tuple[float, float, int], path: float) -> dict[str, object]:
    """Keys for a packet that starts far off, is narrow in momentum, and runs until everything has left."""
    start, stop, points = grid
    return {
        "parameters.p": p,
        "coordinates.x.grid": {"start": start, "stop": stop, "points": points},
        "initial.nuclear.gaussian.center": center,
        "initial.nuclear.gaussian.width": width,
        "propagation.duration": MASS * path / p,
        "propagation.store_every": MASS * path / p / 4,
    }


@pytest.mark.parametrize("p", [15.0, 20.0, 30.0])
def test_shipped_input_tully_1(p: float) -> None:
    through, back, _ = scattered("tully-1", {"parameters.p": p})
    exact, exact_back = averaged(tully_1, MASS, p, 20.0 / p, 12.0)
    assert np.abs(through - exact).max() < 2e-6 and np.abs(back - exact_back).max() < 1e-8


@pytest.mark.parametrize("p", [20.0, 30.0, 50.0])
def test_shipped_input_tully_2(p: float) -> None:
    through, back, _ = scattered("tully-2", {"parameters.p": p})
    exact, _ = averaged(tully_2, MASS, p, 20.0 / p, 18.0, h=0.01)
    # at the start, x = -11, the diabatic state has 2e-4 = V_12/V_22 of the other adiabatic one, which interferes
    assert np.abs(through - exact).max() < 2e-4 and back.max() < 1e-12


FAR = {
    # name, p: width, start, grid, path, tolerance.   p = 5: under the threshold of the upper channel, over a barrier
    ("tully-1", 5.0): (4.0, -26.0, (-90.0, 110.0, 4096), 65.0, 1e-6),
    ("tully-1", 7.0): (6.0, -38.0, (-110.0, 130.0, 4096), 90.0, 1e-6),
    ("tully-1", 10.0): (4.0, -24.0, (-90.0, 130.0, 4096), 85.0, 1e-6),
    ("tully-2", 16.0): (3.0, -28.0, (-60.0, 70.0, 2048), 60.0, 1e-6),
    ("tully-2", 30.0): (0.667, -20.0, (-34.0, 40.0, 2048), 44.0, 1e-6),
    ("tully-3", 10.0): (2.0, -26.0, (-80.0, 120.0, 4096), 54.0, 5e-6),
    ("tully-3", 15.0): (1.333, -24.0, (-70.0, 110.0, 4096), 48.0, 2e-6),
    ("tully-3", 30.0): (3.0, -30.0, (-70.0, 90.0, 4096), 80.0, 2e-6),
}


@pytest.mark.parametrize(("name", "p"), FAR)
def test_converged_packets(name: str, p: float) -> None:
    width, center, grid, path, tolerance = FAR[name, p]
    potential, reach = MODELS[name]
    through, back, inside = scattered(name, far(p, width, center, grid, path))
    assert inside < 1e-7  # everything has left
    exact, exact_back = averaged(potential, MASS, p, width, reach, h=0.01 if name == "tully-2" else 0.02)
    assert exact.sum() + exact_back.sum() == pytest.approx(1.0, abs=1e-9)
    assert np.abs(through - exact).max() < tolerance and np.abs(back - exact_back).max() < tolerance


@pytest.mark.slow
def test_resonances_of_the_upper_surface() -> None:
    """p = 8 of the shipped width overlaps the resonances of the upper surface (at 8.17, 8.57, …), which decay slowly."""
    through, back, inside = scattered("tully-1", far(8.0, 2.5, -18.0, (-380.0, 450.0, 4096), 340.0), tolerance=1e-5)
    exact, exact_back = averaged(tully_1, MASS, 8.0, 2.5, 12.0, points=4001)
    assert inside < 1e-3
    assert np.abs(through - exact).max() < 1e-3 and np.abs(back - exact_back).max() < 1e-3
    assert exact_back[0] > 0.03  # without the resonances it would be 2e-3


def test_close_coupling_against_closed_forms() -> None:
    """Of the reference itself: an Eckart barrier V0/cosh²(x/a) in an open channel (Landau and Lifshitz, §25)."""
    M, V0, a = 100.0, 0.02, 0.8

    def barriers(x: NDArray) -> NDArray:
        return matrices(V0 / np.cosh(x / a) ** 2, 0.5 + 0.0 * x, 0.0 * x)

    energies = np.array([0.012, 0.02, 0.035])
    k = np.sqrt(2.0 * M * energies)
    through, back = probabilities(barriers, M, energies, 0, 24.0, 0.005)
    wave = np.sinh(np.pi * k * a) ** 2
    exact = wave / (wave + np.cosh(0.5 * np.pi * np.sqrt(8.0 * M * V0 * a**2 - 1.0)) ** 2)
    assert np.abs(through[:, 0] - exact).max() < 1e-7
    assert np.abs(through.sum(axis=1) + back.sum(axis=1) - 1.0).max() < 1e-12


def test_absorber_leaves_what_is_reflected() -> None:
    """Behind the crossing everything is absorbed: the norm that is left is the reflection, 0.1497 at p = 5."""
    keys = far(5.0, 4.0, -26.0, (-110.0, 55.0, 2048), 85.0) | {"absorber.potential": "0.004*((x - 15 + abs(x - 15))/40)**2"}
    experiment = na.load("tully-1", keys)
    assert experiment.propagation is not None
    w = na.propagate(experiment.molecule, experiment.initial, experiment.propagation.duration, tolerance=1e-5, store_psi=False)
    _, exact_back = averaged(tully_1, MASS, 5.0, 4.0, 12.0)
    assert abs(float(w.norm[-1]) - exact_back.sum()) < 3e-5
    assert np.all(np.diff(w.norm.values) < 1e-12) and abs(float(w.norm[0]) - 1.0) < 1e-12
