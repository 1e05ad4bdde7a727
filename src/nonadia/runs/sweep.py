"""The swept parameters of an experiment as axes of the result: value (atomic units), unit, label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.models.build_molecule import TAKEN
from nonadia.units import UnitError, parse

from .combine import SweepAxis

if TYPE_CHECKING:
    from .experiment import Experiment

_UNITS = {
    "energy": "hartree",
    "voltage": "hartree",
    "temperature": "hartree",
    "time": "hbar/hartree",
    "mass": "electron_mass",
    "length": "bohr",
    "dimensionless": "1",
}
# names that the tables of a result use themselves; a parameter called like one of them gets a prefix
_TAKEN = frozenset(
    "mode mode_ level lead vibration point mean_force friction noise potential bare_potential level_energy "
    "profile population current vibrational_occupation temperature chemical_potential status converged "
    "wall_time method tiers poles decomposition convergence messages "
    "time window bin bin_edge exit outcome bound trajectory stored position momentum energy survivors survival".split()
)
_PREFIXES = (
    *("error_", "friction_", "noise_", "identity_", "rate_", "mean_", "magnetic_", "adiabatic_", "T_", "E_"),
    *("steady_", "step_error_", "position_", "momentum_", "kinetic_", "exit_", "trajectory_", "langevin_", "forces_"),
)


def sweep_axes(experiment: Experiment) -> list[SweepAxis]:
    """One axis a swept parameter, in the order of the input; the last one runs fastest."""
    return [_axis(name, values) for name, values in experiment.sweep.items()]


def _axis(name: str, values: Sequence[Any]) -> SweepAxis:
    read = [_read(value) for value in values]
    numbers = [number for number, _ in read if number is not None]
    if len(numbers) < len(read):
        numbers = list(map(float, range(len(read))))  # an expression: only its label describes it
    units = {unit for _, unit in read}
    labels = tuple(value.strip() if isinstance(value, str) else f"{value:g}" for value in values)
    unit = units.pop() if len(units) == 1 else "1"
    taken = name in _TAKEN | TAKEN or name.startswith(_PREFIXES)
    dimension = f"parameter_{name}" if taken else name
    return SweepAxis(dimension, np.array(numbers, dtype=float), unit, labels)


def _read(value: Any) -> tuple[float | None, str]:
    """Number in atomic units and its unit; no number for an expression, which only its label describes."""
    if not isinstance(value, str):
        return float(value), "1"
    try:
        quantity = parse(value)
    except UnitError:
        try:
            return float(value), "1"
        except ValueError:
            return None, "1"
    return quantity.value, _UNITS[quantity.kind or "dimensionless"]
