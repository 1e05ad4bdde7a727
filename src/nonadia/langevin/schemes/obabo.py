"""OBABO (Bussi and Parrinello, Phys. Rev. E 75, 056707 (2007)): friction and noise around velocity Verlet. Weak order 2."""

from __future__ import annotations

from .scheme import Scheme

OBABO = Scheme("obabo", "OBABO", weak_order=2)
