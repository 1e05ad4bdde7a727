"""The ensembles that are timed: an oscillator with friction and noise that depend on the position, at one temperature.

    m dv = -k x dt - γ(x) v dt + noise,   γ(x) = γ_0 (1 + sin(x/σ)/2),   D(x) = γ(x) k_BT,   σ² = k_BT/k

Started at rest; after a run ⟨p²⟩ = m k_BT and ⟨x²⟩ = k_BT/k, whatever γ(x) is: what all codes must agree about. Atomic units.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

MASS, SPRING, TEMPERATURE = 2000.0, 0.2, 9.5e-4
FREQUENCY = (SPRING / MASS) ** 0.5
SPREAD = (TEMPERATURE / SPRING) ** 0.5  # σ
FRICTION = 0.5 * MASS * FREQUENCY  # γ_0
STEP = 0.1 / FREQUENCY
POINTS, REACH = 401, 8.0  # of the table, up to REACH·σ on both sides
Quantity = Literal["rate_2", "peak_gb"]
AT_LEAST = ("rate_2",)  # of the others, less is better
BOUNDS: dict[Quantity, float] = {"rate_2": 50e6, "peak_gb": 1.0}


@dataclass(frozen=True)
class Case:
    """trajectories × steps by nonadia; peer: trajectories and steps by the others, whose rate hardly depends on them.

    targets: which of BOUNDS are asked for. memory: only the peak of memory is measured, and the rate on the way.
    """

    name: str
    trajectories: int
    steps: int
    peer: tuple[int, int] = (10_000, 400)
    targets: tuple[Quantity, ...] = ()
    memory: bool = False


def force(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """F(x)."""
    return -SPRING * x


def friction(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """γ(x)."""
    return np.asarray(FRICTION * (1.0 + 0.5 * np.sin(x / SPREAD)))


def points() -> NDArray[np.float64]:
    """Where the table is given."""
    return np.linspace(-REACH * SPREAD, REACH * SPREAD, POINTS)


def forces() -> xr.Dataset:
    """The table as `electronic_forces` gives one."""
    import xarray as xr

    x = points()
    tensor = friction(x)[:, None, None]
    return xr.Dataset(
        {
            "mean_force": (("x", "mode"), np.zeros((POINTS, 1))),
            "bare_potential": (("x",), 0.5 * SPRING * x**2),
            "friction": (("x", "mode", "mode_"), tensor),
            "noise": (("x", "mode", "mode_"), TEMPERATURE * tensor),
        },
        coords={"x": ("x", x, {"mass": MASS, "units": "bohr"}), "mode": ["x"], "mode_": ["x"]},
    )


CASES = (
    Case("table 1D", 100_000, 5000, targets=("rate_2",)),
    Case("memory", 100_000, 10_000, targets=("peak_gb",), memory=True),
)
QUICK_CASES = (
    Case("table 1D small", 20_000, 4000, (2000, 400)),
    Case("memory small", 20_000, 1000, targets=("peak_gb",), memory=True),
)


def select(names: Sequence[str], among: Sequence[Case] = CASES) -> list[Case]:
    """Cases whose name is one of `names` (case-insensitive); all of `among` for none.

    Errors: ValueError that names the nearest case.
    """
    known = {c.name.lower(): c for c in (*CASES, *QUICK_CASES)}
    chosen: list[Case] = []
    for name in names:
        wanted = " ".join(name.lower().split())
        if wanted not in known:
            near = known[difflib.get_close_matches(wanted, known, 1, 0.0)[0]].name
            raise ValueError(f'there is no case "{name}"; nearest: "{near}"; all: {", ".join(c.name for c in known.values())}')
        if known[wanted] not in chosen:
            chosen.append(known[wanted])
    return chosen or list(among)
