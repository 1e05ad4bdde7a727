"""The benchmark junctions are those whose occupations are known, and the grid of geometries is a consistent model."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.bench import geometries, own
from nonadia.bench.cases import CASES, QUICK, Case, Target, select
from nonadia.bench.geometries import junction
from nonadia.heom.size import hierarchy_size

KNOWN = [case for case in CASES if case.occupation is not None]


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case.name)
def test_occupations_are_the_oracles(case: Case) -> None:
    _, solver, state = own._once(case)
    assert case.occupation is not None
    assert abs(own._result(solver, state)["occupation"] - case.occupation) < 2e-9


@pytest.mark.parametrize(
    ("name", "unknowns"), [("SIAM 8/3", 72_724), ("SIAM 4/4", 105_084), ("SIAM 6/4", 397_212), ("vib 8 6/2", 27_008)]
)
def test_sizes_are_those_of_the_notes(name: str, unknowns: int) -> None:
    case = select([name])[0]
    assert hierarchy_size(case.frozen(), [len(e) for e in case.exponents()], case.tiers).unknowns == unknowns


def test_selection() -> None:
    assert [c.name for c in select([])] == [c.name for c in CASES]
    assert [c.name for c in select(["vib"])] == ["vib 8 6/2", "vib 12 6/2", "vib 8 6/3", "vib 12 6/3"]
    assert [c.name for c in select(["siam 4", "SIAM  8/3"])] == ["SIAM 4/3", "SIAM 8/3", "SIAM 4/4"]
    assert [c.name for c in select(QUICK)] == list(QUICK)
    with pytest.raises(ValueError, match='"SIAM 9/3"; nearest: "SIAM 8/3"'):
        select(["SIAM 9/3"])


def test_targets_know_their_direction() -> None:
    assert Target("solve_ratio", 500.0).met(501.0) and not Target("solve_ratio", 500.0).met(499.0)
    assert Target("stream_ratio", 3.0).met(2.9) and not Target("stream_ratio", 3.0).met(3.1)
    assert Target("total_s", 1.0).met(0.9) and not Target("peak_gb", 0.25).met(0.26)


def test_derivatives_of_the_grid_model() -> None:
    x, step = -0.2, 1e-5
    ahead, behind = junction(x + step), junction(x - step)
    np.testing.assert_allclose((ahead.g - behind.g) / (2 * step), junction(x).dg[0], rtol=1e-8)
    np.testing.assert_allclose((ahead.h - behind.h) / (2 * step), junction(x).dh[0], rtol=1e-8)
    assert junction(-9.0).g == pytest.approx([1.0, 0.1], abs=1e-12)


def test_cost_of_a_geometry() -> None:
    answers: dict = {}
    geometries.measure(2, 1, answers.update)
    assert 3 <= answers["solves_per_geometry"] <= geometries.MOST_SOLVES
    assert answers["further_over_first"] == answers["further_s"] / answers["first_s"] > 0
    assert len(answers["iterations"]) == 2 and min(answers["iterations"]) > 0
