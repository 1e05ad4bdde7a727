"""Closure: the marginal TDSE of χ under potentials that a factorization gave, and the Born-Oppenheimer factorization.

    i∂_tχ = [Σ_a (-i∂_a + A_a)²/(2M_a) + ε] χ                                       (EF(20); theory A6)

Both are Molecules without electrons, which every propagator and every identity takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.ndimage import distance_transform_edt

from ..models.grid_functions import spline_derivative
from ..models.molecule import GridCoordinate, Molecule, States
from ..wavepacket.adiabatic import Adiabatic, surfaces

if TYPE_CHECKING:
    import xarray as xr

DEGREE = 5  # of the splines through the stored times


def marginal_system(factorization: xr.Dataset, coordinates: Sequence[GridCoordinate]) -> Molecule:
    """The system of one wave function χ under A(R, t) and ε(R, t) of a /factorization dataset.

    factorization : with the dimension snapshot (at least 6 times), from `Ledger.dataset` or a result file; between the times
        A and ε are interpolated by splines of degree 5; where they are masked the nearest value is taken.
    coordinates : the grid, that of the factorization.

    χ(0) is √n in the gauges "real" and "temporal" (see `marginal_start`). Source: theory A6.
    """
    names = [c.name for c in coordinates]
    times = factorization["snapshot"].values
    if len(times) < DEGREE + 1:
        raise ValueError(f"{len(times)} snapshots; at least {DEGREE + 1} are needed to interpolate the potentials in time")
    order = ("snapshot", "coordinate", *names)
    A = filled(factorization["vector_potential"].transpose(*order).values, len(names))
    epsilon = filled(factorization["scalar_potential"].transpose("snapshot", *names).values, len(names))
    first, last = float(times[0]), float(times[-1])

    def interpolated(values: NDArray) -> Callable[..., Any]:
        spline = make_interp_spline(times, values, k=DEGREE, axis=0)
        return lambda *arguments: spline(min(max(float(arguments[-1]), first), last))

    vector: dict[str, Any] = {}
    if np.any(A):
        vector = {name: interpolated(A[:, a]) for a, name in enumerate(names)}
    return Molecule(coordinates, States(1, {}), vector=vector, scalar=interpolated(epsilon))


def marginal_start(factorization: xr.Dataset) -> NDArray[np.complex128]:
    """χ at the first snapshot, (1, *R): √n e^{iS} with ∂_aS = p_a - A_a, S = 0 where A = p.

    Of the gauges, "real" and "temporal" start with a real χ; with A = 0 the phase is ∫p dR.
    """
    first = factorization.isel(snapshot=0)
    n = first["density"].values
    chi = np.sqrt(n).astype(complex)
    if factorization.attrs["gauge"] in ("zero-vector-potential", "adiabatic-phase"):
        rest = first["velocity"].values * first["density"].coords[first["density"].dims[0]].attrs["mass"]
        rest = filled((rest - first["vector_potential"].values)[None], n.ndim)[0]
        if n.ndim > 1:
            raise ValueError(f'gauge "{factorization.attrs["gauge"]}": the phase of χ in {n.ndim} dimensions is not known')
        x = first["density"].coords[first["density"].dims[0]].values
        chi *= np.exp(1j * make_interp_spline(x, rest[0], k=DEGREE).antiderivative()(x))
    return chi[None]


def filled(values: NDArray, dimensions: int) -> NDArray:
    """Masked (NaN) values replaced by the nearest ones of the same time; leading axes are handled one by one."""
    result = np.array(values)
    for index in np.ndindex(result.shape[: result.ndim - dimensions]):
        missing = np.isnan(result[index])
        if missing.all():
            raise ValueError("a snapshot is masked everywhere")
        if missing.any():
            nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
            result[index] = result[index][tuple(nearest)]
    return result


def born_oppenheimer(molecule: Molecule, surface: int = 1, diagonal_correction: bool = True) -> Molecule:
    """The approximate factorization Ψ ≈ χ φ_k: one wave function on surface k, under its Berry connection.

        A_a = ⟨φ_k|-i∂_aφ_k⟩,   ε = E_k + Σ_a (⟨∂_aφ_k|∂_aφ_k⟩ - A_a²)/(2M_a)      (the last term: `diagonal_correction`)

    A Molecule without electrons: propagate it, and factorize it with the same identities EF(10), (17)-(19); their forces are
    then those of the Born-Oppenheimer approximation (EF, last paragraph). H_BO must not depend on time.
    """
    if molecule.electrons.time_dependent:
        raise ValueError("H_BO depends on time; the Born-Oppenheimer factorization has static surfaces")
    found = surfaces(molecule, max(surface, 1))
    A, correction = connection(molecule, found, surface - 1)
    epsilon = found.energies[surface - 1] + (correction if diagonal_correction else 0.0)
    scalar = molecule.scalar_value(0.0)
    if scalar is not None:
        epsilon = epsilon + scalar
    external = molecule.vector_value(0.0)
    if external is not None:
        A = A + external
    vector = dict(zip(molecule.names, A, strict=True)) if np.abs(A).max() > 1e-12 else None
    return Molecule(molecule.coordinates, States(1, {}), molecule.nuclei, vector, epsilon)


def connection(molecule: Molecule, states: Adiabatic, k: int) -> tuple[NDArray, NDArray]:
    """(A (D, *R), Σ_a g_aa/(2M_a) (*R)) of state k; phases are those of `states`."""
    phi = states.states[k]
    front = phi.ndim - len(molecule.coordinates)
    axes = tuple(range(front))
    A, correction = [], np.zeros(molecule.nuclear_shape)
    for a, c in enumerate(molecule.coordinates):
        slope = spline_derivative(phi, c.values, front + a)
        overlap = (phi.conj() * slope).sum(axis=axes) * states.volume
        A.append(overlap.imag)
        correction += ((np.abs(slope) ** 2).sum(axis=axes) * states.volume - np.abs(overlap) ** 2) / (2.0 * c.mass)
    return np.stack(A), correction
