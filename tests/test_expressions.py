"""Expressions against mpmath at 30 digits, and against everything one should not be able to write."""

from __future__ import annotations

import pickle

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nonadia.expressions import ComplexValueError, Expression, ExpressionError, not_finite
from nonadia.formula import FUNCTIONS, name_problem
from nonadia.units import Quantity, parse

PARAMETERS = {"a": Quantity(0.3), "lam": parse("20 meV"), "q": Quantity(0.1)}
COORDINATES = ("x", "y")

# text and the same function written independently in mpmath
CASES = {
    "lam*x + q": lambda x, y: mpmath.mpf(PARAMETERS["lam"].value) * x + mpmath.mpf(0.1),
    "(1 - q)/2*(1 - tanh(x/a)) + q": lambda x, y: (
        (1 - mpmath.mpf(0.1)) / 2 * (1 - mpmath.tanh(x / mpmath.mpf(0.3))) + mpmath.mpf(0.1)
    ),
    "exp(-x**2)*cos(3*y) - sin(x*y)": lambda x, y: (
        mpmath.exp(-(x**2)) * mpmath.cos(3 * y) - mpmath.sin(x * y)
    ),
    "sqrt(x**2 + 1)/(2 + y**4)**0.5": lambda x, y: mpmath.sqrt(x**2 + 1) / mpmath.sqrt(2 + y**4),
    "erf(x/2)*sinh(y) + cosh(x)": lambda x, y: mpmath.erf(x / 2) * mpmath.sinh(y) + mpmath.cosh(x),
    "log(3 + x) - tan(y/4) + pi": lambda x, y: mpmath.log(3 + x) - mpmath.tan(y / 4) + mpmath.pi,
    "abs(x)**3 + abs(y - 0.1)": lambda x, y: abs(x) ** 3 + abs(y - mpmath.mpf(0.1)),
    "+x**-2 - -y": lambda x, y: x**-2 + y,
    "2**x": lambda x, y: mpmath.mpf(2) ** x,
}
POINTS = np.array([[0.7, -1.3], [-1.1, 0.4], [0.05, 1.9], [2.3, -0.6]])


def build(text: str | float, real: bool = True) -> Expression:
    return Expression.build(text, COORDINATES, PARAMETERS, real=real)


@pytest.mark.parametrize("text", CASES)
def test_value_and_gradient(text: str) -> None:
    expression, exact = build(text), CASES[text]
    value, gradient = expression.value(POINTS), expression.gradient(POINTS)
    assert value.shape == (4,) and gradient.shape == (4, 2)
    with mpmath.workdps(40):
        for k, (x, y) in enumerate(POINTS):
            point = (mpmath.mpf(x), mpmath.mpf(y))
            scale = 1.0 + abs(float(exact(*point)))
            assert abs(value[k] - float(exact(*point))) < 4e-15 * scale
            for i, order in enumerate(((1, 0), (0, 1))):
                slope = float(mpmath.diff(exact, point, order))
                assert abs(gradient[k, i] - slope) < 2e-14 * (1.0 + abs(slope))


def test_complex_value_and_gradient() -> None:
    expression = build("exp(I*x)*(1 + I*y)", real=False)
    x, y = POINTS.T
    np.testing.assert_allclose(expression.value(POINTS), np.exp(1j * x) * (1 + 1j * y), rtol=1e-14)
    expected = np.stack([1j * np.exp(1j * x) * (1 + 1j * y), 1j * np.exp(1j * x)], axis=-1)
    np.testing.assert_allclose(expression.gradient(POINTS), expected, rtol=1e-14)


def test_shapes_and_constants() -> None:
    grid = np.zeros((3, 5, 2))
    for source in ("lam", "30 meV", 0.5, "q*2", "x*0 + 1", "x"):
        expression = build(source)
        assert expression.value(grid).shape == (3, 5)
        assert expression.gradient(grid).shape == (3, 5, 2)
        assert expression.value(np.zeros(2)).shape == ()
    assert build("30 meV").value(grid)[0, 0] == parse("30 meV").value
    assert not build("lam").gradient(grid).any()
    with pytest.raises(ValueError, match="shape"):
        build("x").value(np.zeros(3))


