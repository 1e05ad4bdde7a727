"""The closed few-level metal with electrons that start at a temperature, for comparison with open systems.

    ρ(0) = |χ⟩⟨χ| ⊗ Σ_D w_D |D⟩⟨D|,   w_D ∝ e^{-E_D/kT}, D: the C(N, n) product states of the orbitals at the start, canonical
    ρ = (1/S) Σ_s |Ψ_s⟩⟨Ψ_s|,   |Ψ_s(0)⟩ = χ Σ_D √w_D e^{2πi s r_D/S} |D⟩,   r_D the rank of w_D

S wave packets instead of one for each D: populations are exact in every one, and interferences of D and D' cancel in the sum
unless their ranks differ by a multiple of S; with S ≥ C(N, n) the sum is exact, with fewer the rest is of order √(w_D w_D').
The adiabatic potential is the free energy A(x) = U_0 - kT ln Σ_D e^{-E_D(x)/kT}, whose slope is the mean force.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nonadia.models.determinants import occupations, product_state
from nonadia.models.finite_metal import LevelAtMetal
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.observe import Observer
from nonadia.wavepacket.propagate import snapshots

from .closed_system import ClosedSystem

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]
NAMES = ("position", "momentum", "reduced_density", "nuclear_kinetic_energy", "energy", "population", "edge_density")


def thermal_metal(
    mass_factor: float,
    temperature: float,
    *,
    orbitals: int = 10,
    samples: int = 16,
    duration: float | None = None,
    stored: int = 101,
    system: ClosedSystem | None = None,
) -> xr.Dataset:
    """Mean values of the vibration with electrons at `temperature` (kT, Hartree) at the start.

    samples : S; other arguments as of `closed_metal`. Dataset over time and x; nuclear_energy = T_n + ⟨A⟩; the attribute
    sampling_error is the largest difference of nuclear_energy between the even and the odd packets, over 2.
    """
    import xarray as xr

    model = ClosedSystem(mass_factor) if system is None else system
    metal = model.metal(orbitals)
    molecule = model.molecule(metal)
    times = np.linspace(0.0, metal.recurrence_time if duration is None else duration, stored)
    h = Hamiltonian(molecule)
    observer = Observer(molecule, times.tolist(), surfaces=0, hamiltonian=h)
    runs: list[dict[str, NDArray]] = []
    messages: list[str] = []
    for start in thermal_packets(model, molecule, temperature, samples):
        packets = snapshots(molecule, start, times.tolist(), method="chebyshev", hamiltonian=h)
        found = observer.dataset(times.tolist(), [observer.record(packet) for packet in packets])
        messages += [m for m in json.loads(found.attrs["messages"]) if m not in messages]
        runs.append({name: found[name].values for name in NAMES})
    mean = {name: np.mean([run[name] for run in runs], axis=0) for name in NAMES}
    surface = free_energy(model, molecule, temperature)
    x = molecule.mesh[0]
    step = x[1] - x[0]

    def energies(values: dict[str, NDArray]) -> Real:
        return np.asarray(values["nuclear_kinetic_energy"] + values["reduced_density"] @ surface * step)

    halves = [np.mean([energies(run) for run in runs[k::2]], axis=0) for k in range(min(2, samples))]
    hartree = {"units": "hartree"}
    variables: dict[str, Any] = {
        "position": ("time", mean["position"][:, 0], {"units": "1", "long_name": "mean position"}),
        "momentum": ("time", mean["momentum"][:, 0], {"units": "hbar", "long_name": "mean momentum"}),
        "density": (("time", "x"), mean["reduced_density"], {"units": "1", "long_name": "position density"}),
        "level_population": (
            "time",
            mean["population"] @ (molecule.masks & 1).astype(float),
            {"units": "1", "long_name": "electrons on the level"},
        ),
        "T_n": ("time", mean["nuclear_kinetic_energy"], hartree | {"long_name": "nuclear kinetic energy"}),
        "E_total": ("time", mean["energy"], hartree | {"long_name": "total energy"}),
        "nuclear_energy": ("time", energies(mean), hartree | {"long_name": "energy of the vibration, T_n + <A>"}),
        "free_energy": ("x", surface, hartree | {"long_name": "adiabatic potential A at the temperature"}),
    }
    coords = {
        "time": ("time", times, {"units": "hbar/hartree"}),
        "x": ("x", x, {"units": "1", "long_name": "coordinate of the vibration"}),
    }
    attributes = {
        "converged": int(not messages),
        "messages": json.dumps(messages),
        "mass_factor": model.mass_factor,
        "mass": model.mass,
        "temperature": temperature,
        "states": molecule.states,
        "samples": samples,
        "recurrence_time": metal.recurrence_time,
        "energy_drift": float(np.abs(mean["energy"] - mean["energy"][0]).max()),
        "sampling_error": float(np.abs(halves[0] - halves[-1]).max() / 2.0),
        "density_at_edge": float(np.max([run["edge_density"] for run in runs])),
    }
    return xr.Dataset(variables, coords, attributes)


def thermal_packets(
    model: ClosedSystem, molecule: LevelAtMetal, temperature: float, samples: int
) -> list[NDArray[np.complex128]]:
    """Ψ_s(0), each of shape molecule.shape. Errors: ValueError for a temperature that is not positive, or no samples."""
    if not temperature > 0.0 or samples < 1:
        raise ValueError(f"temperature = {temperature}, samples = {samples}; a positive kT and at least one packet are needed")
    energies, basis = np.linalg.eigh(molecule.metal.one_electron(float(model.energy(model.start))))
    filled = occupations(molecule.masks, molecule.metal.orbitals)
    total = filled @ energies
    weight = np.exp(-(total - total.min()) / temperature)
    weight /= weight.sum()
    states = np.stack([product_state(basis[:, np.flatnonzero(row)], molecule.masks) for row in filled], axis=1)
    rank = np.argsort(np.argsort(-weight, kind="stable"), kind="stable")
    ground = model.start_state(molecule)
    chi = np.sqrt((np.abs(ground) ** 2).sum(axis=0))  # a Gaussian, positive
    found = []
    for s in range(samples):
        amplitude = np.sqrt(weight) * np.exp(2j * np.pi * ((s * rank) % samples) / samples)
        found.append(np.multiply.outer(states @ amplitude, chi))
    return found


def free_energy(model: ClosedSystem, molecule: LevelAtMetal, temperature: float, x: ArrayLike | None = None) -> Real:
    """A(x) of a fixed number of electrons at kT, on the grid of the molecule or at x; Hartree."""
    where = molecule.mesh[0] if x is None else np.asarray(x, dtype=float)
    single = molecule.metal.orbital_energies(model.energy(where))
    total = single @ occupations(molecule.masks, molecule.metal.orbitals).T
    lowest = total.min(axis=-1)
    partition = np.exp(-(total - lowest[..., None]) / temperature).sum(axis=-1)
    return np.asarray(0.5 * model.force_constant * where**2 + lowest - temperature * np.log(partition))
