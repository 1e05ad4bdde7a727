"""Positions and momenta at t = 0, drawn once from (seed, trajectory): independent of how the ensemble is cut.

    fixed       x, p given;  with a temperature p from Maxwell, ⟨p_i²⟩ = m_i k_BT
    boltzmann   x from exp(-U/k_BT), p from Maxwell                       (one or two coordinates with a potential)
    wigner      harmonic oscillator: ⟨(x-x_0)²⟩ = coth(ω/2k_BT)/(2mω), ⟨p²⟩ = mω coth(ω/2k_BT)/2      (k_BT = 0: ground state)
    arrays      positions (N, c), momenta (N, c)

Row i of the random numbers belongs to trajectory i, so that a larger ensemble begins with the smaller one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nonadia.expressions import location
from nonadia.units import atomic

from .field import Field, FloatArray, limits

_STREAM = 1  # of the seed; 0 is the noise
_CELLS = {1: 4096, 2: 256}  # per coordinate, for exp(-U/kT)
_KEYS = ("temperature", "boltzmann", "wigner", "positions", "momenta")


def sample(initial: Mapping[str, Any] | None, field: Field, trajectories: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """x, p (N, c). Errors: ValueError naming the key."""
    given = dict(initial or {})
    names, masses = field.names, field.masses
    momentum_keys = {f"p_{name}": i for i, name in enumerate(names)} | ({"p": 0} if len(names) == 1 else {})
    unknown = [key for key in given if key not in (*_KEYS, *names, *momentum_keys)]
    if unknown:
        known = ", ".join([*_KEYS, *names, *momentum_keys])
        raise ValueError(f'initial: "{unknown[0]}" is not known; use some of {known}')
    kinds = [key for key in ("boltzmann", "wigner", "positions") if key in given]
    if len(kinds) > 1:
        raise ValueError(f"initial: {' and '.join(kinds)} are given; give one of them")
    c = len(names)
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, _STREAM))))
    normals = random.standard_normal((trajectories, 2 * c))
    if "positions" in given:
        x, p = _array(given, "positions", trajectories, c), np.zeros((trajectories, c))
    elif "wigner" in given:
        x, p = _wigner(given["wigner"], field, normals)
    elif "boltzmann" in given:
        kT = _positive(given["boltzmann"], "boltzmann")
        x = _boltzmann(field, kT, trajectories, seed)
        p = normals[:, c:] * np.sqrt(masses * kT)
    else:
        missing = [name for name in names if name not in given]
        if missing:
            raise ValueError(f'initial: no value for "{missing[0]}"; give its start, or boltzmann, wigner or positions')
        x = np.broadcast_to(np.array([float(given[name]) for name in names]), (trajectories, c)).copy()
        p = np.zeros((trajectories, c))
    if "temperature" in given:
        if kinds not in ([], ["positions"]):
            raise ValueError(f"initial: temperature does not go with {kinds[0]}, which has its own")
        kT = atomic(given["temperature"], "temperature")
        if not kT >= 0:
            raise ValueError(f"initial: temperature = {kT} must not be negative")
        p = p + normals[:, c:] * np.sqrt(masses * kT)
    if "momenta" in given:
        p = p + _array(given, "momenta", trajectories, c)
    for key, i in momentum_keys.items():
        p[:, i] += float(given.get(key, 0.0))
    _within(x, field)
    return np.ascontiguousarray(x), np.ascontiguousarray(p)


def _array(given: Mapping[str, Any], key: str, trajectories: int, c: int) -> FloatArray:
    value = np.asarray(given[key], dtype=float)
    if value.ndim == 1 and c == 1:
        value = value[:, None]
    if value.shape != (trajectories, c) or not np.all(np.isfinite(value)):
        raise ValueError(f"initial: {key} has the shape {value.shape}; must be {(trajectories, c)} and finite")
    return value.copy()


def _positive(value: Any, key: str) -> float:
    number = atomic(value, "temperature")
    if not (number > 0 and np.isfinite(number)):
        raise ValueError(f"initial: {key} = {value} must be a positive temperature k_BT")
    return number


def _wigner(options: Mapping[str, Any], field: Field, normals: FloatArray) -> tuple[FloatArray, FloatArray]:
    wrong = [key for key in options if key not in ("frequency", "center", "momentum", "temperature")]
    if wrong:
        raise ValueError(f'initial: wigner.{wrong[0]} is not known; use frequency, center, momentum, temperature')
    if "frequency" not in options:
        raise ValueError("initial: wigner needs the frequency of the oscillator, one for each coordinate")
    c, masses = len(field.names), field.masses

    def each(key: str, default: float) -> FloatArray:
        value = np.asarray(options.get(key, default), dtype=float)
        if value.shape not in ((), (c,)):
            raise ValueError(f"initial: wigner.{key} has the shape {value.shape}; one number, or one for each of {field.names}")
        return np.broadcast_to(value, (c,))

    frequency, kT = each("frequency", 0.0), each("temperature", 0.0)
    if not np.all(frequency > 0) or not np.all(kT >= 0):
        raise ValueError("initial: wigner: frequencies must be positive and temperatures not negative")
    with np.errstate(divide="ignore"):
        quanta = 1.0 / np.tanh(np.where(kT > 0, frequency / (2.0 * kT), np.inf))
    x = each("center", 0.0) + normals[:, :c] * np.sqrt(quanta / (2.0 * masses * frequency))
    return x, each("momentum", 0.0) + normals[:, c:] * np.sqrt(0.5 * masses * frequency * quanta)


def _boltzmann(field: Field, kT: float, trajectories: int, seed: int) -> FloatArray:
    """Cells with weight exp(-U/kT) at their centre, a point in the cell, and rejection against the cell's largest weight."""
    c = len(field.names)
    lower, upper = field.bounds
    if c not in _CELLS or not np.all(np.isfinite([lower, upper])):
        raise ValueError(
            "initial: boltzmann needs a table with limits, of one or two coordinates; give positions and momenta, or fixed "
            "values with a temperature and let the ensemble relax"
        )
    cells = _CELLS[c]
    axes = [np.linspace(lower[i], upper[i], cells + 1) for i in range(c)]
    width = (upper - lower) / cells
    corners = np.stack([m.ravel() for m in np.meshgrid(*axes, indexing="ij")], axis=-1)
    potential = field.potential(corners, 0.0)
    if potential is None:
        raise ValueError("initial: boltzmann needs a potential, which this table does not have; give positions and momenta")
    # the outer edge itself may count as outside; next to it there is a corner inside
    least = np.where(np.isfinite(potential), potential, np.inf).reshape((cells + 1,) * c)
    for axis in range(c):  # the lowest corner of each cell bounds the weight in it, up to curvature within the cell
        least = np.minimum(np.take(least, range(cells), axis), np.take(least, range(1, cells + 1), axis))
    floor = least.min()
    if not np.isfinite(floor):
        raise ValueError("initial: boltzmann: the potential of the table is finite nowhere")
    weight = np.exp(-(least - floor) / kT).ravel()
    edge = np.ones((cells,) * c, dtype=bool)
    edge[(slice(1, -1),) * c] = False
    if weight[edge.ravel()].max() > 1e-6 * weight.max():
        raise ValueError("initial: boltzmann: exp(-U/k_BT) does not vanish at the ends of the table; a wider table is needed")
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, _STREAM + 1))))
    cumulative = np.cumsum(weight)
    x = np.empty((trajectories, c))
    left = np.arange(trajectories)
    while left.size:
        cell = np.searchsorted(cumulative, random.random(left.size) * cumulative[-1])
        corner = np.stack(np.unravel_index(cell, (cells,) * c), axis=-1)
        tried = lower + (corner + random.random((left.size, c))) * width
        value = field.potential(tried, 0.0)
        assert value is not None
        # 5% of kT: what curvature may take off the lowest corner
        accept = random.random(left.size) < np.exp(-(value - floor) / kT) / (weight[cell] * np.exp(0.05))
        x[left[accept]] = tried[accept]
        left = left[~accept]
    return x


def _within(x: FloatArray, field: Field) -> None:
    force = field.force(x[: min(len(x), 100_000)], 0.0)
    wrong = np.flatnonzero(~np.isfinite(force).all(axis=1))
    if wrong.size:
        raise ValueError(
            f"initial: {wrong.size} of {len(x)} trajectories start where there is no force (the first"
            f"{location(x[wrong[0]], field.names)}; the table covers {limits(field)}); start inside, widen the table, or "
            "declare an asymptote"
        )
