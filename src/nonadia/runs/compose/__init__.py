"""A new input file from a few answers: the questions, what answers they accept, and the commented text.

`questions` are asked in order; `text_of` composes the file; `faults_of` reads it as `nonadia check` does.
"""

from __future__ import annotations

from .questions import KINDS, QUESTIONS, Question
from .text import faults_of, text_of

__all__ = ["KINDS", "QUESTIONS", "Question", "faults_of", "text_of"]
