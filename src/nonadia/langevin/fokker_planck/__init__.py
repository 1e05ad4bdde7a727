"""The Fokker-Planck equation of one coordinate in phase space: the reference without trajectories.

    solve      the stationary density;  propagate: in time;  escape: rates and first-passage times (dataset: results)
    operator   the equation in a basis of weighted splines (basis), in a box that holds the density (box)

Shares nothing with the integrators of trajectories.
"""

from __future__ import annotations

from .escape import fokker_planck_escape
from .propagate import fokker_planck_propagate
from .solve import bin_probabilities, cumulative, fokker_planck

__all__ = ["bin_probabilities", "cumulative", "fokker_planck", "fokker_planck_escape", "fokker_planck_propagate"]
