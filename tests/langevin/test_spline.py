"""The stated interpolation error is above the true one, and not far above where the function is resolved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nonadia.langevin.tables.spline import certify, interpolate, points_needed

Function = Callable[[np.ndarray], np.ndarray]
SMOOTH: dict[str, Function] = {
    "sine": lambda x: np.sin(7.0 * x + 0.3),
    "step of width 0.1": lambda x: np.tanh((x - 0.123) / 0.1),
    "lorentzian": lambda x: 1.0 / (1.0 + ((x - 0.31) / 0.15) ** 2),
    "gaussian": lambda x: np.exp(-(((x + 0.27) / 0.2) ** 2)),
    "dispersive": lambda x: (x - 0.1) / 0.2 * np.exp(-(((x - 0.1) / 0.2) ** 2)),
    "step and peak": lambda x: np.tanh(4.0 * x) + 0.3 / np.cosh(9.0 * (x - 0.3)) ** 2,
    "exponential": lambda x: np.exp(-3.0 * x),
}
ROUGH: dict[str, Function] = {
    "kink": lambda x: np.abs(x - 0.2718),
    "cubic kink": lambda x: np.abs(x - 0.2718) ** 3,
    "jump": lambda x: np.where(x > 0.333, 1.0, 0.0),
    "root": lambda x: np.sqrt(x + 1.0),
}


def grid(points: int, even: bool) -> np.ndarray:
    x = np.linspace(-1.0, 1.0, points)
    if even:
        return x
    x = np.sinh(1.5 * x) / np.sinh(1.5)
    shift = np.random.default_rng(points).uniform(-0.2, 0.2, points - 2)
    x[1:-1] += shift * np.minimum(np.diff(x)[1:], np.diff(x)[:-1])
    return x


def true_error(x: np.ndarray, function: Function) -> float:
    z = np.random.default_rng(7).uniform(-1.0, 1.0, 5000)
    return float(np.abs(interpolate(x, function(x))(z) - function(z)).max())


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("name", SMOOTH)
def test_error_of_smooth_functions(name: str, even: bool) -> None:
    function = SMOOTH[name]
    resolved = 0
    for points in (12, 17, 24, 33, 48, 65, 96, 129, 257):
        x = grid(points, even)
        true, stated = true_error(x, function), float(certify(x, function(x)))
        assert stated >= true
        if true < 1e-4 * np.ptp(function(x)):
            resolved += 1
            assert stated < 30 * true
    assert resolved >= 3


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("name", ROUGH)
def test_error_of_functions_without_derivatives(name: str, even: bool) -> None:
    for points in (13, 24, 37, 64, 101, 200):
        x = grid(points, even)
        assert float(certify(x, ROUGH[name](x))) >= true_error(x, ROUGH[name])


@pytest.mark.parametrize("points", [4, 5, 6, 8])
def test_error_from_few_points(points: int) -> None:
    x = np.linspace(-1.0, 1.0, points)
    for function in (SMOOTH["exponential"], lambda x: np.sin(2 * x + 0.3), lambda x: x**4 + x):
        assert float(certify(x, function(x))) >= true_error(x, function)


def test_cubics_and_data_with_noise() -> None:
    x = grid(40, even=False)
    assert float(certify(x, x**3 - x)) < 1e-13, "a cubic is reproduced to rounding"
    wrong = np.sin(x) + 1e-4 * np.random.default_rng(3).normal(size=x.size)
    assert 1e-4 < float(certify(x, wrong)) < 3e-3, "errors of the points are seen"


def test_derivative_of_a_spline() -> None:
    z = np.random.default_rng(5).uniform(-1.0, 1.0, 3000)
    for points in (17, 33, 65, 129):
        x = grid(points, even=True)
        for function, slope in ((np.cos, lambda z: -np.sin(z)), (np.tanh, lambda z: 1.0 / np.cosh(z) ** 2)):
            def scaled(z: np.ndarray, f: Function = function) -> np.ndarray:
                return f(4.0 * z)

            true = np.abs(interpolate(x, scaled(x), 5)(z, nu=1) - 4.0 * slope(4.0 * z)).max()
            stated = float(certify(x, scaled(x), 5, derivative=1))
            assert true <= stated
            if 1e-11 < true < 1e-4:
                assert stated < 30 * true


def test_points_needed_are_enough_for_a_resolved_function() -> None:
    x = grid(33, even=True)
    function = SMOOTH["gaussian"]
    needed = points_needed(33, float(certify(x, function(x))), 1e-7)
    assert true_error(grid(needed, even=True), function) < 1e-7
    assert needed < 400
