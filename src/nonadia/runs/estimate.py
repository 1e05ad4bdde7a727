"""What a run will take, before it is started: sizes, memory and a rough time; refusal of what cannot fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
