"""L c = 0: one null vector by inverse iteration, refined in x, in p and in the size of the box until nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TypeVar

import numpy as np

from ..field import Field
from .basis import Basis, FloatArray
from .box import Box, adapted, antiderivative, edge_ratios, wider
from .operator import Factors, Operator, Walls
from .state import State, distances

REFINE = 1.4
FIRST = (48, 48)  # cells of the first solution
LARGEST = 120_000_000  # elements of the LU factors (1 GB) that no grid may exceed
SLOW = "the slowest relaxation cannot be told from none in double precision: the weights of separate wells are not determined"
Solved = TypeVar("Solved")
Potential = Callable[[FloatArray], FloatArray]


@dataclass
class Search:
    """What is being solved, where, and what has been found out on the way."""

    physical: Field
    box: Box
    beta: float
    walls: Walls = ("reflecting", "reflecting")
    time: float = 0.0
    largest: int = LARGEST
    messages: list[str] = attribute(default_factory=list)

    def operator(self, cells: tuple[int, int], box: Box | None = None) -> Operator:
        """Bases and matrices on equal cells of a box."""
        where = box or self.box
        beta = min(self.beta, 100.0 * float(self.physical.masses[0]) / where.momentum**2)  # e^{-50} is small enough
        work = antiderivative(self.physical, where, self.time)
        mass = float(self.physical.masses[0])
        x = Basis(np.linspace(where.lower, where.upper, cells[0] + 1), lambda y: -50.0 * np.tanh(beta * work(y) / 50.0))
        p = Basis(np.linspace(-where.momentum, where.momentum, cells[1] + 1), lambda y: -beta * y**2 / (2.0 * mass))
        return Operator(self.physical, x, p, beta, self.walls)

    def potential(self, box: Box | None = None) -> Potential:
        """The field's own potential, or -∫F with its minimum at zero."""
        known = self.physical.potential(np.array([[self.box.lower]]), self.time)
        if known is None:
            return antiderivative(self.physical, box or self.box, self.time)

        def own(x: FloatArray) -> FloatArray:
            return np.asarray(self.physical.potential(x[:, None], self.time))

        return own

    def stationary(self, cells: tuple[int, int], box: Box | None = None) -> State:
        """The null vector on one grid."""
        operator = self.operator(cells, box)
        return State(operator, null_vector(operator, self.time, self.messages), self.potential(box))

    def allowed(self, cells: tuple[int, int]) -> bool:
        """Whether the LU factors of a grid fit."""
        return (cells[0] + 5) * (cells[1] + 5) * 15 * (cells[1] + 6) <= self.largest


def null_vector(operator: Operator, t: float, messages: list[str]) -> FloatArray:
    """c with L c = 0 and ∫W = 1: inverse iteration with a shift far below every relaxation rate."""
    matrix = operator.matrix(t)
    shift = 1e-13 * float(np.abs(matrix).max())
    factors = Factors(matrix - shift * operator.gram, operator.half)
    c = operator.mean / (operator.mean @ operator.mean)
    for _ in range(12):
        step = np.asarray(factors.solve(operator.apply(operator.gram, c)), dtype=float)
        step /= operator.mean @ step
        change = float(np.abs(step - c).max() / np.abs(step).max())
        c = step
        if change < 1e-9:
            return c.reshape(operator.shape)
    if SLOW not in messages:
        messages.append(SLOW)
    return c.reshape(operator.shape)


def locate(
    search: Search, floor: float = 0.05, rounds: int = 16, solve: Callable[[tuple[int, int], Box], State] | None = None
) -> State:
    """Move the ends of the box until the density there is below a floor, with cells that keep their size; the state.

    The floor is what the rounding of a coarse grid cannot make; `refined` finds out whether the box is wide enough.
    """
    cells, first, solve = FIRST, search.box, solve or search.stationary
    state = solve(cells, search.box)
    for _ in range(rounds):
        box = adapted(search.box, state, floor)
        if box == search.box:
            break
        search.box = box
        wanted = _scaled(FIRST, first, box)
        cells = max(wanted[0], 24), max(wanted[1], 24)
        if not search.allowed(cells):
            break
        state = solve(cells, search.box)
    return state


