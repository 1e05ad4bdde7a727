"""Numbers in text files of another unit, both ways without loss: read(write(value)) is the same float64.

value = number · unit. Numbers of up to 24 characters (all that a float64 needs) are read as float and multiplied. No such
number exists for some values, because multiplication skips some floats; these are written with 30 digits and read with
decimal arithmetic, correctly rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

_LONGEST = 24  # characters of "-1.2345678901234567e-123"


def numbers(texts: Sequence[str], unit: float = 1.0) -> FloatArray:
    """The values of `texts` in atomic units; unit: value of the texts' unit in atomic units. ValueError for other text."""
    values = np.array([float(text) for text in texts]) * unit
    long = [i for i, text in enumerate(texts) if len(text) > _LONGEST]
    if long:
        with localcontext(prec=60):
            factor = Decimal(unit)
            for i in long:
                values[i] = float(Decimal(texts[i]) * factor)
    return values


def texts(values: ArrayLike, unit: float = 1.0) -> list[str]:
    """The shortest of 15, 17 or 30 digits that `numbers` reads back as exactly these values (1D)."""
    array = np.asarray(values, dtype=float)
    out = []
    for value, scaled in zip(array.tolist(), (array / unit).tolist(), strict=True):
        text = f"{scaled:.15g}"
        if float(text) * unit != value:
            text = f"{scaled:.17g}"
        if float(text) * unit != value:
            with localcontext(prec=60):
                text = f"{Decimal(value) / Decimal(unit):.29e}"
        out.append(text)
    return out


def plain(text: str, decimals: int = 1) -> str:
    """The same decimal number without an exponent and with at least so many decimals: "1e-3" → "0.001", "2" → "2.0"."""
    whole, _, fraction = format(Decimal(text), "f").partition(".")
    return f"{whole}.{fraction.ljust(decimals, '0')}"


def half_digit(texts: Iterable[str]) -> FloatArray:
    """Half a unit of the last digit of each text: the rounding error of what is printed there."""
    exponents = [Decimal(text).as_tuple().exponent for text in texts]
    return np.array([0.5 * 10.0**exponent if isinstance(exponent, int) else np.nan for exponent in exponents])


def rows(path: Path, columns: int) -> list[list[str]]:
    """The rows of a table of white-space separated columns: at least `columns` of them, the first ones kept.

    Lines that start with # are comments, and lines before the first row that do not start with a number are a heading.
    Exponents may be written with D (Fortran). Errors: ValueError naming file and line.
    """
    table: list[list[str]] = []
    for count, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words or words[0].startswith("#"):
            continue
        words = [word.replace("D", "E").replace("d", "e") for word in words[:columns]]
        if not table and not _is_number(words[0]):
            continue
        if len(words) < columns or not all(_is_number(word) for word in words):
            raise ValueError(f"{path}: line {count}: {line.strip()!r} must be a row of at least {columns} finite numbers")
        table.append(words)
    if not table:
        raise ValueError(f"{path}: no row of numbers; the file must have {columns} columns")
    return table


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False
