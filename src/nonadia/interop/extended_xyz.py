"""Stored trajectories of `na.langevin` → extended XYZ, as ASE, OVITO and others read it. Every digit is kept.

Positions in Å, momenta in ASE's √(u eV), masses in u, energies in eV, time in fs. The comment line of a frame holds time,
trajectory (its number), kinetic_energy and, where the field is given, energy: the potential energy, as in ASE.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..langevin.field import Field, FloatArray
from ..units import FS
from .ase_units import ENERGY, LENGTH, MASS, MOMENTUM
from .placement import Placement

if TYPE_CHECKING:
    import xarray as xr


def write_extended_xyz(
    dataset: xr.Dataset,
    path: str | os.PathLike[str],
    *,
    field: Field | None = None,
    masses: ArrayLike | None = None,
    trajectories: Iterable[int] | None = None,
    symbols: Sequence[str] | str = "H",
    pairs: bool = False,
) -> int:
    """The frames of all stored trajectories, one after another; returns how many there are.

    dataset : of `na.langevin` with keep > 0. field : what drove it, for the energies. masses (c,) : the dataset's by default.
    trajectories : numbers of those wanted. symbols : of the atoms, one or one each. pairs : a pair of atoms for each coordinate
        (see placement). A trajectory that has left ends with its last frame inside.
    The file is written beside its place and put there when it is whole. Errors: ValueError for a dataset without trajectories.
    """
    if "trajectory_position" not in dataset or "trajectory_momentum" not in dataset:
        raise ValueError("dataset: no trajectory_position and trajectory_momentum; run na.langevin with keep = 10, for example")
    positions = np.asarray(dataset["trajectory_position"].transpose("time", "stored", "mode").values, dtype=float)
    momenta = np.asarray(dataset["trajectory_momentum"].transpose("time", "stored", "mode").values, dtype=float)
    time = np.asarray(dataset["time"].values, dtype=float)
    count, c = positions.shape[1:]
    given = dataset["mode"].attrs.get("mass") if masses is None else masses
    if given is None or np.size(given) != c:
        raise ValueError(f"masses: {c} are needed, for {', '.join(map(str, dataset['mode'].values))}")
    wanted = list(range(count)) if trajectories is None else list(trajectories)
    unknown = [k for k in wanted if not 0 <= k < count]
    if unknown:
        raise ValueError(f"trajectories: {unknown[0]} is not stored; there are 0 to {count - 1}")
    placed, inertia = Placement(given, pairs), np.atleast_1d(np.asarray(given, dtype=float))
    labels = [symbols] * len(placed.masses) if isinstance(symbols, str) else list(symbols)
    if len(labels) != len(placed.masses):
        raise ValueError(f"symbols: {len(placed.masses)} atoms need one each, not {len(labels)}")

    target = Path(path)
    part, frames = target.with_name(f"{target.name}.part"), 0
    try:
        with part.open("w", encoding="utf-8") as file:
            for k in wanted:
                inside = np.isfinite(positions[:, k]).all(axis=1) & np.isfinite(momenta[:, k]).all(axis=1)
                for i in np.flatnonzero(inside):
                    x, p = positions[i, k], momenta[i, k]
                    said = {"time": time[i] / FS, "kinetic_energy": float((p**2 / inertia).sum() / 2) / ENERGY}
                    potential = None if field is None else field.potential(x[None], float(time[i]))
                    if potential is not None:
                        said["energy"] = float(potential[0]) / ENERGY
                    file.write(_frame(labels, placed, x, p, {"trajectory": str(k)} | {n: f"{v:.17g}" for n, v in said.items()}))
                    frames += 1
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return frames


def _frame(labels: Sequence[str], placed: Placement, x: FloatArray, p: FloatArray, said: dict[str, str]) -> str:
    columns = np.column_stack(
        [placed.positions(x) / LENGTH, placed.momenta(p) / MOMENTUM, (placed.masses / MASS)[:, None]]
    )
    comment = " ".join(f"{name}={value}" for name, value in said.items())
    head = f'{len(labels)}\nProperties=species:S:1:pos:R:3:momenta:R:3:masses:R:1 {comment} pbc="F F F"\n'
    rows = ["  ".join([label, *(f"{value:.17g}" for value in row)]) for label, row in zip(labels, columns, strict=True)]
    return head + "\n".join(rows) + "\n"
