"""Convergence of the hierarchy: vibrational states, exponents and tiers are raised until F, γ and D meet the tolerance.

The error at every geometry is the sum of computed differences: what a better bath changes at tier 2, what more vibrational
states change at tier 2, and, for the truncation, what the two terminators (nothing above the last tier, or an adiabatic tier)
and the last tier change. For non-interacting models the exact answer is known, and the stated error is the difference to it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..baths.exponents import Exponents
from ..heom.solver import NotConverged
from ..models.frozen import FloatArray, FrozenJunction
from .bath_choice import Bath, BathChoice
from .blocks import Workers
from .checks import impossible, in_equilibrium
from .estimate import ResourceError, require_memory
from .evaluate import QUANTITIES, GridForces, Progress, by_heom, by_negf, relative, scales
from .partner import sample

MAX_TIERS = 8
EXACT_TIERS = 4  # without interactions F and γ end at tier 2, D at tier 4 (theory B4)
MAX_ATTEMPTS = 3  # baths tried before an impossible or too inaccurate result is accepted as a failure
REFERENCE = 0.1  # the reference bath, against which the bath error is computed, is this much better
MARGIN = 2.0  # on what the two ends differ by: for U → 0, where the truth is known, that alone fell short by up to 1.7
STATES_SHARE = 0.2  # part of the tolerance that the vibrational basis may use up
SOLVER_SHARE = 1e-3  # relative error of the linear solves, in tolerances; D amplifies it most, measured up to 3


@dataclass
class Outcome:
    """What a method returns: values, absolute errors per geometry, attributes for the file, and the record of the way there."""

    result: GridForces
    errors: dict[str, FloatArray]
    attributes: dict[str, Any] = field(default_factory=dict)
    record: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    exponents: list[Exponents] | None = None  # of the hierarchy; None for Green's functions


@dataclass(frozen=True)
class _Judge:
    """Errors that do not depend on the tier, or the exact answer of a non-interacting model."""

    mode: str
    exact: GridForces | None = None
    temperature: float | None = None  # of an equilibrium, where D = γ_sym k_BT tells on both
    changes: tuple[dict[str, FloatArray], ...] = ()  # absolute, per geometry
    shares: tuple[dict[str, float], ...] = ()  # relative to the scale of each quantity

    def fixed(self, result: GridForces) -> dict[str, FloatArray]:
        """The part that more tiers cannot mend."""
        scale = scales(result, self.mode)
        out = {}
        for name in QUANTITIES:
            value = getattr(result, name)
            out[name] = sum((spread(change[name], value) for change in self.changes), np.zeros_like(value))
            out[name] = out[name] + sum(share[name] for share in self.shares) * scale[name]
        return out

    def errors(self, result: GridForces, others: Sequence[GridForces], margin: float = 1.0) -> dict[str, FloatArray]:
        """others: the same geometries with other truncations; without any the truncation error is unknown (inf).

        margin: by how much what they differ by is multiplied.
        """
        if self.exact is not None:
            return result.difference(self.exact)
        fixed = self.fixed(result)
        for name in QUANTITIES:
            value = getattr(result, name)
            changes = [margin * spread(result.difference(other)[name], value) for other in others]
            fixed[name] = fixed[name] + (np.maximum.reduce(changes) if changes else np.inf)
        for name, violation in self.violations(result).items():
            fixed[name] = np.maximum(fixed[name], violation)
        return fixed

    def violations(self, result: GridForces) -> dict[str, FloatArray]:
        """At equilibrium |D/k_BT - γ_sym|, which γ or D must answer for; nothing elsewhere."""
        if self.temperature is None:
            return {}
        symmetric = 0.5 * (result.friction + np.swapaxes(result.friction, -1, -2))
        violation = np.abs(result.noise / self.temperature - symmetric)
        return {"friction": violation, "noise": self.temperature * violation}


def spread(change: FloatArray, value: FloatArray) -> FloatArray:
    """A change as an error estimate: it may pass through zero at some x without the error doing so, so that at least its

    overall relative size counts everywhere.
    """
    value = np.abs(value)
    return np.maximum(change, value * (change.max() / max(float(value.max()), np.finfo(float).tiny)))


def _patched(whole: GridForces | None, at: NDArray[np.int64], part: GridForces) -> GridForces:
    """`whole` with the geometries `at` replaced."""
    if whole is None:
        return part
    arrays = {f.name: getattr(whole, f.name).copy() for f in fields(GridForces)}
    for name, array in arrays.items():
        array[at] = getattr(part, name)
    return GridForces(**arrays)


def _worst_each(errors: dict[str, FloatArray], result: GridForces) -> FloatArray:
    """Largest relative error of F, γ and D at every geometry."""
    scale = scales(result, "pointwise")
    floor = np.finfo(float).tiny
    ratios = [(errors[q] / np.maximum(scale[q], floor)).reshape(len(errors[q]), -1).max(axis=1) for q in QUANTITIES]
    return np.asarray(np.max(ratios, axis=0))


class Hierarchical:
    """HEOM on one grid to one tolerance. positions (N, c): the coordinates of the geometries."""

    def __init__(
        self, positions: FloatArray, tolerance: float, mode: str, progress: Progress | None, workers: Workers
    ) -> None:
        self.positions, self.tolerance, self.mode = positions, tolerance, mode
        self.progress, self.workers = progress, workers
        self.solver_tolerance = max(SOLVER_SHARE * tolerance * (1e-2 if mode == "pointwise" else 1.0), 1e-12)
        self.record: list[dict[str, Any]] = []

    def converge(
        self,
        frozen: FrozenJunction,
        automatic: Sequence[bool],
        tiers: int | None,
        poles: int | None,
        scheme: str | None,
    ) -> Outcome:
        """Values with errors; tiers, poles and scheme fix what is otherwise chosen. Then `self.frozen` is what was solved.

        automatic: for each vibration, whether its number of states may be raised. Errors: ResourceError, NotConverged.
        """
        self.frozen = frozen
        bands = [lead.width.poles.size for lead in frozen.leads]
        require_memory(frozen, [(poles or 1) + band for band in bands], tiers or 2)  # before the first second is spent
        if frozen.non_interacting:
            bath = BathChoice(frozen, self.mode, scheme, poles).within(self.tolerance)
            judge = _Judge(self.mode, exact=by_negf(frozen)[0])
            return self._raise_tiers(bath, judge, tiers)
        baths = BathChoice(frozen, self.mode, scheme, poles)
        states_error = self._choose_states(automatic, baths.within(self.tolerance).exponents)
        temperature = frozen.leads[0].temperature if in_equilibrium(frozen) else None
        demand = self.tolerance
        for _ in range(MAX_ATTEMPTS):
            bath, better = baths.within(demand), baths.within(REFERENCE * demand, tuned=True)
            change = self._solve(bath, 2).difference(self._solve(better, 2))
            judge = _Judge(self.mode, None, temperature, (change,), (better.partner_error, states_error))
            outcome = self._raise_tiers(bath, judge, tiers)
            fixed = self._largest(judge.fixed(outcome.result), outcome.result)
            broken = self._largest(judge.violations(outcome.result), outcome.result)
            if poles is not None or (
                fixed <= 0.7 * self.tolerance
                and broken <= self.tolerance
                and not impossible(self.frozen, outcome.result, self.tolerance)
            ):
                break
            demand *= min(0.5 * self.tolerance / max(fixed, broken), 0.2)
            while baths.within(demand).exponents is bath.exponents and demand > 1e-3 * self.tolerance:
                demand *= 0.5
            if baths.within(demand).exponents is bath.exponents:
                break
        outcome.attributes["error_of_vibrational_basis"] = states_error
        return outcome

    def _solve(
        self, bath: Bath, depth: int, terminator: str = "zero", at: NDArray[np.int64] | None = None
    ) -> GridForces:
        """at: the geometries to solve (default all)."""
        frozen, positions = (self.frozen, self.positions) if at is None else (self.frozen[at], self.positions[at])
        return by_heom(
            frozen, bath.exponents, depth, self.progress, self.solver_tolerance, terminator, positions, self.workers
        )

    def _largest(self, errors: dict[str, FloatArray], result: GridForces) -> float:
        return max(relative(errors, result, self.mode).values(), default=0.0)

    def _choose_states(self, automatic: Sequence[bool], exponents: Sequence[Exponents]) -> dict[str, float]:
        """Raises the states of automatic vibrations until F, γ and D stand still; the relative change that is left.

        Judged at a few geometries, at tier 2 (pointwise at tier 3: what tier 2 gives in the tails is no measure of anything);
        all vibrations are enlarged together for the comparison.
        """
        if not len(automatic):
            return dict.fromkeys(QUANTITIES, 0.0)
        some, depth = sample(len(self.frozen.g), 7), 3 if self.mode == "pointwise" else 2
        may_grow = np.array(automatic)

        def solve(frozen: FrozenJunction) -> GridForces:
            part, where = frozen[some], self.positions[some]
            return by_heom(part, exponents, depth, None, self.solver_tolerance, "zero", where, self.workers)

        # the model's own choice leaves out less than 1e-5 of the population; most tolerances need fewer
        fewer = np.maximum(3, np.ceil(0.6 * self.frozen.vibration_states)).astype(np.int64)
        self.frozen = replace(self.frozen, vibration_states=np.where(may_grow, fewer, self.frozen.vibration_states))
        small = solve(self.frozen)
        while True:
            states = self.frozen.vibration_states
            more = states + np.maximum(2, states // 4)
            larger = replace(self.frozen, vibration_states=more)
            require_memory(larger, [len(e) for e in exponents], depth)
            large = solve(larger)
            error = relative(large.difference(small), large, self.mode)
            compared = {"vibrational_states": states.tolist(), "compared_with": more.tolist()}
            self.record.append(compared | {"relative_change": error})
            if max(error.values()) <= STATES_SHARE * self.tolerance or not may_grow.any() or states.max() > 100:
                return error
            self.frozen, small = replace(self.frozen, vibration_states=np.where(may_grow, more, states)), large
            if not may_grow.all():
                small = solve(self.frozen)

    def _raise_tiers(self, bath: Bath, judge: _Judge, tiers: int | None) -> Outcome:
        """Tier after tier with one bath until the stated error meets the tolerance.

        Interacting models are solved with both terminators, whose difference bounds the truncation error from tier 3 on; the
        adiabatic one, which converges faster, is the result. A prescribed number of tiers is truncated plainly.
        Judged pointwise, only the geometries that are not there yet go on to the next tier.
        """
        exponents = bath.exponents
        counts = [len(e) for e in exponents]
        messages: list[str] = []
        depth = 2 if tiers is None else tiers
        solved = False
        highest = tiers or (MAX_TIERS if judge.exact is None else EXACT_TIERS)
        previous = None if tiers is None or judge.exact is not None else self._solve(bath, max(tiers - 1, 1))
        reached_at = np.full(len(self.positions), depth)
        left = np.arange(len(self.positions))
        plain = adiabatic = None
        broken: list[float] = []  # largest violation of D = γ k_BT, tier by tier
        while True:
            try:
                size = require_memory(self.frozen, counts, depth)
            except ResourceError as error:
                if not solved or tiers is not None:
                    raise
                messages.append(f"tier {depth} was not reached: {error}")
                break
            started = time.perf_counter()
            try:
                plain = _patched(plain, left, self._solve(bath, depth, "zero", left))
                if judge.exact is None and tiers is None:
                    adiabatic = _patched(adiabatic, left, self._solve(bath, depth, "adiabatic", left))
            except NotConverged as error:
                if not solved or tiers is not None:
                    raise
                messages.append(f"tier {depth} was not reached: {error}")
                break
            solved, reached_at[left] = True, depth
            if adiabatic is None:
                result, others, terminator = plain, [previous] if previous is not None and depth > 1 else [], "zero"
            else:
                result, others, terminator = adiabatic, [plain] if depth > 2 else [], "adiabatic"
            errors = judge.errors(result, others, 1.0 if adiabatic is None else MARGIN)
            worst = relative(errors, result, self.mode)
            self.record.append(
                {
                    "tiers": depth,
                    "geometries": left.size,
                    "terminator": terminator,
                    "exponents": counts,
                    "unknowns": size.unknowns,
                    "relative_error": worst,
                    "wall_time": time.perf_counter() - started,
                }
            )
            reached = max(worst.values()) <= self.tolerance
            # more tiers cannot mend what the bath or the vibrational basis alone gets wrong
            broken.append(self._largest(judge.violations(result), result))
            stalls = [after > 0.5 * before for before, after in pairwise(broken)]
            stuck = broken[-1] > self.tolerance and len(stalls) > 1 and all(stalls[-2:])
            hopeless = judge.exact is None and (stuck or self._largest(judge.fixed(result), result) > self.tolerance)
            if depth == highest or reached or (hopeless and depth > 2):
                break
            depth += 1
            if self.mode == "pointwise":
                left = np.flatnonzero(_worst_each(errors, result) > self.tolerance)
        attributes = {
            "tiers": int(reached_at.max()),
            "tiers_each": reached_at.tolist(),
            "terminator": terminator,
            "poles": [e.poles for e in exponents],
            "exponents": counts,
            "decomposition": exponents[0].scheme,
            "vibrational_states": self.frozen.vibration_states.tolist(),
            "bath": bath.record,
        }
        return Outcome(result, errors, attributes, self.record, messages, exponents)
