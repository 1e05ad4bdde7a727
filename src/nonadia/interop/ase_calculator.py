"""A field as an ASE calculator: energy U(x(R)) and forces Jᵀ F(x(R)), for models and force tables in any ASE program.

For one coordinate U = U_0 - ∫F dx and the forces are its derivative. For more, electronic forces out of equilibrium have no
potential: the energy is U_0 alone, the forces hold the electronic ones too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..langevin.field import Field
from .ase_coordinates import Coordinates, LinearMap, check
from .ase_units import ENERGY, FORCE, LENGTH, MASS, MISSING, MOMENTUM
from .placement import Placement

try:
    from ase import Atoms
    from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
except ImportError as problem:
    raise ImportError(MISSING) from problem


class FieldCalculator(Calculator):
    """Energy (eV) and forces (eV/Å) of a field at the atoms' coordinates x(R).

    time : of a field that depends on it (atomic units); `at_time` sets it, as the dynamics does at every step.
    Errors: ValueError where the field has no force (outside its table).
    """

    implemented_properties = ["energy", "free_energy", "forces"]  # noqa: RUF012 (ASE's own type)

    def __init__(self, field: Field, coordinates: Coordinates, time: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.field, self.coordinates, self.time = field, coordinates, float(time)
        self._checked = False

    def at_time(self, time: float) -> None:
        """Results are those at this time from now on."""
        if self.field.time_dependent and time != self.time:
            self.reset()
        self.time = float(time)

    def check_state(self, atoms: Atoms, tol: float = 0.0) -> list[str]:
        """What changed since the last results: only positions matter here (ASE's general comparison takes most of a step)."""
        last = self.atoms
        if last is None or last.positions.shape != atoms.positions.shape:
            return ["positions"]
        return [] if np.abs(last.positions - atoms.positions).max() <= tol else ["positions"]

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy", "forces"),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        super().calculate(atoms, list(properties), list(system_changes))
        assert self.atoms is not None
        positions = self.atoms.get_positions() * LENGTH
        if not self._checked:
            check(self.coordinates, positions, self.field.names)
            self._checked = True
        x = self.coordinates.values(positions)[None]
        force = self.field.force(x, self.time)[0]
        if not np.all(np.isfinite(force)):
            where = said(self.field, x[0])
            raise ValueError(f"no force at {where}: outside the table; declare an asymptote or start elsewhere")
        self.results["forces"] = np.einsum("c,cna->na", force, self.coordinates.jacobian(positions)) / FORCE
        potential = self.field.potential(x, self.time)
        if potential is not None:
            self.results["energy"] = self.results["free_energy"] = float(potential[0]) / ENERGY
        elif "energy" in properties or "free_energy" in properties:
            raise PropertyNotImplementedError("the field knows its force, but not its potential; give it one for energies")


def said(field: Field, x: np.ndarray) -> str:
    """ "x = 0.1, y = 2" for messages."""
    return ", ".join(f"{name} = {value:.6g}" for name, value in zip(field.names, x, strict=True))


def embed(
    field: Field, x: Sequence[float], p: Sequence[float] | None = None, *, pairs: bool = False, symbol: str = "H"
) -> tuple[Atoms, LinearMap]:
    """Atoms whose motion along the first axis is that of the field's coordinates, and the map R → x.

    x, p (c,) : where they start (atomic units). pairs, and where the atoms stand: see placement.
    """
    placed = Placement(field.masses, pairs)
    start, momenta = np.asarray(x, dtype=float), np.zeros(len(field.names)) if p is None else np.asarray(p, dtype=float)
    if start.shape != (len(field.names),) or momenta.shape != start.shape:
        raise ValueError(f"x and p must hold {len(field.names)} numbers, for {', '.join(field.names)}")
    positions, impulse = placed.positions(start), placed.momenta(momenta)
    atoms = Atoms(
        [symbol] * len(positions),
        positions=positions / LENGTH,
        masses=placed.masses / MASS,
        momenta=impulse / MOMENTUM,
    )
    return atoms, placed.coordinates
