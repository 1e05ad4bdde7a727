"""`nonadia plot` on the result of a closed system: figures at chosen times, films, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from nonadia.cli.app import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short run of the diatomic molecule."""
    place = tmp_path_factory.mktemp("closed")
    settings = ("propagation.duration=4 fs", "propagation.store_every=1 fs", "coordinates.R.grid.points=512")
    options = [word for setting in settings for word in ("--set", setting)]
    done = CliRunner().invoke(app, ["run", "diatomic", "-o", str(place / "line.nc"), *options])
    assert done.exit_code == 0, done.output
    return place


def plot(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["plot", str(folder / "line.nc"), "-o", str(folder / "out"), *arguments])


def test_figures_at_chosen_times(folder: Path) -> None:
    done = plot(folder, "--times", "1 fs, 4 fs")
    assert done.exit_code == 0, done.output
    assert {"line-energy-transfer.png", "line-potentials.svg"} <= {Path(line).name for line in done.output.split()}


def test_a_film_on_request(folder: Path) -> None:
    done = plot(folder, "--animate", "gif")
    assert done.exit_code == 0, done.output
    with Image.open(folder / "out" / "line-animation.gif") as film:
        assert film.n_frames == 5  # type: ignore[attr-defined]
    assert done.output.split() == [str(folder / "out" / "line-animation.gif")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--times", "1 eV"), "--times"),
        (("--times", "soon"), '--times: "soon" is not a number with a unit, such as "13.6 fs"'),
        (("--animate", "avi"), "gif or mp4"),
    ],
)
def test_what_is_no_time_or_no_film_is_refused(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    done = plot(folder, *arguments)
    assert done.exit_code != 0
    assert message in str(done.exception)
