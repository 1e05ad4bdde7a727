"""BAO: each part once, one after another (Lie and Trotter). Weak order 1; cheapest, and a check of the others."""

from __future__ import annotations

from .scheme import Scheme

LIE_TROTTER = Scheme("lie-trotter", "BAO", weak_order=1)
