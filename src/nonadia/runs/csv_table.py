"""A text table: one header line, then numbers; comma, semicolon, tab or blanks between them; # begins a comment.

A header may carry units: "x [angstrom], friction (1/ps)".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MOST = 50_000_000  # numbers
_HEADER = re.compile(r"(.*?)\s*(?:\[([^\]]*)\]|\(([^)]*)\))?")


class CsvError(ValueError):
    """A file that is no such table; the message names the line."""


@dataclass(frozen=True, eq=False)
class Csv:
    """Columns by name, as written; units of the header, where it has any; the line of the file that each row stands in."""

    columns: dict[str, NDArray[np.float64]]
    units: dict[str, str]
    lines: NDArray[np.int64]


def read_csv(path: Path) -> Csv:
    """The table in a file. Errors: CsvError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise CsvError(f"{path}: file not found; it is looked for from the folder of the input file") from None
    except UnicodeDecodeError:
        raise CsvError(f"{path}: not a text file (UTF-8 is needed)") from None
    except OSError as error:
        raise CsvError(f"{path}: cannot be read ({error.strerror})") from None
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    commented = [entry for entry in lines if entry[1].startswith("#")]
    rows = [entry for entry in lines if not entry[1].startswith("#")]
    if not rows:
        raise CsvError(f"{path}: no numbers; a header line and rows of numbers are needed")
    header, separator = _header(path, rows, commented)
    if header is rows[0]:
        rows = rows[1:]
    names, units = _names(path, header, separator)
    if not rows:
        raise CsvError(f"{path}: a header but no numbers")
    if len(rows) * len(names) > MOST:
        raise CsvError(f"{path}: more than {MOST:,} numbers; give a coarser table")
    values = np.array([_row(path, number, line, separator, names) for number, line in rows])
    return Csv({name: values[:, i] for i, name in enumerate(names)}, units, np.array([number for number, _ in rows]))


Line = tuple[int, str]


def _header(path: Path, rows: list[Line], commented: list[Line]) -> tuple[Line, str | None]:
    """The line with the names, and what stands between numbers (None: blanks)."""
    sample = rows[-1][1]
    separator = next((mark for line in (rows[0][1], sample) for mark in ",;\t" if mark in line), None)
    if not _is_number(_split(rows[0][1], separator)[0]):
        return rows[0], separator
    width = len(_split(sample, separator))
    for number, line in reversed([entry for entry in commented if entry[0] < rows[0][0]]):
        if len(_split(line.lstrip("# "), separator)) == width:
            return (number, line.lstrip("# ")), separator
    advice = "the first line must name the columns: x, mean_force, friction, noise"
    raise CsvError(f"{path}: line {rows[0][0]}: no header; {advice}")


def _names(path: Path, header: Line, separator: str | None) -> tuple[list[str], dict[str, str]]:
    names, units = [], {}
    for field in _split(header[1], separator):
        match = _HEADER.fullmatch(field.strip().strip('"'))
        assert match is not None
        name, unit = match[1].strip(), match[2] or match[3]
        if not name or name in names:
            raise CsvError(f'{path}: line {header[0]}: {"two columns are" if name else "a column is"} called "{name}"')
        names.append(name)
        if unit and not (match[3] and name == ""):
            units[name] = unit.strip()
    return names, units


def _row(path: Path, number: int, line: str, separator: str | None, names: list[str]) -> list[float]:
    fields = _split(line.split("#")[0].strip(), separator)
    if len(fields) != len(names):
        raise CsvError(f"{path}: line {number}: {len(fields)} values for {len(names)} columns ({', '.join(names)})")
    values = []
    for name, field in zip(names, fields, strict=True):
        if not _is_number(field):
            raise CsvError(f'{path}: line {number}: "{field.strip()[:40]}" in the column {name} is not a finite number')
        values.append(float(field))
    return values


def _split(line: str, separator: str | None) -> list[str]:
    return line.split(separator)


def _is_number(field: str) -> bool:
    try:
        return bool(np.isfinite(float(field)))
    except ValueError:
        return False
