"""Distributions of positions and momenta in the last window of time, beside those of Boltzmann."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import style
from .closed import has, symbol
from .langevin_cases import FEWEST, Array, Ensemble, band, case_keys, chosen, per, survivors, time_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 4  # ensembles in one panel
DECADES = 6.0
FINE = 400  # points of a Boltzmann line
_THIN: dict[str, Any] = {"linestyle": (0, (4, 2)), "linewidth": 1.0, "zorder": 4}


def distributions(cases: list[Ensemble]) -> Figure | None:
    """Densities with a band of one standard error, on a linear and a logarithmic axis; two rows a coordinate, x and p.

    Thin: exp(-U(x)/k_BT) of the adiabatic potential and Maxwell's distribution, at the temperature of the electrons. A bond
    that can break has no Boltzmann distribution; only that of the momenta is drawn there.
    """
    there = [case for case in cases if has(case.data, "position_density") and survivors(case) >= FEWEST]
    shown, colours = chosen(there, MOST)
    if not shown:
        return None
    modes = shown[0].modes
    figure = style.new_figure(9.2, 5.2 * len(modes) + 0.7)
    grid = figure.subplots(2 * len(modes), 2, squeeze=False)
    thin = False
    for i, mode in enumerate(modes):
        for row, name in enumerate(("position", "momentum")):
            pair = list(grid[2 * i + row])
            scale = shown[0].position(mode) if name == "position" else shown[0].momentum(mode)
            for case, colour in zip(shown, colours, strict=True):
                own = colour if len(shown) > 1 else style.BLACK
                thin |= _one(pair, case, i, name, colour, own)
            letter = symbol(mode) if name == "position" else f"$p_{{{mode}}}$" if len(modes) > 1 else "$p$"
            for axes in pair:
                axes.set_xlabel(scale.label(letter))
                axes.set_ylabel(per(scale).label(f"density of {letter}"))
            pair[0].set_ylim(bottom=0.0)
            pair[1].set_yscale("log")
            _tails(pair[1], shown, i, name, per(scale).factor)
    keys = case_keys(shown, colours)
    if thin:
        keys.append(style.line_key("Boltzmann at the electrons' temperature", style.BLACK, _THIN["linestyle"], linewidth=1.0))
    if keys:
        style.legend_above(figure, keys)
    time = time_scale(shown)
    window = last_window(shown[0].data)
    start, stop = (float(shown[0].data[f"window_{end}"].values[window]) * time.factor for end in ("start", "stop"))
    grid[0, 0].set_title(f"$t$ from {start:.4g} to {stop:.4g} {time.unit}", loc="left", fontsize=9, color=style.GREY)
    return figure


def last_window(data: Any) -> int:
    """The last window of time that holds numbers (an ensemble that stopped early has fewer)."""
    values = data["position_density"].values
    return int(np.flatnonzero(np.isfinite(values).any(axis=(1, 2)))[-1])


def _one(pair: list[Axes], case: Ensemble, i: int, name: str, colour: str, thin: str) -> bool:
    """Draw one density in both panels; whether there is a Boltzmann line."""
    mode, window = case.modes[i], last_window(case.data)
    scale = case.position(mode) if name == "position" else case.momentum(mode)
    edges = case.data[f"{name}_edges"].values[i] * scale.factor
    density, error = (case.data[f"{part}{name}_density"].values[window, i] / scale.factor for part in ("", "error_"))
    line = boltzmann(case, i, name, case.data[f"{name}_edges"].values[i])
    for number, axes in enumerate(pair):
        positive = density if number == 0 else np.where(density > 0, density, np.nan)
        axes.stairs(positive, edges, color=colour, linewidth=1.1, baseline=None)
        spread = np.nan_to_num(error)
        low = np.maximum(density - spread, 0.0 if number == 0 else 1e-3 * density)
        band(axes, edges, low, density + spread, colour)
        if line is not None:
            axes.plot(line[0] * scale.factor, line[1] / scale.factor, color=thin, **_THIN)
    return line is not None


def boltzmann(case: Ensemble, i: int, name: str, edges: Array) -> tuple[Array, Array] | None:
    """(where, density), a.u.; of positions normalised within the bins; None where it is not known or does not exist."""
    kT = case.kT
    if kT is None:
        return None
    where = np.linspace(edges[0], edges[-1], FINE)
    if name == "momentum":
        width = case.masses[i] * kT
        return where, np.exp(-(where**2) / (2 * width)) / np.sqrt(2 * np.pi * width)
    mode = case.modes[i]
    table = case.forces
    if table is None or case.exits or "potential" not in table or table["potential"].dims != (mode,) or table.sizes[mode] < 4:
        return None
    from scipy.interpolate import CubicSpline

    x = table[mode].values
    inside = where[(where >= x[0]) & (where <= x[-1])]
    values = CubicSpline(x, table["potential"].values)(inside)
    weight = np.exp(-(values - values.min()) / kT)
    return inside, weight / np.trapezoid(weight, inside)


def _tails(axes: Axes, shown: list[Ensemble], i: int, name: str, factor: float) -> None:
    """From the largest density down to the smallest that was seen, six decades at most."""
    values = np.concatenate([case.data[f"{name}_density"].values[last_window(case.data), i] for case in shown]) * factor
    top, seen = float(np.nanmax(values)), values[values > 0]
    if top > 0:
        axes.set_ylim(max(0.5 * float(seen.min()), 10.0**-DECADES * top), 2.0 * top)
