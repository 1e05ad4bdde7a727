"""The centre of the packet from Newton's equation with the whole mean force and without its magnetic part, EF Fig. 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import closed, style
from .closed import ClosedCase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WHOLE: dict[str, Any] = {"color": style.OKABE_ITO[0], "linewidth": 1.3}
_PART: dict[str, Any] = {"color": style.OKABE_ITO[1], "linewidth": 1.0}
_TRUTH: dict[str, Any] = {"color": style.GREY, "linewidth": 4.0, "alpha": 0.55}
# variables of position and of kinetic energy, what the legend says, how it looks; drawn in this order
_CURVES = (
    ("exact_position", "exact_kinetic_energy", "exact centre of the packet", _TRUTH),
    ("newton_incomplete_position", "newton_incomplete_kinetic_energy", "Newton with $\\bar F$ alone", _PART),
    ("newton_position", "newton_kinetic_energy", "Newton with $\\bar F + \\bar D$", _WHOLE),
)


def newton(case: ClosedCase) -> Figure | None:
    """(a) path of the centre in the plane of two components, or each component over time; (b) T_cm(t); EF Fig. 1."""
    if not closed.has(case.paths, "newton_position"):
        return None
    names = [str(name) for name in case.paths["component"].values]
    planes = [(i, i + 1) for i in range(0, len(names) - 1, 2)] if len(names) % 2 == 0 else []
    left = planes or [(i, -1) for i in range(len(names))]
    energies = [entry for entry in _CURVES if closed.has(case.paths, entry[1])]
    panels = len(left) + bool(energies)
    figure = style.new_figure(4.3 * panels + 0.3, 4.2)
    grid = figure.subplots(1, panels, squeeze=False)[0]
    for axes, (i, j) in zip(grid, left, strict=False):
        _plane(axes, case, names, i, j) if planes else _component(axes, case, names, i)
    if energies:
        _kinetic(grid[-1], case)
    for axes, letter in zip(grid, "abcdefgh", strict=False):
        axes.set_title(f"({letter})", loc="left")
    shown = [entry for entry in _CURVES if closed.has(case.paths, entry[0])]
    keys = [
        style.line_key(label, look["color"], **{k: v for k, v in look.items() if k != "color"}) for _, _, label, look in shown
    ]
    if planes:
        keys.append(style.line_key("start", style.BLACK, "none", marker="o", markersize=5))
    style.legend_above(figure, keys)
    return figure


def _plane(axes: Axes, case: ClosedCase, names: list[str], i: int, j: int) -> None:
    for name, _, _, look in _CURVES:
        if closed.has(case.paths, name):
            values = case.paths[name].transpose("time", "component").values
            axes.plot(values[:, i], values[:, j], **look)
    start = case.paths["newton_position"].transpose("time", "component").values[0]
    axes.plot(start[i], start[j], "o", color=style.BLACK, markersize=5, zorder=6)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"{closed.symbol(names[i])} (bohr)")
    axes.set_ylabel(f"{closed.symbol(names[j])} (bohr)")
    axes.locator_params(nbins=6)


def _component(axes: Axes, case: ClosedCase, names: list[str], i: int) -> None:
    for name, _, _, look in _CURVES:
        if closed.has(case.paths, name):
            axes.plot(closed.times(case.paths, name), case.paths[name].transpose("time", "component").values[:, i], **look)
    axes.set_xlabel("time t (fs)")
    axes.set_ylabel(f"{closed.symbol(names[i])} (bohr)")


def _kinetic(axes: Axes, case: ClosedCase) -> None:
    """T_cm = Σ P²/(2M): of the exact mean momentum, and of the two trajectories."""
    for _, name, _, look in _CURVES:
        if closed.has(case.paths, name):
            axes.plot(closed.times(case.paths, name), case.paths[name].values, **look)
    axes.set_xlabel("time t (fs)")
    axes.set_ylabel("$T_{cm}$ (Hartree)")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
