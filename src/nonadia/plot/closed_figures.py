"""Which figures a closed system's result deserves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import PlotError, factorization, ledger, planes, style, trajectories, transfer, wavepacket
from .closed import ClosedCase, split

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

# stem of the file, and a function that draws the figure or returns None where a result has nothing to show in it
FIGURES: tuple[tuple[str, Callable[[ClosedCase], Figure | None]], ...] = (
    ("energy-transfer", transfer.energy_transfer),
    ("energies", wavepacket.energies),
    ("density", wavepacket.density_map),
    ("potentials", factorization.potentials),
    ("electron-density", wavepacket.electron_map),
    ("channels", wavepacket.channels),
    ("maps", planes.maps),
    ("projections", planes.projections),
    ("forces", ledger.forces),
    ("torques", ledger.torques),
    ("magnetic-power", ledger.magnetic_powers),
    ("work", ledger.work),
    ("identities", ledger.identities),
    ("newton", trajectories.newton),
)


def draw_closed(tree: xr.DataTree, outdir: Path, name: str, times: Sequence[float] = ()) -> list[Path]:
    """Draw /wavepacket, /factorization and /trajectories of `tree` into `outdir`, snapshots at `times`; the paths written."""
    from matplotlib import rc_context

    written = []
    with rc_context(style.RC):  # type: ignore[arg-type]
        for stem, figure in figures(tree, times):
            written += style.save(figure, outdir, f"{name}-{stem}")
    return written


def figures(tree: xr.DataTree, times: Sequence[float] = ()) -> list[tuple[str, Figure]]:
    """(file stem, figure) of every case of a sweep; `times` (atomic units): snapshots to show, else each figure's own."""
    drawn = []
    for case in split(tree, times):
        for stem, draw in FIGURES:
            figure = draw(case)
            if figure is not None:
                if case.label:
                    figure.suptitle(case.label, x=0.01, ha="left", fontsize=style.RC["axes.titlesize"])
                drawn.append((f"{stem}{case.tail}", figure))
    if not drawn:
        raise PlotError("holds nothing of the closed system that can be drawn; ask for [factorization] or [trajectories]")
    return drawn
