"""HEOM against exact Green's functions: the published junctions, two levels in series, tensors with antisymmetric parts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import physical_constants

from nonadia.baths.decompose import decompose
from nonadia.friction import electronic_forces
from nonadia.friction.evaluate import by_heom, by_negf

from .systems import constant, position_dependent, two_levels

EV = physical_constants["electron volt-hartree relationship"][0]
REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "negf_junctions.json").read_text())


def reference(system: str, bias: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    cases = [c for c in REFERENCE["cases"] if c["system"] == system and c["bias"] == bias]
    values = {name: np.array([c[name] for c in cases]) for name in ("force", "friction", "noise")}
    return np.array([c["x"] for c in cases], dtype=float), values


def in_ev(data: object) -> dict[str, np.ndarray]:
    """force in eV, friction in ħ, noise in eV ħ, as the reference file has them."""
    return {
        "force": data["mean_force"].values[:, 0] / EV,
        "friction": data["friction"].values[:, 0, 0],
        "noise": data["noise"].values[:, 0, 0] / EV,
    }


@pytest.mark.parametrize("bias", [0.0, 0.2, 0.4])
@pytest.mark.parametrize("system", ["J1", "J2"])
def test_published_junctions(system: str, bias: float) -> None:
    model = (constant if system == "J1" else position_dependent)(bias)
    x, expected = reference(system, bias)
    exact = in_ev(electronic_forces(model, x, method="auto"))
    for name, value in expected.items():
        np.testing.assert_allclose(exact[name], value, atol=1e-5, rtol=0)
    data = electronic_forces(model, x, method="heom", tolerance=1e-3)
    assert data.attrs["converged"] == 1 and data.attrs["method"] == "heom"
    hierarchy = in_ev(data)
    for name, value in expected.items():
        assert np.max(np.abs(hierarchy[name] - value)) < 1e-3 * np.max(np.abs(value)), name


@pytest.mark.parametrize("modes", [1, 2])
def test_two_levels_equal_green_functions_with_the_same_bath(modes: int) -> None:
    points = np.array([[0.0], [0.5], [-2.0]]) if modes == 1 else np.array([[0.0, -4.0], [1.0, 2.0]])
    frozen = two_levels(modes, 0.4).at(points)
    baths = [decompose(lead, 3, "pade") for lead in frozen.leads]
    exact = by_negf(frozen, baths, tolerance=1e-11)[0]
    shown = {2: ("force", "friction", "population", "current"), 4: ("force", "friction", "noise", "noise_molecule")}
    for depth, names in shown.items():
        result = by_heom(frozen, baths, depth)
        for name in names:
            expected = getattr(exact, name)
            scale = np.max(np.abs(expected))
            np.testing.assert_allclose(getattr(result, name), expected, atol=1e-8 * scale, rtol=0, err_msg=f"{name}, {depth}")
        if depth == 2:
            assert np.max(np.abs(result.noise - exact.noise)) > 1e-3 * np.max(exact.noise)  # tier 2 is not enough for D


@pytest.mark.parametrize("modes", [1, 2])
def test_two_levels_equal_green_functions_with_the_exact_bath(modes: int) -> None:
    model = two_levels(modes, 0.4)
    points = np.array([[0.0], [0.5], [-0.5], [2.0]]) if modes == 1 else np.array([[0.0, -4.0], [1.0, 2.0], [-3.0, 0.0]])
    exact = electronic_forces(model, points, method="negf")
    data = electronic_forces(model, points, method="heom", tolerance=1e-3)
    assert data.attrs["converged"] == 1
    for name in ("mean_force", "friction", "noise"):
        assert abs(data[name] - exact[name]).max() < 1e-3 * abs(exact[name]).max(), name
        true = abs(data[name] - exact[name]).values
        stated = data[f"error_{name.removeprefix('mean_')}"].values
        assert np.all(true <= stated + 1e-7 * float(abs(exact[name]).max()))


def test_negative_friction_of_donor_and_acceptor() -> None:
    """Values of an independent Green's function code, to the digits given."""
    x = np.array([0.0, 0.5, -0.5, 2.0, -2.0, 0.9, 0.95])
    data = electronic_forces(two_levels(1, 0.4), x, method="heom", tolerance=1e-3)
    friction = data["friction"].values[:, 0, 0]
    np.testing.assert_allclose(friction[:5], [-0.079, -0.051, -0.051, 0.12, 0.12], atol=5e-3)
    assert abs(friction[0] + 0.079) < 5e-4 and friction[5] < 0
    assert np.all(data["noise"].values > 0)
    equilibrium = electronic_forces(two_levels(1, 0.0), x, method="negf")["friction"].values[:, 0, 0]
    assert np.all(equilibrium > 0) and abs(equilibrium[0] - 0.029) < 5e-4
    reverse = electronic_forces(two_levels(1, -0.4), x, method="negf")["friction"].values[0, 0, 0]
    assert abs(reverse - 0.085) < 5e-4


def test_antisymmetric_friction_of_two_modes() -> None:
    point = np.array([[0.0, -4.0]])
    exact = electronic_forces(two_levels(2, 0.4), point)["friction"].values[0]
    np.testing.assert_allclose(exact, [[0.0033, -0.0508], [0.0349, 0.0021]], atol=6e-5)
    data = electronic_forces(two_levels(2, 0.4), point, method="heom", tolerance=1e-3)
    np.testing.assert_allclose(data["friction"].values[0], exact, atol=1e-3 * np.abs(exact).max())
    assert abs(data["friction_antisymmetric"].values[0, 0, 1] + 0.043) < 5e-4
    equilibrium = electronic_forces(two_levels(2, 0.0), np.array([[0.0, -4.0]]), method="heom", tolerance=1e-3)
    largest = np.max(np.abs(equilibrium["friction"].values))
    assert np.max(np.abs(equilibrium["friction_antisymmetric"].values)) < 1e-3 * largest
