"""The non-interacting partner of a model: what the bath fit is tuned on and certified with (theory B2).

Same leads, channels and geometries, U = 0 and no vibrations. An interacting molecule exchanges electrons at other energies than
its bare levels (E_a(N+1) - E_b(N): charging energies, polaron shift, vibrational side bands), so the partner is taken once
with the bare levels and again shifted rigidly to those energies: a bath that serves all of them serves the molecule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..heom.fock import FockSpace
from ..models.frozen import FloatArray, FrozenJunction

SHIFTS = 5  # rigid shifts besides the bare levels
SAMPLE = 28  # geometries that the fit sees


def bare_partner(frozen: FrozenJunction) -> FrozenJunction:
    """U = 0 and no vibrations at the same geometries."""
    n, c, grid = frozen.n_levels, frozen.n_coordinates, frozen.grid_shape
    return replace(
        frozen,
        u=np.zeros_like(frozen.u),
        du=np.zeros_like(frozen.du),
        vibronic=np.zeros((*grid, 0, n, n), dtype=complex),
        dvibronic=np.zeros((*grid, c, 0, n, n), dtype=complex),
        frequencies=np.zeros(0),
        vibration_states=np.zeros(0, dtype=np.int64),
    )


def sample(count: int, wanted: int = SAMPLE) -> np.ndarray:
    """Evenly spread indices of at most `wanted` of `count` geometries, both ends included."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(int))


def partner_family(frozen: FrozenJunction, indices: np.ndarray) -> FrozenJunction:
    """The bare partner at the chosen geometries, followed by its shifted copies; one grid axis."""
    bare = bare_partner(frozen[indices])
    if frozen.non_interacting:
        return bare
    shifts = np.concatenate([[0.0], addition_shifts(frozen[sample(len(frozen.g), 5)])])
    identity = np.eye(frozen.n_levels)
    copies = [replace(bare, h=bare.h + shift * identity) for shift in shifts]
    arrays = ("h", "dh", "u", "du", "vibronic", "dvibronic", "g", "dg")
    joined: dict[str, Any] = {name: np.concatenate([getattr(c, name) for c in copies]) for name in arrays}
    return replace(bare, **joined)


def addition_shifts(frozen: FrozenJunction) -> FloatArray:
    """Up to SHIFTS rigid shifts (Hartree) that carry the bare levels to the molecule's addition energies.

    They are weighted quantiles of the addition energies, measured from the mean bare level.
    """
    energy, weight, level = addition_energies(frozen)
    order = np.argsort(energy - level)
    value, cumulative = (energy - level)[order], np.cumsum(weight[order])
    found = value[np.searchsorted(cumulative, (np.arange(SHIFTS) + 0.5) / SHIFTS * cumulative[-1])]
    spread = max(float(np.ptp(found)), 1e-12)
    return np.unique(np.round(found / spread, 3)) * spread


def addition_reach(frozen: FrozenJunction) -> float:
    """Largest distance between an addition energy and a chemical potential, plus ten k_BT (Hartree)."""
    energy, _, _ = addition_energies(frozen[sample(len(frozen.g), 5)])
    return max(
        float(np.abs(energy - lead.chemical_potential).max()) + 10.0 * lead.temperature for lead in frozen.leads
    )


def level_reach(frozen: FrozenJunction) -> float:
    """The same for the one-body levels of a non-interacting model, with a margin of their widths."""
    levels = np.linalg.eigvalsh(frozen.h)
    widths = sum(channel.rate for channel in frozen.channels) * float(np.max(frozen.g**2, initial=0.0))
    margin = max(10.0 * lead.temperature for lead in frozen.leads) + 2.0 * widths
    return max(float(np.abs(levels - lead.chemical_potential).max()) for lead in frozen.leads) + margin


def addition_energies(frozen: FrozenJunction) -> tuple[FloatArray, FloatArray, FloatArray]:
    """E_a(N+1) - E_b(N), their weights Σ_m |⟨a|d†_m|b⟩|² and the mean bare level, over all geometries given.

    States b above the lowest of their charge count with a Boltzmann factor at four times the larger of temperature and bias
    window, which is more than a current can heat them to; weights below 1e-3 of the largest are dropped.
    """
    fock = FockSpace.of(frozen)
    window = float(np.ptp([lead.chemical_potential for lead in frozen.leads]))
    warm = 4.0 * max(*(lead.temperature for lead in frozen.leads), 0.25 * window, 0.0)
    charge = np.argmax(np.all(fock.state_charge[:, None] == fock.charges[None], axis=2), axis=1)
    energy, weight, level = [], [], []
    for i in range(len(frozen.g)):
        point = frozen[i]
        energies, states, lowest = np.zeros(fock.dimension), np.zeros((fock.dimension,) * 2, complex), np.zeros(fock.dimension)
        hamiltonian = fock.hamiltonian(point)
        for s in range(len(fock.charges)):
            block = charge == s
            energies[block], states[np.ix_(block, block)] = np.linalg.eigh(hamiltonian[np.ix_(block, block)])
            lowest[block] = energies[block].min()
        populated = np.exp(-(energies - lowest) / warm)
        for m in range(frozen.n_levels):
            unit = np.eye(frozen.n_levels)[m].astype(complex)
            creation = states.conj().T @ fock.channel_operator(unit).conj().T @ states
            energy.append((energies[:, None] - energies[None, :]).ravel())
            # a populated state takes an electron up (b) or gives one away (a)
            weight.append((np.abs(creation) ** 2 * np.maximum(populated[None, :], populated[:, None])).ravel())
            level.append(np.full(energies.size**2, np.trace(point.h).real / frozen.n_levels))
    weights = np.concatenate(weight)
    keep = weights > 1e-3 * weights.max()
    return np.concatenate(energy)[keep], weights[keep], np.concatenate(level)[keep]
