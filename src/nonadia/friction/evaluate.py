"""F, γ, D, populations and currents at every geometry, by NEGF or by HEOM with given exponents and tiers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from .. import negf
from ..baths.exponents import Exponents
from ..heom.fock import FockSpace
from ..heom.modes import Modes
from ..models.frozen import FloatArray, FrozenJunction
from ..negf.tabulated import Sums
from .blocks import BLOCK, Task, Workers

Progress = Callable[[int, int, str], None]
QUANTITIES = ("force", "friction", "noise")
ZERO = 1e-6


@dataclass(frozen=True)
class GridForces:
    """Electronic forces at N geometries, atomic units (c coordinates, n levels, K leads, b vibrations).

    mean_force_* (N, c); friction_* and noise_* (N, c, c), noise symmetrised; population (N, n); current (N, K);
    vibrational_occupation (N, b).
    """

    mean_force_molecule: FloatArray
    mean_force_coupling: FloatArray
    friction_molecule: FloatArray
    friction_coupling: FloatArray
    noise_molecule: FloatArray
    noise_coupling: FloatArray
    population: FloatArray
    current: FloatArray
    vibrational_occupation: FloatArray

    @property
    def force(self) -> FloatArray:
        return self.mean_force_molecule + self.mean_force_coupling

    @property
    def friction(self) -> FloatArray:
        return self.friction_molecule + self.friction_coupling

    @property
    def noise(self) -> FloatArray:
        return self.noise_molecule + self.noise_coupling

    def difference(self, other: GridForces) -> dict[str, FloatArray]:
        """|self - other| of force, friction and noise, per geometry and component."""
        return {name: np.abs(getattr(self, name) - getattr(other, name)) for name in QUANTITIES}


def _symmetric(tensor: FloatArray) -> FloatArray:
    return 0.5 * (tensor + np.swapaxes(tensor, -1, -2))


def by_negf(
    frozen: FrozenJunction, exponents: Sequence[Exponents] | None = None, tolerance: float = 1e-9
) -> tuple[GridForces, dict[str, FloatArray]]:
    """Exact for non-interacting models; also the quadrature errors of force, friction and noise."""
    result = negf.forces(frozen, exponents, tolerance=tolerance)
    shared = {f.name: getattr(result, f.name) for f in fields(GridForces) if hasattr(result, f.name)}
    shared["noise_molecule"] = _symmetric(shared["noise_molecule"])
    shared["noise_coupling"] = _symmetric(shared["noise_coupling"])
    empty = np.zeros((len(frozen.g), 0))
    errors = {name: getattr(result, f"error_{name}") for name in QUANTITIES}
    return GridForces(**shared, vibrational_occupation=empty), errors


def by_heom(
    frozen: FrozenJunction,
    exponents: Sequence[Exponents],
    depth: int,
    progress: Progress | None = None,
    tolerance: float = 1e-12,
    terminator: str = "zero",
    positions: FloatArray | None = None,
    workers: Workers | None = None,
) -> GridForces:
    """HEOM truncated after tier `depth` at every geometry.

    tolerance: relative error of the linear solves; terminator: "zero" or "adiabatic" (SteadyStateSolver); positions (N, c): the
    coordinates, by which neighbouring geometries help each other (none: each on its own); workers: where blocks are solved.
    The tables are built once; geometries differ in energies, operators and g_K only.
    Errors: NotConverged, naming the geometry's number, if a linear solve stalls.
    """
    fock, modes, count = FockSpace.of(frozen), Modes.of(frozen, exponents), len(frozen.g)
    length = BLOCK if positions is not None else 1
    where = np.zeros((count, 1)) if positions is None else positions
    tasks = []
    for first in range(0, count, length):
        part = slice(first, first + length)
        tasks.append(Task(fock, modes, depth, tolerance, terminator, frozen[part], where[part], first))
    solved = 0

    def finished(number: int) -> None:
        nonlocal solved
        solved += number
        if progress is not None:
            progress(solved, count, f"HEOM, {depth} tiers, {len(exponents[0])} exponents")

    results = (workers or Workers()).run(tasks, finished)
    arrays = {f.name: np.concatenate([r[f.name] for r in results]) for f in fields(GridForces)}
    arrays["noise_molecule"] = _symmetric(arrays["noise_molecule"])
    arrays["noise_coupling"] = _symmetric(arrays["noise_coupling"])
    return GridForces(**arrays)


def scales(result: GridForces | Sums, mode: str) -> dict[str, FloatArray]:
    """What errors are relative to: the largest magnitude over the grid, or of each geometry; shape of the quantity.

    What vanishes at a geometry, say by symmetry, is judged by ZERO times the largest over the grid.
    """
    out = {}
    for name in QUANTITIES:
        value = np.abs(getattr(result, name))
        axes = tuple(range(1, value.ndim)) if mode == "pointwise" else None
        largest = np.maximum(value.max(axis=axes, keepdims=True), ZERO * value.max())
        out[name] = np.broadcast_to(largest, value.shape)
    return out


def relative(errors: dict[str, FloatArray], result: GridForces | Sums, mode: str) -> dict[str, float]:
    """Largest relative error over the grid of each quantity in `errors` (of force, friction, noise)."""
    scale = scales(result, mode)
    worst = {}
    for name, error in errors.items():
        ratio = error / np.maximum(scale[name], np.finfo(float).tiny)
        worst[name] = float(np.max(np.where(error == 0, 0.0, ratio)))
    return worst
