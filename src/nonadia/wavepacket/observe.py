"""What is watched of ψ(t) at every stored time: populations, energies, moments, densities, and whether the grid still holds ψ.

    p_i = ∫|ψ_i|² (basis states),   P_k = ∫|⟨φ_k(R)|ψ⟩|² (BO states),   n(R) = ⟨ψ|ψ⟩_r
    edge density: max of n on the edge / max of n (of electrons in real space: a hundredth of it)
    momentum edge: probability beyond 9/10 of the grid's largest momentum
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..models.molecule import Molecule
from . import adiabatic
from .fft import transform
from .hamiltonian import Hamiltonian, derivative_numbers, wave_numbers
from .propagate import Snapshot, edge, nuclear_density

if TYPE_CHECKING:
    import xarray as xr

EDGE_LIMIT = 1e-6  # edge density and momentum edge beyond which a result is not trusted
LEAST_LIMIT = 1e-10  # of the momentum edge, however small the tolerance of the steps
ELECTRON_PART = 1e-2  # electron clouds have slow tails, and little of the forces comes from there: their edge counts this much
OUTER = 0.9  # part of the largest momentum from which on it counts as the edge
LARGEST_MAP = 5e7  # numbers in adiabatic densities stored over all times; beyond, they are left out

Record = dict[str, NDArray]


class Observer:
    """Records of a propagation.

    surfaces : how many BO states to project on (default: all states, two in real space; 0 for none): those of the first time,
        with a laser that starts from zero the field-free ones.
    store_psi : keep ψ itself at every stored time.
    tolerance : of the propagation; the probability near the largest momentum must not exceed it (nor EDGE_LIMIT).
    """

    def __init__(
        self,
        molecule: Molecule,
        times: Sequence[float],
        *,
        surfaces: int | None = None,
        store_psi: bool = False,
        hamiltonian: Hamiltonian | None = None,
        tolerance: float = 1e-7,
    ) -> None:
        self.momentum_limit = min(EDGE_LIMIT, max(tolerance, LEAST_LIMIT))
        self.molecule, self.times, self.store_psi = molecule, np.asarray(times, dtype=float), store_psi
        self.h = hamiltonian or Hamiltonian(molecule)
        count = (molecule.states if molecule.states else 2) if surfaces is None else surfaces
        if molecule.states == 1:
            count = 0 if not np.any(molecule.hamiltonian(0.0)) else count
        self.surfaces = adiabatic.surfaces(molecule, count, float(self.times[0])) if count else None
        maps = count * int(np.prod(molecule.nuclear_shape)) * len(self.times)
        self.maps = 0 < maps <= LARGEST_MAP

    def record(self, packet: Snapshot) -> Record:
        """Everything of one stored time, as arrays."""
        molecule, h, psi, t = self.molecule, self.h, packet.psi, packet.time
        shape = molecule.nuclear_shape
        flat = psi.reshape(-1, *shape)
        dV = molecule.nuclear_volume
        n = nuclear_density(h, psi)
        applied = h.apply(psi, t)
        electronic = h.apply_electronic(psi, t)
        found: Record = {
            "norm": np.array(n.sum() * dV),
            "energy": np.array(np.vdot(psi, applied).real * molecule.volume),
            "BO_energy": np.array(np.vdot(psi, electronic).real * molecule.volume),
            "reduced_density": n,
            "edge_density": np.array(max(edge(n), packet.edge_density)),
            "error": np.array(packet.error),
            "steps": np.array(packet.steps),
        }
        v = molecule.scalar_value(t)
        external = 0.0 if v is None else float((n * v).sum() * dV)
        found["nuclear_kinetic_energy"] = found["energy"] - found["BO_energy"] - external
        found["external_energy"] = np.array(external)
        grids = np.meshgrid(*molecule.mesh, indexing="ij", sparse=True)
        weight = n / n.sum()
        mean = [float((weight * x).sum()) for x in grids]
        found["position"] = np.array(mean)
        found["width"] = np.array([np.sqrt((weight * (x - m) ** 2).sum()) for x, m in zip(grids, mean, strict=True)])
        found["momentum"], found["momentum_edge"] = self._momentum(psi, n, t)
        if molecule.states > 1:
            found["population"] = (flat.real**2 + flat.imag**2).reshape(molecule.states, -1).sum(axis=1) * dV
        if self.surfaces is not None:
            densities = self.surfaces.densities(psi)
            found["adiabatic_population"] = densities.reshape(len(densities), -1).sum(axis=1) * dV
            if self.maps:
                found["adiabatic_density"] = densities
        for index, axis in enumerate(molecule.electronic_axes):
            others = tuple(i for i in range(psi.ndim) if i != index)
            cloud = (psi.real**2 + psi.imag**2).sum(axis=others) * molecule.volume / axis.step
            found[f"electron_density_{axis.name}"] = cloud
            found["edge_density"] = np.maximum(found["edge_density"], ELECTRON_PART * edge(cloud))
        if self.store_psi:
            found["psi"] = psi.copy()
        return found

    def _momentum(self, psi: NDArray, n: NDArray, t: float) -> tuple[NDArray, NDArray]:
        """Mean momentum (with the external A), and the probability near the edge of momentum space."""
        h, molecule = self.h, self.molecule
        hat = psi.copy()
        transform(hat, h.grid_axes, True)
        weight = hat.real**2 + hat.imag**2
        weight /= weight.sum()
        means, beyond = [], 0.0
        for axis, c in zip(h.grid_axes, h.coordinates, strict=True):
            others = tuple(i for i in range(h.ndim) if i != axis)
            marginal = weight.sum(axis=others)
            beyond = max(beyond, float(marginal[np.abs(wave_numbers(c)) > OUTER * c.largest_momentum].sum()))
            if axis in h.nuclear_axes:
                means.append(float((marginal * derivative_numbers(c)).sum()) * float(n.sum()) * molecule.nuclear_volume)
        vector = molecule.vector_value(t)
        if vector is not None:
            means = [m + float((n * a).sum()) * molecule.nuclear_volume for m, a in zip(means, vector, strict=True)]
        return np.array(means), np.array(beyond)

    def dataset(self, times: Sequence[float], records: Sequence[Mapping[str, NDArray]]) -> xr.Dataset:
        """The /wavepacket group of these records."""
        import xarray as xr

        molecule = self.molecule
        R = molecule.names
        variables: dict[str, Any] = {}
        for name in records[0]:
            values = np.stack([record[name] for record in records])
            key = name
            dims: tuple[str, ...]
            if name.startswith("electron_density_"):
                axis = name.removeprefix("electron_density_")
                key = "electron_density" if len(molecule.electronic_axes) == 1 else name
                dims, units, words = (axis,), "1/bohr", "electron density"
            else:
                dims, units, words = _meaning(name, molecule)
            variables[key] = (("time", *dims), values, {"units": units, "long_name": words})
        coords: dict[str, Any] = {"time": ("time", np.asarray(times, dtype=float), {"units": "hbar/hartree"})}
        for c in (*molecule.electronic_axes, *molecule.coordinates):
            coords[c.name] = (c.name, c.values, {"units": "1" if c.unit == "1" else "bohr", "mass": c.mass})
        coords["coordinate"] = ("coordinate", np.array(R, dtype=object))
        if molecule.states:
            coords["state"] = ("state", np.arange(1, molecule.states + 1))
        if self.surfaces is not None:
            static = self.surfaces
            coords["surface"] = ("surface", np.arange(1, len(static.energies) + 1))
            variables["adiabatic_energy"] = (
                ("surface", *R),
                static.energies,
                {"units": "hartree", "long_name": "Born-Oppenheimer energies at the first time"},
            )
            force = adiabatic.force(molecule, static, float(self.times[0]))
            variables["adiabatic_force"] = (
                ("surface", "coordinate", *R),
                force,
                {"units": "hartree/bohr", "long_name": "-∂E_k/∂R_a"},
            )
        found = xr.Dataset(variables, coords)
        messages = self.complaints(times, records)
        found.attrs = {"converged": int(not messages), "messages": json.dumps(messages)}
        return found

    def complaints(self, times: Sequence[float], records: Sequence[Mapping[str, NDArray]]) -> list[str]:
        """What is wrong with the grid, one line each: a packet at its edge in position or in momentum."""
        found = []
        larger = "use a larger box" if self.h.absorber is not None else "use a larger box, or an [absorber]"
        for name, limit, what, remedy in (
            ("edge_density", EDGE_LIMIT, "the packet reaches the edge of the grid", larger),
            ("momentum_edge", self.momentum_limit, "the packet reaches the largest momentum of the grid", "use more points"),
        ):
            values = np.array([float(record[name]) for record in records])
            beyond = np.flatnonzero(values > limit)
            if beyond.size:
                k = int(beyond[0])
                found.append(f"{what} at t = {float(times[k]):.5g} a.u. ({values[k]:.1e}, up to {values.max():.1e}); {remedy}")
        return found


def _meaning(name: str, molecule: Molecule) -> tuple[tuple[str, ...], str, str]:
    """(dimensions behind time, units, long name)"""
    R = molecule.names
    electronic = tuple(a.name for a in molecule.electronic_axes) or ("state",)
    dim = f"bohr^-{len(R)}"
    return {
        "norm": ((), "1", "norm of Ψ"),
        "energy": ((), "hartree", "total energy"),
        "nuclear_kinetic_energy": ((), "hartree", "nuclear kinetic energy"),
        "BO_energy": ((), "hartree", "⟨H_BO⟩"),
        "external_energy": ((), "hartree", "energy in the external scalar potential"),
        "reduced_density": (R, dim, "nuclear density n = ⟨Ψ|Ψ⟩"),
        "edge_density": ((), "1", "largest density on the edge of the grid, relative to its maximum"),
        "momentum_edge": ((), "1", "probability beyond 0.9 of the largest momentum of the grid"),
        "error": ((), "1", "bound of the norm error of the time steps"),
        "steps": ((), "1", "steps since the previous stored time"),
        "position": (("coordinate",), "bohr", "mean position"),
        "width": (("coordinate",), "bohr", "standard deviation of the position"),
        "momentum": (("coordinate",), "hbar/bohr", "mean momentum"),
        "population": (("state",), "1", "population of the basis states"),
        "adiabatic_population": (("surface",), "1", "population of the Born-Oppenheimer states"),
        "adiabatic_density": (("surface", *R), dim, "density on the Born-Oppenheimer states"),
        "psi": ((*electronic, *R), "1", "Ψ"),
    }[name]
