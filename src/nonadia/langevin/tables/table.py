"""A table of forces as a field: splines through its points, with their error stated (theory B7).

    F(x,t) = -∂U_0/∂x + F_el(x,t),  γ(x,t),  D(x,t)

One coordinate: cubic splines on equal cells, which the compiled ensemble reads (line, cells). More: tensor-product splines
(product, tensor). A dimension of the dataset that is no coordinate is driven: by a function of time, or by time itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..field import FloatArray, Uniform
from .cells import MOST
from .input import Drive, Masses, TableData, describe, read, read_asymptote
from .line import Line, LineState, basis, contract
from .positive import judge_grid
from .product import Product, ProductState
from .spline import certify, certify_axis, interpolate, points_needed

if TYPE_CHECKING:
    import xarray as xr

BareForce = Callable[[FloatArray], FloatArray]
_SLOPE_DEGREE = 5  # of the spline of U_0 whose derivative is the bare force


class ForceTable:
    """Field of a table on a product grid; see `from_dataset`.

    errors: the certified interpolation error (spline.py) of force, friction and noise, largest over the table and over the
    components, the resampling to equal cells included.
    """

    def __init__(
        self,
        data: TableData,
        *,
        bare_force: BareForce | None = None,
        asymptote: Mapping[str, Mapping[str, str]] | None = None,
        tolerance: float = 1e-3,
    ) -> None:
        if not 0 < tolerance < 1:
            raise ValueError(f"tolerance = {tolerance} must lie between 0 and 1")
        self.names, self.masses, self.leads = data.names, data.masses, data.leads
        self.messages: list[str] = []
        self.time_dependent = bool(data.driven)
        self._driven, self._axes = data.driven, data.axes
        self._basis = [basis(d.points) for d in data.driven]
        self._now: tuple[tuple[float, ...], LineState | ProductState] | None = None
        kinds = read_asymptote(asymptote, data.names)
        force, extra = self._whole_force(data, bare_force)
        parts = {"force": force, "friction": data.friction, "noise": data.noise}
        flat = {name: array.reshape(*array.shape[: len(data.all_axes)], -1) for name, array in parts.items()}
        found = {name: self._certify(data, array) for name, array in flat.items()}
        self.errors = {name: float(sum(error.max() for error in each)) for name, each in found.items()}
        self.errors["force"] += extra
        self.messages += judge_grid(data.all_names, data.all_axes, data.noise, self.errors["noise"], data.error_noise)
        sizes = {name: float(np.abs(array).max()) for name, array in flat.items()}
        self._build(data, flat, bare_force, kinds)
        self._judge(data, found, sizes, tolerance)

    @classmethod
    def from_dataset(
        cls,
        forces: xr.Dataset,
        *,
        mass: Masses | None = None,
        bare_force: BareForce | None = None,
        drive: Mapping[str, Drive] | None = None,
        asymptote: Mapping[str, Mapping[str, str]] | None = None,
        tolerance: float = 1e-3,
    ) -> ForceTable:
        """A field from the dataset of `electronic_forces`, or of the same form.

        forces : mean_force(x, mode), friction(x, mode, mode_), noise(…) on a product grid, uneven or not; bare_force or
            bare_potential; current(x, lead), error_noise where known. Atomic units.
        mass : electron masses, a number, by name or in the order of `mode`; else the attribute of the coordinates.
        bare_force : exact -∂U_0/∂x, (N, c) → (N, c); else the variable bare_force, else the derivative of a spline of
            bare_potential, else none: mean_force is the whole force.
        drive : dimension → function of time, e.g. {"bias": lambda t: …}; a dimension "time" is driven by time itself.
        asymptote : coordinate → {"lower": kind, "upper": kind}; "free" (no force, friction or noise), "constant" (values of
            the edge), "linear" (the force goes on linearly); NaN where nothing is declared.
        tolerance : interpolation errors above it, relative to the largest magnitude, are said in `messages`.
        Errors: ValueError (input, positive).
        """
        return cls(read(forces, mass, drive), bare_force=bare_force, asymptote=asymptote, tolerance=tolerance)

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        return np.array([axis[0] for axis in self._axes]), np.array([axis[-1] for axis in self._axes])

    def force(self, x: FloatArray, t: float = 0.0) -> FloatArray:
        """F (N, c), -∂U_0/∂x included."""
        state = self._at(t)
        if isinstance(state, LineState):
            return self._line.values(x[:, 0], state.uniform.kick[:, None, :])
        return state.force(x)

    def local(self, x: FloatArray, t: float = 0.0) -> tuple[FloatArray, FloatArray]:
        """γ and D, (N, c, c) each."""
        state = self._at(t)
        if isinstance(state, LineState):
            both = self._line.values(x[:, 0], state.uniform.bath.reshape(-1, 2, 4))
            return both[:, :1, None], np.maximum(both[:, 1:, None], 0.0)  # below zero by rounding; NaN stays
        return state.bath(x)

    def potential(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        """U_0 - ∫F_el dx from the lower end (one coordinate), or U_0 (N,)."""
        state = self._at(t)
        if isinstance(state, LineState):
            return self._line.values(x[:, 0], state.potential[:, None, :])[:, 0]
        return state.potential(x) if "potential" in state.coefficients else None

    def current(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        """(N, K), electrons per time from each lead."""
        if not self.leads:
            return None
        state = self._at(t)
        return self._line.values(x[:, 0], state.current) if isinstance(state, LineState) else state.current(x)

    def uniform(self, t: float = 0.0) -> Uniform | None:
        """Equal cells at time t, for one coordinate."""
        state = self._at(t)
        return state.uniform if isinstance(state, LineState) else None

    def _at(self, t: float) -> LineState | ProductState:
        where = tuple(d.at(t) for d in self._driven)
        now = self._now
        if now is None or now[0] != where:
            parts = [np.asarray(splines(value), dtype=float) for splines, value in zip(self._basis, where, strict=True)]
            backend = self._line if len(self.names) == 1 else self._product
            made: LineState | ProductState
            made = backend.at(lambda array: contract(array, parts))
            self._now = now = (where, made)  # one assignment: threads see the old state or the new one
        return now[1]

    def _whole_force(self, data: TableData, bare: BareForce | None) -> tuple[FloatArray, float]:
        """Points of the force that are interpolated, and the error that the bare force brings besides."""
        if bare is not None:
            edges = np.stack([self._corner(0), self._corner(-1)])
            found = np.asarray(bare(edges))
            if found.shape != edges.shape or not np.all(np.isfinite(found)):
                raise ValueError(f"bare_force: must give finite values of shape (N, {len(self.names)}), got {found!r}")
            return data.force, 0.0
        if data.bare_force is not None:
            return data.force + data.bare_force, 0.0
        if data.potential is None:
            self.messages.append("note: no bare_force and no bare_potential: mean_force is taken as the whole force")
            return data.force, 0.0
        force, worst = data.force.copy(), 0.0
        for i, axis in enumerate(data.axes):
            a = len(data.driven) + i
            along = np.moveaxis(data.potential, a, 0)
            slope = interpolate(axis, along, _SLOPE_DEGREE).derivative()(axis)
            force[..., i] -= np.moveaxis(slope, 0, a)
            worst = max(worst, float(certify(axis, along, _SLOPE_DEGREE, derivative=1).max()))
        return force, worst

    def _corner(self, end: int) -> FloatArray:
        return np.array([axis[end] for axis in self._axes])

    @staticmethod
    def _certify(data: TableData, values: FloatArray) -> list[FloatArray]:
        return [certify_axis(axis, values, a) for a, axis in enumerate(data.all_axes)]

    def _build(
        self, data: TableData, flat: dict[str, FloatArray], bare: BareForce | None, kinds: Sequence[tuple[str, str]]
    ) -> None:
        driven = [d.points for d in data.driven]
        current = [] if data.current is None else [data.current]
        if len(self.names) > 1:
            values = {"force": flat["force"], "bath": np.concatenate([flat["friction"], flat["noise"]], axis=-1)}
            if data.current is not None:
                values["current"] = data.current
            if data.potential is not None:
                values["potential"] = data.potential[..., None]
            self._product = Product(data.axes, driven, values, bare, kinds)
            return
        values_1d = np.concatenate([flat["force"], flat["friction"], flat["noise"], *current], axis=-1)
        limits = np.array([self.errors[name] for name in ("force", "friction", "noise")] + [np.inf] * len(self.leads))
        along = None if bare is None else lambda x: np.asarray(bare(x[:, None]), dtype=float)[:, 0]
        anchor = 0.0 if data.potential is None else float(data.potential.reshape(-1, data.potential.shape[-1])[0, 0])
        self._line = Line(data.axes[0], values_1d, driven, along, limits, kinds[0], anchor)
        for name, resampling in zip(("force", "friction", "noise"), self._line.resampling, strict=False):
            if resampling > 0.1 * self.errors[name] and self._line.mesh.cells > MOST // 2:
                self.messages.append(f"{name}: {self._line.mesh.cells} equal cells resolve it to {describe(resampling)} only")
            self.errors[name] += float(resampling)

    def _judge(
        self, data: TableData, found: dict[str, list[FloatArray]], sizes: dict[str, float], tolerance: float
    ) -> None:
        """Says which axis is too coarse for the tolerance, and how many points it would need."""
        for name, each in found.items():
            if self.errors[name] <= tolerance * sizes[name]:
                continue
            wanted = []
            for axis, points, error_of in zip(data.all_names, data.all_axes, each, strict=True):
                error, share = float(error_of.max()), tolerance * sizes[name] / len(each)
                if error > share:
                    needed = points_needed(len(points), error, share)
                    wanted.append(f"{axis} has {len(points)} points and needs at least {needed}")
            relative = self.errors[name] / sizes[name] if sizes[name] else np.inf
            self.messages.append(
                f"{name}: interpolation error {describe(relative)} of its largest value exceeds the tolerance "
                f"{describe(tolerance)}" + (f"; {'; '.join(wanted)}" if wanted else "")
            )
