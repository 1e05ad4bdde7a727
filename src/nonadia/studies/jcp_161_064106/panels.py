"""What the figures of this study share: panels with letters, potentials, friction with noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.plot.style import BLACK, DASHES, GREY, OKABE_ITO, new_figure, zero_line

from .curves import Array, Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FRICTION, NOISE = OKABE_ITO[0], OKABE_ITO[1]


def stacked(count: int, height: float = 2.7, width: float = 6.0) -> tuple[Figure, list[Axes]]:
    """Panels (a), (b), … below each other; no letter on a single one."""
    figure = new_figure(width, height * count + 0.3)
    panels = list(np.atleast_1d(figure.subplots(count, 1, sharex=True)))
    for letter, axes in zip("abcd", panels, strict=False):
        if count > 1:
            axes.set_title(f"({letter})", loc="left")
        axes.set_xlabel("coordinate $x$ (dimensionless)" if axes is panels[-1] else "")
    return figure, panels


def potentials(axes: Axes, curve: Line, window: tuple[float, float]) -> None:
    """The neutral and the charged molecule, and the adiabatic potential."""
    axes.plot(curve.x, curve.bare, color=GREY, linestyle=DASHES[1], label="neutral, $U_0$")
    axes.plot(curve.x, curve.bare + curve.level, color=GREY, linestyle=DASHES[2], label="charged, $U_0 + E$")
    axes.plot(curve.x, curve.adiabatic(), color=BLACK, label="adiabatic")
    inside = (curve.x >= window[0]) & (curve.x <= window[1])
    lowest, highest = curve.adiabatic()[inside].min(), curve.adiabatic()[inside].max()
    axes.set_ylim(lowest - 0.1 * (highest - lowest), highest + 0.25 * (highest - lowest))
    axes.set_ylabel("potential (meV)")


def friction_and_noise(axes: Axes, curve: Line) -> None:
    """γ and D/(k_BT) as lines."""
    axes.plot(curve.x, curve.friction, color=FRICTION, label="friction γ")
    axes.plot(curve.x, curve.noise, color=NOISE, linestyle=DASHES[1], label="noise D/(k$_B$T)")
    axes.set_ylabel("γ, D/(k$_B$T) (ħ)")


def markers(axes: Axes, curve: Line, names: Sequence[str] = ("friction γ, HEOM", "noise D/(k$_B$T), HEOM")) -> None:
    """γ and D/(k_BT) of the hierarchy beside the lines of the Green's functions."""
    look: dict[str, Any] = {"linestyle": "none", "markersize": 5, "markerfacecolor": "none"}
    axes.plot(curve.x, curve.friction, color=FRICTION, marker="o", label=names[0], **look)
    axes.plot(curve.x, curve.noise, color=NOISE, marker="x", label=names[1], **look)


def mark(axes: Axes, positions: Sequence[tuple[float, str]], colour: str = GREY) -> None:
    """Thin vertical lines with their names at the upper edge."""
    for x, name in positions:
        axes.axvline(x, color=colour, linewidth=0.9, linestyle=":", zorder=1)
        axes.annotate(
            name,
            (x, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9,
            color=colour,
        )


def smooth(x: Array, y: Array, fine: Array) -> Array:
    """A line through points that makes no extremum of its own."""
    from scipy.interpolate import PchipInterpolator

    return np.asarray(PchipInterpolator(x, y)(fine))


def legend_beside(axes: Axes) -> None:
    """To the right of the panel, where it covers nothing."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def window(axes: Axes, limits: tuple[float, float], zero: bool = True) -> None:
    axes.set_xlim(*limits)
    if zero:
        zero_line(axes)


def within(x: Array, limits: tuple[float, float]) -> Array:
    return np.asarray((x >= limits[0]) & (x <= limits[1]))
