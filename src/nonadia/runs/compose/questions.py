"""The questions of `nonadia new`, in the order in which they are asked, each with a default that gives a sensible file."""

from __future__ import annotations

from . import answers
from .question import Answers, Question
from .questions_molecule import MOLECULE_QUESTIONS
from .questions_moving import MOVING_QUESTIONS
from .questions_open import OPEN_QUESTIONS

__all__ = ["KINDS", "QUESTIONS", "Answers", "Question"]

KINDS = ("junction", "surface", "molecule", "table")
_TITLES = {
    "junction": "Molecule between two leads",
    "surface": "Molecule at a metal surface",
    "molecule": "Isolated molecule",
    "table": "Nuclei in given forces",
}

QUESTIONS: tuple[Question, ...] = (
    Question(
        "kind",
        "What is it? junction: a molecule between two leads; surface: a molecule at one metal surface;\n"
        "  molecule: an isolated molecule (wave packet); table: own forces, friction and noise",
        "junction",
        answers.choice(*KINDS),
    ),
    Question("title", "Title, one line", lambda given: _TITLES[given["kind"]], answers.line),
    *OPEN_QUESTIONS,
    *MOVING_QUESTIONS,
    *MOLECULE_QUESTIONS,
)
