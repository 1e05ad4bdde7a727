"""What a stored result says of itself: input, values used, versions; its sweep points one by one."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.runs.errors import InputError
from nonadia.runs.schema import override

from . import words

if TYPE_CHECKING:
    import xarray as xr

STUDY = "convergence_study"


@dataclass(frozen=True)
class Source:
    """A result tree and its root attributes, read once. name: of the result file, without ending."""

    tree: xr.DataTree
    name: str = "result"
    attrs: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attrs", dict(self.tree.attrs))

    def text(self, key: str) -> str:
        """A root attribute as text; empty where there is none."""
        return str(self.attrs.get(key, ""))

    @property
    def title(self) -> str:
        return self.text("title").strip() or self.name

    @property
    def system(self) -> str:
        return self.text("system")

    @property
    def is_study(self) -> bool:
        return STUDY in self.tree.children

    @property
    def from_dict(self) -> bool:
        """Whether the input was a Python dict and no file."""
        return self.text("source") in ("", "<dict>")

    @property
    def file(self) -> str:
        """Name of the input file, without the folder it was in on the machine that ran it."""
        return "input.json" if self.from_dict else Path(self.text("source").replace("\\", "/")).name

    @cached_property
    def overrides(self) -> dict[str, Any]:
        return words.table(self.attrs.get("overrides"))

    @cached_property
    def settings(self) -> dict[str, Any]:
        return words.table(self.attrs.get("settings"))

    @cached_property
    def model(self) -> dict[str, Any]:
        found = self.settings.get("model")
        return found if isinstance(found, dict) else {}

    @cached_property
    def coordinates(self) -> dict[str, Any]:
        """Of the nuclei: mass and unit of each; of given forces, which have no model, from the settings of the table."""
        given = self.settings.get("table")
        held = given.get("masses_units") if isinstance(given, dict) else None
        named = {name: {"mass": pair[0], "unit": pair[1]} for name, pair in (held or {}).items()}
        found = self.model.get("coordinates") or named
        return {name: entry for name, entry in found.items() if isinstance(entry, dict)}

    @cached_property
    def driven(self) -> bool:
        """Whether the Hamiltonian depends on time: then energy is not conserved, and surfaces are those of one time."""
        fields = [self.model.get(key) for key in ("electrons", "scalar_potential", "vector_potential")]
        return bool(self.model.get("functions_of_time")) or re.search(r"\bt\b", json.dumps(fields)) is not None

    @cached_property
    def versions(self) -> dict[str, Any]:
        return words.table(self.attrs.get("versions"))

    @cached_property
    def written(self) -> dict[str, Any]:
        """The tables of the input with the values that were set on top of them; empty if they cannot be read any more."""
        text = self.text("input")
        try:
            data = json.loads(text) if self.from_dict else tomllib.loads(text)
            return override(data, self.overrides, self.file)
        except (ValueError, RecursionError, InputError, AttributeError, TypeError):
            return {}

    def group(self, name: str) -> xr.Dataset | None:
        """A group with variables, or None."""
        if name not in self.tree.children:
            return None
        found = self.tree[name].to_dataset()
        return found if found.data_vars else None


def points(dataset: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """(label, dataset) of every sweep point; one with an empty label where nothing is swept."""
    dims = [str(dim) for dim in dataset.dims if f"{dim}_label" in dataset.coords]
    for index in np.ndindex(*(dataset.sizes[dim] for dim in dims)):
        at = dataset.isel(dict(zip(dims, index, strict=True)))
        # no line break within 'bias = 0.2 V'
        yield ", ".join(f"{dim} = {at[f'{dim}_label'].item()}".replace(" ", "\u00a0") for dim in dims), at


def own_attributes(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """What each sweep point of a group says of itself, in their order; {} for one that was not computed."""
    if "points" not in dataset.attrs:
        return [dict(dataset.attrs)]
    try:
        found = json.loads(dataset.attrs["points"])
    except ValueError:
        return []
    return [dict(entry) if isinstance(entry, dict) else {} for entry in found]
