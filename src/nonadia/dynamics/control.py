"""Vibrational states, exponents and tiers raised until what is observed over time meets the tolerance.

The error of every quantity at every time is the sum of computed differences: twice what more vibrational states change (for
given numbers: fewer, if these hold the initial state), what a better bath changes and what a finer step changes, these three at
two tiers; what more tiers would change: the change d_L with the last tier, or, where the changes fall by a factor r < 1/2 from
tier to tier, twice the sum of the series, 2 d_L r/(1 - r); and the weight of the initial state that the vibrational states do
not hold, times the quantity's scale.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..baths.exponents import Exponents
from ..friction.bath_choice import Bath, BathChoice
from ..friction.estimate import ResourceError, require_memory
from ..heom.evolve import Unstable
from ..models.frozen import FloatArray, FrozenJunction
from .basis import FEWER, holding, more, require_fitting, weight_lost, with_states
from .bath import bath_choice
from .observe import Trajectory, changes, largest_change, scales
from .request import KEPT
from .run import STEP_ERROR, Task, resting_place, run

Progress = Callable[[int, int, str], None]
MAX_TIERS = 8
LOW = 2  # tiers of the runs that judge everything but the tiers
STATES_SHARE, BATH_SHARE, TIERS_SHARE = 0.15, 0.15, 0.4  # parts of the tolerance; the step needs none
BATH_ATTEMPTS, STATES_ATTEMPTS = 4, 8
FINER = 0.1  # step error of the run that judges the step
MARGIN = 2.0  # on what states, bath and step change: without it the error of the bath fell short by 1.2, measured
REFERENCE, TIGHTEST = 0.1, 1e-8  # the reference bath is this much better; no bath is tuned further


@dataclass
class Outcome:
    """The trajectory, absolute errors (shapes of the quantities), relative ones, what to write down."""

    frozen: FrozenJunction
    trajectory: Trajectory
    errors: dict[str, FloatArray]
    relative: dict[str, float]
    attributes: dict[str, Any]
    record: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


class Control:
    """One initial state to one tolerance; automatic (b,): whether a vibration's states may be raised."""

    def __init__(self, task: Task, automatic: Sequence[bool], tolerance: float, progress: Progress | None) -> None:
        self.task, self.automatic, self.tolerance, self.progress = task, automatic, tolerance, progress
        self.record: list[dict[str, Any]] = []
        self.messages: list[str] = []
        self.done: dict[tuple[Any, ...], Trajectory] = {}
        self.step = 0.0

    def converge(self, tiers: int | None, poles: int | None, scheme: str | None) -> Outcome:
        """tiers, poles, scheme fix what is otherwise chosen. Errors: ResourceError, Unstable, NotConverged."""
        frozen = self.task.frozen
        require_fitting(self.task, self.automatic)
        reach = excursion(self.task, 1.0)
        choice = bath_choice(frozen, reach, scheme, poles)
        bath = choice.within(self.tolerance)
        self.task = replace(self.task, origins=resting_place(frozen, self.task.start, bath.exponents))
        fewest = [len(e) for e in bath.exponents]
        self.task = holding(self.task, self.automatic, STATES_SHARE * self.tolerance, fewest, tiers or LOW)
        low = self._lowest(bath.exponents, tiers)
        states = self._states(bath.exponents, low)
        frozen = self.task.frozen
        by_bath: dict[str, FloatArray] = {}
        for _ in range(BATH_ATTEMPTS):
            better = self._better(choice, bath)
            here, there = self._run(bath.exponents, low), self._run(better.exponents, low)
            by_bath = changes(here, there)
            if poles is not None or max(largest_change(here, there).values()) <= BATH_SHARE * self.tolerance:
                break
            if len(better.exponents[0]) == len(bath.exponents[0]):
                break  # no better one is known
            bath = better
        by_step = changes(self._run(bath.exponents, low), self._run(bath.exponents, low, FINER * STEP_ERROR))
        trajectory, by_tier, depth = self._tiers(bath.exponents, tiers, low)
        parts = {"states": states, "bath": by_bath, "step": by_step}
        parts = {kind: {name: MARGIN * part for name, part in found.items()} for kind, found in parts.items()}
        parts["tiers"] = by_tier
        scale = scales(trajectory)
        lost = weight_lost(self.task)
        if lost > 0:
            parts["start"] = {name: np.full(getattr(trajectory, name).shape, lost * size) for name, size in scale.items()}
        errors, relative, shares = {}, {}, {}
        for name, reference in scale.items():
            kinds = {kind: part[name] for kind, part in parts.items() if name in part}
            shapes = [getattr(trajectory, name).shape, *(k.shape for k in kinds.values())]
            errors[name] = np.sum([_cut(k, shapes[0]) for k in kinds.values()], axis=0)
            shares[name] = {kind: float(np.max(k, initial=0.0)) / reference for kind, k in kinds.items()}
            relative[name] = float(np.max(errors[name], initial=0.0)) / reference
        attributes = {
            "tiers": depth,
            "poles": [e.poles for e in bath.exponents],
            "exponents": [len(e) for e in bath.exponents],
            "decomposition": bath.exponents[0].scheme,
            "vibrational_states": [int(s) for s in frozen.vibration_states],
            "step": self.step,
            "error_shares": shares,
        }
        return Outcome(frozen, trajectory, errors, relative, attributes, self.record, self.messages)

    # -- one after another ---------------------------------------------------------------------------------------

    def _better(self, choice: BathChoice, bath: Bath) -> Bath:
        """A bath with more exponents, tuned to a tighter tolerance; the same if there is none."""
        demand = REFERENCE * self.tolerance
        better = choice.within(demand, tuned=True)
        while sum(map(len, better.exponents)) <= sum(map(len, bath.exponents)) and demand > TIGHTEST:
            demand *= REFERENCE
            better = choice.within(demand, tuned=True)
        return better

    def _states(self, exponents: list[Exponents], depth: int) -> dict[str, FloatArray]:
        """The automatic numbers of states are raised until more of them change little; what they change.

        Given numbers are compared with fewer.
        """
        if not self.automatic:
            return {}
        states = [int(s) for s in self.task.frozen.vibration_states]
        if not any(self.automatic):
            other = [max(int(FEWER * s), 2) for s in states]
            if weight_lost(with_states(self.task, other)) > 1.0 - KEPT:
                other = more(states, [True] * len(states))
            return changes(self._run(exponents, depth), self._run(exponents, depth, states=other))
        for _ in range(STATES_ATTEMPTS):
            self.task = with_states(self.task, states)
            states = more(states, self.automatic)
            here, there = self._run(exponents, depth), self._run(exponents, depth, states=states)
            found = changes(here, there)
            if max(*largest_change(here, there).values(), weight_lost(self.task)) <= STATES_SHARE * self.tolerance:
                break
        return found

    def _lowest(self, exponents: list[Exponents], tiers: int | None) -> int:
        """Tiers of the runs that judge all else: LOW, or as many as a hierarchy needs that does not grow."""
        for depth in range(min(tiers or LOW, LOW), tiers or MAX_TIERS):
            try:
                self._run(exponents, depth)
            except Unstable as error:
                self.record.append({"tiers": depth, "message": str(error)})
            else:
                return depth
        return tiers or MAX_TIERS

    def _tiers(self, exponents: list[Exponents], tiers: int | None, low: int) -> tuple[Trajectory, dict[str, FloatArray], int]:
        """The trajectory, what its last tier changes (infinite if that is not known), its tiers."""
        depth = tiers or low
        first = max(1, depth - 2)
        runs: list[Trajectory] = []
        for n in range(first, depth):
            try:
                runs.append(self._run(exponents, n))
            except Unstable:
                runs.clear()
        while True:
            runs.append(self._run(exponents, depth))
            found = {name: np.full_like(change, np.inf) for name, change in changes(runs[-1], runs[-1]).items()}
            if len(runs) > 1:
                found = left_out(runs)
                scale = scales(runs[-1])
                worst = max(float(np.max(change, initial=0.0)) / scale[name] for name, change in found.items())
                if worst <= TIERS_SHARE * self.tolerance:
                    return runs[-1], found, depth
            if tiers is not None or depth == MAX_TIERS:
                return runs[-1], found, depth
            try:
                require_memory(self.task.frozen, [len(e) for e in exponents], depth + 1)
            except ResourceError as error:
                self.messages.append(str(error))
                return runs[-1], found, depth
            depth += 1

    def _run(
        self, exponents: list[Exponents], depth: int, step_error: float = STEP_ERROR, states: Sequence[int] | None = None
    ) -> Trajectory:
        task = self.task
        if states is not None:
            task = with_states(task, states)
        used = tuple(int(s) for s in task.frozen.vibration_states)
        key = (depth, used, step_error, *(e.kappa.tobytes() for e in exponents))
        if key in self.done:
            return self.done[key]
        words = f"HEOM, {depth} tiers, {max(len(e) for e in exponents)} exponents"
        words += f", {' x '.join(map(str, used))} vibrational states" if used else ""
        total = task.times.size
        report = None if self.progress is None else lambda done: self.progress(done, total, words)  # type: ignore[misc]
        started = clock.perf_counter()
        trajectory, record = run(task, exponents, depth, report, step_error)
        self.record.append(
            {
                "tiers": depth,
                "exponents": [len(e) for e in exponents],
                "vibrational_states": list(used),
                "steps": record.steps,
                "applications": record.applications,
                "step_error": step_error,
                "seconds": clock.perf_counter() - started,
            }
        )
        self.step = record.step
        self.done[key] = trajectory
        return trajectory


