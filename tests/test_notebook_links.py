"""Links in notebooks lead to pages of docs/ that exist: MkDocs does not check them."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

DOCS = Path(__file__).parent.parent / "docs"
LINK = re.compile(r"\]\(([^)\s]+)\)")


def dead(text: str, folder: Path) -> list[str]:
    """Relative links that lead to no file, or to no heading of a page."""
    found = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:|#", link):
            continue
        path, _, anchor = link.partition("#")
        target = folder / path
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if target.is_file() else []
        slugs = [re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings]
        if not target.is_file() or (anchor and anchor not in slugs):
            found.append(link)
    return found


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.ipynb")), ids=lambda path: str(path.relative_to(DOCS)))
def test_links_of_notebooks(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert dead("\n".join(cell.source for cell in cells if cell.cell_type == "markdown"), path.parent) == []


def test_dead_links_are_found() -> None:
    text = "[a](../theory.md) [b](../theory.md#open-systems) [c](../no.md) [d](../theory.md#no) [e](https://example.org)"
    assert dead(text, DOCS / "tutorials") == ["../no.md", "../theory.md#no"]
