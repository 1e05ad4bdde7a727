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

    x, p (c,) : where they start (atomic units). One atom of mass m_i for each coordinate; with `pairs` two of mass 2m_i, whose
    reduced mass is m_i and whose distance along the axis, less 2 Å, is x_i. A dimensionless x counts bohrs.
    """
    count, c = (2 if pairs else 1), len(field.names)
    start, momenta = np.asarray(x, dtype=float), np.zeros(c) if p is None else np.asarray(p, dtype=float)
    if start.shape != (c,) or momenta.shape != (c,):
        raise ValueError(f"x and p must hold {c} numbers, for {', '.join(field.names)}")
    positions, impulse, matrix = np.zeros((c, count, 3)), np.zeros((c, count, 3)), np.zeros((c, c, count, 3))
    offset = 0.0
    for i in range(c):
        positions[i, :, 1] = 10.0 * i * LENGTH  # apart, so that pictures show all of them
        positions[i, -1, 0] = start[i]
        impulse[i, -1, 0] = momenta[i]
        matrix[i, i, -1, 0] = 1.0
        if pairs:
            offset = -2.0 * LENGTH
            positions[i, -1, 0] -= offset
            impulse[i, 0, 0], matrix[i, i, 0, 0] = -momenta[i], -1.0
    masses = np.repeat(field.masses * count, count)
    atoms = Atoms(
        [symbol] * (c * count),
        positions=positions.reshape(-1, 3) / LENGTH,
        masses=masses / MASS,
        momenta=impulse.reshape(-1, 3) / MOMENTUM,
    )
    return atoms, LinearMap(matrix.reshape(c, c * count, 3), offset)
