"""Arguments of `heom_dynamics` as numbers and arrays, or a ValueError `key: what is wrong; what would be right`."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from ..models.frozen import FloatArray


def real(key: str, value: Any, right: str) -> float:
    """A finite number; neither a truth value nor text."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real) or not np.isfinite(float(value)):
        raise ValueError(f"{key}: {value!r} is not a finite number; {right}")
    return float(value)


def whole(key: str, value: Any) -> int | None:
    """1 or more, or None."""
    if value is None:
        return None
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{key}: {value!r} does not fit; give a whole number, at least 1, or leave it out")
    return int(value)


def reals(key: str, value: Any, right: str) -> FloatArray:
    """Any shape; neither truth values nor text."""
    try:
        found = np.asarray(value)
    except ValueError:  # rows of different lengths
        found = np.asarray(None)
    if found.dtype.kind not in "iuf":
        raise ValueError(f"{key}: {value!r} is not made of numbers; {right}")
    return found.astype(float)
