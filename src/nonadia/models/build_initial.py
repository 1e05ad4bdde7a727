"""[initial] of an input file → InitialState, checked against the grid: edges, momenta, numbers of surfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import initial as states
from . import packets
from .build_molecule import MoleculeBuilder, grid_values
from .molecule import GridCoordinate, Molecule

NUCLEAR = ("ground_state_of", "state_of", "gaussian", "wavefunction")
ELECTRONIC = ("adiabatic", "diabatic", "amplitudes")


def initial_state(builder: MoleculeBuilder, molecule: Molecule | None) -> states.InitialState | None:
    """The initial state; None after noting a fault, or where the model has one."""
    table = builder.data.get("initial")
    axes = tuple(c for c in builder.coordinates if c is not None)
    if not isinstance(table, Mapping) or len(axes) != len(builder.coordinates):
        return None
    before = len(builder.problems)
    marginal = "potentials" in builder.data
    given = [key for key in ("nuclear", "wavefunction", "eigenstate") if key in table]
    if len(given) != 1:
        what = f"{' and '.join(given)} are given" if given else "no state is given"
        builder.note("initial", f'{what}; give one of nuclear = {{ … }}, wavefunction = "…" and eigenstate = 1')
        return None
    if marginal:
        for key in ("electronic", "amplitudes"):
            if key in table:
                builder.note(f"initial.{key}", "a marginal system has no electrons; remove it")
    if given == ["eigenstate"]:
        for key in ("electronic", "amplitudes"):
            if key in table and not marginal:
                builder.note(f"initial.{key}", "an eigenstate of the full H has its own electronic state; remove it")
        if table["eigenstate"] is None or len(builder.problems) > before:
            return None
        return states.InitialState(eigenstate=states.Eigenstate(table["eigenstate"]))
    count = _count(builder, molecule)
    nuclear = _nuclear(builder, table, axes, count, marginal)
    electronic = states.Diabatic(1) if marginal else _electronic(builder, table, axes, count)
    if nuclear is None or electronic is None or len(builder.problems) > before:
        return None
    return states.InitialState(nuclear=nuclear, electronic=electronic)


def _count(builder: MoleculeBuilder, molecule: Molecule | None) -> int | None:
    """Number of electronic states; 0 in real space, None where the model is not known."""
    if molecule is not None:
        return molecule.states
    electrons = builder.data.get("electrons")
    return 0 if isinstance(electrons, Mapping) and electrons.get("coordinates") else None


def _one_of(builder: MoleculeBuilder, table: Mapping[str, Any], key: str, names: Sequence[str]) -> str | None:
    given = [name for name in names if name in table]
    if len(given) == 1:
        return given[0] if table[given[0]] is not None else None
    if not any(table.get(name, 0) is None for name in given):
        builder.note(key, f"{' and '.join(given) or 'nothing'} is given; give one of {', '.join(names)}")
    return None


def surface_fault(k: int, count: int | None) -> str | None:
    """Why there is no state k of `count` (0 or None: unknown)."""
    if count and k > count:
        return f"{k}; there {'are' if count > 1 else 'is'} {count} electronic state{'s' if count > 1 else ''}, counted from 1"
    return None


# --- electronic -----------------------------------------------------------------------------------


def _electronic(
    builder: MoleculeBuilder, table: Mapping[str, Any], axes: tuple[GridCoordinate, ...], count: int | None
) -> states.Electronic | None:
    if "amplitudes" in table and "electronic" in table:
        builder.note("initial.amplitudes", "electronic is given too; give only one")
        return None
    if "amplitudes" in table:
        return _amplitudes(builder, table["amplitudes"], "initial.amplitudes", axes, count)
    if "electronic" not in table:
        return states.Adiabatic(1) if count == 0 else states.Diabatic(1)
    if not isinstance(table["electronic"], Mapping):
        return None
    found, key = table["electronic"], "initial.electronic"
    kind = _one_of(builder, found, key, ELECTRONIC)
    if kind is None:
        return None
    if kind == "amplitudes":
        return _amplitudes(builder, found[kind], f"{key}.{kind}", axes, count)
    if kind == "diabatic" and count == 0:
        builder.note(f"{key}.diabatic", "electrons in real space have no basis states; give adiabatic = 1, 2, …")
        return None
    message = surface_fault(found[kind], count)
    if message:
        builder.note(f"{key}.{kind}", message)
        return None
    return states.Adiabatic(found[kind]) if kind == "adiabatic" else states.Diabatic(found[kind])


def _amplitudes(
    builder: MoleculeBuilder, sources: Sequence[Any] | None, key: str, axes: tuple[GridCoordinate, ...], count: int | None
) -> states.Amplitudes | None:
    if sources is None:
        return None
    if count == 0:
        builder.note(key, "electrons in real space have no basis states; give electronic = { adiabatic = 1 }")
        return None
    if count is not None and len(sources) != count:
        builder.note(key, f"{len(sources)} amplitudes; one for each of the {count} states is needed")
        return None
    fields = [builder.field(source, f"{key}[{i}]", axes, None, real=False) for i, source in enumerate(sources)]
    good = [field for field in fields if field is not None]
    if len(good) != len(fields):
        return None
    weight = sum(np.abs(grid_values(field, axes)) ** 2 for field in good)
    if not np.all(weight > 0.0):
        builder.note(key, "vanish together somewhere on the grid; an electronic state is needed at every R")
        return None
    return states.Amplitudes(tuple(good))


# --- nuclear --------------------------------------------------------------------------------------


def _nuclear(
    builder: MoleculeBuilder, table: Mapping[str, Any], axes: tuple[GridCoordinate, ...], count: int | None, marginal: bool
) -> states.Nuclear | None:
    if "wavefunction" in table:
        return _wavefunction(builder, table["wavefunction"], "initial.wavefunction", axes)
    found, key = table["nuclear"], "initial.nuclear"
    if not isinstance(found, Mapping):
        return None
    kind = _one_of(builder, found, key, NUCLEAR)
    if kind is None:
        return None
    if kind == "wavefunction":
        return _wavefunction(builder, found[kind], f"{key}.wavefunction", axes)
    if kind == "gaussian":
        return _gaussian(builder, found[kind], f"{key}.gaussian", axes)
    surface = found[kind] if kind == "ground_state_of" else found[kind].get("surface")
    if surface is None:
        return None
    if marginal:
        builder.note(f"{key}.{kind}", "a marginal system has no electronic surfaces; give gaussian, wavefunction or eigenstate")
        return None
    message = surface_fault(surface, count)
    if message:
        builder.note(f"{key}.{kind}" + ("" if kind == "ground_state_of" else ".surface"), message)
        return None
    level = 0 if kind == "ground_state_of" else found[kind].get("level", 0)
    return None if level is None else states.GroundStateOf(surface, level)


def _wavefunction(
    builder: MoleculeBuilder, source: Any, key: str, axes: tuple[GridCoordinate, ...]
) -> states.WaveFunction | None:
    field = builder.field(source, key, axes, None, real=False)
    if field is None:
        return None
    message = packets.packet_fault(axes, grid_values(field, axes).astype(complex))
    if message:
        builder.note(key, message)
        return None
    return states.WaveFunction(field)


def _gaussian(
    builder: MoleculeBuilder, table: Mapping[str, Any], key: str, axes: tuple[GridCoordinate, ...]
) -> states.Gaussian | None:
    values: dict[str, list[float]] = {}
    for name in ("center", "width", "momentum"):
        source = table.get(name, 0.0 if name == "momentum" else None)
        if source is None:
            return None
        sources = source if isinstance(source, list) else [source] * (1 if name == "center" else len(axes))
        if len(sources) != len(axes):
            which = ", ".join(a.name for a in axes)
            builder.note(
                f"{key}.{name}", f"{len(sources)} value{'s' if len(sources) > 1 else ''}; one for each of {which} is needed"
            )
            return None
        read = []
        for axis, one in zip(axes, sources, strict=True):
            kind = None if name == "momentum" else builder.length_of(axis.name)
            read.append(builder.real(one, f"{key}.{name}", kind, positive=name == "width"))
        good = [value for value in read if value is not None]
        if len(good) != len(axes):
            return None
        values[name] = good
    before = len(builder.problems)
    for axis, center, width, momentum in zip(axes, *values.values(), strict=True):
        faults = {
            "center": packets.center_fault(axis, center),
            "width": packets.width_fault(axis, center, width),
            "momentum": packets.momentum_fault(axis, momentum, width),
        }
        for name, message in faults.items():
            if message and not (name == "width" and faults["center"]):
                builder.note(f"{key}.{name}", message)
    if len(builder.problems) > before:
        return None
    return states.Gaussian(*(tuple(values[name]) for name in ("center", "width", "momentum")))
