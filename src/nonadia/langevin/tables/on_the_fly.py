"""Forces computed where the trajectories go, and kept: no table beforehand (theory B4, B7).

An even grid over a region; a block of its nodes is computed by `electronic_forces` when a trajectory first comes near it, and
kept. Between the nodes: cubic polynomials through the four nearest of each axis (continuous; error of order spacing⁴). U_0 and
its force are those of the model, exactly. What a block gives depends on nothing but itself, so trajectories are the same for
any number of workers and any order in which places are visited.

Error: the larger of two, times a margin, worst over the blocks: in every block one or two points between its nodes are computed
as well; and everywhere in it the cubics differ from polynomials through all nodes of the block along an axis (or, where that
is not much less, the nodes from what every other node predicts for them).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from ...friction import electronic_forces
from ...models.junction import Junction
from ..field import FloatArray, Uniform
from .input import describe
from .positive import judge_points, lifted
from .tensor import local_cubic

Store = MutableMapping[str, dict[str, FloatArray]]
_BLOCK = {1: 8, 2: 5, 3: 5}  # nodes of a block along each axis
_MARGIN = 2.5
_MOST_NODES = 4_000_000


class OnTheFly:
    """Field of a Junction in a region; NaN outside.

    model: one to three classical coordinates. region: name → (lower, upper), atomic units. spacing: of the nodes, at most; a
    number, or by name. tolerance: of `electronic_forces`, which gets method, tiers, poles and decomposition too; also what
    interpolation errors are compared with in `messages`. store: mapping in which blocks are looked up and kept, for later runs.

    errors and messages grow with the places visited. Errors: ValueError for names or numbers that do not fit, D not positive
    semi-definite; whatever `electronic_forces` raises.
    """

    time_dependent = False

    def __init__(
        self,
        model: Junction,
        region: Mapping[str, tuple[float, float]],
        spacing: float | Mapping[str, float],
        *,
        tolerance: float = 1e-3,
        method: str = "auto",
        tiers: int | None = None,
        poles: int | None = None,
        decomposition: str | None = None,
        store: Store | None = None,
    ) -> None:
        self.model = model
        self.names, self.masses = model.coordinate_names, model.masses
        self.leads = tuple(lead.name for lead in model.leads)
        self.units = {c.name: "1" if c.unit == "1" else "bohr" for c in model.coordinates}
        self.errors = {"force": 0.0, "friction": 0.0, "noise": 0.0}
        self.messages: list[str] = []
        self.tolerance = tolerance
        self.computed = 0  # blocks
        self._settings: dict[str, Any] = {
            "method": method, "tiers": tiers, "poles": poles, "decomposition": decomposition, "tolerance": tolerance
        }  # fmt: skip
        self._store, self._lock = store, threading.Lock()
        c = len(self.names)
        if c not in _BLOCK:
            raise ValueError(f"{c} coordinates are too many for a grid of nodes; use ScatteredTable")
        self.lower, self.upper, widths = self._region(region, spacing)
        self._block = _BLOCK[c]
        # whole blocks: the spacing becomes a little smaller
        blocks = np.ceil(((self.upper - self.lower) / widths + 1) / self._block).astype(np.int64)
        self._shape = blocks * self._block
        self.spacing = (self.upper - self.lower) / (self._shape - 1)
        if np.prod(self._shape, dtype=float) > _MOST_NODES:
            sizes = " × ".join(str(n) for n in self._shape)
            raise ValueError(f"spacing: the region would have {sizes} nodes, more than {_MOST_NODES}; take a larger spacing")
        widths_of = {"force": c, "friction": c * c, "noise": c * c, "current": len(self.leads)}
        self._slices: dict[str, slice] = {}
        begin = 0
        for name, width in widths_of.items():
            self._slices[name] = slice(begin, begin + width)
            begin += width
        self._blocks = tuple(int(b) for b in blocks)
        self._values = np.zeros((*self._shape, begin))
        self._done = np.zeros(int(np.prod(blocks)), dtype=bool)
        self._size = np.zeros(begin)
        self._worst = np.zeros(begin)
        self._said: list[str] = []
        model_key = json.dumps([version("nonadia"), model.describe(), self._settings], sort_keys=True, default=str)
        self._key = hashlib.sha256(model_key.encode()).hexdigest()

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        return self.lower, self.upper

    def force(self, x: FloatArray, t: float = 0.0) -> FloatArray:
        force = self._at(x)[:, self._slices["force"]].copy()
        inside = np.flatnonzero(np.isfinite(force).all(axis=1))
        force[inside] += self.model.bare_force(x[inside])
        return force

    def local(self, x: FloatArray, t: float = 0.0) -> tuple[FloatArray, FloatArray]:
        c, found = x.shape[1], self._at(x)
        noise = found[:, self._slices["noise"]].reshape(-1, c, c)
        return found[:, self._slices["friction"]].reshape(-1, c, c), lifted(noise)

    def potential(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        """U_0 (N,): the integral of the electronic force is not known where nothing was computed."""
        inside = ((x >= self.lower) & (x <= self.upper)).all(axis=1)
        result = np.full(len(x), np.nan)
        result[inside] = self.model.bare_potential(x[inside])
        return result

    def current(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        return self._at(x)[:, self._slices["current"]]

    def uniform(self, t: float = 0.0) -> Uniform | None:
        return None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_lock", "_store")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock, self._store = threading.Lock(), None

    def _at(self, x: FloatArray) -> FloatArray:
        """All quantities (N, Q), blocks computed as needed."""
        result = np.empty((len(x), self._values.shape[-1]))
        x = np.ascontiguousarray(x)
        while True:
            wanted = np.zeros_like(self._done)
            arrays = (self._block, self._done, self._values.reshape(-1), wanted, result)
            if not local_cubic(x, self.lower, self.spacing, self._shape, *arrays):
                return result
            with self._lock:
                for index in np.flatnonzero(wanted & ~self._done):
                    self._compute(int(index))

    def _compute(self, index: int) -> None:
        """One block of nodes, and the points between them at which the interpolation is judged."""
        c, n = len(self.names), self._block
        corner = np.array(np.unravel_index(index, self._blocks)) * n
        offsets = np.stack(np.meshgrid(*[np.arange(n)] * c, indexing="ij"), axis=-1).reshape(-1, c)
        between = np.array([[2.5], [4.5]]) if c == 1 else np.full((1, c), 1.5)
        points = self.lower + (corner + np.vstack([offsets, between])) * self.spacing
        points = np.clip(points, self.lower, self.upper)
        key = hashlib.sha256(self._key.encode() + points.tobytes()).hexdigest()
        stored = self._store.get(key) if self._store is not None else None
        if stored is None:
            stored = self._forces(points)
            if self._store is not None:
                self._store[key] = stored
        values = stored["values"]
        nodes = values[: len(offsets)].reshape(*(n,) * c, -1)
        predicted = np.empty((len(between), values.shape[1]))
        one, shape = np.ones(1, dtype=bool), np.full(c, n, dtype=np.int64)
        grid = (np.zeros(c), np.ones(c), shape, n, one, np.ascontiguousarray(nodes).reshape(-1))
        local_cubic(between.astype(float), *grid, np.zeros(1, dtype=bool), predicted)
        noise = values[:, self._slices["noise"]].reshape(-1, c, c)
        for line in judge_points(self.names, points, noise, stored["error_noise"]) + json.loads(str(stored["messages"])):
            if line not in self._said:
                self._said.append(line)
        self._values[tuple(slice(int(k), int(k) + n) for k in corner)] = nodes
        self._worst = np.maximum(self._worst, np.abs(predicted - values[len(offsets) :]).max(axis=0))
        along = np.zeros(values.shape[1])
        for a in range(c):
            raised, left_out = (
                np.abs(np.tensordot(matrix, nodes, axes=(1, a))).reshape(-1, values.shape[1]).max(axis=0)
                for matrix in (_raised(n), _left_out(n))
            )
            # where every other node does not nearly do, higher polynomials are no better than cubics
            along += np.where(raised > left_out / 6, left_out, raised)
        self._worst = np.maximum(self._worst, along)
        self._size = np.maximum(self._size, np.abs(values).max(axis=0))
        self.computed += 1
        self._judge()
        self._done[index] = True  # last: other threads read the nodes from here on

    def _forces(self, points: FloatArray) -> dict[str, FloatArray]:
        forces = electronic_forces(self.model, points, **self._settings)
        count = len(points)
        parts = ("mean_force", "friction", "noise", "current")
        values = np.concatenate([np.asarray(forces[name].values).reshape(count, -1) for name in parts], axis=1)
        error = np.abs(forces["error_noise"].values).sum(axis=-1).max(axis=-1)
        return {"values": values, "error_noise": error, "messages": np.array(forces.attrs["messages"])}

    def _judge(self) -> None:
        """errors and messages from what is known so far; in place, as others hold them."""
        self.messages[:] = self._said
        for name in self.errors:
            part = self._slices[name]
            error, size = float(_MARGIN * self._worst[part].max()), float(self._size[part].max())
            self.errors[name] = error
            if error > self.tolerance * size:
                factor = (self.tolerance * size / error) ** 0.25
                widths = ", ".join(f"{n}: {describe(h * factor)}" for n, h in zip(self.names, self.spacing, strict=True))
                self.messages.append(
                    f"{name}: interpolation error {describe(error / size)} of its largest value exceeds the tolerance "
                    f"{describe(self.tolerance)}; a spacing of about {widths} would do"
                )

    def _region(
        self, region: Mapping[str, tuple[float, float]], spacing: float | Mapping[str, float]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        if set(region) != set(self.names):
            raise ValueError(f"region: names {sorted(region)}, the coordinates are {sorted(self.names)}")
        ends = np.array([region[name] for name in self.names], dtype=float)
        for name, (low, high) in zip(self.names, ends, strict=True):
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise ValueError(f"region: {name}: from {low} to {high}; must be finite, the lower end first")
        if isinstance(spacing, Mapping) and set(spacing) != set(self.names):
            raise ValueError(f"spacing: names {sorted(spacing)}, the coordinates are {sorted(self.names)}")
        widths = np.array([spacing[name] if isinstance(spacing, Mapping) else spacing for name in self.names], dtype=float)
        if not (np.all(widths > 0) and np.all(np.isfinite(widths))):
            raise ValueError(f"spacing: {widths.tolist()} must be positive")
        return ends[:, 0], ends[:, 1], widths


@lru_cache(maxsize=4)
def _raised(count: int) -> FloatArray:
    """(count - 1, count): polynomial of all nodes minus that of the four nearest in the block, half-way between the nodes."""
    nodes = np.arange(float(count))
    middle = nodes[:-1] + 0.5
    rows = _lagrange(nodes, middle)
    for i, x in enumerate(middle):
        first = min(max(int(x) - 1, 0), count - 4)
        rows[i, first : first + 4] -= _lagrange(nodes[first : first + 4], np.array([x]))[0]
    return rows


@lru_cache(maxsize=4)
def _left_out(count: int) -> FloatArray:
    """(nodes that have neighbours, count): each node minus its prediction from every other one beside it, four or three."""
    rows = []
    for node in range(1, count - 1):
        others = np.arange(1 - node % 2, count, 2, dtype=float)
        near = np.sort(others[np.argsort(np.abs(others - node), kind="stable")[:4]])
        row = np.zeros(count)
        row[near.astype(int)] = -_lagrange(near, np.array([float(node)]))[0]
        row[node] = 1.0
        rows.append(row)
    return np.stack(rows)


def _lagrange(nodes: FloatArray, x: FloatArray) -> FloatArray:
    """Weights (points, nodes) of the polynomial through all nodes."""
    others = [np.delete(nodes, i) for i in range(len(nodes))]
    return np.stack([np.prod((x[:, None] - o) / (n - o), axis=1) for n, o in zip(nodes, others, strict=True)], axis=1)