def test_scalar_for_one_coordinate() -> None:
    expression = Expression.build("x**2", ("x",))
    assert expression.value(3.0) == 9.0
    assert expression.gradient(3.0) == np.array([6.0])


def test_all_digits_are_kept() -> None:
    """Numbers pass through without being rounded again."""
    for number in (0.30000000000000004, 1 / 3, 1.2345678901234567e-15, 9.87e25):
        assert build(repr(number)).value(np.zeros(2)) == number
        assert build(f"{number!r}*x").value(np.array([1.0, 0.0])) == number


@pytest.mark.parametrize(
    ("text", "corners"),
    [
        ("abs(x)", [0.0]),
        ("abs(x)**3 + abs(x)*x", []),  # |x|³ and x|x| are smooth enough
        ("3 - 2*abs(x - 1)*exp(x) + x**2", [1.0]),
        ("abs(x**2 - 1)", [-1.0, 1.0]),
        ("abs((x - 1)**3)", []),
        ("sqrt(x**2)", [0.0]),
        ("abs(1 + x**2)", []),
        ("tanh(x)", []),
    ],
)
def test_corners_of_abs(text: str, corners: list[float]) -> None:
    x = np.linspace(-2.0, 2.0, 9)[:, None]
    found = Expression.build(text, ("x",)).corner(x)[:, 0]
    assert x[found, 0].tolist() == corners


def test_derivative_of_abs() -> None:
    x = np.array([[-2.0, 0.0], [0.0, 0.0], [3.0, 0.0]])
    np.testing.assert_array_equal(build("abs(x)").gradient(x)[:, 0], [-1.0, 0.0, 1.0])


