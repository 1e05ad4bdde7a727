"""Tables of two and three coordinates: tensor-product splines, asymptotes, noise that is no longer positive, speed."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.interpolate import NdBSpline

from nonadia.langevin.tables.spline import interpolate
from nonadia.langevin.tables.table import ForceTable
from nonadia.langevin.tables.tensor import NONE, Axes

from .tables import dataset

POINTS = np.random.default_rng(23).uniform(-1.95, 1.95, (4000, 2))


def u(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 0.1 * x**2 + 0.05 * y**2 + 0.02 * x * y + 0.03 * np.cos(x)


def minus_slope(x: np.ndarray, y: np.ndarray) -> list:
    return [-0.2 * x - 0.02 * y + 0.03 * np.sin(x), -0.1 * y - 0.02 * x]


def mean(x: np.ndarray, y: np.ndarray) -> list:
    return [np.tanh(x + 0.5 * y), 0.3 * np.sin(x * y)]


def gamma(x: np.ndarray, y: np.ndarray) -> list:
    """Neither symmetric nor positive."""
    return [[np.cos(x), 0.4 * np.sin(y)], [-0.3 * x, -0.5 + 0.2 * np.cos(x + y)]]


def spread(x: np.ndarray, y: np.ndarray) -> list:
    off = 0.05 * np.sin(x - y)
    return [[0.2 + 0.1 * np.cos(x), off], [off, 0.3 - 0.05 * np.cos(y)]]


def axis(points: int, even: bool) -> np.ndarray:
    x = np.linspace(-2.0, 2.0, points)
    return x if even else 2.0 * np.sinh(x) / np.sinh(2.0)


def plane(points: tuple[int, int] = (25, 31), even: bool = True, **more: Callable[..., Any]) -> xr.Dataset:
    parts: dict[str, Callable[..., Any]] = {"mean_force": mean, "friction": gamma, "noise": spread, "bare_potential": u}
    axes = {"x": axis(points[0], even), "y": axis(points[1], even)}
    return dataset(axes, ("x", "y"), **(parts | {"current": lambda x, y: [x * y, -x * y]} | more))


def exact(function: Callable[..., Any], points: np.ndarray) -> np.ndarray:
    value = np.asarray(function(*points.T))
    return np.moveaxis(value, -1, 0)


@pytest.mark.parametrize("known", ["potential", "variable", "function"])
@pytest.mark.parametrize("even", [True, False])
def test_errors_of_a_plane_are_honest(even: bool, known: str) -> None:
    function = (lambda z: exact(minus_slope, z)) if known == "function" else None
    for count in (9, 17, 33, 49):
        more = {"bare_force": minus_slope} if known == "variable" else {}
        table = ForceTable.from_dataset(plane((count, count + 3), even, **more), bare_force=function)
        friction, noise = table.local(POINTS)
        found = {"force": table.force(POINTS), "friction": friction, "noise": noise}
        wanted = {
            "force": exact(mean, POINTS) + exact(minus_slope, POINTS),
            "friction": exact(gamma, POINTS),
            "noise": exact(spread, POINTS),
        }
        for name, value in found.items():
            true = np.abs(value - wanted[name]).max()
            assert true <= table.errors[name]
            if count >= 33:
                assert table.errors[name] < 30 * true


def test_values_beside_the_forces() -> None:
    table = ForceTable.from_dataset(plane())
    np.testing.assert_allclose(table.potential(POINTS), u(*POINTS.T), atol=1e-5)
    np.testing.assert_allclose(table.current(POINTS)[:, 0], POINTS.prod(axis=1), atol=1e-12)
    np.testing.assert_array_equal(table.local(POINTS)[1], np.swapaxes(table.local(POINTS)[1], 1, 2))
    assert table.uniform() is None
    copy = pickle.loads(pickle.dumps(table))
    np.testing.assert_array_equal(copy.force(POINTS), table.force(POINTS))
    assert ForceTable.from_dataset(plane().drop_vars("bare_potential")).potential(POINTS) is None


def test_a_point_does_not_know_the_others() -> None:
    table = ForceTable.from_dataset(plane(even=False))
    whole = table.force(POINTS), *table.local(POINTS)
    for part in (slice(0, 1), slice(7, 1234)):
        for a, b in zip(whole, (table.force(POINTS[part]), *table.local(POINTS[part])), strict=True):
            np.testing.assert_array_equal(a[part], b)


@pytest.mark.parametrize("shape", [(7,), (5, 9), (4, 6, 8)])
def test_compiled_splines_are_those_of_scipy(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(23)
    axes = [np.sort(random.uniform(-1.0, 1.0, n)) for n in shape]
    values = random.normal(size=(*shape, 5))
    grid = Axes(axes)
    coefficients = grid.coefficients(values)
    policy = np.full((len(shape), 2), NONE)
    x = np.stack([random.uniform(a[0], a[-1], 500) for a in axes], axis=-1)
    reference = NdBSpline(tuple(interpolate(a, a).t for a in axes), coefficients, 3)
    for orders in ((0,) * len(shape), (1,) + (0,) * (len(shape) - 1), (0,) * (len(shape) - 1) + (2,)):
        wanted = reference(x, nu=orders)
        np.testing.assert_allclose(grid.evaluate(coefficients, x, policy, orders), wanted, atol=1e-12 * np.abs(wanted).max())
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(shape))
    scale = 1e-12 * np.abs(coefficients).max()
    np.testing.assert_allclose(grid.evaluate(coefficients, mesh, policy), values.reshape(-1, 5), atol=scale)


@pytest.mark.parametrize("function", [False, True])
def test_asymptotes_of_a_plane(function: bool) -> None:
    sides = {"x": {"lower": "free", "upper": "linear"}, "y": {"upper": "constant"}}
    bare = (lambda z: exact(minus_slope, z)) if function else None
    table = ForceTable.from_dataset(plane((41, 43)), asymptote=sides, bare_force=bare)
    x = np.array([[-2.5, 0.3], [2.5, 0.3], [0.3, 2.5], [0.3, -2.5], [2.5, 2.5], [-2.5, -2.5], [np.nan, 0.0]])
    force, (friction, noise) = table.force(x), table.local(x)
    lost = np.array([False, False, False, True, False, True, True])
    for array in (force, friction, noise, table.potential(x), table.current(x)):
        np.testing.assert_array_equal(np.isnan(array).reshape(7, -1).any(axis=1), lost)
    assert not force[0].any() and not friction[0].any() and not noise[0].any(), "free"
    np.testing.assert_allclose(friction[1], table.local(np.array([[2.0, 0.3]]))[0][0])
    edge = np.array([[2.0, 0.3], [2.0 - 1e-4, 0.3]])
    at = table.force(edge)
    np.testing.assert_allclose(force[1], at[0] + 0.5 * (at[0] - at[1]) / 1e-4, rtol=1e-3)
    np.testing.assert_allclose(force[2], table.force(np.array([[0.3, 2.0]]))[0], rtol=1e-12)
    np.testing.assert_allclose(force[4], table.force(np.array([[2.5, 2.0]]))[0], rtol=1e-12)
    # U_0 goes on with its slope, and with its curvature where the force is linear
    h = 1e-4
    for outer, step in (([2.5, 0.3], [h, 0.0]), ([0.3, 2.5], [0.0, h])):
        inner = np.clip(outer, -2.0, 2.0)[None]
        at_edge = exact(minus_slope, inner)[0]
        curved = at_edge[0] + 0.5 * (-0.2 + 0.03 * np.cos(2.0)) if outer[0] > 2 else at_edge[1]
        ends = table.potential(np.array([np.add(outer, step), np.subtract(outer, step)]))
        assert -(ends[0] - ends[1]) / (2 * h) == pytest.approx(curved, abs=1e-4)


def test_noise_of_rank_one_stays_positive() -> None:
    def vector(x: np.ndarray, y: np.ndarray) -> list:
        a, b = np.cos(x + y), np.sin(x - 0.5 * y)
        return [[a * a, a * b], [a * b, b * b]]

    table = ForceTable.from_dataset(plane((21, 21), noise=vector))
    assert any("below zero" in message for message in table.messages)
    noise = table.local(POINTS)[1]
    assert np.linalg.eigvalsh(noise).min() > -1e-15
    assert np.abs(noise - exact(vector, POINTS)).max() <= 2 * table.errors["noise"]
    broken = plane((21, 21), noise=lambda x, y: [[0.1, 0.2 * x], [0.2 * x, 0.1]])
    with pytest.raises(ValueError, match=r"noise: D is not positive semi-definite at x = 2, y = -2"):
        ForceTable.from_dataset(broken.isel(x=slice(10, None)))


def test_driven_plane() -> None:
    bias = np.linspace(0.0, 1.0, 12)
    axes = {"bias": bias, "x": axis(21, True), "y": axis(23, True)}
    parts = {
        "mean_force": lambda b, x, y: [np.tanh(x + b), b * y],
        "friction": lambda b, x, y: [[np.cos(b), 0.0], [b, x]],
        "noise": lambda b, x, y: [[1 + b, 0.1], [0.1, 1.0]],
    }
    table = ForceTable.from_dataset(dataset(axes, ("x", "y"), **parts), drive={"bias": lambda t: 0.01 * t})
    for t in (3.0, 55.5, 100.0):
        b, (x, y) = 0.01 * t, POINTS.T
        assert np.abs(table.force(POINTS, t) - np.stack([np.tanh(x + b), b * y], axis=-1)).max() <= table.errors["force"]
        friction, noise = table.local(POINTS, t)
        np.testing.assert_allclose(friction[:, 1, 0], b, atol=1e-12)
        np.testing.assert_allclose(noise[:, 0, 0], 1 + b, atol=1e-12)
    one = table.messages[0]
    assert "mean_force is taken as the whole force" in one


def test_three_coordinates() -> None:
    axes = {name: np.linspace(-1.0, 1.0, 13) for name in "xyz"}
    eye = np.eye(3).tolist()
    parts = {
        "mean_force": lambda x, y, z: [np.sin(x + y), np.cos(z), x * y * z],
        "friction": lambda x, y, z: [[np.sin(x), y, z], [0.0, 1.0, x], [y * z, 0.0, 2.0]],
        "noise": lambda x, y, z: eye,
    }
    table = ForceTable.from_dataset(dataset(axes, ("x", "y", "z"), **parts), asymptote={"z": {"upper": "constant"}})
    random = np.random.default_rng(23)
    points = random.uniform(-1.0, 1.0, (500, 3))
    x, y, z = points.T
    wanted = np.stack([np.sin(x + y), np.cos(z), x * y * z], axis=-1)
    assert np.abs(table.force(points) - wanted).max() <= table.errors["force"]
    np.testing.assert_allclose(table.local(points)[0][:, 2, 0], y * z, atol=1e-12)


def test_a_plane_too_coarse_names_the_axis() -> None:
    said = ForceTable.from_dataset(plane((7, 61)), tolerance=1e-3).messages
    assert any("x has 7 points and needs at least" in m and "y has" not in m for m in said)


def test_two_coordinates_are_fast() -> None:
    """Some 180 ns a point measured; the bound leaves room for a loaded machine."""
    table = ForceTable.from_dataset(plane((60, 60)))
    random = np.random.default_rng(23)
    points = random.uniform(-2.0, 2.0, (100_000, 2))
    best = np.inf
    for _ in range(4):
        started = time.process_time()
        table.force(points)
        table.local(points)
        best = min(best, time.process_time() - started)
    assert best / len(points) < 2e-6
