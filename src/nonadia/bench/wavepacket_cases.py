"""The wave packets that are timed: two linearly coupled harmonic states in one, two and three dimensions.

    H = Σ_a [p_a²/(2M) + k x_a²/2] + κ x_1 σ_z + c σ_x,    c = κ x_D (the last coordinate), or a constant in one dimension

M = 2000, k = 0.2, κ = 0.03 (in two dimensions the Jahn-Teller model of the shipped `jahn-teller`); a displaced Gaussian on the
first state. Atomic units.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..models.initial import Diabatic, Gaussian, InitialState
from ..models.molecule import GridCoordinate, Molecule, States

MASS, SPRING, TILT, CONSTANT = 2000.0, 0.2, 0.03, 0.01
CENTER, WIDTH = 0.5, 0.22
NAMES = ("x", "y", "z")
Quantity = Literal["fft_ratio", "peer_ratio", "snapshot_steps", "peak_gb"]
AT_LEAST = ("peer_ratio",)  # of the others, less is better
BOUNDS: dict[Quantity, float] = {"fft_ratio": 1.5, "peer_ratio": 10.0, "snapshot_steps": 40.0, "peak_gb": 6.0}


@dataclass(frozen=True)
class Case:
    """points on each of `dimensions` axes from -half to half; duration: of the propagation that is compared, a.u.

    targets: which of BOUNDS are asked for. memory: only the peak of memory and single times are measured.
    """

    name: str
    dimensions: int
    points: int
    half: float
    duration: float
    targets: tuple[Quantity, ...] = ()
    memory: bool = False

    def axes(self) -> tuple[GridCoordinate, ...]:
        return tuple(GridCoordinate(name, MASS, -self.half, self.half, self.points) for name in NAMES[: self.dimensions])

    def entries(self) -> dict[tuple[int, int], Callable[..., Any]]:
        """Functions of the coordinates and t."""

        def spring(*x: Any) -> Any:
            return sum(0.5 * SPRING * q**2 for q in x[:-1])

        return {
            (0, 0): lambda *x: spring(*x) + TILT * x[0],
            (1, 1): lambda *x: spring(*x) - TILT * x[0],
            (0, 1): (lambda x, t: 0.0 * x + CONSTANT) if self.dimensions == 1 else lambda *x: TILT * x[self.dimensions - 1],
        }

    def molecule(self) -> Molecule:
        return Molecule(self.axes(), States(2, self.entries()))

    def one_state(self) -> Molecule:
        """The first state alone."""
        return Molecule(self.axes(), States(1, {(0, 0): self.entries()[0, 0]}))

    def initial(self) -> InitialState:
        center = (CENTER, *[0.0] * (self.dimensions - 1))
        return InitialState(Gaussian(center, (WIDTH,) * self.dimensions, (0.0,) * self.dimensions), Diabatic(1))


def observables(psi: NDArray[np.complex128], start: NDArray[np.complex128]) -> dict[str, float]:
    """Population of the second state and ⟨ψ(0)|ψ(t)⟩, normalised: what two codes must agree about."""
    norm = float(np.vdot(psi, psi).real)
    overlap = complex(np.vdot(start, psi)) / norm
    return {
        "population": float(np.vdot(psi[1], psi[1]).real) / norm,
        "overlap_real": overlap.real,
        "overlap_imag": overlap.imag,
    }


CASES = (
    Case("1D 1024", 1, 1024, 4.25, 100.0, ("fft_ratio", "peer_ratio")),
    Case("2D 256", 2, 256, 2.2, 40.0, ("fft_ratio", "peer_ratio", "snapshot_steps")),
    Case("3D 128", 3, 128, 2.2, 0.0, ("peak_gb",), memory=True),
)
QUICK_CASES = (
    Case("1D 256", 1, 256, 2.2, 20.0),
    Case("2D 64", 2, 64, 2.2, 20.0),
    Case("3D 40", 3, 40, 2.2, 0.0, ("peak_gb",), memory=True),
)


def select(names: Sequence[str], among: Sequence[Case] = CASES) -> list[Case]:
    """Cases whose name is, or begins with the words of, one of `names` (case-insensitive); all for none.

    Errors: ValueError that names the nearest case.
    """
    known = {c.name.lower(): c for c in (*CASES, *QUICK_CASES)}
    if not names:
        return list(among)
    chosen: list[Case] = []
    for name in names:
        wanted = " ".join(name.lower().split())
        found = [c for key, c in known.items() if key == wanted] or [
            c for key, c in known.items() if key.startswith(f"{wanted} ") and c in among
        ]
        if not found:
            near = known[difflib.get_close_matches(wanted, known, 1, 0.0)[0]].name
            raise ValueError(f'there is no case "{name}"; nearest: "{near}"; all: {", ".join(c.name for c in known.values())}')
        chosen += [c for c in found if c not in chosen]
    return chosen
