"""What left, where, how fast, and how much energy it lost: scattering probabilities and energy losses of each exit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .survival import probability

STAYED = -1  # exit index of a trajectory that is still inside: it sticks


class ExitStatistics(NamedTuple):
    """For each exit (E, in order) and, as the last entry (E), the trajectories that stayed.

    probability, its error and 95% Wilson interval; momentum (E + 1, c) and its error; energy and energy_loss with errors; all
    means over the trajectories of that exit, NaN where there is none, their error NaN where there is one.
    """

    number: NDArray
    probability: NDArray
    probability_error: NDArray
    lower: NDArray
    upper: NDArray
    momentum: NDArray
    momentum_error: NDArray
    energy: NDArray
    energy_error: NDArray
    energy_loss: NDArray
    energy_loss_error: NDArray


def _mean(values: NDArray) -> tuple[NDArray, NDArray]:
    """Mean over independent trajectories (first axis) and its standard error."""
    count = len(values)
    if count == 0:
        return np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)
    mean = values.mean(axis=0)
    if count == 1:
        return mean, np.full(values.shape[1:], np.nan)
    return mean, values.std(axis=0, ddof=1) / np.sqrt(count)


def scattering(
    exit_index: ArrayLike, exits: int, momentum: ArrayLike, initial_energy: ArrayLike, final_energy: ArrayLike
) -> ExitStatistics:
    """Probabilities of the exits and what is carried through them; the last entry is the sticking probability.

    Parameters
    ----------
    exit_index : (N,) number of the exit; -1: stayed until the end.
    exits : number of exits.
    momentum : (N, c) at the exit, or at the end of the run.
    initial_energy, final_energy : (N,) kinetic and potential energy of the nuclei.
    """
    index = np.asarray(exit_index)
    if np.any((index < STAYED) | (index >= exits)):
        raise ValueError(f"exit_index: must lie between {STAYED} (stayed) and {exits - 1}")
    momentum = np.asarray(momentum, dtype=float)
    initial, final = np.asarray(initial_energy, dtype=float), np.asarray(final_energy, dtype=float)
    groups = [index == e for e in [*range(exits), STAYED]]
    count = np.array([np.count_nonzero(g) for g in groups])
    chance = probability(count, np.full(exits + 1, index.size))
    momenta = [_mean(momentum[g]) for g in groups]
    energies = [_mean(final[g]) for g in groups]
    losses = [_mean((initial - final)[g]) for g in groups]

    def column(pairs: list[tuple[NDArray, NDArray]], which: int) -> NDArray:
        return np.array([pair[which] for pair in pairs])

    return ExitStatistics(
        count, chance.value, chance.error, chance.lower, chance.upper,
        column(momenta, 0), column(momenta, 1), column(energies, 0), column(energies, 1), column(losses, 0), column(losses, 1),
    )  # fmt: skip
