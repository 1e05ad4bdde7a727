"""Trajectories of the nuclei (theory A7).

Newton:   M_i ẍ_i = F̄_i(t) (incomplete) and F̄_i + D̄_i (exact), expectation values on χ, from the mean position and momentum
Quantum:  Ṙ_a = v_a(R, t) from points of the initial density: n p_a and n are interpolated, in space by splines of degree 5,
          in time by Hermite cubics with the exact ∂_tn and ∂_t(n p_a), and divided

The Newton forces do not depend on the trajectory, so that the solution is a double integral over time, taken of a spline of
degree 5 through the stored times; the distance of the exact one from ⟨R⟩ tells its error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, make_interp_spline
from scipy.ndimage import map_coordinates, spline_filter

from ..wavepacket.propagate import Snapshot as Packet
from .dataset import ledger_coords
from .identities import components
from .moments import moments
from .problem import Problem
from .spectral import Refinement

if TYPE_CHECKING:
    import xarray as xr

Record = dict[str, NDArray]
DEGREE = 5
SEED = 0  # of the starting points in two and three dimensions
_FEWEST_STEPS = 4  # of a quantum trajectory between two stored times
_CELLS = 0.25  # grid spacings that it moves in one step at most


class Trajectories:
    """Recorder of quantum trajectories along a run, and Newton trajectories from its ledger.

    newton : whether `dataset` integrates Newton's equation (needs the records of a Ledger with identities).
    quantum : number of quantum trajectories; started at quantiles of n in 1D, drawn from n (seed 0) else.
    """

    def __init__(self, problem: Problem, *, newton: bool = False, quantum: int = 0) -> None:
        self.problem, self.newton, self.quantum = problem, newton, quantum
        count = len(problem.coordinates)
        refine = 4 if count == 1 else 1
        self._grid = Refinement(problem.coordinates, refine)
        self._previous: tuple[float, NDArray, NDArray] | None = None
        self._points = np.zeros((0, count))

    def record(self, packet: Packet) -> Record:
        """Positions of the quantum trajectories at a stored time, (N, D)."""
        if not self.quantum:
            return {}
        values, rates = self._flow(packet.psi, packet.time)
        if self._previous is None:
            self._points = self._start(packet.psi)
        else:
            self._points = self._carried((packet.time, values, rates))
        self._previous = (packet.time, values, rates)
        return {"quantum_position": self._points.copy()}

    def restore(self, record: Mapping[str, NDArray], psi: NDArray, t: float) -> None:
        """Continue behind the time of this record, at which ψ is psi."""
        if self.quantum:
            self._points = np.array(record["quantum_position"])
            self._previous = (t, *self._flow(psi, t))

    def _flow(self, psi: NDArray, t: float) -> tuple[NDArray, NDArray]:
        """Spline coefficients of (n, n p_1 …) and of their time derivatives, (1 + D, *fine)."""
        problem, grid = self.problem, self._grid
        flat = problem.flat(psi)
        action = problem.act(flat, t)
        if action is None:
            raise ValueError("quantum trajectories need a Hamiltonian")
        m = moments(flat, action.electronic, -1j * action.total, problem.masses, grid, problem.weight)
        assert m.tau_0 is not None and m.j_rate is not None
        n, change = m.n, 2.0 * m.tau_0.real
        values, rates = [n, *(j.imag for j in m.j)], [change, *(j.imag for j in m.j_rate)]
        vector = None if problem.molecule is None else problem.molecule.vector_potential(t, grid.mesh)
        if vector is not None:
            for a in range(grid.ndim):
                A, rate = vector.value[a].reshape(-1), vector.rate[a].reshape(-1)
                values[a + 1] = values[a + 1] + n * A
                rates[a + 1] = rates[a + 1] + change * A + n * rate

        def filtered(entries: Sequence[NDArray]) -> NDArray:
            return np.stack([spline_filter(x.reshape(grid.shape), order=DEGREE, mode="grid-wrap") for x in entries])

        return filtered(values), filtered(rates)

    def _start(self, psi: NDArray) -> NDArray:
        problem = self.problem
        flat = problem.flat(psi)
        n = np.einsum("s...,s...->...", flat.conj(), flat).real
        if n.ndim == 1:
            grid = self._grid
            fine = moments(flat, None, None, problem.masses, grid, problem.weight).n
            below = np.cumsum(fine) - 0.5 * fine
            wanted = (np.arange(self.quantum) + 0.5) / self.quantum * fine.sum()
            return np.interp(wanted, below, grid.mesh[0])[:, None]
        chance = np.random.default_rng(SEED)
        cells = chance.choice(n.size, size=self.quantum, p=(n / n.sum()).reshape(-1))
        index = np.stack(np.unravel_index(cells, n.shape), axis=-1)
        steps = np.array([c.step for c in problem.coordinates])
        start = np.array([c.start for c in problem.coordinates])
        return start + (index + chance.uniform(-0.5, 0.5, index.shape)) * steps

    def _carried(self, last: tuple[float, NDArray, NDArray]) -> NDArray:
        """The points, one stored time later, by the classical Runge-Kutta method."""
        assert self._previous is not None
        first = self._previous
        span = last[0] - first[0]
        fastest = float(np.abs(self._velocity(self._points, 0.0, first, last) / self._spacing()).max())
        steps = max(_FEWEST_STEPS, math.ceil(fastest * span / _CELLS))
        x, h = self._points, span / steps
        for k in range(steps):
            s = k / steps
            k1 = self._velocity(x, s, first, last)
            k2 = self._velocity(x + 0.5 * h * k1, s + 0.5 / steps, first, last)
            k3 = self._velocity(x + 0.5 * h * k2, s + 0.5 / steps, first, last)
            k4 = self._velocity(x + h * k3, s + 1.0 / steps, first, last)
            x = x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return x

    def _spacing(self) -> NDArray:
        return np.array([c.step / self._grid.refine for c in self.problem.coordinates])

    def _velocity(
        self, x: NDArray, s: float, first: tuple[float, NDArray, NDArray], last: tuple[float, NDArray, NDArray]
    ) -> NDArray:
        """v at the points x (N, D) and the part s of the interval."""
        h = last[0] - first[0]
        weights = (
            (1.0 + 2.0 * s) * (1.0 - s) ** 2,
            h * s * (1.0 - s) ** 2,
            s * s * (3.0 - 2.0 * s),
            h * s * s * (s - 1.0),
        )
        start = np.array([c.start for c in self.problem.coordinates])
        index = ((x - start) / self._spacing()).T
        found = []
        for entry in range(1 + x.shape[1]):
            parts = (first[1][entry], first[2][entry], last[1][entry], last[2][entry])
            total = sum(
                w * map_coordinates(c, index, order=DEGREE, mode="grid-wrap", prefilter=False)
                for w, c in zip(weights, parts, strict=True)
            )
            found.append(np.asarray(total))
        return np.stack(found[1:], axis=-1) / np.maximum(found[0], 1e-300)[:, None] / self.problem.masses

    def dataset(
        self, times: Sequence[float], records: Sequence[Mapping[str, NDArray]], ledger: Sequence[Mapping[str, NDArray]]
    ) -> xr.Dataset:
        """The /trajectories group; ledger: the records of the factorization at the same times."""
        import xarray as xr

        found = xr.Dataset(coords={"time": ("time", np.asarray(times, dtype=float), {"units": "hbar/hartree"})})
        if self.quantum:
            names = np.array(self.problem.names, dtype=object)
            positions = np.stack([record["quantum_position"] for record in records])
            found = found.assign_coords(coordinate=("coordinate", names))
            words = {"units": "bohr", "long_name": "quantum trajectories"}
            found["quantum_position"] = (("time", "trajectory", "coordinate"), positions, words)
        if self.newton:
            centres = newton(self.problem, times, ledger)
            found = found.merge(centres).assign_attrs(centres.attrs)
        return found


def newton(problem: Problem, times: Sequence[float], ledger: Sequence[Mapping[str, NDArray]]) -> xr.Dataset:
    """Centres under F̄ + D̄ and under F̄ alone, with the exact mean position; (time, component)."""
    import xarray as xr

    parts = components(problem.nuclei, problem.masses)
    mass = np.array([c.mass for c in parts])
    t = np.asarray(times, dtype=float)
    D = np.stack([record["mean_internuclear_force"] for record in ledger])
    F = np.stack([record["identity_momentum_rhs"] for record in ledger]) - D
    exact = np.stack([record["position"] for record in ledger])
    momentum = np.stack([record["momentum"] for record in ledger])
    words = {"units": "bohr", "long_name": "mean position"}
    variables: dict[str, Any] = {"exact_position": (("time", "component"), exact, words)}
    for name, force, said in (
        ("newton", F + D, "centre under F + D"),
        ("newton_incomplete", F, "centre under F alone"),
    ):
        p = momentum[0] + _integral(t, force)
        x = exact[0] + _integral(t, p) / mass
        variables[f"{name}_position"] = (("time", "component"), x, {"units": "bohr", "long_name": said})
        energy = (p**2 / (2.0 * mass)).sum(axis=1)
        variables[f"{name}_kinetic_energy"] = (("time",), energy, {"units": "hartree", "long_name": f"T_cm of the {said}"})
    energy = (momentum**2 / (2.0 * mass)).sum(axis=1)
    variables["exact_kinetic_energy"] = (("time",), energy, {"units": "hartree", "long_name": "T_cm of the mean momentum"})
    coords = ledger_coords(problem)
    found = xr.Dataset(variables, {"component": coords["component"]})
    distance = float(np.abs(variables["newton_position"][1] - exact).max())
    found.attrs["newton_error"] = distance  # ⟨R⟩ obeys the exact equation
    return found


def _integral(t: NDArray, values: NDArray) -> NDArray:
    """∫ from the first time, (T, …), by a spline."""
    if len(t) < 2 * DEGREE:
        return np.asarray(CubicSpline(t, values, axis=0).antiderivative()(t)) if len(t) > 1 else np.zeros_like(values)
    return np.asarray(make_interp_spline(t, values, k=DEGREE, axis=0).antiderivative()(t))
