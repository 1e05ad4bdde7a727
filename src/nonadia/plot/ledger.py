"""Transfer of energy, momentum and angular momentum: identities, mean forces, torques, magnetic powers, work of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..units import FS
from . import closed, style
from .closed import ClosedCase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
_NO_WORK = 1e-8  # Hartree: the drift of a propagation may be as large
_ROUNDING = 1e-17  # residuals that vanish to rounding are drawn here
PER_FS = FS  # a rate per atomic unit of time → per fs
ELECTRIC, INTRA, INTER = style.OKABE_ITO[0], style.OKABE_ITO[2], style.OKABE_ITO[1]


@dataclass(frozen=True)
class Identity:
    """Name of the variables, what the title says, unit of both sides per atomic unit of time."""

    name: str
    title: str
    unit: str


IDENTITIES = (
    Identity("power", "EF(10): $dT_{marg}/dt$ = ∫ n E·v", "Hartree/fs"),
    Identity("momentum", "EF(17): $dP/dt$ = ∫ n F", "ħ/(bohr fs)"),
    Identity("angular_momentum", "EF(18): $dL/dt$ = ∫ n R × F", "ħ/fs"),
    Identity("work", "EF(19): $dT_{marg}/dt$ = ∫ n F·v", "Hartree/fs"),
)


def _entries(case: ClosedCase, name: str) -> list[tuple[str, Array]]:
    """(label, values over time) for every component, nucleus or plane of one variable."""
    data = case.fields[name]
    extra = [str(dim) for dim in data.dims if dim != "time"]
    if not extra:
        return [("", np.asarray(data.values))]
    found = []
    for index in np.ndindex(tuple(data.sizes[dim] for dim in extra)):
        part = data.isel(dict(zip(extra, index, strict=True)))
        words = [str(part.coords[dim].item()) for dim in extra if dim in part.coords]
        if bool(np.isfinite(part.values).any()):
            found.append((", ".join(words), np.asarray(part.values)))
    return found


def identities(case: ClosedCase) -> Figure | None:
    """Both sides of each identity and, on a logarithmic axis, |residual| over the scale of the side, with the tolerance."""
    sides = ("lhs", "rhs", "residual")
    held = [one for one in IDENTITIES if closed.has(case.fields, *(f"identity_{one.name}_{side}" for side in sides))]
    if not held:
        return None
    figure = style.new_figure(3.5 * len(held) + 0.4, 5.4)
    grid = figure.subplots(2, len(held), sharex=True, squeeze=False, height_ratios=[1.5, 1.0])
    tolerance = case.fields.attrs.get("tolerance")
    for column, identity in enumerate(held):
        _identity(grid[0, column], grid[1, column], case, identity, tolerance)
    low = min(axes.get_ylim()[0] for axes in grid[1])
    high = max(axes.get_ylim()[1] for axes in grid[1])
    for axes in grid[1]:
        axes.set_ylim(low, high)
    grid[1, 0].set_ylabel("|residual| / largest |side|")
    keys = [
        style.line_key("left side, from the full wave function", style.GREY, linewidth=3.2, alpha=0.6),
        style.line_key("right side, from the fields", style.BLACK, style.DASHES[1], linewidth=1.2),
    ]
    if tolerance is not None:
        keys.append(style.line_key("tolerance", style.OKABE_ITO[1], ":"))
    style.legend_above(figure, keys)
    figure.supxlabel("time t (fs)", fontsize=style.RC["axes.labelsize"])
    return figure


def _identity(upper: Axes, lower: Axes, case: ClosedCase, identity: Identity, tolerance: Any) -> None:
    t = closed.times(case.fields, f"identity_{identity.name}_lhs")
    left, right, residual = (_entries(case, f"identity_{identity.name}_{side}") for side in ("lhs", "rhs", "residual"))
    # one scale for all components: a component that is zero by symmetry has no scale of its own
    scale = max(float(np.nanmax(np.abs(values))) for _, values in left + right) or 1.0
    style.zero_line(upper)
    keys = []
    for (label, lhs), (_, rhs), (_, rest), colour in zip(left, right, residual, style.case_colours(len(left)), strict=True):
        upper.plot(t, lhs * PER_FS, color=colour, linewidth=3.2, alpha=0.45)
        upper.plot(t, rhs * PER_FS, color=colour, linestyle=style.DASHES[1], linewidth=1.2)
        size = np.abs(rest) / scale
        lower.semilogy(t, np.maximum(size, _ROUNDING), color=colour, linewidth=1.0)
        keys.append(style.line_key(label, colour))
    if tolerance is not None:
        lower.axhline(float(tolerance), color=style.OKABE_ITO[1], linestyle=":")
    if len(left) > 1:
        lower.legend(handles=keys, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=min(3, len(keys)), fontsize=8)
    upper.set_title(identity.title, fontsize=9)
    upper.set_ylabel(identity.unit)
    upper.set_xlim(t[0], t[-1])


def torques(case: ClosedCase) -> Figure | None:
    """L(t) and the balance of EF(18): dL/dt, the whole torque, its part from E alone and the magnetic part; a column each."""
    names = ("identity_angular_momentum_lhs", "identity_angular_momentum_rhs", "torque_electric")
    if not closed.has(case.fields, *names):
        return None
    columns = list(zip(*(_entries(case, name) for name in names), strict=True))
    momenta = _entries(case, "angular_momentum") if closed.has(case.fields, "angular_momentum") else []
    t = closed.times(case.fields, names[0])
    rows = 1 + bool(momenta)
    figure = style.new_figure(3.6 * len(columns) + 1.6, 2.3 * rows + 1.1)
    grid = figure.subplots(rows, len(columns), sharex=True, squeeze=False, height_ratios=[0.7, 1.0][-rows:])
    for column, ((label, rate), (_, torque), (_, electric)) in enumerate(columns):
        axes = grid[-1, column]
        style.zero_line(axes)
        axes.plot(t, rate * PER_FS, color=style.GREY, linewidth=3.2, alpha=0.6)
        axes.plot(t, torque * PER_FS, color=style.BLACK, linestyle=style.DASHES[1], linewidth=1.2)
        axes.plot(t, electric * PER_FS, color=ELECTRIC)
        axes.plot(t, (torque - electric) * PER_FS, color=INTER)
        axes.set_xlim(t[0], t[-1])
        if momenta:
            grid[0, column].plot(t, momenta[column][1], color=style.BLACK)
        grid[0, column].set_title(f"nucleus {label}", loc="left")
    grid[-1, 0].set_ylabel("torque (ħ/fs)")
    if momenta:
        grid[0, 0].set_ylabel("L (ħ)")
    figure.supxlabel("time t (fs)", fontsize=style.RC["axes.labelsize"])
    keys = [
        style.line_key("dL/dt", style.GREY, linewidth=3.2, alpha=0.6),
        style.line_key("torque of E and C", style.BLACK, style.DASHES[1], linewidth=1.2),
        style.line_key("torque of E alone", ELECTRIC),
        style.line_key("magnetic torque", INTER),
    ]
    style.legend_above(figure, keys)
    return figure


def magnetic_powers(case: ClosedCase) -> Figure | None:
    """Power of the magnetic forces, EF(19): that on each nucleus, intra- and internuclear, and the sum, which vanishes."""
    if not closed.has(case.fields, "magnetic_power") or not _acts(case.fields["magnetic_power"].values):
        return None
    t = closed.times(case.fields, "magnetic_power")
    panels = [("magnetic power", "magnetic_power")]
    for word in ("intranuclear", "internuclear"):
        name = f"magnetic_power_{word}"
        if closed.has(case.fields, name) and _acts(case.fields[name].values):
            panels.append((word, name))
    if len(panels) == 2:  # one kind alone is the whole
        panels = [(f"magnetic power, {panels[1][0]}", "magnetic_power")]
    figure = style.new_figure(3.6 * len(panels) + 1.2, 3.6)
    grid = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)
    for axes, (title, name) in zip(grid[0], panels, strict=True):
        style.zero_line(axes)
        entries = _entries(case, name)
        colours = style.case_colours(len(entries))
        for (_, values), colour in zip(entries, colours, strict=True):
            axes.plot(t, values * PER_FS, color=colour)
        axes.plot(t, sum(values for _, values in entries) * PER_FS, color=style.BLACK, linestyle=style.DASHES[1])
        axes.set_title(title, loc="left")
        axes.set_xlim(t[0], t[-1])
    grid[0, 0].set_ylabel("power (Hartree/fs)")
    figure.supxlabel("time t (fs)", fontsize=style.RC["axes.labelsize"])
    keys = [style.line_key(f"nucleus {label}", colour) for (label, _), colour in zip(entries, colours, strict=True)]
    style.legend_above(figure, [*keys, style.line_key("sum over nuclei", style.BLACK, style.DASHES[1])])
    return figure


def _acts(values: Array) -> bool:
    return bool(np.nanmax(np.abs(values)) > 1e-14)


def forces(case: ClosedCase) -> Figure | None:
    """dP_a/dt of every nuclear component and the mean forces whose sum it is, EF(17): electric and magnetic ones."""
    parts = (
        ("mean_electric_force", "electric", ELECTRIC),
        ("mean_intranuclear_force", "magnetic, intranuclear", INTRA),
        ("mean_internuclear_force", "magnetic, internuclear", INTER),
    )
    if not closed.has(case.fields, "identity_momentum_lhs", *(name for name, _, _ in parts)):
        return None
    if not any(_acts(case.fields[name].values) for name, _, _ in parts[1:]):
        return None
    t = closed.times(case.fields, "identity_momentum_lhs")
    rates = _entries(case, "identity_momentum_lhs")
    shown = [part for part in parts if part[0] == parts[0][0] or _acts(case.fields[part[0]].values)]
    columns = 2 if len(rates) > 1 else 1
    rows = -(-len(rates) // columns)
    figure = style.new_figure(3.8 * columns + 0.6, 2.3 * rows + 1.0)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for number, (axes, (label, rate)) in enumerate(zip(grid.flat, rates, strict=False)):
        style.zero_line(axes)
        axes.plot(t, rate, color=style.GREY, linewidth=3.2, alpha=0.6)
        for name, _, colour in shown:
            axes.plot(t, _entries(case, name)[number][1], color=colour)
        axes.set_title(f"along {closed.symbol(label)}", loc="left")
        axes.set_xlim(t[0], t[-1])
    for extra in list(grid.flat)[len(rates) :]:
        extra.set_visible(False)
    figure.supxlabel("time t (fs)", fontsize=style.RC["axes.labelsize"])
    figure.supylabel("mean force (Hartree/bohr)", fontsize=style.RC["axes.labelsize"])
    keys = [style.line_key("dP/dt", style.GREY, linewidth=3.2, alpha=0.6)]
    style.legend_above(figure, keys + [style.line_key(word, colour) for _, word, colour in shown])
    return figure


def work(case: ClosedCase) -> Figure | None:
    """E(t) - E(0) against the work of the external fields, ∫ power dt, and their difference; parts of the energy behind.

    The integral is that of a cubic spline through the stored powers: a difference tells also how densely they were stored.
    """
    if not closed.has(case.fields, "power_external", "E_total") or not _acts(case.fields["power_external"].values):
        return None
    from scipy.interpolate import CubicSpline

    time = np.asarray(case.fields["time"].values, dtype=float)
    power = np.asarray(case.fields["power_external"].values, dtype=float)
    known = np.isfinite(power)
    if known.sum() < 4:
        return None
    t = time[known] / FS
    done = CubicSpline(time[known], power[known]).antiderivative()(time[known])
    total = np.asarray(case.fields["E_total"].values, dtype=float)
    gained = (total - total[0])[known]
    if max(float(np.nanmax(np.abs(gained))), float(np.abs(done).max())) < _NO_WORK:
        return None
    figure = style.new_figure(6.8, 5.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.0, 1.0])
    style.zero_line(upper)
    upper.plot(t, gained, color=style.GREY, linewidth=3.2, alpha=0.6)
    upper.plot(t, done, color=style.BLACK, linestyle=style.DASHES[1], linewidth=1.2)
    upper.set_ylabel("energy (Hartree)")
    style.zero_line(lower)
    lower.plot(t, gained - done, color=style.OKABE_ITO[1])
    lower.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))
    lower.set_ylabel("difference (Hartree)")
    lower.set_xlabel("time t (fs)")
    lower.set_xlim(t[0], t[-1])
    keys = [
        style.line_key("energy gained, E(t) - E(0)", style.GREY, linewidth=3.2, alpha=0.6),
        style.line_key("work of the external fields, ∫ power dt", style.BLACK, style.DASHES[1], linewidth=1.2),
    ]
    style.legend_above(figure, keys)
    return figure
