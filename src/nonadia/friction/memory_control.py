"""Vibrational states, bath and tiers of memory kernels, raised until the stated error meets the tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..baths.exponents import Exponents
from ..heom.solver import NotConverged
from ..models.frozen import FloatArray, FrozenJunction
from .estimate import ResourceError, require_memory
from .evaluate import Progress
from .memory_bath import GEOMETRIES, KernelBaths, reference_bath
from .memory_evaluate import KERNELS, GridKernels, by_green, by_hierarchy
from .memory_states import choose_states
from .partner import sample

MAX_TIERS = 8
EXACT_TIER = 4  # of non-interacting models, for a given bath (theory B4)
MAX_ATTEMPTS = 3  # baths tried before one that is too inaccurate is accepted as a failure
BATH = 0.5  # part of the tolerance that the bath may use up
REFERENCE = 0.1  # the reference bath of interacting models is this much better
REDUCTION = 0.1  # part of the tolerance for the reduction of the hierarchy
LAST_POLES = 0.3  # change with the last Padé poles of the exact kernels, as a part of the tolerance


@dataclass
class KernelRun:
    """Kernels, their absolute errors, attributes for the file, the record of the way there."""

    kernels: GridKernels
    errors: dict[str, FloatArray]
    attributes: dict[str, Any]
    record: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def green(
    frozen: FrozenJunction, time: FloatArray, frequency: FloatArray, tolerance: float, progress: Progress | None
) -> KernelRun:
    """Non-interacting models: exact but for the number of Padé poles; the error is the change with the last ones."""
    few = frozen[sample(len(frozen.g), GEOMETRIES)]
    exponents, fewer = reference_bath(few, time, frequency, LAST_POLES * tolerance)
    kernels = by_green(frozen, exponents, time, frequency)
    # the smaller system is accurate enough to take the common exponents from
    coarse = by_green(frozen, fewer, time, frequency, REDUCTION * tolerance, progress)
    errors = kernels.difference(coarse)
    change = coarse.change + max(kernels.relative(errors).values())
    kernels = replace(kernels, reduced=coarse.reduced, change=change)
    attributes = {"tiers": 0, "poles": [e.poles for e in exponents], "decomposition": "pade"}
    record = [{"method": "negf", "poles": attributes["poles"], "relative_error": kernels.relative(errors)}]
    return KernelRun(kernels, errors, attributes, record)


def hierarchy(
    frozen: FrozenJunction,
    automatic: Sequence[bool],
    time: FloatArray,
    frequency: FloatArray,
    tolerance: float,
    tiers: int | None,
    poles: int | None,
    scheme: str | None,
    progress: Progress | None,
) -> KernelRun:
    """HEOM: enough vibrational states, the fewest exponents whose partner model is right, then tier after tier.

    automatic: for each vibration, whether its number of states may be raised.
    Errors: ResourceError, NotConverged (also when the hierarchy of the last tier that was tried grows with time).
    """
    require_memory(frozen, [(poles or 1) + lead.width.poles.size for lead in frozen.leads], tiers or 2)
    baths = KernelBaths(frozen, time, frequency, tolerance, scheme, poles)
    chosen = choose_states(frozen, automatic, baths, baths.within(tolerance).exponents, time, frequency, tolerance)
    frozen = chosen.frozen

    def at(exponents: list[Exponents], depth: int, terminator: str = "zero") -> GridKernels:
        return by_hierarchy(frozen, exponents, depth, time, frequency, REDUCTION * tolerance, progress, terminator)

    exact = by_green(frozen, baths.reference, time, frequency) if frozen.non_interacting else None
    demand = tolerance
    for _ in range(MAX_ATTEMPTS):
        bath = baths.within(demand)
        if exact is not None:
            bath_error = by_green(frozen, bath.exponents, time, frequency).difference(exact)
            worst = exact.relative(bath_error)
        else:
            better = baths.within(REFERENCE * demand, tuned=True)
            require_memory(frozen, [len(e) for e in better.exponents], 2)
            second = at(better.exponents, 2)
            change, scale = second.difference(at(bath.exponents, 2)), second.scales()
            bath_error = {name: change[name] + better.partner_error[name] * scale[name] for name in KERNELS}
            worst = second.relative(bath_error)
        excess = max(worst.values()) / (BATH * tolerance)
        if poles is not None or excess <= 1.0:
            break
        demand *= min(1.0 / excess, 0.3)
    counts = [len(e) for e in bath.exponents]

    record, messages = list(chosen.record), list(chosen.messages)
    previous: GridKernels | None = None
    # where tiers are chosen, the adiabatic end is the result and the plain cut tells its error, as for the forces
    ended = tiers is None and exact is None
    depth = 2 if tiers is None else max(tiers - 1, 1)
    while True:
        try:
            size = require_memory(frozen, counts, depth)
            kernels = at(bath.exponents, depth, "adiabatic" if ended else "zero")
            other = at(bath.exponents, depth) if ended and depth > 2 else None if ended else previous
        except (ResourceError, NotConverged) as error:
            if previous is None or tiers is not None:
                raise
            kernels = previous
            messages.append(f"tier {depth} was not reached: {error}")
            break
        if exact is not None:
            errors = kernels.difference(exact)
        elif other is not None:
            change, scale = kernels.difference(other), kernels.scales()
            shares = {name: kernels.change + chosen.error[name] for name in KERNELS}
            errors = {name: bath_error[name] + change[name] + shares[name] * scale[name] for name in KERNELS}
        else:  # a single tier says nothing about its own truncation
            errors = {name: np.full_like(value, np.inf) for name, value in bath_error.items()}
        worst = kernels.relative(errors)
        entry = {"tiers": depth, "exponents": counts, "unknowns": size.unknowns, "iterations": kernels.iterations}
        record.append(entry | {"relative_error": worst})
        if depth == (tiers or MAX_TIERS) or (tiers is None and max(worst.values()) <= tolerance):
            break
        few_states = max(chosen.error.values()) > tolerance
        inaccurate = few_states or max(kernels.relative(bath_error).values()) > tolerance
        # from tier 3 on the truncation error is known, so that the error stated is a number
        hopeless = inaccurate and depth > 2 if ended else inaccurate or depth >= EXACT_TIER
        if tiers is None and hopeless:
            limit = "vibrational states" if few_states else "exponents of the leads"
            messages.append(f"the {limit} limit the accuracy: more tiers cannot help")
            break
        previous, depth = kernels, depth + 1
    attributes = {
        "tiers": record[-1]["tiers"],
        "poles": [e.poles for e in bath.exponents],
        "terminator": "adiabatic" if ended else "zero",
        "exponents": counts,
        "decomposition": bath.exponents[0].scheme,
        "bath": bath.record,
        "vibrational_states": frozen.vibration_states.tolist(),
        "error_of_vibrational_basis": chosen.error,
    }
    return KernelRun(kernels, errors, attributes, record, messages)
