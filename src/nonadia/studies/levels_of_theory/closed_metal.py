"""Level 4: the exact wave packet of a closed few-level metal, with its exact factorization.

    E_eh(t) = E_BO(t) - ∫ n(x,t) E_0(x) dx,      E_total = T_marg + T_geo + ∫ n E_0 + E_eh

E_eh is the energy in electron-hole pairs above the lowest surface E_0. A finite metal gives it back after its recurrence time;
how long it is a metal is told in three ways: 2π/spacing, by fewer and more orbitals, and, on the mean path of the packet, by a
metal whose electrons do not come back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_simpson
from scipy.interpolate import CubicHermiteSpline

from nonadia.factorization.along import Ledger
from nonadia.models.finite_metal import FiniteMetal, LevelAtMetal
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.observe import Observer
from nonadia.wavepacket.propagate import snapshots

from .closed_system import ClosedSystem
from .mean_path import electron_hole_energy

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]
Record = dict[str, NDArray]
PATH_STEPS = 4  # of the mean path between two stored times
DIFFERENT = 0.1  # of the largest energy: from this difference on two metals are not the same
LEDGER = (
    *("T_n", "T_marg", "T_geo", "E_BO", "E_total", "rate_T_marg", "rate_T_geo", "rate_E_BO", "refinement"),
    *(f"identity_{name}_{side}" for name in ("power", "momentum", "work") for side in ("lhs", "rhs", "residual")),
)


def closed_metal(
    mass_factor: float,
    *,
    orbitals: int = 10,
    compared: Sequence[int] = (8, 12),
    duration: float | None = None,
    stored: int = 101,
    tolerance: float = 1e-6,
    system: ClosedSystem | None = None,
) -> xr.Dataset:
    """The wave packet of one vibration at `orbitals` half-filled orbitals, and how long they are a metal.

    mass_factor : M/M_0; orbitals : the level and the metal's, all C(N, N/2) many-electron states; compared : other numbers of
        orbitals, whose E_eh is computed too, without factorization; duration : a.u., None: the recurrence time; stored : times;
        tolerance : of the identities, relative; system : other parameters (its mass factor counts then).

    Dataset over time (and x, orbitals, metal); attributes recurrence_time, max_residual_*, energy_drift, metal_until_*.
    """
    import xarray as xr

    model = ClosedSystem(mass_factor) if system is None else system
    metal = model.metal(orbitals)
    molecule = model.molecule(metal)
    span = metal.recurrence_time if duration is None else duration
    times = np.linspace(0.0, span, stored)
    packet, balance = _propagated(model, molecule, times, tolerance)
    surface = molecule.lowest_surface
    others = {count: _energy(model, model.molecule(model.metal(count)), times) for count in compared if count != orbitals}
    energy = _above(packet, surface)
    x, v = packet["position"].values[:, 0], packet["momentum"].values[:, 0] / model.mass
    dense = model.dense_metal(span)
    paths = np.stack([_on_path(model, m, times, x, v) for m in (metal, dense)])
    hartree = {"units": "hartree"}
    grid = packet["x"].values
    variables: dict[str, Any] = {name: balance[name] for name in LEDGER if name in balance}
    variables |= {
        "position": ("time", x, {"units": "1", "long_name": "mean position"}),
        "width": ("time", packet["width"].values[:, 0], {"units": "1", "long_name": "standard deviation of the position"}),
        "momentum": ("time", packet["momentum"].values[:, 0], {"units": "hbar", "long_name": "mean momentum"}),
        "density": (("time", "x"), packet["reduced_density"].values, {"units": "1", "long_name": "position density"}),
        "level_population": ("time", _population(molecule, packet), {"units": "1", "long_name": "electrons on the level"}),
        "lowest_surface": ("x", surface, hartree | {"long_name": "lowest Born-Oppenheimer surface E_0"}),
        "electron_hole_energy": ("time", energy, hartree | {"long_name": "energy in electron-hole pairs, E_BO - <E_0>"}),
        "nuclear_energy": (
            "time",
            packet["energy"].values - energy,
            hartree | {"long_name": "energy of the vibration on the lowest surface, T_n + <E_0>"},
        ),
        "electron_hole_energy_of": (
            ("orbitals", "time"),
            np.stack([energy, *others.values()]),
            hartree | {"long_name": "energy in electron-hole pairs with this number of orbitals"},
        ),
        "mean_path_energy": (
            ("metal", "time"),
            paths,
            hartree | {"long_name": "energy lost to the electrons by a classical nucleus on the mean path"},
        ),
        "friction_energy": (
            "time",
            cumulative_simpson(model.friction(x) * v**2, x=times, initial=0.0),
            hartree | {"long_name": "work of the friction of the continuum at T = 0 on the mean path"},
        ),
    }
    coords = {
        "time": ("time", times, {"units": "hbar/hartree"}),
        "x": ("x", grid, {"units": "1", "long_name": "coordinate of the vibration"}),
        "orbitals": ("orbitals", np.array([orbitals, *others]), {"units": "1", "long_name": "orbitals, half filled"}),
        "metal": ("metal", np.array(["finite", "dense"], dtype=object)),
    }
    found = xr.Dataset(variables, coords)
    messages = json.loads(packet.attrs["messages"]) + json.loads(balance.attrs["messages"])
    total = packet["energy"].values
    found.attrs = {name: value for name, value in balance.attrs.items() if name.startswith("max_residual")}
    found.attrs |= {
        "converged": int(not messages),
        "messages": json.dumps(messages),
        "mass_factor": mass_factor if system is None else model.mass_factor,
        "mass": model.mass,
        "states": molecule.states,
        "recurrence_time": metal.recurrence_time,
        "spacing": metal.spacing,
        "orbital_energies": metal.energies,
        "couplings": metal.couplings,
        "energy_drift": float(np.abs(total - total[0]).max()),
        "density_at_edge": float(packet["edge_density"].values.max()),
        "metal_until_dense": _until(times, paths[0], paths[1]),
        "dense_orbitals": dense.orbitals,
    } | {f"metal_until_{count}": _until(times, energy, other) for count, other in others.items()}
    return found


def _propagated(
    model: ClosedSystem, molecule: LevelAtMetal, times: Real, tolerance: float | None
) -> tuple[xr.Dataset, xr.Dataset]:
    """/wavepacket and, with a tolerance of the identities, the ledger of /factorization (without fields)."""
    import xarray as xr

    h = Hamiltonian(molecule)
    observer = Observer(molecule, times.tolist(), surfaces=0, hamiltonian=h)
    ledger = None
    if tolerance is not None:
        ledger = Ledger(molecule, times.tolist(), fields="none", tolerance=tolerance, hamiltonian=h)
    seen: list[Record] = []
    kept: list[Record] = []
    start = model.start_state(molecule)
    for packet in snapshots(molecule, start, times.tolist(), method="chebyshev", hamiltonian=h):
        seen.append(observer.record(packet))
        if ledger is not None:
            kept.append(ledger.record(packet))
    balance = xr.Dataset() if ledger is None else ledger.dataset(times.tolist(), kept)
    return observer.dataset(times.tolist(), seen), balance


def _energy(model: ClosedSystem, molecule: LevelAtMetal, times: Real) -> Real:
    """E_eh(t) of another metal."""
    return _above(_propagated(model, molecule, times, None)[0], molecule.lowest_surface)


def _above(packet: xr.Dataset, surface: Real) -> Real:
    """E_BO - ∫ n E_0 dx"""
    x = packet["x"].values
    return np.asarray(packet["BO_energy"].values - packet["reduced_density"].values @ surface * (x[1] - x[0]))


def _population(molecule: LevelAtMetal, packet: xr.Dataset) -> Real:
    """⟨n_d⟩(t): bit 0 of a determinant is the level."""
    return np.asarray(packet["population"].values @ (molecule.masks & 1).astype(float))


def _on_path(model: ClosedSystem, metal: FiniteMetal, times: Real, x: Real, v: Real) -> Real:
    path = CubicHermiteSpline(times, x, v)
    return electron_hole_energy(metal, lambda t: float(model.energy(path(t))), times, PATH_STEPS, metal.orbitals // 2)


def _until(times: Real, one: Real, other: Real) -> float:
    """The last time before the two differ by DIFFERENT of the largest; the end if they never do."""
    apart = np.flatnonzero(np.abs(one - other) > DIFFERENT * max(one.max(), other.max()))
    return float(times[max(int(apart[0]) - 1, 0)] if apart.size else times[-1])
