"""A closed molecule: electrons (states, or in real space) and nuclei on a grid, with external fields.

    i ∂_t Ψ = [ Σ_a (-i∂_a + A_a)²/(2M_a) + H_BO(R, t) + v(R, t) - i W(R) ] Ψ            (theory A1; EF(1))

H_BO is an n × n Hermitian matrix on the nuclear grid, or T_e + V(r, R, t) on an electronic grid. A and v are *external*
potentials on the nuclei; W ≥ 0 absorbs. A marginal system (EF(20)) is the case of one state, H_BO = 0, under given A and v.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .electrons import Electrons, RealSpace, States, Surfaces
from .errors import ModelError, Problem
from .grid_functions import Array, Envelope, Field, GridFunction, Mesh, grid_function
from .operator_sum import OperatorSum, Term

ROUNDING = 1e-12  # of its maximum: an absorber that is negative by less is zero there

__all__ = ["GridCoordinate", "Molecule", "Nucleus", "OperatorSum", "RealSpace", "States", "Surfaces"]


@dataclass(frozen=True)
class GridCoordinate:
    """One coordinate on a periodic Fourier grid x_j = start + j·step, j = 0 … points - 1; `stop` itself is excluded."""

    name: str
    mass: float
    start: float
    stop: float
    points: int
    unit: str = "bohr"

    def __post_init__(self) -> None:
        faults: list[Problem] = []
        if not self.mass > 0.0:
            faults.append((f"{self.name}.mass", f"{self.mass:g}; a positive mass is needed"))
        if not self.stop > self.start:
            faults.append((f"{self.name}.grid", f"stop ({self.stop:g}) must be larger than start ({self.start:g})"))
        if self.points < 8:
            faults.append((f"{self.name}.grid.points", f"{self.points}; at least 8 are needed"))
        if faults:
            raise ModelError(faults)

    @property
    def step(self) -> float:
        """Spacing of the grid."""
        return (self.stop - self.start) / self.points

    @property
    def length(self) -> float:
        """Period."""
        return self.stop - self.start

    @property
    def largest_momentum(self) -> float:
        """π/step: the Nyquist momentum."""
        return np.pi / self.step

    @functools.cached_property
    def values(self) -> NDArray[np.float64]:
        """(points,)"""
        return self.start + self.step * np.arange(self.points, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Nucleus:
    """A nucleus whose component i (Cartesian) sits at R_i = Σ_a positions[i, a] x_a.

    mass: of the nucleus; None for a nucleus that owns its grid coordinates and has their masses.
    """

    name: str
    mass: float | None
    components: tuple[str, ...]
    positions: NDArray[np.float64]

    def momentum_map(self, masses: NDArray[np.float64]) -> NDArray[np.float64]:
        """T with p_i = Σ_a T_ia p_a, that is ∂_i = Σ_a T_ia ∂_a: T_ia = m_i S_ia/M_a (centre of mass at rest)."""
        return self.component_masses(masses)[:, None] * self.positions / masses

    def component_masses(self, masses: NDArray[np.float64]) -> NDArray[np.float64]:
        """m_i, (k,)"""
        if self.mass is not None:
            return np.full(len(self.components), self.mass)
        return np.array([masses[int(np.argmax(row))] for row in self.positions])

    @property
    def planes(self) -> tuple[tuple[int, int], ...]:
        """Pairs (i, j) of components with an angular momentum R_i p_j - R_j p_i: XY, YZ, ZX."""
        count = len(self.components)
        return ((0, 1), (1, 2), (2, 0)) if count == 3 else ((0, 1),) if count == 2 else ()


@dataclass(frozen=True)
class VectorPotential:
    """A_a on a grid: value (D, *R), jacobian[b, a] = ∂_b A_a (D, D, *R), rate = ∂_t A (D, *R)."""

    value: Array
    jacobian: Array
    rate: Array


@dataclass(frozen=True)
class ScalarPotential:
    """v on a grid: value (*R), gradient (D, *R), rate ∂_t v (*R)."""

    value: Array
    gradient: Array
    rate: Array


class Molecule:
    """Electrons and nuclei on a grid.

    coordinates : the nuclear grid coordinates, 1 to 3.
    electrons : States, Surfaces, OperatorSum or RealSpace.
    nuclei : which coordinates make up which nucleus; by default each is a nucleus of its own.
    vector, scalar : external vector potential (name → field) and scalar potential on the nuclei.
    absorber : W(R) ≥ 0.
    Errors: ModelError (non-Hermitian, negative absorber, shapes).
    """

    def __init__(
        self,
        coordinates: Sequence[GridCoordinate],
        electrons: Electrons,
        nuclei: Sequence[Nucleus] | None = None,
        vector: Mapping[str, Field] | None = None,
        scalar: Field | None = None,
        absorber: Field | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> None:
        self.coordinates, self.electrons = tuple(coordinates), electrons
        if not 1 <= len(self.coordinates) <= 3:
            raise ModelError([("coordinates", f"{len(self.coordinates)} nuclear coordinates; 1, 2 or 3 are possible")])
        self.parameters = dict(parameters or {})
        self.nuclei = tuple(nuclei) if nuclei is not None else own_nuclei(self.coordinates)
        count, mesh = len(self.coordinates), self.mesh
        unknown = sorted(set(vector or {}) - set(self.names))
        if unknown:
            message = f"is no nuclear coordinate; there are: {', '.join(self.names)}"
            raise ModelError([(f"external.vector.{unknown[0]}", message)])
        zero = np.zeros(())
        self._vector: tuple[GridFunction, ...] = (
            tuple(grid_function(vector.get(name, zero), count, mesh) for name in self.names) if vector else ()
        )
        self._scalar = None if scalar is None else grid_function(scalar, count, mesh)
        self._absorber = None if absorber is None else grid_function(absorber, count, mesh)
        electrons.bind(mesh)
        self._check()

    def _check(self) -> None:
        if self._absorber is not None:
            fault = absorber_fault(_real(self._absorber.value(self.mesh), "absorber.potential"))
            if fault:
                raise ModelError([("absorber.potential", fault)])

    # --- sizes ------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the nuclear coordinates."""
        return tuple(c.name for c in self.coordinates)

    @property
    def masses(self) -> NDArray[np.float64]:
        """M_a, (D,)"""
        return np.array([c.mass for c in self.coordinates])

    @property
    def mesh(self) -> tuple[NDArray[np.float64], ...]:
        """The values of each nuclear coordinate."""
        return tuple(c.values for c in self.coordinates)

    @property
    def states(self) -> int:
        """n; 0 for electrons in real space."""
        return self.electrons.states

    @property
    def electronic_axes(self) -> tuple[GridCoordinate, ...]:
        """Electronic grid coordinates; none for n states."""
        return self.electrons.axes

    @property
    def electronic_shape(self) -> tuple[int, ...]:
        return tuple(a.points for a in self.electronic_axes) or (self.states,)

    @property
    def nuclear_shape(self) -> tuple[int, ...]:
        return tuple(c.points for c in self.coordinates)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of ψ: electronic axes in front, nuclear ones behind."""
        return self.electronic_shape + self.nuclear_shape

    @property
    def nuclear_volume(self) -> float:
        """Volume element of the nuclear grid."""
        return float(np.prod([c.step for c in self.coordinates]))

    @property
    def electronic_volume(self) -> float:
        """Volume element of the electronic grid; 1 for n states."""
        return float(np.prod([a.step for a in self.electronic_axes]))

    @property
    def volume(self) -> float:
        """Of ψ: Σ|ψ|²·volume = 1."""
        return self.nuclear_volume * self.electronic_volume

    # --- operators on the grid --------------------------------------------------------------------

    @property
    def time_dependent(self) -> bool:
        """Whether H depends on time explicitly."""
        external = [*self._vector, *([self._scalar] if self._scalar is not None else [])]
        return self.electrons.time_dependent or any(f.time_dependent for f in external)

    @property
    def has_vector_potential(self) -> bool:
        return bool(self._vector)

    @property
    def refinable(self) -> bool:
        """Whether the external potentials are known between the grid points."""
        external = [*self._vector, *([self._scalar] if self._scalar is not None else [])]
        return not any(f.fixed and f.axes for f in external)

    def hamiltonian(self, t: float = 0.0) -> Array:
        """H_BO on the grid: (n, n, *R), or V (*r, *R) for electrons in real space."""
        return self.electrons.hamiltonian(self.mesh, t)

    def hamiltonian_gradient(self, t: float = 0.0) -> Array | None:
        """∂_a H_BO: (D, n, n, *R) or (D, *r, *R); None where only values are known."""
        return self.electrons.gradient(self.mesh, t)

    def hamiltonian_rate(self, t: float = 0.0) -> Array | None:
        """∂_t H_BO, shaped like H_BO; None where it does not depend on time."""
        return self.electrons.rate(self.mesh, t) if self.electrons.time_dependent else None

    def hamiltonian_parts(self) -> list[tuple[Envelope, Array]] | None:
        """H_BO = Σ_k f_k(t) H_k; None where it is not known as such a sum."""
        return self.electrons.parts(self.mesh)

    def hamiltonian_terms(self) -> list[Term] | None:
        """H_BO = Σ_k f_k(R) O_k as (f_k (*R), O_k sparse), of an OperatorSum; None for other electrons."""
        return self.electrons.terms(self.mesh) if isinstance(self.electrons, OperatorSum) else None

    def gradient_terms(self) -> list[list[Term]] | None:
        """The same of ∂_a H_BO, a list for each coordinate; None also where only values are known."""
        return self.electrons.slopes(self.mesh) if isinstance(self.electrons, OperatorSum) else None

    def vector_potential(self, t: float = 0.0, mesh: Mesh | None = None) -> VectorPotential | None:
        """The external A and its derivatives; None without one."""
        if not self._vector:
            return None
        where = self.mesh if mesh is None else mesh
        value = np.stack([_real(f.value(where, t), "external.vector") for f in self._vector])
        jacobian = np.stack([f.gradient(where, t) for f in self._vector], axis=1).real
        return VectorPotential(value, jacobian, np.stack([f.rate(where, t) for f in self._vector]).real)

    def vector_value(self, t: float = 0.0) -> Array | None:
        """The external A alone, (D, *R)."""
        return np.stack([_real(f.value(self.mesh, t), "external.vector") for f in self._vector]) if self._vector else None

    def vector_parts(self) -> list[tuple[Envelope, Array]] | None:
        """A = Σ_k f_k(t) A_k, each A_k (D, *R); None where it is not known as such a sum."""
        found: list[tuple[Envelope, Array]] = []
        for a, component in enumerate(self._vector):
            parts = component.parts(self.mesh)
            if parts is None:
                return None
            for f, value in parts:
                whole = np.zeros((len(self.names), *self.nuclear_shape))
                whole[a] = _real(value, "external.vector")
                found.append((f, whole))
        return found

    def scalar_potential(self, t: float = 0.0, mesh: Mesh | None = None) -> ScalarPotential | None:
        """The external v and its derivatives; None without one."""
        if self._scalar is None:
            return None
        where = self.mesh if mesh is None else mesh
        v, gradient, rate = self._scalar.value(where, t), self._scalar.gradient(where, t), self._scalar.rate(where, t)
        return ScalarPotential(_real(v, "external.scalar"), gradient.real, rate.real)

    def scalar_value(self, t: float = 0.0) -> Array | None:
        """The external v alone, (*R)."""
        return None if self._scalar is None else _real(self._scalar.value(self.mesh, t), "external.scalar")

    def scalar_parts(self) -> list[tuple[Envelope, Array]] | None:
        """v = Σ_k f_k(t) v_k; [] without one, None where it is not known as such a sum."""
        return [] if self._scalar is None else self._scalar.parts(self.mesh)

    @property
    def vector_time_dependent(self) -> bool:
        return any(f.time_dependent for f in self._vector)

    def absorber(self) -> Array | None:
        """W(R) ≥ 0, (*R)."""
        if self._absorber is None:
            return None
        return np.maximum(_real(self._absorber.value(self.mesh), "absorber.potential"), 0.0)

    def describe(self) -> dict[str, Any]:
        """Every value, JSON-able, atomic units."""

        def coordinate(c: GridCoordinate) -> dict[str, Any]:
            return {"mass": c.mass, "start": c.start, "stop": c.stop, "points": c.points, "unit": c.unit}

        return {
            "units": "Hartree atomic units",
            "parameters": self.parameters,
            "coordinates": {c.name: coordinate(c) for c in self.coordinates},
            "electrons": self.electrons.describe(),
            "electronic_coordinates": {a.name: coordinate(a) for a in self.electronic_axes},
            "nuclei": {
                n.name: {"mass": n.mass, "components": list(n.components), "positions": n.positions.tolist()}
                for n in self.nuclei
            },
            "vector_potential": [describe_field(f) for f in self._vector],
            "scalar_potential": None if self._scalar is None else describe_field(self._scalar),
            "absorber": None if self._absorber is None else describe_field(self._absorber),
        }

    def __repr__(self) -> str:
        grid = ", ".join(f"{c.name}: {c.points} points on [{c.start:g}, {c.stop:g}), mass {c.mass:g}" for c in self.coordinates)
        return f"Molecule({grid}; {self.electrons!r})"


def absorber_fault(values: Array) -> str:
    """What is wrong with W(R); empty if it is nowhere negative but by rounding."""
    lowest, highest = float(np.min(values)), float(np.max(values))
    if lowest >= -ROUNDING * max(highest, 0.0):
        return ""
    return f"is negative ({lowest:.3g}); W of H - iW must be zero or positive everywhere"


def describe_field(field: GridFunction) -> str:
    """Its text, or what it is."""
    expression = getattr(field, "expression", None)
    return expression.text if expression is not None else type(field).__name__


def own_nuclei(coordinates: Sequence[GridCoordinate]) -> tuple[Nucleus, ...]:
    """Each coordinate a nucleus of its own."""
    unit = np.eye(len(coordinates))
    return tuple(Nucleus(c.name, None, (c.name,), unit[i : i + 1]) for i, c in enumerate(coordinates))


def grouped(coordinates: Sequence[GridCoordinate], groups: Mapping[str, Sequence[str]]) -> tuple[Nucleus, ...]:
    """Nuclei that own grid coordinates, such as {"G": ("X", "Y")}; coordinates in no group are nuclei of their own."""
    names = [c.name for c in coordinates]
    unit, found, taken = np.eye(len(names)), [], set()
    for nucleus, components in groups.items():
        rows = []
        for name in components:
            if name not in names or name in taken:
                why = "is no nuclear coordinate" if name not in names else "belongs to another nucleus"
                raise ModelError([(f"nuclei.{nucleus}.coordinates", f'"{name}" {why}; coordinates: {", ".join(names)}')])
            taken.add(name)
            rows.append(names.index(name))
        masses = {coordinates[i].mass for i in rows}
        if len(masses) > 1:
            message = f"have different masses {sorted(masses)}; one nucleus has one mass"
            raise ModelError([(f"nuclei.{nucleus}.coordinates", message)])
        found.append(Nucleus(nucleus, None, tuple(components), unit[rows]))
    return (*found, *(own for own in own_nuclei(coordinates) if own.name not in taken))


def _real(values: Array, key: str) -> Array:
    if np.iscomplexobj(values):
        if np.max(np.abs(values.imag), initial=0.0) > 1e-12 * np.max(np.abs(values), initial=0.0):
            raise ModelError([(key, "is complex; must be real")])
        return values.real
    return np.asarray(values, dtype=float)
