"""What is wrong with a model: a list of (key, message), all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

Problem = tuple[str, str]  # key as in the input file, message: what is wrong; what would be right


class ModelError(ValueError):
    """A model that cannot be built or evaluated; `problems` holds (key, message) of each fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(f"{key}: {message}" if key else message for key, message in problems))

    def __reduce__(self) -> tuple[type, tuple[list[Problem]]]:
        return type(self), (self.problems,)
