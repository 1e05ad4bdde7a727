"""The page: what is said where, and its rendering."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import (
    citation,
    convergence,
    figures,
    key_closed,
    key_forces,
    key_langevin,
    key_memory,
    model,
    reproduce,
    settings,
    words,
)
from .parts import Said
from .source import STUDY, Source, own_attributes, points
from .verdict import verdict

if TYPE_CHECKING:
    import xarray as xr


def render(tree: xr.DataTree, name: str) -> str:
    """The HTML text; everything that comes from the result is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nonadia.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html").render(**content(Source(tree, name)))


def content(source: Source) -> dict[str, Any]:
    """Everything that the template writes."""
    from nonadia import __version__

    drawn, missing = figures.pictures(source.tree)
    grids = model.grids(source)
    judged, said = verdict(source), list(messages(source))
    keys = [table for part in (key_forces, key_memory, key_langevin) for table in part.tables(source)]
    closed = key_closed.tables(source)
    errors = key_closed.identities(source)
    titles = {table.title for table in errors}
    return {
        "title": source.title,
        "system": _SYSTEMS.get(source.system, source.system) if not source.is_study else "convergence study",
        "created": source.text("created").replace("T", " ").replace("+00:00", " UTC"),
        "wall_time": words.duration(source.attrs.get("wall_time", np.nan)),
        "verdict": judged,
        "sentences": model.sentences(source),
        "grids": [grids] if grids is not None else [],
        "errors": [*convergence.tables(source), *errors],
        "keys": [*keys, *(table for table in closed if table.title not in titles)],
        "pictures": drawn,
        "missing": missing,
        "messages": said,
        "urgent": [one for one in said if not one.note] if judged.state != "good" else [],
        "settings": settings.tables(source),
        "input": source.text("input"),
        "file": source.file,
        "download": reproduce.download(source),
        "overrides": [f"{key} = {words.toml(value)}" for key, value in source.overrides.items()],
        "provenance": provenance(source),
        "commands": reproduce.commands(source),
        "request": citation.REQUEST,
        "program": citation.program(source),
        "papers": [(paper.text(), paper.why) for paper in citation.papers_of(source)],
        "given": source.system == "table",
        "bibtex": citation.bibtex(source),
        "made_by": __version__,
    }


_SYSTEMS = {
    "junction": "molecule at leads", "molecule": "isolated molecule", "marginal": "nuclei in given potentials",
    "table": "given forces",
}  # fmt: skip


def messages(source: Source) -> Iterator[Said]:
    """Everything that the computation had to say, by sweep point, warnings before notes, each once."""
    said: dict[tuple[str, str], Said] = {}
    record = source.group("convergence")
    for label, at in points(record) if record is not None else ():
        for line in words.texts(at["messages"].item() if "messages" in at else ""):
            said.setdefault((label, line), Said(label, line.removeprefix("note: "), line.startswith("note: ")))
    for name in ("memory", "langevin", "wavepacket", "factorization", "trajectories", STUDY):
        group = source.group(name)
        if group is None:
            continue
        labels = [label for label, _ in points(group)]
        every = own_attributes(group)
        for label, own in zip(labels if len(every) == len(labels) else [""] * len(every), every, strict=True):
            known = {line for where, line in said if where == label}
            for key in ("messages", "notes"):
                for line in words.texts(own.get(key)):
                    if not any(line in other for other in known):
                        said.setdefault((label, line), Said(label, line.removeprefix("note: "), key == "notes"))
    yield from sorted(said.values(), key=lambda one: one.note)


def provenance(source: Source) -> list[tuple[str, str]]:
    """What computed it, when and how; nothing of the machine."""
    versions = {key: value for key, value in source.versions.items() if key != "platform"}
    seeds = words.texts(source.attrs.get("seeds"))
    every = [
        ("command", reproduce.as_typed(source)),
        ("input", source.file),
        ("date", source.text("created")),
        ("wall time", words.duration(source.attrs.get("wall_time", np.nan))),
        ("versions", ", ".join(f"{key} {value}" for key, value in versions.items())),
        ("random seeds", ", ".join(seeds) or "none: nothing random"),
        ("units", "Hartree atomic units inside, converted where a unit is written"),
        ("file format", source.text("format")),
    ]
    return [(key, value) for key, value in every if value]
