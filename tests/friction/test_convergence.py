"""Convergence studies: exact where the answer is known, honest where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.friction import ResourceError, convergence_study, electronic_forces
from nonadia.models.junction import Junction

from .systems import position_dependent, spin_impurity

KT = 300 * 3.166811563e-6  # Hartree


def level(energy: float) -> Junction:
    """One level at `energy` eV, Γ = 0.1 eV from one lead of 3 eV bandwidth; theory B4 quotes its D at each tier."""
    return Junction.from_dict(
        {
            "coordinates": {"x": {"mass": 1, "unit": "1"}},
            "molecule": {"potential": "0", "levels": {"d": f"{energy / 27.211386245988}*(1 + x)"}},
            "leads": {
                "L": {"chemical_potential": 0, "temperature": "300 K", "bandwidth": "3 eV", "couplings": {"d": "0.1 eV"}}
            },
        }
    )


def test_noise_of_a_level_at_each_tier() -> None:
    study = convergence_study(level(0.05), [0.0], tiers=(2, 3, 4), poles=(3,))
    ratio = (study.noise / study.friction).values.ravel() / KT
    np.testing.assert_allclose(ratio[1:], [1.002, 1.0003], atol=6e-4)  # as measured for theory B4
    assert ratio[0] == pytest.approx(0.81, abs=5e-3), "19% too small at tier 2"
    broken = study.fluctuation_dissipation.values[:, 0]
    reference = float(study.reference_friction[0, 0, 0])
    friction = study.friction.values.ravel()
    np.testing.assert_allclose(broken, abs(ratio - 1) * friction / reference, rtol=1e-6)
    assert study.attrs["reference"] == "negf (exact)" and study.attrs["terminator"] == "zero"


def test_errors_are_differences_to_green_functions() -> None:
    x = np.linspace(-6, 2, 5)
    model = position_dependent(bias=0.2)
    study = convergence_study(model, x, tiers=(1, 2), poles=(4, 8))
    exact = electronic_forces(model, x, method="negf", tolerance=1e-6)
    for error, name in (("error_force", "mean_force"), ("error_friction", "friction"), ("error_noise", "noise")):
        difference = abs(study[name] - exact[name]).max(dim=[d for d in exact[name].dims]) / abs(exact[name]).max()
        np.testing.assert_allclose(study[error].values, difference.values, rtol=1e-5)
        assert study[error].dims == ("tier", "poles")
    assert float(study.error_friction[1, 1]) < 1e-5 < 0.1 < float(study.error_friction[0, 1])  # exact at tier 2, not at 1
    assert "fluctuation_dissipation" not in study, "the law holds at equilibrium only"


def test_error_of_the_finest_pair_is_its_last_two_steps() -> None:
    x = [-3.0, 0.0]
    study = convergence_study(spin_impurity(), x, tiers=(2, 3), poles=(2, 4), terminator="zero")
    for name, quantity in (("mean_force", "force"), ("friction", "friction"), ("noise", "noise")):
        values = study[name].values
        steps = abs(values[1, 1] - values[0, 1]) + abs(values[1, 1] - values[1, 0])
        expected = steps.max() / abs(values[1, 1]).max()
        assert float(study[f"reference_error_{quantity}"]) == pytest.approx(expected, rel=1e-12)
    assert float(study.error_noise[1, 1]) == 0.0 < float(study.error_noise[0, 0])
    single = convergence_study(spin_impurity(), x, tiers=(2,), poles=(2, 4))
    assert np.isinf(float(single.reference_error_noise)), "one number of tiers says nothing about more of them"


def test_a_converged_result_as_reference() -> None:
    x, model = [-3.0, 0.0], spin_impurity()
    study = convergence_study(model, x, tiers=(2, 3), poles=(6,), reference=1e-2)
    forces = electronic_forces(model, x, tolerance=1e-2)
    np.testing.assert_array_equal(study.reference_noise.values, forces.noise.values)
    stated = float((forces.error_noise.max() / abs(forces.noise).max()).values)
    assert float(study.reference_error_noise) == pytest.approx(stated)
    # the study's own best is closer to it than both errors allow, and tier 2 is not
    assert float(study.error_noise[1, 0]) < stated + 5e-3 < float(study.error_noise[0, 0])


def test_what_does_not_fit_is_said_and_left_out() -> None:
    study = convergence_study(spin_impurity(), [0.0], tiers=(2, 8), poles=(2, 40))
    assert np.isnan(study.error_friction.values[1, 1]) and np.isfinite(study.error_friction.values[0, 0])
    assert "8 tiers, 40 poles" in study.attrs["messages"] and study.attrs["complete"] == 0
    with pytest.raises(ResourceError):
        convergence_study(spin_impurity(), [0.0], tiers=(8,), poles=(40,))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tiers": (2, 2)}, "distinct"),
        ({"poles": (0, 2)}, "positive"),
        ({"poles": ()}, "at least one"),
        ({"decomposition": "taylor"}, "pade"),
        ({"terminator": "none"}, "adiabatic"),
    ],
)
def test_arguments_that_make_no_sense(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        convergence_study(spin_impurity(), [0.0], **options)
