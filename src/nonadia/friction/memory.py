"""Memory kernels of electronic friction and noise beyond the Markov limit, to a stated tolerance (theory B4).

m ẍ_i = -∂_iU_0 + F_i(x) - Σ_j ∫_0^t γ_ij(t - s) ẋ_j(s) ds + ξ_i,     ⟨ξ_i(t) ξ_j(0)⟩ = D_ij(t),  t ≥ 0

The stated error adds what was computed: bath (exact kernels of the partner model; for interacting models also the change
with a better bath at tier 2), truncation (the difference between the adiabatic end and a plain cut; for given tiers, the
change with the last one), reduction (its change in the last round), vibrational basis (the change with more states at
tier 2).
"""

from __future__ import annotations

import time as clock
from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from ..models.junction import Junction
from .checks import in_equilibrium
from .estimate import choose_method, sound
from .evaluate import Progress
from .grid import Grid
from .memory_control import green, hierarchy
from .memory_dataset import assemble
from .memory_evaluate import GridKernels

EXPONENTS = 0.5  # part of the tolerance that the exponential representation may add


def memory_kernels(
    model: Junction,
    x: ArrayLike | Mapping[str, ArrayLike],
    time: ArrayLike,
    frequency: ArrayLike | None = None,
    tolerance: float = 1e-3,
    tiers: int | None = None,
    poles: int | None = None,
    decomposition: str | None = None,
    method: str = "auto",
    progress: Progress | None = None,
) -> xr.Dataset:
    """Memory kernels γ_ij(t), D_ij(t), their spectra, and both as sums of exponentials (theory B4; LD(43)-(50)).

        γ_ij(t) = tr[𝓕_i e^{𝓛t} ∂_jρ_ss],  D_ij(t) = tr[𝓕_i e^{𝓛t} ½(δ𝓕_j,L + δ𝓕_j,R) ρ_ss],  γ(ω) = ∫_0^∞ e^{iωt} γ(t) dt

    model, x : as for `electronic_forces`. time : t ≥ 0, scalar or 1D (ħ/Hartree). frequency : ω, scalar or 1D (Hartree/ħ);
        by default as many as times, from 0 to the Nyquist frequency of their mean spacing.
    tolerance : error of each kernel and spectrum relative to its largest magnitude over geometries and times (frequencies).
    tiers, poles, decomposition : fix what the program otherwise chooses, as for `electronic_forces`.
    method : "heom", "negf" (exact, non-interacting models only) or "auto" (negf where it is exact).
    progress : callable(done, total, message).
    Numbers of vibrational states that the model chose are raised until more change less than a fifth of the tolerance;
        given ones are kept, and what more would change is part of the stated error.

    Returns a dataset (atomic units, `units` on every variable) with friction_kernel and noise_kernel (…, time, mode, mode_) and
    their molecular and coupling parts (by force i), friction_spectrum and noise_spectrum (…, frequency, mode, mode_; complex),
    error_* of these four, and exponents common to both kernels: γ_ij(t) ≈ Re Σ_k friction_amplitude_k,ij e^{-rate_k t}
    (likewise noise_amplitude), complex rates in conjugate pairs, geometries with fewer of them filled up with amplitude 0.
    Attributes converged, messages, relative_error, exponential_error, vibrational_states, error_of_vibrational_basis,
    convergence (JSON).
    At equilibrium Re D_ii(ω) = (ω/2) coth(ω/2k_BT) Re γ_ii(ω); ∫_0^∞ γ dt and the symmetric part of ∫_0^∞ D dt are the
    friction and the noise of `electronic_forces`.
    Errors: ValueError for arguments that do not fit, ModelError (a ValueError) where the model has no value or no steady
        state on the grid, ResourceError (a ValueError) for lack of memory, NotConverged if a solve
        or a reduction does not settle or the truncated hierarchy grows with time.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance} must lie between 0 and 1")
    if tiers is not None and tiers < 1:
        raise ValueError(f"tiers = {tiers} must be at least 1")
    if poles is not None and poles < 1:
        raise ValueError(f"poles = {poles} must be at least 1")
    started = clock.perf_counter()
    times = _axis(time, "time")
    if times.min() < 0:
        raise ValueError("time must not be negative: the kernels are causal")
    frequencies = _nyquist(times) if frequency is None else _axis(frequency, "frequency")
    grid = Grid.of([c.name for c in model.coordinates], x)
    frozen = sound(model, grid)
    chosen = choose_method(frozen, method)
    if chosen == "negf":
        run = green(frozen, times, frequencies, tolerance, progress)
    else:
        automatic = [vibration.automatic for vibration in model.vibrations]
        run = hierarchy(frozen, automatic, times, frequencies, tolerance, tiers, poles, decomposition, progress)

    messages = list(run.messages)
    worst = run.kernels.relative(run.errors)
    for name, value in worst.items():
        if not value <= tolerance:
            messages.append(f"error of the {name.replace('_', ' ')} {value:.1e} exceeds the tolerance {tolerance:.1e}")
    messages += impossible_kernels(frozen, frequencies, run.kernels, tolerance)
    short, error = run.kernels.shortened(times, frequencies, EXPONENTS * tolerance)
    attributes = {
        "method": chosen,
        "tolerance": tolerance,
        "temperature": [lead.temperature for lead in frozen.leads],
        "chemical_potential": [lead.chemical_potential for lead in frozen.leads],
        **run.attributes,
        "relative_error": worst,
        "exponential_error": error,
        "converged": int(not messages),
        "messages": messages,
        "convergence": run.record,
        "wall_time": clock.perf_counter() - started,
    }
    return assemble(model, grid, times, frequencies, run.kernels, run.errors, short, attributes)


def _axis(values: ArrayLike, name: str) -> FloatArray:
    array = np.atleast_1d(np.asarray(values, dtype=float))
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} must be a number or a 1D array, not of shape {array.shape}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} holds values that are not finite")
    return array


def _nyquist(time: FloatArray) -> FloatArray:
    """As many frequencies as times, from 0 to π/(mean spacing)."""
    if np.ptp(time) == 0:
        return np.zeros(1)
    return np.linspace(0.0, np.pi * (time.size - 1) / float(np.ptp(time)), time.size)


def impossible_kernels(
    frozen: FrozenJunction, frequency: FloatArray, kernels: GridKernels, tolerance: float
) -> list[str]:
    """One line for each violated law; H is the Hermitian part, for one coordinate the real part.

    H D(ω) is positive semi-definite always; at equilibrium H D(ω) = (ω/2) coth(ω/2k_BT) H γ(ω), the quantum
    fluctuation-dissipation theorem.
    """

    def hermitian(name: str) -> ComplexArray:
        tensor = kernels.total(name)
        return np.asarray(0.5 * (tensor + np.swapaxes(tensor, -1, -2).conj()))

    messages = []
    noise, friction = hermitian("noise_spectrum"), hermitian("friction_spectrum")
    scale = kernels.scales()
    lowest = np.linalg.eigvalsh(noise)[..., 0]
    if lowest.min() < -tolerance * scale["noise_spectrum"]:
        at = np.unravel_index(np.argmin(lowest), lowest.shape)
        messages.append(
            f"negative noise spectrum {lowest.min() / scale['noise_spectrum']:.2g} of its maximum at geometry {at[0] + 1}, "
            f"frequency {frequency[at[1]]:.3g}"
        )
    if in_equilibrium(frozen):
        thermal = thermal_energy(frequency, frozen.leads[0].temperature)
        violation = np.abs(noise / thermal[:, None, None] - friction).max(axis=(2, 3))
        size = max(scale["friction_spectrum"], scale["noise_spectrum"] / frozen.leads[0].temperature)
        if violation.max() > 2 * tolerance * size:
            at = np.unravel_index(np.argmax(violation), violation.shape)
            messages.append(
                f"fluctuation-dissipation broken at equilibrium by {violation.max() / size:.2g} of the largest friction at "
                f"geometry {at[0] + 1}, frequency {frequency[at[1]]:.3g}"
            )
    return messages


def thermal_energy(frequency: FloatArray, temperature: float) -> FloatArray:
    """(ω/2) coth(ω/2k_BT), k_BT at ω = 0; Hartree."""
    half = 0.5 * np.abs(frequency)
    ratio = np.minimum(half / temperature, 300.0)
    small = ratio < 1e-6
    return np.asarray(np.where(small, temperature, half / np.tanh(np.where(small, 1.0, ratio))))