def test_pickle_and_equality() -> None:
    expression = build("lam*x**2 + tanh(y)")
    copy = pickle.loads(pickle.dumps(expression))
    assert copy == expression
    np.testing.assert_array_equal(copy.gradient(POINTS), expression.gradient(POINTS))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lamb*x", 'undefined symbol "lamb"; did you mean "lam"?.*a, lam, q, x, y'),
        ("tnah(x)", 'unknown function "tnah"; did you mean "tanh"'),
        ("x(3)", "write \\* for a product"),
        ("tanh(x, y)", "one argument"),
        ("x^2", "write \\*\\*"),
        ("x +", "cannot read"),
        ("lam x", "cannot read"),
        ("2*3 meV", "parameters"),
        ("30 fs", '"30 fs" is a time'),
        ("1/0", "not finite"),
        ("log(0)*x", "not finite"),
        ("9**9**9", "power"),
        ("x**1000", "power 1000; at most 100"),
        ("1e999", "too large"),
        ("abs(exp(exp(exp(99))) - 1)", "too large"),
        ("2**exp(exp(1e300))", "too large"),
        ("sin(1e200)", "too large"),
        ("2e200*3e200*x", "too large"),
        ("t*x", "time"),
        ("sin", "is a function"),
        ("", "empty"),
        ("x.real", "not allowed"),
        ("x < y", "not allowed"),
        ("[x]", "not allowed"),
        ("'x'", "not a real number"),
        ("2j", "unit"),
        ("x*2j", "imaginary unit is I"),
        ("lambda: x", "not allowed"),
        ("(x := 3)", "not allowed"),
        ("().__class__.__bases__[0]", "not allowed"),
        ("__import__('os').system('true')", "not allowed|unknown function"),
        ("exec('x')", "unknown function"),
        ("x\0", "null"),
        ("(" * 500 + "x" + ")" * 500, "nested"),
        ("-" * 3900 + "x", "terms and factors|nested"),
        ("x" * 5000, "characters"),
        ("abs(x + I)", "complex"),
    ],
)
def test_refused(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        build(text)


@pytest.mark.parametrize("text", ["I*x", "exp(I*x)", "(-8)**(1/3)*x", "sqrt(-2)*y"])
def test_complex_where_real_is_needed(text: str) -> None:
    with pytest.raises(ComplexValueError, match=r"complex.* at x = 0\.7"):
        build(text).value(POINTS)


def test_not_finite_names_the_point() -> None:
    expression = build("log(x)/y")
    points = np.array([[1.0, 2.0], [-1.0, 2.0], [1.0, 0.0]])
    message = not_finite(expression.value(points), points, COORDINATES)
    assert message is not None and "nan at x = -1, y = 2" in message
    expression = build("sqrt(x)")
    points = np.array([[1.0, 2.0], [0.0, 2.0]])
    assert not_finite(expression.value(points), points, COORDINATES) is None
    message = not_finite(expression.gradient(points), points, COORDINATES)
    assert message is not None and "derivative with respect to x is inf at x = 0, y = 2" in message


@pytest.mark.parametrize("name", ["lambda", "sin", "t", "I", "2x", "a-b", "a b", "ℝ"])
def test_bad_names(name: str) -> None:
    assert name_problem(name) is not None


@pytest.mark.parametrize("name", ["lambda", "as", "is", "import", "in", "or", "finally"])
def test_the_name_proposed_for_a_reserved_word_is_a_good_one(name: str) -> None:
    message = name_problem(name)
    assert message is not None and name_problem(message.split('"')[-2]) is None, message


def test_good_names() -> None:
    for name in ("x", "Omega", "ε0", "lam_2", "numpy", "sign", "array"):
        assert name_problem(name) is None
    # names of NumPy's own functions cannot shadow what the compiled code uses
    shadow = Expression.build(
        "abs(sign)*array + exp(numpy)", ("sign",), {"array": Quantity(2.0), "numpy": Quantity(0.0)}
    )
    assert shadow.value(-3.0) == 7.0 and shadow.gradient(-3.0) == -2.0


TOKENS = [*FUNCTIONS, "x", "y", "lam", "a", "I", "pi", "t", "(", ")", "(", ")", "+", "-", "*", "/", "**"]
TOKENS += [
    "0",
    "1",
    "2",
    "3",
    "0.5",
    "7",
    "1e9",
    "99",
    "exp(exp(exp(",
    "1e300",
    ",",
    " ",
    "meV",
    "=",
    ".",
    "[",
    "'",
    "z",
]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join), st.text(max_size=30)))
def test_no_text_escapes(text: str) -> None:
    """Whatever is written: a function of x, or an ExpressionError; never another exception."""
    try:
        expression = build(text, real=False)
        assert expression.value(POINTS).shape == (4,)
        assert expression.gradient(POINTS).shape == (4, 2)
    except ExpressionError as error:
        assert str(error)


LEAVES = st.sampled_from(["x", "y", "lam", "a", "2", "0.5", "3", "pi", "x"])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
        st.builds("{}({})".format, st.sampled_from(FUNCTIONS), inner),
        st.builds("({})**{}".format, inner, st.sampled_from(["2", "3", "(1/2)", "(-1)"])),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_gradient_is_the_derivative_of_value(text: str) -> None:
    """Against a Richardson-extrapolated central difference, wherever the function is tame."""
    try:
        expression = build(text)
        value, gradient = expression.value(POINTS), expression.gradient(POINTS)

        def difference(i: int, h: float) -> np.ndarray:
            step = np.eye(2)[i] * h
            with np.errstate(invalid="ignore"):  # inf - inf
                return (expression.value(POINTS + step) - expression.value(POINTS - step)) / (2 * h)

        estimates = [
            np.stack([(4 * difference(i, h / 2) - difference(i, h)) / 3 for i in range(2)], axis=-1)
            for h in (1e-3, 5e-4)
        ]
    except ExpressionError:
        return
    with np.errstate(all="ignore"):
        scale = 1.0 + np.abs(value)[:, None] + np.abs(gradient)
        trusted = np.abs(estimates[0] - estimates[1]) < 1e-8 * scale
        trusted &= np.isfinite(gradient) & (scale < 1e6)
        wrong = trusted & (np.abs(gradient - estimates[1]) > 1e-6 * scale)
    assert not wrong.any(), (text, gradient, estimates[1])
