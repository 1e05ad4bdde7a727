"""How to cite: the program, and the papers whose equations a result rests on. The facts are those of CITATION.cff.

They are repeated here because an installed package has no CITATION.cff; the tests compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .source import Source


@dataclass(frozen=True)
class Paper:
    """One article. authors: (family names, given names)."""

    key: str
    authors: tuple[tuple[str, str], ...]
    title: str
    journal: str
    abbreviated: str
    volume: str
    start: str
    year: int
    why: str

    def text(self) -> str:
        """As in a list of references."""
        names = [f"{given} {family}" for family, given in self.authors]
        place = f"{self.abbreviated} {self.volume}, {self.start} ({self.year})"
        return f"{', '.join(names[:-1])} and {names[-1]}, “{self.title}”, {place}."

    def bibtex(self) -> str:
        """As BibTeX."""
        names = " and ".join(f"{family}, {given}" for family, given in self.authors)
        fields = {
            "author": names, "title": f"{{{self.title}}}", "journal": self.journal, "volume": self.volume, "pages": self.start,
            "year": str(self.year),
        }  # fmt: skip
        return _bibtex("article", self.key, fields)


FORCES = Paper(
    "Maeck2024",
    (("Mäck", "M."), ("Thoss", "M."), ("Rudge", "S. L.")),
    "Nonadiabatic Dynamics of Molecules Interacting with Metal Surfaces: Extending the Hierarchical Equations of Motion and "
    "Langevin Dynamics Approach to Position-Dependent Metal-Molecule Couplings",
    "The Journal of Chemical Physics",
    "J. Chem. Phys.",
    "161",
    "064106",
    2024,
    "mean force, friction and noise of electrons on classical nuclei",
)
FACTORIZATION = Paper(
    "Li2022",
    (("Li", "C."), ("Requist", "R."), ("Gross", "E. K. U.")),
    "Energy, Momentum, and Angular Momentum Transfer between Electrons and Nuclei",
    "Physical Review Letters",
    "Phys. Rev. Lett.",
    "128",
    "113001",
    2022,
    "exact factorization of closed systems: forces, work and the identities",
)
PAPERS = (FORCES, FACTORIZATION)
PROGRAM = "nonadia: forces that electrons exert on nuclei, beyond Born-Oppenheimer"
AUTHORS = "The nonadia developers"
REQUEST = "If you use nonadia, please cite it and the papers whose equations it implements."


def papers_of(source: Source) -> list[Paper]:
    """Those that this result rests on: of given forces none but the Langevin equation's."""
    if source.system in ("molecule", "marginal"):
        return [FACTORIZATION]
    return [FORCES]


def program(source: Source) -> str:
    """The program, with the version that computed the result."""
    return f"{AUTHORS}, “{PROGRAM}”, version {version(source)}."


def bibtex(source: Source) -> str:
    """All entries."""
    fields = {"author": f"{{{AUTHORS}}}", "title": f"{{{PROGRAM}}}", "note": f"version {version(source)}"}
    return "\n\n".join([_bibtex("software", "nonadia", fields), *(paper.bibtex() for paper in papers_of(source))])


def version(source: Source) -> str:
    return str(source.versions.get("nonadia", "unknown"))


def _bibtex(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])
