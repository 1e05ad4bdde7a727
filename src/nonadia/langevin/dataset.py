"""Outcome → one labelled dataset: the group /langevin of a result file. Atomic units; every variable carries `units`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from .dataset_units import name_units
from .exit_statistics import exit_variables
from .field import FloatArray
from .outcome import Outcome, batch_means
from .statistics.blocking import Estimate, batch_mean
from .statistics.relaxation import relaxation_rate

Variable = tuple[tuple[str, ...], Any, dict[str, str]]
_MEANING = {
    "position": ("mode", "[x]", "mean position"),
    "momentum": ("mode", "[p]", "mean momentum"),
    "kinetic_temperature": ("mode", "hartree", "k_B T = <p^2>/m of each coordinate"),
    "potential_energy": ("", "hartree", "mean potential energy, of the adiabatic potential where there is one coordinate"),
    "energy": ("", "hartree", "mean kinetic and potential energy"),
    "current": ("lead", "hartree/hbar", "electrons per time from the lead into the molecule, mean"),
}


def assemble(outcome: Outcome, attributes: dict[str, Any], warnings: list[str]) -> xr.Dataset:
    """The dataset of `langevin`. warnings: of the table and the step; "note: …" does not count against convergence."""
    problem, field = outcome.main.problem, outcome.main.problem.field
    times = problem.times[: outcome.reached + 1]
    variables: dict[str, Variable] = {}

    def add(name: str, dims: tuple[str, ...], values: Any, units: str, long_name: str) -> None:
        variables[name] = (dims, values, {"units": units, "long_name": long_name})

    def pair(name: str, dims: tuple[str, ...], found: Estimate, units: str, long_name: str) -> None:
        add(name, dims, found.value, units, long_name)
        add(f"error_{name}", dims, found.error, units, f"standard error of: {long_name}")

    means, steady, step_error = outcome.means, outcome.steady, outcome.step_error
    for name, (axis, units, meaning) in _MEANING.items():
        at = outcome.at[name]
        if name in ("potential_energy", "energy") and not np.isfinite(means.value[:, at]).any():
            continue
        if at.stop == at.start:
            continue
        dims = ("time", axis) if axis else ("time",)
        pick = (slice(None), at) if axis else (slice(None), at.start)
        pair(name, dims, Estimate(*(np.asarray(part)[pick] for part in means)), units, meaning)
        last = at if axis else at.start
        kept = (axis,) if axis else ()
        if name != "momentum":
            steady_value = Estimate(steady.value[last], steady.error[last], steady.degrees[last])
            pair(f"steady_{name}", kept, steady_value, units, f"{meaning}, in the steady state")
        of_step = Estimate(step_error.value[last], step_error.error[last], step_error.degrees[last])
        pair(f"step_error_{name}", kept, of_step, units, f"error of the step in the steady or last value of: {meaning}")
    kinetic = outcome.main.sums[:, : outcome.reached + 1, 0, outcome.at["kinetic_temperature"]].sum(axis=2) / 2
    there = outcome.main.count[:, : outcome.reached + 1, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        pair("kinetic_energy", ("time",), batch_mean(kinetic / there, there), "hartree", "mean kinetic energy")
    for name, units in (("position", "[x]^2"), ("momentum", "[p]^2")):
        pair(f"{name}_variance", ("time", "mode"), outcome.spread(name), units, f"variance of the {name} over the ensemble")
    add("survivors", ("time",), there.sum(axis=0), "1", "trajectories that have not left")
    if problem.keep:
        kept_all = outcome.main.kept[: outcome.reached + 1]
        for k, (name, units) in enumerate((("position", "[x]"), ("momentum", "[p]"))):
            add(f"trajectory_{name}", ("time", "stored", "mode"), kept_all[:, :, k], units, f"{name} of single trajectories")
    coordinates: dict[str, Any] = {"time": ("time", times, {"units": "hbar/hartree"}), "mode": list(field.names)}
    if field.leads:
        coordinates["lead"] = list(field.leads)
    coordinates |= _distributions(outcome, add)
    wrong, notes = outcome.verdict()
    if len(problem.exits):
        of_exits, said = exit_variables(outcome, add)
        attributes = attributes | of_exits
        notes += said
        coordinates |= {"exit": list(problem.exits.names), "outcome": [*problem.exits.names, "inside"]}
    elif "energy" in variables:
        notes += _relaxation(outcome, pair)
    wrong = [line for line in warnings if not line.startswith("note: ")] + wrong
    notes = [line.removeprefix("note: ") for line in warnings if line.startswith("note: ")] + notes
    attrs = {
        "scheme": problem.scheme.name, "weak_order": problem.scheme.weak_order, "step": problem.step,
        "steps": outcome.reached * problem.between, "trajectories": problem.trajectories, "batches": problem.batches,
        "step_tolerance": outcome.step_tolerance,
        "steady_state": int(steady.since is not None),
        "steady_since": float(times[steady.since]) if steady.since is not None else float("nan"),
        "duration": float(times[-1]),
        "table_errors": json.dumps(field.errors),
        "converged": int(not wrong), "messages": json.dumps(wrong), "notes": json.dumps(notes),
    }  # fmt: skip
    attrs |= {k: v if isinstance(v, str | int | float) else json.dumps(v, default=_plain) for k, v in attributes.items()}
    dataset = xr.Dataset(variables, coords=coordinates, attrs=attrs)
    dataset["mode"].attrs["mass"] = field.masses.tolist()
    name_units(dataset, field)
    return dataset


def _relaxation(outcome: Outcome, pair: Any) -> list[str]:
    """The rate at which the mean energy relaxes, as one exponential; what keeps it from meaning anything."""
    values, count = batch_means(outcome.main, outcome.reached)
    energy = values[:, :, outcome.at["energy"].start]
    if outcome.reached < 8 or len(energy) < 4 or not np.isfinite(energy).all():
        return []
    found = relaxation_rate(outcome.main.problem.times[: outcome.reached + 1], energy, count[:, 0, 0])
    rate = Estimate(np.asarray(found.rate), np.asarray(found.error), np.asarray(np.nan))
    pair("relaxation_rate", (), rate, "hartree/hbar", "k of the mean energy E_inf + A exp(-k t), best fit")
    return [f"relaxation rate: {line}" for line in found.messages]


def _distributions(outcome: Outcome, add: Any) -> dict[str, Any]:
    """Densities of x and p in windows of time, from the histograms of the batches; the coordinates that they need."""
    problem = outcome.main.problem
    reached = max(outcome.reached, 1)
    windows = problem.window_of(reached) + 1
    counts = outcome.main.now[2][:, :windows].astype(float)  # (B, windows, 2, c, bins + 2)
    total = counts.sum(axis=-1)
    coordinates: dict[str, Any] = {}
    for k, (name, units) in enumerate((("position", "1/[x]"), ("momentum", "1/[p]"))):
        edges: FloatArray = problem.edges[k]
        widths = np.diff(edges, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = counts[:, :, k, :, 1:-1] / total[:, :, k, :, None]
        found = batch_mean(share, np.broadcast_to(total[:, :, k, :, None], share.shape))
        dims = ("window", "mode", "bin")
        add(f"{name}_density", dims, found.value / widths, units, f"probability density of the {name}")
        add(f"error_{name}_density", dims, found.error / widths, units, f"standard error of the density of the {name}")
        with np.errstate(divide="ignore", invalid="ignore"):
            outside = counts[:, :, k][..., [0, -1]].sum(axis=(0, 3)) / total[:, :, k].sum(axis=0)
        add(f"{name}_outside", ("window", "mode"), outside, "1", f"part of the {name}s beyond the outer edges")
        bare = units.removeprefix("1/")
        coordinates[f"{name}_edges"] = (("mode", "bin_edge"), edges, {"units": bare})
        coordinates[f"{name}_bin"] = (("mode", "bin"), 0.5 * (edges[:, 1:] + edges[:, :-1]), {"units": bare})
    index = np.arange(1, reached + 1)
    window = np.array([problem.window_of(int(i)) for i in index])
    times = problem.times
    coordinates["window_start"] = ("window", [times[index[window == w][0]] for w in range(windows)], {"units": "hbar/hartree"})
    coordinates["window_stop"] = ("window", [times[index[window == w][-1]] for w in range(windows)], {"units": "hbar/hartree"})
    return coordinates


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
