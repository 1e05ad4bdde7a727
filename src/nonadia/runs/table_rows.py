"""Rows of a CSV file: what tells them apart, and how a message names one.

A column that the input does not know is a parameter where rows are told apart by it alone and every value of it has the same
geometries. Anything less clear is asked, not guessed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .csv_table import Csv

_TOGETHER = 3  # parameters that are looked for at the same time


def row_name(csv: Csv, row: int, named: Mapping[str, tuple[str, str | None]]) -> str:
    """"x = -0.6 angstrom, bias = 0.2 V (line 17)". named: key → its column and unit."""
    parts = [f"{key} = {csv.columns[column][row]:g}{f' {unit}' if unit else ''}" for key, (column, unit) in named.items()]
    return f"{', '.join(parts)} (line {csv.lines[row]})"


def twice(csv: Csv, columns: Sequence[str]) -> tuple[int, int] | None:
    """The first two rows that agree in these columns."""
    _, first, group = np.unique(_table(csv, columns), axis=0, return_index=True, return_inverse=True)
    second = np.flatnonzero(first[group.ravel()] != np.arange(group.size))
    return (int(first[group.ravel()[second[0]]]), int(second[0])) if second.size else None


def grouping(csv: Csv, columns: Sequence[str], unused: Sequence[str], known: Iterable[str]) -> list[tuple[str, ...]]:
    """The smallest sets of unused columns that, besides `columns`, tell all rows apart and repeat the same geometries.

    A column whose name looks like a known quantity, misspelt, or that cannot be the name of a parameter, is none.
    """
    whole = [name for name in unused if name.isidentifier() and not difflib.get_close_matches(name, known, n=1, cutoff=0.8)]
    geometries = len(np.unique(_table(csv, columns), axis=0))
    for number in range(1, min(_TOGETHER, len(whole)) + 1):
        found = [names for names in combinations(whole, number) if _repeats(csv, columns, names, geometries)]
        if found:
            return found
    return []


def _repeats(csv: Csv, columns: Sequence[str], names: Sequence[str], geometries: int) -> bool:
    """All rows different, and every geometry once for each combination of values that there is."""
    groups = len(np.unique(_table(csv, names), axis=0))
    return groups > 1 and groups * geometries == len(csv.lines) and twice(csv, [*columns, *names]) is None


def duplicate(csv: Csv, named: Mapping[str, tuple[str, str | None]], unused: Sequence[str], rows: tuple[int, int]) -> str:
    """What is wrong with two rows of one geometry, and what to do."""
    one, other = rows
    at = f"two rows with {row_name(csv, other, named).replace('(line ', f'(lines {csv.lines[one]} and ')}"
    different = [name for name, column in csv.columns.items() if column[one] != column[other]]
    telling = [name for name in different if name in unused]
    if not different:
        return f"{at} and the same values; leave one out"
    if telling:
        column = telling[0]
        key = column if column.isidentifier() else "bias"
        words = " or ".join(f'"{name}"' for name in telling)
        return f'{at}, different in the column {words}; if it is a parameter, say so: columns = {{ {key} = "{column}" }}'
    words = ", ".join(different)
    return f"{at} but different {words}; leave one out, or add a column with the parameter that tells them apart"


def ambiguous(found: Sequence[Sequence[str]]) -> str:
    """Several columns would do."""
    words = " or ".join(f'"{" and ".join(names)}"' for names in found)
    advice = f'columns = {{ {found[0][0]} = "{found[0][0]}" }}'
    return f"rows of the same geometry are told apart by {words}; say which is the parameter: {advice}"


def lowest_noise(csv: Csv, noise: Mapping[tuple[int, ...], NDArray], error: Mapping[tuple[int, ...], NDArray]) -> int | None:
    """The row where D is most negative beyond its error; None where it is nowhere. noise: D_ij by (i, j), D_ji = D_ij."""
    size = max((max(index) for index in noise), default=-1) + 1
    if not size:
        return None
    matrix, wide = np.zeros((len(csv.lines), size, size)), np.zeros((len(csv.lines), size, size))
    for source, target in ((noise, matrix), (error, wide)):
        for (i, j), values in source.items():
            target[:, i, j] = values
            if (j, i) not in source:
                target[:, j, i] = values
    lowest = np.linalg.eigvalsh(0.5 * (matrix + matrix.swapaxes(1, 2)))[:, 0] + np.abs(wide).sum(axis=-1).max(axis=-1)
    row = int(np.argmin(lowest))
    return row if lowest[row] < -1e-12 * np.abs(matrix).max(initial=0.0) else None


def _table(csv: Csv, columns: Sequence[str]) -> NDArray[np.float64]:
    return np.stack([csv.columns[name] for name in columns], axis=-1)
