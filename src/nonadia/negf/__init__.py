"""Green's functions of the non-interacting junction: the exact reference and the fast path (theory B6).

Given frozen geometries this room returns mean force, friction, noise, populations and currents, for the
exact leads or for the leads that a set of exponents represents. It may import models and baths.
"""

from .forces import DecoupledLevelError, NegfForces, forces

__all__ = ["DecoupledLevelError", "NegfForces", "forces"]
