"""Which figures the dynamics of a result deserve: the group /langevin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import langevin_distributions, langevin_exits, langevin_sweeps, langevin_time, style
from .langevin_cases import Ensemble, ensembles

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

# stem of the file, and a function that draws the figure or returns None where a result has nothing to show in it
FIGURES: tuple[tuple[str, Callable[[list[Ensemble]], Figure | None]], ...] = (
    ("dynamics", langevin_time.courses),
    ("distributions", langevin_distributions.distributions),
    ("dynamics-sweep", langevin_sweeps.over_sweep),
    ("exits", langevin_exits.exits),
    ("trajectories", langevin_time.trajectories),
)


def draw_langevin(tree: xr.DataTree, outdir: Path, name: str) -> list[Path]:
    """Draw /langevin of `tree` into `outdir` as NAME-<figure>.png and .svg; the paths written."""
    from matplotlib import rc_context

    written = []
    with rc_context(style.RC):  # type: ignore[arg-type]
        for stem, figure in figures(tree):
            written += style.save(figure, outdir, f"{name}-{stem}")
    return written


def figures(tree: xr.DataTree) -> list[tuple[str, Figure]]:
    """(file stem, figure) of everything that is drawn; sweep points that were not finished are left out."""
    cases = ensembles(tree)
    drawn = [(stem, draw(cases)) for stem, draw in FIGURES]
    return [(stem, figure) for stem, figure in drawn if figure is not None]
