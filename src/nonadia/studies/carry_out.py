"""Carry out a study: results that are missing, then its figures and statements, all in one folder."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nonadia.runs import store
from nonadia.runs.execute import run as execute
from nonadia.runs.experiment import load

from .statement import Statement
from .study import Calculation, Figure, Run, Study

if TYPE_CHECKING:
    import xarray as xr

    from nonadia.runs.progress import Report

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a study gave: statements by figure, images by figure, results that did not converge."""

    study: Study
    figures: tuple[Figure, ...]
    statements: Mapping[str, list[Statement]]
    unconverged: tuple[str, ...]

    def all(self) -> list[Statement]:
        return [entry for entries in self.statements.values() for entry in entries]

    @property
    def green(self) -> bool:
        """Every statement in the state it is expected in, from results that all converged."""
        return not self.unconverged and all(entry.state != "fails" for entry in self.all())


def carry_out(
    study: Study,
    folder: Path,
    *,
    only: Sequence[str] = (),
    workers: int = 1,
    progress: Callable[[str], Report] | None = None,
    say: Say = print,
) -> Outcome:
    """Compute what is missing in `folder`, draw the figures, write statements.json, statements.md and index.html.

    only : names of figures; just their results are computed, and the three files are called partial.*.
    progress : name of a run → its progress report.
    Finished results of the same input (and, for calculations, of the same code) are taken as they are.
    Errors: ResultError for a folder that holds anything else.
    """
    from . import pages

    figures = figures_of(study, only)
    claim(study, folder)
    wanted = {name for figure in figures for name in figure.needs}
    data: dict[str, xr.DataTree] = {}
    for entry in study.runs:
        # a calculation may look at any run before it
        if not only or entry.name in wanted or _serves(study, entry, wanted):
            report = None if progress is None else progress(entry.name)
            data[entry.name] = _result(entry, folder / f"{entry.name}.nc", data, workers, report, say)
    statements: dict[str, list[Statement]] = {}
    for figure in figures:
        say(f"{figure.name}: {figure.title}")
        statements[figure.name] = figure.statements(data)
        for said in statements[figure.name]:
            say(f"  {said.state:<14} {said.figure}: {said.text}: {said.quantity} {said.measured()} ({said.bounds()})")
        pages.draw(figure, data, folder)
    unconverged = tuple(name for name, tree in data.items() if not int(tree.attrs.get("converged", 1)))
    outcome = Outcome(study, figures, statements, unconverged)
    pages.write(outcome, folder, partial=bool(only))
    return outcome


def claim(study: Study, folder: Path) -> None:
    """Make `folder` this study's own: only there are files replaced. ResultError where it holds anything else."""
    mark = folder / "study.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not mark.exists() and not any(folder.iterdir()):
            mark.write_text(json.dumps({"study": study.name}) + "\n", encoding="utf-8")
        owner = json.loads(mark.read_text(encoding="utf-8")).get("study") if mark.exists() else None
    except (OSError, ValueError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or f"{mark.name} is damaged"
        raise store.ResultError(f"{folder}: cannot be used ({reason}); choose another folder with -o") from None
    if owner != study.name:
        held = f"the study {owner}" if owner else "other files"
        raise store.ResultError(f"{folder}: holds {held}; choose a new or empty folder with -o")


def figures_of(study: Study, only: Sequence[str]) -> tuple[Figure, ...]:
    """Those named in `only`; all of them where it is empty. ValueError names what there is."""
    unknown = set(only) - {figure.name for figure in study.figures}
    if unknown:
        names = ", ".join(figure.name for figure in study.figures)
        raise ValueError(f"no figure {', '.join(sorted(unknown))} in {study.name}; there are: {names}")
    return tuple(figure for figure in study.figures if not only or figure.name in only)


def _serves(study: Study, entry: Run | Calculation, wanted: set[str]) -> bool:
    """Whether a wanted calculation comes after this run, and so may look at it."""
    after = study.runs[study.runs.index(entry) + 1 :]
    return any(isinstance(later, Calculation) and later.name in wanted for later in after)


def _result(
    entry: Run | Calculation,
    target: Path,
    data: Mapping[str, xr.DataTree],
    workers: int,
    report: Report | None,
    say: Say,
) -> xr.DataTree:
    if isinstance(entry, Calculation):
        return _calculated(entry, target, data, say)
    experiment = load(entry.example, dict(entry.overrides))
    stored = _stored(target)
    same = stored is None or not store.differences(stored, experiment)
    if stored is not None and same and int(stored.attrs.get("complete", 0)):
        say(f"{entry.name}: taken from {target}")
        return stored
    say(f"{entry.name}: {entry.command()}")
    return execute(experiment, target, resume=same, progress=report, workers=workers)


def _stored(target: Path) -> xr.DataTree | None:
    """A result of this folder; a damaged one is removed."""
    if not target.exists():
        return None
    try:
        return store.open_result(target)
    except store.ResultError:
        target.unlink()
        return None


def _calculated(entry: Calculation, target: Path, data: Mapping[str, xr.DataTree], say: Say) -> xr.DataTree:
    """From the file where code and results it was made from are the same; else computed and stored."""
    import xarray as xr

    module = inspect.getmodule(entry.compute)
    code = hashlib.sha256(inspect.getsource(module).encode()).hexdigest() if module else ""
    stored = _stored(target)
    if stored is not None and stored.attrs.get("code") == code:
        made_from = json.loads(stored.attrs["made_from"])
        if all(name in data and data[name].attrs["created"] == when for name, when in made_from.items()):
            say(f"{entry.name}: taken from {target}")
            return stored
    say(f"{entry.name}: {entry.note}")
    used = _Used(data)
    tree = xr.DataTree(entry.compute(used))
    made_from = {name: data[name].attrs["created"] for name in sorted(used.names)}
    tree.attrs |= {"format": store.FORMAT, "code": code, "made_from": json.dumps(made_from), "created": store.now()}
    store.write_result(tree, target)
    return tree


class _Used(Mapping[str, Any]):
    """Remembers which results were looked at."""

    def __init__(self, data: Mapping[str, xr.DataTree]) -> None:
        self.data, self.names = data, set[str]()

    def __getitem__(self, name: str) -> xr.DataTree:
        self.names.add(name)
        return self.data[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)
