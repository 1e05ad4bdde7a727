"""Numbers as a reader wants them: as many digits as the error allows, powers of ten, units, times."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

NOTHING = "–"
_SPACE = "\u202f"  # narrow, no line break between a number and its unit
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: Any, digits: int = 4) -> str:
    """'0.1234', '12,300', '1.2×10⁻⁷'; an en dash for what is not finite."""
    value = float(value)
    if not math.isfinite(value):
        return NOTHING
    if value == 0.0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 < exponent < digits:
        return _minus(f"{value:.{digits}g}")
    if digits <= exponent < 9 and (value == round(value) or exponent < 6):
        return _minus(f"{value:,.0f}")
    mantissa, _, power = f"{value:.{max(digits - 1, 0)}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return _minus(mantissa) + "×10" + str(int(power)).translate(_RAISED)


def measured(value: Any, error: Any, unit: str = "") -> str:
    """'380 ± 12 K': the error with two digits, the value with as many decimals; without error four digits."""
    value, error = float(value), abs(float(error))
    if not math.isfinite(value) or not math.isfinite(error) or error <= 1e-14 * abs(value):
        return quantity(value, unit)
    if error < 1e-4 * abs(value):  # an error of the last of many digits
        return _joined(f"{number(value, 7)} ± {number(error, 2)}", unit)
    size = max(abs(value), error)
    exponent = math.floor(math.log10(size))
    shift = 0 if -4 < exponent < 6 else exponent
    decimals = max(0, 1 - math.floor(math.log10(error)) + shift)
    low = _minus(f"{value / 10.0**shift:.{decimals}f}")
    text = f"{low} ± {error / 10.0**shift:.{decimals}f}"
    if shift:
        text = f"({text})×10{str(shift).translate(_RAISED)}"
    return _joined(text, unit)


def quantity(value: Any, unit: str = "", digits: int = 4) -> str:
    """'0.1234 eV'; an en dash alone for what is not finite."""
    text = number(value, digits)
    return text if text == NOTHING else _joined(text, unit)


def duration(seconds: Any) -> str:
    """'12.3 s', '4 min 5 s', '2 h 3 min'."""
    seconds = float(seconds)
    if not math.isfinite(seconds):
        return NOTHING
    if seconds < 60.0:
        return f"{seconds:.1f}{_SPACE}s" if seconds >= 0.05 else f"{seconds:.2g}{_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{_SPACE}min {rest}{_SPACE}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{_SPACE}h {minutes}{_SPACE}min"


def counted(count: int, one: str, many: str | None = None) -> str:
    """'one level', '3 levels'."""
    small = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
    return f"{small.get(count, f'{count:,}')} {one if count == 1 else (many or one + 's')}"


def listed(items: Iterable[str]) -> str:
    """'a, b and c'."""
    every = list(items)
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else ""


def toml(value: Any) -> str:
    """A value as an input file writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(entry) for entry in value) + "]"
    return str(value)


def plain(value: Any) -> str:
    """The same for a reader: a text without its quotes."""
    return " ".join(value.split()) if isinstance(value, str) else toml(value)


def texts(stored: Any) -> list[str]:
    """The lines of a stored JSON list; a text that is none, as its only line."""
    text = str(stored or "").strip()
    if not text:
        return []
    try:
        found = json.loads(text)
    except ValueError:
        return [text]
    return [str(line) for line in found] if isinstance(found, list) else [str(found)]


def table(stored: Any) -> dict[str, Any]:
    """A stored JSON object; empty where there is none."""
    try:
        found = json.loads(str(stored or "") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _key(name: str) -> str:
    return (
        name if name.replace("_", "a").replace("-", "a").isalnum() and name.isascii() else json.dumps(name, ensure_ascii=False)
    )


def _joined(text: str, unit: str) -> str:
    return f"{text}{_SPACE}{unit}" if unit else text


def _minus(text: str) -> str:
    return text.replace("-", "−")
