"""Coordinates of atoms: values, Jacobians, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.interop.ase_coordinates import BondLength, LinearMap, UserCoordinates, check, numerical_jacobian

POSITIONS = np.array([[0.1, 0.2, 0.3], [1.4, -0.6, 0.9], [-0.7, 2.0, 0.5]])


def angle(positions: np.ndarray) -> float:
    a, b = positions[0] - positions[1], positions[2] - positions[1]
    return float(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


@pytest.mark.parametrize(
    "coordinates",
    [LinearMap(np.arange(18.0).reshape(2, 9), [1.0, 2.0]), BondLength(0, 2, 1.5), UserCoordinates(angle)],
    ids=["linear", "bond", "user"],
)
def test_jacobian_is_the_derivative(coordinates: LinearMap | BondLength | UserCoordinates) -> None:
    move, h = np.random.default_rng(1).normal(size=POSITIONS.shape), 1e-5
    slope = (coordinates.values(POSITIONS + h * move) - coordinates.values(POSITIONS - h * move)) / (2 * h)
    assert np.allclose(np.einsum("cna,na->c", coordinates.jacobian(POSITIONS), move), slope, rtol=1e-8, atol=1e-9)


def test_closed_forms() -> None:
    linear = LinearMap.of_atoms(3, [2, 0], [1, 2])
    assert np.array_equal(linear.values(POSITIONS), [2.0, 0.3])
    bond = BondLength(0, 1, 0.5)
    assert np.isclose(bond.values(POSITIONS)[0], np.sqrt(1.3**2 + 0.8**2 + 0.6**2) - 0.5, rtol=1e-15)
    jacobian = bond.jacobian(POSITIONS)
    assert np.isclose(np.einsum("cna,cna->", jacobian, jacobian), 2.0, rtol=1e-15)  # G = 1/m_1 + 1/m_2
    assert np.allclose(jacobian.sum(axis=1), 0.0)


def test_numerical_jacobian_is_of_fourth_order() -> None:
    exact = BondLength(0, 1).jacobian(POSITIONS)
    coarse, fine = (np.abs(numerical_jacobian(BondLength(0, 1), POSITIONS, h) - exact).max() for h in (0.2, 0.1))
    assert 3.5 < np.log2(coarse / fine) < 4.5


def test_wrong_jacobians_are_named() -> None:
    wrong = UserCoordinates(lambda r: r[0, 0] ** 2, lambda r: np.eye(9).reshape(1, 9, 3, 3)[:, 0])
    with pytest.raises(ValueError, match="Jacobian of q by atom 0, direction x"):
        check(wrong, POSITIONS, ["q"])
    with pytest.raises(ValueError, match="finite number for each of a, b"):
        check(BondLength(0, 1), POSITIONS, ["a", "b"])
    with pytest.raises(ValueError, match=r"shape \(1, 2, 3\)"):
        check(UserCoordinates(angle, lambda r: np.zeros((2, 3))), POSITIONS, ["q"])
    with pytest.raises(ValueError, match="made for 2 atoms"):
        check(LinearMap(np.ones((1, 6))), POSITIONS, ["q"])
    with pytest.raises(ValueError, match="matrix has the shape"):
        LinearMap(np.ones((1, 5)))
