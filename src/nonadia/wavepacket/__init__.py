"""Wave packets of electrons and nuclei on grids: Hamiltonian, initial states, propagation, what is observed on the way.

One small file a propagator (`split`, `chebyshev`, `krylov`), each declaring its order; `propagate.snapshots` chooses the step.
May import: units, formula, expressions, models.
"""
