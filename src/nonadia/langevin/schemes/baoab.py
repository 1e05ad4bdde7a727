"""BAOAB (Leimkuhler and Matthews 2013): friction and noise in the middle of the step. Weak order 2.

Its stationary positions are the most accurate of the second-order splittings: exact for harmonic forces.
"""

from __future__ import annotations

from .scheme import Scheme

BAOAB = Scheme("baoab", "BAOAB", weak_order=2)
