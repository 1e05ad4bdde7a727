"""One question of `nonadia new`, and when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .answers import Check

Answers = Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """key: for --answer KEY=VALUE; check: of the answer, ValueError says what would be right; when: whether it is asked."""

    key: str
    ask: str
    default: str | Callable[[Answers], str]
    check: Check
    when: Callable[[Answers], bool] = lambda given: True
    depends: Callable[[Answers], Check] | None = None  # the check, where it depends on the answers before

    def proposal(self, given: Answers) -> str:
        """The default, given the answers before."""
        return self.default if isinstance(self.default, str) else self.default(given)

    def accept(self, text: str, given: Answers) -> str:
        """The answer, tidied; ValueError if it does not fit."""
        return self.check(text) if self.depends is None else self.depends(given)(text)


def of(*kinds: str) -> Callable[[Answers], bool]:
    return lambda given: given.get("kind") in kinds


def if_(key: str, value: str = "yes") -> Callable[[Answers], bool]:
    return lambda given: given.get(key) == value


def both(*conditions: Callable[[Answers], bool]) -> Callable[[Answers], bool]:
    return lambda given: all(condition(given) for condition in conditions)


OPEN = of("junction", "surface")
MOVING = of("junction", "surface", "table")
