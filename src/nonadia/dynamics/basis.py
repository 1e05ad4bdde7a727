"""Vibrational states, and the places they are centred at, that hold the initial state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..friction.estimate import require_memory
from .request import VibrationStart
from .run import Task

FEWER = 0.85  # of the vibrational states, in the run that judges them


def with_states(task: Task, states: Sequence[int]) -> Task:
    """The same with other numbers of vibrational states."""
    return replace(task, frozen=replace(task.frozen, vibration_states=np.array(states, dtype=np.int64)))


def more(states: Sequence[int], automatic: Sequence[bool]) -> list[int]:
    """1/FEWER times as many where that is automatic."""
    return [int(np.ceil(s / FEWER)) if free else int(s) for s, free in zip(states, automatic, strict=True)]


def kept(task: Task, b: int) -> float:
    """Weight of the start of vibration b that its states hold."""
    frozen = task.frozen
    return task.start.vibrations[b].kept(float(frozen.frequencies[b]), int(frozen.vibration_states[b]), float(task.origins[b]))


def weight_lost(task: Task) -> float:
    """Weight of the initial state outside the vibrational states."""
    return max(0.0, 1.0 - float(np.prod([kept(task, b) for b in range(len(task.start.vibrations))])))


def require_fitting(task: Task, automatic: Sequence[bool]) -> None:
    """Before anything is computed. Errors: ValueError for given numbers of states that hold no such start from any place."""
    frozen = task.frozen
    for b, (start, states) in enumerate(zip(task.start.vibrations, frozen.vibration_states.tolist(), strict=True)):
        if not automatic[b]:
            places = -np.linalg.eigvalsh(frozen.vibronic[b]) / frozen.frequencies[b]
            ends = float(np.minimum(places, 0).sum()), float(np.maximum(places, 0).sum())
            start.require(start.bound(float(frozen.frequencies[b]), states, *ends), states)


def holding(task: Task, automatic: Sequence[bool], share: float, exponents: Sequence[int], depth: int) -> Task:
    """Automatic numbers of states that lose less than `share`; origins from which given numbers hold the start.

    exponents (per lead) and depth: of the smallest hierarchy. Errors: ValueError, ResourceError (one too) for lack of memory.
    """
    origins, starts, frozen = task.origins.copy(), task.start.vibrations, task.frozen
    for b, free in enumerate(automatic):
        # a basis about its place of rest describes a vibration best, unless the start needs the bare one
        bare = replace(task, origins=np.zeros_like(origins))
        if not free and 1.0 - kept(task, b) > share and kept(bare, b) > kept(task, b):
            origins[b] = 0.0
    task = replace(task, origins=origins)
    each = zip(starts, frozen.frequencies, frozen.vibration_states.tolist(), origins, automatic, strict=True)
    states = [_enough(start, float(w), float(origin), share) if free else s for start, w, s, origin, free in each]
    while True:
        task = with_states(task, states)
        require_memory(task.frozen, exponents, depth)
        if all(1.0 - kept(task, b) <= share for b, free in enumerate(automatic) if free):
            break
        states = more(states, automatic)
    for b, (start, number) in enumerate(zip(starts, states, strict=True)):
        start.require(kept(task, b), number)
    return task


def _enough(start: VibrationStart, frequency: float, origin: float, lost: float) -> int:
    """States to begin with: those that hold the initial state but for about `lost`, seen from the place of rest."""
    away = abs(start.displacement / np.sqrt(2.0) - origin)
    if start.kind == "thermal":
        return int(np.ceil(away**2 + 3.0 * away + 4.0 - np.log(lost) * start.value / frequency))
    root = away if start.kind == "displacement" else away + np.sqrt(start.quanta(frequency))
    return int(np.ceil(root**2 + 3.0 * root + 4.0))
