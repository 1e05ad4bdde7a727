"""Everything that is recorded at a snapshot of a closed run: observables, the factorization, trajectories.

Records are plain arrays with names GROUP/NAME, so that a journal can keep them; `datasets` makes the groups of the result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

    from nonadia.factorization.trajectories import Trajectories
    from nonadia.wavepacket.hamiltonian import Hamiltonian
    from nonadia.wavepacket.propagate import Snapshot

    from .closed_experiment import ClosedExperiment

Record = dict[str, NDArray]
LEDGER, PATHS = "factorization", "trajectories"


class Recorders:
    """The recorders that an experiment asks for, one a group of the result."""

    def __init__(self, point: ClosedExperiment, times: NDArray[np.float64], hamiltonian: Hamiltonian) -> None:
        from nonadia.wavepacket.observe import Observer

        request, asked = point.propagation, point.factorization
        assert request is not None
        self.tolerance = request.tolerance
        self.parts: dict[str, Any] = {
            "wavepacket": Observer(
                point.molecule,
                times.tolist(),
                surfaces=point.surfaces,
                store_psi=request.store_psi,
                hamiltonian=hamiltonian,
                tolerance=request.tolerance,
            )
        }
        self.attributes = {
            "method": request.method,
            "order": request.order,
            "step": request.step,
            "tolerance": request.tolerance,
        }
        if asked is not None:
            from nonadia.factorization.along import Ledger

            self.parts[LEDGER] = Ledger(
                point.molecule,
                times.tolist(),
                gauge=asked.gauge,
                gauge_state=asked.gauge_state,
                density_floor=asked.density_floor,
                refinement=asked.refinement,
                identities=asked.identities,
                tolerance=asked.tolerance,
                fields=asked.fields,
                hamiltonian=hamiltonian,
            )

        self.trajectories: Trajectories | None = None
        if point.trajectories is not None:
            from nonadia.factorization.trajectories import Trajectories

            asked_paths = point.trajectories
            problem = self.parts[LEDGER].problem
            self.trajectories = Trajectories(problem, newton=asked_paths.newton, quantum=asked_paths.quantum)
            self.parts[PATHS] = self.trajectories

    def record(self, snapshot: Snapshot) -> Record:
        """Everything of one stored time."""
        return {
            f"{group}/{name}": np.asarray(values)
            for group, part in self.parts.items()
            for name, values in part.record(snapshot).items()
        }

    def restore(self, records: Sequence[Mapping[str, NDArray]], psi: NDArray, t: float) -> None:
        """Take up the state in which these records, the last of which is of ψ at time t, left the recorders."""
        if LEDGER in self.parts:
            self.parts[LEDGER].restore([_of(LEDGER, record) for record in records])
        if self.trajectories is not None:
            self.trajectories.restore(_of(PATHS, records[-1]), psi, t)

    def datasets(self, times: NDArray[np.float64], records: Sequence[Mapping[str, NDArray]]) -> dict[str, xr.Dataset]:
        """The groups of the result; each says in its attributes whether it converged, and what it has to say."""
        every = {group: [_of(group, record) for record in records] for group in self.parts}
        found = {group: self.parts[group].dataset(times, every[group]) for group in self.parts if group != PATHS}
        if self.trajectories is not None:
            found[PATHS] = self.trajectories.dataset(times.tolist(), every[PATHS], every[LEDGER])
        found["wavepacket"] = _real(found["wavepacket"])
        packet = found["wavepacket"]
        messages = json.loads(packet.attrs.get("messages", "[]"))
        error = float(packet["error"].values[-1])
        if error > self.tolerance:
            advice = f"use a smaller propagation.step, or loosen propagation.tolerance to {2.0 * error:.0e}"
            messages.append(f"norm error of ψ up to {error:.1e}, not {self.tolerance:.0e}; {advice}")
        packet.attrs = self.attributes | packet.attrs | {"converged": int(not messages), "messages": json.dumps(messages)}
        return found


def _real(packet: xr.Dataset) -> xr.Dataset:
    """ψ as psi_real and psi_imag: netCDF has no complex numbers."""
    if "psi" not in packet:
        return packet
    psi = packet["psi"]
    parts = {}
    for name, values, words in (
        ("psi_real", psi.values.real, "real part of Ψ"),
        ("psi_imag", psi.values.imag, "imaginary part of Ψ"),
    ):
        parts[name] = (psi.dims, np.ascontiguousarray(values), psi.attrs | {"long_name": words})
    return packet.drop_vars("psi").assign(parts)


def _of(group: str, record: Mapping[str, NDArray]) -> Record:
    """The part of a record that belongs to one group."""
    return {name.removeprefix(f"{group}/"): values for name, values in record.items() if name.startswith(f"{group}/")}
