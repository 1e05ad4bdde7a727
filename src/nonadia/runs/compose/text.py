"""Answers → the text of an input file, and what `nonadia check` would say against it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nonadia.runs.errors import Fault, InputError

from . import molecule_text, open_text, table_text
from .questions import Answers

_WRITERS = {"junction": open_text.text, "surface": open_text.text, "molecule": molecule_text.text, "table": table_text.text}


def text_of(given: Answers) -> str:
    """The commented file."""
    return _WRITERS[given["kind"]](given)


def faults_of(text: str, target: Path) -> list[Fault]:
    """What is wrong with such a file at this place (files that it names are beside it); nothing if it can be run."""
    from nonadia.runs.experiment import load

    with tempfile.NamedTemporaryFile("w", suffix=".toml", prefix=".new-", dir=target.parent, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            load(file.name)
        except InputError as error:
            return [(str(target), key, message) for _, key, message in error.problems]
    return []