def left_out(runs: Sequence[Trajectory]) -> dict[str, FloatArray]:
    """What tiers beyond the last would change, from runs with one tier more each."""
    found, last = changes(runs[-1], runs[-2]), largest_change(runs[-1], runs[-2])
    if len(runs) < 3:
        return found
    before = largest_change(runs[-2], runs[-3])
    for name, change in found.items():
        ratio = last[name] / max(before[name], 1e-300)
        if ratio < 0.5:
            change *= min(1.0, 2.0 * ratio / (1.0 - ratio))
    return found


def excursion(task: Task, filling: float) -> FloatArray:
    """Largest |X| of each vibration: swings about the displacements -√2 n Λ/ω of fillings n between 0 and `filling`."""
    frozen = task.frozen
    out = []
    for b, start in enumerate(task.start.vibrations):
        shifts = -np.sqrt(2.0) * filling * np.linalg.eigvalsh(frozen.vibronic[b]) / frozen.frequencies[b]
        bound = max(float(np.maximum(shifts, 0).sum()), float(np.maximum(-shifts, 0).sum()))
        sign = 1.0 if np.maximum(shifts, 0).sum() > np.maximum(-shifts, 0).sum() else -1.0
        first = (
            start.displacement if start.kind == "displacement" else np.sqrt(2.0 * start.quanta(float(frozen.frequencies[b])))
        )
        out.append(max(abs(first), abs(2.0 * sign * bound - first), np.sqrt(0.5)))
    return np.array(out)


def _cut(array: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """To a shape whose last axis may be shorter or longer (numbers of quanta)."""
    last = shape[-1] if shape else 0
    if array.shape == shape or not shape:
        return array
    return np.pad(array, ((0, 0), (0, 0), (0, max(last - array.shape[-1], 0))))[..., :last]
