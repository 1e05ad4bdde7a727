"""What the site adds to the pages: inputs of the shipped systems, tutorials and papers in the navigation, formulas."""

from __future__ import annotations

import html
import json
import logging
import posixpath
import re
import tomllib
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LOG = logging.getLogger("mkdocs.hooks")  # a warning stops `mkdocs build --strict`
DOCS = Path(__file__).parent.parent
LIBRARY = DOCS.parent / "src" / "nonadia" / "models" / "library"
FOLDERS = {"Tutorials": "tutorials", "Papers": "papers"}
STUDIES = ("levels-of-theory.md",)  # single pages that stand with the papers
SOURCE_LINK = re.compile(r"\]\(((?:\.\./)+)src/nonadia/models/library/([\w-]+)\.toml\)")

CODE = re.compile(r"(<pre.*?</pre>|<code.*?</code>|<script.*?</script>|<style.*?</style>)", re.DOTALL)
NOTEBOOK_LINK = re.compile(r'(<a [^>]*?href=")(?![a-z]+:|[#/])([^"#]+)(#[^"]*)?(")')
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(?=\S)([^$]+?)(?<=\S)\$", re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Pages of whole folders in the navigation; an empty section is left out, a page that none names is part of the guide."""
    nav: list[dict[str, Any]] = []
    given = json.dumps(config.nav)
    rest = [file.name for file in sorted(DOCS.glob("*.md")) if f'"{file.name}"' not in given]
    for entry in config.nav or []:
        ((title, pages),) = entry.items()
        if title in FOLDERS:
            folder = DOCS / FOLDERS[title]
            pages = [_entry(file) for file in sorted(folder.glob("*")) if file.suffix in (".md", ".ipynb")]
        if title == "Papers":
            pages = [*pages, *(name for name in rest if name in STUDIES)]
        elif title == "Guide":
            pages = [*pages, *(name for name in rest if name not in STUDIES)]
        if pages:
            nav.append({title: pages})
    config.nav = nav
    return config


def _entry(file: Path) -> str | dict[str, str]:
    """A page of the navigation; a notebook with the title of its first cell."""
    place = file.relative_to(DOCS).as_posix()
    if file.suffix != ".ipynb":
        return place
    first = "".join(json.loads(file.read_text(encoding="utf-8"))["cells"][0]["source"]).splitlines()[0]
    return {first.lstrip("# "): place}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """One page for the input file of each shipped system."""
    for path in sorted(LIBRARY.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        page = f"# {path.stem}\n\n{tomllib.loads(text).get('title', '')}\n\n```toml\n{text}```\n"
        files.append(File.generated(config, f"inputs/{path.stem}.md", content=page))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to an input file in the source tree lead to its page on the site."""
    up = "../" * page.file.src_uri.count("/")
    return SOURCE_LINK.sub(rf"]({up}inputs/\2.md)", markdown)


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """$LaTeX$ of notebooks as MathML, which browsers draw by themselves; their links, which MkDocs does not read, to pages."""
    if not page.file.src_uri.endswith(".ipynb"):
        return content
    parts = CODE.split(content)  # text and code alternate
    parts[::2] = [FORMULA.sub(_mathml, text) for text in parts[::2]]

    def linked(found: re.Match[str]) -> str:
        before, path, anchor, after = found.groups()
        target = files.get_file_from_path(posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), path)))
        if target is None:
            LOG.warning("%s: the link %r leads to no page", page.file.src_uri, path)
            return found.group()
        return f"{before}{target.url_relative_to(page.file)}{anchor or ''}{after}"

    parts[::2] = [NOTEBOOK_LINK.sub(linked, text) for text in parts[::2]]
    return "".join(parts)


def _mathml(found: re.Match[str]) -> str:
    display, inline = found.groups()
    return str(convert(html.unescape(display or inline), display="block" if display else "inline"))
