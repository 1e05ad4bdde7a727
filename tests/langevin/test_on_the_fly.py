"""Forces computed where they are asked for: the same as a table, honest errors, nothing computed twice, any order."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from nonadia.friction import electronic_forces
from nonadia.langevin.field import Field
from nonadia.langevin.tables import on_the_fly
from nonadia.langevin.tables.on_the_fly import OnTheFly

from ..friction.systems import position_dependent, two_levels

MODEL = position_dependent(0.1)
X = np.random.default_rng(17).uniform(-0.8, 0.8, (60, 1))
REGION = {"x": (-3.0, 3.0)}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The points of every call of electronic_forces."""
    seen: list[np.ndarray] = []

    def counted(model: Any, points: np.ndarray, **options: Any) -> Any:
        seen.append(points)
        return electronic_forces(model, points, **options)

    monkeypatch.setattr(on_the_fly, "electronic_forces", counted)
    return seen


def test_errors_are_honest() -> None:
    exact = electronic_forces(MODEL, X[:, 0], method="negf")
    stated = []
    for spacing in (0.1, 0.05, 0.025):
        field = OnTheFly(MODEL, REGION, spacing)
        assert isinstance(field, Field)
        friction, noise = field.local(X)
        pairs = {
            "force": (field.force(X), exact["mean_force"].values + MODEL.bare_force(X)),
            "friction": (friction, exact["friction"].values),
            "noise": (noise, exact["noise"].values),
        }
        for name, (found, wanted) in pairs.items():
            true = np.abs(found - wanted).max()
            assert true <= field.errors[name]
            if not field.messages:  # resolved
                assert field.errors[name] < 30 * true
        np.testing.assert_allclose(field.current(X), exact["current"].values, atol=3e-2 * abs(exact["current"]).max().item())
        np.testing.assert_allclose(field.potential(X), MODEL.bare_potential(X))
        stated.append(field.errors["friction"])
    assert field.messages == [], "the finest is resolved"
    assert stated[2] < stated[1] / 6 < stated[0] / 36


def test_only_what_is_visited_is_computed_and_only_once(calls: list[np.ndarray]) -> None:
    field = OnTheFly(MODEL, REGION, 0.05)
    assert not calls
    near = np.array([[0.1], [0.12], [0.15]])
    first = field.force(near)
    assert 1 <= len(calls) <= 2 and field.computed == len(calls)
    assert all(len(points) == 10 for points in calls), "eight nodes and two points between them"
    field.local(near)
    np.testing.assert_array_equal(field.force(near[::-1]), first[::-1])
    assert field.computed == len(calls) <= 2
    field.force(np.array([[-2.0]]))
    assert field.computed == len(calls) > 1


def test_the_order_of_visits_and_threads_do_not_matter() -> None:
    there, back, shared = (OnTheFly(MODEL, REGION, 0.1) for _ in range(3))
    wanted = there.force(X)
    for row in range(len(X) - 1, -1, -1):
        np.testing.assert_array_equal(back.force(X[row : row + 1])[0], wanted[row])
    with ThreadPoolExecutor(4) as pool:
        found = np.concatenate(list(pool.map(shared.force, np.array_split(X, 12))))
    np.testing.assert_array_equal(found, wanted)
    assert shared.errors == there.errors == back.errors
    assert shared.computed == there.computed


def test_a_store_and_a_copy_keep_what_was_computed(calls: list[np.ndarray]) -> None:
    store: dict[str, dict[str, np.ndarray]] = {}
    first = OnTheFly(MODEL, REGION, 0.1, store=store)
    wanted = first.force(X)
    number = len(calls)
    assert len(store) == number > 2
    again = OnTheFly(MODEL, REGION, 0.1, store=store)
    np.testing.assert_array_equal(again.force(X), wanted)
    copy = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(copy.force(X), wanted)
    assert len(calls) == number and again.errors == first.errors == copy.errors
    OnTheFly(position_dependent(0.2), REGION, 0.1, store=store).force(X[:1])
    assert len(calls) > number, "another bias is another model"


def test_two_coordinates() -> None:
    model = two_levels(2, 0.3)
    region = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}
    field = OnTheFly(model, region, {"x": 0.15, "y": 0.2})
    random = np.random.default_rng(17)
    points = random.uniform(-0.3, 0.3, (12, 2))
    exact = electronic_forces(model, points, method="negf")
    friction, noise = field.local(points)
    assert np.abs(field.force(points) - exact["mean_force"].values - model.bare_force(points)).max() <= field.errors["force"]
    assert np.abs(friction - exact["friction"].values).max() <= field.errors["friction"]
    assert np.abs(noise - exact["noise"].values).max() <= field.errors["noise"]
    assert np.abs(friction - np.swapaxes(friction, 1, 2)).max() > 10 * field.errors["friction"], "the tensor is not symmetric"


def test_edges_of_the_region() -> None:
    field = OnTheFly(MODEL, {"x": (-0.4, 0.4)}, 0.05)
    x = np.array([[-0.4], [0.4], [-0.4 - 1e-9], [0.5], [np.nan], [0.39]])
    inside = np.array([True, True, False, False, False, True])
    for values in (field.force(x), field.local(x)[0], field.potential(x), field.current(x)):
        np.testing.assert_array_equal(np.isfinite(values).reshape(6, -1).all(axis=1), inside)
    exact = electronic_forces(MODEL, np.array([-0.4, 0.4]), method="negf")
    np.testing.assert_allclose(field.local(x[:2])[0], exact["friction"].values, rtol=1e-6)


def test_a_coarse_grid_says_which_spacing_would_do() -> None:
    field = OnTheFly(MODEL, REGION, 0.2, tolerance=1e-3)
    field.force(X)
    said = [m for m in field.messages if m.startswith("friction")]
    assert len(said) == 1 and "a spacing of about x: " in said[0]
    spacing = float(said[0].split("x: ")[1].split()[0])
    assert 0.005 < spacing < 0.15
    fine = OnTheFly(MODEL, REGION, 0.5 * spacing, tolerance=1e-3)
    fine.force(X[:5])
    assert fine.messages == []


@pytest.mark.parametrize(
    ("region", "spacing", "message"),
    [
        ({"y": (0.0, 1.0)}, 0.1, r"region: names \['y'\], the coordinates are \['x'\]"),
        ({"x": (1.0, 0.0)}, 0.1, "region: x: from 1.0 to 0.0; must be finite, the lower end first"),
        ({"x": (0.0, np.inf)}, 0.1, "region: x: from 0.0 to inf"),
        (REGION, -0.1, r"spacing: \[-0.1\] must be positive"),
        (REGION, {"y": 0.1}, r"spacing: names \['y'\]"),
        (REGION, 1e-7, "more than 4000000; take a larger spacing"),
    ],
)
def test_refusals(region: Any, spacing: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OnTheFly(MODEL, region, spacing)
