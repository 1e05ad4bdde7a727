"""Random quantities and expressions: units there and back, time factored out, exact derivatives along a complex step."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from nonadia.expressions import Expression, ExpressionError
from nonadia.units import UNITS, atomic, parse, require

from .cases import cases

Sizes = st.floats(1e-12, 1e12).flatmap(lambda v: st.sampled_from([v, -v]))
Units = st.sampled_from(sorted(UNITS))


@cases(300)
@given(Sizes, Units)
def test_a_quantity_there_and_back(value: float, unit: str) -> None:
    factor, kind = UNITS[unit]
    found = parse(f"{value!r} {unit}")
    assert found.kind == kind and math.isclose(found.value / factor, value, rel_tol=4e-16)
    assert require(found, kind) == found.value == atomic(f"  {value!r}{'' if unit[0].isalpha() else ' '}{unit} ", kind)


@cases(200)
@given(Sizes, Units, Units)
def test_one_unit_in_another(value: float, one: str, other: str) -> None:
    """The same quantity written in two units of its kind."""
    assume(UNITS[one][1] == UNITS[other][1])
    again = value * UNITS[one][0] / UNITS[other][0]
    assert math.isclose(atomic(f"{value!r} {one}", UNITS[one][1]), atomic(f"{again!r} {other}", UNITS[one][1]), rel_tol=1e-15)


# functions that are analytic, so that f(x + ih) is defined by the same text
ANALYTIC = ["sin", "cos", "exp", "tanh", "sinh", "cosh"]
LEAVES = st.sampled_from(["x", "y", "a", "2", "0.5", "3", "pi"])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*"]), inner),
        st.builds("({}/(2 + ({})**2))".format, inner, inner),
        st.builds("{}({}/3)".format, st.sampled_from(ANALYTIC), inner),
        st.builds("({})**{}".format, inner, st.sampled_from(["2", "3"])),
    ),
    max_leaves=7,
)
POINTS = np.array([[0.7, -1.3], [-1.1, 0.4], [0.05, 1.9]])


@cases(80)
@given(TREES)
def test_gradient_by_a_complex_step(text: str) -> None:
    """∂f/∂x = Im f(x + ih)/h, exact to rounding: no difference is taken (Squire, Trapp, SIAM Rev. 40, 110 (1998))."""
    try:
        expression = Expression.build(text, ("x", "y"), {"a": parse("0.3 Ha")}, kind=None)
    except ExpressionError:
        assume(False)
    value, gradient = expression.value(POINTS), expression.gradient(POINTS)
    assume(np.all(np.isfinite(gradient)) and np.abs(gradient).max() < 1e6)
    h = 1e-30
    for i in range(2):
        names = {"x": POINTS[:, 0] + (1j * h if i == 0 else 0), "y": POINTS[:, 1] + (1j * h if i == 1 else 0)}
        stepped = eval(text, {name: getattr(np, name) for name in ANALYTIC} | {"pi": np.pi, "a": 0.3} | names)
        expected = np.broadcast_to(np.imag(stepped), value.shape) / h
        assert np.abs(gradient[:, i] - expected).max() < 1e-11 * (1.0 + np.abs(expected).max() + np.abs(value).max()), text


TIMED = st.lists(
    st.tuples(st.sampled_from(["sin(2*t)", "t**2", "exp(-t)", "cos(t + a)", "1"]), TREES), min_size=1, max_size=3
)


@cases(40)
@given(TIMED)
def test_time_factored_out_gives_the_function_back(terms: list[tuple[str, str]]) -> None:
    """f = Σ_k f_k(t) g_k(x, y) at other times and places than those that were looked at."""
    text = " + ".join(f"{f}*({g})" for f, g in terms)
    try:
        expression = Expression.build(text, ("x", "y", "t"), {"a": parse("0.3 Ha")}, kind=None)
        parts = expression.separated()
    except ExpressionError:
        assume(False)
    assume(parts is not None)
    t = 0.83
    where = np.column_stack([POINTS, np.full(len(POINTS), t)])
    expected = expression.value(where)
    assume(np.all(np.isfinite(expected)) and np.abs(expected).max() < 1e8)
    pieces = [(1.0 if f is None else f(t)) * g.value(where) for f, g in parts or []]
    size = 1.0 + np.max(np.abs(pieces), initial=0.0)
    assert np.abs(np.sum(pieces, axis=0) - expected).max() < 1e-11 * size, text
