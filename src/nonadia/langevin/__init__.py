"""Langevin dynamics of the nuclei with electronic friction (theory B7; LD(51), (52)).

    m_i dv_i = [-∂_i U_0 + F_i(x,t)] dt - γ_ij(x,t) v_j dt + ξ_i dt,   ⟨ξ_i(t) ξ_j(t')⟩ = 2 D_ij δ(t - t')

    field      what acts on the nuclei at (x, t): force, γ, D, potential, currents: table, scattered, on_the_fly, memory
    local      the linear part solved exactly for frozen x: any γ, any number of coordinates
    scheme     a splitting as a word; baoab, obabo, lie_trotter declare their weak order
    philox     noise keyed by (seed, trajectory, step)
    fast       one coordinate from a table: compiled, vectorised; general: every other field
    initial    positions and momenta at t = 0
    ensemble   many trajectories in groups, statistics streamed, the same bits for any number of workers
    api        na.langevin: from a force table to observables with errors
    fokker_planck   one coordinate without noise: the density in phase space

May import: units, expressions, models, friction (for forces on the fly). Knows no files and no command line.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


class _Room(ModuleType):
    """The import of any file of this package makes `nonadia.langevin` this module; called, it is still na.langevin."""

    def __call__(self, *args: Any, **options: Any) -> xr.Dataset:
        from .api import langevin

        return langevin(*args, **options)


sys.modules[__name__].__class__ = _Room
