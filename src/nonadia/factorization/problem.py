"""What the factorization needs to know about a system at time t: grid, masses, nuclei, H_BOψ, ∂_tψ and external fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models.molecule import GridCoordinate, Molecule, Nucleus, own_nuclei
from ..wavepacket.fft import Complex, transform
from ..wavepacket.hamiltonian import Hamiltonian, along, derivative_numbers, wave_numbers

ElectronicAction = Callable[[Complex], Complex]  # ψ → H_BO ψ, both (S, *R)


@dataclass(frozen=True, eq=False)
class Action:
    """Of the Hamiltonian on one ψ, all (S, *R): electronic = H_BOψ, kinetic = T_nψ (with the external A), total = Hψ.

    electronic_rate = (∂_tH_BO)ψ, None for a static H_BO.
    """

    electronic: Complex
    kinetic: Complex
    total: Complex
    electronic_rate: Complex | None = None


class Problem:
    """A Molecule, or bare arrays on a nuclear grid with the action of H_BO.

    ψ is handled as (S, *R): S electronic states or grid points, `weight` their volume element.
    """

    def __init__(
        self,
        coordinates: Sequence[GridCoordinate],
        nuclei: Sequence[Nucleus] | None = None,
        molecule: Molecule | None = None,
        electronic: ElectronicAction | None = None,
        weight: float = 1.0,
        hamiltonian: Hamiltonian | None = None,
    ) -> None:
        self.coordinates = tuple(coordinates)
        self.nuclei = tuple(nuclei) if nuclei is not None else own_nuclei(self.coordinates)
        self.molecule, self._electronic, self.weight = molecule, electronic, weight
        self._hamiltonian = hamiltonian or (Hamiltonian(molecule) if molecule is not None else None)
        self.masses = np.array([c.mass for c in self.coordinates])
        self.shape = tuple(c.points for c in self.coordinates)
        self.mesh = tuple(c.values for c in self.coordinates)
        self.volume = float(np.prod([c.step for c in self.coordinates]))
        self.names = tuple(c.name for c in self.coordinates)

    @classmethod
    def of(cls, molecule: Molecule, hamiltonian: Hamiltonian | None = None) -> Problem:
        """Of a molecule, with its nuclei and external fields."""
        weight = molecule.electronic_volume
        return cls(molecule.coordinates, molecule.nuclei, molecule, weight=weight, hamiltonian=hamiltonian)

    @property
    def refinable(self) -> bool:
        return self.molecule is None or self.molecule.refinable

    def flat(self, psi: NDArray) -> Complex:
        """(S, *R)"""
        return np.ascontiguousarray(psi, dtype=complex).reshape(-1, *self.shape)

    def act(self, psi: Complex, t: float) -> Action | None:
        """H and its parts on ψ (S, *R); None when no Hamiltonian is known."""
        if self._hamiltonian is not None:
            return self._of_molecule(psi, t)
        if self._electronic is None:
            return None
        eta = self.flat(self._electronic(psi))
        if eta.shape != psi.shape:
            raise ValueError(f"hamiltonian(psi) has shape {eta.shape}; that of psi, {psi.shape}, is needed")
        axes = tuple(range(1, psi.ndim))
        kinetic = psi.copy()
        transform(kinetic, axes, True)
        k2 = sum(along(wave_numbers(c) ** 2 / (2.0 * c.mass), a + 1, psi.ndim) for a, c in enumerate(self.coordinates))
        kinetic *= k2
        transform(kinetic, axes, False)
        return Action(eta, kinetic, eta + kinetic)

    def _of_molecule(self, psi: Complex, t: float) -> Action:
        assert self._hamiltonian is not None and self.molecule is not None
        whole = psi.reshape(self.molecule.shape)
        eta = self._hamiltonian.apply_electronic(whole, t)
        total = self._hamiltonian.apply(whole, t)
        kinetic = total - eta
        v = self.molecule.scalar_value(t)
        if v is not None:
            kinetic -= v * whole
        change = self.molecule.hamiltonian_rate(t)
        moved = None if change is None else self._hamiltonian.multiply(change, whole).reshape(psi.shape)
        return Action(eta.reshape(psi.shape), kinetic.reshape(psi.shape), total.reshape(psi.shape), moved)

    def electronic_force(self, psi: Complex, eta: Complex, t: float) -> list[NDArray[np.float64]]:
        """-⟨ψ|∂_aH_BO|ψ⟩ at every R, D arrays (*R): from ∂_aH_BO where that is known, else as the commutator [∂_a, H_BO]."""
        moved = None
        if self.molecule is not None and self._hamiltonian is not None:
            moved = self._hamiltonian.apply_gradient(psi.reshape(self.molecule.shape), t)
        found = []
        if moved is not None:
            for product in moved:
                flat = product.reshape(psi.shape)
                found.append(-self.weight * np.einsum("s...,s...->...", psi.conj(), flat).real)
            return found
        for a, c in enumerate(self.coordinates):
            k = along(1j * derivative_numbers(c), a + 1, psi.ndim)
            slopes = []
            for function in (psi, eta):
                hat = function.copy()
                transform(hat, (a + 1,), True)
                hat *= k
                transform(hat, (a + 1,), False)
                slopes.append(hat)
            change = (psi.conj() * slopes[1] - eta.conj() * slopes[0]).real
            found.append(-self.weight * change.sum(axis=0))
        return found
