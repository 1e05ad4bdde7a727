"""Derivatives by their definition: s^R of a lead over the energy, H_BO of two surfaces with a mixing angle over R and t."""

from __future__ import annotations

import numpy as np

from nonadia.models.electrons import Surfaces
from nonadia.models.molecule import GridCoordinate, Molecule
from nonadia.models.width import LevelWidth
from tests.wavepacket.models import field

WEIGHTS = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}  # central difference of order 8


def test_embedding_function_of_a_lorentzian() -> None:
    """s^R = (W/2)/(ε - c + iW), ∂_ε s^R = -(W/2)/(ε - c + iW)², J = W²/((ε - c)² + W²)."""
    center, width = 0.3, 0.7
    shape, energy = LevelWidth.lorentzian(center, width), np.linspace(-3.0, 3.0, 31)
    below = energy - center + 1j * width
    np.testing.assert_allclose(shape.retarded(energy), 0.5 * width / below, rtol=1e-13)
    np.testing.assert_allclose(shape.retarded_derivative(energy), -0.5 * width / below**2, rtol=1e-13)
    np.testing.assert_allclose(shape(energy), width**2 / ((energy - center) ** 2 + width**2), rtol=1e-13)


def test_gradient_and_rate_of_two_surfaces() -> None:
    """∂H_BO holds the turning of the states by the mixing angle, which Hellmann-Feynman forces do not see."""
    texts = ("0.1*R**2 + 0.02*R*sin(0.3*t)", "0.3 + 0.2*R", "0.4*tanh(R) + 0.1*R*cos(0.2*t)")
    lower, upper, angle = (field(text, "R") for text in texts)

    def molecule(shift: float) -> Molecule:
        axis = GridCoordinate("R", 50.0, -3.0 + shift, 3.0 + shift, 32)
        return Molecule([axis], Surfaces((lower, upper), angle))

    at = molecule(0.0)
    step, t = 1e-2, 1.7
    gradient, rate = at.hamiltonian_gradient(t), at.hamiltonian_rate(t)
    assert gradient is not None and rate is not None
    by_place = sum(w * (molecule(k * step).hamiltonian(t) - molecule(-k * step).hamiltonian(t)) for k, w in WEIGHTS.items())
    by_time = sum(w * (at.hamiltonian(t + k * step) - at.hamiltonian(t - k * step)) for k, w in WEIGHTS.items())
    assert np.abs(gradient[0, 0, 1]).max() > 0.05 and np.abs(rate[0, 1]).max() > 1e-3
    np.testing.assert_allclose(gradient[0], by_place / step, atol=1e-11)
    np.testing.assert_allclose(rate, by_time / step, atol=1e-11)
