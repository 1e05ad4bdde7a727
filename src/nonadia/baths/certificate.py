"""Errors of a set of exponents against the exact lead: of C(t) in time and of J f in energy.

Cheap and model-free, but only a first look: how much of them reaches F, γ and D is told by the certificate
with the non-interacting partner model in the negf room (theory B2: 15% in C can be 2e-5 in γ).
"""

from __future__ import annotations

import numpy as np

from ..models.frozen import LeadBath
from .exact import exact_correlation
from .exponents import Exponents
from .pade import fermi


def bath_certificate(lead: LeadBath, exponents: Exponents, samples: int = 400) -> dict[str, float]:
    """Errors of `exponents` for `lead`, all dimensionless.

    correlation_plus, correlation_minus : max over t of |C_fit - C| / |C(0)|, t from 0 to 40/k_BT on a
    logarithmic grid filled : max over ε of |J f_fit - J f| / max J; filled_energy : where, (ε - μ)/k_BT
    sum_rule : max over ε of |J f_fit + J(1-f)_fit - J| / max J (rounding: it holds by construction)
    slowest_decay : min Re κ / k_BT
    """
    mu, kt, width = lead.chemical_potential, lead.temperature, lead.width
    fastest = max(float(np.abs(width.poles - mu).max()), kt)
    time = np.concatenate([[0.0], np.geomspace(1e-3 / fastest, 40.0 / kt, samples)])
    reach = np.geomspace(1e-2 * kt, 1e3 * fastest, samples)
    energy = mu + np.concatenate([-reach[::-1], [0.0], reach])
    found = {}
    for name, sign in (("plus", 1), ("minus", -1)):
        exact = exact_correlation(lead, time, sign)
        error = np.abs(exponents.correlation(time, sign) - exact)
        found[f"correlation_{name}"] = float(error.max() / abs(exact[0]))
    band = width(energy)
    misfit = np.abs(exponents.filled(energy) - band * fermi((energy - mu) / kt))
    worst = int(np.argmax(misfit))
    total = exponents.filled(energy) + exponents.empty(energy)
    found["filled"] = float(misfit[worst] / band.max())
    found["filled_energy"] = float((energy[worst] - mu) / kt)
    found["sum_rule"] = float(np.abs(total - band).max() / band.max())
    found["slowest_decay"] = float(exponents.kappa.real.min() / kt)
    return found
