"""What a study leaves to read: images, statements.json, statements.md, index.html (one file, images inside)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nonadia.plot.style import RC, save
from nonadia.runs import store

from .statement import Statement
from .study import Calculation, Figure

if TYPE_CHECKING:
    import xarray as xr

    from .carry_out import Outcome

_OTHER = {"not reproduced": "not reproduced", "fails": "FAIL"}


def draw(figure: Figure, data: Mapping[str, xr.DataTree], folder: Path) -> list[Path]:
    """NAME.png and NAME.svg."""
    from matplotlib import rc_context

    with rc_context(RC):  # type: ignore[arg-type]
        return save(figure.draw(data), folder, figure.name)


def write(outcome: Outcome, folder: Path, partial: bool = False) -> None:
    """The three files; each is complete or absent. partial: of some figures only, so that those of all of them stay."""
    study, entries = outcome.study, outcome.all()
    record = {
        "study": study.name,
        "source": study.source,
        "created": store.now(),
        "versions": store.versions(),
        "green": outcome.green,
        "unconverged": list(outcome.unconverged),
        "statements": [entry.record() for entry in entries],
    }
    page, statements = page_of(folder, partial), "partial" if partial else "statements"
    _replace(folder / f"{statements}.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    _replace(folder / f"{statements}.md", markdown(outcome))
    _replace(page, html(outcome, folder))


def page_of(folder: Path, partial: bool) -> Path:
    """The page to open."""
    return folder / ("partial.html" if partial else "index.html")


def verdict(outcome: Outcome) -> str:
    """'41 statements: 40 hold, 1 not reproduced'."""
    entries = outcome.all()
    counts = {state: sum(entry.state == state for entry in entries) for state in ("holds", *_OTHER)}
    words = [f"{counts['holds']} hold"]
    words += [f"{counts[state]} {word}" for state, word in _OTHER.items() if counts[state]]
    words += [f"not converged: {', '.join(outcome.unconverged)}"] if outcome.unconverged else []
    return f"{len(entries)} statements: {', '.join(words)}"


def markdown(outcome: Outcome) -> str:
    """The statements of each figure as a table."""
    lines = [f"# {outcome.study.title}", "", outcome.study.source, "", outcome.study.note, "", f"{verdict(outcome)}.", ""]
    for figure in outcome.figures:
        lines += [f"## {figure.title}", "", f"![{figure.title}]({figure.name}.png)", "", figure.caption, ""]
        lines += ["| | statement | measured | must be |", "|---|---|---|---|"]
        for entry in outcome.statements[figure.name]:
            said = entry.text + (f" ({entry.known})" if entry.known else "")
            cells = [f"{_panel(entry)}: {entry.state}", said, f"{entry.quantity}: {entry.measured()}", entry.bounds()]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def html(outcome: Outcome, folder: Path) -> str:
    """One page without references to other files."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    images = {
        figure.name: base64.b64encode((folder / f"{figure.name}.png").read_bytes()).decode() for figure in outcome.figures
    }
    runs = [(run.name, run.note if isinstance(run, Calculation) else run.command()) for run in outcome.study.runs]
    environment = Environment(loader=PackageLoader("nonadia.studies", "."), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("study.html").render(
        outcome=outcome,
        study=outcome.study,
        verdict=verdict(outcome),
        images=images,
        runs=runs,
        panel=_panel,
        versions=store.versions(),
        created=store.now(),
    )


def _panel(entry: Statement) -> str:
    """'1a' of 'figure-1a'."""
    return entry.figure.removeprefix("figure-")


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
