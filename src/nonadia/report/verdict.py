"""Converged or not, in one sentence, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.runs.combine import CONVERGED, FAILED, MISSING, UNCONVERGED

from . import reproduce, words
from .parts import Verdict
from .source import STUDY, own_attributes

if TYPE_CHECKING:
    from .source import Source

_QUANTITIES = ("force", "friction", "noise")


def verdict(source: Source) -> Verdict:
    """Of a run: from the state of its sweep points. Of a convergence study: whether every pair was solved."""
    if source.is_study:
        return _of_study(source)
    convergence = source.group("convergence")
    if convergence is None or "status" not in convergence:
        return Verdict("bad", "Unknown", "The file does not say how the computation ended.", "Run the input again; see below.")
    states = [str(state) for state in np.ravel(convergence["status"].values)]
    total, finished = len(states), sum(state in (CONVERGED, UNCONVERGED) for state in states)
    if finished < total:
        return _incomplete(source, states)
    bad = sum(state == UNCONVERGED for state in states)
    if bad:
        which = "The result" if total == 1 else f"{bad} of {total} sweep points"
        verb = "does" if total == 1 or bad == 1 else "do"
        sentence = f"{which} {verb} not reach the tolerance asked for; the values below are the best found."
        return Verdict("warn", "Not converged", sentence, _advice(source))
    lost = _lost(source)
    if lost:
        sentence = f"It says converged, but holds no {words.listed(lost)}: parts of the file have been removed."
        return Verdict("warn", "Not whole", sentence, "Take the file as it was written, or run the input again; see below.")
    what = "Everything asked for" if total == 1 else f"Every one of the {total} sweep points"
    return Verdict("good", "Converged", f"{what} was computed to its tolerance{_tolerances(source)}.", _use(source))


def _lost(source: Source) -> list[str]:
    """What the settings ask for and the file does not hold."""
    held = {"forces": "forces", "table": "forces", "memory": "memory", "langevin": "langevin", "propagation": "wavepacket",
            "factorization": "factorization"}  # fmt: skip
    groups = [group for key, group in held.items() if source.settings.get(key)]
    lost = [group for group in dict.fromkeys(groups) if source.group(group) is None]
    forces = source.group("forces")
    if forces is not None and "forces" in groups:
        lost += [name.replace("_", " ") for name in ("mean_force", "friction", "noise") if name not in forces]
    return lost


def _of_study(source: Source) -> Verdict:
    study = source.tree[STUDY].to_dataset()
    if not int(source.attrs.get("complete", 0)):
        missing = int(np.isnan(study["unknowns"].values).sum())
        sentence = f"{missing} of {study['unknowns'].size} pairs of tiers and poles could not be solved; the others are below."
        return Verdict("warn", "Incomplete", sentence, "The messages say why; more tiers or other poles may help.")
    worst = np.max([study[f"error_{name}"].values for name in _QUANTITIES], axis=0)
    swept = tuple(i for i, dim in enumerate(study["unknowns"].dims) if f"{dim}_label" in study.coords)
    over = np.max(worst, axis=swept) if swept else worst
    tier, pole = np.unravel_index(int(np.argmin(over)), over.shape)
    least = f"{study['tier'].values[tier]} tiers and {study['poles'].values[pole]} poles"
    sentence = f"Every pair of tiers and poles was solved; the least error, {words.number(over.min(), 2)} of the largest value"
    where = " at the worst sweep point" if swept else ""
    advice = "Choose the cheapest pair of the table whose errors are small enough for your purpose."
    return Verdict("good", "Complete", f"{sentence}{where}, has {least}.", advice)


def _incomplete(source: Source, states: list[str]) -> Verdict:
    total = len(states)
    failed, missing = states.count(FAILED), states.count(MISSING)
    kept = total - failed - missing
    each = "sweep point" if total > 1 else "computation"
    parts = [f"{failed} failed" if failed else "", f"{missing} not computed" if missing else ""]
    what = words.listed(part for part in parts if part)
    sentence = f"Of {words.counted(total, each)}, {what}; {kept or 'none'} finished."
    advice = "The messages below say why. Finished ones are kept; to go on:"
    word = "Failed" if failed and not kept else "Incomplete"
    return Verdict("bad", word, sentence, advice, f"{reproduce.command(source)} --resume")


def _advice(source: Source) -> str:
    """What is most likely to help, from what was asked for."""
    forces = source.settings.get("forces") or {}
    fixed = [f"forces.{key}" for key in ("tiers", "poles") if forces.get(key)]
    convergence = source.group("convergence")
    assert convergence is not None
    own = convergence["forces_status"] if "forces_status" in convergence else convergence["status"]
    if fixed and UNCONVERGED in own.values:
        return (
            f"Take {words.listed(fixed)} out of the input, so that they are chosen to reach the tolerance, or give larger "
            "numbers; do not use the values until then, or quote their stated errors."
        )
    if "langevin_status" in convergence and UNCONVERGED in convergence["langevin_status"].values:
        return "The messages below name what is too coarse (step, table, number of trajectories) and what would be enough."
    return "The messages below say what falls short; quote the values only with their stated errors."


def _tolerances(source: Source) -> str:
    said = []
    forces = source.settings.get("forces")
    if forces:
        each = "at every geometry" if forces.get("tolerance_mode") == "pointwise" else "of the largest value on the grid"
        said.append(f"forces, friction and noise {words.number(forces['tolerance'], 2)} {each}")
    memory = source.settings.get("memory")
    if memory and source.group("memory") is not None:
        said.append(f"memory kernels {words.number(memory.get('tolerance', np.nan), 2)} of the largest value")
    propagation = source.settings.get("propagation")
    if propagation:
        said.append(f"wave function {words.number(propagation['tolerance'], 2)} in the norm")
    factorization = source.settings.get("factorization")
    if factorization and factorization.get("identities"):
        said.append(f"identities {words.number(factorization['tolerance'], 2)} of their scale")
    dynamics = source.settings.get("langevin")
    if dynamics:
        said.append(
            f"step of the dynamics {words.number(dynamics['step_tolerance'], 2)}, besides the statistical errors stated"
        )
    return f" ({'; '.join(said)})" if said else ""


def _use(source: Source) -> str:
    group = source.group("langevin")
    notes = group is not None and any(words.texts(each.get("notes")) for each in own_attributes(group))
    tail = " Read the notes on the dynamics before quoting steady values." if notes else ""
    without = []
    forces = source.group("forces")
    if forces is not None:
        names = (("current", "currents"), ("population", "occupations of levels"))
        without = [word for name, word in names if name in forces and f"error_{name}" not in forces]
    most = f" That is not so of {words.listed(without)}: they have no stated error." if without else ""
    return f"Values with ± can be quoted with that error.{most}{tail}"
