"""Random closed systems: complex H(R), external A(R, t) and v(R, t), one or two coordinates; everything smooth and confined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from nonadia.models.molecule import GridCoordinate, Molecule, States
from nonadia.wavepacket.propagate import snapshots

Array = NDArray
Function = Callable[..., Array]
HALF, POINTS = {1: 4.5, 2: 3.6}, {1: 72, 2: 28}


@dataclass(frozen=True)
class Closed:
    """Functions of (R_1, …, t) that make up a molecule, and a start; built anew for each transformation of them."""

    matrix: Function  # (n, n, *R)
    masses: tuple[float, ...]
    vector: tuple[Function, ...] | None = None
    scalar: Function | None = None
    states: int = 2
    shift: float = 0.0  # of the grid
    points: dict[int, int] = field(default_factory=lambda: dict(POINTS))

    @property
    def dimensions(self) -> int:
        return len(self.masses)

    def molecule(self) -> Molecule:
        names = "xy" if self.dimensions == 2 else "x"
        half = HALF[self.dimensions]
        axes = [
            GridCoordinate(name, mass, -half + self.shift, half + self.shift, self.points[self.dimensions])
            for name, mass in zip(names, self.masses, strict=True)
        ]
        vector = None if self.vector is None else dict(zip(names, self.vector, strict=True))
        return Molecule(axes, States.from_function(self.matrix, self.states, len(axes)), vector=vector, scalar=self.scalar)


@dataclass(frozen=True)
class Recipe:
    seed: int
    states: int
    dimensions: int
    fields: bool
    driven: bool


def recipes(dimensions: tuple[int, int] = (1, 2), fields: bool | None = None, driven: bool | None = None) -> st.SearchStrategy:
    def either(fixed: bool | None) -> st.SearchStrategy[bool]:
        return st.booleans() if fixed is None else st.just(fixed)

    return st.builds(
        Recipe, st.integers(0, 10**6), st.integers(1, 2), st.integers(*dimensions), either(fields), either(driven)
    )


def bump(rng: np.random.Generator, size: float) -> Function:
    """A random smooth function that is small far out: Σ c e^{-|R - R_0|²/2w²} cos(k·R)."""
    terms = [(size * rng.normal(), rng.uniform(-1, 1, 2), rng.uniform(0.8, 1.3), rng.normal(size=2)) for _ in range(2)]

    def value(*arguments: Array) -> Array:
        where = arguments[:-1]
        total: Array = np.zeros(())
        for c, center, width, k in terms:
            away = sum((x - o) ** 2 for x, o in zip(where, center, strict=False))
            total = total + c * np.exp(-away / (2 * width**2)) * np.cos(sum(x * q for x, q in zip(where, k, strict=False)))
        return total

    return value


def closed(recipe: Recipe) -> Closed:
    """Parabolas with random complex couplings; A, v and a drive where the recipe has them."""
    rng, n = np.random.default_rng(recipe.seed), recipe.states
    masses = tuple(rng.uniform(40.0, 120.0, recipe.dimensions))
    omega = rng.uniform(0.05, 0.09)
    parts = {(i, j): (bump(rng, 0.03), bump(rng, 0.03)) for i in range(n) for j in range(i, n)}
    drives = {pair: (rng.uniform(0.02, 0.08), rng.uniform(0, 6)) for pair in parts}

    def matrix(*arguments: Array) -> Array:
        *where, t = arguments
        well = sum(0.5 * m * omega**2 * x**2 for m, x in zip(masses, where, strict=True))
        out = np.zeros((n, n, *np.shape(well)), dtype=complex)
        for (i, j), (one, two) in parts.items():
            rate, phase = drives[i, j]
            drive = 1.0 + 0.5 * np.sin(rate * t + phase) if recipe.driven else 1.0
            value = drive * (one(*arguments) + 1j * two(*arguments) * (i != j))
            out[i, j] = value + (well + 0.01 * i if i == j else 0.0)
            out[j, i] = np.conj(out[i, j])
        return out

    if not recipe.fields:
        return Closed(matrix, masses, states=n)
    shapes, slow = [bump(rng, 1.0) for _ in masses], rng.uniform(0.02, 0.06)
    lift = bump(rng, 0.01)

    def swinging(f: Function) -> Function:
        return lambda *arguments: f(*arguments) * (np.cos(slow * arguments[-1]) if recipe.driven else 1.0)

    return Closed(matrix, masses, tuple(swinging(f) for f in shapes), swinging(lift), n)


def start(system: Closed, seed: int) -> Array:
    """A Gaussian with momentum and electronic amplitudes that depend on R."""
    rng, molecule = np.random.default_rng(seed), system.molecule()
    grids = np.meshgrid(*molecule.mesh, indexing="ij")
    away = [x - system.shift - o for x, o in zip(grids, rng.uniform(-0.4, 0.4, len(grids)), strict=True)]
    chi = np.exp(-sum(x**2 for x in away) / 1.1 + 1j * sum(k * x for k, x in zip(rng.uniform(-1, 1, 2), away, strict=False)))
    amplitudes = rng.normal(size=(3, system.states)) + 1j * rng.normal(size=(3, system.states))
    psi = np.array([(a + 0.2 * b * np.tanh(away[0]) + 0.2 * c * np.tanh(away[-1])) * chi for a, b, c in amplitudes.T])
    return np.asarray(psi / np.sqrt(np.sum(np.abs(psi) ** 2) * molecule.volume))


def end(molecule: Molecule, psi: Array, t0: float, t1: float, tolerance: float = 1e-8) -> Array:
    """ψ(t1)."""
    *_, last = snapshots(molecule, psi, [t0, t1], tolerance=tolerance)
    return last.psi.copy()
