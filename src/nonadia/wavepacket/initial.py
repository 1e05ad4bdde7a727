"""Initial states: ψ(r, R) = χ_0(R) φ(r; R) on the grid, normalised, and checked against the grid.

    Gaussian        χ_0 ∝ Π_a exp(-(R_a - c_a)²/(2 w_a²) + i p_a R_a);     |χ_0|² has the width w_a/√2 and the momentum p_a
    GroundStateOf   χ_0 an eigenstate of a BO surface; WaveFunction: any χ_0
    φ               an adiabatic state φ_k(R), a basis state, or amplitudes c_i(R); or ψ is an eigenstate of the full H

A packet that touches the edge of a periodic grid comes in on the other side, and a momentum beyond π/step comes out as another
one: both are refused here, with what to change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from ..models import initial as given
from ..models.electrons import Surfaces
from ..models.errors import ModelError
from ..models.grid_functions import Array, Field, grid_function
from ..models.molecule import GridCoordinate, Molecule
from . import adiabatic, eigenstates

EDGE = 1e-10  # density at the edge of a nuclear axis, in position or momentum, relative to its maximum
ELECTRONIC_EDGE = 1e-6  # the same for electronic axes: tails of bound states, and singularities of V close to real r
BAND = 2  # wave numbers from π/step inwards that count as the edge
TAIL = 5.0  # exp(-TAIL²) = 1.4e-11: where a Gaussian's momentum density has ended
NORM = 1e-6  # deviation from 1 up to which an array counts as normalised
RESIDUAL = 1e-10  # Hartree, ‖Hψ - Eψ‖ of eigenstates to start from

DEGENERATE = 1e-12  # relative difference of two energies, in a diagonalisation, that is none
SHARED = 1e-8  # probability where surfaces may coincide: less cannot be seen

ComplexArray = NDArray[np.complex128]


def prepare(molecule: Molecule, initial: given.InitialState | Array, t: float = 0.0) -> ComplexArray:
    """ψ at time t of shape molecule.shape, complex128, Σ|ψ|²·volume = 1.

    initial : a description, or ψ itself; an array must be normalised to 1e-6 and is not checked against the edges.
    Errors: ModelError for a state that is not there, a zero or infinite wave function, a packet that reaches the edge of the
    grid, a momentum that the grid cannot represent.
    """
    if not isinstance(initial, given.InitialState):
        return _array(molecule, initial)
    if initial.eigenstate is not None:
        k = initial.eigenstate.k
        if k < 1:
            raise ModelError([("initial.eigenstate", f"{k}; eigenstates are counted from 1, the ground state")])
        psi = eigenstates.of_molecule(molecule, k, RESIDUAL, t).states[k - 1]
    else:
        if initial.nuclear is None:
            raise ModelError([("initial.nuclear", "is missing; give a packet, or an eigenstate")])
        psi = _with_electrons(molecule, initial.electronic, _nuclear(molecule, initial.nuclear, t), t)
    psi = normalised(psi.astype(complex), molecule.volume)
    _refuse_edges(
        molecule, psi, adiabatic_state=isinstance(initial.electronic, given.Adiabatic) and initial.nuclear is not None
    )
    return psi


def normalised(psi: Array, volume: float, key: str = "initial") -> ComplexArray:
    """ψ/√(Σ|ψ|²·volume); ModelError if that is zero or not finite."""
    if not np.all(np.isfinite(psi)):
        raise ModelError([(key, "the wave function is not finite everywhere on the grid")])
    scale = float(np.max(np.abs(psi)))
    if scale == 0.0:
        raise ModelError([(key, "the wave function is zero on the whole grid; is its centre on the grid?")])
    psi = np.ascontiguousarray(psi, dtype=complex) / scale  # no underflow of tiny functions
    return psi / np.sqrt(np.vdot(psi, psi).real * volume)


def _array(molecule: Molecule, values: Array) -> ComplexArray:
    psi = np.asarray(values)
    if psi.shape != molecule.shape:
        raise ModelError([("initial", f"an array of shape {psi.shape}; this molecule has ψ of shape {molecule.shape}")])
    result = normalised(psi, molecule.volume)
    norm = float(np.sum(np.abs(psi) ** 2) * molecule.volume)
    if abs(norm - 1.0) > NORM:
        advice = f"divide it by √{norm:.6g} (the volume element is {molecule.volume:.6g})"
        raise ModelError([("initial", f"an array with Σ|ψ|²·volume = {norm:.6g}, not 1; {advice}")])
    return result


# --- nuclear packets ------------------------------------------------------------------------------


def _nuclear(molecule: Molecule, nuclear: given.Nuclear, t: float) -> Array:
    """χ_0 on the nuclear grid, (*R), of any norm."""
    if isinstance(nuclear, given.Gaussian):
        return _gaussian(molecule, nuclear)
    if isinstance(nuclear, given.GroundStateOf):
        _check_surface(molecule, nuclear.surface, "initial.nuclear.ground_state_of")
        if nuclear.level < 0:
            raise ModelError([("initial.nuclear.level", f"{nuclear.level}; levels are counted from 0, the ground state")])
        return eigenstates.of_surface(molecule, nuclear.surface, nuclear.level + 1, RESIDUAL, t).states[-1]
    return _on_grid(nuclear.value, molecule.mesh, t)


def _gaussian(molecule: Molecule, packet: given.Gaussian) -> ComplexArray:
    key, d = "initial.nuclear.gaussian", len(molecule.coordinates)
    for name in ("center", "width", "momentum"):
        if len(getattr(packet, name)) != d:
            raise ModelError([(f"{key}.{name}", f"{len(getattr(packet, name))} values for {d} coordinates")])
    factors = []
    for i, a in enumerate(molecule.coordinates):
        center, width, p = packet.center[i], packet.width[i], packet.momentum[i]
        if not a.start <= center < a.stop:
            raise ModelError([(f"{key}.center", f"{a.name} = {center:g} is outside the grid {a.start:g} … {a.stop:g}")])
        if not width > 0.0:
            raise ModelError([(f"{key}.width", f"{width:g} along {a.name}; a positive width is needed")])
        needed = abs(p) + TAIL / width
        if needed > a.largest_momentum:
            raise ModelError([(f"{key}.momentum", _too_few_points(a, needed))])
        factors.append(np.exp(-((a.values - center) ** 2) / (2.0 * width**2) + 1j * p * a.values))
    product = factors[0]
    for factor in factors[1:]:
        product = np.multiply.outer(product, factor)
    return product


def _too_few_points(a: GridCoordinate, momentum: float) -> str:
    """What a grid needs that shall represent `momentum`."""
    points = next_fast_len(int(np.ceil(momentum * a.length / np.pi)) + 2 * BAND)
    points += points % 2
    return (
        f"the packet has momenta up to {momentum:.4g} along {a.name}, its grid only up to π/step = {a.largest_momentum:.4g}; "
        f"at least {points} points are needed on this interval (it has {a.points})"
    )


# --- electronic states ----------------------------------------------------------------------------


def _with_electrons(molecule: Molecule, electronic: given.Electronic, chi: Array, t: float) -> Array:
    if isinstance(electronic, given.Adiabatic):
        _check_surface(molecule, electronic.k, "initial.electronic.adiabatic")
        count = min(electronic.k + 1, molecule.states) if molecule.states else max(electronic.k, 2)
        found = adiabatic.surfaces(molecule, count, t)
        if not isinstance(molecule.electrons, Surfaces):  # there the states are given, not found
            _refuse_degenerate(molecule, found.energies, electronic.k, chi)
        return found.states[electronic.k - 1] * chi
    if isinstance(electronic, given.Diabatic):
        if not 1 <= electronic.k <= molecule.states:
            some = f"there are states 1 to {molecule.states}"
            none = "electrons in real space have no basis states; choose an adiabatic one"
            raise ModelError([("initial.electronic.diabatic", f"{electronic.k}; {some if molecule.states else none}")])
        psi = np.zeros(molecule.shape, dtype=complex)
        psi[electronic.k - 1] = chi
        return psi
    key, fields = "initial.electronic.amplitudes", electronic.values
    if molecule.states == 0:
        if len(fields) != 1:
            raise ModelError([(key, f"{len(fields)} amplitudes; electrons in real space take one function of r and R")])
        mesh = (*(a.values for a in molecule.electronic_axes), *molecule.mesh)
        amplitudes = _on_grid(fields[0], mesh, t).reshape(-1, *molecule.nuclear_shape)
    elif len(fields) != molecule.states:
        raise ModelError([(key, f"{len(fields)} amplitudes for {molecule.states} states")])
    else:
        amplitudes = np.stack([_on_grid(f, molecule.mesh, t).astype(complex) for f in fields])
    size = np.linalg.norm(amplitudes, axis=0) * np.sqrt(molecule.electronic_volume)
    if np.any((size == 0.0) & (np.abs(chi) > 0.0)):
        raise ModelError([(key, "are all zero at a point of the grid; |c| must be positive wherever the packet is")])
    return (amplitudes / np.where(size > 0.0, size, 1.0) * chi).reshape(molecule.shape)


def _refuse_degenerate(molecule: Molecule, energies: Array, k: int, chi: Array) -> None:
    """ModelError where φ_k is one choice of many: its surface is another one's on a part of the packet.

    A single point, such as a conical intersection on the grid, is none: there φ_k jumps, which the grid check finds.
    """
    weight = np.abs(chi) ** 2
    total = float(weight.sum())
    for other in (k - 1, k + 1):
        if not 1 <= other <= len(energies) or not total > 0.0:
            continue
        gap = np.abs(energies[k - 1] - energies[other - 1])
        same = gap <= DEGENERATE * np.maximum(np.abs(energies[k - 1]), 1e-3)
        same &= np.any([np.roll(same, shift, a) for a in range(same.ndim) for shift in (-1, 1)], axis=0)
        share = float(weight[same].sum()) / total
        if share > SHARED:
            where = np.unravel_index(int(np.argmax(np.where(same, weight, -1.0))), weight.shape)
            point = ", ".join(f"{c.name} = {c.values[i]:.4g}" for c, i in zip(molecule.coordinates, where, strict=True))
            message = (
                f"{k}; surfaces {min(k, other)} and {max(k, other)} coincide where {share:.2g} of the packet is (at {point}): "
                "the state is not defined there; choose a diabatic state, or amplitudes"
            )
            raise ModelError([("initial.electronic.adiabatic", message)])


def _on_grid(field: Field, mesh: Any, t: float) -> Array:
    return grid_function(field, len(mesh), mesh).value(mesh, t)


def _check_surface(molecule: Molecule, k: int, key: str) -> None:
    most = molecule.states or int(np.prod(molecule.electronic_shape))
    if not 1 <= k <= most:
        raise ModelError([(key, f"{k}; this molecule has surfaces 1 to {most}")])


# --- the grid -------------------------------------------------------------------------------------


def _refuse_edges(molecule: Molecule, psi: ComplexArray, adiabatic_state: bool) -> None:
    """ModelError if the density at an end of an axis, or the momentum density near π/step, is not negligible."""
    axes = (*molecule.electronic_axes, *molecule.coordinates)
    shift = psi.ndim - len(axes)
    seam = "; φ_k changes sign on a seam behind a conical intersection: amplitudes that are smooth there avoid it"
    for i, a in enumerate(axes):
        limit = ELECTRONIC_EDGE if i < len(molecule.electronic_axes) else EDGE
        others = tuple(j for j in range(psi.ndim) if j != i + shift)
        density = np.sum(psi.real**2 + psi.imag**2, axis=others)
        edge = float(max(density[0], density[-1]) / np.max(density))
        if edge > limit:
            at = a.start if density[0] > density[-1] else a.stop
            message = (
                f"the density at {a.name} = {at:g}, the edge of the grid, is {edge:.1e} of its maximum (at most {limit:g}); "
                f"move or enlarge the grid of {a.name} ({a.start:g} … {a.stop:g})"
            )
            raise ModelError([("initial", message)])
        transformed = np.fft.fft(psi, axis=i + shift)
        density = np.sum(transformed.real**2 + transformed.imag**2, axis=others)
        k = 2.0 * np.pi * np.abs(np.fft.fftfreq(a.points, a.step))
        edge = float(np.max(density[k > a.largest_momentum - (BAND + 0.5) * 2.0 * np.pi / a.length]) / np.max(density))
        if edge > limit:
            message = (
                f"the grid of {a.name} does not resolve it: the density of momenta near π/step = {a.largest_momentum:.4g} is "
                f"{edge:.1e} of its maximum (at most {limit:g}); take more points than {a.points}, or a smoother state"
            )
            hint = seam if adiabatic_state and len(molecule.coordinates) > 1 else ""
            raise ModelError([("initial", message + hint)])
