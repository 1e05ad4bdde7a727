"""Sweeps: what is computed, kept, continued and refused. The solver is replaced by a closed form here."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.runs.errors import InputError
from nonadia.runs.estimate import memory_of_arrays
from nonadia.runs.execute import Interrupted, RunFailed
from nonadia.runs.store import ResultError

INPUT = """
title = "one level"
system = "junction"
[parameters]
bias = "0.2 V"
lam = "20 meV"
[coordinates.x]
mass = 1000
unit = "1"
[molecule]
levels = { d = "0.0036749 + lam*x" }
[leads.L]
chemical_potential = "bias/2"
temperature = "300 K"
bandwidth = "2 eV"
couplings = { d = "50 meV" }
[leads.R]
chemical_potential = "-bias/2"
temperature = "400 K"
bandwidth = "2 eV"
couplings = { d = "50 meV" }
[forces]
x = [-1.0, 0.0, 1.0]
[sweep]
bias = ["0 V", "0.2 V", "0.4 V"]
lam = ["20 meV", "30 meV"]
"""

EV = 1 / 27.211386245988


class Solver:
    """Stands for electronic_forces: friction is a closed form; counts and disturbs its calls."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        self.before: Callable[[int], None] = lambda number: None
        self.converged = 1

    def __call__(self, model: Any, x: Any, progress: Any = None, **options: Any) -> xr.Dataset:
        self.before(len(self.calls))
        values = np.asarray(x, dtype=float)
        frozen = model.at(values[:, None])
        bias = model.leads[0].chemical_potential - model.leads[1].chemical_potential
        self.calls.append(float(bias))
        friction = (frozen.dh[..., 0, 0, 0].real * (1 + bias))[:, None, None]
        if progress is not None:
            progress(1, 1, "solved")
        data = xr.Dataset(
            {
                "friction": (("x", "mode", "mode_"), friction, {"units": "hbar"}),
                "bare_potential": ("x", np.zeros(values.size), {"units": "hartree"}),
            },
            {"x": ("x", values, {"units": "1"}), "mode": ["x"], "mode_": ["x"], "lead": ["L", "R"]},
        )
        data.attrs = {
            "method": options["method"],
            "tiers": options["tiers"] or 2,
            "poles": 5,
            "decomposition": "pade",
            "converged": self.converged,
            "messages": "[]" if self.converged else json.dumps(["noise not converged: 2e-2 at x = 1"]),
            "convergence": "[]",
            "tolerance": options["tolerance"],
        }
        return data


@pytest.fixture
def solver(monkeypatch: pytest.MonkeyPatch) -> Solver:
    import nonadia.friction

    fake = Solver()
    monkeypatch.setattr(nonadia.friction, "electronic_forces", fake)
    return fake


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "level.toml"
    path.write_text(INPUT)
    return path


def expected(bias: float, lam: float) -> float:
    return lam * EV * (1 + bias * EV)


def test_a_sweep_becomes_dimensions(solver: Solver, file: Path) -> None:
    tree = na.run(na.load(file))
    friction = tree["forces/friction"]
    assert friction.dims == ("bias", "lam", "x", "mode", "mode_") and friction.shape == (3, 2, 3, 1, 1)
    for i, bias in enumerate((0.0, 0.2, 0.4)):
        for j, lam in enumerate((0.02, 0.03)):
            np.testing.assert_allclose(friction.values[i, j], expected(bias, lam), rtol=1e-12)
    np.testing.assert_allclose(tree["forces/bias"].values, np.array([0.0, 0.2, 0.4]) * EV, rtol=1e-10)
    assert list(tree["forces/lam_label"].values) == ["20 meV", "30 meV"]
    assert tree["forces/temperature"].dims == ("bias", "lam", "lead")
    np.testing.assert_allclose(tree["forces/temperature"].values[0, 0, 1] / tree["forces/temperature"].values[0, 0, 0], 4 / 3)
    assert tree.attrs["complete"] == 1 and tree.attrs["converged"] == 1 and len(solver.calls) == 6


def test_path_name_and_dict_are_accepted(solver: Solver, file: Path) -> None:
    import tomllib

    by_path = na.run(str(file))["forces/friction"]
    by_dict = na.run(tomllib.loads(INPUT))["forces/friction"]
    xr.testing.assert_identical(by_path, by_dict)


