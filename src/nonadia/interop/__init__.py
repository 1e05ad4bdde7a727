"""Other programs' data and programs: read, write, drive.

    force_data        x_<value>/ folders of the published friction codes: F(x), γ(x), D(x) → dataset; force_write: back
                      (force_text, force_folders, force_units)
    kernel_data       the memory kernels γ(x,t), D(x,t) of the same folders ↔ dataset

May import: units, models, friction, langevin.
"""

from __future__ import annotations

from .force_data import read_force_data
from .force_write import write_force_data
from .kernel_data import read_kernel_data, write_kernel_data

__all__ = ["read_force_data", "read_kernel_data", "write_force_data", "write_kernel_data"]