def refine(search: Search, cells: tuple[int, int], tolerance: float, rounds: int = 60) -> tuple[State, State, bool]:
    """The stationary state, the one before it (its distance is the error), and whether the tolerance was met."""
    return refined(search, cells, tolerance, search.stationary, lambda a, b: max(distances(a, b).values()), edge_ratios, rounds)


def refined(
    search: Search,
    cells: tuple[int, int],
    tolerance: float,
    solve: Callable[[tuple[int, int], Box], Solved],
    distance: Callable[[Solved, Solved], float],
    ratios: Callable[[Solved], tuple[float, float, float]],
    rounds: int = 60,
) -> tuple[Solved, Solved, bool]:
    """Last solution, the one before it, and whether their distance is below the tolerance.

    In each round the cells in x, those in p and the box are varied one by one; what changes the solution most is refined. In
    the end all three are refined at once, and the change by that is the error.
    """
    state = before = solve(cells, search.box)
    for _ in range(rounds):
        box = wider(search.box, ratios(state))
        finer_x, finer_p = _scaled(cells, factor=(REFINE, 1.0)), _scaled(cells, factor=(1.0, REFINE))
        trials = [(finer_x, search.box), (finer_p, search.box), (_scaled(cells, search.box, box), box)]
        if not all(search.allowed(grid) for grid, _ in trials):
            return state, before, False
        states = [solve(*trial) for trial in trials]
        far = np.array([distance(state, other) for other in states])
        chosen = (far > 0.4 * tolerance) & (far > 0.3 * far.max())
        chosen[2] &= far[2] > 2.0 * far[:2].max()  # less is what any shift of the cells does
        final = not chosen.any()
        chosen |= final
        steps = np.where(far[:2] > 30.0 * tolerance, REFINE**2, REFINE)
        factor = float(steps[0]) if chosen[0] else 1.0, float(steps[1]) if chosen[1] else 1.0
        new = _scaled(cells, search.box, box if chosen[2] else search.box, factor)
        if not search.allowed(new):
            return states[int(far.argmax())], state, False
        search.box = box if chosen[2] else search.box
        cells, before = new, state
        same = chosen.sum() == 1 and cells == trials[int(chosen.argmax())][0]
        state = states[int(chosen.argmax())] if same else solve(cells, search.box)
        if final and distance(before, state) <= tolerance:
            return state, before, True
    return state, before, False


def open_ends(search: Search, state: State, floor: float) -> list[str]:
    """What is wrong with the ends of a table that the density reaches."""
    low, high, _ = edge_ratios(state)
    found = []
    for name, ratio, end, limit, fixed in (
        ("lower", low, search.box.lower, search.box.limits[0], search.box.fixed[0]),
        ("upper", high, search.box.upper, search.box.limits[1], search.box.fixed[1]),
    ):
        if ratio > floor and end == limit and not fixed:
            found.append(
                f"the table ends at x = {end:.6g} where the density is still {ratio:.2g} of its maximum: a reflecting wall was "
                f"put at this {name} end; give box=(lower, upper) if that is meant, or a wider table or an asymptote"
            )
    return found


def _scaled(
    cells: tuple[int, int], old: Box | None = None, new: Box | None = None, factor: tuple[float, float] = (1.0, 1.0)
) -> tuple[int, int]:
    """Number of cells of the same size in another box, times factors."""
    growth = [1.0, 1.0]
    if old is not None and new is not None:
        growth = [(new.upper - new.lower) / (old.upper - old.lower), new.momentum / old.momentum]
    more = [int(np.ceil(n * g * f - 1e-9)) for n, g, f in zip(cells, growth, factor, strict=True)]
    return more[0], more[1]
