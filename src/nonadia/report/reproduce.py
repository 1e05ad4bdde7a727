"""The commands that compute this result again, and where they come from."""

from __future__ import annotations

import base64
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from nonadia import examples

from . import words

if TYPE_CHECKING:
    from .source import Source


def is_example(source: Source) -> bool:
    """Whether the input is, to the letter, one of the shipped systems."""
    stem = Path(source.file).stem
    return stem in examples.names() and examples.text(stem) == source.text("input")


def command(source: Source) -> str:
    """`nonadia run …` (or `converge …`) with the overrides; the input by name if it is a shipped system, else by its file."""
    if source.from_dict:
        return (
            f'python -c "import json, nonadia; nonadia.run(json.load(open({source.file!r})), output={source.name + ".nc"!r})"'
        )
    file = Path(source.file).stem if is_example(source) else source.file
    if source.is_study:
        return " ".join(["nonadia converge", shlex.quote(file), *_study_options(source)])
    sets = [f"--set {shlex.quote(f'{key}={_value(value)}')}" for key, value in source.overrides.items()]
    return " ".join(["nonadia run", shlex.quote(file), *sets, "-o", shlex.quote(f"{source.name}.nc")])


def commands(source: Source) -> list[str]:
    """All of them, in order: installation, input, run, page."""
    version = source.versions.get("nonadia")
    install = (
        f"python -m pip install nonadia=={version}" if version and version != "unknown" else "python -m pip install nonadia"
    )
    result = f"{source.name}.nc"
    lines = [install]
    if not is_example(source):
        lines.append(f"# save the input above as {source.file}")
    if not source.is_study and not source.from_dict:
        lines.append(command(source).replace("nonadia run", "nonadia check", 1).rpartition(" -o ")[0])
    return [*lines, command(source), f"nonadia plot {shlex.quote(result)}", f"nonadia report {shlex.quote(result)}"]


def as_typed(source: Source) -> str:
    """The command that was typed, without the folders of the machine that ran it."""
    try:
        parts = shlex.split(source.text("command"))
    except ValueError:
        parts = source.text("command").split()
    short = [Path(part).name if part.startswith(("/", "~")) or part[1:3] == ":\\" else part for part in parts]
    return " ".join(shlex.quote(part) for part in _quoted_again(short))


def download(source: Source) -> str:
    """The input as a link that saves it."""
    return "data:text/plain;charset=utf-8;base64," + base64.b64encode(source.text("input").encode()).decode()


def _quoted_again(parts: list[str]) -> list[str]:
    """`provenance` joins the words with spaces: what followed --set KEY=VALUE up to the next option belongs to it."""
    joined: list[str] = []
    for part in parts:
        within_set = len(joined) > 1 and joined[-2] == "--set" and not part.startswith("-")
        if within_set:
            joined[-1] += f" {part}"
        else:
            joined.append(part)
    return joined


def _study_options(source: Source) -> list[str]:
    """The options of `nonadia converge`, from what the file holds."""
    study = source.tree["convergence_study"].to_dataset()
    geometries = 1
    for dim in study["reference_mean_force"].dims:
        if dim != "mode" and f"{dim}_label" not in study.coords:
            geometries *= study.sizes[dim]
    options = [
        "--tiers",
        ",".join(str(n) for n in study["tier"].values),
        "--poles",
        ",".join(str(n) for n in study["poles"].values),
    ]
    options += ["--decomposition", str(study.attrs.get("decomposition", "pade")), "--geometries", str(geometries)]
    terminator = str(study.attrs.get("terminator", ""))
    if terminator in ("zero", "adiabatic"):
        options += ["--terminator", terminator]
    sets = [f"--set {shlex.quote(f'{key}={_value(value)}')}" for key, value in source.overrides.items()]
    return [*options, *sets, "-o", shlex.quote(f"{source.name}.nc")]


def _value(value: object) -> str:
    return value if isinstance(value, str) else words.toml(value)
