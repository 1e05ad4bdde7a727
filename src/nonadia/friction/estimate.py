"""What a force calculation will cost, before it is started; what does not fit is refused with numbers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from ..heom.size import Size, hierarchy_size
from ..models.errors import ModelError
from ..models.frozen import FrozenJunction
from ..models.junction import Junction
from .grid import Grid

DEFAULT_TIERS, DEFAULT_EXPONENTS = 3, 12  # what an estimate assumes where the program is to choose


class ResourceError(ValueError):
    """The calculation needs more memory than this machine has; nothing was started."""


@dataclass(frozen=True)
class Estimate:
    """method "negf" or "heom"; points; for HEOM the exponents per lead and σ, tiers and the hierarchy's Size."""

    method: str
    points: int
    exponents: int
    tiers: int
    size: Size | None
    memory: int
    available: int

    @property
    def fits(self) -> bool:
        return self.memory <= self.available

    def lines(self) -> list[str]:
        """Human-readable summary."""
        if self.size is None:
            return [f"method negf (non-interacting, exact), {self.points} points"]
        ados = " + ".join(f"{n:,}" for n in self.size.ados)
        return [
            f"method heom, {self.points} points, {self.tiers} tiers, {self.exponents} exponents per lead and sign",
            f"molecule: {self.size.dimension} states; ADOs per tier: {ados}; {self.size.unknowns:,} real unknowns",
            f"memory about {format_bytes(self.memory)} of {format_bytes(self.available)} available",
        ]


def format_bytes(count: float) -> str:
    """1.5 GB and the like (powers of 1000)."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if count < 999.5 or unit == "PB":
            return f"{count:.3g} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def available_memory() -> int:
    """Bytes that this process may still take: free memory, bounded by the address-space limit if there is one."""
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    free = int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            with open("/proc/self/statm") as statm:
                free = min(free, limit - int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE"))
    except (ImportError, OSError):
        pass
    return max(free, 0)


def sound(model: Junction, grid: Grid) -> FrozenJunction:
    """The model frozen on the grid. Errors: ModelError (a ValueError) with every fault: key, what is wrong, at which x."""
    problems = model.problems_at(grid.points)
    if problems:
        raise ModelError(problems)
    return model.at(grid.points)


def choose_method(frozen: FrozenJunction, method: str) -> str:
    """ "auto" is NEGF wherever it is exact. Errors: ValueError for NEGF of an interacting model."""
    if method not in ("auto", "heom", "negf"):
        raise ValueError(f'unknown method "{method}"; use "auto", "heom" or "negf"')
    if method == "negf" and not frozen.non_interacting:
        raise ValueError('method "negf" is exact only without interactions and vibrations; use "heom" or "auto"')
    return ("negf" if frozen.non_interacting else "heom") if method == "auto" else method


def require_memory(frozen: FrozenJunction, exponent_counts: Sequence[int], tiers: int) -> Size:
    """The Size of one HEOM calculation. Errors: ResourceError if it does not fit."""
    size = hierarchy_size(frozen, exponent_counts, tiers)
    available = available_memory()
    if size.memory > available:
        raise ResourceError(
            f"{tiers} tiers with {max(exponent_counts)} exponents per lead and sign and {size.dimension} molecular states "
            f"need about {format_bytes(size.memory)} ({size.unknowns:,} unknowns), {format_bytes(available)} are available; "
            "fewer tiers, poles or vibrational states would fit"
        )
    return size


def estimate(
    model: Junction,
    x: ArrayLike | Mapping[str, ArrayLike],
    method: str = "auto",
    tiers: int | None = None,
    poles: int | None = None,
) -> Estimate:
    """Sizes and memory of `electronic_forces` with these arguments; nothing is built (bytes, counts)."""
    grid = Grid.of([c.name for c in model.coordinates], x)
    frozen = model.at(grid.points)
    chosen = choose_method(frozen, method)
    if chosen == "negf":
        return Estimate("negf", len(grid), 0, 0, None, 0, available_memory())
    bands = [lead.width.poles.size for lead in frozen.leads]
    counts = [DEFAULT_EXPONENTS if poles is None else poles + band for band in bands]
    depth = DEFAULT_TIERS if tiers is None else tiers
    size = hierarchy_size(frozen, counts, depth)
    return Estimate("heom", len(grid), max(counts), depth, size, size.memory, available_memory())
