"""Rational fits of level widths: accuracy, sign, decay, and what cannot be fitted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from nonadia.models import Junction, LevelWidth, ModelError
from nonadia.models.width_fit import FitError, flat_band, tabulated

WIDE = np.concatenate([np.linspace(-60, 60, 60001), np.geomspace(60, 1e6, 200), -np.geomspace(60, 1e6, 200)])


def check_sound(width: LevelWidth, extent: float) -> None:
    energy = WIDE * extent
    assert np.min(width(energy)) >= 0.0
    assert np.all(width.poles.imag < 0.0)
    # 1/ε² decay: a finite number of electrons' worth of coupling
    far = np.array([1e4, 1e5]) * extent
    assert width(far[1:]) * far[1] ** 2 == pytest.approx(width(far[:1]) * far[0] ** 2, rel=1e-2)
    # J = -2 Im s^R with s^R analytic in the upper half plane (Kramers-Kronig at one energy)
    e0 = 0.3 * extent

    def even(t: float) -> float:
        return float((width(np.array(e0 - t)) - width(np.array(e0 + t))) / t)

    real, _ = quad(even, 0.0, 10 * extent, limit=400)
    tail, _ = quad(even, 10 * extent, np.inf, limit=400)
    assert width.retarded(np.array(e0)).real == pytest.approx((real + tail) / (2 * np.pi), abs=1e-6)


@pytest.mark.parametrize(("edge", "tolerance"), [(0.2, 1e-3), (0.02, 1e-3), (0.1, 1e-5)])
def test_flat_band(edge: float, tolerance: float) -> None:
    width = flat_band(-1.0, 2.0, edge, tolerance)
    energy = np.linspace(-5, 6, 20001)
    exact = 0.25 * (1 + np.tanh((energy + 1) / (2 * edge))) * (1 + np.tanh((2 - energy) / (2 * edge)))
    assert np.max(np.abs(width(energy) - exact)) <= 1.05 * tolerance
    assert width.fit_error <= tolerance
    assert width.poles.size <= 16
    check_sound(width, 3.0)


def test_flat_band_scales_and_shifts() -> None:
    """The same band in other units and at another place is the same function."""
    one, two = flat_band(-1.0, 1.0, 0.1), flat_band(2.8, 3.2, 0.02)
    energy = np.linspace(-2, 2, 101)
    np.testing.assert_allclose(two(3.0 + 0.2 * energy), one(energy), atol=1e-8)


@pytest.mark.parametrize(
    ("function", "points", "tolerance"),
    [
        (lambda e: np.exp(-(e**2)), 41, 1e-3),
        (lambda e: np.exp(-((e - 1) ** 2) / 0.3) + 0.4 * np.exp(-((e + 1) ** 2)), 61, 1e-4),
        (lambda e: 1.0 / (1.0 + 4 * e**2), 61, 1e-3),
        (lambda e: (1 - (e / 3.0) ** 2) ** 2, 31, 1e-3),
        (lambda e: 1 - (e / 3.0) ** 2, 31, 5e-3),  # with corners at the ends
    ],
)
def test_table(function: object, points: int, tolerance: float) -> None:
    assert callable(function)
    energy = np.linspace(-3, 3, points)
    width = tabulated(energy.tolist(), function(energy).tolist(), tolerance=tolerance)
    error = np.max(np.abs(width(energy) - function(energy)))
    assert error <= 1.1 * tolerance * np.max(function(energy))
    check_sound(width, 3.0)


def test_table_of_a_lorentzian_is_nearly_one_pole() -> None:
    """Far into its tails a Lorentzian table comes back as the Lorentzian."""
    energy = np.sinh(np.linspace(-5, 5, 201))
    width = tabulated(energy.tolist(), (1 / (1 + energy**2)).tolist())
    assert width.poles.size <= 3
    strongest = int(np.argmax(np.abs(width.residues)))
    assert abs(width.poles[strongest] + 1j) < 1e-2


@pytest.mark.parametrize(
    ("energies", "values", "words"),
    [
        ([0, 1, 2, 3], [1, 1, 1], "as many"),
        ([0, 2, 1, 3], [1, 1, 1, 1], "increase"),
        ([0, 1, 2, 3], [1, -1, 1, 1], "negative"),
        ([0, 1, 2, 3], [0, 0, 0, 0], "zero"),
        ([0, 1, 2, float("nan")], [1, 1, 1, 1], "finite"),
    ],
)
def test_bad_tables(energies: list[float], values: list[float], words: str) -> None:
    with pytest.raises(FitError, match=words):
        tabulated(energies, values)


def test_fit_that_fails_says_by_how_much() -> None:
    with pytest.raises(FitError, match=r"off by 0\.\d+ of its maximum, more than 0\.001"):
        flat_band(-1.0, 1.0, 1e-5)


def test_from_input() -> None:
    """Fitted shapes are counted from the chemical potential, or from `center`."""

    def model(lead: dict[str, object]) -> LevelWidth:
        base = {"chemical_potential": 0.1, "temperature": 0.01, "couplings": {"d": 0.01}}
        data = {
            "coordinates": {"x": {"mass": 1}},
            "molecule": {"levels": {"d": "x"}},
            "leads": {"L": base | lead},
        }
        return Junction.from_dict(data).leads[0].width

    flat = {"level_width": {"flat": [-1, 1], "edge": 0.1}}
    energy = np.linspace(-2, 2, 51)
    reference = flat_band(-1, 1, 0.1)
    np.testing.assert_allclose(model(flat)(energy), reference(energy - 0.1), atol=1e-12)
    np.testing.assert_allclose(model({**flat, "center": 0})(energy), reference(energy), atol=1e-12)
    table = {
        "level_width": {"energies": ["-2 eV", "-1 eV", 0, "1 eV", "2 eV"], "values": [0, 0.5, 1, 0.5, 0]}
    }
    with pytest.raises(ModelError, match="level_width"):
        model({"level_width": {"energies": [0, 1], "values": [1, 1]}})
    table["level_width"]["tolerance"] = 2e-2  # type: ignore[assignment]
    assert model(table)(np.array([0.1]))[0] == pytest.approx(1.0, abs=2e-2)


def test_polishing_follows_the_exact_derivative() -> None:
    """Three Lorentzians are found back from poles that are off by a quarter of their widths."""
    from nonadia.models.width_fit import _polished

    exact = np.array([-0.6 - 0.3j, 0.1 - 0.2j, 0.7 - 0.4j])
    residues = np.array([0.1 + 0.2j, -0.3 + 0.3j, 0.2 + 0.1j])
    energy = np.linspace(-4.0, 4.0, 401)
    start = exact + np.array([0.07 + 0.02j, -0.05 - 0.03j, 0.06 - 0.08j])
    found = _polished(start, energy, LevelWidth(exact, residues)(energy), 0.01)
    np.testing.assert_allclose(found, exact, atol=1e-8)
