"""[nuclei.NAME] of an input file: which grid coordinates are the components of which nucleus, or where nuclei sit.

    R_i = Σ_a S_ia x_a,   Σ_i m_i S_ia S_ib = M_a δ_ab       (the kinetic energy in the x_a is that of the nuclei)

The second line is what makes relative coordinates (centre of mass at rest) the same physics as the nuclei themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..formula import name_problem
from .errors import ModelError
from .molecule import GridCoordinate, Nucleus, grouped, own_nuclei
from .structure import dotted

if TYPE_CHECKING:
    from .build_molecule import MoleculeBuilder

EQUAL = 1e-8


def nuclei(builder: MoleculeBuilder, table: Mapping[str, Any], axes: tuple[GridCoordinate, ...]) -> tuple[Nucleus, ...] | None:
    """The nuclei, or None without [nuclei] (each coordinate a nucleus); faults are noted."""
    if not table:
        return None
    before = len(builder.problems)
    found: list[Nucleus] = []
    groups: dict[str, list[str]] = {}
    for name, spec in table.items():
        key = dotted("nuclei", name)
        if not isinstance(spec, Mapping):
            continue
        if (spec.get("coordinates") is None) == (spec.get("positions") is None):
            builder.note(key, 'give coordinates = ["X", "Y"], or mass and positions = { X = "…", Y = "…" }')
        elif spec.get("coordinates") is not None:
            if spec.get("mass") is not None:
                builder.note(f"{key}.mass", "is that of its coordinates; leave it out")
            if not 1 <= len(spec["coordinates"]) <= 3:
                builder.note(f"{key}.coordinates", f"{len(spec['coordinates'])} components; one to three are possible")
            groups[name] = spec["coordinates"]
        else:
            nucleus = _placed(builder, name, spec, axes)
            if nucleus is not None:
                found.append(nucleus)
    if len(builder.problems) > before or len(found) + len(groups) != len(table):
        return None
    try:
        whole = grouped(axes, groups) if groups else ()
    except ModelError as error:
        builder.problems += error.problems
        return None
    if found:
        # coordinates that no nucleus moves along stay nuclei of their own
        used = np.any([np.any(n.positions != 0.0, axis=0) for n in found], axis=0)
        free = [own for a, own in zip(axes, own_nuclei(axes), strict=True) if not used[axes.index(a)]]
        whole = tuple(n for n in whole if n.name in groups) if groups else tuple(free)
        _check_masses(builder, [*found, *whole], axes)
    return (*found, *whole)


def _placed(builder: MoleculeBuilder, name: str, spec: Mapping[str, Any], axes: tuple[GridCoordinate, ...]) -> Nucleus | None:
    """A nucleus whose positions are linear in the coordinates."""
    key = dotted("nuclei", name)
    mass = builder.real(spec.get("mass"), f"{key}.mass", "mass", positive=True)
    if "mass" not in spec:
        builder.note(f"{key}.mass", "is missing; a nucleus with positions needs its mass")
    positions: Mapping[str, Any] = spec["positions"]
    if not 1 <= len(positions) <= 3:
        builder.note(f"{key}.positions", f"{len(positions)} components; one to three are possible")
    rows = []
    for component, source in positions.items():
        where = dotted("nuclei", name, "positions", component)
        message = name_problem(component)
        if message:
            builder.note(where, message)
            continue
        expression = builder.field(source, where, axes, "length" if axes[0].unit != "1" else None)
        if expression is None:
            continue
        middle = np.array([*(0.5 * (a.start + a.stop) for a in axes), 0.0])
        row = expression.gradient(middle)[: len(axes)]
        ends = np.array([[*(a.values[i] for a in axes), 0.0] for i in (0, -1)])
        scale = max(float(np.max(np.abs(ends))), 1.0)
        if expression.time_dependent or np.max(np.abs(expression.value(ends) - ends[:, :-1] @ row)) > EQUAL * scale:
            builder.note(where, f'"{source}" is not linear in the coordinates; write for example "x*mB/(mA + mB)"')
            continue
        rows.append(row)
    if mass is None or len(rows) != len(positions):
        return None
    return Nucleus(name, mass, tuple(positions), np.array(rows))


def _check_masses(builder: MoleculeBuilder, found: list[Nucleus], axes: tuple[GridCoordinate, ...]) -> None:
    """Σ_i m_i S_ia S_ib = M_a δ_ab"""
    masses = np.array([a.mass for a in axes])
    total = sum(np.einsum("i,ia,ib->ab", n.component_masses(masses), n.positions, n.positions) for n in found)
    wrong = np.abs(total - np.diag(masses))
    if np.max(wrong) <= EQUAL * np.max(masses):
        return
    a, b = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    names = ", ".join(n.name for n in found)
    value = np.asarray(total)[a, b]
    if a == b:
        key, what = f"coordinates.{axes[a].name}.mass", f"is {masses[a]:.10g}, but the nuclei {names} give it {value:.10g}"
        builder.note(key, f"{what} (the sum of m (dR/d{axes[a].name})² over the components of all nuclei)")
    else:
        both = f"{axes[a].name} and {axes[b].name}"
        builder.note("nuclei", f"the positions of {names} couple {both} in the kinetic energy ({value:.4g}, must be 0)")