def test_interruption_keeps_what_is_finished(solver: Solver, file: Path, tmp_path: Path) -> None:
    result = tmp_path / "level.nc"

    def stop_at_four(number: int) -> None:
        if number == 4:
            raise KeyboardInterrupt

    solver.before = stop_at_four
    with pytest.raises(Interrupted) as caught:
        na.run(na.load(file), output=result)
    assert (caught.value.finished, caught.value.total) == (4, 6)
    partial = na.open(result)
    assert partial.attrs["complete"] == 0
    assert list(partial["convergence/status"].values.reshape(-1)) == ["converged"] * 4 + ["not computed"] * 2
    assert np.isnan(partial["forces/friction"].values[2]).all()

    with pytest.raises(ResultError, match="--resume"):  # unfinished work is not thrown away silently
        na.run(na.load(file), output=result)
    solver.before = lambda number: None
    solver.calls.clear()
    whole = na.run(na.load(file), output=result, resume=True)
    assert len(solver.calls) == 2, "only the missing points are computed"
    solver.calls.clear()
    xr.testing.assert_identical(whole["forces"].to_dataset(), na.run(na.load(file))["forces"].to_dataset())
    assert na.open(result).attrs["complete"] == 1
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_resume_of_another_input_is_refused(solver: Solver, file: Path, tmp_path: Path) -> None:
    result = tmp_path / "level.nc"
    na.run(na.load(file), output=result)
    with pytest.raises(ResultError, match="--set"):
        na.run(na.load(file, {"parameters.lam": "21 meV"}), output=result, resume=True)
    file.write_text(INPUT.replace('bandwidth = "2 eV"', 'bandwidth = "3 eV"'))
    before = result.read_bytes()
    with pytest.raises(ResultError, match="the input file"):
        na.run(na.load(file), output=result, resume=True)
    assert result.read_bytes() == before
    na.run(na.load(file), output=result)  # a finished result may be replaced
    assert result.read_bytes() != before


def test_a_foreign_file_is_not_overwritten(solver: Solver, file: Path, tmp_path: Path) -> None:
    precious = tmp_path / "thesis.nc"
    precious.write_text("years of work")
    with pytest.raises(ResultError, match="not a readable result file"):
        na.run(na.load(file), output=precious)
    assert precious.read_text() == "years of work" and not solver.calls


def test_a_failing_point_does_not_cost_the_others(solver: Solver, file: Path, tmp_path: Path) -> None:
    def fail_at_one(number: int) -> None:
        if number == 1:
            solver.before = lambda number: None
            raise np.linalg.LinAlgError("Singular matrix")

    solver.before = fail_at_one
    with pytest.raises(RunFailed, match=r"bias = 0 V, lam = 30 meV: LinAlgError: Singular matrix") as caught:
        na.run(na.load(file), output=tmp_path / "level.nc")
    assert caught.value.tree["convergence/status"].values.reshape(-1).tolist().count("converged") == 5
    assert na.open(tmp_path / "level.nc")["convergence/status"].values[0, 1] == "failed"
    again = na.run(na.load(file), output=tmp_path / "level.nc", resume=True)
    assert again.attrs["complete"] == 1


def test_when_everything_fails_nothing_is_written(solver: Solver, file: Path, tmp_path: Path) -> None:
    def fail(number: int) -> None:
        raise MemoryError("out of memory")

    solver.before = fail
    with pytest.raises(RunFailed) as caught:
        na.run(na.load(file), output=tmp_path / "level.nc")
    assert caught.value.finished == 0 and len(caught.value.messages) == 6
    assert not (tmp_path / "level.nc").exists()


def test_unconverged_points_are_results_but_not_success(solver: Solver, file: Path) -> None:
    solver.converged = 0
    tree = na.run(na.load(file))
    assert tree.attrs["complete"] == 1 and tree.attrs["converged"] == 0
    assert "noise not converged" in tree["convergence/messages"].values[0, 0]


def test_bad_sweep_points_are_found_before_the_first_is_computed(solver: Solver, file: Path) -> None:
    file.write_text(INPUT.replace('lam = ["20 meV", "30 meV"]', 'lam = ["20 meV", "3 fs"]'))
    with pytest.raises(InputError):
        na.run(file)
    assert not solver.calls


def test_an_input_without_forces_has_nothing_to_run(solver: Solver, file: Path) -> None:
    start, stop = INPUT.index("[forces]"), INPUT.index("[sweep]")
    file.write_text(INPUT[:start] + INPUT[stop:])
    with pytest.raises(InputError) as caught:
        na.run(file)
    assert any("forces" in line for line in caught.value.lines())


def test_memory_is_refused_before_anything_starts(file: Path) -> None:
    experiment = na.load(file, {"forces.method": "heom", "forces.tiers": 6, "forces.poles": 60})
    with pytest.raises(InputError) as caught:
        na.run(experiment)
    (line,) = caught.value.lines()
    assert "forces.tiers" in line and "B" in line and "available" in line


def test_the_table_of_the_whole_sweep_counts(solver: Solver, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the six sweep points alone would fit."""
    experiment = na.load(file, {"forces.x": {"start": -1.0, "stop": 1.0, "points": 20_000}})
    alone = memory_of_arrays(experiment.at({"bias": "0 V", "lam": "20 meV"}), "negf")
    whole = memory_of_arrays(experiment, "negf")
    assert whole > 1.1 * alone
    sizes = importlib.import_module("nonadia.friction.estimate")
    monkeypatch.setattr(sizes, "available_memory", lambda: (alone + whole) // 2)
    with pytest.raises(InputError, match="20,000 geometries at 6 sweep points"):
        na.run(experiment)
    assert not solver.calls


def test_progress_covers_the_whole_sweep(solver: Solver, file: Path) -> None:
    seen: list[float] = []
    na.run(na.load(file), progress=lambda done, total, message: seen.append(done / total))
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_names_that_the_tables_use_get_a_prefix(solver: Solver, file: Path) -> None:
    file.write_text(INPUT.replace("lam", "noise"))
    tree = na.run(file)
    assert tree["forces/friction"].dims[1] == "parameter_noise"
