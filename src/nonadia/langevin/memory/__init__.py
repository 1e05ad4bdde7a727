"""The generalised Langevin equation: memory kernels as exponentials become auxiliary variables.

    memory_field  MemoryField, `memory_field`, `from_kernels`
    rates         kernels with rates of their own at every x, refitted to common ones
    realisation   a stationary noise with given correlation (positive-real lemma)
    auxiliary     the three forms: passive, reciprocal, general (build chooses; input reads; coefficients interpolates)
"""

from __future__ import annotations

from .memory_field import MemoryField, from_kernels, memory_field

__all__ = ["MemoryField", "from_kernels", "memory_field"]
