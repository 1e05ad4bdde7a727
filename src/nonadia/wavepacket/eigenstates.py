"""Eigenstates: nuclear ones of a Born-Oppenheimer surface, and those of the full Hamiltonian of electrons and nuclei.

    [Σ_a p_a²/(2M_a) + E_k(R) + v(R)] χ_l = ε_l χ_l,        [Σ_a (p_a + A_a)²/(2M_a) + H_BO + v] Ψ_k = E_k Ψ_k

p_a = -i∂_a on the same Fourier grid as the propagation. The residual ‖HΨ - EΨ‖ of normalised states is stated: an exact
eigenvalue of the operator on this grid lies within it of each energy. An absorber is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..models.errors import ModelError
from ..models.molecule import Molecule
from . import adiabatic
from .davidson import Block, Eigenpairs, NotConverged
from .eigenproblem import Problem, solve
from .hamiltonian import Hamiltonian

if TYPE_CHECKING:
    import xarray as xr

TOLERANCE = 1e-9  # Hartree


@dataclass(frozen=True, eq=False)
class Eigenstates:
    """energies (count,), states (count, *shape) with Σ|Ψ|²·volume = 1, residuals ‖HΨ - EΨ‖ (count,); Hartree, bohr."""

    energies: NDArray[np.float64]
    states: NDArray[Any]
    residuals: NDArray[np.float64]

    @classmethod
    def of(cls, pairs: Eigenpairs, shape: tuple[int, ...], volume: float) -> Eigenstates:
        """With the largest part of every state real and positive."""
        vectors = pairs.vectors
        largest = vectors[np.arange(len(vectors)), np.argmax(np.abs(vectors), axis=1)]
        phased = vectors * (largest.conj() / np.abs(largest))[:, None] / np.sqrt(volume)
        return cls(pairs.energies, phased.reshape(-1, *shape), pairs.residuals)


def of_surface(molecule: Molecule, surface: int, count: int = 1, tolerance: float = TOLERANCE, t: float = 0.0) -> Eigenstates:
    """The `count` lowest vibrational states of BO surface `surface` (from 1), with v but without A: states (count, *R), real.

    Normalised on the nuclear grid. tolerance: of the residuals. Errors: ModelError for a surface that is not there, or if the
    iteration does not converge.
    """
    energies = adiabatic.surfaces(molecule, max(surface, min(2, molecule.states or 2)), t).energies
    if surface < 1:
        raise ModelError([("surface", f"{surface}; surfaces are counted from 1")])
    potential = energies[surface - 1]
    scalar = molecule.scalar_value(t)
    problem = Problem(molecule.coordinates, potential if scalar is None else potential + scalar)
    return Eigenstates.of(_solved(problem, count, tolerance), molecule.nuclear_shape, molecule.nuclear_volume)


def of_molecule(molecule: Molecule, count: int = 1, tolerance: float = TOLERANCE, t: float = 0.0) -> Eigenstates:
    """The `count` lowest eigenstates of the full H at time t: states (count, *molecule.shape), real where H is.

    tolerance: of ‖HΨ - EΨ‖, Hartree. Errors: ModelError for an impossible count, or if the iteration does not converge.
    """
    most = int(np.prod(molecule.shape)) // 4
    if not 1 <= count <= most:
        raise ModelError([("count", f"{count}; from 1 to {most} eigenstates can be asked for on this grid")])
    potential = molecule.hamiltonian(t)
    scalar = molecule.scalar_value(t)
    if scalar is not None and molecule.states:
        potential = potential + np.multiply.outer(np.eye(molecule.states), scalar)
    elif scalar is not None:
        potential = potential + scalar
    problem = Problem((*molecule.electronic_axes, *molecule.coordinates), potential)
    if not molecule.has_vector_potential:
        return Eigenstates.of(_solved(problem, count, tolerance), molecule.shape, molecule.volume)
    hamiltonian = Hamiltonian(molecule)

    def apply(block: Block) -> Block:
        return np.stack([hamiltonian.apply(psi.reshape(molecule.shape), t).ravel() for psi in block])

    return Eigenstates.of(_solved(problem, count, tolerance, apply), molecule.shape, molecule.volume)


def eigenstates(molecule: Molecule, count: int = 1, tolerance: float = TOLERANCE, *, psi: bool = False) -> xr.Dataset:
    """H Ψ_k = E_k Ψ_k: energy(level), residual(level) and, if asked for, psi(level, state or r…, R…).

    molecule : what `na.load` gives as model, or built in Python; at time 0 if H depends on time.
    count : how many, from the ground state (level 0) upwards; degenerate states count one by one.
    tolerance : of residual = ‖HΨ - EΨ‖, Hartree; energies are within it of exact ones on this grid.
    Errors: ModelError.
    """
    import xarray as xr

    found = of_molecule(molecule, count, tolerance)
    variables: dict[str, Any] = {
        "energy": ("level", found.energies, {"units": "hartree", "long_name": "energy of the eigenstate"}),
        "residual": ("level", found.residuals, {"units": "hartree", "long_name": "norm of H psi - E psi"}),
    }
    coordinates: dict[str, Any] = {"level": ("level", np.arange(count), {"long_name": "eigenstate, 0 the ground state"})}
    if psi:
        front = tuple(a.name for a in molecule.electronic_axes) or ("state",)
        dims = ("level", *front, *molecule.names)
        size = len(molecule.electronic_axes) + len(molecule.names)
        unit = "1" if size == 0 else f"bohr^{-0.5 * size:g}"
        variables["psi"] = (dims, found.states, {"units": unit, "long_name": "wave function"})
        for c in (*molecule.electronic_axes, *molecule.coordinates):
            coordinates[c.name] = (c.name, c.values, {"units": c.unit, "long_name": c.name})
        if not molecule.electronic_axes:
            coordinates["state"] = ("state", np.arange(1, molecule.states + 1), {"long_name": "electronic state"})
    return xr.Dataset(variables, coordinates, {"tolerance": tolerance})


def _solved(problem: Problem, count: int, tolerance: float, apply: Any = None) -> Eigenpairs:
    try:
        return solve(problem, count, tolerance, apply)
    except NotConverged as error:
        message = f"eigenstates: {error}; ask for fewer states, a larger tolerance, or a grid without very high potentials"
        raise ModelError([("tolerance", message)]) from None
