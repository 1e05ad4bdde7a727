"""Every snippet of the README and of docs/ runs as printed, in order, in one folder a page.

```toml     written to the file its first comment names, and validated
```csv      written likewise
```bash     every line is run; `bash exit=N` expects that exit status
```python   executed
```sh       installation: not executed here, the CI script runs these very lines
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """(language, options, text) of each fenced block."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def check(path: Path) -> None:
    """What `nonadia check` does, without a process of its own."""
    from nonadia.runs.describe import describe
    from nonadia.runs.experiment import load

    lines: list[str] = []
    describe(load(path), lines.append)
    assert lines


def run_line(line: str, folder: Path, status: int) -> None:
    words = shlex.split(line, comments=True)
    assert words[0] == "nonadia", f"only nonadia's own commands are run here, not {line!r}"
    done = subprocess.run(
        [sys.executable, "-m", "nonadia", *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    assert done.returncode == status, f"{line}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_snippets_run_as_printed(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for language, options, text in blocks(page):
        if language == "toml":
            name = re.match(r"#\s*(\S+\.toml)", text)
            assert name, "a TOML snippet begins with a comment that names its file"
            (tmp_path / name[1]).write_text(text, encoding="utf-8")
            check(tmp_path / name[1])
        elif language == "csv":
            name = re.match(r"#\s*(\S+\.csv)", text)
            assert name, "a table begins with a comment that names its file"
            (tmp_path / name[1]).write_text(text, encoding="utf-8")
        elif language == "bash":
            found = re.search(r"exit=(\d)", options)
            for line in text.strip().splitlines():
                run_line(line, tmp_path, int(found[1]) if found else 0)
        elif language == "python":
            exec(compile(text, str(page), "exec"), {"__name__": "snippet"})
        else:
            assert language == "sh", f"unknown kind of snippet: {language}"


def test_ci_runs_the_command_of_the_readme() -> None:
    commands = [text.strip() for language, _, text in blocks(ROOT / "README.md") if language == "sh"]
    assert len(commands) == 2 and "nonadia run junction" in commands[0] and commands[1].endswith("pytest")
    assert "README.md" in (ROOT / ".ci" / "run").read_text(), "the CI script takes its command from the README"


def test_links_between_pages_exist() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(((?!http)[^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_no_page_names_a_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<!\w)/(work|tmp|root|home)/", page.read_text(encoding="utf-8"))


def test_the_input_reference_is_the_schema() -> None:
    """docs/input.md holds the tables that the schema gives: every key, with its default."""
    from nonadia.runs.reference import key_tables

    text = (DOCS / "input.md").read_text(encoding="utf-8")
    written = text.split("nonadia.runs.reference -->\n")[1].split("<!-- end -->")[0]
    assert written == key_tables(), "write it anew: python -m nonadia.runs.reference"
    for key in ("`temperature`", "`states`", "`tolerance_mode`", "`profile`"):
        assert key in written


def tool(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A script of docs/tools."""
    monkeypatch.syspath_prepend(str(DOCS / "tools"))
    return import_module(name)


def test_the_page_of_commands_is_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/commands.md holds every command and option with its default, as typer has them."""
    from nonadia.cli.app import app

    written = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert written == tool("commands", monkeypatch).page(), "write it anew: python docs/tools/commands.py"
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        assert f"## `nonadia {name}`" in written
    assert "| `--resume` |" in written and "| `4,6,8,10` |" in written


def test_the_page_of_results_holds_what_runs_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small runs of every kind: each variable stands in docs/result.md with its dimensions, units and meaning."""
    result = tool("result", monkeypatch)
    assert result.written() == result.tables(), "write it anew: python docs/tools/result.py"
    for line in result.written().splitlines():
        if line.startswith("| `"):
            assert line.split(" | ")[-1].strip(" |"), f"says nothing: {line}"


def test_the_gallery_shows_every_shipped_system(monkeypatch: pytest.MonkeyPatch) -> None:
    from nonadia import examples

    gallery = tool("gallery", monkeypatch)
    written = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert written == gallery.page(), "write it anew: python docs/tools/gallery.py"
    for name in examples.names():
        figure = DOCS / "gallery" / f"{name}.png"
        assert figure.read_bytes().startswith(b"\x89PNG") and figure.stat().st_size <= 80_000
        assert f"### {name}\n" in written


def test_the_api_page_holds_every_public_name() -> None:
    """docs/api.md names the home of each name that `import nonadia` gives, once."""
    import nonadia

    shown = re.findall(r"^::: (\S+)$", (DOCS / "api.md").read_text(encoding="utf-8"), re.MULTILINE)
    homes = []
    for module, attribute in nonadia._HOME.values():
        homes += [f"{module}.{attribute}"] if attribute else [f"{module}.{function}" for function in ("load", "names", "text")]
    assert sorted(shown) == sorted(homes)


def test_the_theory_names_functions_that_exist() -> None:
    """Each `nonadia.room.module.name` of docs/theory.md can be imported."""
    names = re.findall(r"`(nonadia\.[\w.]+)`", (DOCS / "theory.md").read_text(encoding="utf-8"))
    assert len(names) > 30
    for name in names:
        assert resolve_name(name) is not None
