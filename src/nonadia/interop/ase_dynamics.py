"""ASE molecular dynamics with electronic friction: any field acts on coordinates x(R) of the atoms (theory B7).

    M R̈ = F(R) - Jᵀ γ(x) J Ṙ + Jᵀ ξ,   ⟨ξ_i ξ_j⟩ = 2 D_ij(x) δ(t - t'),   J = ∂x/∂R

Forces F come from the atoms' calculator; atoms without one get the field's own, Jᵀ F_x (ase_calculator). The O of the splitting
is exact for frozen R: with G = J M⁻¹ Jᵀ and q = G⁻¹ J Ṙ it is dq = -γ G q dt + ξ, and P changes by Jᵀ (q(τ) - q(0)), so that
friction acts along the coordinates only. Noise is that of `na.langevin` for the same seed and number of the trajectory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..langevin.compiled import philox
from ..langevin.field import Field, FloatArray
from ..langevin.local import step_all
from ..langevin.schemes.scheme import named
from .ase_calculator import FieldCalculator, said
from .ase_coordinates import Coordinates, check
from .ase_units import LENGTH, MASS, MISSING, MOMENTUM, TIME

try:
    from ase import Atoms
    from ase.constraints import FixAtoms
    from ase.md.md import MolecularDynamics
except ImportError as problem:
    raise ImportError(MISSING) from problem


class FrictionDynamics(MolecularDynamics):
    """Langevin dynamics of ASE atoms with the friction and noise of a field.

    atoms : with or without a calculator (see the module). Atoms held by FixAtoms do not move; other constraints are refused.
    timestep : in ASE's unit, for example 0.5 * ase.units.fs.
    field : any field of nonadia.langevin: table, functions, on the fly. Fields with memory are refused.
    coordinates : x(R), see ase_coordinates.
    seed, member : of the noise; members 0, 1, 2, … of an ensemble are independent. stream: as in nonadia.langevin.
    scheme : "baoab", "obabo" or "lie-trotter".
    first_step : number of the first step, to go on where another run ended.
    Other arguments (trajectory, logfile, loginterval) are those of ASE.

    Errors: ValueError where the field has no value, its noise is not positive semi-definite, or the coordinates are not
    independent of each other.
    """

    def __init__(
        self,
        atoms: Atoms,
        timestep: float,
        field: Field,
        coordinates: Coordinates,
        *,
        seed: int = 1,
        member: int = 0,
        stream: int = 0,
        scheme: str = "baoab",
        first_step: int = 0,
        **kwargs: Any,
    ) -> None:
        if not timestep > 0:
            raise ValueError(f"timestep = {timestep} must be positive")
        if getattr(field, "aux", 0):
            raise ValueError("field: this one has memory; the ASE dynamics knows friction without memory only")
        other = [type(c).__name__ for c in atoms.constraints if not isinstance(c, FixAtoms)]
        if other:
            raise ValueError(f"atoms: constraints {', '.join(other)} are not known here; only FixAtoms is")
        check(coordinates, atoms.get_positions() * LENGTH, field.names)
        if atoms.calc is None:
            atoms.calc = FieldCalculator(field, coordinates)
        self.field, self.coordinates, self.scheme = field, coordinates, named(scheme)
        self.seed, self.member, self.stream, self.first_step = seed, member, stream, first_step
        self._key = philox.keys(seed, stream)
        super().__init__(atoms, timestep, **kwargs)
        free = np.ones((len(atoms), 1))
        for constraint in atoms.constraints:
            free[constraint.index] = 0.0
        self._free = free

    def todict(self) -> dict[str, Any]:
        """What ASE writes into trajectory files."""
        own = {"seed": self.seed, "member": self.member, "stream": self.stream, "first_step": self.first_step}
        return {**super().todict(), **own, "scheme": self.scheme.name}

    @property
    def x(self) -> FloatArray:
        """The coordinates (c,) now, as the field has them."""
        return self.coordinates.values(self.atoms.get_positions() * LENGTH)

    def step(self) -> None:
        """One step of the scheme."""
        index = self.first_step + self.nsteps
        share = {letter: self.dt * self.scheme.share(letter) for letter in "BAO"}
        c, kicks = len(self.field.names), self.scheme.word.count("O")
        normals = np.empty((1, c * kicks, 1))
        philox.fill(normals, self._key, self.member, index)
        momenta, used, drifted = self.atoms.get_momenta(), 0, 0.0
        for letter in self.scheme.word:
            if letter == "B":
                self._at_time((index + drifted) * self.dt)
                momenta = momenta + self.atoms.get_forces(md=True) * share["B"]
            elif letter == "A":
                self.atoms.set_positions(self.atoms.get_positions() + self._free * momenta / self.masses * share["A"])
                drifted += self.scheme.share("A")
            else:
                noise = normals[:, used * c : (used + 1) * c, 0]
                momenta = self._friction(momenta, share["O"], (index + drifted) * self.dt, noise)
                used += 1
        self.atoms.set_momenta(momenta)
        self._at_time((index + 1) * self.dt)

    def _at_time(self, time: float) -> None:
        if isinstance(self.atoms.calc, FieldCalculator):
            self.atoms.calc.at_time(time * TIME)

    def _friction(self, momenta: FloatArray, step: float, time: float, noise: FloatArray) -> FloatArray:
        """The O: momenta (n, 3) in ASE's units, noise (1, c) standard normals."""
        positions = self.atoms.get_positions() * LENGTH
        x = self.coordinates.values(positions)
        jacobian = self.coordinates.jacobian(positions) * self._free
        friction, diffusion = self.field.local(x[None], time * TIME)
        if not (np.all(np.isfinite(friction)) and np.all(np.isfinite(diffusion))):
            raise ValueError(f"no friction at {said(self.field, x)}: outside the table; declare an asymptote or stop before")
        weighted = jacobian / (self.masses * MASS)
        inverse = np.einsum("ina,jna->ij", weighted, jacobian)  # G
        size = np.sqrt(np.diagonal(inverse))
        if not size.all() or (len(x) > 1 and np.linalg.cond(inverse / np.outer(size, size)) > 1e12):
            raise ValueError(f"coordinates: at {said(self.field, x)} they do not move the atoms independently of each other")
        before = np.linalg.solve(inverse, np.einsum("ina,na->i", weighted, momenta * MOMENTUM))[None]
        after = before.copy()
        wrong = step_all(after, friction @ inverse, 2.0 * diffusion, step * TIME, np.ascontiguousarray(noise))
        if wrong >= 0:
            raise ValueError(f"the noise D is not positive semi-definite at {said(self.field, x)}")
        return momenta + np.einsum("i,ina->na", (after - before)[0], jacobian) / MOMENTUM
