"""How the lines of an input file are written: keys, values, comments in one column."""

from __future__ import annotations

import json
from collections.abc import Sequence

COLUMN = 44


def key(name: str, value: object, comment: str = "") -> str:
    """'name = value    # comment'; value: text in TOML already, or a number."""
    text = f"{name} = {value}"
    return f"{text:<{COLUMN - 1}} # {comment}" if comment else text


def quoted(text: str) -> str:
    """A text of one line."""
    return json.dumps(text, ensure_ascii=False)


def value(text: str) -> str:
    """An answer: a number as it is, a quantity in quotes."""
    try:
        return repr(float(text)) if not text.lstrip("+-").isdecimal() else str(int(text))
    except ValueError:
        return quoted(text)


def head(title: str, system: str, about: Sequence[str]) -> list[str]:
    """The first lines of a file."""
    lines = [f"# {line}".rstrip() for line in about]
    return [*lines, "", f"title  = {quoted(title)}", f"system = {quoted(system)}"]


def join(blocks: Sequence[Sequence[str]]) -> str:
    """Blocks with an empty line between them."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
