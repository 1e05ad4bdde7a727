"""The bath modes j = (channel, σ, p) of the hierarchy: integer labels and complex exponents.

Modes are numbered operator by operator (f_0†, f_0, f_1†, …), then lead by lead and p by p. The partner of a mode has the other
σ (theory B3: Hermitian partner) and the same place among the modes of its operator, so that flipping every σ of a sorted
index set keeps the order within an operator and only swaps the modes of f_u† with those of f_u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..baths.exponents import Exponents
from ..models.frozen import ComplexArray, FrozenJunction


@dataclass(frozen=True)
class Modes:
    """lead, operator, sigma: (M,) labels; kappa, eta, eta_bar: (M,) values; operators: distinct channel vectors.

    operator[j] = 2u for d^+ = f_u†, 2u + 1 for d^- = f_u with f_u = Σ_m conj(operators[u, m]) d_m.
    eta_bar[j] = conj(η of the partner mode), the coefficient of the right action in LD(18).
    """

    lead: NDArray[np.int64]
    operator: NDArray[np.int64]
    kappa: ComplexArray
    eta: ComplexArray
    eta_bar: ComplexArray
    operators: ComplexArray

    @classmethod
    def of(cls, frozen: FrozenJunction, exponents: Sequence[Exponents]) -> Modes:
        """One set of exponents per lead; a channel of rate Γ_a has η → Γ_a η."""
        operators: list[ComplexArray] = []
        acting: list[int] = []
        for channel in frozen.channels:
            match = [u for u, vector in enumerate(operators) if np.array_equal(vector, channel.vector)]
            if not match:
                operators.append(channel.vector)
                match = [len(operators) - 1]
            acting += match
        lead, operator, kappa, eta, eta_bar = [], [], [], [], []
        for i in np.argsort(acting, kind="stable"):
            channel, u = frozen.channels[i], acting[i]
            bath = exponents[channel.lead]
            for p in range(len(bath)):
                plus, minus = channel.rate * bath.eta_plus[p], channel.rate * bath.eta_minus[p]
                lead += [channel.lead] * 2
                operator += [2 * u, 2 * u + 1]
                kappa += [bath.kappa[p], np.conj(bath.kappa[p])]
                eta += [plus, minus]
                eta_bar += [np.conj(minus), np.conj(plus)]
        order = np.argsort(operator, kind="stable")
        return cls(
            np.array(lead, dtype=np.int64)[order],
            np.array(operator, dtype=np.int64)[order],
            np.array(kappa, dtype=complex)[order],
            np.array(eta, dtype=complex)[order],
            np.array(eta_bar, dtype=complex)[order],
            np.array(operators, dtype=complex).reshape(len(operators), frozen.n_levels),
        )

    def __len__(self) -> int:
        return int(self.lead.size)

    @cached_property
    def partner(self) -> NDArray[np.int64]:
        """The mode with the same channel and p and the other σ, (M,)."""
        out = np.empty(len(self), dtype=np.int64)
        for u in range(len(self.operators)):
            plus, minus = np.flatnonzero(self.operator == 2 * u), np.flatnonzero(self.operator == 2 * u + 1)
            out[plus], out[minus] = minus, plus
        return out

    @cached_property
    def sigma(self) -> NDArray[np.int64]:
        return 1 - 2 * (self.operator % 2)

    def component(self, level_component: Sequence[int]) -> NDArray[np.int64]:
        """The conserved charge that each distinct operator changes, (number of operators,)."""
        first = [int(np.flatnonzero(vector)[0]) for vector in self.operators]
        return np.array([level_component[m] for m in first], dtype=np.int64)
