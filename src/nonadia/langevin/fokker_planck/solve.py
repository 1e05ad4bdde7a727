"""na.langevin's independent reference in one dimension: the stationary density in phase space.

    0 = -(p/m) ∂W/∂x - F ∂W/∂p + ∂/∂p [(γ/m) p W] + D ∂²W/∂p²          LD(43), one coordinate

γ may be negative, D need not be γ k_BT. Nothing here is shared with the integrators of trajectories.

    from nonadia.langevin.fokker_planck import bin_probabilities, fokker_planck

    exact = fokker_planck(field, tolerance=1e-4)                 # Field with one coordinate
    float(exact["kinetic_temperature"]), exact.attrs["converged"]
    expected = trajectories * bin_probabilities(exact, edges)    # for χ² of a histogram of positions
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..field import Field
from .basis import FloatArray
from .box import Ends, first_box
from .dataset import assemble
from .state import State, distances
from .stationary import FIRST, LARGEST, Search, locate, open_ends, refine

NOT_CONVERGED = "not converged: the tolerance {:g} needs a finer grid than `largest` allows; errors are those of the last step"
__all__ = ["bin_probabilities", "cumulative", "fokker_planck"]


def fokker_planck(
    field: Field,
    *,
    temperature_scale: float | None = None,
    tolerance: float = 1e-4,
    box: tuple[float, float] | None = None,
    points: int = 301,
    time: float = 0.0,
    largest: int = LARGEST,
) -> xr.Dataset:
    """Stationary W(x,p) of one coordinate, with the error found by refinement.

    temperature_scale: k_BT in hartree that sets the first box; found from averages of γ and D over orbits if not given.
    tolerance: of every moment (relative to the temperature and the widths) and of ∫|error of a marginal density|.
    box: reflecting walls at these positions; without it the box is chosen so that the density has died out at its ends.
    points: of x and of p in the result. time: where a time-dependent field is frozen. largest: numbers in the LU factors.

    Result: density(x,p), position_density(x), momentum_density(p), position_cdf, momentum_cdf, position_current(x),
    current_x(x,p), current_p(x,p), moments and energies with error_*, current(lead); attrs converged, messages.
    Errors: ValueError for more than one coordinate, a field without values in the box, a potential that does not confine.
    """
    search, state = located(field, temperature_scale, box, time, largest)
    final, before, converged = refine(search, _cells(state), tolerance)
    if search.beta > 0.0 and max(distances(before, final).values()) > 10.0 * tolerance:  # a weight that does not fit the tails
        search.beta = 0.0
        final, before, converged = refine(search, _cells(state), tolerance)
    ends = open_ends(search, final, min(tolerance, 1e-4))
    messages = [*field.messages, *search.messages, *ends]
    if not converged:
        messages.append(NOT_CONVERGED.format(tolerance))
    return assemble(final, before, tolerance, points, converged and not ends and not search.messages, messages, time)


def located(
    field: Field, temperature_scale: float | None, box: tuple[float, float] | None, time: float, largest: int
) -> tuple[Search, State]:
    """A box that holds the stationary density, the weight that suits it, and a first solution."""
    if len(field.names) != 1:
        raise ValueError(f"field: {len(field.names)} coordinates {field.names}; the Fokker-Planck solver takes one")
    messages: list[str] = []
    ends: Ends = (None, None) if box is None else (float(box[0]), float(box[1]))
    search = Search(field, first_box(field, time, ends, temperature_scale, messages), 0.0, time=time, largest=largest)
    search.beta = weight(field, search, search.stationary(FIRST))
    state = locate(search)
    search.beta = weight(field, search, state)
    search.messages = messages  # what a coarse grid says about slow relaxation does not count
    return search, state


def weight(field: Field, search: Search, state: State) -> float:
    """β of the weight e^{-βH}: 1/2T where the friction is positive all over, 1/T at equilibrium, else none.

    The weighted norm ∫W² e^{βH} is finite, and friction is damping in it, where β < 2γ/D on the average over an orbit.
    """
    x = np.linspace(search.box.lower, search.box.upper, 801)
    seen = np.abs(state.position_density(x))
    seen = seen > 1e-3 * seen.max()
    friction, noise = (value[:, 0, 0] for value in field.local(x[:, None], search.time))
    if np.any(friction[seen] <= 0.0):
        return 0.0
    if np.all(friction > 0.0):
        ratio = noise / friction
        if np.ptp(ratio) < 0.05 * ratio.mean() and ratio.min() > 0.0:
            return float(1.0 / ratio.mean())
    return float(0.5 / max(state.scalars()["kinetic_temperature"], 1e-300))


def _cells(state: State) -> tuple[int, int]:
    return state.operator.x.edges.size - 1, state.operator.p.edges.size - 1


def cumulative(dataset: xr.Dataset, values: ArrayLike, axis: str = "x") -> FloatArray:
    """Probability of finding x (axis "x") or p ("p") below each value: cubic between the stored points, with exact slopes."""
    from scipy.interpolate import CubicHermiteSpline

    name = {"x": "position", "p": "momentum"}.get(axis)
    if name is None:
        raise ValueError(f'axis: {axis!r}; must be "x" or "p"')
    y, cdf, density = dataset[axis].values, dataset[f"{name}_cdf"].values, dataset[f"{name}_density"].values
    wanted = np.asarray(values, dtype=float)
    found = CubicHermiteSpline(y, cdf, density)(np.clip(wanted, y[0], y[-1]))
    return np.asarray(found, dtype=float)


def bin_probabilities(dataset: xr.Dataset, edges: ArrayLike, axis: str = "x") -> FloatArray:
    """Probability of each bin between increasing edges of x or p (axis "p"); edges may be ±inf."""
    wanted = np.asarray(edges, dtype=float)
    if wanted.ndim != 1 or wanted.size < 2 or not np.all(wanted[1:] > wanted[:-1]):
        raise ValueError("edges: must be at least two increasing values")
    return np.asarray(np.diff(cumulative(dataset, wanted, axis)))
