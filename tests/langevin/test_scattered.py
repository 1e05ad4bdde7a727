"""Scattered points: honest cross-validated errors, refusal outside, clear errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from nonadia.langevin.field import Field
from nonadia.langevin.tables import scattered
from nonadia.langevin.tables.scattered import ScatteredTable

NAMES = ("x", "y", "z", "u", "v", "w")


def values(points: np.ndarray) -> dict[str, np.ndarray]:
    """Smooth functions of c coordinates."""
    c = points.shape[1]
    along = points.sum(axis=1) / np.sqrt(c)
    matrix = np.eye(c) + 0.3 * np.triu(np.ones((c, c)), 1)  # friction need not be symmetric
    return {
        "mean_force": np.sin(points) + 0.2 * np.cos(along)[:, None],
        "bare_force": -0.3 * points,
        "friction": (0.2 + np.cos(along))[:, None, None] * matrix,
        "noise": (1.5 + np.sin(along))[:, None, None] * np.eye(c),
        "bare_potential": 0.15 * (points**2).sum(axis=1),
        "current": np.stack([along, -along], axis=-1),
    }


def forces(points: np.ndarray, **more: Any) -> xr.Dataset:
    names = list(NAMES[: points.shape[1]])
    dims = {"mean_force": ("mode",), "bare_force": ("mode",), "bare_potential": (), "current": ("lead",)}
    variables = {k: (("point", *dims.get(k, ("mode", "mode_"))), v) for k, v in (values(points) | more).items()}
    coordinates: dict[str, Any] = {name: (("point",), points[:, i]) for i, name in enumerate(names)}
    found = xr.Dataset(variables, coords=coordinates | {"mode": names, "mode_": names, "lead": ["L", "R"]})
    for name in names:
        found[name].attrs["mass"] = 1000.0
    return found


def cloud(count: int, c: int) -> np.ndarray:
    random = np.random.default_rng([5, count, c])
    return random.uniform(-1.0, 1.0, (count, c))


@pytest.mark.parametrize(("c", "counts"), [(2, (40, 120, 300)), (3, (80, 600)), (5, (150, 400)), (6, (300,))])
def test_errors_are_honest(c: int, counts: tuple[int, ...]) -> None:
    stated = []
    for count in counts:
        table = ScatteredTable.from_dataset(forces(cloud(count, c)))
        assert isinstance(table, Field)
        x = cloud(2000, c)
        x = x[table.region.holds(x)]
        assert len(x) > 100
        wanted = values(x)
        gamma, d = table.local(x)
        pairs = {
            "force": (table.force(x), wanted["mean_force"] + wanted["bare_force"]),
            "friction": (gamma, wanted["friction"]),
            "noise": (d, wanted["noise"]),
        }
        for name, (found, exact) in pairs.items():
            true = np.abs(found - exact).max()
            assert true <= table.errors[name]
            assert table.errors[name] < 100 * true
        stated.append(table.errors["friction"])
    assert len(stated) == 1 or stated[-1] < stated[0]


def test_many_points_by_their_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scattered, "EXACT", 100)
    table = ScatteredTable.from_dataset(forces(cloud(400, 2)))
    x = 0.9 * cloud(300, 2)
    x = x[table.region.holds(x)]
    assert np.abs(table.local(x)[0] - values(x)["friction"]).max() <= table.errors["friction"] < 0.05


@pytest.mark.parametrize("c", [2, 3, 6])
def test_outside_is_refused(c: int) -> None:
    points = cloud(60 * c, c)
    table = ScatteredTable.from_dataset(forces(points))
    outside = np.vstack([np.full(c, 1.5), -np.eye(c)[0] * 1.3, np.full(c, np.nan)])
    assert np.isnan(table.force(outside)).all() and np.isnan(table.local(outside)[0]).all()
    assert np.isnan(table.current(outside)).all() and np.isnan(table.potential(outside)).all()
    assert np.isfinite(table.force(points)).all(), "the points themselves are inside"
    np.testing.assert_allclose(table.local(points)[1], values(points)["noise"], atol=1e-8)
    np.testing.assert_array_equal(table.bounds[0], points.min(axis=0))
    assert table.uniform() is None


def test_the_corner_of_a_box_is_outside_the_hull() -> None:
    angle = np.linspace(0, 2 * np.pi, 41)[:-1]
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    table = ScatteredTable.from_dataset(forces(np.vstack([ring, 0.6 * ring[::2], 0.2 * ring[::4]])))
    found = table.force(np.array([[0.9, 0.9], [0.5, 0.5]]))
    assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()


def test_bare_force_as_a_function() -> None:
    points = cloud(200, 2)
    table = ScatteredTable.from_dataset(forces(points), bare_force=lambda x: -0.3 * x)
    x = 0.5 * cloud(100, 2)
    whole = values(x)["mean_force"] + values(x)["bare_force"]
    assert np.abs(table.force(x) - whole).max() <= table.errors["force"]
    by_slope = ScatteredTable.from_dataset(forces(points).drop_vars("bare_force"))
    assert np.abs(by_slope.force(x) - whole).max() <= by_slope.errors["force"] < 0.1
    assert not any("whole force" in m for m in by_slope.messages)
    without = ScatteredTable.from_dataset(forces(points).drop_vars(["bare_force", "bare_potential"]))
    assert any("mean_force is taken as the whole force" in m for m in without.messages)


def test_too_few_points_are_said() -> None:
    said = ScatteredTable.from_dataset(forces(cloud(20, 2)), tolerance=1e-4).messages
    assert any(m.startswith("friction") and "20 points are too few" in m for m in said)
    assert ScatteredTable.from_dataset(forces(cloud(500, 2)), tolerance=0.05).messages == []


def _same(points: np.ndarray) -> np.ndarray:
    points = points.copy()
    points[3] = points[7]
    return points


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: forces(cloud(11, 2)), "11 points are too few for 2 coordinates; at least 12"),
        (lambda: forces(cloud(30, 1)), "one coordinate, x: sort the points and use ForceTable"),
        (lambda: forces(_same(cloud(40, 2))), "is given twice"),
        (lambda: forces(cloud(40, 2) * [1.0, 0.0]), "y: all points have the same value; leave the coordinate out"),
        (lambda: forces(cloud(40, 2)).drop_vars("noise"), "no variable noise"),
        (lambda: forces(cloud(40, 2)).rename(point="where"), 'no dimension "point"; use ForceTable'),
        (lambda: forces(cloud(40, 2), friction=np.full((40, 2, 2), np.nan)), "friction: the values of 40 of 40 points"),
        (lambda: forces(cloud(40, 2), noise=-np.ones((40, 1, 1)) * np.eye(2)), "noise: D is not positive semi-definite at x ="),
    ],
)
def test_refusals(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScatteredTable.from_dataset(data())


def test_negative_mass_is_refused() -> None:
    with pytest.raises(ValueError, match=r"y: mass -2\.0 must be positive"):
        ScatteredTable.from_dataset(forces(cloud(40, 2)), mass=[1.0, -2.0])
