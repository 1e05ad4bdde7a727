"""Vibrational states of memory kernels: what more of them would change, and where they may be raised, until little does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..baths.exponents import Exponents
from ..heom.solver import NotConverged
from ..models.frozen import FloatArray, FrozenJunction
from .estimate import ResourceError, require_memory
from .memory_bath import GEOMETRIES, KernelBaths
from .memory_evaluate import KERNELS, GridKernels, by_hierarchy
from .partner import sample

SHARE = 0.2  # part of the tolerance that the vibrational basis may use up
REDUCTION = 0.1  # of the tolerance, for the reduction of the hierarchies compared: half of SHARE
DEPTH = 2  # tier at which numbers of states are compared
MOST = 60  # states of one vibration
GIVEN_STEPS = 4  # comparisons where all numbers of states are given


@dataclass
class ChosenStates:
    """frozen: with the states to solve; error: relative, of each kernel and spectrum; what was compared, and why it ended."""

    frozen: FrozenJunction
    error: dict[str, float]
    record: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def choose_states(
    frozen: FrozenJunction,
    automatic: Sequence[bool],
    baths: KernelBaths,
    exponents: Sequence[Exponents],
    time: FloatArray,
    frequency: FloatArray,
    tolerance: float,
) -> ChosenStates:
    """Kernels with n and with n + max(2, n//4) states of every vibration are compared, n growing from the model's own number.

    automatic: for each vibration, whether it takes the n whose change is within SHARE of the tolerance; others keep their own.
    The error is the difference between the states taken and the largest compared, plus the last change where more than one
    comparison was needed for given states: 2 against 4 alone may tell a quarter of the truth.
    Compared at tier 2 at the geometries where friction and noise of the partner model are largest. Where a comparison is
    impossible (memory, a solve that stalls), the ones before stand, or infinity if there is none.
    """
    if not frozen.vibration_states.size:
        return ChosenStates(frozen, dict.fromkeys(KERNELS, 0.0))
    may_grow, where, own = np.array(automatic, dtype=bool), strongest(baths, len(frozen.g)), frozen.vibration_states
    steps = None if may_grow.any() else GIVEN_STEPS

    def solve(states: NDArray[np.int64]) -> GridKernels:
        model = replace(frozen, vibration_states=states)
        require_memory(model, [len(e) for e in exponents], DEPTH)
        return by_hierarchy(model[where], exponents, DEPTH, time, frequency, REDUCTION * tolerance)

    record: list[dict[str, Any]] = []
    messages: list[str] = []
    change = dict.fromkeys(KERNELS, float("inf"))
    states = own
    solved: list[GridKernels] = []  # the model's own states first
    while True:
        more = states + np.maximum(2, states // 4)
        try:
            if not solved:
                solved.append(solve(own))
            solved.append(solve(more))
        except (ResourceError, NotConverged) as problem:
            messages.append(f"vibrational states {states.tolist()} were not compared with {more.tolist()}: {problem}")
            break
        change = apart(*solved[-2:])
        compared = {"vibrational_states": states.tolist(), "compared_with": more.tolist()}
        record.append(compared | {"relative_change": change})
        if max(change.values()) <= SHARE * tolerance or len(record) == steps:
            break
        if more.max() > MOST:
            messages.append(f"vibrational states {states.tolist()} are too few, and more than {MOST} are not tried")
            break
        states = more
    taken, error = np.where(may_grow, states, own), change
    if record and np.any(taken != states):
        whole = apart(solved[0] if np.all(taken == own) else solve(taken), solved[-1])
        error = {name: whole[name] + change[name] for name in KERNELS}
    return ChosenStates(replace(frozen, vibration_states=taken), error, record, messages)


def apart(one: GridKernels, other: GridKernels) -> dict[str, float]:
    """Largest difference of each of `KERNELS`, relative to the smaller of both magnitudes."""
    difference = one.difference(other)
    first, second = one.relative(difference), other.relative(difference)
    return {name: max(first[name], second[name]) for name in KERNELS}


def strongest(baths: KernelBaths, count: int) -> NDArray[np.int64]:
    """Indices of at most two of `count` geometries: of the partner's largest friction and of its largest noise spectrum."""
    candidates = sample(count, GEOMETRIES)
    found = []
    for name in ("friction_spectrum", "noise_spectrum"):
        size = np.abs(baths.exact.total(name)).reshape(-1, candidates.size, np.prod(baths.exact.total(name).shape[1:]))
        found.append(int(candidates[np.argmax(size.max(axis=2).sum(axis=0))]))
    return np.unique(found)
