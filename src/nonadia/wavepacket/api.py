"""`na.propagate`: a molecule and an initial state → the /wavepacket dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..models.initial import InitialState
from ..models.molecule import Molecule
from .hamiltonian import Hamiltonian
from .initial import prepare
from .observe import Observer
from .propagate import snapshots

if TYPE_CHECKING:
    import xarray as xr


def propagate(
    molecule: Molecule,
    initial: InitialState | NDArray,
    duration: float,
    *,
    store_every: float | None = None,
    method: str = "split-operator",
    order: int = 4,
    step: float | str = "auto",
    tolerance: float = 1e-7,
    surfaces: int | None = None,
    store_psi: bool = True,
    progress: Callable[[float, float, str], None] | None = None,
) -> xr.Dataset:
    """Ψ(t) of i∂_tΨ = HΨ and what is watched of it; theory A1, EF(1).

    molecule : a Molecule; initial : an InitialState, or ψ(t=0) of shape molecule.shape.
    duration, store_every : atomic units of time; by default 100 stored times.
    method, order, step, tolerance : see `wavepacket.propagate.snapshots`; the bound of the norm error is in `error`.
    surfaces : BO states to project on; store_psi : keep ψ(time, state or r, R…), which `na.factorize` takes.

    Returns the /wavepacket Dataset; attributes converged, messages, method, order, tolerance.
    Errors: ModelError for an initial state that does not fit the grid; StepError when no step reaches the tolerance.
    """
    count = 100 if store_every is None else max(1, round(duration / store_every))
    times = [float(t) for t in np.linspace(0.0, duration, count + 1)]
    h = Hamiltonian(molecule)
    observer = Observer(molecule, times, surfaces=surfaces, store_psi=store_psi, hamiltonian=h, tolerance=tolerance)
    psi0 = prepare(molecule, initial)
    records = []
    options = {"method": method, "order": order, "step": step, "tolerance": tolerance}
    for packet in snapshots(molecule, psi0, times, hamiltonian=h, **options):  # type: ignore[arg-type]
        records.append(observer.record(packet))
        if progress is not None:
            progress(packet.index, count, f"t = {packet.time:.4g} a.u.")
    found = observer.dataset(times, records)
    messages = json.loads(found.attrs["messages"])
    error = float(records[-1]["error"])
    if error > tolerance:
        messages.append(f"the step leaves a norm error of up to {error:.1e}, not {tolerance:.0e}; use a smaller step")
    found.attrs |= options | {"converged": int(not messages), "messages": json.dumps(messages)}
    return found
