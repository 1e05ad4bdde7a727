"""Every propagator converges with the order it declares: ‖ψ_h - ψ_h/2‖ ~ h^p, and all agree on the limit."""

from __future__ import annotations

import numpy as np
import pytest

from nonadia.models.molecule import Molecule
from nonadia.wavepacket.chebyshev import Chebyshev
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.krylov import Krylov
from nonadia.wavepacket.propagate import propagator
from nonadia.wavepacket.split import SplitOperator

from .models import crossing, jahn_teller, packet, soft_ion

LASER = " + 0.05*sin(0.3*t)*exp(-R**2/4)"
DURATION = 6.0

CASES = {
    "static": crossing(64),
    "laser": crossing(64, drive=LASER),
    "static A": crossing(64, vector="3*tanh(R)"),
    "A(t)": crossing(64, vector="3*tanh(R)*cos(0.2*t)", drive=LASER),
    "A(t) with curl": jahn_teller(24, vector={"x": "-2*y*cos(0.2*t)", "y": "x"}),
    "real space": soft_ion(32, 32),
}


def evolved(molecule: Molecule, method: object, steps: int) -> np.ndarray:
    psi = packet(molecule, (0.8, 0.6j) if molecule.states else (1.0,), center=0.5 if molecule.states else 3.0, momentum=1.0)
    method.advance(psi, 0.3, DURATION, steps)  # type: ignore[attr-defined]
    return psi


def measured(molecule: Molecule, make: object, steps: int) -> float:
    coarse, middle, fine = (evolved(molecule, make(Hamiltonian(molecule)), n) for n in (steps, 2 * steps, 4 * steps))  # type: ignore[operator]
    return float(np.log2(np.linalg.norm(coarse - middle) / np.linalg.norm(middle - fine)))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("order", [2, 4])
def test_split_operator(case: str, order: int) -> None:
    steps = {2: 32, 4: {"real space": 24}.get(case, 6)}[order]
    found = measured(CASES[case], lambda h: SplitOperator(h, order), steps)
    assert abs(found - order) < 0.3, found


@pytest.mark.parametrize("method", [Chebyshev, Krylov])
@pytest.mark.parametrize("order", [2, 4])
def test_magnus_with_a_laser(method: type, order: int) -> None:
    found = measured(CASES["laser"], lambda h: method(h, order), {2: 16, 4: 8}[order])
    assert abs(found - order) < 0.3, found


@pytest.mark.parametrize("dimension", [3, 5])
def test_krylov_of_fixed_dimension_has_order_dimension_minus_one(dimension: int) -> None:
    found = measured(CASES["static"], lambda h: Krylov(h, dimension=dimension, tolerance=None), {3: 100, 5: 24}[dimension])
    assert abs(found - (dimension - 1)) < 0.3, found


@pytest.mark.parametrize("case", CASES)
def test_all_methods_have_the_same_limit(case: str) -> None:
    molecule = CASES[case]
    steps = {"split-operator": 300, "chebyshev": 20, "krylov": 20}
    found = [evolved(molecule, propagator(Hamiltonian(molecule), name, 4), n) for name, n in steps.items()]
    for other in found[1:]:
        assert np.linalg.norm(other - found[0]) < 3e-6 * np.linalg.norm(found[0])


def test_absorber_of_split_operator_and_krylov_agree() -> None:
    molecule = crossing(64, absorber="0.01*(1+tanh(2*(R-2)))")
    steps = {"split-operator": 300, "krylov": 4}
    found = [evolved(molecule, propagator(Hamiltonian(molecule), name, 4), n) for name, n in steps.items()]
    assert np.linalg.norm(found[0]) ** 2 * molecule.volume < 0.999
    assert np.linalg.norm(found[0] - found[1]) < 3e-6 * np.linalg.norm(found[0])


def test_chebyshev_refuses_an_absorber() -> None:
    with pytest.raises(ValueError, match="Hermitian"):
        Chebyshev(Hamiltonian(crossing(64, absorber="0.01*(1+tanh(2*(R-2)))")))
