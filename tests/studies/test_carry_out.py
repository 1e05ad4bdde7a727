"""A study of one shipped system: what is computed, kept, used again, and when it is green."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import xarray as xr

from nonadia.runs.errors import InputError
from nonadia.runs.store import ResultError
from nonadia.studies.carry_out import Outcome, carry_out
from nonadia.studies.statement import Statement, statement
from nonadia.studies.study import Calculation, Figure, Run, Study

computed: list[str] = []


def double(data: Mapping[str, xr.DataTree]) -> xr.Dataset:
    computed.append("double")
    return xr.Dataset({"friction": 2 * data["forces"]["forces/friction"].isel(mode=0, mode_=0)})


def draw(data: Mapping[str, xr.DataTree]) -> object:
    from nonadia.plot.style import new_figure

    figure = new_figure(3, 2)
    axes = figure.add_subplot()
    axes.plot(data["twice"]["friction"].values.ravel())
    axes.set_xlabel("<x>")
    return figure


def says(data: Mapping[str, xr.DataTree]) -> list[Statement]:
    once = float(data["forces"]["forces/friction"].values.ravel()[0])
    twice = float(data["twice"]["friction"].values.ravel()[0])
    return [
        statement("figure-1a", "friction of J1 at x = -3.54", "<gamma>", once, "hbar", near=(0.137, 0.001), error=1e-4),
        statement("figure-1b", "twice as much", "ratio", twice / once, near=(2, 1e-12)),
        statement("figure-1b", "negative", "twice", twice, "hbar", high=0, known="it is positive"),
    ]


STUDY = Study(
    "small",
    "A small study",
    "nobody",
    "all ours",
    (
        Run("forces", "junction", {"forces.x": [-3.54], "sweep.bias": ["0 V"]}),
        Calculation("twice", double, "twice the friction"),
        Run("other", "junction", {"forces.x": [0.0], "sweep.bias": ["0 V"]}),
    ),
    (Figure("figure-1", "Friction", "x <&> y", draw, says, ("forces", "twice")),),
)


def quiet(line: str) -> None:
    assert "\n" not in line


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    folder = tmp_path_factory.mktemp("study")
    return carry_out(STUDY, folder, only=["figure-1"], say=quiet), folder


def test_states_values_and_files(done: tuple[Outcome, Path]) -> None:
    outcome, folder = done
    assert [entry.state for entry in outcome.all()] == ["holds", "holds", "not reproduced"]
    assert outcome.green
    record = json.loads((folder / "partial.json").read_text())
    assert record["green"] and [entry["state"] for entry in record["statements"]] == ["holds", "holds", "not reproduced"]
    assert record["statements"][2]["low"] is None and record["statements"][0]["unit"] == "hbar"
    page = (folder / "partial.html").read_text()
    assert (
        "&lt;gamma&gt;" in page and "<gamma>" not in page and "data:image/png;base64," in page and "x &lt;&amp;&gt; y" in page
    )
    assert "src='" not in page and 'src="http' not in page
    assert (folder / "figure-1.png").read_bytes().startswith(b"\x89PNG") and (folder / "figure-1.svg").exists()
    assert "| 1a: holds | friction of J1" in (folder / "partial.md").read_text()


def test_only_what_the_figure_needs_is_computed(done: tuple[Outcome, Path]) -> None:
    assert not (done[1] / "other.nc").exists()


def test_finished_results_are_used_again_and_changed_ones_not(done: tuple[Outcome, Path]) -> None:
    _, folder = done
    said: list[str] = []
    before = len(computed)
    again = carry_out(STUDY, folder, only=["figure-1"], say=said.append)
    assert len(computed) == before and again.green
    assert sum("taken from" in line for line in said) == 2
    changed = Run("forces", "junction", {"forces.x": [-3.0], "sweep.bias": ["0 V"]})
    other = carry_out(replace(STUDY, runs=(changed, *STUDY.runs[1:])), folder, only=["figure-1"], say=quiet)
    assert len(computed) == before + 1, "made from another result, so computed anew"
    assert other.all()[0].state == "fails" and other.all()[1].state == "holds" and not other.green


def test_a_part_does_not_replace_the_whole(tmp_path: Path) -> None:
    small = replace(STUDY, runs=STUDY.runs[:2])
    carry_out(small, tmp_path, say=quiet)
    whole = (tmp_path / "statements.json").read_bytes()
    carry_out(small, tmp_path, only=["figure-1"], say=quiet)
    assert (tmp_path / "statements.json").read_bytes() == whole and (tmp_path / "partial.json").exists()


def test_other_files_are_never_touched(tmp_path: Path) -> None:
    """A folder with anything else in it is refused; within the study's own, a result is there until its successor is."""
    mine = tmp_path / "forces.nc"
    mine.write_text("not a result")
    with pytest.raises(ResultError, match="other files; choose a new or empty folder"):
        carry_out(STUDY, tmp_path, say=quiet)
    assert mine.read_text() == "not a result"
    with pytest.raises(ResultError, match="cannot be used"):
        carry_out(STUDY, mine / "folder", say=quiet)
    other = tmp_path / "other"
    carry_out(STUDY, other, only=["figure-1"], say=quiet)
    with pytest.raises(ResultError, match="the study small"):
        carry_out(replace(STUDY, name="another"), other, say=quiet)
    kept = (other / "forces.nc").read_bytes()
    failing = Run("forces", "junction", {"forces.x": [0.0], "parameters.Gamma": "nonsense"})
    with pytest.raises(InputError):
        carry_out(replace(STUDY, runs=(failing, *STUDY.runs[1:])), other, only=["figure-1"], say=quiet)
    assert (other / "forces.nc").read_bytes() == kept


