"""What the command line reads from its arguments and prints: overrides, summaries, interruptions, exit statuses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    import xarray as xr

    from nonadia.runs.execute import Interrupted
    from nonadia.runs.experiment import Experiment
    from nonadia.runs.junction_experiment import JunctionExperiment

OK, FAILED, BAD_INPUT = 0, 1, 2


def title_of(text: str) -> str:
    import tomllib

    return str(tomllib.loads(text).get("title", ""))


def times_of(text: str) -> list[float]:
    """'1.7 fs, 8.5 fs' in atomic units of time; InputError for what is no time."""
    from nonadia import units
    from nonadia.runs.errors import InputError

    try:
        return [units.atomic(part.strip(), "time") for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise InputError([("command line", "--times", str(error))]) from None


def load_input(file: str, overrides: list[str] | None) -> Experiment:
    from nonadia.runs.errors import InputError
    from nonadia.runs.experiment import load

    values: dict[str, Any] = {}
    wrong = []
    for text in overrides or []:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            wrong.append((file, f"--set {text}", 'no "KEY=VALUE"; for example --set parameters.bias="0.4 V"'))
        values[key.strip()] = _value(value)
    if wrong:
        raise InputError(wrong)
    return load(file, overrides=values)


def junction_input(file: str, overrides: list[str] | None) -> JunctionExperiment:
    """The same, for a command that is for junctions only."""
    from nonadia.runs.errors import InputError
    from nonadia.runs.junction_experiment import JunctionExperiment

    experiment = load_input(file, overrides)
    if not isinstance(experiment, JunctionExperiment):
        raise InputError([(file, "system", f'"{experiment.system}"; this command is for system = "junction"')])
    return experiment


def _value(text: str) -> Any:
    """A value as TOML reads it (number, list, quoted string); anything else is the string itself."""
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def summary(tree: xr.DataTree) -> None:
    """One line a sweep point: method, tiers, poles, state, wall time, and what the solver had to say."""
    import json

    import numpy as np

    table = tree["convergence"].to_dataset()
    dims = table["status"].dims
    for index in np.ndindex(table["status"].shape):
        entry = table.isel(dict(zip(dims, index, strict=True)))
        place = ", ".join(f"{dim} = {entry[f'{dim}_label'].item()}" for dim in dims)
        parts = [str(entry["status"].item())]
        if entry["method"].item():
            parts.insert(0, str(entry["method"].item()))
        parts += [f"{key} {entry[key].item()}" for key in ("tiers", "poles") if key in entry and entry[key].item() > 0]
        if "steps" in entry and entry["steps"].item() > 0:
            parts.append(f"{entry['steps'].item()} steps, norm error up to {entry['error'].item():.1e}")
        seconds = entry["wall_time"].item() + (entry["langevin_wall_time"].item() if "langevin_wall_time" in entry else 0.0)
        parts.append(f"{seconds:.1f} s")
        print(f"{place}: {', '.join(parts)}" if place else ", ".join(parts))
        for message in json.loads(entry["messages"].item() or "[]"):
            print(f"  {message}")
    from nonadia.report.interpolation import lines

    for line in (*lines(tree), *dynamics(tree)):
        print(line)


def dynamics(tree: xr.DataTree) -> list[str]:
    """One line an ensemble: kinetic temperatures, exits, with their standard errors."""
    import numpy as np

    from nonadia.units import KELVIN

    if "langevin" not in tree.children:
        return []
    group, lines = tree["langevin"].to_dataset(), []
    swept = [str(dim) for dim in group["kinetic_temperature"].dims if f"{dim}_label" in group.coords]
    for index in np.ndindex(*(group.sizes[dim] for dim in swept)):
        point = group.isel(dict(zip(swept, index, strict=True)))
        parts = []
        for i, mode in enumerate(point["mode"].values):
            value, error = (float(point[f"{e}steady_kinetic_temperature"].values[i]) / KELVIN for e in ("", "error_"))
            if np.isfinite(value):
                parts.append(f"steady kinetic temperature of {mode} {value:.4g} ± {error:.2g} K")
        for i, name in enumerate(point["exit"].values if "exit_probability" in point else ()):
            value, error = (float(point[f"{e}exit_probability"].values[i]) for e in ("", "error_"))
            if np.isfinite(value):
                parts.append(f"{name} {100 * value:.3g} ± {100 * error:.2g} %")
        place = ", ".join(f"{dim} = {point[f'{dim}_label'].item()}" for dim in swept)
        if parts:
            lines.append(f"{place}: {', '.join(parts)}" if place else ", ".join(parts))
    return lines


def interrupted(interruption: Interrupted, target: Path) -> str:
    """What is kept, and how to go on: finished sweep points in the result, finished blocks of geometries in its journal."""
    if interruption.kept:
        return f"interrupted; {interruption.kept}: go on with the same command and --resume"
    if interruption.finished:
        kept = f"{interruption.finished} of {interruption.total} sweep points are saved in {target}"
    elif interruption.blocks:
        s = "" if interruption.blocks == 1 else "s"
        kept = f"{interruption.blocks} finished block{s} of geometries kept in {target}.journal"
    else:
        return "interrupted before the first geometries were finished; nothing new is saved"
    return f"interrupted; {kept}: compute the rest with the same command and --resume"


def fail(message: str, code: int = FAILED) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(code)
