"""The arrows between the rooms, read from the import statements: no room imports one to its right."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "nonadia"
FOUNDATION = {"units", "formula", "kinds", "separation", "expressions"}
PHYSICS = {
    *("models", "baths", "heom", "negf", "friction", "dynamics", "langevin", "interop", "wavepacket", "factorization"),
    *FOUNDATION,
}
ALLOWED: dict[str, set[str]] = {
    "units": set(),
    "formula": {"units"},
    "kinds": {"units", "formula"},
    "separation": {"formula"},
    "expressions": {"units", "formula", "kinds", "separation"},
    "models": FOUNDATION,
    "baths": {"models"} | FOUNDATION,
    "heom": {"models", "baths"} | FOUNDATION,
    "negf": {"models", "baths"} | FOUNDATION,
    "friction": {"models", "baths", "heom", "negf"} | FOUNDATION,
    "dynamics": {"models", "baths", "heom", "negf", "friction"} | FOUNDATION,
    "langevin": {"models", "heom", "friction"} | FOUNDATION,
    "interop": {"models", "heom", "friction", "langevin"} | FOUNDATION,
    "wavepacket": {"models"} | FOUNDATION,
    "factorization": {"models", "wavepacket"} | FOUNDATION,
    "plot": {"units"},
    "bench": {"models", "baths", "heom", "negf", "friction", "langevin", "wavepacket", "factorization"} | FOUNDATION,
    "runs": PHYSICS | {"plot", "__init__"},
    "examples": {"models", "runs"},  # the public names for the shipped systems
    "report": {"plot", "runs", "examples", "__init__"} | FOUNDATION,
    "studies": PHYSICS | {"plot", "runs", "examples", "__init__"},
    "cli": PHYSICS | {"plot", "bench", "runs", "report", "studies", "examples", "__init__"},
    "__main__": {"runs", "cli"},
    "__init__": {  # lazily, on first use
        "examples",
        "friction",
        "dynamics",
        "langevin",
        "models",
        "wavepacket",
        "factorization",
        "runs",
    },
}
FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    """First part of the module's name below nonadia."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Rooms of nonadia named in any import statement of a file, at any depth of the code."""
    parts = ("nonadia", *path.relative_to(SOURCE).with_suffix("").parts)
    modules = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(parts[: len(parts) - node.level]) if node.level else []
            whole = ".".join([*base, *([node.module] if node.module else [])])
            modules += [f"{whole}.{alias.name}" for alias in node.names]
    rooms = set()
    for module in modules:
        head, _, rest = module.partition(".")
        if head == "nonadia":
            first = rest.split(".")[0] if rest else "__init__"
            rooms.add(first if first in ALLOWED else "__init__")
    return rooms


def test_every_room_is_known() -> None:
    assert {room_of(path) for path in FILES} <= set(ALLOWED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_follow_the_arrows(path: Path) -> None:
    room = room_of(path)
    extra = imported_rooms(path) - ALLOWED[room] - {room}
    assert not extra, f"{path.name} ({room}) must not import {sorted(extra)}"


def test_the_scan_sees_relative_imports(tmp_path: Path) -> None:
    assert imported_rooms(SOURCE / "runs" / "forces_execute.py") >= {"friction", "runs"}
    assert "units" in imported_rooms(SOURCE / "plot" / "quantities.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    if path.name == "__init__.py":
        assert ast.get_docstring(ast.parse(text)), "a room says what it is for"
