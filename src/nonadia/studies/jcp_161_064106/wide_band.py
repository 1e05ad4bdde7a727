"""Friction of one level between two wide bands in equilibrium in closed form: what LD(55) is.

    γ = (ħ/4π) ∫ dε (-f'(ε)) Tr (∂S†/∂x)(∂S/∂x),   S_KK' = δ_KK' - i w_K G w_K',   G = 1/(ε - E + iΓ/2)

w_K = g_K(x) √Γ_K, Γ = Σ_K w_K². With one lead it is -(ħ/4π) ∫ dε f' A² (E' + (ε - E) Γ'/Γ)², A = Γ/((ε - E)² + Γ²/4),
the form of LD(55). Source: N. Bode et al., Beilstein J. Nanotechnol. 3, 144 (2012). No code of
the package's own Green's functions is used.
"""

from __future__ import annotations

import numpy as np

from .curves import KT, MEV, SLOPE, Array
from .parameters import EPS0, A, Q

_REACH, _POINTS = 40.0, 4001  # window of energies in k_BT; a trapezium rule converges exponentially there


def friction(x: Array, gamma: float, switched: bool) -> Array:
    """γ in ħ at every x; gamma: width from each lead in meV where g = 1; switched: with the g_K of LD(60) and (61)."""
    return np.array([_at(float(point), gamma, switched) for point in x])


def _at(x: float, gamma: float, switched: bool) -> float:
    kt = KT / MEV
    energy = np.linspace(-_REACH * kt, _REACH * kt, _POINTS)
    edge = 0.25 / kt / np.cosh(energy / (2 * kt)) ** 2
    step = np.tanh(x / A) if switched else 0.0
    slope = (1 - Q) / (2 * A) * (1 - step**2) if switched else 0.0
    g = (1 - Q) / 2 * (1 - step * np.array([1.0, -1.0])) + Q if switched else np.ones(2)
    w, dw = np.sqrt(gamma) * g, np.sqrt(gamma) * slope * np.array([-1.0, 1.0])
    green = 1.0 / (energy - EPS0 - SLOPE * x + 0.5j * (w @ w))
    derivative = green**2 * (SLOPE - 1j * (w @ dw))
    scattering = (np.outer(dw, w) + np.outer(w, dw))[..., None] * green + np.outer(w, w)[..., None] * derivative
    return float(np.trapezoid(edge * np.sum(np.abs(scattering) ** 2, axis=(0, 1)), energy) / (4 * np.pi))
