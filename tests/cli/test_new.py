"""`nonadia new`: every file that it writes can be checked and run; bad answers are lines, never tracebacks."""

from __future__ import annotations

import io
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nonadia.cli.app import main
from nonadia.runs import estimate, langevin_estimate
from nonadia.runs.closed_estimate import refuse_if_too_large
from nonadia.runs.closed_experiment import ClosedExperiment
from nonadia.runs.compose import KINDS, QUESTIONS, faults_of, text_of
from nonadia.runs.compose.question import missing
from nonadia.runs.experiment import load
from nonadia.runs.junction_experiment import JunctionExperiment

CHOICES = {
    "kind": KINDS, "levels": ("1", "2", "3"), "coordinate": ("vibration", "bond"), "coordinates": ("1", "2"),
    "sweep": ("none", "0 V, 0.2 V"), "source": ("formulas",), "shape": ("harmonic", "double-well"),
    "electrons": ("states", "surfaces", "electron"), "gauge": ("real", "temporal", "zero-vector-potential"),
    **dict.fromkeys(("interacting", "fading", "quantum", "langevin", "exit", "excited", "factorization"), ("no", "yes")),
}  # fmt: skip


def combinations(before: Mapping[str, str], start: int = 0) -> Iterator[dict[str, str]]:
    """All combinations of the questions with choices; defaults for the others."""
    answers = dict(before)
    for number, question in enumerate(QUESTIONS[start:], start):
        if question.key in answers or not question.when(answers):
            continue
        if question.key not in CHOICES:
            answers[question.key] = question.accept(question.proposal(answers), answers)
            continue
        for choice in CHOICES[question.key]:
            if question.key == "gauge" and answers.get("coordinates") == "2" and choice.startswith("zero"):
                continue
            yield from combinations({**answers, question.key: question.accept(choice, answers)}, number + 1)
        return
    yield answers


def texts() -> list[str]:
    return list(dict.fromkeys(text_of(answers) for answers in combinations({})))


