"""Ratios of times to other programs, as bars on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .style import BLACK, GREY, OKABE_ITO, RC, line_key, new_figure, save

Row = tuple[str, str, float, bool]  # label, engine, ratio, whether it is a lower bound


def draw_ratios(rows: Sequence[Row], caption: str, outdir: Path, name: str) -> list[Path]:
    """NAME.png and NAME.svg: one bar a ratio, coloured by engine, an arrow where it is a lower bound."""
    from matplotlib import rc_context

    engines = list(dict.fromkeys(engine for _, engine, _, _ in rows))
    colours = dict(zip(engines, OKABE_ITO, strict=False))
    with rc_context(RC):  # type: ignore[arg-type]
        figure = new_figure(7.5, 1.6 + 0.27 * len(rows))
        axes = figure.add_subplot()
        for place, (_, engine, ratio, bound) in enumerate(rows):
            axes.barh(place, ratio - 1.0, left=1.0, color=colours[engine], height=0.7)
            text = f"{'> ' if bound else ''}{ratio:,.0f}" if ratio >= 100 else f"{'> ' if bound else ''}{ratio:.3g}"
            axes.annotate(text, (max(ratio, 1.0), place), (4, 0), textcoords="offset points", va="center", color=BLACK)
        axes.set_xscale("log")
        axes.set_xlim(min([0.5, *(ratio / 2 for _, _, ratio, _ in rows)]), 6 * max([1.0, *(ratio for _, _, ratio, _ in rows)]))
        axes.set_yticks(range(len(rows)), [label for label, _, _, _ in rows])
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.axvline(1.0, color=GREY, linewidth=0.8)
        axes.set_xlabel("the other program's time / nonadia's")
        keys = [line_key(engine, colours[engine], linewidth=6) for engine in engines]
        figure.legend(handles=keys, loc="outside upper center", ncols=len(engines))
        figure.supxlabel(caption, fontsize=7.5, color=GREY)
        return save(figure, outdir, name)
