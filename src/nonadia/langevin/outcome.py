"""What an ensemble tells: means with errors at the stored times, the steady state, the error of the step.

    mean_q(t) = Σ_b s1_bq / Σ_b n_bq over batches b, its error from the spread of the batch means

The trajectories are independent, so are the batches. Steady means are batch means of averages over time since the ensemble is
stationary (statistics.steady). The error of the step is the paired difference to the ensemble of twice the step on the same
noise, divided by 2^order - 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .ensemble import Ensemble
from .field import FloatArray
from .passage import Ends, change, ends
from .statistics.blocking import Estimate, batch_mean, variance
from .statistics.steady import FEW_BATCHES, Steady, steady_state

FEWEST_LOOKED_AT = 16  # stored times before a steady state is looked for in a run that may stop early


def columns(c: int, leads: int) -> dict[str, slice]:
    """Where each observable stands among those of `task.observables`."""
    names = {"position": c, "momentum": c, "kinetic_temperature": c, "potential_energy": 1, "energy": 1, "current": leads}
    found, start = {}, 0
    for name, width in names.items():
        found[name] = slice(start, start + width)
        start += width
    return found


def batch_means(ensemble: Ensemble, index: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """(B, T, q) means and counts up to stored time `index`; NaN where nobody is left."""
    sums, count = ensemble.sums[:, : index + 1, 0], ensemble.count[:, : index + 1]
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan), count


def stationary(ensemble: Ensemble, index: int) -> Steady:
    """The steady state of what has been observed up to stored time `index`."""
    means, count = batch_means(ensemble, index)
    field = ensemble.problem.field
    c = len(field.names)
    at = columns(c, len(field.leads))
    labels = [f"{what} of {name}" for what in ("position", "momentum", "kinetic temperature") for name in field.names]
    labels += ["potential energy", "energy", *(f"current from {lead}" for lead in field.leads)]
    judged = means.copy()
    judged[:, :, at["potential_energy"]] = np.nan  # follows from the others
    return steady_state(ensemble.problem.times[: index + 1], judged, count, names=labels)


def achieved(ensemble: Ensemble, index: int, wanted: Mapping[str, float]) -> bool:
    """Whether a steady state is there with these standard errors, or smaller, of every component."""
    if index < FEWEST_LOOKED_AT:
        return False
    found = stationary(ensemble, index)
    field = ensemble.problem.field
    at = columns(len(field.names), len(field.leads))
    return found.since is not None and all(bool(np.all(found.error[at[name]] <= value)) for name, value in wanted.items())


@dataclass(frozen=True)
class Outcome:
    """An ensemble that has run to stored time `reached`, and its companion of twice the step."""

    main: Ensemble
    second: Ensemble
    reached: int
    step_tolerance: float
    wanted: Mapping[str, float] | None

    @cached_property
    def at(self) -> dict[str, slice]:
        field = self.main.problem.field
        return columns(len(field.names), len(field.leads))

    @cached_property
    def means(self) -> Estimate:
        """(T, q)."""
        values, count = batch_means(self.main, self.reached)
        return batch_mean(values, count)

    def spread(self, name: str) -> Estimate:
        """Variances (T, width) of the observable."""
        span, which = slice(0, self.reached + 1), self.at[name]
        count = self.main.count[:, span, which]
        with np.errstate(invalid="ignore", divide="ignore"):
            first, squares = (self.main.sums[:, span, k, which] / count for k in (0, 1))
        found = [variance(first[:, t], squares[:, t], count[:, t, 0]) for t in range(self.reached + 1)]
        return Estimate(*(np.stack([getattr(each, part) for each in found]) for part in ("value", "error", "degrees")))

    @cached_property
    def steady(self) -> Steady:
        if self.has_left:
            nothing = np.full(self.main.sums.shape[-1], np.nan)
            return Steady(None, nothing, nothing, nothing, nothing, ["no steady state looked for: trajectories have left"])
        return stationary(self.main, self.reached)

    @cached_property
    def step_error(self) -> Estimate:
        """(q,): of the steady means, or of the means at the last time."""
        if self.second.lost:
            return Estimate(*np.full((3, self.main.sums.shape[-1]), np.nan))
        batches = self.second.problem.batches
        first, count = batch_means(self.main, self.reached)
        other, _ = batch_means(self.second, self.reached)
        since = self.reached if self.steady.since is None else self.steady.since
        # a batch keeps its order: differences are between the same trajectories
        difference = (first[:batches, since:] - other[:, since:]).mean(axis=1)
        found = batch_mean(difference, count[:batches, since:].mean(axis=1))
        share = 1.0 / (2**self.main.problem.scheme.weak_order - 1)
        return Estimate(np.abs(found.value) * share, found.error * share, found.degrees)

    @cached_property
    def has_left(self) -> bool:
        """Whether trajectories have left: means of those that stayed are not stationary."""
        return bool(self.ends.left.any())

    @cached_property
    def ends(self) -> Ends:
        return ends(self.main, self.reached)

    @cached_property
    def exit_step_errors(self) -> dict[str, Estimate]:
        """Errors of the step in what exits tell: (E,) each, exit_mean_momentum (E, c)."""
        first, second = self.ends, ends(self.second, self.reached)
        share = np.nan if self.second.lost else 1.0 / (2**self.main.problem.scheme.weak_order - 1)

        def of(values: tuple[FloatArray, FloatArray] | None) -> Estimate:
            found = [change(first, second, e, values) for e in range(len(self.main.problem.exits))]
            value, error, degrees = (np.array([getattr(each, part) for each in found]) for part in Estimate._fields)
            return Estimate(np.abs(value) * share, error * share, degrees)

        momenta = [of((first.p[:, i], second.p[:, i])) for i in range(first.p.shape[1])]
        return {
            "exit_probability": of(None),
            "exit_mean_momentum": Estimate(*(np.stack(parts, axis=-1) for parts in zip(*momenta, strict=True))),
            "energy_loss": of((first.before - first.after, second.before - second.after)),
            "exit_mean_time": of((first.time, second.time)),
        }

    def verdict(self) -> tuple[list[str], list[str]]:
        """(why the result is not converged, what else to know)."""
        wrong: list[str] = []
        notes = list(self.steady.messages)
        if self.second.lost:
            half = self.main.problem.step / 2
            wrong.append(f"the step is too long: with twice the step {self.second.lost}; try step = {half:.3g} a.u.")
        else:
            wrong += self._step_in_exits() if self.has_left else self._step_in_means()
        if self.wanted and not achieved(self.main, self.reached, self.wanted):
            asked = ", ".join(f"{name} {value:.3g}" for name, value in self.wanted.items())
            wrong.append(f"the errors asked for ({asked} a.u.) were not reached; run longer or with more trajectories")
        if self.main.problem.batches < FEW_BATCHES:
            notes.append(f"{self.main.problem.batches} independent batches: errors come from blocking in time, where at all")
        return wrong, notes

    def _step_in_means(self) -> list[str]:
        """Whether the step is too long for positions, against the spread of all that were visited, and for kinetic energies."""
        error, means = self.step_error, self.means.value
        mean, variance_now = means[:, self.at["position"]], self.spread("position").value
        spread = np.sqrt(np.maximum((variance_now + mean**2).mean(axis=0) - mean.mean(axis=0) ** 2, 0.0))
        wrong = []
        for name, scale in (("position", spread), ("kinetic_temperature", np.abs(means[-1, self.at["kinetic_temperature"]]))):
            for i, coordinate in enumerate(self.main.problem.field.names):
                value, unsure = error.value[self.at[name]][i], error.error[self.at[name]][i]
                if value - 3.0 * unsure > self.step_tolerance * scale[i] or not np.isfinite(value):
                    wrong.append(self._too_long(f"{name.replace('_', ' ')} of {coordinate}", value, scale[i]))
        return wrong

    def _step_in_exits(self) -> list[str]:
        """Whether the step is too long for what exits tell; those who stayed are a part that the step selects.

        Probabilities are judged against 1, momenta, energy losses and times against their root mean square at the exit.
        """
        wrong, all_ends = [], self.ends
        loss = all_ends.before - all_ends.after
        values = {"exit_mean_momentum": all_ends.p, "energy_loss": loss[:, None], "exit_mean_time": all_ends.time[:, None]}
        for e, name in enumerate(self.main.problem.exits.names):
            here = all_ends.exit == e
            for quantity, error in self.exit_step_errors.items():
                found, unsure = (np.atleast_1d(part[e]) for part in (error.value, error.error))
                for i, (value, doubt) in enumerate(zip(found, unsure, strict=True)):
                    of = values.get(quantity)
                    scale = 1.0 if of is None else float(np.sqrt(np.mean(of[here, i] ** 2))) if here.any() else np.nan
                    if value - 3.0 * doubt > self.step_tolerance * scale:
                        what = quantity.removeprefix("exit_").replace("_", " ")
                        wrong.append(self._too_long(f"{what} at the exit {name}", float(value), scale))
        return wrong

    def _too_long(self, what: str, value: float, scale: float) -> str:
        step = self.main.problem.step
        ratio = value / scale if scale > 0 else np.inf
        said = f"error of the step in the {what}: {ratio:.1e} of it, more than {self.step_tolerance:.1e}"
        if not np.isfinite(ratio) or ratio <= 0:
            return f"{said}; try step = {step / 4:.3g} a.u."
        better = step * (0.5 * self.step_tolerance / ratio) ** (1.0 / self.main.problem.scheme.weak_order)
        return f"{said}; try step = {better:.3g} a.u."
