"""Memory kernels against time and their spectra against frequency: how long the electrons remember."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..units import EV, FS
from . import PlotError, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 6  # geometries in one figure
QUANTITIES = (("friction", "γ"), ("noise", "D"))


def draw_memory(tree: xr.DataTree, outdir: Path, name: str) -> list[Path]:
    """Draw /memory of `tree` into `outdir` as NAME-memory….png and .svg; the paths written."""
    from matplotlib import rc_context

    with rc_context(style.RC):  # type: ignore[arg-type]
        written = []
        for stem, figure in figures(tree["memory"].to_dataset()):
            written += style.save(figure, outdir, f"{name}-{stem}")
    return written


def figures(memory: xr.Dataset) -> list[tuple[str, Figure]]:
    """(file stem, figure) for each sweep point and each diagonal component of γ(t) and D(t)."""
    if "exponent_count" not in memory:
        raise PlotError("holds no memory kernels; run an input with [memory]")
    sweep = [str(dim) for dim in memory["exponent_count"].dims if f"{dim}_label" in memory.coords]
    modes = [str(name) for name in memory["mode"].values]
    drawn = []
    for index in np.ndindex(tuple(memory.sizes[dim] for dim in sweep)):
        case = memory.isel(dict(zip(sweep, index, strict=True)))
        if bool(np.isnan(case["exponent_count"].values).all()):
            continue
        label = ", ".join(f"{dim} = {case[f'{dim}_label'].item()}" for dim in sweep)
        tail = "".join(c for c in label.replace(" = ", "-").replace(", ", "_") if c.isalnum() or c in "-_.+")
        for mode in modes:
            stem = "memory" + (f"-{mode}" if len(modes) > 1 else "") + (f"-{tail}" if tail else "")
            drawn.append((stem, kernels(case, mode, label)))
    return drawn


def kernels(case: xr.Dataset, mode: str, label: str = "") -> Figure:
    """Upper row γ(t) and D(t) in fs, lower row Re γ(ω) and Re D(ω) in eV; a line for each geometry, the stated error shaded."""
    dims = [str(dim) for dim in case["exponent_count"].dims]
    data = case.sel(mode=mode, mode_=mode).stack(geometry=dims, create_index=False)
    shown = np.unique(np.linspace(0, data.sizes["geometry"] - 1, min(MOST, data.sizes["geometry"])).round().astype(int))
    figure = style.new_figure(7.6, 5.6)
    grid = figure.subplots(2, 2, sharex="row")
    colours = style.case_colours(len(shown))
    time, energy = data["time"].values / FS, data["frequency"].values / EV
    for column, (quantity, symbol) in enumerate(QUANTITIES):
        upper, lower = grid[:, column]
        for i, colour in zip(shown, colours, strict=True):
            point = data.isel(geometry=int(i))
            _line(upper, time, point[f"{quantity}_kernel"], point[f"error_{quantity}_kernel"], colour)
            _line(lower, energy, point[f"{quantity}_spectrum"], point[f"error_{quantity}_spectrum"], colour)
        for axes, argument in ((upper, "t"), (lower, "ω")):
            name = f"{symbol}({argument})" if argument == "t" else f"Re {symbol}({argument})"
            part = data[f"{quantity}_{'kernel' if argument == 't' else 'spectrum'}"]
            axes.set_ylabel(f"{name} ({_readable(part.attrs['units'])})")
            style.zero_line(axes)
        upper.set_xlabel("time t (fs)")
        lower.set_xlabel("ħω (eV)")
    if label:
        grid[0, 0].set_title(label, loc="left")
    keys = [style.line_key(_name(data, int(i), dims), colour) for i, colour in zip(shown, colours, strict=True)]
    style.legend_above(figure, keys)
    return figure


def _line(axes: Axes, where: Any, values: xr.DataArray, error: xr.DataArray, colour: str) -> None:
    y, width = values.values.real, error.values
    axes.plot(where, y, color=colour, marker="o" if len(where) == 1 else "")
    axes.fill_between(where, y - width, y + width, color=colour, alpha=0.2, linewidth=0)


def _name(data: xr.Dataset, i: int, dims: list[str]) -> str:
    return ", ".join(f"{dim} = {float(data[dim].values[i]):.4g}" if dim in data.coords else f"point {i + 1}" for dim in dims)


def _readable(unit: str) -> str:
    """`hartree*hbar/bohr^2` as it is printed."""
    return unit.replace("hartree", "Hartree").replace("hbar", "ħ").replace("^2", "²").replace("*", " ")
