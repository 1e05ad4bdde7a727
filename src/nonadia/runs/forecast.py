"""The cost of a run as `nonadia check` states it: the bath is chosen as the run would, and a few geometries are timed.

What the run decides only from its results, the number of tiers, is left open: one line for each that may turn out to be needed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .estimate import memory_of_arrays, of_point

if TYPE_CHECKING:
    from nonadia.baths.exponents import Exponents
    from nonadia.heom.size import Size
    from nonadia.models.frozen import FrozenJunction

    from .junction_experiment import JunctionExperiment
    from .request import ForcesRequest

_MAX_STATES = 300  # of the molecule: beyond, choosing the bath takes longer than a check should
_ASSUMED_EXPONENTS = 5  # there
_PATIENCE = 1.0  # seconds for timing one depth
_SECONDS_PER_UNKNOWN = 1e-5  # one truncation at one geometry, one coordinate; where nothing is timed
_NEGF_SAMPLE = 8  # geometries timed by Green's functions
_COMPARED = 64  # sweep points
_TIMED_KERNELS = 400  # unknowns at tier 2: beyond, the kernels at one geometry take longer than a check should
_STATES_SOLVES = 28  # tier-2 solutions by which the number of vibrational states is chosen


def cost(experiment: JunctionExperiment) -> list[str]:
    """Lines on method, bath, hierarchy, memory and time of a run."""
    from nonadia.friction.estimate import format_bytes

    needed = of_point(experiment, least=True)
    request = experiment.forces
    assert request is not None
    arrays = memory_of_arrays(experiment, needed.method)
    runs = _distinct(experiment)
    if needed.size is None:
        return [
            *needed.lines(),
            f"memory about {format_bytes(arrays)} of {format_bytes(needed.available)} available",
            f"time: of the order of {duration_text(runs * needed.points * _negf_seconds(experiment))} on one core",
        ]
    frozen = experiment.model.at(request.points)
    lines = [f"method heom, {needed.points} points, {needed.size.dimension} molecular states"]
    started = time.perf_counter()
    baths = _baths(request, frozen) if needed.size.dimension <= _MAX_STATES else []
    choosing = time.perf_counter() - started
    if baths:
        text = f"bath: {_numbers(baths[0])} exponents for each lead and sign ({baths[0][0].scheme})"
        lines.append(text + (f"; its error by comparison with {_numbers(baths[1])}" if len(baths) > 1 else ""))
        counts = [[len(e) for e in bath] for bath in baths]
    else:
        counts = [[_ASSUMED_EXPONENTS if request.poles is None else needed.exponents] * len(frozen.leads)]
        lines.append(f"bath: chosen in the run; the sizes below are for {counts[0][0]} exponents for each lead and sign")
    seconds = _Seconds(request, frozen, baths, counts[0])
    if request.tiers is None:
        depths: tuple[int, ...] = (2, 3, 4) if frozen.non_interacting else (3, 4, 5)
        lines.append("tiers are raised until the tolerance is met; a run that ends with")
    else:
        depths = (request.tiers,)
    for depth in depths:
        size = _size(frozen, counts[0], depth)
        memory = size.memory + arrays
        fits = "" if memory <= needed.available else f", more than the {format_bytes(needed.available)} available"
        spent = choosing + needed.points * _per_geometry(seconds, frozen, depth, request.tiers is not None)
        spent += _STATES_SOLVES * seconds.at(2) * bool(frozen.frequencies.size)
        lines.append(
            f"  {depth} tiers: {size.unknowns:,} unknowns, memory about {format_bytes(memory)}{fits}, "
            f"time about {duration_text(runs * spent)} on one core"
        )
    return lines


def _distinct(experiment: JunctionExperiment) -> int:
    """Sweep points whose forces are not those of another one; all of them where there are many."""
    from .forces_execute import twins

    values = list(experiment.points())
    return len(values) if len(values) > _COMPARED else len(set(twins([experiment.at(chosen) for chosen in values])))


def cost_of_kernels(experiment: JunctionExperiment) -> list[str]:
    """A line on [memory]: geometries, times, and the time of one geometry where that is quickly measured."""
    request = experiment.memory
    if request is None:
        return []
    from nonadia.friction import estimate, memory_kernels

    at, count = request.at, len(request.at.points)
    line = f"memory kernels: {count} geometries, {request.time.size} times"
    middle = at.points[count // 2 : count // 2 + 1]
    size = estimate(experiment.model, middle, method=at.method, tiers=at.tiers or 2, poles=at.poles).size
    if size is not None and size.unknowns > _TIMED_KERNELS:
        return [f"{line}; {size.unknowns:,} unknowns or more, the time is not estimated"]
    started = time.perf_counter()
    options = {name: getattr(at, name) for name in ("method", "tolerance", "tiers", "poles", "decomposition")}
    memory_kernels(experiment.model, middle, request.time, request.frequency, **options)
    runs = _distinct(experiment)
    spent = runs * count * (time.perf_counter() - started)
    return [f"{line}, time of the order of {duration_text(spent)} on one core"]


def _negf_seconds(experiment: JunctionExperiment) -> float:
    """Measured seconds a geometry, at the accuracy that the run starts with."""
    from nonadia.friction.evaluate import by_negf
    from nonadia.friction.partner import sample

    request = experiment.forces
    assert request is not None
    frozen = experiment.model.at(request.points[sample(len(request.points), _NEGF_SAMPLE)])
    precise = min(1e-9, 1e-3 * request.tolerance)
    times = []
    for part in (frozen[:1], frozen):  # the first call sets things up
        started = time.perf_counter()
        by_negf(part, tolerance=precise)
        times.append((time.perf_counter() - started) / len(part.g))
    return times[-1]


def _baths(request: ForcesRequest, frozen: FrozenJunction) -> list[list[Exponents]]:
    """The bath that the run would use first and, for an interacting model, the better one that judges it."""
    from nonadia.friction.bath_choice import BathChoice
    from nonadia.friction.partner import sample
    from nonadia.friction.tiers import REFERENCE

    some = frozen[sample(len(frozen.g))]
    choice = BathChoice(some, request.tolerance_mode, request.decomposition, request.poles)
    found = [choice.within(request.tolerance).exponents]
    if not frozen.non_interacting:
        found.append(choice.within(REFERENCE * request.tolerance, tuned=True).exponents)
    return found


class _Seconds:
    """Measured seconds of one truncation at one geometry; beyond what is quickly measured, in proportion to the unknowns."""

    def __init__(self, request: ForcesRequest, frozen: FrozenJunction, baths: list[list[Exponents]], counts: list[int]) -> None:
        self.request, self.frozen, self.baths, self.counts = request, frozen, baths, counts
        self._rate = _SECONDS_PER_UNKNOWN * frozen.n_coordinates
        self._known: dict[int, float] = {}

    def at(self, depth: int) -> float:
        """Seconds; shallower depths are measured first."""
        if depth not in self._known:
            unknowns = _size(self.frozen, self.counts, depth).unknowns
            if depth > 2:
                self.at(depth - 1)
            expected = unknowns * self._rate
            self._known[depth] = self._measured(depth) if self.baths and expected < _PATIENCE else expected
            self._rate = self._known[depth] / unknowns
        return self._known[depth]

    def _measured(self, depth: int) -> float:
        from nonadia.friction.evaluate import by_heom
        from nonadia.friction.tiers import SOLVER_SHARE

        count = len(self.frozen.g)
        first = max(0, count // 2 - 1)
        some = slice(first, min(count, first + 3))
        precise = SOLVER_SHARE * self.request.tolerance * (1e-2 if self.request.tolerance_mode == "pointwise" else 1.0)
        times = []
        for part in (slice(first, first + 1), some):  # the first compiles and builds the tables
            started = time.perf_counter()
            positions = self.request.points[part]
            by_heom(self.frozen[part], self.baths[0], depth, tolerance=max(precise, 1e-12), positions=positions)
            times.append((time.perf_counter() - started) / len(positions))
        return times[-1]


def _per_geometry(seconds: _Seconds, frozen: FrozenJunction, depth: int, fixed: bool) -> float:
    """Seconds for all truncations that `friction.tiers` solves on the way to `depth`."""
    solves = {depth: 1.0} if fixed else dict.fromkeys(range(2, depth + 1), 1.0)
    if not frozen.non_interacting:
        if fixed:
            solves[max(depth - 1, 1)] = 1.0
        else:
            solves = dict.fromkeys(solves, 2.3)  # both terminators; the adiabatic one takes 1.3 times as long
        solves[2] = solves.get(2, 0.0) + 2.0  # two baths
    return sum(number * seconds.at(tier) for tier, number in solves.items())


def _size(frozen: FrozenJunction, counts: Sequence[int], depth: int) -> Size:
    from nonadia.heom.size import hierarchy_size

    return hierarchy_size(frozen, counts, depth)


def _numbers(bath: list[Exponents]) -> str:
    """'5', or '5, 7' where the leads differ."""
    counts = [len(exponents) for exponents in bath]
    return str(counts[0]) if len(set(counts)) == 1 else ", ".join(map(str, counts))


def duration_text(seconds: float) -> str:
    for size, unit in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds > 1.5 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{max(seconds, 1.0):.2g} s"
