"""The shipped systems by name: what `nonadia examples` lists and `na.examples.load(name)` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .models import library

if TYPE_CHECKING:
    from .runs.experiment import Experiment


def names() -> list[str]:
    """Names of the shipped systems."""
    return list(library.names())


def text(name: str) -> str:
    """The commented input file of one shipped system."""
    return str(library.text(name))


def load(name: str, overrides: dict[str, str] | None = None) -> Experiment:
    """The experiment of one shipped system, as `na.load` gives it for a file."""
    from .runs.errors import InputError
    from .runs.experiment import load as load_input

    if name not in names():
        raise InputError([(name, "", unknown_name(name))])
    return load_input(name, overrides=overrides or {})


def unknown_name(name: str) -> str:
    """What to say about a name that is not shipped: the nearest one, and all of them."""
    from difflib import get_close_matches

    close = get_close_matches(name, names(), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"no shipped example of this name; {hint}there are: {', '.join(names())}"
