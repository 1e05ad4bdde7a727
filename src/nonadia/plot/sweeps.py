"""Friction over a coordinate and a swept parameter: where it is large, and where it is negative."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from . import quantities as q
from . import style
from .cases import Case
from .lines import axis_values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENOUGH = 5  # values of the parameter that make a map
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")


def swept_values(cases: list[Case]) -> tuple[str, np.ndarray] | None:
    """(axis label, values) of the one swept parameter as the user wrote it; None without one, or where texts are no numbers."""
    parts = [case.label.split(" = ") for case in cases]
    if any(len(part) != 2 for part in parts):
        return None
    found = [_NUMBER.fullmatch(text) for _, text in parts]
    units = {match[2] for match in found if match}
    if not all(found) or len(units) > 1:
        return None
    values = np.array([float(match[1]) for match in found if match])
    (unit,), name = units, parts[0][0]
    return (f"{name} ({unit})" if unit else name), values


def friction_map(cases: list[Case], coordinate: str) -> Figure | None:
    """γ(x, parameter), colours linear near zero and logarithmic beyond; None for fewer than ENOUGH values of one parameter.

    Within the dashed line γ is negative; hatched where it is smaller than its stated error.
    """
    swept = swept_values(cases)
    if swept is None or len(cases) < ENOUGH or cases[0].data.sizes[coordinate] < 2:
        return None
    from matplotlib.colors import SymLogNorm

    label, parameter = swept
    order = np.argsort(parameter)
    scale = q.friction(cases[0].data, coordinate, coordinate)
    x, xlabel = axis_values(cases[0].data, coordinate)
    values = np.array([cases[i].data["friction"].values[:, 0, 0] for i in order]) * scale.factor
    errors = np.array([cases[i].data["error_friction"].values[:, 0, 0] for i in order]) * scale.factor
    top = float(np.nanmax(np.abs(values))) or 1.0
    figure = style.new_figure(6.4, 4.4)
    axes = figure.add_subplot()
    norm = SymLogNorm(linthresh=1e-3 * top, vmin=-top, vmax=top)
    image = axes.pcolormesh(x, parameter[order], values, shading="nearest", cmap="RdBu_r", norm=norm, rasterized=True)
    keys: list[Any] = []
    if np.nanmin(values) < 0.0 < np.nanmax(values):
        axes.contour(x, parameter[order], values, levels=[0.0], colors=style.BLACK, linewidths=0.9, linestyles="--")
        keys.append(style.line_key("γ = 0", style.BLACK, "--", linewidth=0.9))
    unknown = ~(np.abs(values) > errors)
    if unknown.any():
        from matplotlib.patches import Patch

        axes.contourf(x, parameter[order], unknown.astype(float), levels=[0.5, 1.5], colors="none", hatches=["///"])
        keys.append(
            Patch(facecolor="none", edgecolor=style.BLACK, linewidth=0, hatch="///", label="|γ| below its stated error")
        )
    axes.grid(False)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(label)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.set_label(scale.label("friction γ"))
    if keys:
        style.legend_above(figure, keys)
    return figure
