"""The factorization along a run: fields at chosen times, energies and identities at every stored time.

`Ledger.record` turns a snapshot of the propagation into plain arrays (which a run can keep in a journal), `Ledger.dataset`
turns the records of all times into the /factorization group.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..models.molecule import Molecule
from ..wavepacket.hamiltonian import Hamiltonian
from ..wavepacket.propagate import Snapshot as Packet
from . import gauges
from .dataset import IDENTITIES, field_dataset, ledger_dataset, relative_residuals, stacked
from .fields import Fields
from .problem import Problem
from .snapshot import Evaluator, Snapshot
from .work import work_error, work_external, work_verdict

if TYPE_CHECKING:
    import xarray as xr

Record = dict[str, NDArray]
AUTO_BYTES = 2.5e8  # of stored fields, with fields="auto"
FIELD = "field:"
HIDDEN = 1e-4  # probability that the density floor may mask


class Ledger:
    """Records of the exact factorization.

    times : every stored time of the run.
    gauge, gauge_state : see `gauges`; gauge_state: the BO state of the adiabatic-phase gauge, from 1.
    density_floor : fields are masked where n is below this part of its maximum.
    refinement : "auto" refines each time until its residuals meet `tolerance`, or a factor.
    fields : "all" times, "none", a list of times (nearest stored ones), or "auto": evenly spaced ones that fit 250 MB.
    """

    def __init__(
        self,
        molecule: Molecule,
        times: Sequence[float],
        *,
        gauge: str = "real",
        gauge_state: int = 1,
        density_floor: float = 1e-12,
        refinement: int | str = "auto",
        identities: bool = True,
        tolerance: float = 1e-6,
        fields: str | Sequence[float] = "auto",
        hamiltonian: Hamiltonian | None = None,
    ) -> None:
        gauges.check(gauge, len(molecule.coordinates))
        self.problem = Problem.of(molecule, hamiltonian)
        self.molecule, self.times = molecule, np.asarray(times, dtype=float)
        self.gauge, self.floor, self.identities, self.tolerance = gauge, density_floor, identities, tolerance
        self.evaluator = Evaluator(self.problem, tolerance, refinement)
        self.kept = chosen_times(self.times, fields, self.bytes_per_time())
        self._state: NDArray | None = None
        if gauge == "adiabatic-phase":
            from ..wavepacket.adiabatic import surfaces

            self._state = self.problem.flat(surfaces(molecule, gauge_state).states[gauge_state - 1])

    def bytes_per_time(self) -> float:
        """Of the fields of one stored time."""
        count = len(self.problem.coordinates)
        entries = 4 + 4 * count + count**2 * (2 if count > 1 else 1)
        return 8.0 * entries * float(np.prod(self.problem.shape))

    def record(self, packet: Packet) -> Record:
        """Everything of one stored time, as arrays."""
        snapshot = self.evaluator.evaluate(packet.psi, packet.time, self.identities)
        found: Record = {"refinement": np.array(snapshot.refinement)}
        if snapshot.balance is not None:
            balance = snapshot.balance
            found |= {name: np.array(value) for name, value in balance.numbers.items()}
            found |= balance.vectors | balance.torques | balance.powers
            found["next_refinement"] = np.array(self.evaluator.next_refinement)
        if packet.index in self.kept:
            found |= {FIELD + name: values for name, values in self.fields(snapshot, packet.psi).items()}
            n = snapshot.fields.n
            found["masked_probability"] = np.array(n[n <= self.floor * n.max()].sum() / n.sum())
        f = snapshot.fields
        if self.gauge == "temporal" and f.temporal is not None:
            seen = f.n > self.floor * f.n.max()  # A stays as it is where the packet has not come yet
            found["temporal_rate"] = self._shaped(np.where(seen, f.temporal, 0.0))
            if packet.index == 0:
                found["temporal_start"] = self._shaped(np.where(seen, f.p, 0.0))
        return found

    def restore(self, records: Sequence[Mapping[str, NDArray]]) -> None:
        """Take up the state in which these records left the evaluator, so that a resumed run equals an uninterrupted one."""
        for record in records:
            if "next_refinement" in record:
                self.evaluator.restore(record)

    def fields(self, snapshot: Snapshot, psi: NDArray) -> Record:
        """Fields on the grid, NaN where masked, in the gauge of this ledger (A of the temporal gauge follows at the end)."""
        f = snapshot.fields
        A, epsilon = self._potentials(snapshot, psi)
        found = field_arrays(f, self.problem, A, epsilon)
        mask = f.n > self.floor * f.n.max()
        return masked(found, mask.reshape(self.problem.shape))

    def _potentials(self, snapshot: Snapshot, psi: NDArray) -> tuple[NDArray, NDArray | None]:
        f, t = snapshot.fields, snapshot.time
        if self.gauge == "temporal":
            return f.p, gauges.temporal(f)
        if self.gauge == "zero-vector-potential":
            fine = max(8, snapshot.refinement)
            flat = self.problem.flat(psi)
            return gauges.zero_vector_potential(self.evaluator.fields_at(flat, t, fine), self.evaluator.grid(fine), self.floor)
        if self._state is not None:
            flat = self.problem.flat(psi)
            action = self.problem.act(flat, t)
            rate = None if action is None else -1j * action.total
            return gauges.adiabatic_phase(f, self.problem, flat, rate, self._state)
        return gauges.real(f)

    def _shaped(self, values: NDArray) -> NDArray:
        return values.reshape(*values.shape[:-1], *self.problem.shape)

    def dataset(self, times: Sequence[float], records: Sequence[Mapping[str, NDArray]]) -> xr.Dataset:
        """The /factorization group of these records; attributes converged, messages, max_residual_*."""
        import xarray as xr

        every = {name: stacked(records, name) for name in records[0] if not name.startswith((FIELD, "temporal_", "masked_"))}
        said, attributes = self._work(every, list(times))
        ledger = ledger_dataset(self.problem, every).assign_coords(time=("time", np.asarray(times), {"units": "hbar/hartree"}))
        with_fields = [k for k, record in enumerate(records) if f"{FIELD}density" in record]
        parts = [ledger]
        if with_fields:
            names = [name.removeprefix(FIELD) for name in records[with_fields[0]] if name.startswith(FIELD)]
            arrays = {name: np.stack([records[k][FIELD + name] for k in with_fields]) for name in names}
            if self.gauge == "temporal" and "temporal_rate" in records[0]:
                rates = stacked(records, "temporal_rate")
                start, at = records[0]["temporal_start"], [times[k] for k in with_fields]
                A = gauges.temporal_potential(list(times), rates, start, at)
                error = gauges.temporal_error(list(times), rates, start, at, A, arrays["density"])
                attributes["vector_potential_error"] = error
                said += gauges.temporal_verdict(error)
                arrays["vector_potential"] = np.where(arrays["mask"][:, None] > 0, A, np.nan)
            part = field_dataset(self.problem, arrays, ("snapshot",))
            when = np.asarray(times)[with_fields]
            parts.append(part.assign_coords(snapshot=("snapshot", when, {"units": "hbar/hartree"})))
        found = xr.merge(parts)
        hidden = max([float(records[k]["masked_probability"]) for k in with_fields], default=0.0)
        found.attrs = self._verdict(every, list(times), hidden, said) | attributes
        return found

    def _work(self, every: dict[str, NDArray], times: list[float]) -> tuple[list[str], dict[str, float]]:
        """Adds the work of external fields to the ledger; what is wrong with it, and its error as an attribute."""
        work = work_external(times, every)
        if work is None:
            return [], {}
        every["work_external"] = work
        if self.molecule.absorber() is not None:  # takes energy, too
            return [], {}
        error, gained = work_error(work, every["E_total"])
        return work_verdict(error, gained), {"work_error": error}

    def _verdict(
        self, every: Mapping[str, NDArray], times: list[float], hidden: float, said: Sequence[str] = ()
    ) -> dict[str, object]:
        residuals = relative_residuals(self.problem, every) if self.identities else {}
        messages = list(said)
        if not hidden <= HIDDEN:
            messages.append(
                f"density_floor = {self.floor:g} masks up to {hidden:.1%} of the probability, where fields are then missing; "
                "lower it"
            )
        for name, size in residuals.items():
            if not size <= self.tolerance:
                left, right = every[f"{name}_lhs"], every[f"{name}_rhs"]
                difference = np.abs(left - right).reshape(len(times), -1).max(axis=1)
                when = times[int(np.argmax(difference))]
                which = f"{IDENTITIES[name][2].split(':')[0]} ({name.removeprefix('identity_').replace('_', ' ')})"
                messages.append(
                    f"{which} closes to {size:.1e}, not {self.tolerance:.0e}, worst at t = {when:.5g} a.u.; refine further "
                    "(factorization.refinement), use more grid points, or a larger box if the packet is near its edge"
                )
        return {
            "gauge": self.gauge,
            "density_floor": self.floor,
            "tolerance": self.tolerance,
            "converged": int(not messages),
            "messages": json.dumps(messages),
            **{f"max_residual_{name.removeprefix('identity_')}": size for name, size in residuals.items()},
        }


def field_arrays(f: Fields, problem: Problem, A: NDArray, epsilon: NDArray | None) -> Record:
    """Fields by the names of the contract, shaped (front…, *R)."""
    shape = problem.shape

    def on_grid(values: NDArray) -> NDArray:
        return values.reshape(*values.shape[:-1], *shape)

    found = {"density": on_grid(f.n), "vector_potential": on_grid(A), "metric": on_grid(f.g), "velocity": on_grid(f.velocity)}
    if len(shape) > 1:
        found["berry_curvature"] = on_grid(f.C)
    if f.E is not None and f.epsilon is not None and epsilon is not None:
        found |= {"scalar_potential": on_grid(epsilon), "electric_field": on_grid(f.E), "force": on_grid(f.force)}
        found["scalar_potential_gi"] = on_grid(f.epsilon if f.v is None else f.epsilon + f.v)
    return found


def masked(arrays: Record, mask: NDArray) -> Record:
    """NaN outside the mask (but for the density), and the mask itself."""
    found = {name: values if name == "density" else np.where(mask, values, np.nan) for name, values in arrays.items()}
    return found | {"mask": mask.astype(np.int8)}


def chosen_times(times: NDArray, fields: str | Sequence[float], size: float) -> frozenset[int]:
    """Indices of the times whose fields are stored."""
    if isinstance(fields, str):
        if fields == "none":
            return frozenset()
        most = len(times) if fields == "all" else max(2, int(AUTO_BYTES / size))
        if most >= len(times):
            return frozenset(range(len(times)))
        return frozenset(int(i) for i in np.unique(np.linspace(0, len(times) - 1, most).round().astype(int)))
    return frozenset(int(np.argmin(np.abs(times - t))) for t in fields)
