"""One electronic level at a metal of finitely many orbitals: discretised hybridisation, and the closed molecule it makes.

    h(ε) = ε |d⟩⟨d| + Σ_k ε_k |k⟩⟨k| + Σ_k V_k (|d⟩⟨k| + |k⟩⟨d|),        Γ(E) = Γ W²/((E-μ)²+W²) → 2π Σ_k V_k² δ(E - ε_k)
    H_BO(x) = U_0(x) + Σ_ij h_ij(ε(x)) c†_i c_j = U_0(x) + H_0 + ε(x) n_d        between all C(K+1, n) determinants

The energy axis is cut into K intervals, symmetric about μ; each becomes one orbital with all the weight of its interval,
V_k² = ∫_k Γ(E) dE/2π, so that Σ_k V_k² = ΓW/2 always. ε_k is the median of the weight (the middle, where Γ is flat); in the
unbounded outermost intervals, which only polarise, ∫_k Γ dE/∫_k Γ/(E-μ) dE (Campo, Oliveira, Phys. Rev. B 72, 104432 (2005)).
The interval at μ has the width `spacing`, each next one is `growth` times wider: growth > 1 is the logarithmic mesh of the
numerical renormalisation group, 1 a linear one. The metal is one until about 2π/spacing; then its electrons come back.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from .determinants import Masks, determinants, one_body, product_state
from .errors import ModelError
from .grid_functions import Field
from .molecule import GridCoordinate, Molecule
from .operator_sum import OperatorSum

Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FiniteMetal:
    """K metal orbitals: energies ε_k (K,), couplings V_k (K,), chemical potential μ; Hartree. Orbital 0 of h is the level."""

    energies: Real
    couplings: Real
    chemical_potential: float = 0.0

    @property
    def orbitals(self) -> int:
        """K + 1: those of the metal and the level."""
        return len(self.energies) + 1

    @property
    def spacing(self) -> float:
        """Smallest distance of two metal orbitals."""
        return float(np.diff(self.energies).min())

    @property
    def recurrence_time(self) -> float:
        """2π/spacing: from then on, electrons that left the level have come back from the ends of the metal."""
        return 2.0 * np.pi / self.spacing

    def one_electron(self, level: ArrayLike) -> Real:
        """h(ε), (*level, K+1, K+1), level first."""
        energy = np.asarray(level, dtype=float)
        h = np.zeros((*energy.shape, self.orbitals, self.orbitals))
        h[..., 0, 0] = energy
        h[..., 0, 1:] = h[..., 1:, 0] = self.couplings
        metal = np.arange(1, self.orbitals)
        h[..., metal, metal] = self.energies
        return h

    def orbital_energies(self, level: ArrayLike) -> Real:
        """Ascending eigenvalues of h(ε), (*level, K+1)."""
        return np.asarray(np.linalg.eigvalsh(self.one_electron(level)), dtype=float)

    def ground_energy(self, level: ArrayLike, electrons: int) -> Real:
        """Sum of the `electrons` lowest orbital energies, (*level): the lowest surface without U_0."""
        return np.asarray(self.orbital_energies(level)[..., :electrons].sum(axis=-1))

    def occupation(self, level: ArrayLike, electrons: int) -> Real:
        """⟨n_d⟩ in the ground state, (*level)."""
        vectors = np.linalg.eigh(self.one_electron(level))[1]
        return np.asarray((vectors[..., 0, :electrons] ** 2).sum(axis=-1))

    def ground_state(self, level: float, electrons: int) -> Real:
        """The ground state in the basis of `determinants(K+1, electrons)`, (C(K+1, electrons),)."""
        vectors = np.linalg.eigh(self.one_electron(level))[1][:, :electrons]
        return product_state(vectors, determinants(self.orbitals, electrons))

    def hybridisation(self, energy: ArrayLike, broadening: float) -> NDArray[np.complex128]:
        """Σ_k V_k²/(E + iη - ε_k), (*energy), η = broadening; the continuum's is (Γ/2) W/(E + iη - μ + iW)."""
        z = np.asarray(energy, dtype=float)[..., None] + 1j * broadening
        return np.asarray((self.couplings**2 / (z - self.energies)).sum(axis=-1))

    def molecule(
        self, coordinate: GridCoordinate, level: Field, potential: Field = 0.0, electrons: int | None = None
    ) -> LevelAtMetal:
        """The closed molecule of one vibration `coordinate`, the level ε(x) and U_0(x), Hartree; default: half filling."""
        return LevelAtMetal(self, coordinate, level, potential, self.orbitals // 2 if electrons is None else electrons)


class LevelAtMetal(Molecule):
    """H = p²/2M + U_0(x) + H_0 + ε(x) n_d over all determinants; a Molecule for `na.propagate` and `na.factorize`.

    metal, electrons; masks: the determinants (bit 0 is the level). Chebyshev and Krylov propagation go through the non-zero
    elements only; the split-operator method needs the whole matrix at every x. Errors: ModelError.
    """

    def __init__(self, metal: FiniteMetal, coordinate: GridCoordinate, level: Field, potential: Field, electrons: int) -> None:
        self.metal, self.electron_count = metal, electrons
        self.masks: Masks = determinants(metal.orbitals, electrons)
        number = np.zeros((metal.orbitals, metal.orbitals))
        number[0, 0] = 1.0
        one = sp.eye_array(len(self.masks))
        terms = [(1.0, one_body(metal.one_electron(0.0), self.masks)), (level, one_body(number, self.masks)), (potential, one)]
        super().__init__([coordinate], OperatorSum(terms))

    @functools.cached_property
    def _functions(self) -> tuple[Real, Real]:
        terms = self.hamiltonian_terms()
        assert terms is not None
        return terms[1][0], terms[2][0]

    @property
    def level(self) -> Real:
        """ε(x) on the grid."""
        return self._functions[0]

    @property
    def lowest_surface(self) -> Real:
        """E_0(x) = U_0(x) + sum of the lowest orbital energies, on the grid; no many-electron matrix is diagonalised."""
        return self._functions[1] + self.metal.ground_energy(self.level, self.electron_count)


def discretised_metal(
    width: float,
    bandwidth: float,
    orbitals: int,
    spacing: float,
    *,
    growth: float = 1.5,
    chemical_potential: float = 0.0,
) -> FiniteMetal:
    """A metal with the Lorentzian level-width function Γ W²/((E-μ)²+W²) as `orbitals` discrete ones.

    width : Γ; bandwidth : W; orbitals : K of the metal, without the level; an odd K puts one at μ, so that K + 1 orbitals with
        (K+1)/2 electrons are particle-hole symmetric.
    spacing : width of the intervals at μ; growth : ratio of neighbouring widths, 1 for equal ones. Hartree.
    Errors: ModelError for values that are not positive, fewer than 2 orbitals, a mesh that leaves no weight outside.
    """
    faults = [
        (name, f"{value:g}; a positive number is needed")
        for name, value in (("width", width), ("bandwidth", bandwidth), ("spacing", spacing))
        if not 0.0 < value < np.inf
    ]
    if orbitals < 2:
        faults.append(("orbitals", f"{orbitals}; at least 2 metal orbitals are needed"))
    if not 1.0 <= growth < np.inf:
        faults.append(("growth", f"{growth:g}; a number from 1 is needed"))
    if faults:
        raise ModelError(faults)
    half = orbitals // 2  # intervals above the one at μ, or above μ itself
    widths = spacing * growth ** np.arange(half)
    edges = 0.5 * spacing + np.concatenate([[0.0], np.cumsum(growth * widths)]) if orbitals % 2 else np.cumsum(widths)
    edges = np.concatenate([edges[:half] if orbitals % 2 else [0.0, *edges[: half - 1]], [np.inf]])
    angle = np.arctan(edges / bandwidth)
    weight = width * bandwidth / (2.0 * np.pi) * np.diff(angle)
    if weight[-1] < 1e-3 * width * bandwidth or not np.all(weight > 0.0):
        message = f"{orbitals} orbitals with growth {growth:g} reach {edges[-2]:.3g}, far beyond the bandwidth {bandwidth:g}"
        raise ModelError([("spacing", f"{spacing:g}; {message}; take smaller intervals or fewer orbitals")])
    energies = _energies(edges, weight, width, bandwidth)
    couplings = np.sqrt(weight)
    if orbitals % 2:
        centre = np.sqrt(width * bandwidth / np.pi * angle[0])
        couplings = np.concatenate([couplings[::-1], [centre], couplings])
        energies = np.concatenate([-energies[::-1], [0.0], energies])
    else:
        couplings = np.concatenate([couplings[::-1], couplings])
        energies = np.concatenate([-energies[::-1], energies])
    return FiniteMetal(chemical_potential + energies, couplings, chemical_potential)


def _energies(edges: Real, weight: Real, width: float, bandwidth: float) -> Real:
    """Of each interval above μ = 0: the median of Γ; of the unbounded one that does not begin at μ, ∫Γ/∫(Γ/E)."""
    angle = np.arctan(edges / bandwidth)
    found = np.asarray(bandwidth * np.tan(0.5 * (angle[:-1] + angle[1:])))
    if edges[-2] > 0.0:
        inverse = width / (4.0 * np.pi) * np.log1p((bandwidth / edges[-2]) ** 2)  # ∫_e^∞ Γ W²/(2πE (E²+W²)) dE
        found[-1] = weight[-1] / inverse
    return found
