"""What a question accepts: each of these takes the text of an answer and returns it tidied, or says what would be right."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from pathlib import Path

from nonadia.units import Kind, atomic

Check = Callable[[str], str]


def choice(*options: str) -> Check:
    """One of a few words, by its beginning or its number."""

    def check(text: str) -> str:
        word = text.strip().lower()
        if word.isdecimal() and word.isascii() and 1 <= int(word[:3]) <= len(options) and len(word) <= 3:
            return options[int(word) - 1]
        fitting = [option for option in options if word and option.startswith(word)]
        if word in options or len(fitting) == 1:
            return word if word in options else fitting[0]
        close = difflib.get_close_matches(word, options, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise ValueError(f'"{_short(text)}" is none of the choices; {hint}there are: {", ".join(options)}')

    return check


def yes_no(text: str) -> str:
    """yes or no."""
    word = text.strip().lower()
    if word in ("y", "yes", "true", "1", "on"):
        return "yes"
    if word in ("n", "no", "false", "0", "off"):
        return "no"
    raise ValueError(f'"{_short(text)}" is neither; answer yes or no')


def count(low: int, high: int) -> Check:
    """A whole number within bounds."""

    def check(text: str) -> str:
        word = text.strip().replace("_", "").replace(",", "")
        if not (word.isascii() and word.isdecimal() and len(word) < 12 and low <= int(word) <= high):
            raise ValueError(f'"{_short(text)}" does not fit; give a whole number from {low} to {high}')
        return str(int(word))

    return check


def number(low: float, high: float) -> Check:
    """A plain number within bounds."""

    def check(text: str) -> str:
        try:
            value = float(text.strip().replace("_", ""))
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f'"{_short(text)}" does not fit; give a number from {low:g} to {high:g}')
        return f"{value:g}"

    return check


def quantity(kind: Kind, low: str, high: str) -> Check:
    """A number with a unit of this kind, or in atomic units, within bounds."""

    def check(text: str) -> str:
        word = " ".join(text.split())
        value = _atomic(word, kind)
        tiny = 1e-9 * abs(value)  # so that the bounds themselves fit
        if not atomic(low, kind) - tiny <= value <= atomic(high, kind) + tiny:
            raise ValueError(f'"{_short(text)}" does not fit; give something from {low} to {high}')
        return word

    return check


def quantities(kind: Kind, low: str, high: str, most: int = 50) -> Check:
    """Several of them with commas between, or "none"."""
    one = quantity(kind, low, high)

    def check(text: str) -> str:
        if text.strip().lower() in ("none", "no", "-"):
            return "none"
        found = [one(part) for part in text.split(",") if part.strip()]
        if not 1 <= len(found) <= most:
            raise ValueError(f'give one to {most} values with commas between, such as "{low}, {high}", or none')
        values = [_atomic(part, kind) for part in found]
        if len(set(values)) < len(values):
            raise ValueError("a value occurs twice; give each once")
        return ", ".join(found)

    return check


def line(text: str) -> str:
    """One line of text."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def name(text: str) -> str:
    """The name of a coordinate."""
    word = text.strip()
    if not (word.isascii() and word.isidentifier() and len(word) <= 20):
        raise ValueError(f'"{_short(text)}" is no name; give a letter, or letters, digits and _')
    return word


def file(text: str) -> str:
    """An existing file."""
    word = text.strip()
    try:
        there = Path(word).is_file() and word == line(word)
    except (OSError, ValueError):
        there = False
    if not there:
        raise ValueError(f'"{_short(text)}" is no file here; give the name of a CSV table, or of a result file (.nc)')
    return word


def plain(text: str) -> float | str:
    """An answer as a value of the file: a number, or the text with its unit."""
    try:
        return float(text)
    except ValueError:
        return text


def _atomic(text: str, kind: Kind) -> float:
    value = plain(text)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f'"{_short(text)}" is not a finite number')
        return value
    return atomic(value, kind)


def _short(text: str) -> str:
    tidy = line(text)
    return tidy if len(tidy) <= 40 else f"{tidy[:37]}..."
