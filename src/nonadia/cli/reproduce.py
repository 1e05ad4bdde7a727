"""`nonadia reproduce`: a paper's figures and what it says about them, from shipped inputs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .words import fail


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The paper or study; none lists them.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder; default: NAME here.")] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="FIGURE,...", help="Only these figures, e.g. figure-1. Repeatable.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Processes, threads; default: one a core.")
    ] = None,
) -> None:
    """Compute every figure of a paper and check every statement about it; what is finished is kept and used again."""
    from nonadia import studies
    from nonadia.runs.errors import InputError
    from nonadia.runs.execute import Interrupted, RunFailed
    from nonadia.runs.progress import Progress
    from nonadia.studies.carry_out import carry_out, figures_of
    from nonadia.studies.pages import page_of, verdict

    if name is None:
        width = max(len(entry) for entry in studies.NAMES)
        for entry in studies.NAMES:
            print(f"{entry:<{width}}  {studies.load(entry).title}")
        return
    if name not in studies.NAMES:
        raise InputError([("nonadia reproduce", name, f"there is no such study; there are: {', '.join(studies.NAMES)}")])
    folder = output or Path(name)
    study = studies.load(name)
    figures = [word.strip() for item in only or () for word in item.split(",") if word.strip()]
    if only is not None and not figures:
        raise InputError([("nonadia reproduce", "--only", "no figure named; leave it out for all of them")])
    try:
        figures_of(study, figures)
    except ValueError as error:
        raise InputError([("nonadia reproduce", "--only", str(error))]) from None
    again = "what is finished is kept: the same command goes on"
    try:
        outcome = carry_out(
            study,
            folder,
            only=figures,
            workers=workers or _cores(),
            progress=lambda run: Progress(run),
            say=lambda line: print(line, flush=True),
        )
    except (Interrupted, KeyboardInterrupt):
        fail(f"interrupted; {again}")
    except RunFailed as failure:
        print("\n".join(failure.messages), file=sys.stderr)
        fail(f"failed; {again}")
    print(f"{verdict(outcome)}; read {page_of(folder, bool(figures))}")
    if not outcome.green:
        fail("not everything holds (see above)")


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
