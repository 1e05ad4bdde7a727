"""Hierarchical equations of motion for one frozen geometry (theory B3-B4, LD(16)-(18), LD(43)-(50)).

    fock        the molecule's many-body states, ordered by conserved charges
    hierarchy   which ADO elements exist, and how they are linked: integer tables only
    kernels     compiled loops over those tables
    generator   the generator, its parts and its adjoint at one geometry, acting on stored elements
    solver      steady state and adjoint solves from one preconditioner
    forces      mean force, friction, noise, populations, currents
    propagate   time evolution, also with prescribed x(t)
    evolve      time evolution at rest, observed on the way
    product_state  initial states that factorise into electrons and vibrations, and the reduced density
    memory      sources and functionals of the memory kernels γ(t), D(t)
    reduction   exponents, time functions and spectra from a few shifted solves
    direct      the whole space without any reduction: the oracle

This room takes a `FrozenJunction` and `Exponents`; it knows no nuclei and no grid. May import: models, baths.
"""
