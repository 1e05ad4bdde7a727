"""The shipped Anderson-Holstein molecule at several repulsions: what its page promises, coarse and fast."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.examples import load
from nonadia.friction import convergence_study
from nonadia.models.junction import Junction

STEP = np.sqrt(2) * 20.0  # meV per unit of x


def repelling(U: float) -> Junction:
    return load("anderson-holstein", {"parameters.U": f"{U} meV"}).model


def test_without_repulsion_the_hierarchy_gives_green_functions() -> None:
    study = convergence_study(repelling(0.0), [-3.0, 0.0], tiers=(4,), poles=(6,))
    assert study.attrs["reference"] == "negf (exact)"
    errors = [float(study[f"error_{name}"].values[0, 0]) for name in ("force", "friction", "noise")]
    np.testing.assert_array_less(errors, 2e-4)
    assert study.reference_friction.values.ravel()[1] == pytest.approx(0.756, abs=1e-3)


@pytest.mark.parametrize("U", [100.0, 200.0, 400.0])
def test_two_peaks_shifted_outwards_by_the_entropy_of_spin(U: float) -> None:
    kT = 300 * 0.08617333  # meV
    x = np.array([kT * np.log(2), -U - kT * np.log(2)]) / STEP
    study = convergence_study(repelling(U), np.concatenate([x, x + 0.5, x - 0.5]), tiers=(3,), poles=(6,))
    friction = study.friction.values.ravel()
    assert friction[:2] == pytest.approx(friction[1::-1], rel=2e-2), "particles and holes"
    assert (friction[:2] > friction[2:4]).all() and (friction[:2] > friction[4:]).all()
    assert float(study.fluctuation_dissipation[0, 0]) < 1e-3
