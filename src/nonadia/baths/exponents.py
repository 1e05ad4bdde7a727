"""Bath correlation functions as sums of exponentials, theory B2, LD(8)-(11).

C^σ(t) = (1/2π) ∫dε e^{iσεt} J(ε) f(σ(ε-μ)) = Σ_p η^σ_p e^{-κ^σ_p t},   κ^-_p = conj(κ^+_p)

for unit coupling: a channel of rate Γ_a has η → Γ_a η. Both signs share one set of poles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Exponents:
    """Exponents of one lead: kappa = κ^+ (P,), eta_plus = η^+ (P,), eta_minus = η^- (P,), in Hartree.

    scheme : "pade" or "aaa"; poles : number of poles asked for (P also counts the band poles);
    info : what the construction wants recorded (fit errors, removed poles ...).
    """

    kappa: NDArray[np.complex128]
    eta_plus: NDArray[np.complex128]
    eta_minus: NDArray[np.complex128]
    scheme: str
    poles: int
    info: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.kappa.size)

    def correlation(self, time: NDArray[np.float64], sign: int) -> NDArray[np.complex128]:
        """C^σ(t) for t ≥ 0, shape of `time`."""
        kappa = self.kappa if sign > 0 else self.kappa.conj()
        eta = self.eta_plus if sign > 0 else self.eta_minus
        return np.sum(eta * np.exp(-np.asarray(time)[..., None] * kappa), axis=-1)

    def filled(self, energy: NDArray[np.float64]) -> NDArray[np.float64]:
        """J(ε) f(ε-μ) that these exponents represent: 2 Re Σ_p η^+_p/(κ^+_p + iε)."""
        return 2.0 * np.sum(self.eta_plus / (self.kappa + 1j * np.asarray(energy)[..., None]), axis=-1).real

    def empty(self, energy: NDArray[np.float64]) -> NDArray[np.float64]:
        """J(ε) (1 - f(ε-μ)) that these exponents represent: 2 Re Σ_p η^-_p/(κ^-_p - iε)."""
        kappa = self.kappa.conj()
        return 2.0 * np.sum(self.eta_minus / (kappa - 1j * np.asarray(energy)[..., None]), axis=-1).real

    def empty_derivative(self, energy: NDArray[np.float64]) -> NDArray[np.float64]:
        """∂_ε of `empty`, per Hartree: -2 Im Σ_p η^-_p/(κ^-_p - iε)²."""
        kappa = self.kappa.conj()
        return -2.0 * np.sum(self.eta_minus / (kappa - 1j * np.asarray(energy)[..., None]) ** 2, axis=-1).imag
