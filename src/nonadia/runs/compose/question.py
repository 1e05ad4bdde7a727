"""One question of `nonadia new`, and when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .answers import Check

Answers = Mapping[str, str]


@dataclass(frozen=True)
class Need:
    """An answer before: its key, and the values with which the question is asked; but: with which it is not."""

    key: str
    values: tuple[str, ...]
    but: bool = False

    def met(self, given: Answers) -> bool:
        return (given.get(self.key) in self.values) != self.but

    def __str__(self) -> str:
        return f"{self.key} other than {' or '.join(self.values)}" if self.but else f"{self.key}={' or '.join(self.values)}"


@dataclass(frozen=True)
class Condition:
    """All of the needs; none: always."""

    needs: tuple[Need, ...] = ()

    def __call__(self, given: Answers) -> bool:
        return all(need.met(given) for need in self.needs)

    def __str__(self) -> str:
        return ", ".join(map(str, self.needs))


@dataclass(frozen=True)
class Question:
    """key: for --answer KEY=VALUE; check: of the answer, ValueError says what would be right; when: whether it is asked."""

    key: str
    ask: str
    default: str | Callable[[Answers], str]
    check: Check
    when: Condition = Condition()
    depends: Callable[[Answers], Check] | None = None  # the check, where it depends on the answers before

    def proposal(self, given: Answers) -> str:
        """The default, given the answers before."""
        return self.default if isinstance(self.default, str) else self.default(given)

    def accept(self, text: str, given: Answers) -> str:
        """The answer, tidied; ValueError if it does not fit."""
        return self.check(text) if self.depends is None else self.depends(given)(text)


def of(*kinds: str) -> Condition:
    return if_("kind", *kinds)


def if_(key: str, *values: str) -> Condition:
    """The answer before is one of these; without any: yes."""
    return Condition((Need(key, values or ("yes",)),))


def unless(key: str, *values: str) -> Condition:
    return Condition((Need(key, values, but=True),))


def both(*conditions: Condition) -> Condition:
    return Condition(tuple(need for condition in conditions for need in condition.needs))


def missing(key: str, given: Answers, questions: Sequence[Question]) -> list[Need]:
    """What keeps a question from being asked: unmet needs, before each those of the question that it is the answer to.

    Of several questions with the same key, of the one that lacks least.
    """
    found = []
    for question in (one for one in questions if one.key == key):
        unmet: list[Need] = []
        assumed = dict(given)
        for need in question.when.needs:
            if not need.met(assumed):
                unmet += [*([] if need.key in given else missing(need.key, assumed, questions)), need]
                assumed |= {one.key: "" if one.but else one.values[0] for one in unmet}
        found.append(unmet)
    return min(found, key=len, default=[])


OPEN = of("junction", "surface")
MOVING = of("junction", "surface", "table")
