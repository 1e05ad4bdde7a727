"""The engine for every field: any number of coordinates, functions, memory, time. A NumPy loop over steps, compiled parts.

All trajectories of a call move together; each letter of the scheme is one pass over them. What one trajectory does depends on
its own number and noise only, never on the others in the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as defaults

import numpy as np
from numpy.typing import NDArray

from nonadia.expressions import location

from .compiled import philox
from .field import Field, FloatArray
from .local import step_all
from .schemes.scheme import Scheme

_BUFFER = 1 << 18  # normals kept ready at a time
INSIDE, LOST = -1, -2  # of exit_index


class NoiseError(ValueError):
    """D is not positive semi-definite somewhere: no random force has such correlations."""


@dataclass(frozen=True)
class Exits:
    """Thresholds at which a trajectory ends: it leaves when side·x[coordinate] > side·value. Empty: none."""

    names: tuple[str, ...] = ()
    coordinates: NDArray[np.int64] = defaults(default_factory=lambda: np.zeros(0, dtype=np.int64))
    sides: FloatArray = defaults(default_factory=lambda: np.zeros(0))
    values: FloatArray = defaults(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        return len(self.names)


@dataclass
class State:
    """Where N trajectories are: x (N, c), p (N, m) with auxiliary variables behind the c momenta; NaN once they have left.

    exit_index (N,): number of the exit, INSIDE, or LOST where there was no force; exit_time, exit_x, exit_p: when and how it
    left, linear inside the step; for LOST the last that is known.
    """

    x: FloatArray
    p: FloatArray
    exit_index: NDArray[np.int8]
    exit_time: FloatArray
    exit_x: FloatArray
    exit_p: FloatArray

    @classmethod
    def start(cls, x: FloatArray, p: FloatArray) -> State:
        """Nobody has left."""
        count, c = x.shape
        gone = np.full((count, c), np.nan)
        return cls(x.copy(), p.copy(), np.full(count, INSIDE, dtype=np.int8), np.full(count, np.nan), gone.copy(), gone.copy())

    def part(self, where: slice) -> State:
        """Copies of these trajectories."""
        return State(*(array[where].copy() for array in self.arrays().values()))

    def arrays(self) -> dict[str, NDArray]:
        return dict(vars(self))

    def put(self, where: slice, part: State) -> None:
        for name, array in part.arrays().items():
            getattr(self, name)[where] = array


def extended(field: Field, x: FloatArray, t: float) -> tuple[FloatArray, FloatArray]:
    """Λ and Q of dP = -Λ P dt + noise of rate Q (local.py): γM⁻¹ and 2D, or what a field with memory gives."""
    if getattr(field, "aux", 0):
        return field.extended(x, t)  # type: ignore[attr-defined, no-any-return]
    friction, noise = field.local(x, t)
    return friction / field.masses[None, None, :], 2.0 * noise


def advance(
    field: Field,
    scheme: Scheme,
    state: State,
    *,
    step: float,
    steps: int,
    first_step: int,
    key: tuple[int, int],
    first_trajectory: int,
    exits: Exits,
    coarse: bool = False,
) -> None:
    """`steps` steps from time first_step·step, in place.

    key, first_trajectory: of the noise (philox). coarse: the noise of two steps of half the length for each step, so that this
    ensemble follows the finer one's. Errors: NoiseError; whatever the field's functions raise.
    """
    x, p = state.x, state.p
    c, m = x.shape[1], p.shape[1]
    share = {letter: step * scheme.share(letter) for letter in "BAO"}
    kicks = scheme.word.count("O")
    width, fold = m * kicks, 2 if coarse else 1
    at_once = max(1, _BUFFER // (width * fold * len(x)))
    force: FloatArray | None = None
    for begin in range(0, steps, at_once):
        count = min(at_once, steps - begin)
        normals = np.empty((count * fold, width, len(x)))
        philox.fill(normals, key, first_trajectory, (first_step + begin) * fold)
        if coarse:
            normals = (normals[0::2] + normals[1::2]) / np.sqrt(2.0)
        for s in range(count):
            index, used, passed, drifted = first_step + begin + s, 0, 0, 0.0
            time = index * step
            x0, p0 = x.copy(), p.copy()
            for letter in scheme.word:
                if letter == "B":
                    if force is None:
                        # as a product, so that the end of a step and the beginning of the next are the same number
                        force = field.force(x, (index + drifted) * step)
                    p[:, :c] += force * share["B"]
                elif letter == "A":
                    x += p[:, :c] / field.masses * share["A"]
                    passed += 1
                    drifted = passed / scheme.word.count("A")
                    force = None
                else:
                    drift, diffusion = extended(field, x, (index + drifted) * step)
                    noise = np.ascontiguousarray(normals[s, used * m : (used + 1) * m].T)
                    used += 1
                    wrong = step_all(p, drift, diffusion, share["O"], noise)
                    if wrong >= 0:
                        place = location(x[wrong], field.names)
                        raise NoiseError(f"the noise D is not positive semi-definite{place}, t = {time:.6g}")
            _leave(state, x0, p0, time, step, exits)


def _leave(state: State, x0: FloatArray, p0: FloatArray, time: float, step: float, exits: Exits) -> None:
    """Take out who crossed a threshold in this step, at the first one reached, and who is where there is no force."""
    x, p, c = state.x, state.p, state.x.shape[1]
    over = x[:, exits.coordinates] * exits.sides > exits.sides * exits.values
    lost = ~(np.isfinite(x).all(axis=1) & np.isfinite(p).all(axis=1))
    for b in np.flatnonzero((over.any(axis=1) | lost) & (state.exit_index == INSIDE)):
        chosen, share = LOST, 2.0
        for e in np.flatnonzero(over[b]):
            old, new = x0[b, exits.coordinates[e]], x[b, exits.coordinates[e]]
            inside = min(max((exits.values[e] - old) / (new - old), 0.0), 1.0) if new != old else 0.0
            if inside < share:
                chosen, share = int(e), inside
        share = share if chosen >= 0 else 0.0
        last = np.where(np.isfinite(p[b]), p[b], p0[b])[:c]
        state.exit_index[b] = chosen
        state.exit_time[b] = time + share * step
        state.exit_x[b] = x0[b] if chosen < 0 else x0[b] + share * (x[b] - x0[b])
        state.exit_p[b] = p0[b, :c] + share * (last - p0[b, :c])
        x[b], p[b] = np.nan, np.nan
