"""How fast a coordinate leaves a well: rate, mean first-passage times and exit probabilities of the inertial process.

Thresholds absorb: W(x_c, p) = 0 for momenta that would come in. With L of the Kramers equation inside of them:

    L W = -k W            slowest decay: k = escape rate, W the density of those that have stayed (quasi-stationary)
    Lᵀ τ = -1             τ(x,p): mean first-passage time from a point of phase space
    Lᵀ π_e = -(flux)_e    π_e(x,p): probability of leaving through the exit e

    from nonadia.langevin.fokker_planck import fokker_planck_escape

    result = fokker_planck_escape(field, upper=9.4)
    float(result["escape_rate"]), float(result["mean_first_passage_time"])
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ..field import Field
from .basis import FloatArray
from .box import Box, edge_ratios, first_box
from .dataset import labelled
from .initial import Density, initial_density
from .operator import Factors, Walls
from .solve import NOT_CONVERGED
from .state import State, distances
from .stationary import LARGEST, Search, locate, refined

__all__ = ["fokker_planck_escape"]


@dataclass(frozen=True)
class Escape:
    """One grid: state of the survivors, rate, test-space coefficients of τ and of π (exits), means over the initial density."""

    state: State
    rate: float
    times: FloatArray
    exits: FloatArray
    mean_time: float
    shares: FloatArray


def fokker_planck_escape(
    field: Field,
    *,
    lower: float | None = None,
    upper: float | None = None,
    initial: Mapping[str, float] | xr.Dataset | Density | None = None,
    tolerance: float = 1e-3,
    points: int = 151,
    largest: int = LARGEST,
) -> xr.Dataset:
    """Rate and first-passage times of one coordinate that is taken out below `lower` or above `upper`.

    initial: as in `fokker_planck_propagate`, for mean_first_passage_time and exit_probability(exit); None: the quasi-stationary
    density, for which the mean time is 1/rate. first_passage_time(x,p), exit_probability_from(exit,x,p) hold for every start.
    tolerance: relative, of the rate and of the mean time; absolute of probabilities and of the densities of survivors.

    Errors: ValueError for more than one coordinate, no threshold, a threshold outside of the table, a potential that does not
    confine towards the other side.
    """
    if len(field.names) != 1:
        raise ValueError(f"field: {len(field.names)} coordinates {field.names}; the Fokker-Planck solver takes one")
    if lower is None and upper is None:
        raise ValueError("lower, upper: give at least one threshold; without one nothing ever leaves")
    walls: Walls = ("reflecting" if lower is None else "absorbing", "reflecting" if upper is None else "absorbing")
    box = first_box(field, 0.0, (lower, upper), None, [])
    start = None if initial is None else initial_density(initial, float(field.masses[0])).density
    search = Search(field, box, 0.0, walls, largest=largest)

    def solve(cells: tuple[int, int], where: Box) -> Escape:
        return _solve(search, cells, where, start)

    state = locate(search, solve=lambda cells, where: solve(cells, where).state)
    cells = state.operator.x.edges.size - 1, state.operator.p.edges.size - 1
    final, before, converged = refined(search, cells, tolerance, solve, _distance, lambda e: edge_ratios(e.state))
    messages = [*field.messages]
    if not converged:
        messages.append(NOT_CONVERGED.format(tolerance))
    return _assemble(final, before, points, {"converged": int(converged), "tolerance": tolerance}, messages)


def _solve(search: Search, cells: tuple[int, int], box: Box, start: Density | None) -> Escape:
    operator = search.operator(cells, box)
    factors = Factors(operator.matrix(search.time), operator.half)
    c = np.asarray(operator.mean / (operator.mean @ operator.mean))
    for _ in range(60):
        step = -np.asarray(factors.solve(operator.apply(operator.gram, c)), dtype=float)
        step /= operator.mean @ step
        change = float(np.abs(step - c).max() / np.abs(step).max())
        c = step
        if change < 1e-9:
            break
    leaks = operator.leaks.reshape(2, -1)
    rate = float((leaks @ c).sum())  # not from the eigenvalue: the flux keeps its relative accuracy where it is tiny
    times = -np.asarray(factors.solve(operator.mean, transposed=True), dtype=float)
    exits = np.array([-np.asarray(factors.solve(leak, transposed=True), dtype=float) for leak in leaks])
    begun = c if start is None else operator.project(start).ravel()
    loaded = operator.apply(operator.gram, begun)
    state = State(operator, c.reshape(operator.shape), search.potential(box))
    return Escape(state, rate, times, exits, float(times @ loaded), np.asarray(exits @ loaded))


def _distance(a: Escape, b: Escape) -> float:
    far = [abs(a.rate / b.rate - 1.0), abs(a.mean_time / b.mean_time - 1.0), float(np.abs(a.shares - b.shares).max())]
    return max(*far, max(distances(a.state, b.state).values()))


def _assemble(final: Escape, before: Escape, points: int, attributes: dict[str, Any], messages: list[str]) -> xr.Dataset:
    operator = final.state.operator
    x = np.linspace(operator.x.edges[0], operator.x.edges[-1], points)
    p = np.linspace(operator.p.edges[0], operator.p.edges[-1], points)
    variables: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], value: Any, earlier: Any, units: str, long_name: str) -> None:
        variables[name] = (dims, value, {"units": units, "long_name": long_name})
        error = np.abs(np.asarray(value) - np.asarray(earlier))
        variables[f"error_{name}"] = (dims, error, {"units": units, "long_name": f"error of the {long_name}"})

    def on_grid(escape: Escape, coefficients: FloatArray) -> FloatArray:
        bases = escape.state.operator
        return np.asarray(bases.x.tests(x) @ coefficients.reshape(bases.shape) @ bases.p.tests(p).T)

    add("escape_rate", (), final.rate, before.rate, "hartree/hbar", "slowest rate of escape")
    add("mean_first_passage_time", (), final.mean_time, before.mean_time, "hbar/hartree", "mean first-passage time")
    add("exit_probability", ("exit",), final.shares, before.shares, "1", "probability of leaving through the exit")
    one, two = (on_grid(e, e.times) for e in (final, before))
    add("first_passage_time", ("x", "p"), one, two, "hbar/hartree", "mean first-passage time from a point")
    one, two = (np.array([on_grid(e, c) for c in e.exits]) for e in (final, before))
    add("exit_probability_from", ("exit", "x", "p"), one, two, "1", "probability of leaving through the exit, from a point")
    one, two = (e.state.density(x, p) for e in (final, before))
    add("density", ("x", "p"), one, two, "1/hbar", "quasi-stationary density of those that have stayed")
    for axis, dim, y, units in (("position", "x", x, "1/bohr"), ("momentum", "p", p, "bohr/hbar")):
        for kind, unit, label in (("density", units, "density of the"), ("cdf", "1", "probability of a smaller")):
            one, two = (getattr(e.state, f"{axis}_{kind}")(y) for e in (final, before))
            add(f"{axis}_{kind}", (dim,), one, two, unit, f"{label} {axis} of those that have stayed")
    hot, earlier = (e.state.scalars()["kinetic_temperature"] for e in (final, before))
    add("kinetic_temperature", (), hot, earlier, "hartree", "k_BT = m<v²> of those that have stayed")
    attributes |= {
        "error": _distance(before, final),
        "cells": json.dumps([operator.x.edges.size - 1, operator.p.edges.size - 1]),
        "coordinate": operator.field.names[0],
        "mass": operator.mass,
        "messages": json.dumps(messages, ensure_ascii=False),
    }
    dataset = xr.Dataset(variables, coords={"x": x, "p": p, "exit": ["lower", "upper"]}, attrs=attributes)
    return labelled(dataset, operator.field)
