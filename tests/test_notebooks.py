"""The tutorials: every notebook of docs/ runs from top to bottom in an empty folder, within a time limit, without an error."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

DOCS = Path(__file__).parent.parent / "docs"
NOTEBOOKS = sorted(DOCS.rglob("*.ipynb"))
LIMIT = 300  # seconds of wall time for a cell, on a busy machine


def execute(notebook: nbformat.NotebookNode, folder: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """The notebook with the outputs of this run; the command `nonadia` is that of this Python."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    client = NotebookClient(notebook, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    return client.execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(DOCS)))
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    first = notebook.cells[0]
    assert first.cell_type == "markdown" and first.source.startswith("# "), "a notebook begins with its title"
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert code
    done = execute(notebook, tmp_path, monkeypatch)
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code" and cell.source.strip())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(DOCS)))
def test_notebook_is_small_and_names_no_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) < 1_000_000, "figures of a notebook should stay small: lower the resolution"
    for cell in json.loads(text)["cells"]:
        shown = "".join(cell["source"]) + str(cell.get("outputs", ""))
        assert not re.search(r"(?<!\w)/(work|tmp|root|home)/", shown)


def test_an_error_in_a_cell_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = nbformat.v4.new_code_cell("import nonadia as na\nna.examples.load('no-such-system')")
    wrong = nbformat.v4.new_notebook(cells=[cell])
    with pytest.raises(CellExecutionError, match="no-such-system"):
        execute(wrong, tmp_path, monkeypatch)
