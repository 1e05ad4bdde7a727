"""Does the hierarchy that a result comes from relax to its steady state? Judged at a few geometries of the grid.

A growing hierarchy has no steady state that anything tends to, however well the linear equations for it were solved
(`heom.stability`); its forces are flagged. The geometries are those of the largest friction, the largest noise and the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..heom.fock import FockSpace
from ..heom.generator import Generator
from ..heom.hierarchy import Hierarchy, build
from ..heom.modes import Modes
from ..heom.solver import NotConverged
from ..heom.stability import stability
from ..models.frozen import FrozenJunction
from .grid import Grid

if TYPE_CHECKING:
    from .tiers import Outcome

COST = 15  # geometries whose forces take as long as one growth rate, measured (5-20)
SHARE = 0.2  # of the time for the last tier that the judgement may take
SMALL = 20_000  # unknowns of a hierarchy for which one geometry is always judged: it takes about a second
MOST = 3  # geometries


@dataclass(frozen=True)
class Relaxation:
    """record: for the file, geometries (from 0), growth rates (Hartree/ħ; None where no rate is certain), frequencies."""

    record: dict[str, Any]
    messages: list[str]


def judge_stability(frozen: FrozenJunction, grid: Grid, outcome: Outcome) -> Relaxation:
    """Growth rates of the last hierarchy of `outcome` with its terminator, as many as cost little; fewer on small grids."""
    assert outcome.exponents is not None
    terminator = outcome.attributes["terminator"]
    depths = outcome.attributes.get("tiers_each", [outcome.attributes["tiers"]] * len(grid))
    fock, modes = FockSpace.of(frozen), Modes.of(frozen, outcome.exponents)
    hierarchies: dict[int, Hierarchy] = {}
    solves = 2 if terminator == "adiabatic" else 1
    cheap = int(SHARE * solves * len(grid) / COST)
    record: dict[str, Any] = {"terminator": terminator, "geometries": [], "growth": [], "frequency": []}
    messages = []
    for number, i in enumerate(_telling(outcome)[:MOST]):
        depth = depths[i]
        if depth not in hierarchies:
            hierarchies[depth] = build(fock, modes, depth)
        hierarchy = hierarchies[depth]
        if number >= cheap and (number or hierarchy.unknowns > SMALL):
            break
        try:
            found = stability(Generator(hierarchy, modes, frozen[i]), terminator)
        except NotConverged:
            continue
        record["geometries"].append(i)
        record["growth"].append(found.growth if np.isfinite(found.growth) else None)
        record["frequency"].append(found.frequency)
        if not found.stable:
            oscillating = f", oscillating at {found.frequency:.2g} Hartree" if found.frequency > found.growth else ""
            messages.append(
                f"the hierarchy of {depth} tiers does not relax at geometry {i + 1} of {len(grid)}: a deviation grows at "
                f"{found.growth:.2g} Hartree{oscillating}; more tiers, poles or vibrational states are needed"
            )
    return Relaxation(record, messages)


def _telling(outcome: Outcome) -> list[int]:
    """Geometries of the largest friction, of the largest noise, and in the middle; each once."""
    count = len(outcome.result.population)
    sizes = [np.abs(tensor).max(axis=(1, 2)) for tensor in (outcome.result.friction, outcome.result.noise)]
    return list(dict.fromkeys([*(int(np.argmax(size)) for size in sizes), count // 2]))
