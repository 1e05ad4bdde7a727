"""A result as one HTML page that needs nothing else: no network, no script, figures and style inside.

`page` makes its text, `write` the file. May import plot, runs and the foundation; jinja2 is imported on first use.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["page", "write"]


def page(tree: xr.DataTree, name: str = "result") -> str:
    """The HTML text of a result (as `nonadia.open` returns it); name: of its file, without ending."""
    from .render import render

    return render(tree, name)


def write(result: str | Path, output: str | Path | None = None) -> Path:
    """Write the page of a result file beside it as NAME.html, or to `output`; the path written.

    Errors: runs.store.ResultError for a file that is no result, or a place that cannot be written.
    """
    from nonadia.runs.store import ResultError, open_result

    source = Path(result)
    tree = open_result(source)
    target = source.with_suffix(".html") if output is None else Path(output)
    if target == source or (target.exists() and target.resolve() == source.resolve()):
        raise ResultError(f"{target}: is the result itself; choose another file with -o")
    text = page(tree, source.stem)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultError(f"{target}: cannot be written ({error.strerror}); choose another file with -o") from None
    return target
