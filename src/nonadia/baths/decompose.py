"""Exponents of a lead from a rational approximation of its Fermi function.

Any real rational approximation f̃ with poles p_l (upper half plane) and residues R_l,

    f̃(ε) = c + Σ_l [ R_l/(ε - p_l) + c.c. ],

turns J f̃ and J (1 - f̃) into simple poles; C^+ closes in the upper, C^- in the lower half plane:

    Fermi pole p_l :      κ^+ = -i p_l,    η^+ = i R_l J(p_l),        η^- = i conj(R_l J(p_l))
    band pole z_i^* :     κ^+ = -i z_i^*,  η^+ = i r_i^* f̃(z_i^*),    η^- = -i r_i (1 - f̃(z_i))

with J continued analytically. The same poles serve both signs (κ^- = conj κ^+), and η^+ + conj(η^-) of a
pole is i times J's residue there (zero at a Fermi pole): C^+ + C^-* carries J itself for every f̃, so the
anticommutator of the lead operators, and with it charge conservation, is exact however few poles are used.
Note that the band term uses f̃, not f: only then are the exponents the Fourier transform of J f̃. For a
Lorentzian at μ they are η_0 = ½W f̃(iβW), η_l = -i (k_l/β) W²/(W² - ξ_l²/β²) of theory B2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..models.frozen import LeadBath
from ..models.width import LevelWidth
from .exponents import Exponents
from .pade import pade_fermi

ComplexArray = NDArray[np.complex128]

# a Fermi pole this close (relative) to a band pole would need t·e^{-κt}, which the hierarchy does not have
COINCIDENCE = 1e-7


def decompose(lead: LeadBath, poles: int, scheme: str = "pade") -> Exponents:
    """Exponents of C^σ of `lead`: `poles` Fermi poles, and the band poles of J (one a Lorentzian) on top.

    scheme: "pade" (theory B2) or "aaa" (rational fit on the real axis, weighted by J; see aaa.py).
    Energies in Hartree. Raises ValueError for an unknown scheme, poles < 1 or coinciding poles.
    """
    if scheme == "pade":
        xi, strength = pade_fermi(poles)
        beta = 1.0 / lead.temperature
        # -2k z/(z²+ξ²) has residue -k at z = ±iξ
        upper = (lead.chemical_potential + 1j * xi / beta).astype(np.complex128)
        residues = (-strength / beta).astype(np.complex128)
        return exponents_from_poles(lead.width, 0.5, upper, residues, scheme="pade", poles=poles)
    if scheme == "aaa":
        from .aaa import aaa_exponents

        return aaa_exponents(lead, poles)
    raise ValueError(f'unknown decomposition "{scheme}"; known: "pade", "aaa"')


def continued_width(width: LevelWidth, energy: ComplexArray) -> ComplexArray:
    """J(ε) = Σ_i [r_i/(ε - z_i) + r_i^*/(ε - z_i^*)] at complex ε, shape of `energy`."""
    energy = np.asarray(energy, dtype=complex)[..., None]
    lower = width.residues / (energy - width.poles)
    upper = width.residues.conj() / (energy - width.poles.conj())
    return np.sum(lower + upper, axis=-1)


def exponents_from_poles(
    width: LevelWidth,
    constant: float,
    fermi_poles: ComplexArray,
    fermi_residues: ComplexArray,
    *,
    scheme: str,
    poles: int,
    info: dict[str, float] | None = None,
) -> Exponents:
    """Exponents of J f̃ and J(1 - f̃) for f̃ = c + Σ [R_l/(ε - p_l) + c.c.], Im p_l > 0; Hartree.

    fermi_poles, fermi_residues: (N,). Returns N + (band poles of J) exponents. Raises ValueError when a
    Fermi pole coincides with a band pole.
    """
    band = width.poles.conj()
    distance = np.abs(fermi_poles[:, None] - band)
    if np.any(distance < COINCIDENCE * np.abs(band.imag)):
        raise ValueError(
            "a pole of the Fermi function coincides with a pole of the band; change the number of poles"
        )
    separation = band[:, None] - fermi_poles
    crossed = band[:, None] - fermi_poles.conj()
    approximate_fermi = constant + np.sum(
        fermi_residues / separation + fermi_residues.conj() / crossed, axis=-1
    )
    filled_band = width.residues.conj() * approximate_fermi
    filled_fermi = fermi_residues * continued_width(width, fermi_poles)
    upper = np.concatenate([band, fermi_poles])
    filled = np.concatenate([filled_band, filled_fermi])
    total = np.concatenate([width.residues.conj(), np.zeros(fermi_poles.size)])
    return exponents_from_residues(upper, filled, total, scheme=scheme, poles=poles, info=info)


def exponents_from_residues(
    upper: ComplexArray,
    filled: ComplexArray,
    total: ComplexArray,
    *,
    scheme: str,
    poles: int,
    info: dict[str, float] | None = None,
) -> Exponents:
    """Exponents from J f̃ = Σ_p [a_p/(ε - p) + c.c.] and J = Σ_p [b_p/(ε - p) + c.c.], Im p > 0.

    upper = p, filled = a, total = b, each (P,), Hartree. κ^+ = -i p, η^+ = i a, η^- = -i conj(b - a).
    """
    if np.any(upper.imag <= 0):
        raise ValueError("exponents must decay: every pole needs a positive imaginary part")
    return Exponents(
        kappa=-1j * upper,
        eta_plus=1j * filled,
        eta_minus=-1j * (total - filled).conj(),
        scheme=scheme,
        poles=poles,
        info=dict(info or {}),
    )
