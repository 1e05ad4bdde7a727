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
    left; for LOST the last that is known.
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
                    before = x.copy() if len(exits) else x
                    x += p[:, :c] / field.masses * share["A"]
                    if len(exits):
                        _leave(state, before, (index + drifted) * step, share["A"], exits)
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
            _lose(state, x0, p0, time)


def _leave(state: State, before: FloatArray, time: float, drift: float, exits: Exits) -> None:
    """Take out who crossed a threshold while drifting for `drift` from `before` on, at the first one reached.

    The momentum is constant on the way, so that time, place and momentum belong together.
    """
    x, c = state.x, state.x.shape[1]
    over = x[:, exits.coordinates] * exits.sides > exits.sides * exits.values
    for b in np.flatnonzero(over.any(axis=1) & (state.exit_index == INSIDE)):
        chosen, share = -1, 2.0
        for e in np.flatnonzero(over[b]):
            old, new = before[b, exits.coordinates[e]], x[b, exits.coordinates[e]]
            inside = min(max((exits.values[e] - old) / (new - old), 0.0), 1.0) if new != old else 0.0
            if inside < share:
                chosen, share = int(e), inside
        state.exit_index[b] = chosen
        state.exit_time[b] = time + share * drift
        state.exit_x[b] = before[b] + share * (x[b] - before[b])
        state.exit_p[b] = state.p[b, :c]
        x[b], state.p[b] = np.nan, np.nan


def _lose(state: State, x0: FloatArray, p0: FloatArray, time: float) -> None:
    """Take out who is where there is no force, with the last that is known: x0, p0 before this step."""
    lost = ~(np.isfinite(state.x).all(axis=1) & np.isfinite(state.p).all(axis=1)) & (state.exit_index == INSIDE)
    for b in np.flatnonzero(lost):
        state.exit_index[b], state.exit_time[b] = LOST, time
        state.exit_x[b], state.exit_p[b] = x0[b], p0[b, : x0.shape[1]]
        state.x[b], state.p[b] = np.nan, np.nan
