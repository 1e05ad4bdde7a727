"""`nonadia reproduce` as typed: what there is, what is refused, and a study from start to page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nonadia import studies
from nonadia.studies.study import Run, Study

from ..command import assert_refused, nonadia


def test_the_studies_are_listed(tmp_path: Path) -> None:
    done = nonadia("reproduce", folder=tmp_path)
    assert done.returncode == 0 and [line.split()[0] for line in done.stdout.splitlines()] == list(studies.NAMES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prl"], "there is no such study; there are: prl-128-113001"),
        (["prl-128-113001", "--only", "figure-9"], "there are: figure-1"),
        (["prl-128-113001", "--only", ""], "no figure named"),
    ],
)
def test_what_is_refused(tmp_path: Path, words: list[str], said: str) -> None:
    assert_refused(nonadia("reproduce", *words, folder=tmp_path), said)
    assert not list(tmp_path.iterdir())


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in ("file", "file/below", "."):
        done = nonadia("reproduce", "prl-128-113001", "-o", place, folder=tmp_path)
        assert done.returncode == 2 and "choose" in done.stderr and len(done.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


def test_every_run_of_every_study_is_a_valid_input() -> None:
    from nonadia.runs.experiment import load

    for name in studies.NAMES:
        study = studies.load(name)
        assert isinstance(study, Study) and study.name == name and study.note
        for run in study.runs:
            if isinstance(run, Run):
                load(run.example, dict(run.overrides))


def test_failing_statements_are_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ..studies.test_carry_out import STUDY

    monkeypatch.setattr(studies, "NAMES", ("small",))
    monkeypatch.setattr(studies, "load", lambda name: STUDY)
    done = nonadia("reproduce", "small", "--only", "figure-1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 statements: 2 hold, 1 not reproduced; read small/partial.html" in done.stdout
    wrong = replace(
        STUDY.figures[0], statements=lambda data: [replace(STUDY.figures[0].statements(data)[0], low=9.0, high=10.0)]
    )
    monkeypatch.setattr(studies, "load", lambda name: replace(STUDY, figures=(wrong,)))
    done = nonadia("reproduce", "small", "--only", "figure-1", folder=tmp_path)
    assert done.returncode == 1 and "1 FAIL" in done.stdout and "not everything holds" in done.stderr
