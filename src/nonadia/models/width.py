"""Level-width function of one lead as a rational function of energy.

Γ_K(ε)_mm' = Γ_mm' J(ε) with the dimensionless shape

    J(ε) = Σ_i [ r_i/(ε - z_i) + c.c. ],      Im z_i < 0,

whose retarded embedding function follows without any integral,

    s^R(ε) = -i Σ_i r_i/(ε - z_i),            J = -2 Im s^R,

so that Σ^R_K(ε) = g_K² Γ s^R(ε). The Lorentzian W²/((ε-c)²+W²) of LD(12) is one term with
z = c - iW, r = iW/2, s^R = (W/2)/(ε - c + iW). Sums of Lorentzians and rational fits of tabulated
functions are the same object with more terms. (theory: LD(12).)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LevelWidth:
    """Dimensionless shape J(ε) of a level-width function; poles and residues in Hartree.

    poles : complex (n,), all in the lower half plane; residues : complex (n,).
    fit_error : largest |J_fit - J| of a rational fit relative to max J (0 for exact Lorentzians).
    """

    poles: NDArray[np.complex128]
    residues: NDArray[np.complex128]
    fit_error: float = 0.0

    def __post_init__(self) -> None:
        if np.any(self.poles.imag >= 0):
            raise ValueError("poles of a level-width function must lie in the lower half plane")

    @classmethod
    def lorentzian(cls, center: float, width: float, weight: float = 1.0) -> LevelWidth:
        """weight · W²/((ε-c)²+W²), LD(12)."""
        return cls(np.array([center - 1j * width]), np.array([0.5j * width * weight]))

    def __add__(self, other: LevelWidth) -> LevelWidth:
        return LevelWidth(
            np.concatenate([self.poles, other.poles]),
            np.concatenate([self.residues, other.residues]),
            max(self.fit_error, other.fit_error),
        )

    def shifted(self, center: float) -> LevelWidth:
        """J(ε - center)."""
        return LevelWidth(self.poles + center, self.residues, self.fit_error)

    def retarded(self, energy: NDArray[np.float64]) -> NDArray[np.complex128]:
        """s^R(ε), shape of `energy`; multiplied by Γ it is the lead-end orbital's bare Green's function."""
        return -1j * np.sum(self.residues / (np.asarray(energy)[..., None] - self.poles), axis=-1)

    def retarded_derivative(self, energy: NDArray[np.float64]) -> NDArray[np.complex128]:
        """∂_ε s^R(ε)."""
        return 1j * np.sum(self.residues / (np.asarray(energy)[..., None] - self.poles) ** 2, axis=-1)

    def __call__(self, energy: NDArray[np.float64]) -> NDArray[np.float64]:
        """J(ε) = -2 Im s^R(ε)."""
        return -2.0 * self.retarded(energy).imag
