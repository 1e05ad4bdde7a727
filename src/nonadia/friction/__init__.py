"""Mean force, electronic friction and noise on a grid of classical coordinates (theory B4, B6).

    grid       the geometries asked for: 1D grids, product grids, lists of points
    evaluate   all geometries by NEGF or by HEOM with given exponents and tiers → arrays
    control    exponents and tiers raised until F, γ and D meet the tolerance; the achieved errors
    checks     results that no physics allows (negative noise, broken fluctuation-dissipation, …)
    stable     does the truncated hierarchy relax at all?
    dataset    arrays → labelled dataset with units
    estimate   sizes and memory before anything is computed
    convergence  the error of fixed tiers and poles, for all pairs of them (convergence_dataset)
    memory     γ(t), D(t) beyond the Markov limit, their spectra and exponents (memory_evaluate, _bath, _control, _dataset)

May import: units, models, baths, heom, negf. Knows no files and no command line.
"""

from __future__ import annotations

from .control import electronic_forces
from .convergence import convergence_study
from .estimate import Estimate, ResourceError, estimate
from .memory import memory_kernels

__all__ = ["Estimate", "ResourceError", "convergence_study", "electronic_forces", "estimate", "memory_kernels"]
