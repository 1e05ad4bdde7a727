"""Other programs' data and programs: read, write, drive.

    force_data        x_<value>/ folders of the published friction codes: F(x), γ(x), D(x) → dataset; force_write: back
                      (force_text, force_folders, force_units)
    kernel_data       the memory kernels γ(x,t), D(x,t) of the same folders ↔ dataset; kernel_exponents: as exponentials
    ase_coordinates   which functions of the atoms' positions the coordinates x_i are, and their Jacobians
    ase_dynamics      FrictionDynamics: ASE molecular dynamics with the friction and noise of any field (ase_units)
    ase_calculator    FieldCalculator: energies and forces of a field for any ASE program; embed: a field as atoms (placement)
    extended_xyz      stored trajectories → extended XYZ
    qutip_operators   the molecule of a junction at x as QuTiP operators

May import: units, models, friction, langevin. Other programs are imported on first use only; their absence is said then.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .ase_coordinates import BondLength, LinearMap, UserCoordinates
from .extended_xyz import write_extended_xyz
from .force_data import read_force_data
from .force_write import write_force_data
from .kernel_data import read_kernel_data, write_kernel_data
from .kernel_exponents import kernel_exponents
from .qutip_operators import qutip_operators

if TYPE_CHECKING:
    from .ase_calculator import FieldCalculator as FieldCalculator
    from .ase_calculator import embed as embed
    from .ase_dynamics import FrictionDynamics as FrictionDynamics

_LATER = {"FieldCalculator": "ase_calculator", "FrictionDynamics": "ase_dynamics", "embed": "ase_calculator"}

__all__ = [
    "BondLength",
    "FieldCalculator",
    "FrictionDynamics",
    "LinearMap",
    "UserCoordinates",
    "embed",
    "kernel_exponents",
    "qutip_operators",
    "read_force_data",
    "read_kernel_data",
    "write_extended_xyz",
    "write_force_data",
    "write_kernel_data",
]


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
