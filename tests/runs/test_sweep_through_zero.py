"""Sweeps over points that leave out what is zero there: no variable is lost, in either order, also when a run goes on later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.runs.closed_combine import ClosedTable
from nonadia.runs.combine import SweepAxis, SweepTable
from nonadia.runs.execute import Interrupted

from .closed_inputs import MOLECULE, changed

EV = 1 / 27.211386245988
LEAD = {"temperature": "600 K", "bandwidth": "1 eV", "couplings": {"a": "0.3 eV", "b": "0.3 eV"}}
JUNCTION: dict[str, Any] = {
    "system": "junction",
    "parameters": {"U": "0.2 eV"},
    "coordinates": {"x": {"mass": 1000, "unit": "1"}},
    "molecule": {"levels": {"a": "0.1 + 0.01*x", "b": "0.1"}, "interactions": {"a,b": "U"}},
    "leads": {"L": LEAD},
    "forces": {"x": [0.0], "tiers": 1, "poles": 1, "tolerance": 0.9},
}
PULSE = changed(
    changed(MOLECULE, "electrons.hamiltonian", [["k*R**2/2", "c + E0*sin(0.1*t)"], ["c + E0*sin(0.1*t)", "k*(R-0.3)**2/2"]]),
    "parameters.E0",
    0.01,
)


def interrupted_after_the_first_point(done: float, total: float, message: str) -> None:
    if message.endswith("done"):
        raise KeyboardInterrupt


def interrupted_at_the_second_point(done: float, total: float, message: str) -> None:
    if done > 1.0:
        raise KeyboardInterrupt


def same(one: xr.DataTree, other: xr.DataTree, group: str) -> None:
    a, b = one[group].to_dataset(), other[group].to_dataset()
    assert set(a.variables) == set(b.variables)
    for name in a.data_vars:
        np.testing.assert_array_equal(a[name].values, b[name].values, err_msg=str(name), strict=True)
        assert a[name].attrs == b[name].attrs
    assert a.attrs == b.attrs


@pytest.mark.parametrize("values", [["0 eV", "0.2 eV"], ["0.2 eV", "0 eV"]], ids=["up", "down"])
def test_interaction_of_a_junction(tmp_path: Path, values: list[str]) -> None:
    data, out = changed(JUNCTION, "sweep", {"U": values}), tmp_path / "r.nc"
    whole = na.run(data)
    assert whole.attrs["complete"] == 1
    forces = whole["forces"].to_dataset()
    for text in values:
        u = float(text.split()[0]) * EV
        found = forces["interaction_energy"].sel(U=u, method="nearest").values[0]
        assert np.allclose(found, [[0.0, u], [u, 0.0]], rtol=1e-12, atol=0.0)
    assert list(forces["level_"].values) == ["a", "b"]
    with pytest.raises(Interrupted):
        na.run(data, out, progress=interrupted_after_the_first_point)
    stored = na.open(out)
    assert stored.attrs["complete"] == 0 and np.isnan(stored["forces"].to_dataset()["mean_force"].values[1]).all()
    same(na.run(data, out, resume=True), whole, "forces")
    same(na.open(out), whole, "forces")


@pytest.mark.parametrize("values", [[0.0, 0.01], [0.01, 0.0]], ids=["up", "down"])
def test_work_of_a_pulse(tmp_path: Path, values: list[float]) -> None:
    data, out = changed(PULSE, "sweep", {"E0": values}), tmp_path / "r.nc"
    whole = na.run(data)
    assert whole.attrs["complete"] == 1
    ledger = whole["factorization"].to_dataset()
    assert np.all(ledger["work_external"].sel(E0=0.0).values == 0.0)
    driven, alone = ledger.sel(E0=0.01), na.run(PULSE)["factorization"].to_dataset()
    assert np.array_equal(driven["work_external"].values, alone["work_external"].values)
    assert np.abs(driven["work_external"].values).max() > 1e-5
    with pytest.raises(Interrupted):
        na.run(data, out, progress=interrupted_at_the_second_point)
    same(na.run(data, out, resume=True), whole, "factorization")
    same(na.open(out), whole, "factorization")


@pytest.mark.parametrize("missing", [0, 1])
def test_what_a_point_lacks_otherwise_is_not_a_number(missing: int) -> None:
    """A quantity that is not defined there is no zero; and points need not arrive in the order of the sweep."""
    axis = SweepAxis("s", np.array([0.0, 1.0]), "1", ("0", "1"))
    full = xr.Dataset({"a": ("x", [1.0, 2.0]), "only_here": ("y", [3.0])}, {"x": [0.0, 1.0], "y": [5.0]})
    full.attrs = {"converged": 1}
    less = full.drop_vars(["only_here", "y"])
    junction, closed = SweepTable([axis]), ClosedTable([axis])
    for index in (1, 0):
        point = less if index == missing else full
        junction.insert(index, point, 0.0)
        closed.add(index, {"wavepacket": point}, 0.0)
    for found in (junction.forces(), closed.groups()["/wavepacket"]):
        assert np.isnan(found["only_here"].values[missing]).all() and found["only_here"].values[1 - missing] == [3.0]
        assert np.array_equal(found["a"].values, [[1.0, 2.0]] * 2) and found["y"].values == [5.0]
