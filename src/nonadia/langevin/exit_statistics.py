"""Trajectories that left: probabilities, survival, first-passage times, rates, energy losses, as variables of the dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from .outcome import Outcome
from .statistics.scattering import STAYED, scattering
from .statistics.survival import exit_rate, kaplan_meier, mean_first_passage

TIME = "hbar/hartree"


def exit_variables(outcome: Outcome, add: Any) -> tuple[dict[str, Any], list[str]]:
    """add(name, dims, values, units, long_name) for every variable of exits; attributes, and what to know about them.

    The dimension `outcome` has the exits and, last, "inside": who has not left within the duration.
    """
    state, problem, found_ends = outcome.main.now[1], outcome.main.problem, outcome.ends
    end, left = float(problem.times[outcome.reached]), found_ends.left
    add("exit_index", ("trajectory",), state.exit_index, "1", f"number of the exit; {STAYED}: still inside")
    add("exit_time", ("trajectory",), state.exit_time, TIME, "first-passage time")
    add("exit_position", ("trajectory", "mode"), state.exit_x, "[x]", "position at the exit")
    add("exit_momentum", ("trajectory", "mode"), state.exit_p, "[p]", "momentum at the exit")
    p, before, after = found_ends.p, found_ends.before, found_ends.after
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
    each = [found_ends.time[found_ends.exit == e] for e in range(len(problem.exits))]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_time = np.array([times.mean() if times.size else np.nan for times in each])
        mean_unsure = np.array([times.std(ddof=1) / np.sqrt(times.size) if times.size > 1 else np.nan for times in each])
    add("exit_mean_time", ("exit",), mean_time, TIME, "mean time of those that left here within the duration")
    add("error_exit_mean_time", ("exit",), mean_unsure, TIME, "its standard error")
    for name, of_step in outcome.exit_step_errors.items():
        units = {"exit_probability": "1", "exit_mean_momentum": "[p]", "energy_loss": "hartree", "exit_mean_time": TIME}[name]
        along = ("exit", "mode") if of_step.value.ndim == 2 else ("exit",)
        add(f"step_error_{name}", along, of_step.value, units, f"error of the step in the {name.replace('_', ' ')}")
        add(f"error_step_error_{name}", along, of_step.error, units, "standard error of that of the step")
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
