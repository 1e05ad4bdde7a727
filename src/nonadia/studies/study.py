"""A study as data: what to run, what to compute beside, which figures, which statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .statement import Statement

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Run:
    """`nonadia run EXAMPLE --set KEY=VALUE …`; the result is NAME.nc."""

    name: str
    example: str
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def command(self) -> str:
        """As a user would type it."""
        sets = "".join(f" --set '{key}={_toml(value)}'" for key, value in self.overrides.items())
        return f"nonadia run {self.example}{sets} -o {self.name}.nc"


@dataclass(frozen=True)
class Calculation:
    """What no input file describes: compute(results so far) → dataset, kept as NAME.nc. note: what it is, one line."""

    name: str
    compute: Callable[[Mapping[str, xr.DataTree]], xr.Dataset]
    note: str


@dataclass(frozen=True)
class Figure:
    """A figure of the paper and what the paper says about it.

    caption : what each panel shows and whose parameters these are.
    needs : names of the runs and calculations that draw and statements look at.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Mapping[str, xr.DataTree]], Canvas]
    statements: Callable[[Mapping[str, xr.DataTree]], list[Statement]]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """source : the citation. note : which parameters are ours, and what is not reproduced."""

    name: str
    title: str
    source: str
    note: str
    runs: tuple[Run | Calculation, ...]
    figures: tuple[Figure, ...]

    def __post_init__(self) -> None:
        names = [run.name for run in self.runs]
        unknown = {need for figure in self.figures for need in figure.needs} - set(names)
        if unknown or len(set(names)) < len(names):
            raise ValueError(f"{self.name}: runs {names} must be distinct and hold {sorted(unknown)}")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
