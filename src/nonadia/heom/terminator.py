"""The end of the hierarchy as part of the generator: nothing above the last tier, or an adiabatic tier.

zero:       ρ^(L+1) = 0
adiabatic:  ρ^(L+1) follows the last tier at once, as far as it acts back on the same element:
            𝓛_LL → D_L - diag(up D_{L+1}^{-1} down), a constant, so that 𝓛 stays a linear and time-independent generator
"""

from __future__ import annotations

import copy

from .generator import Generator

TERMINATORS = ("zero", "adiabatic")


def closed(generator: Generator, terminator: str) -> Generator:
    """A generator in the eigenbasis of H whose last tier ends this way; shares everything else with `generator`.

    Solvers of it need no terminator of their own. Errors: ValueError for an unknown name or a generator without the eigenbasis.
    """
    if terminator not in TERMINATORS:
        raise ValueError(f'terminator "{terminator}" is not known; use one of {", ".join(TERMINATORS)}')
    if terminator == "zero":
        return generator
    if not generator.eigenbasis:
        raise ValueError("the adiabatic terminator needs a generator in the eigenbasis of H")
    depth = generator.hierarchy.depth
    ended = copy.copy(generator)
    ended.end = -generator.tier_self_energy(depth)
    ended.__dict__["diagonals"] = [*generator.diagonals[:depth], generator.diagonals[depth] + ended.end]
    return ended
