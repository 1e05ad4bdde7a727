"""What a paper says, and what was measured for it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["holds", "fails", "not reproduced"]


@dataclass(frozen=True)
class Statement:
    """One sentence about a figure as bounds of one number.

    figure : panel, "figure-1a".
    text : what the paper (or, for our own studies, the theory) says, in our words.
    quantity, value, unit : what was measured for it.
    low, high : where the value must lie, bounds included; may be infinite. NaN lies nowhere.
    error : stated error of the value, same unit; None where it has none (a count, a comparison).
    known : why it does not hold with our parameters; empty where it is expected to hold.
    """

    figure: str
    text: str
    quantity: str
    value: float
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    error: float | None = None
    known: str = ""

    def __post_init__(self) -> None:
        if math.isinf(self.low) and math.isinf(self.high):
            raise ValueError(f"{self.figure}: {self.text!r} can never fail; give low, high or near")

    @property
    def holds(self) -> bool:
        return self.low <= self.value <= self.high

    @property
    def state(self) -> State:
        """A statement known not to hold that does hold is a failure too: what we say about it is wrong then."""
        if self.known:
            return "fails" if self.holds else "not reproduced"
        return "holds" if self.holds else "fails"

    def bounds(self) -> str:
        """'0.08 to 0.12', '≥ 1', with the unit."""
        low, high = (f"{number(bound)}" for bound in (self.low, self.high))
        if math.isinf(self.high):
            words = f"≥ {low}"
        elif math.isinf(self.low):
            words = f"≤ {high}"
        else:
            words = f"{low} to {high}"
        return f"{words} {self.unit}".rstrip()

    def measured(self) -> str:
        """'0.09997 ± 0.00002 bohr'."""
        error = "" if self.error is None else f" ± {self.error:.1g}"
        return f"{number(self.value)}{error} {self.unit}".rstrip()

    def record(self) -> dict[str, Any]:
        """For JSON: infinite bounds are None."""
        entry = asdict(self) | {"state": self.state}
        return {key: None if isinstance(item, float) and not math.isfinite(item) else item for key, item in entry.items()}


def statement(
    figure: str,
    text: str,
    quantity: str,
    value: float,
    unit: str = "",
    *,
    low: float = -math.inf,
    high: float = math.inf,
    near: tuple[float, float] | None = None,
    error: float | None = None,
    known: str = "",
) -> Statement:
    """A Statement with bounds low and high, or near = (target, tolerance): target ± tolerance."""
    if near is not None:
        low, high = near[0] - near[1], near[0] + near[1]
    return Statement(figure, text, quantity, float(value), unit, float(low), float(high), error, known)


def number(value: float) -> str:
    """Five digits."""
    return f"{value:.5g}"
