"""Exponents for memory kernels: the fewest that keep the kernels of the partner model right at all times and frequencies.

A bath tuned for F, γ and D at zero frequency may be wrong at short times, where the band edge matters. The certificate here
is the error of γ(t), D(t) and their spectra of the non-interacting partner model (theory B2), exact by Green's functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..baths.decompose import decompose
from ..baths.exponents import Exponents
from ..models.frozen import FloatArray, FrozenJunction
from ..negf.bath_fit import BathFit
from ..negf.tabulated import tabulate
from .bath_choice import MAX_POLES, SHARE, Bath
from .memory_evaluate import KERNELS, GridKernels, by_green
from .partner import SAMPLE, addition_reach, partner_family, sample

GEOMETRIES = 8  # of the grid, for the certificate; more where the partner needs no shifted copies
SCHEMES = ("pade", "aaa", "fit")  # in the order of their cost
FIRST, STEP, LAST = 30, 30, 240  # Padé poles of the reference: more until nothing changes; their error falls as N⁻⁴


def reference_bath(
    frozen: FrozenJunction, time: FloatArray, frequency: FloatArray, tolerance: float
) -> tuple[list[Exponents], list[Exponents]]:
    """A Padé bath whose kernels of `frozen` (non-interacting) differ by less than `tolerance` from those with STEP poles less.

    Returns both, the better one first.
    """
    poles = FIRST
    fewer = [decompose(lead, poles, "pade") for lead in frozen.leads]
    kernels = by_green(frozen, fewer, time, frequency)
    while True:
        poles += STEP
        exponents = [decompose(lead, poles, "pade") for lead in frozen.leads]
        better = by_green(frozen, exponents, time, frequency)
        change = max(better.relative(better.difference(kernels)).values())
        if change <= tolerance or poles >= LAST:
            return exponents, fewer
        fewer, kernels = exponents, better


class KernelBaths:
    """Baths for the kernels of `frozen` (N geometries) at the given times and frequencies.

    scheme: "fit", "pade", "aaa" or None for whatever needs the fewest exponents; poles: fixes the number of Fermi poles.
    """

    def __init__(
        self,
        frozen: FrozenJunction,
        time: FloatArray,
        frequency: FloatArray,
        tolerance: float,
        scheme: str | None = None,
        poles: int | None = None,
    ) -> None:
        if scheme is not None and scheme not in MAX_POLES:
            raise ValueError(f'decomposition "{scheme}" is not known; use one of {", ".join(MAX_POLES)}')
        self.leads, self.time, self.frequency, self.poles = frozen.leads, time, frequency, poles
        self.schemes = (scheme,) if scheme else (("pade",) if poles is not None else SCHEMES)
        self.family = partner_family(frozen, sample(len(frozen.g), SAMPLE if frozen.non_interacting else GEOMETRIES))
        few = self.family[sample(len(self.family.g), GEOMETRIES)]
        self.reference, _ = reference_bath(few, time, frequency, 0.1 * tolerance)
        self.exact: GridKernels = by_green(self.family, self.reference, time, frequency)
        reach = 0.0 if frozen.non_interacting else addition_reach(frozen)
        self._fit = BathFit(frozen.leads, tabulate(self.family), False, reach)
        self._tried: dict[tuple[str, int], tuple[list[Exponents], dict[str, float]]] = {}

    def within(self, tolerance: float, tuned: bool = False) -> Bath:
        """The bath of fewest exponents that keeps SHARE of the tolerance; else the best found. tuned=True: free choice."""
        best: tuple[list[Exponents], dict[str, float]] | None = None
        fewest: tuple[list[Exponents], dict[str, float]] | None = None
        trail: list[dict[str, Any]] = []
        for scheme in SCHEMES if tuned else self.schemes:
            counts = [self.poles] if self.poles is not None and not tuned else range(1, MAX_POLES[scheme] + 1)
            for count in counts:
                exponents, error = self._try(scheme, count)
                if fewest is not None and _size(exponents) >= _size(fewest[0]):
                    break
                trail.append({"scheme": scheme, "exponents": [len(e) for e in exponents], "relative_error": error})
                if best is None or max(error.values()) < max(best[1].values()):
                    best = (exponents, error)
                if max(error.values()) <= SHARE * tolerance:
                    fewest = (exponents, error)
                    break
        exponents, error = fewest or best or self._try(*self._first())
        return Bath(exponents, error, {"scheme": exponents[0].scheme, "partner_error": error, "trail": trail})

    def _first(self) -> tuple[str, int]:
        return self.schemes[0], self.poles or 1

    def _try(self, scheme: str, count: int) -> tuple[list[Exponents], dict[str, float]]:
        if (scheme, count) not in self._tried:
            exponents = self._fit.fit(count) if scheme == "fit" else [decompose(lead, count, scheme) for lead in self.leads]
            kernels = by_green(self.family, exponents, self.time, self.frequency)
            error = self.exact.relative(kernels.difference(self.exact))
            self._tried[scheme, count] = (exponents, {name: error[name] for name in KERNELS})
        return self._tried[scheme, count]


def _size(exponents: list[Exponents]) -> int:
    return int(np.sum([len(e) for e in exponents]))

