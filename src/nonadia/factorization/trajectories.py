"""Trajectories of the nuclei (theory A7).

Newton:   see `newton`
Quantum:  Ṙ_a = v_a(R, t) from points of the initial density: n p_a and n are interpolated, in space by splines of degree 5,
          in time by Hermite cubics with the exact ∂_tn and ∂_t(n p_a), and divided

The error is told by the probability on the left of a trajectory, which stays (1D), or by the interpolation in time over two
intervals (2D, 3D).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter

from ..wavepacket.propagate import Snapshot as Packet
from .dataset import FORCE
from .fields import fields
from .identities import components
from .moments import moments
from .newton import LOST, lost_norm, newton, newton_verdict
from .problem import Problem
from .spectral import Refinement

if TYPE_CHECKING:
    import xarray as xr

Record = dict[str, NDArray]
DEGREE = 5
SEED = 0  # of the starting points in two and three dimensions
_FEWEST_STEPS = 4  # of a quantum trajectory between two stored times
_CELLS = 0.25  # grid spacings that it moves in one step at most
_MOST_STEPS = 1000
_EMPTY = 1e-14  # of the largest density: there the quotient that is the velocity is noise, and a trajectory rests
QUANTUM_LIMIT = 1e-3  # of the probability (1D), or of the interpolated n and n p


@dataclass(frozen=True, eq=False)
class Flow:
    """At one time, on the fine grid: n, and spline coefficients of (n, n p_a), of their ∂_t, and of n times the force function.

    density (N); values, rates (1 + D, *fine); pull (D, *fine).
    """

    time: float
    density: NDArray
    values: NDArray
    rates: NDArray
    pull: NDArray


def hermite(first: Flow, last: Flow, s: float, entry: int) -> tuple[tuple[float, NDArray], ...]:
    """(weight, coefficients) whose sum interpolates one entry at the part s of the interval."""
    h = last.time - first.time
    return (
        ((1.0 + 2.0 * s) * (1.0 - s) ** 2, first.values[entry]),
        (h * s * (1.0 - s) ** 2, first.rates[entry]),
        (s * s * (3.0 - 2.0 * s), last.values[entry]),
        (h * s * s * (s - 1.0), last.rates[entry]),
    )


class Trajectories:
    """Recorder of quantum trajectories along a run, and Newton trajectories from its ledger.

    newton : whether `dataset` integrates Newton's equation (needs the records of a Ledger with identities).
    quantum : number of quantum trajectories; started at quantiles of n in 1D, drawn from n (seed 0) else.
    """

    def __init__(self, problem: Problem, *, newton: bool = False, quantum: int = 0) -> None:
        self.problem, self.newton, self.quantum = problem, newton, quantum
        count = len(problem.coordinates)
        refine = 4 if count == 1 and problem.refinable else 1
        self._grid = Refinement(problem.coordinates, refine)
        self._start_of_grid = np.array([c.start for c in problem.coordinates])
        self._spacing = np.array([c.step / refine for c in problem.coordinates])
        self._before: Flow | None = None  # two stored times ago
        self._previous: Flow | None = None
        self._points = np.zeros((0, count))

    def record(self, packet: Packet) -> Record:
        """Of a stored time: quantum trajectories and forces on them, (N, D), their error; rms widths of the packet."""
        found: Record = {"rms_width": self._widths(packet.psi)} if self.newton else {}
        if not self.quantum:
            return found
        flow = self._flow(packet.psi, packet.time)
        if self._previous is None:
            self._points = self._start(packet.psi, flow)
        else:
            self._points = self._carried(flow)
        found["quantum_error"] = np.array(self._error(flow))
        self._before, self._previous = self._previous, flow
        found["quantum_position"] = self._points.copy()
        index = self._index(self._points)
        n = np.maximum(self._at(flow.values[0], index), _EMPTY * flow.density.max())
        found["quantum_force"] = np.stack([self._at(f, index) / n for f in flow.pull], axis=-1)
        return found

    def restore(self, record: Mapping[str, NDArray], psi: NDArray, t: float) -> None:
        """Continue behind the time of this record, at which ψ is psi."""
        if self.quantum:
            self._points = np.array(record["quantum_position"])
            self._before, self._previous = None, self._flow(psi, t)

    def _widths(self, psi: NDArray) -> NDArray:
        """rms width of every nuclear component."""
        problem = self.problem
        flat = problem.flat(psi)
        n = np.einsum("s...,s...->...", flat.conj(), flat).real
        n = n.reshape(-1) / n.sum()
        x = np.stack([axis.reshape(-1) for axis in np.meshgrid(*problem.mesh, indexing="ij")])
        away = x - (x @ n)[:, None]
        covariance = (away * n) @ away.T
        return np.sqrt([c.position @ covariance @ c.position for c in components(problem.nuclei, problem.masses)])

    def _flow(self, psi: NDArray, t: float) -> Flow:
        problem, grid = self.problem, self._grid
        flat = problem.flat(psi)
        action = problem.act(flat, t)
        if action is None:
            raise ValueError("quantum trajectories need a Hamiltonian")
        m = moments(flat, action.electronic, -1j * action.total, problem.masses, grid, problem.weight)
        assert m.tau_0 is not None and m.j_rate is not None
        n, change = m.n, 2.0 * m.tau_0.real
        values, rates = [n, *(j.imag for j in m.j)], [change, *(j.imag for j in m.j_rate)]
        molecule = problem.molecule
        vector = None if molecule is None else molecule.vector_potential(t, grid.mesh)
        scalar = None if molecule is None else molecule.scalar_potential(t, grid.mesh)
        force = fields(m, problem.masses, vector, scalar).force
        if vector is not None:
            for a in range(grid.ndim):
                A, rate = vector.value[a].reshape(-1), vector.rate[a].reshape(-1)
                values[a + 1] = values[a + 1] + n * A
                rates[a + 1] = rates[a + 1] + change * A + n * rate

        def filtered(entries: Sequence[NDArray]) -> NDArray:
            return np.stack([spline_filter(x.reshape(grid.shape), order=DEGREE, mode="grid-wrap") for x in entries])

        pull = [np.where(n > 0.0, n * f, 0.0) for f in force]
        return Flow(t, n, filtered(values), filtered(rates), filtered(pull))

    def _start(self, psi: NDArray, flow: Flow) -> NDArray:
        problem = self.problem
        if len(problem.coordinates) == 1:
            return np.interp(self._quantiles(), self._below(flow), self._grid.mesh[0])[:, None]
        flat = problem.flat(psi)
        n = np.einsum("s...,s...->...", flat.conj(), flat).real
        chance = np.random.default_rng(SEED)
        cells = chance.choice(n.size, size=self.quantum, p=(n / n.sum()).reshape(-1))
        index = np.stack(np.unravel_index(cells, n.shape), axis=-1)
        steps = np.array([c.step for c in problem.coordinates])
        return self._start_of_grid + (index + chance.uniform(-0.5, 0.5, index.shape)) * steps

    def _quantiles(self) -> NDArray:
        """Probability on the left of each trajectory, 1D."""
        return (np.arange(self.quantum) + 0.5) / self.quantum

    @staticmethod
    def _below(flow: Flow) -> NDArray:
        """∫_{-∞}^R n at the points of the fine grid, of a norm of 1, 1D."""
        return (np.cumsum(flow.density) - 0.5 * flow.density) / flow.density.sum()

    def _error(self, flow: Flow) -> float:
        """1D: by how much the probability on the left of a trajectory has changed, at most.

        2D, 3D: ∫|Δ|/∫|…| of n and n p_a, Δ being the difference from what the neighbouring stored times interpolate to, over
        16, because Hermite cubics are of order 4 in the interval, and this one is two long.
        """
        if len(self.problem.coordinates) == 1:
            found = np.interp(self._points[:, 0], self._grid.mesh[0], self._below(flow))
            return float(np.abs(found - self._quantiles()).max())
        if self._before is None or self._previous is None:
            return 0.0
        first, middle, worst = self._before, self._previous, 0.0
        s = (middle.time - first.time) / (flow.time - first.time)
        density = float(np.abs(middle.values[0]).sum())
        for entry, values in enumerate(middle.values):
            between = sum(w * part for w, part in hermite(first, flow, s, entry))
            size = max(float(np.abs(f.values[entry]).sum()) for f in (first, middle, flow))
            if entry:  # momenta below that of the box are none
                size = max(size, 2.0 * np.pi / self.problem.coordinates[entry - 1].length * density)
            worst = max(worst, float(np.abs(between - values).sum()) / size / 16.0)
        return worst

    def _carried(self, last: Flow) -> NDArray:
        """The points, one stored time later, by the classical Runge-Kutta method."""
        assert self._previous is not None
        first = self._previous
        span = last.time - first.time
        fastest = float(np.abs(self._velocity(self._points, 0.0, first, last) / self._spacing).max())
        steps = min(_MOST_STEPS, max(_FEWEST_STEPS, math.ceil(fastest * span / _CELLS)))
        lowest = self._start_of_grid
        highest = lowest + self._spacing * (np.array(self._grid.shape) - 1.0)
        x, h = self._points, span / steps
        for k in range(steps):
            s = k / steps
            k1 = self._velocity(x, s, first, last)
            k2 = self._velocity(x + 0.5 * h * k1, s + 0.5 / steps, first, last)
            k3 = self._velocity(x + 0.5 * h * k2, s + 0.5 / steps, first, last)
            k4 = self._velocity(x + h * k3, s + 1.0 / steps, first, last)
            x = np.clip(x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), lowest, highest)
        return x

    def _index(self, x: NDArray) -> NDArray:
        return np.asarray(((x - self._start_of_grid) / self._spacing).T)

    @staticmethod
    def _at(coefficients: NDArray, index: NDArray) -> NDArray:
        return np.asarray(map_coordinates(coefficients, index, order=DEGREE, mode="grid-wrap", prefilter=False))

    def _velocity(self, x: NDArray, s: float, first: Flow, last: Flow) -> NDArray:
        """v at the points x (N, D) and the part s of the interval; at most what the grid can represent, 0 where n vanishes."""
        index, masses = self._index(x), self.problem.masses
        found = [
            np.asarray(sum(w * self._at(c, index) for w, c in hermite(first, last, s, entry)))
            for entry in range(1 + x.shape[1])
        ]
        n = found[0]
        there = n > _EMPTY * max(first.density.max(), last.density.max())
        v = np.stack(found[1:], axis=-1) * np.where(there, 1.0 / np.where(there, n, 1.0), 0.0)[:, None] / masses
        most = np.array([c.largest_momentum for c in self.problem.coordinates]) / masses
        return np.asarray(np.clip(v, -most, most))

    def dataset(
        self, times: Sequence[float], records: Sequence[Mapping[str, NDArray]], ledger: Sequence[Mapping[str, NDArray]]
    ) -> xr.Dataset:
        """The /trajectories group; ledger: the records of the factorization at the same times.

        Attributes converged, messages, newton_error (bohr), quantum_error.
        """
        import xarray as xr

        messages: list[str] = []
        lost = lost_norm(self.problem, ledger)

        found = xr.Dataset(coords={"time": ("time", np.asarray(times, dtype=float), {"units": "hbar/hartree"})})
        if self.quantum:
            names = np.array(self.problem.names, dtype=object)
            positions = np.stack([record["quantum_position"] for record in records])
            found = found.assign_coords(coordinate=("coordinate", names))
            dims, words = ("time", "trajectory", "coordinate"), {"units": "bohr", "long_name": "quantum trajectories"}
            found["quantum_position"] = (dims, positions, words)
            forces = np.stack([record["quantum_force"] for record in records])
            found["quantum_force"] = (dims, forces, {"units": FORCE, "long_name": "force function at the quantum trajectories"})
            error = max(float(record["quantum_error"]) for record in records)
            found.attrs["quantum_error"] = error
            if lost > LOST:
                messages.append(f"quantum trajectories need a conserved norm; the absorber took {lost:.1e} of it")
            elif not error <= QUANTUM_LIMIT:
                what = "probability on their left" if len(names) == 1 else "interpolated density and flow"
                messages.append(
                    f"quantum trajectories are off by {error:.1e} of the {what}, not {QUANTUM_LIMIT:.0e}; "
                    "store more often (propagation.store_every)"
                )
        if self.newton:
            centres = newton(self.problem, times, ledger)
            found = found.merge(centres).assign_attrs(found.attrs | centres.attrs)
            messages += newton_verdict(centres.attrs["newton_error"], min(float(r["rms_width"].min()) for r in records), lost)
        found.attrs |= {"converged": int(not messages), "messages": json.dumps(messages)}
        return found
