"""Scalar potentials of the exact factorization at snapshots, in one dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import closed, style
from .closed import ClosedCase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
SNAPSHOTS = 6
GI, FULL = style.BLACK, style.OKABE_ITO[0]
_SHOWN = 1e-2  # of the largest density at that time: where potentials set the range
_THERE = 1e-6  # of the largest density: below, no potential is drawn


def potentials(case: ClosedCase) -> Figure | None:
    """ε_gi and ε between the BO surfaces (upper row) and the density (lower row) at up to six snapshots.

    ε has a free constant at every time: it is drawn with the mean of ε_gi over the density.
    """
    if len(case.coordinates) != 1 or not closed.has(case.fields, "density", "scalar_potential_gi"):
        return None
    name = case.coordinates[0]
    R, fields = case.nuclear(name), case.fields
    t = closed.times(fields, "density")
    shown = closed.snapshots(case, t, SNAPSHOTS)
    n = np.nan_to_num(fields["density"].transpose("snapshot", name).values)
    energies = closed.surfaces(case)
    columns = -(-len(shown) // 2) if len(shown) > 3 else len(shown)
    rows = -(-len(shown) // columns)
    figure = style.new_figure(3.3 * columns + 0.5, 3.7 * rows + 0.7)
    grid = figure.subplots(2 * rows, columns, sharex=True, sharey="row", squeeze=False, height_ratios=[2.2, 1.0] * rows)
    upper, lower = list(grid[0::2].flat), list(grid[1::2].flat)
    curves = []
    for number, i in enumerate(shown):
        curves.append(_potential(upper[number], case, R, n[i], i, energies))
        lower[number].fill_between(R, 0.0, n[i], color="#555555", alpha=0.25, linewidth=0)
        lower[number].plot(R, n[i], color="#555555", linewidth=1.2)
        lower[number].set_ylim(0.0, 1.08 * float(n.max()))
        upper[number].set_title(f"t = {t[i]:.1f} fs", loc="left")
    for extra in (*upper[len(shown) :], *lower[len(shown) :]):
        extra.set_visible(False)
    left, right = closed.window(n, R, 1e-3)
    upper[0].set_xlim(left, right)
    inside = (R >= left) & (R <= right)
    background = [energies[:, inside].min(axis=1)] if energies is not None else []
    for row in grid[0::2]:
        closed.limits(row[0], *curves, *background)
        row[0].set_ylabel("energy (Hartree)")
    for row in grid[1::2]:
        row[0].set_ylabel("n (1/bohr)")
    figure.supxlabel(closed.label_of(case, name), fontsize=style.RC["axes.labelsize"])
    style.legend_above(figure, _potential_keys(case, energies))
    return figure


def _potential(axes: Axes, case: ClosedCase, R: Array, n: Array, i: int, energies: Array | None) -> Array:
    """One panel; the values that must be seen. Potentials end where the density is too small to be looked at."""
    if energies is not None:
        for number, energy in enumerate(energies):
            axes.plot(R, energy, color=closed.surface_colour(number), linewidth=1.0, alpha=0.8)
    gi = np.asarray(case.fields["scalar_potential_gi"].isel(snapshot=i).values)
    there = n > _THERE * n.max()
    looked = np.where(n > _SHOWN * n.max(), gi, np.nan)
    if closed.has(case.fields, "scalar_potential"):
        full = np.asarray(case.fields["scalar_potential"].isel(snapshot=i).values)
        both = np.isfinite(full) & np.isfinite(gi)
        weight = np.where(both, n, 0.0)
        if weight.sum() > 0:
            shift = float((weight * np.where(both, gi - full, 0.0)).sum() / weight.sum())
            axes.plot(R, np.where(there, full + shift, np.nan), color=FULL, linestyle=style.DASHES[1], linewidth=1.3)
    axes.plot(R, np.where(there, gi, np.nan), color=GI, linewidth=1.8)
    return looked


def _potential_keys(case: ClosedCase, energies: Array | None) -> list[Any]:
    keys = [style.line_key("ε$_{gi}$", GI, linewidth=1.8)]
    if closed.has(case.fields, "scalar_potential"):
        gauge = str(case.fields.attrs.get("gauge", ""))
        label = f"ε, gauge {gauge}, set to the mean of ε$_{{gi}}$"
        keys.append(style.line_key(label, FULL, style.DASHES[1], linewidth=1.3))
    count = 0 if energies is None else len(energies)
    return keys + [style.line_key(f"BO{k + 1}", closed.surface_colour(k), linewidth=1.0) for k in range(count)]
