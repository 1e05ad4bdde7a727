"""Trajectories that left: probabilities, survival, first-passage times and rates, as variables of the dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from .outcome import Outcome


def exit_variables(outcome: Outcome, add: Any) -> None:
    """add(name, dims, values, units, long_name) for every variable of exits."""
    state, problem = outcome.main.now[1], outcome.main.problem
    count = problem.trajectories
    add("exit_index", ("trajectory",), state.exit_index, "1", "number of the exit; -1: still inside")
    add("exit_time", ("trajectory",), state.exit_time, "hbar/hartree", "first-passage time")
    add("exit_position", ("trajectory", "mode"), state.exit_x, "[x]", "position at the exit")
    add("exit_momentum", ("trajectory", "mode"), state.exit_p, "[p]", "momentum at the exit")
    probability = np.array([(state.exit_index == e).mean() for e in range(len(problem.exits))])
    add("exit_probability", ("exit",), probability, "1", "part of the trajectories that left here within the duration")
    add("error_exit_probability", ("exit",), np.sqrt(probability * (1 - probability) / count), "1", "its standard error")
