"""Many trajectories of one coordinate with force, friction and noise from a table on equal cells: the fast path.

    B: p += F(x) τ      A: x += (p/m) τ      O: p = e^(-λτ) p + √(2D (1 - e^(-2λτ))/(2λ)) ξ,   λ = γ(x)/m of either sign
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import philox

if TYPE_CHECKING:
    from .field import Uniform

INSIDE, LOST = -1, -2  # states of a trajectory beside the number of its exit


@dataclass(frozen=True)
class Exits:
    """Thresholds and, for N trajectories, what became of them.

    value (E,), side (E,): +1: left when x > value, -1: when x < value, looked at after every whole step.
    index (N,) int64: number of the exit; INSIDE (-1); LOST (-2): force, friction or noise was NaN (the table has no asymptote).
    time, x, p (N,): where it left, by linear interpolation inside the step; for LOST the last known values. NaN while inside.
    """

    value: NDArray[np.float64]
    side: NDArray[np.int64]
    index: NDArray[np.int64]
    time: NDArray[np.float64]
    x: NDArray[np.float64]
    p: NDArray[np.float64]

    @classmethod
    def of(cls, trajectories: int, value: tuple[float, ...] = (), side: tuple[int, ...] = ()) -> Exits:
        """None of `trajectories` has left yet."""
        unknown = [np.full(trajectories, np.nan) for _ in range(3)]
        return cls(np.array(value, float), np.array(side, np.int64), np.full(trajectories, INSIDE), *unknown)

    def part(self, start: int, stop: int) -> Exits:
        """Views of trajectories start..stop-1; what is recorded there is recorded here."""
        return Exits(self.value, self.side, *(a[start:stop] for a in (self.index, self.time, self.x, self.p)))


def advance(
    scheme: str,
    x: NDArray[np.float64],
    p: NDArray[np.float64],
    table: Uniform,
    *,
    mass: float,
    step: float,
    steps: int,
    key: philox.Key,
    first_trajectory: int = 0,
    first_step: int = 0,
    time: float = 0.0,
    coarse: bool = False,
    exits: Exits | None = None,
) -> None:
    """`steps` whole steps of the splitting `scheme` (a word of B, A, O: "BAOAB") for positions and momenta x, p (N,), in place.

    A letter that occurs k times gets step/k each time. Trajectory b has the noise of number first_trajectory + b, step n that of
    number first_step + n (philox.fill with as many numbers a step as there are O); coarse: step n has that of the two fine steps
    2(first_step + n) and the next (philox.coarse). time: at the beginning. Who has left or is lost has x = p = NaN.
    One call works on any number of trajectories, in blocks, without the GIL; results do not depend on how trajectories and steps
    are cut into calls. All in atomic units.
    """
    width = scheme.count("O")
    exits = exits or Exits.of(len(x))
    counts = {letter: scheme.count(letter) for letter in "BAO"}
    noise = np.empty((2 if coarse else 1, width, len(x)))

    def polynomial(rows: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
        s = (at - table.start) * table.inverse_width
        k = np.nan_to_num(np.clip(np.floor(s), -1, table.cells), nan=-1.0)
        u, a = s - k, rows[k.astype(int) + 1]
        return np.asarray(((a[:, 3] * u + a[:, 2]) * u + a[:, 1]) * u + a[:, 0])

    for n in range(steps):
        x0, p0, slot = x.copy(), p.copy(), 0
        philox.fill(noise, key, first_trajectory, (first_step + n) * len(noise))
        xi = (noise[0] + noise[1]) * np.sqrt(0.5) if coarse else noise[0]
        for letter in scheme:
            tau = step / counts[letter]
            if letter == "B":
                p += tau * polynomial(table.kick, x)
            elif letter == "A":
                x += tau / mass * p
            else:
                y = -tau / mass * polynomial(table.bath[:, :4], x)
                growth = np.where(y == 0, 1.0, np.expm1(2 * y) / np.where(y == 0, 1.0, 2 * y))
                d = polynomial(table.bath[:, 4:], x)
                p[:] = np.exp(y) * p + np.sqrt(2 * tau * np.where(d < 0, 0.0, d) * growth) * xi[slot]
                slot += 1
        _leave(exits, x0, p0, x, p, time + n * step, step)


def _leave(exits: Exits, x0: NDArray[np.float64], p0: NDArray[np.float64], x: NDArray[np.float64], p: NDArray[np.float64],
           time: float, step: float) -> None:  # fmt: skip
    for b in np.flatnonzero(np.isfinite(x0)):
        best, chosen = 2.0, INSIDE
        for e, (value, side) in enumerate(zip(exits.value, exits.side, strict=True)):
            if side * (x[b] - value) > 0:
                f = min(max((value - x0[b]) / (x[b] - x0[b]), 0.0), 1.0) if x[b] != x0[b] else 0.0
                if f < best:
                    best, chosen = f, e
        if chosen >= 0:
            last = p[b] if np.isfinite(p[b]) else p0[b]
            values = (chosen, time + best * step, x0[b] + best * (x[b] - x0[b]), p0[b] + best * (last - p0[b]))
        elif np.isnan(x[b]) or np.isnan(p[b]):
            values = (LOST, time, x0[b], p0[b])
        else:
            continue
        exits.index[b], exits.time[b], exits.x[b], exits.p[b] = values
        x[b] = p[b] = np.nan
