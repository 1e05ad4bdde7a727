"""χ alone: the nuclear wave function under A and ε of a gauge, and ⟨χ|Ĥ_n|χ⟩ by the momentum operator on the grid.

i∂_tχ = Ĥ_n χ,   Ĥ_n = (p̂ + A)²/(2M) + ε,   p̂ χ = Σ_k k χ̂(k) e^{ikR}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from nonadia.factorization.marginal import filled, marginal_start, marginal_system
from nonadia.runs.closed_experiment import ClosedExperiment
from nonadia.runs.experiment import load
from nonadia.wavepacket.api import propagate

if TYPE_CHECKING:
    import xarray as xr

ADIABATIC, INTERMEDIATE = "adiabatic-temporal-gauge", "intermediate-temporal-gauge"
EXAMPLES = {ADIABATIC: "diatomic-adiabatic", INTERMEDIATE: "diatomic"}
TOLERANCE = 1e-5
NOTE = "χ alone, propagated under A and ε of the temporal gauge: its energy, momentum and density beside those of Ψ"
_EVERY = 8  # stored times of the run from one compared time to the next

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


def compute(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    """For each run (run, time): energy ⟨Ĥ_n⟩, kinetic and momentum of χ; those of Ψ; density_error = ∫|(|χ|²) - n| dR."""
    import xarray as xr

    found = [_beside(data[run], EXAMPLES[run]) for run in EXAMPLES]
    whole = xr.concat(found, dim=xr.Variable("run", list(EXAMPLES)))
    return whole.assign_attrs(converged=min(one.attrs["converged"] for one in found))


def _beside(tree: xr.DataTree, example: str) -> xr.Dataset:
    import xarray as xr

    fields, packet = tree["factorization"].to_dataset(), tree["wavepacket"].to_dataset()
    experiment = load(example, json.loads(tree.attrs["overrides"]))
    assert isinstance(experiment, ClosedExperiment)
    molecule = experiment.model
    times = fields["snapshot"].values
    at = np.arange(0, len(times), _EVERY)
    alone = propagate(
        marginal_system(fields, molecule.coordinates), marginal_start(fields), float(times[at[-1]]),
        store_every=float(times[_EVERY]), tolerance=TOLERANCE,
    )  # fmt: skip
    A, epsilon = (filled(fields[name].values[at], 1) for name in ("vector_potential", "scalar_potential"))
    psi, R, M = alone["psi"].values[:, 0], fields["R"].values, molecule.coordinates[0].mass
    own = np.array([expectations(psi[k], A[k, 0], epsilon[k], R, M) for k in range(len(at))])
    off = np.abs(np.abs(psi) ** 2 - packet["reduced_density"].values[at]).sum(axis=1) * (R[1] - R[0])
    energy, moving = {"units": "hartree"}, {"units": "hbar/bohr"}
    return xr.Dataset(
        {
            "energy": ("time", own[:, 0], energy),
            "kinetic": ("time", own[:, 1], energy),
            "momentum": ("time", own[:, 2], moving),
            "density_error": ("time", off),
            "E_total": ("time", fields["E_total"].values[at], energy),
            "T_geo": ("time", fields["T_geo"].values[at], energy),
            "T_n_of_psi": ("time", packet["nuclear_kinetic_energy"].values[at], energy),
            "momentum_of_psi": ("time", packet["momentum"].values[at, 0], moving),
        },
        {"time": ("time", alone["time"].values, {"units": "hbar/hartree"})},
        {"converged": int(alone.attrs["converged"])},
    )


def expectations(chi: Complex, A: Array, epsilon: Array, R: Array, mass: float) -> tuple[float, float, float]:
    """(⟨χ|Ĥ_n|χ⟩, ⟨χ|(p̂ + A)²|χ⟩/(2M), ⟨χ|p̂ + A|χ⟩)"""
    dR = float(R[1] - R[0])
    moving = np.fft.ifft(2 * np.pi * np.fft.fftfreq(len(R), dR) * np.fft.fft(chi)) + A * chi
    kinetic = float(np.vdot(moving, moving).real) * dR / (2 * mass)
    return kinetic + float((np.abs(chi) ** 2 * epsilon).sum()) * dR, kinetic, float(np.vdot(chi, moving).real) * dR


def energy(fields: xr.Dataset) -> Array:
    """⟨χ|Ĥ_n|χ⟩ of every stored time with χ = √n e^{iS}, ∂_R S = M v - A of this gauge."""
    R, M = fields["R"].values, float(fields["R"].attrs["mass"])
    n = fields["density"].values
    A, v, epsilon = (filled(fields[name].values, 1) for name in ("vector_potential", "velocity", "scalar_potential"))
    found: list[Any] = []
    for k in range(len(n)):
        phase = make_interp_spline(R, M * v[k, 0] - A[k, 0], k=5).antiderivative()(R)
        found.append(expectations(np.sqrt(n[k]) * np.exp(1j * phase), A[k, 0], epsilon[k], R, M)[0])
    return np.array(found)
