"""The fewest exponents for a tolerance, judged by the non-interacting partner model (theory B2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..baths.certificate import bath_certificate
from ..baths.decompose import decompose
from ..baths.exponents import Exponents
from ..models.frozen import FrozenJunction
from ..negf.bath_fit import BathFit, filled_error
from ..negf.tabulated import tabulate
from .evaluate import QUANTITIES, relative
from .partner import addition_reach, level_reach, partner_family, sample

MAX_POLES = {"fit": 14, "pade": 60, "aaa": 30}
SHARE = 0.4  # part of the tolerance that the bath may use up
UNIFORM = 0.05  # weight of f itself in the fit for a non-interacting model
STALLED = 4  # counts without a gain of a third after which more poles are not tried


@dataclass(frozen=True)
class Bath:
    """Exponents per lead, relative errors of the partner model's F, γ and D, and what the file should say about them."""

    exponents: list[Exponents]
    partner_error: dict[str, float]
    record: dict[str, Any]


class BathChoice:
    """Baths for the geometries of `frozen`; the partner model is solved once.

    scheme: "fit" (tuned on the partner model; the default where the program chooses), "pade" (the default for a given number
    of poles) or "aaa". poles: fixes the number of Fermi poles.
    """

    def __init__(self, frozen: FrozenJunction, mode: str, scheme: str | None = None, poles: int | None = None) -> None:
        self.leads, self.mode, self.poles = frozen.leads, mode, poles
        self.scheme = scheme or ("fit" if poles is None else "pade")
        self.kernels = tabulate(partner_family(frozen, sample(len(frozen.g))))
        self.exact = self.kernels.forces()
        self.interacting = not frozen.non_interacting
        self.reach = addition_reach(frozen) if self.interacting else level_reach(frozen)
        self._tuned: BathFit | None = None
        self._tried: dict[tuple[str, int], tuple[list[Exponents], dict[str, float]]] = {}

    def within(self, tolerance: float, tuned: bool = False) -> Bath:
        """The smallest bath whose partner model stays within SHARE of the tolerance; else the best that was found.

        tuned=True ignores a prescribed scheme and number of poles: the reference that others are compared with.
        """
        scheme = "fit" if tuned else self.scheme
        counts = [self.poles] if self.poles is not None and not tuned else range(1, MAX_POLES[scheme] + 1)
        trail: list[dict[str, Any]] = []
        history: list[float] = []
        best: tuple[list[Exponents], dict[str, float]] | None = None
        for count in counts:
            exponents, error = self._try(scheme, count)
            trail.append({"poles": count, "exponents": [len(e) for e in exponents], "relative_error": error})
            if best is None or max(error.values()) < max(best[1].values()):
                best = (exponents, error)
            history.append(max(best[1].values()))
            if history[-1] <= SHARE * tolerance or (
                scheme == "fit" and len(history) > STALLED and history[-1] > 0.67 * history[-1 - STALLED]
            ):
                break
        assert best is not None
        certificates = [bath_certificate(lead, e) for lead, e in zip(self.leads, best[0], strict=True)]
        record = {"scheme": scheme, "partner_error": best[1], "certificate": certificates, "trail": trail}
        return Bath(best[0], best[1], record)

    def _try(self, scheme: str, count: int) -> tuple[list[Exponents], dict[str, float]]:
        if (scheme, count) not in self._tried:
            if scheme == "fit":
                if self._tuned is None:
                    weight = 1.0 if self.interacting else UNIFORM
                    self._tuned = BathFit(self.leads, self.kernels, self.mode == "pointwise", self.reach, weight)
                exponents = self._tuned.fit(count)
            else:
                exponents = [decompose(lead, count, scheme) for lead in self.leads]
            found = self.kernels.forces(exponents)
            change = {name: np.abs(getattr(found, name) - getattr(self.exact, name)) for name in QUANTITIES}
            error = relative(change, self.exact, self.mode)
            if self.interacting and scheme == "fit":
                error["filled"] = max(
                    filled_error(lead, e, self.reach) for lead, e in zip(self.leads, exponents, strict=True)
                )
            self._tried[scheme, count] = (exponents, error)
        return self._tried[scheme, count]
