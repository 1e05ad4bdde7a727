"""The shipped systems: commented input files, one experiment each. May import nothing."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Names of the shipped systems."""
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


def path(name: str) -> Path:
    """The input file of a shipped system; KeyError if there is none of this name."""
    if name not in names():
        raise KeyError(name)
    return _FOLDER / f"{name}.toml"


def text(name: str) -> str:
    """The commented input file of a shipped system."""
    return path(name).read_text(encoding="utf-8")
