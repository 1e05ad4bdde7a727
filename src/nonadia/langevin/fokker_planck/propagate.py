"""The time-dependent Fokker-Planck equation in one dimension: W(x,p,t) from W(x,p,0), with walls or with a way out.

    from nonadia.langevin.fokker_planck import fokker_planck_propagate

    start = {"position": 1.0, "position_variance": 0.02, "temperature": 0.001}
    result = fokker_planck_propagate(field, start, times=np.linspace(0, 500, 51))
    result["kinetic_temperature"]          # (time,), likewise all moments, densities and their errors
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..field import Field
from .basis import FloatArray
from .box import Box, Ends, edge_ratios, first_box, limits_of
from .dataset import LABELS, labelled
from .exponential import Exponential
from .initial import Density, Initial, initial_density
from .solve import NOT_CONVERGED
from .state import State, distances
from .stationary import LARGEST, Search, open_ends, refined

__all__ = ["fokker_planck_propagate"]
COARSE = (36, 36)


@dataclass
class Propagation:
    """All that a run over the given times needs, at any resolution."""

    search: Search
    initial: Initial
    times: FloatArray
    step: float

    def run(self, cells: tuple[int, int], box: Box) -> list[State]:
        """States at the times."""
        operator = self.search.operator(cells, box)
        exponential, potential = Exponential(operator), self.search.potential(box)
        c = operator.project(self.initial.density).ravel()
        states, now = [], float(self.times[0])
        for time in self.times:
            if time > now:
                c = exponential.advance(c, now, float(time) - now, self.step)
                now = float(time)
            states.append(State(operator, c.reshape(operator.shape), potential))
        return states


def fokker_planck_propagate(
    field: Field,
    initial: Mapping[str, float] | xr.Dataset | Density,
    times: ArrayLike,
    *,
    tolerance: float = 1e-3,
    box: tuple[float | None, float | None] = (None, None),
    absorbing: tuple[float | None, float | None] = (None, None),
    points: int = 151,
    largest: int = LARGEST,
) -> xr.Dataset:
    """W(x,p,t) of one coordinate at increasing times; the field may depend on the time. The first time is that of `initial`.

    initial: {"position", "position_variance", "momentum", "momentum_variance" or "temperature", "covariance"} (a Gaussian), the
    result of `fokker_planck`, or W(x, p) on broadcast arrays.
    box: reflecting walls; absorbing: thresholds where what arrives is taken out (survivors(time) says what is left; densities
    are not normalised again, moments are those of the survivors). None: the box ends where nothing arrives.
    tolerance: of every moment relative to the temperature and the widths, and of ∫|error of a marginal density|, at all times.

    Errors: ValueError for more than one coordinate, times that do not increase, a box outside of a table.
    """
    if len(field.names) != 1:
        raise ValueError(f"field: {len(field.names)} coordinates {field.names}; the Fokker-Planck solver takes one")
    moments = np.atleast_1d(np.asarray(times, dtype=float))
    if moments.ndim != 1 or not np.all(np.diff(moments) > 0):
        raise ValueError("times: must increase")
    for name, wall, gate in zip(("lower", "upper"), box, absorbing, strict=True):
        if wall is not None and gate is not None:
            raise ValueError(f"absorbing: the {name} end is a wall of the box already; give one of both")
    start = initial_density(initial, float(field.masses[0]))
    ends: Ends = (_either(box[0], absorbing[0]), _either(box[1], absorbing[1]))
    where = _box(field, start, ends, float(moments[0]))
    walls = tuple("reflecting" if gate is None else "absorbing" for gate in absorbing)
    search = Search(field, where, 0.0, (walls[0], walls[1]), float(moments[0]), largest // 5)
    quickest = (where.upper - where.lower) / (2.0 * where.momentum / float(field.masses[0]))
    problem = Propagation(search, start, moments, 0.5 * quickest)
    cells = _settle(problem, tolerance)
    final, before, converged = refined(search, cells, tolerance, problem.run, _distance, _edges)
    messages = list(dict.fromkeys([*field.messages, *(m for state in final for m in open_ends(search, state, 1e-4))]))
    if not converged:
        messages.append(NOT_CONVERGED.format(tolerance))
    clean = converged and len(messages) == len(field.messages)
    attributes = {"converged": int(clean), "tolerance": tolerance, "step": float(problem.step)}
    return _assemble(moments, final, before, points, attributes, messages)


def _box(field: Field, start: Initial, ends: Ends, time: float) -> Box:
    """Of the stationary density and of the first one, where they are known."""
    limits = limits_of(field, time)
    low, high, momentum = start.extent
    try:
        box = first_box(field, time, ends, None, [])
        if np.isnan(low):
            return box
        reach = box.momentum, momentum
        lower, upper = min(box.lower, low), max(box.upper, high)
    except ValueError:  # nothing confines: the box grows with the density
        if np.isnan(low):
            raise
        reach, lower, upper = (0.0, momentum), low, high
    lower = max(lower, limits[0]) if ends[0] is None else float(ends[0])
    upper = min(upper, limits[1]) if ends[1] is None else float(ends[1])
    if not lower < upper:
        raise ValueError(f"box: {lower:.6g} to {upper:.6g}; must be two positions, lower < upper, around the initial density")
    limits = (lower if ends[0] is not None else limits[0], upper if ends[1] is not None else limits[1])
    return Box(lower, upper, max(reach), (ends[0] is not None, ends[1] is not None), limits)


def _settle(problem: Propagation, tolerance: float) -> tuple[int, int]:
    """Box and step on a coarse grid: ends moved until nothing arrives there, the step halved until that changes nothing."""
    search, cells, floor = problem.search, COARSE, max(1e-3, tolerance)
    states = problem.run(cells, search.box)
    for _ in range(12):
        ratios, old = np.array(_edges(states)), search.box
        box = old.grown(*np.where(ratios > 0.1, (2.0, 2.0, 1.5), np.where(ratios > floor, (1.4, 1.4, 1.3), 1.0)))
        if box == old:
            break
        variances = [[s.scalars()[f"{axis}_variance"] for s in states] for axis in ("position", "momentum")]
        narrow_x, narrow_p = np.sqrt(np.abs(variances).min(axis=1))
        fitting = (box.upper - box.lower) / (0.5 * narrow_x), 2.0 * box.momentum / (0.5 * narrow_p)  # two cells in each width
        wanted = int(np.clip(fitting[0], COARSE[0], 150)), int(np.clip(fitting[1], COARSE[1], 150))
        if not search.allowed(wanted):
            break
        search.box, cells = box, wanted
        states = problem.run(cells, box)
    for _ in range(8):
        shorter = replace(problem, step=0.5 * problem.step)
        finer = shorter.run(cells, search.box)
        far = _distance(states, finer)
        problem.step, states = shorter.step, finer
        if far < 0.2 * tolerance:
            break
    return cells


def _either(wall: float | None, gate: float | None) -> float | None:
    return wall if wall is not None else gate


def _distance(a: list[State], b: list[State]) -> float:
    return max(max(distances(one, two).values()) for one, two in zip(a, b, strict=True))


def _edges(states: list[State]) -> tuple[float, float, float]:
    ratios = np.array([edge_ratios(state) for state in states]).max(axis=0)
    return float(ratios[0]), float(ratios[1]), float(ratios[2])


def _assemble(
    times: FloatArray, final: list[State], before: list[State], points: int, attributes: dict[str, Any], messages: list[str]
) -> xr.Dataset:
    """Everything over the time; error_X is the change of X by the last refinement."""
    operator = final[0].operator
    x = np.linspace(operator.x.edges[0], operator.x.edges[-1], points)
    p = np.linspace(operator.p.edges[0], operator.p.edges[-1], points)
    variables: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], values: list[Any], earlier: list[Any], units: str, long_name: str) -> None:
        one, error = np.asarray(values), np.abs(np.asarray(values) - np.asarray(earlier))
        variables[name] = (("time", *dims), one, {"units": units, "long_name": long_name})
        variables[f"error_{name}"] = (("time", *dims), error, {"units": units, "long_name": f"error of the {long_name}"})

    now, then = [s.scalars() for s in final], [s.scalars() for s in before]
    for name, (units, long_name) in LABELS.items():
        add(name, (), [s[name] for s in now], [s[name] for s in then], units, long_name)
    add("survivors", (), [_norm(s) for s in final], [_norm(s) for s in before], "1", "probability of being still inside")
    densities = [s.density(x, p) for s in final], [s.density(x, p) for s in before]
    add("density", ("x", "p"), *densities, "1/hbar", "density in phase space")
    for axis, dim, y, units in (("position", "x", x, "1/bohr"), ("momentum", "p", p, "bohr/hbar")):
        for kind, unit, label in (("density", units, "density of the"), ("cdf", "1", "probability of a smaller")):
            one, two = ([getattr(s, f"{axis}_{kind}")(y) for s in states] for states in (final, before))
            add(f"{axis}_{kind}", (dim,), one, two, unit, f"{label} {axis}")
    attributes |= {
        "error": _distance(before, final),
        "cells": json.dumps([operator.x.edges.size - 1, operator.p.edges.size - 1]),
        "coordinate": operator.field.names[0],
        "mass": operator.mass,
        "messages": json.dumps(messages, ensure_ascii=False),
    }
    dataset = xr.Dataset(variables, coords={"time": times, "x": x, "p": p}, attrs=attributes)
    return labelled(dataset, operator.field)


def _norm(state: State) -> float:
    return float(state.operator.mean @ state.c.ravel())
