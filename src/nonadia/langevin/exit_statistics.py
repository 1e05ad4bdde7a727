"""Trajectories that left: probabilities, survival, first-passage times, rates, energy losses, as variables of the dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from .field import Field, FloatArray
from .outcome import Outcome
from .statistics.scattering import STAYED, scattering
from .statistics.survival import exit_rate, kaplan_meier, mean_first_passage

TIME = "hbar/hartree"


def exit_variables(outcome: Outcome, add: Any) -> tuple[dict[str, Any], list[str]]:
    """add(name, dims, values, units, long_name) for every variable of exits; attributes, and what to know about them.

    The dimension `outcome` has the exits and, last, "inside": who has not left within the duration.
    """
    state, problem = outcome.main.now[1], outcome.main.problem
    x0, p0 = outcome.main.start
    c = len(problem.field.names)
    end = float(problem.times[outcome.reached])
    left = state.exit_index >= 0
    add("exit_index", ("trajectory",), state.exit_index, "1", f"number of the exit; {STAYED}: still inside")
    add("exit_time", ("trajectory",), state.exit_time, TIME, "first-passage time")
    add("exit_position", ("trajectory", "mode"), state.exit_x, "[x]", "position at the exit")
    add("exit_momentum", ("trajectory", "mode"), state.exit_p, "[p]", "momentum at the exit")
    x = np.where(left[:, None], state.exit_x, state.x)
    p = np.where(left[:, None], state.exit_p, state.p[:, :c])
    before, after = _energy(problem.field, x0, p0, 0.0), _energy(problem.field, x, p, end)
    add("trajectory_energy_loss", ("trajectory",), before - after, "hartree", "energy lost until the exit, or the end")
    found = scattering(state.exit_index, len(problem.exits), p, before, after)
    among = "of those that left here, or stayed"
    for name, dims, value, error, units, meaning in (
        ("exit_probability", (), found.probability, found.probability_error, "1", "part of the trajectories that left here"),
        ("exit_mean_momentum", ("mode",), found.momentum, found.momentum_error, "[p]", f"mean momentum {among}"),
        ("exit_energy", (), found.energy, found.energy_error, "hartree", f"mean energy {among}"),
        ("energy_loss", (), found.energy_loss, found.energy_loss_error, "hartree", f"mean loss of energy {among}"),
    ):
        add(name, ("outcome", *dims), value, units, meaning)
        add(f"error_{name}", ("outcome", *dims), error, units, f"standard error of: {meaning}")
    of_step = outcome.exit_step_error
    add("step_error_exit_probability", ("exit",), of_step.value, "1", "error of the step in the exit probability")
    add("error_step_error_exit_probability", ("exit",), of_step.error, "1", "standard error of that of the step")
    bounds = np.stack([found.lower, found.upper], axis=-1)
    add("exit_probability_interval", ("outcome", "bound"), bounds, "1", "95% Wilson interval of the probability")
    durations = np.where(left, np.nan_to_num(state.exit_time), end)
    curve = kaplan_meier(durations, left, problem.times[: outcome.reached + 1])
    add("survival", ("time",), curve.survival, "1", "part that has not left yet (Kaplan-Meier)")
    add("error_survival", ("time",), curve.error, "1", "standard error of the survival (Greenwood)")
    rate = exit_rate(durations, left)
    mean = mean_first_passage(durations, left, rate)
    for name, number, unsure, units, meaning in (
        ("exit_rate", rate.rate, rate.error, "hartree/hbar", "rate of leaving after the lag, maximum likelihood"),
        ("mean_first_passage_time", mean.value, mean.error, TIME, f"mean time to leave ({mean.source})"),
    ):
        add(name, (), number, units, meaning)
        add(f"error_{name}", (), unsure, units, f"standard error of: {meaning}")
    add("exit_rate_bound", (), rate.upper, "hartree/hbar", "95% upper bound of the rate")
    attributes = {"exit_rate_lag": rate.lag, "exit_rate_p_value": rate.p_value, "mean_first_passage_source": mean.source}
    return attributes, rate.messages


def _energy(field: Field, x: FloatArray, p: FloatArray, t: float) -> FloatArray:
    """p²/2m + U; NaN where U is not known."""
    potential = field.potential(x, t)
    kinetic = 0.5 * (p**2 / field.masses).sum(axis=1)
    return np.full(len(x), np.nan) if potential is None else kinetic + potential
