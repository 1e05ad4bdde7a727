"""ASE's units in atomic units: value[a.u.] = value[ASE] · unit. ASE measures in eV, Å and u; time is what follows from them.

    1 time = Å √(u/eV) ≈ 10.18 fs,  1 momentum = √(u eV) = u Å/time,  1 force = eV/Å

The constants are those of nonadia.units; ase.units takes an older CODATA set, so that a time given in its fs differs from
ours by about 1e-9 of its value.
"""

from __future__ import annotations

import math

from ..units import ANGSTROM, EV, U

LENGTH = ANGSTROM
ENERGY = EV
MASS = U
TIME = ANGSTROM * math.sqrt(U / EV)
MOMENTUM = math.sqrt(U * EV)
FORCE = EV / ANGSTROM

MISSING = "this needs the Atomic Simulation Environment: pip install ase (the package's extra `ase`)"
