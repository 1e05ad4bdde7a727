"""What is wrong with an input file, one line a fault: file: key: what is wrong; what would be right."""

from __future__ import annotations

from collections.abc import Sequence

Fault = tuple[str, str, str]  # file, key, message


class InputError(Exception):
    """Bad input; exit status 2. `problems` holds (file, key, message) of every fault found."""

    def __init__(self, problems: Sequence[Fault]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line a fault; line breaks inside a message are folded."""
        return [": ".join(" ".join(part.split()) for part in fault if part) for fault in self.problems]

    def __reduce__(self) -> tuple[type, tuple[list[Fault]]]:
        return type(self), (self.problems,)
