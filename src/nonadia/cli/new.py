"""`nonadia new [FILE.toml]`: a commented input file from a few answers, given at a terminal, by --answer, or through a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from .words import BAD_INPUT, FAILED, fail


def new(
    file: Annotated[Path, typer.Argument(metavar="[FILE.toml]", help="The file to write; default: input.toml here.")] = Path(
        "input.toml"
    ),
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", "--set", metavar="KEY=VALUE", help="An answer, which is then not asked for. Repeatable."),
    ] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Ask nothing: the default wherever --answer gives none.")
    ] = False,
    questions: Annotated[
        bool, typer.Option("--questions", help="List all questions with their keys, and write nothing.")
    ] = False,
) -> None:
    """Write a commented input file by asking a few questions; without a terminal, answers come one a line from stdin."""
    from nonadia.runs.compose import faults_of, text_of
    from nonadia.runs.errors import InputError

    if questions:
        _list()
        return
    _check_place(file)
    given = _answers(_given(answer), defaults)
    text = text_of(given)
    faults = faults_of(text, file)
    if faults:
        raise InputError(faults)
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        _exists(file)
    except OSError as error:
        fail(f"{file}: cannot be written ({error.strerror}); choose another place", BAD_INPUT)
    print(f"wrote {file}; edit it as you like, then: nonadia check {file}, and: nonadia run {file}")


def _list() -> None:
    """In the order in which they are asked; a condition that several in a row share is said once, above them."""
    from nonadia.runs.compose import QUESTIONS

    print("In this order. A line ending in a colon: the questions below it are asked only with these answers before.")
    condition = None
    for question in QUESTIONS:
        if str(question.when) != condition:
            condition = str(question.when)
            print(f"{condition}:" if condition else "always:")
        print(f"  {question.key:<18} {' '.join(question.ask.split())}")


def _check_place(file: Path) -> None:
    if file.exists() or file.is_symlink():
        _exists(file)
    if not file.parent.is_dir():
        fail(f"{file}: the folder {file.parent} does not exist; create it, or choose another place", BAD_INPUT)


def _exists(file: Path) -> NoReturn:
    fail(f"{file}: exists already and is left as it is; give another name: nonadia new NAME.toml", BAD_INPUT)


def _given(answer: list[str] | None) -> dict[str, str]:
    """The answers on the command line; InputError for what is no answer to any question."""
    import difflib

    from nonadia.runs.compose import QUESTIONS
    from nonadia.runs.errors import InputError

    known, found, wrong = {question.key for question in QUESTIONS}, {}, []
    for text in answer or []:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals:
            wrong.append(("command line", f"--answer {text}", "no KEY=VALUE; for example --answer kind=surface"))
        elif key not in known:
            close = difflib.get_close_matches(key, sorted(known), n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            wrong.append(("command line", f"--answer {key}", f"no such question; {hint}nonadia new --questions lists them"))
        found[key] = value
    if wrong:
        raise InputError(wrong)
    return found


def _answers(fixed: dict[str, str], defaults: bool) -> dict[str, str]:
    """Every question that applies, answered. What was given for a question that does not apply is an error, too."""
    from nonadia.runs.compose import QUESTIONS
    from nonadia.runs.errors import InputError

    terminal = sys.stdin is not None and sys.stdin.isatty() and not defaults
    given: dict[str, str] = {}
    wrong: list[tuple[str, str, str]] = []
    if terminal:
        print("Enter takes the answer in [brackets]; Ctrl-C leaves without writing anything.")
    for question in QUESTIONS:
        if not question.when(given):
            continue
        proposal = question.proposal(given)
        while question.key not in given:
            if question.key in fixed:
                reply, where = fixed[question.key], "command line"
            elif terminal:
                reply, where = _typed(f"{question.ask} [{proposal}]: "), "terminal"
            else:
                reply, where = ("" if defaults else _piped()), "stdin"
            try:
                given[question.key] = question.accept(reply if reply.strip() else proposal, given)
            except ValueError as error:
                if where == "terminal":
                    print(f"  {error}")
                    continue
                wrong.append((where, question.key, str(error)))
                if where == "stdin" or question.key == "kind":  # what follows would answer other questions
                    raise InputError(wrong) from None
                given[question.key] = question.accept(proposal, given) if question.key != "file" else ""
    wrong += [("command line", key, _unasked(key, given)) for key in fixed if key not in given]
    if wrong:
        raise InputError(wrong)
    return given


def _unasked(key: str, given: dict[str, str]) -> str:
    """What would have to be answered for it to be asked."""
    from nonadia.runs.compose import QUESTIONS
    from nonadia.runs.compose.question import missing

    def here(name: str) -> str:
        return f" (here {given[name]})" if name in given else ""

    needs = ", ".join(f"{need}{here(need.key)}" for need in missing(key, given, QUESTIONS))
    return f"is not asked for with these answers: it needs {needs}; give that with --answer, or leave {key} out"


def _typed(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError:
        print()
        fail("no more answers; nothing was written", FAILED)
    except UnicodeDecodeError:
        return "?"


def _piped() -> str:
    """The next line; empty, which takes the default, at the end."""
    from nonadia.runs.errors import InputError

    if sys.stdin is None:
        return ""
    try:
        return sys.stdin.readline()
    except (UnicodeDecodeError, ValueError, OSError):
        raise InputError([("stdin", "", "cannot be read as text; give answers one a line, or --defaults")]) from None
