"""Leads from the tables of an input file: level-width shapes and coupling matrices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..units import Kind
from .frozen import ComplexArray
from .junction import Lead
from .spec import LeadSpec, LevelWidthSpec, LorentzianSpec
from .structure import dotted
from .width import LevelWidth
from .width_fit import FitError, flat_band, tabulated

if TYPE_CHECKING:
    from .build import Builder

SHAPES = ("bandwidth", "lorentzians", "level_width")


def leads(builder: Builder, table: Mapping[str, Any] | None, levels: Mapping[str, int]) -> list[Lead]:
    """All leads without a fault; the faults are noted in the builder."""
    if table is not None and not table:
        builder.note("leads", "no leads; give at least one, for example [leads.L]")
    found = []
    for name, spec in (table or {}).items():
        lead = None if spec is None else _lead(builder, name, spec, levels)
        if lead is not None:
            found.append(lead)
    if found and len(found) == len(table or {}) and not any(lead.coupling.any() for lead in found):
        builder.note("leads", "no lead is coupled to the molecule; give couplings that are not zero")
    return found


def _lead(builder: Builder, name: str, spec: Mapping[str, Any], levels: Mapping[str, int]) -> Lead | None:
    path = ("leads", name)

    def default(key: str) -> Any:
        return spec.get(key, LeadSpec.model_fields[key].default)

    before = len(builder.problems)
    mu = builder.real(default("chemical_potential"), dotted(*path, "chemical_potential"))
    kt = builder.real(spec.get("temperature"), dotted(*path, "temperature"), "temperature", positive=True)
    profile = builder.expression(
        default("profile"), dotted(*path, "profile"), "dimensionless", what="the profile of a lead"
    )
    width = _width(builder, spec, path, mu)
    coupling = _coupling(builder, spec.get("couplings"), path, levels)
    if coupling is not None and len(builder.problems) == before:
        _positive(builder, coupling, path)
    if mu is None or kt is None or profile is None or width is None or coupling is None:
        return None
    return Lead(name, mu, kt, width, coupling, profile)


def _coupling(
    builder: Builder, table: Mapping[str, Any] | None, path: tuple[str, ...], levels: Mapping[str, int]
) -> ComplexArray | None:
    """Γ_mm' (n, n) from entries "m" and "m,m'"; the Hermitian conjugate is implied."""
    if table is None:
        return None
    key = dotted(*path, "couplings")
    if not table:
        builder.note(key, 'no couplings; give at least one, for example { d = "0.1 eV" }')
        return None
    gamma = np.full((len(levels), len(levels)), np.nan, dtype=complex)
    complete = True
    for text, source in table.items():
        key = dotted(*path, "couplings", text)
        pair = builder.pair(text, key, levels, single=True)
        number = builder.number(source, key, complex_=True)
        if pair is None or number is None:
            complete = False
            continue
        scale = abs(number)
        if pair[0] == pair[1] and abs(number.imag) > 1e-12 * scale:
            builder.note(key, f'non-Hermitian coupling: "{source}" is complex; a diagonal entry must be real')
        elif not np.isnan(gamma[pair]) and abs(gamma[pair] - number) > 1e-12 * scale:
            builder.note(
                key, "non-Hermitian coupling: is not the complex conjugate of the other entry; give one"
            )
        gamma[pair], gamma[pair[::-1]] = number, np.conj(number)
    return np.nan_to_num(gamma, nan=0.0) if complete else None


def _positive(builder: Builder, coupling: ComplexArray, path: tuple[str, ...]) -> None:
    lowest = float(np.linalg.eigvalsh(coupling)[0]) if coupling.size else 0.0
    if lowest < -1e-10 * float(np.max(np.abs(coupling), initial=0.0)):
        builder.note(
            dotted(*path, "couplings"),
            f"the matrix of couplings has the negative eigenvalue {lowest:.6g} Hartree; "
            "it must be positive semi-definite",
        )


