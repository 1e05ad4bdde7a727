"""The electrons of a closed molecule: n states, two adiabatic surfaces with a mixing angle, or a grid in real space.

Each knows H_BO on a nuclear grid, its exact derivatives where they are known, and its parts f_k(t) H_k.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..expressions import Expression
from .errors import ModelError
from .grid_functions import Array, Envelope, Field, FromFunction, GridFunction, Mesh, grid_function

if TYPE_CHECKING:
    from .molecule import GridCoordinate

HERMITIAN = 1e-10  # allowed |H - H†| relative to max |H|


class Electrons(Protocol):
    """H_BO(R, t) on a nuclear mesh."""

    @property
    def states(self) -> int: ...

    @property
    def axes(self) -> tuple[GridCoordinate, ...]: ...

    @property
    def time_dependent(self) -> bool: ...

    def bind(self, mesh: Mesh) -> None: ...

    def hamiltonian(self, mesh: Mesh, t: float) -> Array: ...

    def gradient(self, mesh: Mesh, t: float) -> Array | None: ...

    def rate(self, mesh: Mesh, t: float) -> Array: ...

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None: ...

    def describe(self) -> dict[str, Any]: ...


@dataclass(eq=False)
class States:
    """n electronic states: H_BO,ij(R, t), one field a pair (i, j), its Hermitian conjugate implied.

    A pair given both ways must agree. States(1, {}) has no electronic energy at all (a marginal system).
    """

    n: int
    entries: Mapping[tuple[int, int], Field] = field(default_factory=dict)

    axes: tuple[GridCoordinate, ...] = ()

    @classmethod
    def from_array(cls, hamiltonian: Array) -> States:
        """From H_BO on the grid, (n, n, *R), Hermitian."""
        values = np.asarray(hamiltonian)
        if values.ndim < 3 or values.shape[0] != values.shape[1]:
            raise ModelError([("electrons.hamiltonian", f"has shape {values.shape}; (n, n, *grid) is needed")])
        n = len(values)
        refuse_non_hermitian(values)
        return cls(n, {(i, j): values[i, j] for i in range(n) for j in range(i, n) if np.any(values[i, j])})

    @classmethod
    def from_function(cls, function: Callable[..., Any], n: int, axes: int) -> States:
        """From function(R_1, …, t) → (n, n, *R)."""

        def entry(i: int, j: int) -> Callable[..., Any]:
            return lambda *arguments: np.asarray(function(*arguments))[i, j]

        probe = [np.linspace(-1.0, 1.0, 8)] * axes
        refuse_non_hermitian(np.asarray(function(*np.meshgrid(*probe, indexing="ij", sparse=True), 0.0)))
        return cls(n, {(i, j): entry(i, j) for i in range(n) for j in range(i, n)})

    def bind(self, mesh: Mesh) -> None:
        """Read the fields as functions on grids of this many axes."""
        self._fields: dict[tuple[int, int], GridFunction] = {}
        for (i, j), source in self.entries.items():
            if not (0 <= i < self.n and 0 <= j < self.n):
                raise ModelError([("electrons.hamiltonian", f"entry ({i + 1}, {j + 1}) of {self.n} states")])
            self._fields[i, j] = grid_function(source, len(mesh), mesh)
        for (i, j), f in self._fields.items():
            value = f.value(mesh)
            twin = self._fields.get((j, i))
            other = value if twin is None else twin.value(mesh)
            worst = np.max(np.abs(value - np.conj(other)), initial=0.0)
            if (i == j or twin is not None) and worst > HERMITIAN * max(np.max(np.abs(value)), 1e-300):
                what = "is complex" if i == j else f"is not the conjugate of entry ({j + 1}, {i + 1})"
                message = f"non-Hermitian: entry ({i + 1}, {j + 1}) {what} (by up to {worst:.3g}); H_BO must be Hermitian"
                raise ModelError([("electrons.hamiltonian", message)])
        self._real = all(not np.iscomplexobj(f.value(mesh)) or not np.any(f.value(mesh).imag) for f in self._fields.values())
        if self.time_dependent and self._real:
            self._real = all(not np.iscomplexobj(f.value(mesh, 0.73)) for f in self._fields.values())

    @property
    def states(self) -> int:
        return self.n

    @property
    def time_dependent(self) -> bool:
        return any(f.time_dependent for f in self._fields.values())

    def _matrix(self, mesh: Mesh, evaluate: Callable[[GridFunction], Array], leading: tuple[int, ...] = ()) -> Array:
        shape = tuple(len(x) for x in mesh)
        matrix = np.zeros((*leading, self.n, self.n, *shape), dtype=float if self._real else complex)
        entry = np.moveaxis(matrix, (len(leading), len(leading) + 1), (0, 1))  # a view
        for (i, j), f in self._fields.items():
            if i > j and (j, i) in self._fields:
                continue
            value = evaluate(f)
            value = value.real if self._real or i == j else value
            entry[i, j] = value
            if i != j:
                entry[j, i] = np.conj(value)
        return matrix

    def hamiltonian(self, mesh: Mesh, t: float) -> Array:
        return self._matrix(mesh, lambda f: f.value(mesh, t))

    def gradient(self, mesh: Mesh, t: float) -> Array | None:
        if not all(_exact(f) for f in self._fields.values()):
            return None
        return self._matrix(mesh, lambda f: f.gradient(mesh, t), (len(mesh),))

    def rate(self, mesh: Mesh, t: float) -> Array:
        return self._matrix(mesh, lambda f: f.rate(mesh, t))

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None:
        static: dict[tuple[int, int], Array] = {}
        driven: list[tuple[Envelope, tuple[int, int], Array]] = []
        for pair, f in self._fields.items():
            if pair[0] > pair[1] and pair[::-1] in self._fields:
                continue
            found = f.parts(mesh)
            if found is None:
                return None
            for envelope, value in found:
                if envelope is None:
                    static[pair] = static.get(pair, 0.0) + value
                elif np.iscomplexobj(envelope(0.0)) and np.imag(envelope(0.0)):
                    return None
                else:
                    driven.append((envelope, pair, value))
        result: list[tuple[Envelope, Array]] = [(None, self._placed(mesh, static))]
        return result + [(envelope, self._placed(mesh, {pair: value})) for envelope, pair, value in driven]

    def _placed(self, mesh: Mesh, entries: Mapping[tuple[int, int], Array]) -> Array:
        matrix = np.zeros((self.n, self.n, *(len(x) for x in mesh)), dtype=float if self._real else complex)
        for (i, j), value in entries.items():
            matrix[i, j] = np.real(value) if self._real or i == j else value
            if i != j:
                matrix[j, i] = np.conj(matrix[i, j])
        return matrix

    def describe(self) -> dict[str, Any]:
        return {"states": self.n, "hamiltonian": {f"{i + 1},{j + 1}": text(e) for (i, j), e in self.entries.items()}}

    def __repr__(self) -> str:
        return f"{self.n} electronic states"


@dataclass(eq=False)
class Surfaces:
    """Two adiabatic surfaces and their mixing angle θ(R): φ1 = (cosθ, sinθ), φ2 = (-sinθ, cosθ).

    H_BO = E1 φ1φ1ᵀ + E2 φ2φ2ᵀ = (E1+E2)/2 + (E1-E2)/2 (cos2θ σ_z + sin2θ σ_x).
    """

    energies: Sequence[Field]
    angle: Field
    axes: tuple[GridCoordinate, ...] = ()
    states: int = 2

    def bind(self, mesh: Mesh) -> None:
        """Read the fields as functions on grids of this many axes."""
        if len(self.energies) != 2:
            raise ModelError([("electrons.surfaces", f"{len(self.energies)} surfaces; a mixing angle goes with two")])
        self._fields = [grid_function(source, len(mesh), mesh) for source in (*self.energies, self.angle)]

    @property
    def time_dependent(self) -> bool:
        return any(f.time_dependent for f in self._fields)

    def adiabatic(self, mesh: Mesh, t: float = 0.0) -> tuple[Array, Array]:
        """(energies (2, *R), states (2, 2, *R)), states[k] being φ_k."""
        lower, upper, angle = (f.value(mesh, t) for f in self._fields)
        cos, sin = np.cos(angle), np.sin(angle)
        return np.stack([lower, upper]), np.array([[cos, sin], [-sin, cos]])

    def hamiltonian(self, mesh: Mesh, t: float) -> Array:
        lower, upper, angle = (f.value(mesh, t) for f in self._fields)
        mean, half = 0.5 * (lower + upper), 0.5 * (lower - upper)
        cos, sin = half * np.cos(2.0 * angle), half * np.sin(2.0 * angle)
        return np.array([[mean + cos, sin], [sin, mean - cos]])

    def gradient(self, mesh: Mesh, t: float) -> Array | None:
        if not all(_exact(f) for f in self._fields):
            return None
        return np.moveaxis(self._derivative(mesh, t, [f.gradient(mesh, t) for f in self._fields]), 2, 0)

    def rate(self, mesh: Mesh, t: float) -> Array:
        return self._derivative(mesh, t, [f.rate(mesh, t) for f in self._fields])

    def _derivative(self, mesh: Mesh, t: float, slopes: Sequence[Array]) -> Array:
        lower, upper, angle = (f.value(mesh, t) for f in self._fields)
        mean, half = 0.5 * (slopes[0] + slopes[1]), 0.5 * (slopes[0] - slopes[1])
        turn = (lower - upper) * slopes[2]
        c, s = np.cos(2.0 * angle), np.sin(2.0 * angle)
        cos, sin = half * c - turn * s, half * s + turn * c
        return np.array([[mean + cos, sin], [sin, mean - cos]])

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None:
        return None if self.time_dependent else [(None, self.hamiltonian(mesh, 0.0))]

    def describe(self) -> dict[str, Any]:
        return {"surfaces": [text(e) for e in self.energies], "mixing_angle": text(self.angle)}

    def __repr__(self) -> str:
        return "two adiabatic surfaces with a mixing angle"


@dataclass(eq=False)
class RealSpace:
    """One or two electronic grid coordinates: H_BO = Σ_i -∂_i²/(2 m_i) + V(r, R, t), V real."""

    axes: tuple[GridCoordinate, ...]
    potential: Field
    states: int = 0

    def bind(self, mesh: Mesh) -> None:
        """Read V as a function of the electronic and the nuclear coordinates."""
        if not 1 <= len(self.axes) <= 2:
            raise ModelError([("electrons.coordinates", f"{len(self.axes)} electronic coordinates; 1 or 2 are possible")])
        whole = self._whole(mesh)
        self._field = grid_function(self.potential, len(whole), whole)
        values = self._field.value(whole)
        if np.iscomplexobj(values) and np.max(np.abs(values.imag)) > HERMITIAN * np.max(np.abs(values)):
            raise ModelError([("electrons.potential", "non-Hermitian: is complex; V(r, R) must be real ([absorber] absorbs)")])

    def _whole(self, mesh: Mesh) -> list[Array]:
        return [*(a.values for a in self.axes), *mesh]

    @property
    def time_dependent(self) -> bool:
        return self._field.time_dependent

    def hamiltonian(self, mesh: Mesh, t: float) -> Array:
        return np.ascontiguousarray(self._field.value(self._whole(mesh), t).real)

    def gradient(self, mesh: Mesh, t: float) -> Array | None:
        return self._field.gradient(self._whole(mesh), t)[len(self.axes) :].real if _exact(self._field) else None

    def rate(self, mesh: Mesh, t: float) -> Array:
        return self._field.rate(self._whole(mesh), t).real

    def parts(self, mesh: Mesh) -> list[tuple[Envelope, Array]] | None:
        found = self._field.parts(self._whole(mesh))
        return None if found is None else [(f, np.ascontiguousarray(np.real(g))) for f, g in found]

    def describe(self) -> dict[str, Any]:
        return {"potential": text(self.potential)}

    def __repr__(self) -> str:
        return f"{len(self.axes)} electronic coordinates in real space"


def refuse_non_hermitian(values: Array) -> None:
    """ModelError if (n, n, …) is not finite or not Hermitian, with the worst entry."""
    if not np.all(np.isfinite(values)):
        i, j, *_ = np.argwhere(~np.isfinite(values))[0]
        raise ModelError([("electrons.hamiltonian", f"entry ({i + 1}, {j + 1}) is not finite everywhere on the grid")])
    difference = np.abs(values - np.conj(np.swapaxes(values, 0, 1)))
    if np.max(difference) > HERMITIAN * max(float(np.max(np.abs(values))), 1e-300):
        i, j, *_ = np.unravel_index(int(np.argmax(difference)), difference.shape)
        message = f"non-Hermitian: entries ({i + 1}, {j + 1}) and ({j + 1}, {i + 1}) are not conjugate; H_BO must be Hermitian"
        raise ModelError([("electrons.hamiltonian", message)])


def text(source: Field) -> str:
    """Of an expression; what else it is."""
    return source.text if isinstance(source, Expression) else type(source).__name__


def _exact(f: GridFunction) -> bool:
    """Whether its derivatives are exact."""
    return not (isinstance(f, FromFunction) or (f.fixed and f.axes > 0))
