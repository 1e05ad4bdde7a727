"""Forces at scattered points of two or more coordinates, between them by radial basis functions (SciPy).

    q(x) = Σ_k c_k φ(|x - x_k|) + polynomial,   φ(r) = r³ or -r⁵, coordinates scaled by their spread

Up to EXACT points all of them carry every value; beyond, the nearest NEIGHBORS do. The kernel is the one of the two that
predicts points left out better. Error: the worst prediction of points left out in turn, a tenth at a time (cross-validation),
times a margin. Outside the convex hull of the points (in more than five coordinates: outside their box, or farther from every
point than any of them is from its nearest neighbour) there is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from ..field import FloatArray, Uniform
from .input import Masses, describe, masses_of
from .positive import judge_points, lifted
from .region import Region

if TYPE_CHECKING:
    import xarray as xr

KERNELS = ("cubic", "quintic")
EXACT, NEIGHBORS = 1500, 60
_FOLDS = 10
_MOST_CHECKED = 2000  # points left out in turn, at most
_MARGIN = 3.0
BareForce = Callable[[FloatArray], FloatArray]


class ScatteredTable:
    """Field of forces at points: see the module, and `from_dataset`.

    errors: cross-validated, absolute, the largest over the points and components, of force, friction and noise.
    """

    time_dependent = False

    def __init__(
        self,
        names: Sequence[str],
        masses: FloatArray,
        points: FloatArray,
        force: FloatArray,
        friction: FloatArray,
        noise: FloatArray,
        *,
        bare_force: BareForce | None = None,
        potential: FloatArray | None = None,
        current: FloatArray | None = None,
        leads: Sequence[str] = (),
        error_noise: FloatArray | None = None,
        slope_of_potential: bool = False,
        tolerance: float = 1e-3,
    ) -> None:
        """points (N, c); force (N, c), friction, noise (N, c, c), potential (N,).

        force is the whole force, unless bare_force(x) or the slope of the interpolated potential is to be added.
        """
        self.names, self.masses, self.leads = tuple(names), np.asarray(masses, dtype=float), tuple(leads)
        self.messages: list[str] = []
        self._bare = bare_force
        self._shift, self._scale = points.mean(axis=0), points.std(axis=0)
        count, c = points.shape
        self._check(points)
        noise = 0.5 * (noise + np.swapaxes(noise, 1, 2))
        extra = 0.0
        if slope_of_potential and potential is not None:
            slope, extra = self._slope(points, np.asarray(potential, dtype=float)[:, None])
            force = force - slope
        parts = {"force": force, "friction": friction, "noise": noise}
        if potential is not None:
            parts["potential"] = potential[:, None]
        if current is not None:
            parts["current"] = current
        flat = {name: np.asarray(part, dtype=float).reshape(count, -1) for name, part in parts.items()}
        for name, values in flat.items():
            bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
            if bad.size:
                where = self._where(points[bad[0]])
                raise ValueError(f"{name}: the values of {bad.size} of {count} points are not finite, the first at {where}")
        self.region = Region(points)
        self._slices = dict(zip(flat, _slices([v.shape[1] for v in flat.values()]), strict=True))
        values = np.concatenate(list(flat.values()), axis=1)
        self.sizes = np.maximum(np.abs(values).max(axis=0), np.finfo(float).tiny)
        chosen = [self._cross_validated(points, values, kernel) for kernel in KERNELS]
        best = int(np.argmin([(error / self.sizes).max() for error in chosen]))
        self.kernel = KERNELS[best]
        self._interpolators = {name: self._fit(points, values[:, part]) for name, part in self._slices.items()}
        error = chosen[best]
        self.errors = {name: float(error[self._slices[name]].max()) for name in ("force", "friction", "noise")}
        self.errors["force"] += extra
        said = judge_points(names, points, noise, 0.0 if error_noise is None else np.abs(error_noise).sum(2).max(1))
        between = 0.5 * (points + points[np.random.default_rng(0).permutation(count)])
        between = between[self.region.holds(between)]
        own = 0.0 if error_noise is None else float(np.abs(error_noise).sum(2).max())
        if len(between):
            between_noise = self._values("noise", between).reshape(-1, c, c)
            said = judge_points(names, between, between_noise, c * self.errors["noise"] + own) or said
        self.messages += said
        for name, value in self.errors.items():
            size = float(self.sizes[self._slices[name]].max())
            if value > tolerance * size:
                self.messages.append(
                    f"{name}: interpolation error {describe(value / size)} of its largest value, judged by points left out, "
                    f"exceeds the tolerance {describe(tolerance)}: {count} points are too few"
                )

    @classmethod
    def from_dataset(
        cls,
        forces: xr.Dataset,
        *,
        mass: Masses | None = None,
        bare_force: BareForce | None = None,
        tolerance: float = 1e-3,
    ) -> ScatteredTable:
        """From the dataset of `electronic_forces` at an array of points: every variable over the dimension "point".

        bare_force : exact -∂U_0/∂x, (N, c) → (N, c); else the variable bare_force, else the gradient of the interpolated
            bare_potential, else none: mean_force is the whole force.
        Errors: ValueError for variables that are missing, too few points, points given twice, values that are not finite, D
        not positive semi-definite, masses not positive.
        """
        if "point" not in forces.dims:
            raise ValueError('the forces have no dimension "point"; use ForceTable for a product grid')
        missing = [name for name in ("mean_force", "friction", "noise", "mode") if name not in forces.variables]
        if missing:
            raise ValueError(f"the forces have no variable {', '.join(missing)}")
        odd = set(forces["mean_force"].dims) - {"point", "mode"}
        if odd:
            raise ValueError(f"mean_force: dimension {', '.join(sorted(map(str, odd)))}: choose one value with forces.sel(…)")
        names = [str(name) for name in forces["mode"].values]
        unknown = [name for name in names if name not in forces.coords]
        if unknown:
            raise ValueError(f"the forces have no coordinate {', '.join(unknown)}, which `mode` names")
        points = np.stack([np.asarray(forces[name].values, dtype=float) for name in names], axis=-1)

        def values(name: str, *dims: str) -> FloatArray | None:
            return np.asarray(forces[name].transpose("point", *dims).values, dtype=float) if name in forces else None

        force = values("mean_force", "mode")
        friction, noise = (values(name, "mode", "mode_") for name in ("friction", "noise"))
        assert force is not None and friction is not None and noise is not None
        bare = values("bare_force", "mode")
        if bare_force is None and bare is not None:
            force = force + bare
        potential = values("bare_potential")
        found = cls(
            names,
            masses_of(forces, names, mass),
            points,
            force,
            friction,
            noise,
            bare_force=bare_force,
            potential=potential,
            slope_of_potential=bare_force is None and bare is None and potential is not None,
            current=values("current", "lead"),
            leads=[str(lead) for lead in forces["lead"].values] if "lead" in forces.coords else (),
            error_noise=values("error_noise", "mode", "mode_"),
            tolerance=tolerance,
        )
        if bare_force is None and bare is None and potential is None:
            found.messages.append("note: no bare_force and no bare_potential: mean_force is taken as the whole force")
        return found

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        return self.region.lower, self.region.upper

    def force(self, x: FloatArray, t: float = 0.0) -> FloatArray:
        force = self._values("force", x)
        if self._bare is not None:
            inside = np.flatnonzero(np.isfinite(force).all(axis=1))
            force[inside] += self._bare(x[inside])
        return force

    def local(self, x: FloatArray, t: float = 0.0) -> tuple[FloatArray, FloatArray]:
        c = x.shape[1]
        return self._values("friction", x).reshape(-1, c, c), lifted(self._values("noise", x).reshape(-1, c, c))

    def potential(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        """U_0 (N,)."""
        return self._values("potential", x)[:, 0] if "potential" in self._slices else None

    def current(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        return self._values("current", x) if "current" in self._slices else None

    def uniform(self, t: float = 0.0) -> Uniform | None:
        return None

    def _values(self, name: str, x: FloatArray) -> FloatArray:
        part = self._slices[name]
        result = np.full((len(x), part.stop - part.start), np.nan)
        inside = np.flatnonzero(self.region.holds(x))
        if inside.size:
            result[inside] = self._interpolators[name]((x[inside] - self._shift) / self._scale)
        return result

    def _fit(self, points: FloatArray, values: FloatArray, kernel: str | None = None) -> RBFInterpolator:
        neighbors = None if len(points) <= EXACT else NEIGHBORS
        scaled = (points - self._shift) / self._scale
        degree = self._degree(len(points))
        return RBFInterpolator(scaled, values, kernel=kernel or self.kernel, neighbors=neighbors, degree=degree)

    def _degree(self, count: int) -> int:
        """Of the polynomial: 2 where there are clearly more points than its terms, else 1."""
        c = len(self.names)
        return 2 if count >= 2 * (c + 1) * (c + 2) // 2 else 1

    def _cross_validated(self, points: FloatArray, values: FloatArray, kernel: str) -> FloatArray:
        """Worst error (quantities,) of points left out, a tenth at a time, times a margin.

        Those on the hull too, although they are extrapolated: what is near the hull is known worst, and hardly seen otherwise.
        """
        worst = np.zeros(values.shape[1])
        for out in self._folds(len(points)):
            kept = np.setdiff1d(np.arange(len(points)), out)
            predicted = self._fit(points[kept], values[kept], kernel)((points[out] - self._shift) / self._scale)
            worst = np.maximum(worst, np.abs(predicted - values[out]).max(axis=0))
        rounding = 1e-12 * np.abs(values).max(axis=0)
        return np.maximum(_MARGIN * worst, rounding)

    def _slope(self, points: FloatArray, potential: FloatArray) -> tuple[FloatArray, float]:
        """∂U_0/∂x (N, c) at the points, from U_0 (N, 1), and its error: by points left out, as for the values."""

        def gradient(kept: NDArray[np.int64], at: FloatArray) -> FloatArray:
            fitted, h = self._fit(points[kept], potential[kept], "quintic"), 1e-3
            moves = h * np.eye(points.shape[1])
            scaled = (at - self._shift) / self._scale
            return np.stack([(fitted(scaled + m) - fitted(scaled - m))[:, 0] / (2 * h) for m in moves], axis=-1) / self._scale

        everything = np.arange(len(points))
        whole, worst = gradient(everything, points), 0.0
        for out in self._folds(len(points)):
            worst = max(worst, float(np.abs(gradient(np.setdiff1d(everything, out), points[out]) - whole[out]).max()))
        return whole, _MARGIN * worst

    @staticmethod
    def _folds(count: int) -> list[NDArray[np.int64]]:
        order = np.random.default_rng(1).permutation(count)[:_MOST_CHECKED]
        return [order[fold::_FOLDS] for fold in range(_FOLDS)]

    def _check(self, points: FloatArray) -> None:
        count, c = points.shape
        if c == 1:
            raise ValueError(f"one coordinate, {self.names[0]}: sort the points and use ForceTable, it knows its error better")
        fewest = 4 * (c + 1)
        if count < fewest:
            raise ValueError(f"{count} points are too few for {c} coordinates; at least {fewest}")
        if not np.all(np.isfinite(points)):
            raise ValueError("the points must be finite")
        flat = [name for name, scale in zip(self.names, self._scale, strict=True) if not scale > 0]
        if flat:
            raise ValueError(f"{flat[0]}: all points have the same value; leave the coordinate out")
        pairs = cKDTree((points - self._shift) / self._scale).query_pairs(1e-10)
        if pairs:
            raise ValueError(f"the point {self._where(points[min(pairs)[0]])} is given twice")

    def _where(self, point: FloatArray) -> str:
        return ", ".join(f"{name} = {value:.6g}" for name, value in zip(self.names, point, strict=True))


def _slices(widths: Sequence[int]) -> list[slice]:
    ends = np.cumsum([0, *widths])
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]
