"""What a page is made of."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Rows of text under column heads. long: columns whose text may wrap; marked: rows that are set apart (failed, default)."""

    title: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    note: str = ""
    long: tuple[int, ...] = ()
    marked: dict[int, str] = field(default_factory=dict)

    @property
    def lively(self) -> Table:
        """Without the columns in which no row says anything."""
        kept = [i for i in range(len(self.columns)) if any(row[i] not in ("", "–") for row in self.rows)]
        rows = [[row[i] for i in kept] for row in self.rows]
        long = tuple(kept.index(i) for i in self.long if i in kept)
        return Table(self.title, tuple(self.columns[i] for i in kept), rows, self.note, long, self.marked)


@dataclass(frozen=True)
class Picture:
    """A figure as a data URI, with what it shows in words."""

    name: str
    uri: str
    caption: str


@dataclass(frozen=True)
class Verdict:
    """state: "good", "warn" or "bad"; word: in one or two words; sentence: what it means; advice, command: what to do."""

    state: str
    word: str
    sentence: str
    advice: str
    command: str = ""


@dataclass(frozen=True)
class Said:
    """A message: where it belongs, its text, and whether it is a mere note."""

    where: str
    text: str
    note: bool = False
