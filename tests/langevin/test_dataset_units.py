"""Units of the results: of lengths, of dimensionless coordinates, of both."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.langevin.correlation import velocity_autocorrelation
from nonadia.langevin.field import CallableField
from nonadia.langevin.tables.from_dataset import field_of

from .tables import dataset

LENGTH = {
    "position": "bohr", "momentum": "hbar/bohr", "position_density": "1/bohr", "momentum_density": "bohr/hbar",
    "position_variance": "bohr^2", "momentum_variance": "(hbar/bohr)^2", "trajectory_momentum": "hbar/bohr",
    "position_edges": "bohr", "momentum_bin": "hbar/bohr", "exit_position": "bohr", "exit_mean_momentum": "hbar/bohr",
}  # fmt: skip
NUMBER = {
    "position": "1", "momentum": "hbar", "position_density": "1", "momentum_density": "1/hbar",
    "position_variance": "1", "momentum_variance": "hbar^2", "trajectory_momentum": "hbar",
    "position_edges": "1", "momentum_bin": "hbar", "exit_position": "1", "exit_mean_momentum": "hbar",
}  # fmt: skip
MIXED = {
    "position": "[coordinate]", "momentum": "hbar/[coordinate]", "position_density": "1/[coordinate]",
    "momentum_density": "[coordinate]/hbar", "position_variance": "[coordinate]^2",
    "momentum_variance": "(hbar/[coordinate])^2", "exit_mean_momentum": "hbar/[coordinate]",
}  # fmt: skip
LENGTH_CORRELATION = {"velocity_autocorrelation": "(bohr*hartree/hbar)^2", "mean_square_displacement": "bohr^2"}
NUMBER_CORRELATION = {"velocity_autocorrelation": "(hartree/hbar)^2", "mean_square_displacement": "1"}


def table(*units: str) -> xr.Dataset:
    """A bowl in one or two coordinates."""
    axis, names = np.linspace(-3.0, 3.0, 13), ("x", "y")[: len(units)]
    count = len(names)
    found = dataset(
        dict.fromkeys(names, axis),
        names,
        mean_force=lambda *q: [0.0 * each for each in q],
        bare_force=lambda *q: [-0.1 * each for each in q],
        bare_potential=lambda *q: sum(0.05 * each**2 for each in q),
        friction=lambda *q: (5.0 * np.eye(count)).tolist(),
        noise=lambda *q: (0.005 * np.eye(count)).tolist(),
    )
    for name, unit in zip(names, units, strict=True):
        found[name].attrs["units"] = unit
    return found


def ensemble(forces: xr.Dataset | CallableField, names: tuple[str, ...]) -> xr.Dataset:
    """With every kind of variable: exits, trajectories, distributions."""
    start = {"temperature": 1e-3} | dict.fromkeys(names, 0.1)
    return na.langevin(
        forces, trajectories=16, duration=2000.0, step=20.0, stored=5, keep=3, initial=start, exits={"out": "x > 0.3"}
    )


@pytest.mark.parametrize(
    ("units", "wanted"),
    [(("bohr",), LENGTH), (("bohr", "bohr"), LENGTH), (("1",), NUMBER), (("1", "1"), NUMBER), (("bohr", "1"), MIXED)],
)
def test_units_follow_the_coordinates(units: tuple[str, ...], wanted: dict[str, str]) -> None:
    names = ("x", "y")[: len(units)]
    result = ensemble(table(*units), names)
    assert {name: result[name].attrs["units"] for name in wanted} == wanted
    assert json.loads(result["mode"].attrs["coordinate_units"]) == dict(zip(names, units, strict=True))
    for name, variable in result.variables.items():
        if variable.dtype.kind in "fi" and name in result.data_vars:
            assert variable.attrs["units"], name
        assert wanted is MIXED or "[" not in variable.attrs.get("units", ""), name


@pytest.mark.parametrize(
    ("units", "wanted"),
    [
        (None, LENGTH | LENGTH_CORRELATION),
        ({"x": "bohr"}, LENGTH | LENGTH_CORRELATION),
        ({"x": "1"}, NUMBER | NUMBER_CORRELATION),
    ],
)
def test_units_of_a_field_of_functions(units: dict[str, str] | None, wanted: dict[str, str]) -> None:
    field = CallableField(["x"], 2000.0, lambda x: -0.1 * x, 5.0, 0.005, units=units)
    result = ensemble(field, ("x",))
    still = na.langevin(field, trajectories=4, duration=100.0, step=20.0, stored=3, keep=3, initial={"x": 0.1, "p": 0.0})
    correlation = velocity_autocorrelation(still)
    found = {name: (correlation if name in correlation else result)[name].attrs["units"] for name in wanted}
    assert found == wanted


@pytest.mark.parametrize("units", [{"y": "bohr"}, {"x": "angstrom"}])
def test_other_units_are_refused(units: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="units"):
        CallableField(["x"], 1.0, lambda x: -x, units=units)


@pytest.mark.parametrize("units", [("bohr",), ("bohr", "1")])
def test_a_table_of_the_whole_force_is_only_noted(units: tuple[str, ...]) -> None:
    """Data of other programs hold the whole force; that is no lack of convergence."""
    names = ("x", "y")[: len(units)]
    forces = table(*units).drop_vars(["bare_force", "bare_potential"])
    forces["mean_force"] = forces["mean_force"] - 0.1 * sum(forces[name] * (forces["mode"] == name) for name in names)
    start = {"temperature": 1e-3} | dict.fromkeys(names, 0.1)
    result = na.langevin(forces, trajectories=8, duration=200.0, step=5.0, stored=3, initial=start)
    assert result.attrs["converged"] == 1, result.attrs["messages"]
    assert "mean_force is taken as the whole force" in result.attrs["notes"]


def test_scattered_points_of_the_whole_force_are_only_noted() -> None:
    points = np.random.default_rng(5).uniform(-1.0, 1.0, (60, 2))
    still = np.broadcast_to(np.eye(2), (60, 2, 2))
    forces = xr.Dataset(
        {
            "mean_force": (("point", "mode"), -0.1 * points),
            "friction": (("point", "mode", "mode_"), 5.0 * still),
            "noise": (("point", "mode", "mode_"), 0.005 * still),
        },
        {"x": ("point", points[:, 0], {"units": "bohr"}), "y": ("point", points[:, 1], {"units": "1"}), "mode": ["x", "y"]},
    )
    field = field_of(forces, mass=2000.0)
    assert [line for line in field.messages if not line.startswith("note: ")] == []
    assert any("whole force" in line for line in field.messages)
    assert field.units == {"x": "bohr", "y": "1"}  # type: ignore[attr-defined]


def test_units_of_a_density_in_phase_space() -> None:
    for unit, wanted in (("bohr", "hbar/bohr"), ("1", "hbar")):
        field = na.CallableField(["x"], 1.0, lambda x: -x, 0.5, 0.5, lambda x: 0.5 * x[:, 0] ** 2, units={"x": unit})
        found = na.fokker_planck(field, tolerance=1e-2)
        assert found["p"].attrs["units"] == wanted == found["momentum"].attrs["units"]
        assert found["x"].attrs["units"] == unit and all("units" in v.attrs for v in found.variables.values())
        assert ("bohr" in "".join(v.attrs["units"] for v in found.variables.values())) == (unit == "bohr")
