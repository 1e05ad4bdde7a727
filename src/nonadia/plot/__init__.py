"""Result → figures. No computation beyond unit conversion and arithmetic on what the result holds.

May import units; matplotlib and xarray are imported on first use.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PlotError", "plot_forces", "plot_result"]


class PlotError(ValueError):
    """The result holds nothing that can be drawn; the message says what is missing."""


def plot_forces(tree: xr.DataTree, outdir: str | Path, name: str = "forces") -> list[Path]:
    """Draw the /forces group of a result and return the files written (one PNG and one SVG a figure)."""
    from .figures import draw_forces

    return draw_forces(tree, Path(outdir), name)


def plot_result(tree: xr.DataTree, outdir: str | Path, name: str = "result") -> list[Path]:
    """Draw everything that a result holds: /forces, /convergence_study. PlotError if it holds neither."""
    from .figures import draw_forces, draw_study

    if "convergence_study" not in tree.children:
        return draw_forces(tree, Path(outdir), name)
    written = draw_forces(tree, Path(outdir), name) if "forces" in tree.children else []
    return written + draw_study(tree, Path(outdir), name)
