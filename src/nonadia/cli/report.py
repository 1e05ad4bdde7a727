"""`nonadia report RESULT.nc`: one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    result: Annotated[Path, typer.Argument(metavar="RESULT.nc", help="Result file of `nonadia run` or `converge`.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PAGE.html", help="Default: RESULT.html beside it.")
    ] = None,
) -> None:
    """Write a result as one HTML page: verdict, errors, key numbers, figures, settings, how to cite and repeat it."""
    from nonadia.report import write

    print(write(result, output))
