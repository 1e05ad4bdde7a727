"""What cannot be factorized is refused with a reason, and what is not a number is never sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nonadia as na
from nonadia.factorization.dataset import relative_residuals
from nonadia.factorization.identities import Balance
from nonadia.factorization.problem import Problem
from nonadia.factorization.snapshot import Scales, residual
from nonadia.models.molecule import GridCoordinate

R = np.linspace(-4.0, 4.0, 64, endpoint=False)
PSI = np.stack([np.exp(-((R - 0.5) ** 2)), 0.5j * np.exp(-((R + 0.5) ** 2))])
H = np.zeros((2, 2, 64))
H[0, 0], H[1, 1], H[0, 1], H[1, 0] = R**2 / 10, R**2 / 10 + 0.1, 0.01, 0.01


def broken(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[0, 0, 20] = np.nan
    return values


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"hamiltonian": broken(H)}, r"electrons.hamiltonian: entry \(1, 1\) is not finite"),
    ({"hamiltonian": lambda psi: np.full(psi.shape, np.nan)}, r"hamiltonian\(psi\) has values that are not finite"),
    ({"psi": 1e-90 * PSI}, "normalise psi"),
    ({"psi": 1e90 * PSI}, "normalise psi"),
    ({"psi": 0.0 * PSI}, "zero everywhere"),
    ({"psi": broken(PSI[None])[0]}, "not finite"),
    ({"density_floor": 0.0}, "density_floor = 0.0"),
    ({"density_floor": 1.0}, "density_floor = 1.0"),
    ({"density_floor": np.nan}, "density_floor = nan"),
    ({"refinement": 0}, "refinement = 0"),
    ({"refinement": 1.5}, "refinement = 1.5"),
    ({"refinement": "high"}, "refinement = 'high'"),
    ({"refinement": True}, "refinement = True"),
    ({"tolerance": 0.0}, "tolerance = 0.0"),
    ({"electronic_volume": -1.0}, "electronic_volume = -1.0"),
    ({"names": ["density"]}, '"density" is a variable'),
    ({"names": ["coordinate"]}, '"coordinate" is a variable'),
    ({"names": ["identity_power_residual"]}, "is a variable"),
    ({"axes": [np.where(np.arange(64) == 30, np.nan, R)]}, "equal steps"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refused(options: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"psi": PSI, "axes": [R], "masses": [1000.0], "hamiltonian": H} | options
    with pytest.raises(ValueError, match=message):
        na.factorize(given.pop("psi"), **given)


def test_two_coordinates_of_one_name_are_refused() -> None:
    psi = PSI[:, :, None] * np.exp(-(R**2))
    with pytest.raises(ValueError, match='"x" occurs twice'):
        na.factorize(psi, [R, R], [1.0, 1.0], names=["x", "x"])


def test_the_norm_does_not_matter_as_far_as_numbers_reach() -> None:
    one = na.factorize(PSI, [R], [1000.0], H)
    other = na.factorize(1e-70 * PSI, [R], [1000.0], H)
    assert np.allclose(one.force, other.force, rtol=1e-9, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("side", ["lhs", "rhs"])
def test_a_side_that_is_not_a_number_is_no_closed_identity(side: str) -> None:
    problem = Problem([GridCoordinate("R", 1.0, 0.0, 1.0, 8)])
    names = ("power", "work", "momentum")
    sides = {f"identity_{name}_{s}": np.ones((2, 1)) for name in names for s in ("lhs", "rhs")}
    sides |= {"power_scale": np.ones(1), "force_scale": np.ones((1, 1)), "torque_scale": np.ones(1)}
    assert set(relative_residuals(problem, sides).values()) == {0.0}
    for name in names:
        sides[f"identity_{name}_{side}"] = np.array([[1.0], [np.nan]])
    assert set(relative_residuals(problem, sides).values()) == {np.inf}


def test_a_snapshot_with_nan_is_not_converged() -> None:
    names = [f"identity_{name}_{side}" for name in ("power", "work") for side in ("lhs", "rhs")]
    numbers = dict.fromkeys(names, 1.0) | {"power_scale": 1.0, "torque_scale": 1.0}
    vectors = {"identity_momentum_lhs": np.ones(1), "identity_momentum_rhs": np.ones(1), "force_scale": np.ones(1)}
    torques = {f"identity_angular_momentum_{side}": np.ones(1) for side in ("lhs", "rhs")}
    assert residual(Balance(numbers, vectors, torques), Scales()) == 0.0
    vectors["identity_momentum_rhs"] = np.array([np.nan])
    assert residual(Balance(numbers, vectors, torques), Scales()) == np.inf
