"""How figures look: fonts, colour-blind-safe colours (Okabe–Ito, viridis), canvas without global state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RC: dict[str, Any] = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 2.2,
    "mathtext.fontset": "dejavusans",
    "svg.fonttype": "none",
    "svg.hashsalt": "nonadia",  # the same result gives the same file
    "savefig.dpi": 160,
}
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKUP = re.compile(r"\\[a-z]+|[${}_^\\]")  # what a label's letters are written with
ZERO = "zero"  # names the line at zero, which is no data
BLACK, GREY = "#222222", "#8a8a8a"
TOTAL, MOLECULE, COUPLING = BLACK, OKABE_ITO[0], OKABE_ITO[1]  # a quantity and its two parts
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.6)), (0, (6, 2, 1.2, 2)))


def new_figure(width: float, height: float) -> Figure:
    """An empty figure (inches) that belongs to no window system."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def case_colours(count: int) -> list[str]:
    """One colour a case: distinct hues for a few, an ordered map for many."""
    if count <= len(OKABE_ITO):
        return list(OKABE_ITO[:count])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](0.92 * i / (count - 1))) for i in range(count)]


def zero_line(axes: Axes) -> None:
    """A thin line at zero, so that negative values are seen as such."""
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=1, gid=ZERO)


def legend_above(figure: Figure, handles: Sequence[Any]) -> int:
    """One legend for the whole figure, outside the axes, in as many columns as fit: it never covers data. Its rows."""
    longest = max(len(_MARKUP.sub("", str(handle.get_label()))) for handle in handles)
    fitting = int(figure.get_figwidth() / (0.62 + 0.072 * longest))  # inches: key and gap, one letter
    columns = min(max(1, fitting), len(handles))
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)
    return -(-len(handles) // columns)


def line_key(label: str, colour: str = BLACK, dashes: Any = "-", **look: Any) -> Any:
    """A legend entry without data."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, linestyle=dashes, label=label, **look)


def save(figure: Figure, outdir: Path, stem: str) -> list[Path]:
    """Write PNG and SVG; the SVG carries no date, so equal results give equal files."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    png, svg = outdir / f"{stem}.png", outdir / f"{stem}.svg"
    figure.savefig(png)
    figure.savefig(svg, metadata={"Date": None})
    return [png, svg]
