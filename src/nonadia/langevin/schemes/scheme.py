"""A splitting scheme is a word: which part of the dynamics is solved exactly, one after another, in a step.

    B  p += F(x) τ          A  x += M⁻¹p τ          O  dp = -γM⁻¹p dt + noise, exact (local.py)

A letter that occurs k times takes τ/k each time. Schemes are small files that declare their weak order; a palindrome of exact
flows has weak order 2 (Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34; Strang's argument).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LETTERS = "BAO"


@dataclass(frozen=True)
class Scheme:
    """name, word, weak_order: error of ensemble averages ~ step^weak_order."""

    name: str
    word: str
    weak_order: int

    def __post_init__(self) -> None:
        if set(self.word) != set(LETTERS):
            raise ValueError(f'scheme "{self.name}": the word {self.word!r} must hold each of B, A and O')

    @property
    def codes(self) -> NDArray[np.int8]:
        """The word as numbers: B 0, A 1, O 2."""
        return np.array([LETTERS.index(letter) for letter in self.word], dtype=np.int8)

    def share(self, letter: str) -> float:
        """Part of the step that one occurrence of the letter takes."""
        return 1.0 / self.word.count(letter)


def named(name: str) -> Scheme:
    """The scheme of this name; ValueError with those that there are."""
    from .baoab import BAOAB
    from .lie_trotter import LIE_TROTTER
    from .obabo import OBABO

    known = {scheme.name: scheme for scheme in (BAOAB, OBABO, LIE_TROTTER)}
    if name not in known:
        raise ValueError(f'scheme "{name}" is not known; use one of {", ".join(known)}')
    return known[name]