def _width(
    builder: Builder, spec: Mapping[str, Any], path: tuple[str, ...], mu: float | None
) -> LevelWidth | None:
    """The shape J(ε) from the one key of `SHAPES` that is given."""
    given = [key for key in SHAPES if spec.get(key) is not None]
    if not given and not any(key in spec for key in SHAPES):
        builder.note(
            dotted(*path), 'no level width; give bandwidth = "5 eV" (or lorentzians, or level_width)'
        )
    if len(given) > 1:
        builder.note(dotted(*path), f"{' and '.join(given)} are given; give only one of them")
    if len(given) != 1:
        return None
    center = mu
    if spec.get("center") is not None:
        if given[0] == "lorentzians":
            builder.note(dotted(*path, "center"), "does not act on lorentzians; each of them has its own")
        center = builder.real(spec["center"], dotted(*path, "center"))
    if given[0] == "bandwidth":
        half = builder.real(spec["bandwidth"], dotted(*path, "bandwidth"), positive=True)
        return None if half is None or center is None else LevelWidth.lorentzian(center, half)
    if given[0] == "lorentzians":
        return _sum(builder, spec["lorentzians"], (*path, "lorentzians"), mu)
    return _fitted(builder, spec["level_width"], (*path, "level_width"), center)


def _sum(
    builder: Builder, terms: list[Any], path: tuple[str | int, ...], mu: float | None
) -> LevelWidth | None:
    if not terms:
        builder.note(dotted(*path), "is empty; give at least one { width = … }")
    found = []
    for index, term in enumerate(terms):
        if term is None:
            continue
        key = (*path, index)
        weight = builder.real(
            term.get("weight", LorentzianSpec.model_fields["weight"].default),
            dotted(*key, "weight"),
            "dimensionless",
        )
        center = mu if term.get("center") is None else builder.real(term["center"], dotted(*key, "center"))
        half = builder.real(term.get("width"), dotted(*key, "width"), positive=True)
        if weight is not None and center is not None and half is not None:
            found.append(LevelWidth.lorentzian(center, half, weight))
    if not found or len(found) != len(terms):
        return None
    width = found[0]
    for other in found[1:]:
        width = width + other
    steps = np.sinh(np.linspace(-9.0, 9.0, 721))
    energy = (width.poles.real[:, None] - width.poles.imag[:, None] * steps).ravel()
    if np.min(width(energy)) < -1e-12 * np.max(np.abs(width(energy))):
        builder.note(dotted(*path), "their sum is negative at some energy; a level width must not be")
        return None
    return width


def _fitted(
    builder: Builder, spec: Mapping[str, Any], path: tuple[str, ...], center: float | None
) -> LevelWidth | None:
    """A table (energies, values) or a flat band (flat, edge), both counted from `center`."""
    key = dotted(*path)
    table = [name for name in ("energies", "values") if spec.get(name) is not None]
    flat = [name for name in ("flat", "edge") if spec.get(name) is not None]
    if len(table) + len(flat) != 2 or (table and flat):
        builder.note(key, "needs either energies and values, or flat = [lower, upper] and edge")
        return None
    tolerance = builder.real(
        spec.get("tolerance", LevelWidthSpec.model_fields["tolerance"].default),
        dotted(*path, "tolerance"),
        "dimensionless",
        positive=True,
    )
    numbers: dict[str, list[float | None]] = {}
    for name in table or ("flat",):
        kind: Kind = "dimensionless" if name == "values" else "energy"
        numbers[name] = [
            builder.real(value, dotted(*path, name, i), kind) for i, value in enumerate(spec[name])
        ]
    edge = builder.real(spec["edge"], dotted(*path, "edge"), positive=True) if flat else 0.0
    if center is None or tolerance is None or edge is None:
        return None
    known = {name: [v for v in values if v is not None] for name, values in numbers.items()}
    if any(len(known[name]) != len(values) for name, values in numbers.items()):
        return None
    try:
        if table:
            return tabulated(known["energies"], known["values"], center, tolerance)
        if len(known["flat"]) != 2:
            raise FitError("flat needs two energies, [lower, upper]")
        return flat_band(known["flat"][0], known["flat"][1], edge, tolerance).shifted(center)
    except FitError as error:
        builder.note(key, str(error))
        return None
