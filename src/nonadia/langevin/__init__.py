"""Langevin dynamics of the nuclei with electronic friction (theory B7; LD(51), (52)).

    m_i dv_i = [-∂_i U_0 + F_i(x,t)] dt - γ_ij(x,t) v_j dt + ξ_i dt,   ⟨ξ_i(t) ξ_j(t')⟩ = 2 D_ij δ(t - t')

    field          what acts on the nuclei at (x, t): force, γ, D, potential, currents; a field of plain functions
    tables         fields from tables of forces, their error between the points; forces computed on the fly
    memory         fields with memory kernels: the generalised Langevin equation
    local          the linear part solved exactly for frozen x: any γ, any number of coordinates
    schemes        splittings as words, each declares its weak order
    compiled       one coordinate from a table, as fast as it goes, and the noise keyed by (seed, trajectory, step)
    general        the engine for every other field
    initial        positions and momenta at t = 0; exits: where trajectories end
    ensemble       many trajectories in groups, statistics streamed, the same bits for any number of workers (task: one group)
    step_size      the step, and whether it is small enough
    api            na.langevin: from a force table to observables with errors (outcome, exit_statistics, dataset)
    statistics     errors, steady states, survival, relaxation, scattering; correlation: in time
    fokker_planck  one coordinate without noise: the density in phase space

May import: units, expressions, models, heom (reduction of exponentials), friction (forces on the fly). Knows no files and
no command line.
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
