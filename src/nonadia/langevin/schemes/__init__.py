"""Splitting schemes as words; each file declares the weak order of its own (scheme: what a word means)."""

from __future__ import annotations

from .scheme import LETTERS, Scheme, named

__all__ = ["LETTERS", "Scheme", "named"]
