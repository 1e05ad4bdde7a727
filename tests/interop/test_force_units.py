"""Units of electronic-force data with a length, by hand: eV/Å, ħ/Å² and ħ eV/Å²."""

from __future__ import annotations

from pathlib import Path

import pytest

from nonadia.interop.force_data import read_force_data

HARTREE_EV, BOHR_ANGSTROM = 27.211386245988, 0.529177210903


@pytest.mark.parametrize(("energy", "scale"), [("eV", 1.0), ("meV", 1e-3)])
def test_units_of_a_length(tmp_path: Path, energy: str, scale: float) -> None:
    for name, value in (("adiabatic_force", 2.0), ("friction", 3.0), ("corrfunc", 5.0)):
        (tmp_path / f"{name}.dat").write_text(f"x\t{name}\n-0.5\t{value}\n0.5\t{value}\n")
    data = read_force_data(tmp_path, energy=energy, length="angstrom", mass="12 u")
    assert data["x"].values == pytest.approx([-0.5 / BOHR_ANGSTROM, 0.5 / BOHR_ANGSTROM], rel=1e-8)
    assert data["mean_force"].values == pytest.approx(2.0 * scale / HARTREE_EV * BOHR_ANGSTROM, rel=1e-8)
    assert data["friction"].values == pytest.approx(3.0 * BOHR_ANGSTROM**2, rel=1e-8)
    assert data["noise"].values == pytest.approx(5.0 * scale / HARTREE_EV * BOHR_ANGSTROM**2, rel=1e-8)
