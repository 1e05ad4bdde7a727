"""Electrons, leads and quantum vibrations in time, at classical coordinates held still (theory B3).

    request    what `initial` may hold, checked against the model
    bath       exponents whose classical partner (vibrations as displaced coordinates) is right
    run        one propagation with given exponents, tiers and vibrational states → arrays over time
    observe    reduced density → distributions, positions, energies
    control    vibrational states, exponents and tiers raised until the tolerance is met; the achieved errors
    dataset    arrays → labelled dataset with units
    api        `heom_dynamics`

May import: units, models, baths, heom, negf, friction. Knows no files and no command line.
"""

from __future__ import annotations

from .api import heom_dynamics

__all__ = ["heom_dynamics"]
