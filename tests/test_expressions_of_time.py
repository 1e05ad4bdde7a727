"""Expressions of coordinates and time: derivatives, parameters that depend on t, terms with time factored out."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from nonadia.expressions import Expression, ExpressionError
from nonadia.models.parameters import resolve
from nonadia.units import FS, Quantity

NAMES = ("r", "R", "t")
VALUES = {"E": Quantity(0.05), "w": Quantity(0.2), "T": Quantity(100.0)}


def build(text: str, **options: object) -> Expression:
    return Expression.build(text, NAMES, VALUES, kind=None, **options)  # type: ignore[arg-type]


def test_value_and_gradient_hold_time() -> None:
    f = build("E*r*sin(w*t) + R**2")
    x = np.array([1.2, 0.7, 3.0])
    assert math.isclose(float(f.value(x)), 0.05 * 1.2 * math.sin(0.6) + 0.49)
    exact = [0.05 * math.sin(0.6), 1.4, 0.05 * 1.2 * 0.2 * math.cos(0.6)]
    assert np.allclose(f.gradient(x), exact, rtol=1e-14)
    assert f.time_dependent and "t" in f.names and not build("r*R").time_dependent


def test_time_only_where_it_is_a_coordinate() -> None:
    with pytest.raises(ExpressionError, match=r'"t" \(time\) is not allowed here'):
        Expression.build("t*r", ("r",), {}, kind=None)


def test_on_an_open_mesh() -> None:
    f = build("exp(-(r - R)**2) + E*r*t")
    r, R = np.linspace(-1, 1, 7)[:, None], np.linspace(0, 2, 5)[None, :]
    points = np.stack(np.broadcast_arrays(r, R, 2.0), axis=-1)
    assert np.array_equal(f.on(r, R, 2.0), f.value(points)) and f.on(r, R, 2.0).shape == (7, 5)
    assert build("3").on(r, R, 0.0).shape == (7, 5) and build("r").on(r, R, 0.0).shape == (7, 5)
    same = build("r").on(r, np.zeros((7, 1)), 0.0)
    same[...] = 9.0
    assert r[0, 0] == -1, "a result never shares memory with what was given"


def test_derivatives_by_name() -> None:
    f = build("diff(sin(w*t)*r**2, t) + diff(r**3*R, r)")
    assert math.isclose(float(f.on(2.0, 0.5, 1.0)), 0.2 * math.cos(0.2) * 4 + 3 * 4 * 0.5)
    assert math.isclose(float(build("diff(diff(r**4, r), r)").on(2.0, 0.0, 0.0)), 48.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("diff(r)", "takes an expression and a coordinate"),
        ("diff(r, E)", '"E" is none; coordinates: r, R, t'),
        ("diff(r, r**2)", "needs a coordinate"),
        ("diff(diff(abs(r), r), r)", "corner"),
        ("derivative(r, R)", "unknown function"),
    ],
)
def test_wrong_derivatives(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words.replace("(", r"\(").replace("**", r"\*\*")):
        build(text)


SEPARABLE = {
    "E*r*sin(w*t) + R**2": 2,
    "(r + 2*R)*E*(t + T - abs(t - T))/(2*T)*sin(w*t) - 1/sqrt(1 + r**2)": 2,
    "(R - 0.1*sin(w*t))**2": 3,
    "E*exp(-I*w*t)*r": 1,
    "cos(w*t)": 1,
    "r*R": 1,
}


@pytest.mark.parametrize("text", SEPARABLE)
def test_time_is_factored_out(text: str) -> None:
    f = build(text, real="I" not in text)
    parts = f.separated()
    assert parts is not None and len(parts) <= SEPARABLE[text] + 1
    r, R = np.linspace(-2, 2, 9)[:, None], np.linspace(0, 3, 8)[None, :]
    for t in (0.0, 7.3, 140.0):
        total = sum((1.0 if factor is None else factor(t)) * g.on(r, R, -55.0) for factor, g in parts)
        assert np.allclose(total, f.on(r, R, t), rtol=1e-12, atol=1e-14)
    assert pickle.loads(pickle.dumps(parts)) == parts


@pytest.mark.parametrize("text", ["exp(-(r - t)**2)", "sin(r*t)", "abs(r - t)", "1/(r + t**2 + 1)"])
def test_what_has_no_such_form(text: str) -> None:
    assert build(text).separated() is None


def test_parameters_of_time() -> None:
    sources = {"T": "2 fs", "g": "a*sin(2*pi*t/T)", "v": "m*diff(g, t)", "a": 0.1, "m": 2000, "c": "2*a"}
    found = resolve(sources, ("x",), time=True)
    assert not found.problems and set(found.functions) == {"g", "v"}
    f = Expression.build("v*x + c", ("x", "t"), found.values, kind=None, functions=found.functions)
    w = 2 * math.pi / (2 * FS)
    assert math.isclose(float(f.on(3.0, 5.0)), 2000 * 0.1 * w * math.cos(w * 5.0) * 3.0 + 0.2)
    slope = f.gradient(np.array([3.0, 5.0]))
    assert math.isclose(slope[1], -2000 * 0.1 * w**2 * math.sin(w * 5.0) * 3.0)
    assert f.text == "v*x + c" and f.time_dependent


def test_faulty_parameters_of_time() -> None:
    found = resolve({"g": "sin(t*q)", "h": "2*g", "diff": 1}, ("x",), time=True)
    assert [key for key, _ in found.problems] == ["parameters.diff", "parameters.g"] and "h" in found.failed
    static = resolve({"g": "sin(t)"}, ("x",))
    assert '"t" (time) is not allowed here' in static.problems[0][1]


def test_a_long_expression_may_take_several_lines() -> None:
    assert float(build("r\n    + R\n    + t").on(1.0, 2.0, 3.0)) == 6.0
