"""[propagation], [factorization] and [trajectories] of an input file → what is to be computed, in atomic units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nonadia.models.build_molecule import MoleculeBuilder
from nonadia.models.structure import dotted

from .closed_schema import FactorizationSpec, PropagationSpec, TrajectoriesSpec

MOST_TIMES = 100_000
DEFAULT_SNAPSHOTS = 200


@dataclass(frozen=True)
class PropagationRequest:
    """How long (atomic units), how accurately, and at which times ψ is looked at."""

    duration: float
    store_every: float
    step: float | str = "auto"
    method: str = "split-operator"
    order: int = 4
    tolerance: float = 1e-7
    store_psi: bool = False

    @property
    def times(self) -> NDArray[np.float64]:
        """0, store_every, 2·store_every, …, and the end."""
        count = math.floor(self.duration / self.store_every * (1.0 + 1e-12) + 1e-9)
        times: NDArray[np.float64] = self.store_every * np.arange(count + 1, dtype=np.float64)
        if self.duration - times[-1] > 1e-9 * self.duration:
            return np.append(times, self.duration)
        times[-1] = self.duration
        return times


@dataclass(frozen=True)
class FactorizationRequest:
    """Gauge, masks, refinement, tolerance of a factorization along the run; fields: "auto", "all", "none" or times."""

    gauge: str = "real"
    gauge_state: int = 1
    density_floor: float = 1e-12
    refinement: int | str = "auto"
    identities: bool = True
    tolerance: float = 1e-6
    fields: str | tuple[float, ...] = "auto"


@dataclass(frozen=True)
class TrajectoriesRequest:
    """newton: the centre under F̄ and F̄ + D̄; quantum: how many quantum trajectories."""

    newton: bool = False
    quantum: int = 0


Request = PropagationRequest | FactorizationRequest | TrajectoriesRequest


def described(request: Request | None) -> dict[str, Any] | None:
    """Every value of a request, JSON-able."""
    return None if request is None else asdict(request)


def _default(spec: type[Any], table: Mapping[str, Any], key: str) -> Any:
    return table.get(key, spec.model_fields[key].default)


def _tolerance(builder: MoleculeBuilder, source: Any, key: str) -> float | None:
    value = builder.real(source, key, "dimensionless", positive=True)
    if value is not None and value >= 1.0:
        builder.note(key, f"{value:g} is too large; a small number such as 1e-6 is needed")
        return None
    return value


def read_propagation(builder: MoleculeBuilder, table: Mapping[str, Any]) -> PropagationRequest | None:
    """The request of [propagation]; None after noting a fault in the builder."""
    before = len(builder.problems)
    duration = builder.real(table.get("duration"), "propagation.duration", "time", positive=True)
    step: float | str | None = _default(PropagationSpec, table, "step")
    if step != "auto":
        step = builder.real(step, "propagation.step", "time", positive=True)
    tolerance = _tolerance(builder, _default(PropagationSpec, table, "tolerance"), "propagation.tolerance")
    every = None
    if table.get("store_every") is not None:
        every = builder.real(table["store_every"], "propagation.store_every", "time", positive=True)
    if duration is None or step is None or tolerance is None:
        return None
    if "store_every" not in table:
        every = duration / DEFAULT_SNAPSHOTS
    if every is not None and every > duration * (1.0 + 1e-9):
        builder.note("propagation.store_every", f"{every:g} is longer than the duration, {duration:g} (atomic units of time)")
    if every is not None and duration / every > MOST_TIMES:
        builder.note("propagation.store_every", f"gives {duration / every:,.0f} snapshots; at most {MOST_TIMES:,} are possible")
    if isinstance(step, float) and step > duration:
        builder.note("propagation.step", f"{step:g} is longer than the duration, {duration:g} (atomic units of time)")
    rest = {key: _default(PropagationSpec, table, key) for key in ("method", "order", "store_psi")}
    if every is None or None in rest.values() or len(builder.problems) > before:
        return None
    return PropagationRequest(duration, every, step, tolerance=tolerance, **rest)


def read_factorization(
    builder: MoleculeBuilder, table: Mapping[str, Any], propagation: PropagationRequest | None
) -> FactorizationRequest | None:
    """The request of [factorization]; None after noting a fault in the builder."""
    before = len(builder.problems)
    floor = _tolerance(builder, _default(FactorizationSpec, table, "density_floor"), "factorization.density_floor")
    tolerance = _tolerance(builder, _default(FactorizationSpec, table, "tolerance"), "factorization.tolerance")
    gauge = _default(FactorizationSpec, table, "gauge")
    if gauge == "zero-vector-potential" and len(builder.coordinates) > 1:
        builder.note(
            "factorization.gauge",
            f'"{gauge}" exists for one coordinate only, and there are {len(builder.coordinates)}; give "real" or "temporal"',
        )
    if gauge == "adiabatic-phase" and "potentials" in builder.data:
        builder.note("factorization.gauge", f'"{gauge}" needs electronic states; a marginal system has none: give "real"')
    fields = _default(FactorizationSpec, table, "fields")
    if isinstance(fields, list):
        fields = _field_times(builder, fields, propagation)
    rest = {key: _default(FactorizationSpec, table, key) for key in ("refinement", "identities", "gauge_state")}
    refinement = rest["refinement"]
    if isinstance(refinement, int) and refinement & (refinement - 1):
        builder.note("factorization.refinement", f"{refinement}; a power of two (1, 2, 4, …) is needed")
    if None in (floor, tolerance, gauge, fields, *rest.values()) or len(builder.problems) > before:
        return None
    assert floor is not None and tolerance is not None and fields is not None
    return FactorizationRequest(gauge, density_floor=floor, tolerance=tolerance, fields=fields, **rest)


def _field_times(
    builder: MoleculeBuilder, sources: list[Any], propagation: PropagationRequest | None
) -> tuple[float, ...] | None:
    found = []
    for index, source in enumerate(sources):
        key = dotted("factorization", "fields", index)
        time = builder.real(source, key, "time") if isinstance(source, int | float | str) else None
        if time is None:
            if not isinstance(source, int | float | str):
                builder.note(key, "must be a time")
            return None
        if propagation is not None and not -1e-9 <= time <= propagation.duration * (1.0 + 1e-9):
            builder.note(key, f"{time:g} is outside the run, 0 … {propagation.duration:g} (atomic units of time)")
            return None
        found.append(float(time))
    return tuple(found)


def read_trajectories(
    builder: MoleculeBuilder, table: Mapping[str, Any], factorization: FactorizationRequest | None
) -> TrajectoriesRequest | None:
    """The request of [trajectories]; None after noting a fault in the builder."""
    newton, quantum = (_default(TrajectoriesSpec, table, key) for key in ("newton", "quantum"))
    if newton is None or quantum is None:
        return None
    if not newton and not quantum:
        builder.note("trajectories", "asks for none; give newton = true, or quantum = 40")
        return None
    if factorization is None and "factorization" not in builder.data:
        builder.note("trajectories", "needs [factorization] beside it: the fields that the trajectories follow")
        return None
    if newton and factorization is not None and not factorization.identities:
        builder.note("trajectories.newton", "needs the mean forces of [factorization]; set factorization.identities = true")
        return None
    return TrajectoriesRequest(newton, quantum)
