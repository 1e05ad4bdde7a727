"""Result → figures. No computation beyond unit conversion and arithmetic on what the result holds.

May import units; matplotlib and xarray are imported on first use.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PlotError", "animate", "plot_forces", "plot_result"]


class PlotError(ValueError):
    """The result holds nothing that can be drawn; the message says what is missing."""


def plot_forces(tree: xr.DataTree, outdir: str | Path, name: str = "forces") -> list[Path]:
    """Draw the /forces group of a result and return the files written (one PNG and one SVG a figure)."""
    from .figures import draw_forces

    return draw_forces(tree, Path(outdir), name)


def plot_result(tree: xr.DataTree, outdir: str | Path, name: str = "result", times: Sequence[float] = ()) -> list[Path]:
    """Draw everything that a result holds; PlotError if that is nothing.

    Open systems: /forces, /memory, /langevin, /convergence_study. Closed systems: /wavepacket, /factorization, /trajectories,
    snapshots of their fields at the stored ones nearest to `times` (atomic units); without them each figure chooses its own.
    """
    from .closed import GROUPS
    from .closed_figures import draw_closed
    from .figures import draw_forces, draw_study
    from .langevin import draw_langevin
    from .memory import draw_memory

    more = [("memory", draw_memory), ("langevin", draw_langevin), ("convergence_study", draw_study)]
    present = [draw for group, draw in more if group in tree.children]
    is_closed = bool(set(GROUPS) & set(tree.children))
    if "forces" in tree.children or not (present or is_closed):
        present = [draw_forces, *present]
    written = [path for draw in present for path in draw(tree, Path(outdir), name)]
    return written + (draw_closed(tree, Path(outdir), name, times) if is_closed else [])


def animate(tree: xr.DataTree, outdir: str | Path, name: str = "result", format: str = "gif") -> list[Path]:
    """A film (gif or mp4) of the density, velocity and force of a closed system; the paths written, one a sweep point."""
    from .animation import animate as draw

    return draw(tree, Path(outdir), name, format)