def test_damaged_results_of_its_own_are_made_anew(tmp_path: Path) -> None:
    carry_out(STUDY, tmp_path, only=["figure-1"], say=quiet)
    for name in ("forces.nc", "twice.nc"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:500])
    assert carry_out(STUDY, tmp_path, only=["figure-1"], say=quiet).green


def test_unconverged_results_are_not_green(tmp_path: Path) -> None:
    """Whatever the statements say: here they all hold."""
    settings = {"forces.x": [-3.54], "sweep.bias": ["0 V"], "forces.method": "heom", "forces.tiers": 1}
    holding = replace(STUDY.figures[0], statements=lambda data: says(data)[1:2])
    study = replace(STUDY, runs=(Run("forces", "junction", settings), *STUDY.runs[1:]), figures=(holding,))
    outcome = carry_out(study, tmp_path, only=["figure-1"], say=quiet)
    assert [entry.state for entry in outcome.all()] == ["holds"]
    assert outcome.unconverged == ("forces",) and not outcome.green


def test_bounds() -> None:
    assert statement("figure-1", "t", "q", 1.0, low=1.0).holds and statement("figure-1", "t", "q", 1.0, high=1.0).holds
    assert statement("figure-1", "t", "q", math.nan, low=0).state == "fails"
    assert statement("figure-1", "t", "q", 2.0, high=1.0, known="why").state == "not reproduced"
    assert statement("figure-1", "t", "q", 0.5, high=1.0, known="why").state == "fails", "what we say about it is wrong then"
    with pytest.raises(ValueError, match="can never fail"):
        statement("figure-1", "t", "q", 0.5)


def test_unknown_figures_and_names() -> None:
    with pytest.raises(ValueError, match="there are: figure-1"):
        carry_out(STUDY, Path("nowhere"), only=["figure-9"], say=quiet)
    with pytest.raises(ValueError, match="distinct"):
        replace(STUDY, runs=STUDY.runs[:1])


def test_the_command_of_a_run_is_the_run(tmp_path: Path) -> None:
    """What index.html prints is what a user can type: the same settings."""
    import shlex

    from nonadia.cli.words import load_input
    from nonadia.runs.experiment import load

    run = Run("f", "junction", {"forces.x": [-3.0, 1.0], "parameters.bias": "0.3 V", "forces.tolerance": 0.01})
    words = shlex.split(run.command())
    typed = load_input(words[2], [words[i + 1] for i, word in enumerate(words) if word == "--set"])
    assert typed.settings == load("junction", dict(run.overrides)).settings
