"""Potentials along one coordinate: a diabat for every charge state of a small molecule, and the adiabatic curves."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from . import quantities as q
from . import style
from .cases import Case
from .lines import axis_values, dress

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
_ALL_CHARGES = 3  # levels up to which every charge state is drawn; beyond, the empty and singly charged ones
_FORMULAS = 4  # diabats up to which the legend has the formula of each; beyond, the occupied levels
_EMPTY = "empty"
_ROWS = 5  # of the legend; more make the figure higher, not the panel lower
_DASHES: tuple[Any, ...] = (*style.DASHES[1:], (0, (8, 2, 1.2, 2, 1.2, 2)), (0, (3, 3)), (0, (1, 3)), (0, (10, 3)), (0, (4, 1)))


def potentials(cases: list[Case], coordinate: str) -> Figure:
    """Diabats U_0 + Σ E_m + Σ U_mm' of the charge states, and the adiabatic potential, U_0 minus the integrated mean force.

    The free constant of the adiabatic curves is such that all of them meet U_0 at one x, which the title names.
    """
    figure = style.new_figure(6.4, 4.4)
    axes = figure.add_subplot()
    colours = style.case_colours(len(cases))
    same = all(_same_diabats(case.data, cases[0].data) for case in cases)
    anchor = _emptiest(cases)
    handles = []
    lowest, highest = np.inf, -np.inf
    for number, (case, colour) in enumerate(zip(cases, colours, strict=True)):
        x, label = axis_values(case.data, coordinate)
        shift = case.data["bare_potential"].values[anchor] - case.data["potential"].values[anchor]
        adiabatic = (case.data["potential"].values + shift) * q.ENERGY.factor
        lowest, highest = min(lowest, np.nanmin(adiabatic)), max(highest, np.nanmax(adiabatic))
        axes.plot(x, adiabatic, color=colour, zorder=3)
        if number == 0 or not same:
            keys, bottom, top = _diabats(axes, case.data, x, style.GREY if same else colour)
            handles += keys if number == 0 else []
            lowest, highest = min(lowest, bottom), max(highest, top)
    handles += [
        style.line_key(f"adiabatic, {case.label}" if case.label else "adiabatic", colour)
        for case, colour in zip(cases, colours, strict=True)
    ]
    curves = "adiabatic curves: set" if len(cases) > 1 else "adiabatic curve: set"
    where = f"at {label.split(' (')[0]} = {x[anchor]:.4g}, where the molecule holds the fewest electrons"
    title = f"{curves} to $U_0$ {where}"
    if handles[0].get_label() == _EMPTY:
        rest = ", vibrations not relaxed" if "vibrational_occupation" in cases[0].data else ""
        title += f"\nbroken lines: $U_0 + \\sum E_m + \\sum U_{{mm'}}$ of the occupied levels{rest}"
    axes.set_title(title, fontsize=9, color=style.GREY)
    # the diabats may rise far above: the window holds the adiabatic curves and the diabats' minima
    margin = 0.12 * (highest - lowest) or 1.0
    axes.set_ylim(lowest - margin, highest + margin)
    dress(axes, x, "")
    axes.set_xlabel(label)
    axes.set_ylabel(q.ENERGY.label("potential"))
    rows = style.legend_above(figure, handles)
    figure.set_figheight(4.4 + 0.2 * max(0, rows - _ROWS))
    return figure


def _emptiest(cases: list[Case]) -> int:
    """Index of the grid point with the fewest electrons on the molecule, for whichever case holds most there."""
    electrons = np.array([case.data["population"].values.sum(axis=-1) for case in cases])
    return int(np.nanargmin(electrons.max(axis=0)))


def _same_diabats(a: xr.Dataset, b: xr.Dataset) -> bool:
    names = [name for name in ("bare_potential", "level_energy", "interaction_energy") if name in a]
    return all(np.allclose(a[name].values, b[name].values, rtol=1e-12, atol=1e-15) for name in names)


def charge_states(data: xr.Dataset) -> list[tuple[tuple[int, ...], Array]]:
    """(occupied levels, U_0 + Σ E_m + Σ_{m<m'} U_mm' along the line, Hartree), by number of electrons."""
    energies = data["level_energy"].values
    count = energies.shape[-1]
    states = []
    for electrons in range(count + 1 if count <= _ALL_CHARGES else 2):
        for occupied in combinations(range(count), electrons):
            energy = data["bare_potential"].values + energies[:, list(occupied)].sum(axis=-1)
            if "interaction_energy" in data:
                energy = energy + sum((data["interaction_energy"].values[:, i, j] for i, j in combinations(occupied, 2)), 0.0)
            states.append((occupied, energy))
    return states


def _diabats(axes: Axes, data: xr.Dataset, x: Array, colour: str) -> tuple[list[Any], float, float]:
    """Draw them; legend entries, and the lowest and highest of the curves' minima. Equal curves (spin) are one."""
    groups: list[tuple[list[tuple[int, ...]], Array]] = []
    for occupied, energy in charge_states(data):
        alike = [states for states, values in groups if np.allclose(values, energy, atol=1e-9)]
        equal = [states for states in alike if len(states[0]) == len(occupied)]
        if equal:
            equal[0].append(occupied)
        else:
            groups.append(([occupied], energy))
    handles, minima = [], []
    for number, (states, energy) in enumerate(groups):
        values, dashes = energy * q.ENERGY.factor, _DASHES[number % len(_DASHES)]
        axes.plot(x, values, color=colour, linestyle=dashes, linewidth=1.3, zorder=2)
        name = _formula(data, states) if len(groups) <= _FORMULAS else _occupied(data, states)
        handles.append(style.line_key(name, style.GREY, dashes))
        minima.append(float(np.nanmin(values)))
    return handles, min(minima), max(minima)


def _occupied(data: xr.Dataset, states: list[tuple[int, ...]]) -> str:
    """'left + right', which levels hold an electron; of several equal states the first."""
    names = " + ".join(str(data["level"].values[m]) for m in states[0]) or _EMPTY
    return f"{names} and {len(states) - 1} equal" if len(states) > 1 else names


def _formula(data: xr.Dataset, states: list[tuple[int, ...]]) -> str:
    """'U_0 + E_up + E_down + U_up,down'; of several equal states all levels of one electron, otherwise the first."""
    names = [str(name) for name in data["level"].values]
    # an electron also displaces the quantum vibrations, whose gain (polaron shift) is no part of these energies
    rest = ", vibrations not relaxed" if "vibrational_occupation" in data and states[0] else ""
    if len(states[0]) == 1:
        return f"$U_0 + {', '.join(f'E_{{{names[m]}}}' for (m,) in states)}${rest}"
    terms = ["U_0", *(f"E_{{{names[m]}}}" for m in states[0])]
    if "interaction_energy" in data:
        pairs = [(i, j) for i, j in combinations(states[0], 2) if data["interaction_energy"].values[:, i, j].any()]
        terms += [f"U_{{{names[i]},{names[j]}}}" for i, j in pairs]
    more = f" and {len(states) - 1} equal" if len(states) > 1 else ""
    return f"${' + '.join(terms)}${more}{rest}"
