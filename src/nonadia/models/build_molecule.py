"""From the tables of an input file to a Molecule, with every fault found on the way; so for a marginal system.

Grids first: every expression is then tried where it will be used. A fault is noted once, under the key where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..expressions import Expression, ExpressionError
from ..formula import DERIVATIVE, TIME, name_problem
from ..units import Kind
from .electrons import RealSpace, States, Surfaces
from .errors import ModelError
from .molecule import GridCoordinate, Molecule, Nucleus, absorber_fault
from .molecule_spec import ClosedSpec, ElectronCoordinateSpec, MarginalSpec, MoleculeSpec
from .on_grid import fault, mesh_of, not_conjugate, thinned
from .structure import check, dotted
from .tables import Tables

MOST_POINTS = 2**26  # of ψ, 1 GB: no machine that this runs on propagates more
# names of dimensions and variables of a result that a coordinate cannot take
TAKEN = frozenset(
    "time state surface coordinate coordinate_ component nucleus plane snapshot density vector_potential scalar_potential "
    "scalar_potential_gi berry_curvature metric electric_field force velocity mask refinement norm energy population position "
    "width momentum reduced_density electron_density psi error steps angular_momentum status converged trajectory".split()
)


def build_molecule(data: Mapping[str, Any], system: str = "molecule") -> Molecule:
    """The Molecule of the tables of an input file (as a dict); raises ModelError with all faults."""
    spec: type[ClosedSpec] = MoleculeSpec if system == "molecule" else MarginalSpec
    structure, good = check({k: v for k, v in data.items() if k in spec.model_fields}, spec)
    builder = MoleculeBuilder(good)
    molecule = builder.molecule()
    problems = structure + builder.problems
    if problems or molecule is None:
        raise ModelError(problems)
    return molecule


class MoleculeBuilder(Tables):
    """Reads the tables of a closed system. times: when time-dependent expressions are tried."""

    def __init__(self, data: Mapping[str, Any], times: Sequence[float] = (0.0,)) -> None:
        electrons = data.get("electrons")
        table = electrons.get("coordinates") if isinstance(electrons, Mapping) else None
        self._electronic: Mapping[str, Any] = table if isinstance(table, Mapping) else {}
        super().__init__(data, time=True, others=tuple(self._electronic))
        self._dimensionless += [
            name for name, spec in self._electronic.items() if isinstance(spec, Mapping) and spec.get("unit") == "1"
        ]
        self.times = tuple(times)
        self.coordinates = [
            self._coordinate(name, spec, "coordinates") for name, spec in (data.get("coordinates") or {}).items()
        ]
        if len(self.coordinates) > 3 or data.get("coordinates") == {}:
            self.note("coordinates", f"{len(self.coordinates)} nuclear coordinates; one to three are possible")

    # --- grids ------------------------------------------------------------------------------------

    def _coordinate(self, name: str, spec: Any, where: str) -> GridCoordinate | None:
        if not isinstance(spec, Mapping):
            return None
        key = dotted(*where.split("."), name)
        message = name_problem(name)
        if message is None and (name in TAKEN or name == DERIVATIVE):
            message = f'"{name}" is the name of something else in the result; use another name'
        if message is None and where != "coordinates" and name in (self.data.get("coordinates") or {}):
            message = f'"{name}" is also a nuclear coordinate; give one of them another name'
        if message:
            self.note(key, message)
        mass = self.real(
            spec.get("mass", ElectronCoordinateSpec.model_fields["mass"].default), f"{key}.mass", "mass", positive=True
        )
        grid = spec.get("grid")
        if not isinstance(grid, Mapping) or mass is None or message:
            return None
        start = self.real(grid.get("start"), f"{key}.grid.start", self.length_of(name, spec))
        stop = self.real(grid.get("stop"), f"{key}.grid.stop", self.length_of(name, spec))
        points = grid.get("points")
        if start is None or stop is None or points is None:
            return None
        if not stop > start:
            self.note(f"{key}.grid", f"stop ({stop:g}) must be larger than start ({start:g})")
            return None
        if points < 8:
            self.note(f"{key}.grid.points", f"{points}; at least 8 points are needed, and hundreds are usual")
            return None
        if points > MOST_POINTS:
            self.note(f"{key}.grid.points", f"{points:,}; at most {MOST_POINTS:,} grid points are possible")
            return None
        return GridCoordinate(name, mass, start, stop, int(points), spec.get("unit") or "bohr")

    def length_of(self, name: str, spec: Any = None) -> Kind:
        """Kind of a value of this coordinate."""
        spec = spec if spec is not None else (self.data.get("coordinates") or {}).get(name) or {}
        return "dimensionless" if spec.get("unit") == "1" else "length"

    def field(
        self,
        source: Any,
        key: str,
        axes: Sequence[GridCoordinate],
        kind: Kind | None = "energy",
        real: bool = True,
        what: str = "it",
    ) -> Expression | None:
        """f(*axes, t) that is finite on the grid; None after noting a fault."""
        few = mesh_of(thinned([a.values for a in axes], 5))
        probe = np.stack(np.broadcast_arrays(*few, 0.0), axis=-1).reshape(-1, len(axes) + 1)
        names = (*(a.name for a in axes), TIME)
        expression = self.expression(source, key, kind, real=real, what=what, names=names, probe=probe)
        if expression is None:
            return None
        message = fault(expression, [a.values for a in axes], self.times)
        if message:
            self.note(key, message)
            return None
        return expression

    # --- the molecule -----------------------------------------------------------------------------

    def molecule(self) -> Molecule | None:
        """The model; None when something was noted."""
        axes = tuple(c for c in self.coordinates if c is not None)
        if len(axes) != len(self.coordinates) or not 1 <= len(axes) <= 3:
            return None
        points = int(np.prod([axis.points for axis in axes], dtype=float))
        if points > MOST_POINTS:
            self.note("coordinates", f"{points:,} grid points; at most {MOST_POINTS:,} are possible")
            return None
        marginal = "potentials" in self.data
        electrons: Any = States(1, {}) if marginal else self._electrons(axes)
        outer = "potentials" if marginal else "external"
        external = self.data.get(outer) or {}
        vector = self._vector(external.get("vector") or {}, axes, outer)
        scalar = None
        if external.get("scalar") is not None:
            scalar = self.field(external["scalar"], f"{outer}.scalar", axes)
        absorber = self._absorber(axes)
        nuclei = self._nuclei(axes)
        if self.problems or electrons is None:
            return None
        values = {n: q.value for n, q in self.parameters.values.items() if n not in self.parameters.functions}
        try:
            return Molecule(axes, electrons, nuclei, vector or None, scalar, absorber, values)
        except ModelError as error:
            self.problems += error.problems
        except ExpressionError as error:
            self.note(outer if marginal else "electrons", str(error))
        return None

    def _vector(self, table: Mapping[str, Any], axes: Sequence[GridCoordinate], outer: str) -> dict[str, Expression]:
        found = {}
        names = [a.name for a in axes]
        for name, source in table.items():
            key = dotted(outer, "vector", name)
            if name not in names:
                self.note(key, f'"{name}" is no nuclear coordinate; there are: {", ".join(names)}')
                continue
            expression = self.field(source, key, axes, None)
            if expression is not None:
                found[name] = expression
        return found

    def _absorber(self, axes: Sequence[GridCoordinate]) -> Expression | None:
        table = self.data.get("absorber")
        if not isinstance(table, Mapping) or table.get("potential") is None:
            return None
        found = self.field(table["potential"], "absorber.potential", axes)
        if found is None:
            return None
        if found.time_dependent:
            self.note("absorber.potential", '"t" (time) is not allowed here')
            return None
        wrong = absorber_fault(found.on(*mesh_of([a.values for a in axes]), 0.0))
        if wrong:
            self.note("absorber.potential", wrong)
        return found

    def _nuclei(self, axes: tuple[GridCoordinate, ...]) -> tuple[Nucleus, ...] | None:
        from .build_nuclei import nuclei

        return nuclei(self, self.data.get("nuclei") or {}, axes)

    # --- electrons --------------------------------------------------------------------------------

    def _electrons(self, axes: tuple[GridCoordinate, ...]) -> Any:
        table = self.data.get("electrons")
        if not isinstance(table, Mapping):
            return None
        kinds = {
            "hamiltonian": "hamiltonian",
            "surfaces": "surfaces and mixing_angle",
            "coordinates": "coordinates and potential",
        }
        given = [key for key in kinds if key in table]
        if len(given) != 1:
            what = f"{' and '.join(given)} are given" if given else "says nothing about the electrons"
            choices = ", or ".join(kinds.values())
            self.note("electrons", f"{what}; give {choices}")
            return None
        needed = {"surfaces": "mixing_angle", "coordinates": "potential"}
        for key, partner in needed.items():
            if (partner in table) != (key in table):
                have, miss = (partner, key) if partner in table else (key, partner)
                self.note(f"electrons.{miss}", f"is missing; {have} needs it")
                return None
        if any(table[key] is None for key in (given[0], *(needed.get(key, key) for key in given))):
            return None  # reported before
        build = {"hamiltonian": self._states, "surfaces": self._surfaces, "coordinates": self._real_space}
        return build[given[0]](table, axes)

    def _states(self, table: Mapping[str, Any], axes: tuple[GridCoordinate, ...]) -> States | None:
        rows, key = table["hamiltonian"], "electrons.hamiltonian"
        n = table.get("states") or len(rows)
        if not rows or len(rows) != n or any(row is not None and len(row) != n for row in rows):
            shape = f"{len(rows)} rows of {', '.join(str(len(row)) for row in rows if row is not None) or 'nothing'}"
            self.note(key, f"has {shape}; {n} rows of {n} entries are needed for {n} state{'s' if n > 1 else ''}")
            return None
        entries: dict[tuple[int, int], Expression] = {}
        for i, row in enumerate(rows):
            for j, source in enumerate(row or []):
                entry = self.field(
                    source, f"{key}[{i}][{j}]", axes, real=i == j, what=f"entry ({i + 1}, {j + 1}) on the diagonal"
                )
                if entry is not None:
                    entries[i, j] = entry
        grid = [a.values for a in axes]
        for (i, j), upper in entries.items():
            if i < j and (j, i) in entries:
                names = (f"entry ({i + 1}, {j + 1})", f"entry ({j + 1}, {i + 1})")
                message = not_conjugate(upper, entries[j, i], grid, names, self.times)
                if message:
                    self.note(f"{key}[{i}][{j}]", message)
        if len(entries) != n * n:
            return None
        zero = {pair for pair, entry in entries.items() if entry.formula in ("0", 0, 0.0) and pair[0] != pair[1]}
        return States(n, {pair: entry for pair, entry in entries.items() if pair[0] <= pair[1] and pair not in zero})

    def _surfaces(self, table: Mapping[str, Any], axes: tuple[GridCoordinate, ...]) -> Surfaces | None:
        sources = table["surfaces"]
        if len(sources) != 2 or table.get("states") not in (None, 2):
            count = len(sources) if len(sources) != 2 else table["states"]
            self.note("electrons.surfaces", f"{count} surfaces; a mixing angle goes with two")
            return None
        energies = [self.field(source, f"electrons.surfaces[{i}]", axes) for i, source in enumerate(sources)]
        angle = self.field(table["mixing_angle"], "electrons.mixing_angle", axes, "dimensionless", what="an angle")
        if angle is None or energies[0] is None or energies[1] is None:
            return None
        return Surfaces((energies[0], energies[1]), angle)

    def _real_space(self, table: Mapping[str, Any], axes: tuple[GridCoordinate, ...]) -> RealSpace | None:
        if table.get("states") is not None:
            self.note("electrons.states", "goes with a hamiltonian; electrons in real space have none")
        electronic = [self._coordinate(name, spec, "electrons.coordinates") for name, spec in self._electronic.items()]
        if not 1 <= len(electronic) <= 2:
            self.note("electrons.coordinates", f"{len(electronic)} electronic coordinates; one or two are possible")
        own = tuple(axis for axis in electronic if axis is not None)
        if len(own) != len(electronic) or not 1 <= len(own) <= 2:
            return None
        points = int(np.prod([axis.points for axis in (*own, *axes)], dtype=float))
        if points > MOST_POINTS:
            self.note(
                "electrons.coordinates", f"{points:,} grid points of electrons and nuclei; at most {MOST_POINTS:,} are possible"
            )
            return None
        potential = self.field(table["potential"], "electrons.potential", (*own, *axes), what="a potential (use [absorber])")
        return None if potential is None else RealSpace(own, potential)


def grid_values(expression: Expression, axes: Sequence[GridCoordinate]) -> NDArray[Any]:
    """f(R, t = 0) on the grid."""
    return np.asarray(expression.on(*mesh_of([a.values for a in axes]), 0.0))
