"""Exact factorization Ψ = χ Φ_R: potentials, fields, forces, energies and the subsystem Ehrenfest identities of any Ψ.

    moments (inner products over the electrons) → fields (quantum geometric tensor over (t, R)) → identities

Takes arrays, not a propagator. May import: units, formula, expressions, models, wavepacket (grids, transforms, snapshots).
"""
