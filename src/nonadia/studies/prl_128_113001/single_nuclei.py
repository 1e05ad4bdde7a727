"""Work on one nucleus where the internuclear curvature is not uniform: x and y of `jahn-teller` as two nuclei in one dimension.

T_μ = ∫ [(∂_μ√n)² + n p_μ²]/(2M),   W_μ = Re⟨χ|ℱ̂_μ v̂_μ|χ⟩,   Σ_μ dT_μ/dt = Σ_μ W_μ (EF(19)), but dT_μ/dt ≠ W_μ
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from nonadia.factorization.factorize import factorize
from nonadia.models.molecule import Molecule
from nonadia.runs.closed_experiment import ClosedExperiment
from nonadia.runs.experiment import load

if TYPE_CHECKING:
    import xarray as xr

RUN = "jahn-teller"
NOTE = "jahn-teller factorized with x and y as two nuclei: kinetic energy of each and the work on it"


def compute(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    """kinetic (T_μ), rate (dT_μ/dt by a spline through the stored times), powers (time, nucleus); rate_T_marg of the sum."""
    import xarray as xr

    packet = data[RUN]["wavepacket"].to_dataset()
    experiment = load(RUN, json.loads(data[RUN].attrs["overrides"]))
    assert isinstance(experiment, ClosedExperiment)
    given = experiment.model
    molecule = Molecule(given.coordinates, given.electrons)  # every coordinate is a nucleus of its own
    psi = packet["psi_real"].values + 1j * packet["psi_imag"].values
    found = [factorize(wave, hamiltonian=molecule) for wave in psi]
    t = packet["time"].values
    kinetic = np.stack([_kinetic(molecule, f) for f in found])
    electric, magnetic = (np.stack([f[name].values for f in found]) for name in ("electric_power", "magnetic_power"))
    power = {"units": "hartree^2/hbar"}
    each = ("time", "nucleus")
    return xr.Dataset(
        {
            "kinetic": (each, kinetic, {"units": "hartree"}),
            "rate": (each, make_interp_spline(t, kinetic, k=5).derivative()(t), power),
            "electric_power": (each, electric, power),
            "magnetic_power": (each, magnetic, power),
            "rate_T_marg": (("time",), np.array([float(f["rate_T_marg"]) for f in found]), power),
        },
        {"time": ("time", t, {"units": "hbar/hartree"}), "nucleus": [c.name for c in molecule.coordinates]},
    )


def _kinetic(molecule: Molecule, found: xr.Dataset) -> NDArray[np.float64]:
    """T_μ of each coordinate, from n and v."""
    n, v = np.nan_to_num(found["density"].values), np.nan_to_num(found["velocity"].values)
    root, energies = np.sqrt(n), []
    for axis, c in enumerate(molecule.coordinates):
        shape = [1] * n.ndim
        shape[axis] = c.points
        k = 2 * np.pi * np.fft.fftfreq(c.points, c.step).reshape(shape)
        change = np.fft.ifft(1j * k * np.fft.fft(root, axis=axis), axis=axis).real
        energies.append(float((change**2 + n * (c.mass * v[axis]) ** 2).sum()) * molecule.volume / (2 * c.mass))
    return np.array(energies)