def nonadia(*arguments: str, monkeypatch: pytest.MonkeyPatch, stdin: str = "") -> int:
    monkeypatch.setattr(sys, "argv", ["nonadia", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_every_combination_of_answers_gives_a_valid_file(tmp_path: Path) -> None:
    every = texts()
    assert len(every) > 200
    for text in every:
        assert faults_of(text, tmp_path / "input.toml") == [], text


def test_every_combination_fits_into_memory(tmp_path: Path) -> None:
    for text in texts()[::12]:
        experiment = load(tomllib.loads(text))
        if isinstance(experiment, ClosedExperiment):
            refuse_if_too_large(experiment)
            continue
        if isinstance(experiment, JunctionExperiment):
            estimate.refuse_if_too_large(experiment)
        langevin_estimate.refuse_if_too_large(experiment)


@pytest.mark.parametrize("kind", KINDS)
def test_the_defaults_pass_check(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "my.toml"
    assert nonadia("new", str(target), "--defaults", "--answer", f"kind={kind}", monkeypatch=monkeypatch) == 0
    assert f"nonadia run {target}" in capsys.readouterr().out
    assert nonadia("check", str(target), monkeypatch=monkeypatch) == 0
    text = target.read_text(encoding="utf-8")
    assert text.count("#") > 8, "the keys are explained"


def test_the_file_of_a_junction_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert nonadia("new", "my.toml", "--defaults", "--answer", "points=5", monkeypatch=monkeypatch) == 0
    assert nonadia("run", "my.toml", monkeypatch=monkeypatch) == 0
    assert (tmp_path / "my.nc").exists()


def test_answers_come_through_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "my.toml"
    assert nonadia("new", str(target), monkeypatch=monkeypatch, stdin='surface\nOf <a> "group" \\ \n2\n\n') == 0
    data = tomllib.loads(target.read_text(encoding="utf-8"))
    assert (
        data["title"] == 'Of <a> "group" \\'
        and list(data["leads"]) == ["metal"]
        and list(data["molecule"]["levels"]) == ["d1", "d2"]
    )


def test_nothing_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "my.toml"
    target.write_text("mine", encoding="utf-8")
    assert nonadia("new", str(target), "--defaults", monkeypatch=monkeypatch) == 2
    assert target.read_text(encoding="utf-8") == "mine" and "exists already" in capsys.readouterr().err
    assert nonadia("new", str(tmp_path / "no" / "my.toml"), "--defaults", monkeypatch=monkeypatch) == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["kind=junctoin"], "did you mean junction?"),
        (["level=3 fs"], "is a time; an energy"),
        (["levels=9"], "from 1 to 3"),
        (["widht=1 eV"], "did you mean width?"),
        (["file=a.csv"], "is not asked for"),
        (["kind=table", "source=file", "file=nowhere.csv"], "is no file here"),
        (["sweep=0 V, 0 V"], "occurs twice"),
        (["kind"], "no KEY=VALUE"),
        (["fading=perhaps"], "answer yes or no"),
        (["bias=inf"], "not a finite number"),
    ],
)
def test_bad_answers_are_lines(
    answers: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "my.toml"
    options = [word for answer in answers for word in ("--answer", answer)]
    assert nonadia("new", str(target), "--defaults", *options, monkeypatch=monkeypatch) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error and not target.exists()


@pytest.mark.parametrize(
    ("answers", "needed"),
    [
        ({"kind": "surface", "coordinates": "2"}, "it needs coordinate=vibration (here bond)"),
        ({"kind": "junction", "repulsion": "1 eV"}, "it needs levels=2 or 3 (here 1), interacting=yes"),
        ({"kind": "molecule", "mixing": "0 eV", "electrons": "electron"}, "it needs electrons=states (here electron)"),
        ({"kind": "table", "bias": "1 V"}, "it needs kind=junction (here table)"),
        ({"kind": "molecule", "electrons": "states", "coordinates": "2", "gap": "1 eV"}, "coordinates other than 2 (here 2)"),
    ],
)
def test_what_an_answer_needs_is_said(
    answers: dict[str, str],
    needed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = [word for key, value in answers.items() for word in ("--answer", f"{key}={value}")]
    assert nonadia("new", str(tmp_path / "my.toml"), "--defaults", *options, monkeypatch=monkeypatch) == 2
    assert needed in capsys.readouterr().err


def test_what_is_needed_is_enough() -> None:
    """With the answers that `missing` names, a question is asked."""
    for question in QUESTIONS:
        for kind in KINDS:
            given: dict[str, str] = {"kind": kind}
            for need in missing(question.key, given, QUESTIONS):
                given[need.key] = "none of these" if need.but else need.values[0]
            assert any(other.key == question.key and other.when(given) for other in QUESTIONS), (question.key, kind)


def test_the_list_of_questions_says_when_each_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nonadia("new", "--questions", monkeypatch=monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    condition, found = "", []
    for line in lines[1:]:
        if line.endswith(":") and not line.startswith(" "):
            condition = line[:-1]
        else:
            found.append((line.split()[0], condition))
    assert found == [(question.key, str(question.when) or "always") for question in QUESTIONS]
    assert len(set(found)) == len(found) and ("coordinates", "kind=junction or surface, coordinate=vibration") in found


def test_a_bad_piped_answer_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "my.toml"
    assert nonadia("new", str(target), monkeypatch=monkeypatch, stdin="junction\ntitle\nmany\n") == 2
    assert "levels" in capsys.readouterr().err and not target.exists()


def test_at_a_terminal_a_bad_answer_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    replies = iter(["tabel", "table", *[""] * 40])
    monkeypatch.setattr(sys, "argv", ["nonadia", "new", str(tmp_path / "my.toml")])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda prompt: next(replies))
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code and "did you mean table?" in capsys.readouterr().out
    assert tomllib.loads((tmp_path / "my.toml").read_text(encoding="utf-8"))["system"] == "table"


def test_forces_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{0.1 * i - 1},{1 - 0.1 * i},2.0" for i in range(21)]
    (tmp_path / "mine.csv").write_text("\n".join(["x,mean_force,friction", *rows]), encoding="utf-8")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    options = ["--defaults", "--answer", "kind=table", "--answer", "source=file", "--answer"]
    assert nonadia("new", "my.toml", *options, "file=mine.csv", monkeypatch=monkeypatch) == 0
    assert nonadia("check", "my.toml", monkeypatch=monkeypatch) == 0
    assert nonadia("new", "bad.toml", *options, "file=other.csv", monkeypatch=monkeypatch) == 2
    assert not (tmp_path / "bad.toml").exists() and "bad.toml" in capsys.readouterr().err


ANSWER = st.one_of(
    st.sampled_from(
        ["", "yes", "no", "1", "2", "3", "none", "bond", "table", "molecule", "surface", "electron", "0", "-1", "1e999"]
    ),
    st.sampled_from(["0.1 eV", "300 K", "1 u", "5 fs", "2 angstrom", "nan", "1 parsec", "0 V, 1 V", "0.2", "1e-300"]),
    st.text(max_size=12),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), replies=st.lists(ANSWER, max_size=30))
def test_random_answers_give_a_valid_file_or_a_line(
    kind: str, replies: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "my.toml"
    target.unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        piped = "\n".join(reply.replace("\n", " ").replace("\r", " ") for reply in replies)
        status = nonadia("new", str(target), "--answer", f"kind={kind}", monkeypatch=patch, stdin=piped)
    said = capsys.readouterr()
    assert "Traceback" not in said.err and "failed:" not in said.err
    assert status == (0 if target.exists() else 2)
    if target.exists():
        load(str(target))
    else:
        assert said.err.strip()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_accepted_answers_give_a_valid_file(data: st.DataObject) -> None:
    answers: dict[str, str] = {"kind": data.draw(st.sampled_from(KINDS))}
    for question in QUESTIONS:
        if question.key in answers or not question.when(answers):
            continue
        options = CHOICES.get(question.key, (question.proposal(answers), *NUMBERS.get(question.key, ())))
        try:
            answers[question.key] = question.accept(data.draw(st.sampled_from(options)), answers)
        except ValueError:
            answers[question.key] = question.accept(question.proposal(answers), answers)
    load(tomllib.loads(text_of(answers)))


NUMBERS = {
    "level": ("-5 eV", "0", "0.1"), "hopping": ("1 meV", "5 eV"), "repulsion": ("0", "10 eV"),
    "frequency": ("0.5 meV", "500 meV"),
    "mass": ("0.5 u", "500 u", "1000"), "depth": ("10 meV", "20 eV"), "place": ("0.5 angstrom", "10 angstrom", "3"),
    "coupling": ("0 eV", "2 eV"), "width": ("1 meV", "5 eV"), "temperature": ("1 K", "10000 K", "25 meV"),
    "bias": ("-5 V", "5 V", "0.1 eV"), "points": ("3", "60"), "quantum_frequency": ("20 meV", "1 eV"),
    "quantum_coupling": ("1 meV", "400 meV"), "trajectories": ("2", "1000000"), "duration": ("10 fs", "1 ns"),
    "table_frequency": ("1 meV", "500 meV"), "barrier": ("10 meV", "2 eV"), "relaxation": ("10 fs", "1 ns"),
    "nuclear_mass": ("0.25 u", "100 u"), "quantum_energy": ("10 meV", "0.5 eV"), "displacement": ("0.5", "4"),
    "gap": ("10 meV", "1 eV"), "mixing": ("0 eV", "0.5 eV"), "time": ("0.5 fs", "100 fs"), "title": ("", "ü <b>", '"'),
}  # fmt: skip


def test_without_any_stdin(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nonadia", "new"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and (tmp_path / "input.toml").exists(), done.stderr
