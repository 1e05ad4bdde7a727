"""Where a steady state is undetermined: levels that no lead reaches, vibrations that nothing damps.

At x, level m exchanges electrons with the leads if a chain of nonzero E_mm'(x), Λ_mm'(x) or g_K(x)² Γ_K,mm'
leads from it to a level with g_K(x)² Γ_K,mm > 0. A mode with Λ_mm'(x) = 0 for all m, m' keeps any state it has.
(theory B1: L Y = 0 must have one solution of trace 1.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..expressions import location
from .errors import Problem
from .frozen import FloatArray
from .structure import dotted

if TYPE_CHECKING:
    from .junction import Junction

CHUNK = 1 << 16  # points looked at together


def undetermined(junction: Junction, x: FloatArray) -> list[Problem]:
    """What has no steady state at some of the points x (..., c): one line for the leads, one for each mode."""
    points = x.reshape(-1, x.shape[-1])
    problems: list[Problem] = []
    for part in _chunks(points):
        missed = _unreached(junction, part)
        where = np.flatnonzero(missed.any(axis=1))
        if where.size:
            problems.append(("leads", _unreached_message(junction, part[where[0]], missed[where[0]])))
            break
    for vibration in junction.vibrations:
        free = np.ones(len(points), dtype=bool)
        for coupling in vibration.couplings.values():
            free &= coupling.value(points) == 0.0
        if np.any(free):
            at = location(points[int(np.argmax(free))], junction.coordinate_names)
            at, hint = (" at every x", "give") if free.all() else (at, "leave these x out, or add")
            key = dotted("molecule", "vibrations", vibration.name, "couplings")
            message = f"all are zero{at}; a mode coupled to nothing has no steady state: {hint} a coupling"
            problems.append((key, message))
    return problems


def _chunks(points: FloatArray) -> Iterator[FloatArray]:
    for first in range(0, len(points), CHUNK):
        yield points[first : first + CHUNK]


def _unreached(junction: Junction, x: FloatArray) -> NDArray[np.bool_]:
    """(N, n): whether a level at a point is cut off from all leads."""
    n = junction.n_levels
    linked = np.zeros((len(x), n, n), dtype=bool)
    linked[:] = np.eye(n, dtype=bool)
    tables = [junction.one_body, *(vibration.couplings for vibration in junction.vibrations)]
    for table in tables:
        for (i, j), entry in table.items():
            present = entry.value(x) != 0.0
            linked[:, i, j] |= present
            linked[:, j, i] |= present
    reached = np.zeros((len(x), n), dtype=bool)
    for lead in junction.leads:
        with np.errstate(over="ignore"):  # as g² enters everywhere: what is too small to be squared is closed
            open_ = lead.profile.value(x) ** 2 > 0.0
        linked |= open_[:, None, None] & (lead.coupling != 0.0)
        reached |= open_[:, None] & (lead.coupling.diagonal() != 0.0)
    for _ in range(n - 1):
        reached = np.any(linked & reached[:, None, :], axis=-1)
    return ~reached


def _unreached_message(junction: Junction, x: FloatArray, missed: Sequence[bool] | NDArray[np.bool_]) -> str:
    names = [f'"{name}"' for name, cut in zip(junction.levels, missed, strict=True) if cut]
    plural = len(names) > 1
    levels = f"levels {', '.join(names)} exchange" if plural else f"level {names[0]} exchanges"
    whose = "their occupations are" if plural else "its occupation is"
    return (
        f"{levels} electrons with no lead{location(x, junction.coordinate_names)} (profiles or couplings are "
        f"zero there), so that {whose} undetermined; leave these x out, or keep a small coupling"
    )
