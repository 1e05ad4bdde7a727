"""Baths: level-width function + Fermi function → exponents of the bath correlation functions.

A lead enters the hierarchy only through C^σ(t) = Σ_p η^σ_p e^{-κ^σ_p t} (theory B2). This room finds the
exponents (Padé, AAA) and certifies them against the exact lead. It may import models, units and nothing else
of the package.
"""

from .certificate import bath_certificate
from .decompose import decompose, exponents_from_poles
from .exact import exact_correlation
from .exponents import Exponents
from .pade import pade_fermi

__all__ = [
    "Exponents",
    "bath_certificate",
    "decompose",
    "exact_correlation",
    "exponents_from_poles",
    "pade_fermi",
]
