"""A propagation that is tried for a while: what takes longer than a check should is given up."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence

from nonadia.wavepacket.fft import Complex
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.propagate import Propagator

_AT_ONCE = 64  # steps between two looks at the clock


class OutOfPatience(Exception):
    """The time is over."""


class Trial:
    """A clock that is looked at during the work; `begin` starts it anew."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begin()

    def begin(self) -> None:
        self.end = time.perf_counter() + self.seconds

    def look(self) -> None:
        """Raise OutOfPatience when the time is over."""
        if time.perf_counter() > self.end:
            raise OutOfPatience

    def watching(self, hamiltonian: Hamiltonian) -> Hamiltonian:
        """The same Hamiltonian, whose every product Hψ looks at the clock: a single step can hold very many."""
        watched = copy.copy(hamiltonian)

        def apply_sum(psi: Complex, weights: Sequence[tuple[float, float]]) -> Complex:
            self.look()
            return hamiltonian.apply_sum(psi, weights)

        watched.apply_sum = apply_sum  # type: ignore[method-assign]
        return watched


class Watched:
    """A propagator whose steps are taken a few at a time, with a look at the clock in between."""

    def __init__(self, method: Propagator, trial: Trial) -> None:
        self.method, self.trial = method, trial
        self.name, self.order = method.name, method.order

    def advance(self, psi: Complex, t: float, duration: float, steps: int) -> None:
        """ψ(t) → ψ(t + duration) in `steps` steps."""
        step = duration / steps
        for first in range(0, steps, _AT_ONCE):
            self.trial.look()
            some = min(_AT_ONCE, steps - first)
            self.method.advance(psi, t + first * step, some * step, some)
