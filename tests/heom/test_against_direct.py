"""The reduced hierarchy against the oracle that knows no reduction: every structure the model allows."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.heom.direct import DirectHierarchy
from nonadia.heom.fock import FockSpace
from nonadia.heom.forces import point_forces
from nonadia.heom.generator import Generator
from nonadia.heom.hierarchy import build
from nonadia.heom.modes import Modes
from nonadia.heom.size import hierarchy_size
from nonadia.heom.solver import SteadyStateSolver

from .cases import exponents, random_junction

CASES = {
    "level, depth 1": (dict(levels=1), 2, 1),
    "level, depth 2": (dict(levels=1), 3, 2),
    "level, depth 4": (dict(levels=1), 2, 4),
    "three leads": (dict(levels=1, leads=3), 2, 3),
    "spin-half impurity": (dict(levels=2, leads=1, spin=True), 2, 3),
    "impurity, deeper than charges allow": (dict(levels=2, leads=1, spin=True), 1, 4),
    "two sites, complex hopping": (dict(levels=2), 1, 3),
    "two sites, full coupling matrix": (dict(levels=2, leads=1, full_coupling=True), 2, 3),
    "three sites": (dict(levels=3, leads=1, full_coupling=True), 1, 2),
    "level and vibration": (dict(levels=1, vibrations=(4,)), 2, 2),
    "two sites, two vibrations": (dict(levels=2, leads=1, vibrations=(2, 3), coordinates=1), 1, 2),
}


@pytest.mark.parametrize("name", CASES)
def test_equals_direct_solution(name: str) -> None:
    options, count, depth = CASES[name]
    frozen = random_junction(seed=7, **options)
    # weak, decaying coupling keeps the truncated hierarchy well conditioned for arbitrary exponents
    baths = [exponents(count, lead.chemical_potential, seed=k) for k, lead in enumerate(frozen.leads)]
    direct = DirectHierarchy(frozen, baths, depth)
    expected = direct.forces()
    expected["noise"] = 0.5 * (expected["noise"] + expected["noise"].T)
    modes = Modes.of(frozen, baths)
    hierarchy = build(FockSpace.of(frozen), modes, depth)
    result = point_forces(SteadyStateSolver(Generator(hierarchy, modes, frozen)))
    for key, value in {
        "force": result.mean_force,
        "friction": result.friction,
        "noise": result.noise,
        "population": result.population,
        "current": result.current,
    }.items():
        scale = max(np.max(np.abs(expected[key])), 1e-3)
        np.testing.assert_allclose(value, expected[key], atol=1e-9 * scale, rtol=0, err_msg=f"{name}: {key}")
    assert hierarchy.unknowns < direct.size


def test_unknowns_of_the_charge_sector() -> None:
    """Sizes measured independently (complex elements of the charge sector = real unknowns)."""
    sizes = {(1, 21, 2, False): 3614, (2, 9, 3, True): 72724, (2, 5, 4, True): 105084}
    for (levels, count, depth, spin), expected in sizes.items():
        frozen = random_junction(levels=levels, spin=spin)
        baths = [exponents(count, 0.1, 0), exponents(count, -0.1, 1)]
        modes = Modes.of(frozen, baths)
        assert build(FockSpace.of(frozen), modes, depth).unknowns == expected


def test_vibrational_sector_size() -> None:
    frozen = random_junction(levels=1, vibrations=(12,))
    modes = Modes.of(frozen, [exponents(7, 0.1, 0), exponents(7, -0.1, 1)])
    assert build(FockSpace.of(frozen), modes, 2).unknowns == 60768


@pytest.mark.parametrize("name", CASES)
def test_size_is_known_before_building(name: str) -> None:
    options, count, depth = CASES[name]
    frozen = random_junction(seed=7, **options)
    baths = [exponents(count, 0.0, k) for k in range(len(frozen.leads))]
    hierarchy = build(FockSpace.of(frozen), Modes.of(frozen, baths), depth)
    size = hierarchy_size(frozen, [count] * len(frozen.leads), depth)
    assert size.unknowns == hierarchy.unknowns
    assert size.memory > hierarchy.table_bytes + 16 * int(hierarchy.starts[-1])
