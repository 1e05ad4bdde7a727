"""What acts on the nuclei at (x, t): the protocol that the integrators know, and a field made of plain functions.

    m dv = F(x,t) dt - γ(x,t) v dt + noise,   ⟨ξ_i ξ_j⟩ = 2 D_ij(x,t) δ(t - t')

F is the whole force, -∂U_0/∂x included. Atomic units; N points, c coordinates, K leads.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


class Uniform(NamedTuple):
    """F, γ, D of one coordinate on equal cells, as cubic polynomials: what the compiled ensemble reads.

    s = (x - start)·inverse_width, k = floor(s) + 1 held within [0, cells + 1], u = s - (k - 1):
    F = ((a_3 u + a_2) u + a_1) u + a_0 with a = kick[k]; γ from bath[k, :4], D from bath[k, 4:]. Rows 0 and cells + 1 hold
    the asymptotes, in the same u that is not held within the cell; NaN where none is declared.
    """

    start: float
    inverse_width: float
    cells: int
    kick: FloatArray  # (cells + 2, 4)
    bath: FloatArray  # (cells + 2, 8)


@runtime_checkable
class Field(Protocol):
    """Force, friction and noise at any points; all methods take many points at once. Pickled to reach other processes."""

    names: tuple[str, ...]
    masses: FloatArray  # (c,)
    leads: tuple[str, ...]
    time_dependent: bool
    errors: dict[str, float]  # largest error of the interpolation of "force", "friction", "noise", absolute
    messages: list[str]  # what the user should know

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest x of the table (c,), ±inf where there is no limit."""
        ...

    def force(self, x: FloatArray, t: float = 0.0) -> FloatArray:
        """F (N, c) at x (N, c); NaN outside a table where no asymptote is declared."""
        ...

    def local(self, x: FloatArray, t: float = 0.0) -> tuple[FloatArray, FloatArray]:
        """γ and D, (N, c, c) each; D symmetric."""
        ...

    def potential(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        """(N,): U_0 - ∫F dx for one coordinate, U_0 alone for more; None where it is not known."""
        ...

    def current(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        """(N, K): electrons per time from each lead into the molecule; None where it is not known."""
        ...

    def uniform(self, t: float = 0.0) -> Uniform | None:
        """The table on equal cells at time t, for one coordinate; None where there is none."""
        ...


def limits(field: Field) -> str:
    """ "x from -9 to 6" for messages."""
    lower, upper = field.bounds
    return ", ".join(f"{name} from {a:.6g} to {b:.6g}" for name, a, b in zip(field.names, lower, upper, strict=True))


Function = Callable[..., ArrayLike]


class CallableField:
    """A field of plain functions of x (N, c), or of x and t.

    force(x) → (N, c); friction(x), noise(x) → (N, c, c), (c, c), or, for one coordinate, (N,) or a number; potential(x) → (N,);
    current(x) → (N, K). A number or an array in place of a function is a constant. units: coordinate → "bohr" or "1" where
    dimensionless; lengths unless said.

    Errors: ValueError where a shape does not fit, a value is not finite, or D is not symmetric.
    """

    def __init__(
        self,
        names: Sequence[str],
        masses: ArrayLike,
        force: Function | ArrayLike,
        friction: Function | ArrayLike = 0.0,
        noise: Function | ArrayLike = 0.0,
        potential: Function | None = None,
        current: Function | None = None,
        leads: Sequence[str] = (),
        units: Mapping[str, str] | None = None,
    ) -> None:
        self.names = tuple(names)
        self.masses = np.broadcast_to(np.asarray(masses, dtype=float), (len(self.names),)).copy()
        if not self.names or not np.all(self.masses > 0) or not np.all(np.isfinite(self.masses)):
            raise ValueError(f"masses {self.masses.tolist()} of {self.names}: each coordinate needs a positive mass")
        self.leads = tuple(leads)
        self.units = dict.fromkeys(self.names, "bohr") | dict(units or {})
        if set(self.units) != set(self.names) or not set(self.units.values()) <= {"bohr", "1"}:
            raise ValueError(f'units {units}: for the coordinates {self.names}, each "bohr" or "1"')
        self._functions = {"force": force, "friction": friction, "noise": noise, "potential": potential, "current": current}
        self._timed = {name: _takes_time(function) for name, function in self._functions.items()}
        self.time_dependent = any(self._timed.values())
        self.errors = {"force": 0.0, "friction": 0.0, "noise": 0.0}
        self.messages: list[str] = []

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        limit = np.full(len(self.names), np.inf)
        return -limit, limit

    def force(self, x: FloatArray, t: float = 0.0) -> FloatArray:
        return self._vector("force", x, t, len(self.names))

    def local(self, x: FloatArray, t: float = 0.0) -> tuple[FloatArray, FloatArray]:
        noise = self._matrix("noise", x, t)
        if not np.allclose(noise, np.swapaxes(noise, 1, 2), rtol=1e-10, atol=0.0, equal_nan=True):
            raise ValueError("noise(x): D must be symmetric; symmetrise it, ⟨ξ_i ξ_j⟩ = (D_ij + D_ji) δ(t - t')")
        return self._matrix("friction", x, t), noise

    def potential(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        if self._functions["potential"] is None:
            return None
        return np.broadcast_to(self._call("potential", x, t), (len(x),)).copy()

    def current(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        if self._functions["current"] is None:
            return None
        return self._vector("current", x, t, len(self.leads))

    def uniform(self, t: float = 0.0) -> Uniform | None:
        return None

    def _call(self, name: str, x: FloatArray, t: float) -> FloatArray:
        function: Any = self._functions[name]
        if not callable(function):
            return np.asarray(function, dtype=float)
        return np.asarray(function(x, t) if self._timed[name] else function(x), dtype=float)

    def _vector(self, name: str, x: FloatArray, t: float, width: int) -> FloatArray:
        value, shape = self._call(name, x, t), (len(x), width)
        if width == 1 and value.shape == (len(x),):
            value = value[:, None]
        if value.shape not in {shape, (width,), ()}:
            raise ValueError(f"{name}(x) has the shape {value.shape}; must be {shape} for x of shape {x.shape}")
        return np.broadcast_to(value, shape).copy()

    def _matrix(self, name: str, x: FloatArray, t: float) -> FloatArray:
        value, c = self._call(name, x, t), len(self.names)
        if c == 1 and value.shape == (len(x),):
            value = value[:, None, None]
        if c > 1 and value.shape == ():
            value = value * np.eye(c)
        if value.shape not in {(len(x), c, c), (c, c), ()}:
            raise ValueError(f"{name}(x) has the shape {value.shape}; must be {(len(x), c, c)} for x of shape {x.shape}")
        return np.broadcast_to(value, (len(x), c, c)).copy()


def _takes_time(function: Any) -> bool:
    """Whether a function is called with x and t: it has a second positional parameter without a default."""
    if not callable(function):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = [p for p in inspect.signature(function).parameters.values() if p.kind in kinds]
    except (TypeError, ValueError):  # compiled functions without a signature
        return False
    return sum(1 for p in parameters if p.default is inspect.Parameter.empty) > 1
