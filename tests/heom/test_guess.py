"""Starting vectors from elsewhere: a bad one costs iterations, never the solution."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.heom.fock import FockSpace
from nonadia.heom.generator import Generator
from nonadia.heom.hierarchy import build
from nonadia.heom.modes import Modes
from nonadia.heom.solver import SteadyStateSolver

from .cases import exponents, random_junction


@pytest.mark.parametrize("size", [1.0, 1e12])
def test_a_guess_of_any_size_gives_the_same_solution(size: float) -> None:
    frozen = random_junction(levels=1, vibrations=(4,), seed=7)
    modes = Modes.of(frozen, [exponents(2, lead.chemical_potential, seed=k) for k, lead in enumerate(frozen.leads)])
    generator = Generator(build(FockSpace.of(frozen), modes, 3), modes, frozen)
    solver = SteadyStateSolver(generator, tolerance=1e-6)
    state = solver.steady_state()
    # a vector with the hierarchy's own symmetry, as solutions at other geometries have it
    wrong = state + size * solver.adjoint(state)
    np.testing.assert_allclose(solver.steady_state(wrong), state, atol=1e-5 * np.abs(state).max())
