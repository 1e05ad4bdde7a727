"""Grids, the potential along them with its error, and arguments that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.friction import electronic_forces
from nonadia.friction.grid import Grid

from .systems import position_dependent, two_levels


def test_kinds_of_grids() -> None:
    line = Grid.of(["x"], [0.0, 1.0, 3.0])
    assert line.dims == ("x",) and line.points.shape == (3, 1)
    product = Grid.of(["x", "y"], {"y": [5.0, 6.0, 7.0], "x": [0.0, 1.0]})
    assert product.dims == ("x", "y") and product.shape == (2, 3)
    np.testing.assert_array_equal(product.points[:4], [[0, 5], [0, 6], [0, 7], [1, 5]])
    assert Grid.of(["x", "y"], [[1.0, 2.0]]).dims == ("point",)


@pytest.mark.parametrize(
    ("names", "x", "words"),
    [
        (["x", "y"], [0.0, 1.0], "2 coordinates"),
        (["x"], {"z": [0.0]}, "z"),
        (["x"], [0.0, np.nan], "not finite"),
        (["x"], [], "no point"),
    ],
)
def test_grids_that_do_not_fit(names: list[str], x: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Grid.of(names, x)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"tolerance": 0.0},
        {"tolerance_mode": "local"},
        {"method": "exact"},
        {"tiers": 0},
        {"poles": 0},
        {"decomposition": "prony"},
    ],
)
def test_arguments_that_do_not_fit(arguments: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments)).split("_")[0]):
        electronic_forces(position_dependent(), [0.0], **arguments)


def test_potential_of_a_coarse_grid_states_its_error() -> None:
    """Wells of J2 at zero bias (independent values), and an error estimate that covers the true error."""
    model = position_dependent()
    fine = electronic_forces(model, np.linspace(-14, 6, 2001))
    x, v = fine["x"].values, fine["potential"].values
    wells = x[1:-1][(v[1:-1] < v[:-2]) & (v[1:-1] < v[2:])]
    np.testing.assert_allclose(wells, [-5.72, -1.39, 0.64], atol=0.011)
    assert float(fine["error_potential"].max()) < 2e-7  # 5 µeV
    for points in (61, 101, 201):
        coarse = electronic_forces(model, np.linspace(-14, 6, points))
        true = np.abs(coarse["potential"].values - np.interp(coarse["x"].values, x, v - v[0] + float(coarse["potential"][0])))
        stated = coarse["error_potential"].values
        assert true.max() <= stated.max(), points


def test_order_of_the_grid_does_not_matter() -> None:
    model = position_dependent(0.2)
    x = np.array([0.3, -4.0, 2.0, -1.0, 0.0])
    a = electronic_forces(model, x)
    b = electronic_forces(model, np.sort(x))
    for name in ("friction", "potential"):
        np.testing.assert_allclose(a.sortby("x")[name], b[name], rtol=1e-9)


def test_product_grid_equals_list_of_points() -> None:
    model = two_levels(2, 0.4)
    product = electronic_forces(model, {"x": [-1.0, 2.0], "y": [0.0, 1.0, -3.0]})
    listed = electronic_forces(model, [[2.0, -3.0], [-1.0, 1.0]])
    np.testing.assert_allclose(listed["friction"][0], product["friction"].sel(x=2.0, y=-3.0), rtol=1e-6)
    np.testing.assert_allclose(listed["noise"][1], product["noise"].sel(x=-1.0, y=1.0), rtol=1e-6)
    assert product["mean_force"].dims == ("x", "y", "mode") and listed["friction"].dims == ("point", "mode", "mode_")
