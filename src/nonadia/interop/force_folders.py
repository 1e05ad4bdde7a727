"""Folder names of electronic-force data: voltage_<V>eV/ holds x_<value>/ holds the files of one geometry.

x_.2 is 0.2, x_-.2 is -0.2, x_1.0, x_-25.0, x_0.0 (x_0.2, x_-25, x_0 and x_.0 are read as well). The bias is in volts. One
folder may also hold the files of many geometries, one row each, without x_ folders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..units import VOLT
from .force_text import FloatArray, numbers, plain, texts

_X = re.compile(r"x_(.+)")
_VOLTAGE = re.compile(r"voltage_(.+?)(?:eV|V)?")


@dataclass(frozen=True)
class Bias:
    """One bias, as the text of its folder name (None: the data has no bias), and its geometries: text of x → folder.

    The text of x is None for a folder that holds all geometries in its tables.
    """

    text: str | None
    folder: Path
    geometries: tuple[tuple[str | None, Path], ...]


def find(root: Path, needed: str) -> list[Bias]:
    """Every bias below `root`, by rising value. needed: the file that a folder of data must hold.

    Errors: ValueError where there is no data, or a folder's name is not a number.
    """
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder; it must hold x_<value>/ or voltage_<V>eV/ folders, or {needed}")
    biases = _named(root, _VOLTAGE)
    if not biases:
        return [Bias(None, root, _geometries(root, needed))]
    return [Bias(text, folder, _geometries(folder, needed)) for text, folder in biases]


def _geometries(folder: Path, needed: str) -> tuple[tuple[str | None, Path], ...]:
    found = _named(folder, _X)
    if found:
        return tuple(found)
    if (folder / needed).is_file():
        return ((None, folder),)
    raise ValueError(f"{folder}: no x_<value>/ folder and no {needed} in it; is this the folder of one data set?")


def _named(folder: Path, pattern: re.Pattern[str]) -> list[tuple[str, Path]]:
    """(text of the number, folder), by value; two folders of the same value are an error."""
    found: dict[float, tuple[str, Path]] = {}
    for entry in sorted(folder.iterdir()):
        match = pattern.fullmatch(entry.name)
        if match is None or not entry.is_dir():
            continue
        if re.match(r"[+-]?\.?\d", match[1]) is None:
            continue  # x_partition_0 and the like
        try:
            value = float(match[1])
        except ValueError:
            raise ValueError(f"{entry}: {match[1]!r} in the folder's name is not a number") from None
        if value in found:
            raise ValueError(f"{entry}: the same value as {found[value][1].name}; keep one of them")
        found[value] = (match[1], entry)
    return [found[value] for value in sorted(found)]


def bias_values(biases: list[Bias]) -> FloatArray | None:
    """The biases in hartree, None for data without."""
    if biases[0].text is None:
        return None
    return numbers([bias.text for bias in biases if bias.text is not None], VOLT)


def x_folder(text: str) -> str:
    """The folder of x as the published codes name it: without the zero before the point, except for x = 0."""
    number = plain(text).removeprefix("+")
    if number in ("0.0", "-0.0"):
        return "x_0.0"
    return "x_" + re.sub(r"^(-?)0\.", r"\1.", number)


def folders(root: Path, x: FloatArray, unit: float, bias: FloatArray | None) -> list[list[Path]]:
    """Folders [bias][x] below `root`, created; one list for data without bias.

    Errors: ValueError where there are folders of other geometries or biases already: read together, they would be one table.
    """
    names = [x_folder(text) for text in texts(x, unit)]
    tops = [root] if bias is None else [root / f"voltage_{plain(text, 2)}eV" for text in texts(bias, VOLT)]
    biases = [] if bias is None else [top.name for top in tops]
    for parent, pattern, known in [(root, _VOLTAGE, biases), *((top, _X, names) for top in tops)]:
        others = [folder.name for _, folder in _named(parent, pattern) if folder.name not in known] if parent.is_dir() else []
        if others:
            raise ValueError(f"{parent}: holds other data already ({', '.join(others[:3])}); write into a folder of its own")
    out = [[top / name for name in names] for top in tops]
    for folder in (folder for row in out for folder in row):
        folder.mkdir(parents=True, exist_ok=True)
    return out
