"""Many trajectories of one coordinate with force, friction and noise from a table on equal cells: the fast path.

    B: p += F(x) τ      A: x += (p/m) τ      O: p = e^(-λτ) p + √(2D (1 - e^(-2λτ))/(2λ)) ξ,   λ = γ(x)/m of either sign

Compiled (kernel.py): more than a hundred million steps of a trajectory per second on one core of a machine with 512-bit
registers. Exact in λτ up to |λτ| = 708 to rounding; D below zero by rounding counts as zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..schemes.scheme import LETTERS
from . import philox
from .kernel import INSIDE, LOST, run

if TYPE_CHECKING:
    from ..field import Uniform

__all__ = ["INSIDE", "LOST", "Exits", "advance"]


@dataclass(frozen=True)
class Exits:
    """Thresholds and, for N trajectories, what became of them.

    value (E,), side (E,): +1: left when x > value, -1: when x < value, looked at whenever x has moved (A).
    index (N,) int8: number of the exit; INSIDE (-1); LOST (-2): x or p is no finite number any more, because the table has no
    asymptote or the step is too long. time, x, p (N,): where it left, exact for the motion of A, p constant; for LOST those
    at the beginning of the step. NaN while inside. Where several thresholds are crossed in a step the first one counts.
    """

    value: NDArray[np.float64]
    side: NDArray[np.float64]
    index: NDArray[np.int8]
    time: NDArray[np.float64]
    x: NDArray[np.float64]
    p: NDArray[np.float64]

    @classmethod
    def of(cls, trajectories: int, value: tuple[float, ...] = (), side: tuple[int, ...] = ()) -> Exits:
        """None of `trajectories` has left yet."""
        time, x, p = (np.full(trajectories, np.nan) for _ in range(3))
        return cls(np.array(value, float), np.array(side, float), np.full(trajectories, INSIDE, dtype=np.int8), time, x, p)

    def part(self, start: int, stop: int) -> Exits:
        """Views of trajectories start..stop-1; what is recorded there is recorded here."""
        here = slice(start, stop)
        return Exits(self.value, self.side, self.index[here], self.time[here], self.x[here], self.p[here])


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

    A letter that occurs k times gets step/k each time. Trajectory b has the noise of number first_trajectory + b, and step n
    that of number first_step + n (philox.fill with as many numbers a step as there are O); coarse: step n has that of the fine
    steps 2(first_step + n) and 2(first_step + n) + 1 (philox.coarse). time: at the beginning. Who has left or is lost has
    x = p = NaN, and costs nothing in the next call.
    One call works on any number of trajectories, in blocks, without the GIL; results do not depend on how trajectories and
    steps are cut into calls. All in atomic units. Errors: ValueError for words, shapes and numbers that cannot be.
    """
    if not scheme or set(scheme) - set(LETTERS):
        raise ValueError(f"scheme: {scheme!r}; must be a word of the letters {LETTERS}, for example BAOAB")
    if mass <= 0 or steps < 0 or first_trajectory < 0 or first_step < 0:
        raise ValueError(
            f"mass: {mass}, steps: {steps}, first_trajectory: {first_trajectory}, first_step: {first_step}; "
            "the mass must be positive, the others at least 0"
        )
    for name, array in (("x", x), ("p", p)):
        if array.dtype != np.float64 or array.shape != (len(x),) or not array.flags.c_contiguous:
            raise ValueError(f"{name}: {array.dtype} of shape {array.shape}; must be contiguous float64, as long as x")
    kick, bath = (np.ascontiguousarray(rows, dtype=np.float64) for rows in (table.kick, table.bath))
    if kick.shape != (table.cells + 2, 4) or bath.shape != (table.cells + 2, 8):
        raise ValueError(f"table: kick {kick.shape}, bath {bath.shape} do not fit {table.cells} cells and two asymptotes")
    left = exits or Exits.of(len(x))
    if len(left.index) != len(x):
        raise ValueError(f"exits: for {len(left.index)} trajectories; must be for {len(x)}")
    run(
        np.array([LETTERS.index(letter) for letter in scheme], dtype=np.int8), x, p,
        float(table.start), float(table.inverse_width), kick, bath, float(mass), float(step), int(steps),
        *key, int(first_trajectory), int(first_step), 2 if coarse else 1, float(time),
        left.value, left.side.astype(np.float64), left.index, left.time, left.x, left.p,
    )  # fmt: skip
