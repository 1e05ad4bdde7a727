"""Trajectories that left: when, and with which kinetic energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import quantities as q
from . import style
from .langevin_cases import FEWEST, Array, Ensemble, band, case_keys, chosen, time_scale
from .quantities import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 6  # ensembles in one panel
BINS = (8, 100)
_FIT: dict[str, Any] = {"linewidth": 1.0, "linestyle": (0, (4, 2)), "zorder": 4}


def exits(cases: list[Ensemble]) -> Figure | None:
    """Exits per trajectory and time, with the fitted rate; kinetic energies at the exit, and their mean at the start.

    Bands are one standard error of the counts. Ensembles that fewer than ten left are shown only where all are like that; None
    where nobody left.
    """
    left_many = [case for case in cases if case.exits and _left(case) >= FEWEST]
    shown, colours = chosen(left_many or [case for case in cases if case.exits and _left(case)], MOST)
    if not shown:
        return None
    from matplotlib.patches import StepPatch

    names = shown[0].exits
    figure = style.new_figure(9.2, 3.9)
    left, right = figure.subplots(1, 2)
    time = time_scale(shown)
    end = max(float(case.data["time"].values[-1]) for case in shown) * time.factor
    when = _edges([case.data["exit_time"].values * time.factor for case in shown], 0.0, end)
    energy = _edges([_kinetic(case) for case in shown], 0.0, None)
    fitted = False
    for case, colour in zip(shown, colours, strict=True):
        for k in range(len(names)):
            own = colour if len(shown) > 1 else style.case_colours(len(names))[k]
            look = {"color": own, "linestyle": style.DASHES[k % len(style.DASHES)]}
            gone = case.data["exit_index"].values == k
            _histogram(left, case.data["exit_time"].values[gone] * time.factor, when, _number(case), look)
            _histogram(right, _kinetic(case)[gone], energy, int(gone.sum()), look)
        if len(names) == 1:  # the rate is that of all exits together
            fitted |= _law(left, case, time, end, style.BLACK if len(shown) == 1 else colour)
        start = float(case.data["kinetic_energy"].values[0]) * q.ENERGY.factor
        right.axvline(start, color=style.GREY, linewidth=1.0, linestyle=":", zorder=1)
    left.set_xlim(0.0, end)
    left.set_xlabel(time.label("exit time"))
    left.set_ylabel(f"exits per trajectory and {time.unit}")
    right.set_xlabel(q.ENERGY.label("kinetic energy at the exit"))
    right.set_ylabel("density (1/eV)")
    right.set_xlim(left=0.0)
    for axes in (left, right):  # a law that is steeper than the bins resolve does not set the scale
        steps = [np.asarray(part.get_data()[0]) for part in axes.patches if isinstance(part, StepPatch)]
        axes.set_ylim(0.0, 1.08 * max(float(heights.max()) for heights in steps))
    keys = case_keys(shown, colours)
    if len(names) > 1:
        own_colours = style.case_colours(len(names)) if len(shown) == 1 else [style.BLACK] * len(names)
        keys += [style.line_key(name, own_colours[k], style.DASHES[k % len(style.DASHES)]) for k, name in enumerate(names)]
    keys += [style.line_key("fitted rate", style.BLACK, _FIT["linestyle"], linewidth=1.0)] if fitted else []
    keys.append(style.line_key("mean kinetic energy at the start", style.GREY, ":", linewidth=1.0))
    style.legend_above(figure, keys)
    return figure


def _left(case: Ensemble) -> int:
    """Trajectories that left."""
    return int((case.data["exit_index"].values >= 0).sum())


def _number(case: Ensemble) -> int:
    """Trajectories of the ensemble (a sweep fills up with NaN)."""
    return int(np.isfinite(case.data["exit_index"].values).sum())


def _kinetic(case: Ensemble) -> Array:
    """p²/2m of every trajectory at its exit, eV; NaN for those inside."""
    p = case.data["exit_momentum"].values
    energy: Array = (0.5 * p**2 / case.masses).sum(axis=1) * q.ENERGY.factor
    return np.where(case.data["exit_index"].values >= 0, energy, np.nan)


def _edges(samples: Sequence[Array], low: float, high: float | None) -> Array:
    """Common bins of all samples, as wide as the rule of Freedman and Diaconis has it for the narrowest."""
    finite = [each[np.isfinite(each)] for each in samples]
    top = high if high is not None else float(np.quantile(np.concatenate(finite), 0.998)) * 1.05 or 1.0
    widths = [2.0 * float(np.subtract(*np.percentile(each, [75, 25]))) / np.cbrt(each.size) for each in finite if each.size > 1]
    narrow = min((width for width in widths if width > 0), default=top - low)
    return np.linspace(low, top, int(np.clip((top - low) / narrow, *BINS)) + 1)


def _histogram(axes: Axes, values: Array, edges: Array, total: int, look: dict[str, Any]) -> None:
    """Counts over total and width, with their binomial error."""
    if not values.size:
        return
    counts = np.histogram(values, edges)[0].astype(float)
    width = float(edges[1] - edges[0])
    error = np.sqrt(counts * (1.0 - counts / total)) / (total * width)
    height = counts / (total * width)
    axes.stairs(height, edges, linewidth=1.2, **look)
    band(axes, edges, height - error, height + error, look["color"])


def _law(axes: Axes, case: Ensemble, time: Scale, end: float, colour: str) -> bool:
    """k S(lag) exp(-k (t - lag)); whether there is a rate."""
    rate = float(case.data["exit_rate"].item()) / time.factor
    if not rate > 0:
        return False
    lag = float(case.attrs.get("exit_rate_lag", 0.0)) * time.factor
    curve = case.data["survival"].values
    there = np.isfinite(curve)
    start = float(np.interp(lag, case.data["time"].values[there] * time.factor, curve[there]))
    t = np.linspace(lag, end, 200)
    axes.plot(t, rate * start * np.exp(-rate * (t - lag)), color=colour, **_FIT)
    return True
