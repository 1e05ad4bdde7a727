"""The benchmark junctions: one level, an Anderson impurity (SIAM), a level with a quantum vibration.

Two leads at μ = ±0.1 eV, Lorentzian bands of half width W = 2 eV centred at μ, Γ per lead, Padé poles; energies in eV here and
in Hartree in the arrays. "SIAM 8/3" means 8 Padé poles and tier 3, "vib 12 6/2" 12 vibrational states, 6 poles and tier 2.
The occupations (total electron number) were computed with QuTiP, from poles and tiers equal to these.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..baths.decompose import decompose
from ..baths.exponents import Exponents
from ..models.frozen import FrozenJunction, LeadBath, channels_of
from ..models.width import LevelWidth
from ..units import EV, KELVIN

CHEMICAL_POTENTIALS = (0.1, -0.1)  # eV
BANDWIDTH = 2.0  # eV
Quantity = Literal["solve_ratio", "build_ratio", "total_s", "peak_gb", "stream_ratio"]
AT_LEAST = ("solve_ratio", "build_ratio")  # of the others, less is better


@dataclass(frozen=True)
class Target:
    """`quantity` at least (QuTiP's time over ours) or at most (seconds, GB, time over streaming time) `bound`."""

    quantity: Quantity
    bound: float

    def met(self, value: float) -> bool:
        return value >= self.bound if self.quantity in AT_LEAST else value <= self.bound


@dataclass(frozen=True)
class Case:
    """One steady state. levels, interaction (between all pairs), rate Γ of each lead on each level: eV; temperature: K.

    vibration: frequency, states, coupling Λ (b + b†) d†d, energies in eV. occupation: the oracle, where there is one.
    peer: QuTiP is known to finish it on a machine with 16 GB.
    """

    name: str
    levels: tuple[float, ...]
    poles: int
    tiers: int
    interaction: float = 0.0
    vibration: tuple[float, int, float] | None = None
    rate: float = 0.01
    temperature: float = 300.0
    occupation: float | None = None
    peer: bool = False
    targets: tuple[Target, ...] = ()

    def frozen(self) -> FrozenJunction:
        """Arrays of the junction in Hartree; one coordinate on which nothing depends."""
        n, b = len(self.levels), 0 if self.vibration is None else 1
        frequency, states, coupling = self.vibration or (0.0, 0, 0.0)
        channels = sum((channels_of(lead, (self.rate * EV * np.eye(n)).astype(complex)) for lead in range(2)), ())
        return FrozenJunction(
            h=(EV * np.diag(self.levels)).astype(complex),
            dh=np.zeros((1, n, n), dtype=complex),
            u=self.interaction * EV * (np.ones((n, n)) - np.eye(n)),
            du=np.zeros((1, n, n)),
            vibronic=np.broadcast_to(coupling * EV * np.eye(n), (b, n, n)).astype(complex),
            dvibronic=np.zeros((1, b, n, n), dtype=complex),
            g=np.ones(2),
            dg=np.zeros((1, 2)),
            frequencies=np.full(b, frequency * EV),
            vibration_states=np.full(b, states, dtype=np.int64),
            channels=channels,
            leads=tuple(
                LeadBath(name, mu * EV, self.temperature * KELVIN, LevelWidth.lorentzian(mu * EV, BANDWIDTH * EV))
                for name, mu in zip("LR", CHEMICAL_POTENTIALS, strict=True)
            ),
        )

    def exponents(self) -> list[Exponents]:
        """Padé exponents of both leads: `poles` of the Fermi function and one of the band."""
        return [decompose(lead, self.poles, "pade") for lead in self.frozen().leads]

    def small(self) -> Case:
        """The same kind of junction and tier in its smallest size: loads compiled kernels, costs nothing."""
        vibration = None if self.vibration is None else (self.vibration[0], 2, self.vibration[2])
        return replace(self, poles=1, vibration=vibration)


def _level(poles: int, tiers: int, **rest: object) -> Case:
    return Case(f"level {poles}/{tiers}", (0.1,), poles, tiers, **rest)  # type: ignore[arg-type]


def _impurity(poles: int, tiers: int, name: str = "SIAM", **rest: object) -> Case:
    return Case(f"{name} {poles}/{tiers}", (-0.2, -0.2), poles, tiers, interaction=0.5, **rest)  # type: ignore[arg-type]


def _vibration(states: int, poles: int, tiers: int, **rest: object) -> Case:
    vibration = (0.1, states, 0.08)
    return Case(f"vib {states} {poles}/{tiers}", (0.1,), poles, tiers, vibration=vibration, **rest)  # type: ignore[arg-type]


STREAMED = Target("stream_ratio", 3.0)  # large cases: their data come from memory, not from a cache
CASES: tuple[Case, ...] = (
    _level(20, 2, occupation=0.257074341333, peer=True),
    _impurity(4, 3, occupation=0.983496212712, peer=True),
    _impurity(
        8,
        3,
        occupation=0.983401883591,
        peer=True,
        targets=(Target("solve_ratio", 500.0), Target("build_ratio", 40.0), Target("peak_gb", 0.25)),
    ),
    _impurity(4, 4),
    _impurity(6, 4, targets=(Target("total_s", 1.0), STREAMED)),
    _vibration(8, 6, 2, occupation=0.396068620068, peer=True),
    _vibration(12, 6, 2, occupation=0.396320158625, peer=True, targets=(Target("solve_ratio", 150.0),)),
    _vibration(8, 6, 3, targets=(Target("total_s", 2.0), Target("peak_gb", 1.0), STREAMED)),
    _vibration(12, 6, 3, targets=(Target("total_s", 8.0), Target("peak_gb", 1.0), STREAMED)),
    *(
        _impurity(6, tiers, f"SIAM {rate} eV 100 K", rate=rate, temperature=100.0)
        for rate in (0.1, 0.3)
        for tiers in (2, 3, 4)
    ),
)
QUICK = ("level 20/2", "SIAM 4/3", "vib 8 6/2")


def select(names: Sequence[str]) -> list[Case]:
    """Cases whose name is, or begins with the words of, one of `names` (case-insensitive); all for none.

    Errors: ValueError that names the nearest case.
    """
    chosen = []
    for name in names:
        wanted = " ".join(name.lower().split())
        found = [c for c in CASES if c.name.lower() == wanted] or [
            c for c in CASES if c.name.lower().startswith((f"{wanted} ", f"{wanted}/"))
        ]
        if not found:
            known = {c.name.lower(): c.name for c in CASES}
            near = known[difflib.get_close_matches(wanted, known, 1, 0.0)[0]]
            raise ValueError(f'there is no case "{name}"; nearest: "{near}"; all: {", ".join(known.values())}')
        chosen += found
    return [case for case in CASES if case in chosen] if names else list(CASES)
