"""From the tables of an input file to a Junction, with every fault found on the way.

`Builder` resolves parameters and coordinates first (the grid of an experiment needs them), then molecule and
leads. A fault is noted once, under the key where it stands; what depends on it is skipped silently.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..expressions import Expression
from ..formula import name_problem
from .errors import ModelError
from .junction import Coordinate, Junction, Lead, Pair, Vibration
from .spec import CoordinateSpec, JunctionSpec, MoleculeSpec, VibrationSpec
from .structure import check, dotted
from .tables import Tables
from .vibration_states import enough_states

EXPERIMENT_KEYS = ("title", "system", "forces", "sweep")  # of an input file, not of the model
# names of dimensions, variables and options that a coordinate cannot take
TAKEN = frozenset(
    "mode mode_ level lead vibration point points method tolerance tolerance_mode tiers poles decomposition "
    "mean_force friction noise potential population current profile".split()
)


def build_junction(data: Mapping[str, Any]) -> Junction:
    """The Junction of the tables of an input file (as a dict); raises ModelError with all faults."""
    structure, good = check({k: v for k, v in data.items() if k not in EXPERIMENT_KEYS}, JunctionSpec)
    builder = Builder(good)
    junction = builder.junction()
    problems = structure + builder.problems
    if problems or junction is None:
        raise ModelError(problems)
    return junction


class Builder(Tables):
    """Reads the tables of a junction."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self.coordinates = self._coordinates()

    def pair(self, text: str, key: str, levels: Mapping[str, int], single: bool) -> Pair | None:
        """Level indices of a key "m" (if `single`) or "m,m'"."""
        if not levels:
            return None  # their absence is reported elsewhere
        parts = [part.strip() for part in text.split(",")]
        if len(parts) > 2 or (len(parts) == 1 and not single):
            self.note(
                key, f'"{text}" does not name {"a level or " if single else ""}a pair "m,m\'" of levels'
            )
            return None
        for part in parts:
            if part not in levels:
                close = difflib.get_close_matches(part, levels, n=1)
                did = f'did you mean "{close[0]}"? ' if close else ""
                self.note(key, f'level "{part}" is not defined; {did}levels: {", ".join(levels) or "none"}')
                return None
        return levels[parts[0]], levels[parts[-1]]

    def entries(
        self, table: Mapping[str, Any], path: tuple[str, ...], levels: Mapping[str, int], single: bool
    ) -> dict[Pair, Expression]:
        """Hermitian matrix from entries "m" and "m,m'", each pair once."""
        found: dict[Pair, Expression] = {}
        for text, source in table.items():
            key = dotted(*path, text)
            pair = self.pair(text, key, levels, single)
            if pair is None:
                continue
            if pair[0] == pair[1] and not single:
                self.note(key, f'"{text}" pairs a level with itself; energies belong into molecule.levels')
                continue
            symmetric = path[-1] == "interactions"
            what = "an interaction" if symmetric else "a diagonal entry"
            entry = self.expression(source, key, real=symmetric or pair[0] == pair[1], what=what)
            if entry is None:
                continue
            twin = found.get(pair) or found.get((pair[1], pair[0]))
            if twin is None:
                found[pair] = entry
            elif not self._conjugates(entry, twin, same=pair in found):
                self.note(key, f"{_disagreement(symmetric)} {twin.key} = {twin.text!r}; give only one")
        return found

    def _conjugates(self, entry: Expression, twin: Expression, same: bool) -> bool:
        one, other = entry.value(self._probe), twin.value(self._probe)
        other = other if same else np.conj(other)
        finite = np.isfinite(one) & np.isfinite(other)
        scale = np.max(np.abs(other[finite]), initial=0.0)
        return bool(np.all(np.abs(one - other)[finite] <= 1e-10 * scale))

    # --- tables -----------------------------------------------------------------------------------

    def _coordinates(self) -> list[Coordinate | None]:
        """One entry a coordinate of the input, None where it is faulty."""
        table = self.data.get("coordinates")
        if table is not None and not table:
            self.note("coordinates", "no coordinates; give at least one, for example [coordinates.x]")
        found: list[Coordinate | None] = []
        for name, spec in (table or {}).items():
            if spec is None:
                found.append(None)
                continue
            key = dotted("coordinates", name)
            message = name_problem(name)
            if message is None and name in TAKEN:
                message = f'"{name}" is the name of something else in the result; use another name'
            if message:
                self.note(key, message)
            mass = self.real(spec.get("mass"), f"{key}.mass", "mass", positive=True)
            unit = spec.get("unit") or CoordinateSpec.model_fields["unit"].default
            found.append(None if mass is None or message else Coordinate(name, mass, unit))
        return found

    def junction(self, points: ArrayLike | None = None) -> Junction | None:
        """The model; None when something was noted. points (N, c): where "auto" vibrations must be right."""
        from .build_leads import leads

        molecule = self.data.get("molecule") or {}
        levels = self._levels(molecule)
        zero = MoleculeSpec.model_fields["potential"].default
        potential = self.expression(molecule.get("potential", zero), "molecule.potential")
        one_body: dict[Pair, Expression] = {}
        for name, source in (molecule.get("levels") or {}).items():
            if name in levels:
                key = dotted("molecule", "levels", name)
                energy = self.expression(source, key, what="the energy of a level")
                if energy is not None:
                    one_body[levels[name], levels[name]] = energy
        for table in ("hoppings", "interactions"):
            found = self.entries(molecule.get(table) or {}, ("molecule", table), levels, single=False)
            if table == "hoppings":
                one_body |= found
            else:
                interactions = found
        contacts = leads(self, self.data.get("leads"), levels)
        vibrations = self._vibrations(molecule, levels, contacts, points)
        if contacts and len(contacts) == len(self.data["leads"]) and not self.problems:
            self._reach(levels, one_body, vibrations, contacts)
        coordinates = [c for c in self.coordinates if c is not None]
        if self.problems or potential is None:
            return None
        return Junction(
            coordinates=tuple(coordinates),
            levels=tuple(levels),
            potential=potential,
            one_body=one_body,
            leads=tuple(contacts),
            interactions=interactions,
            vibrations=tuple(vibrations),
            parameters={name: q.value for name, q in self.parameters.values.items()},
        )

    def _levels(self, molecule: Mapping[str, Any]) -> dict[str, int]:
        names = list(molecule.get("levels") or {})
        if molecule.get("levels") == {}:
            self.note("molecule.levels", 'no levels; give at least one, for example d = "0.1 eV"')
        good = []
        for name in names:
            if not name or "," in name or name != "".join(name.split()):
                key = dotted("molecule", "levels", name)
                self.note(key, f'"{name}" is not a name for a level; no commas or spaces')
            else:
                good.append(name)
        return {name: index for index, name in enumerate(good)}

    def _vibrations(
        self,
        molecule: Mapping[str, Any],
        levels: Mapping[str, int],
        contacts: list[Lead],
        points: ArrayLike | None,
    ) -> list[Vibration]:
        where = np.zeros((1, len(self._names))) if points is None else np.asarray(points, dtype=float)
        found = []
        for name, spec in (molecule.get("vibrations") or {}).items():
            if spec is None:
                continue
            path = ("molecule", "vibrations", name)
            frequency = self.real(spec.get("frequency"), dotted(*path, "frequency"), positive=True)
            table = spec.get("couplings") or {}
            couplings = self.entries(table, (*path, "couplings"), levels, single=True)
            states = spec.get("states", VibrationSpec.model_fields["states"].default)
            if frequency is None or states is None or len(couplings) != len(table):
                continue
            automatic = states == "auto"
            if automatic:
                hottest = max((lead.temperature for lead in contacts), default=0.0)
                states = enough_states(couplings, frequency, hottest, where, len(levels))
            found.append(Vibration(name, frequency, int(states), couplings, automatic))
        return found

    def _reach(
        self,
        levels: Mapping[str, int],
        one_body: Mapping[Pair, Expression],
        vibrations: list[Vibration],
        contacts: list[Lead],
    ) -> None:
        """Every level must exchange electrons with a lead, or its stationary occupation is undetermined."""
        n = len(levels)
        connected: NDArray[np.bool_] = np.eye(n, dtype=bool)
        pairs = [*one_body, *(pair for v in vibrations for pair in v.couplings)]
        for i, j in pairs:
            connected[i, j] = connected[j, i] = True
        touched = np.zeros(n, dtype=bool)
        for lead in contacts:
            connected |= lead.coupling != 0.0
            touched |= lead.coupling.diagonal() != 0.0
        for _ in range(n):
            touched = connected @ touched
        for name, index in levels.items():
            if not touched[index]:
                key = dotted("molecule", "levels", name)
                self.note(key, f'level "{name}" reaches no lead; couple it to a lead, or to a level that is')


def _disagreement(symmetric: bool) -> str:
    if symmetric:
        return "interaction that disagrees with"
    return "non-Hermitian coupling: is not the complex conjugate of"
