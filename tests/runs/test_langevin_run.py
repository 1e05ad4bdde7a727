"""Dynamics in a run: sweeps, driven parameters, memory, resuming; the same bits for any number of workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia.runs import checkpoint
from nonadia.runs.execute import Interrupted, RunFailed
from nonadia.runs.journal import beside
from nonadia.units import KELVIN, VOLT

from .langevin_inputs import JUNCTION, TABLE, changed, same, swept


@pytest.fixture(scope="module")
def whole() -> xr.DataTree:
    return na.run(TABLE)


def interrupted_after(calls: int) -> Any:
    seen = 0

    def report(done: float, total: float, message: str) -> None:
        nonlocal seen
        seen += 1
        assert 0 <= done <= total
        if seen >= calls:
            raise KeyboardInterrupt

    return report


def test_a_table_and_its_dynamics(whole: xr.DataTree, tmp_path: Path) -> None:
    assert set(whole.children) == {"forces", "langevin", "convergence"} and whole.attrs["complete"] == 1
    dynamics = whole["langevin"]
    assert dynamics["position"].dims == ("time", "mode") and dynamics["trajectory_position"].sizes["stored"] == 2
    assert dynamics.attrs["seed"] == 3 and json.loads(whole.attrs["seeds"]) == [3]
    assert dynamics["kinetic_temperature"].values[0, 0] == pytest.approx(300 * KELVIN, rel=5 * np.sqrt(2 / 300))
    na.run(TABLE, tmp_path / "r.nc")
    same(na.open(tmp_path / "r.nc"), whole)
    assert [file.name for file in tmp_path.iterdir()] == ["r.nc"]


@pytest.mark.parametrize("workers", [2, 7])
def test_the_same_bits_for_any_number_of_workers(whole: xr.DataTree, workers: int) -> None:
    same(na.run(TABLE, workers=workers), whole)


def test_another_seed_is_another_ensemble(whole: xr.DataTree) -> None:
    other = na.run(changed(TABLE, seed=4))
    assert not np.array_equal(other["langevin/position"].values, whole["langevin/position"].values)


def test_a_sweep_holds_what_single_runs_hold() -> None:
    result = na.run(swept(TABLE, T=["100 K", "300 K"]))
    assert result["langevin/kinetic_temperature"].dims == ("T", "time", "mode")
    assert list(result["langevin/T_label"].values) == ["100 K", "300 K"]
    single = swept(TABLE)
    single["parameters"]["T"] = "100 K"
    alone = na.run(single)
    for name, variable in alone["langevin"].data_vars.items():
        np.testing.assert_array_equal(result["langevin"][name].values[0], variable.values, err_msg=str(name))
    assert result["convergence/langevin_status"].shape == (2,)


def test_ensembles_of_different_lengths_share_a_table() -> None:
    """One that reaches its error stops early: the rest of its times is NaN."""
    ends = {"stop_error": {"kinetic_temperature": "0.5 K"}, "duration": 40000, "stored": 41, "initial": {"boltzmann": "T"}}
    loose = changed(swept(TABLE, T=["1 K", "300 K"]), **ends)
    found = na.run(loose)["langevin"]
    lengths = np.isfinite(found["position"].values[..., 0]).sum(axis=1)
    assert lengths[0] < lengths[1] == found.sizes["time"], lengths


@pytest.mark.parametrize("calls", [2, 4, 6])
def test_resumed_runs_are_the_same(whole: xr.DataTree, tmp_path: Path, calls: int) -> None:
    out = tmp_path / "r.nc"
    with pytest.raises(Interrupted) as stopped:
        na.run(TABLE, out, progress=interrupted_after(calls))
    assert "all forces and 0 of 1 ensemble are saved in" in stopped.value.kept
    assert "r.nc.checkpoint" in stopped.value.kept and checkpoint.beside(out).exists()
    with pytest.raises(na.ResultError, match="add --resume"):
        na.run(TABLE, out)
    seen: list[str] = []
    same(na.run(TABLE, out, resume=True, progress=lambda done, total, text: seen.append(text)), whole)
    assert len(seen) < 40
    assert [file.name for file in tmp_path.iterdir()] == ["r.nc"]


def test_a_sweep_resumes_at_its_ensemble(tmp_path: Path) -> None:
    data = swept(TABLE, T=["100 K", "200 K", "300 K"])
    out, seen = tmp_path / "r.nc", [""]

    def stop_in_the_second(done: float, total: float, text: str) -> None:
        if done > 4.3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        na.run(data, out, progress=stop_in_the_second)
    assert "1 of 3 ensembles are saved" in stopped.value.kept and "the ensemble in progress (" in stopped.value.kept
    resumed = na.run(data, out, resume=True, progress=lambda done, total, text: seen.append(text))
    assert not any("100 K" in text for text in seen), "forces and the first ensemble are not computed again"
    same(resumed, na.run(data))


def test_a_damaged_or_foreign_checkpoint_starts_over(whole: xr.DataTree, tmp_path: Path) -> None:
    out = tmp_path / "r.nc"
    for damage in (lambda content: content[: len(content) // 2], lambda content: b"", lambda content: content[::-1]):
        with pytest.raises(Interrupted):
            na.run(TABLE, out, progress=interrupted_after(4))
        file = checkpoint.beside(out)
        file.write_bytes(damage(file.read_bytes()))
        same(na.run(TABLE, out, resume=True), whole)
        out.unlink()
    with pytest.raises(Interrupted):
        na.run(changed(TABLE, seed=4), out, progress=interrupted_after(4))
    out.unlink()
    same(na.run(TABLE, out, resume=True), whole)


def test_a_damaged_result_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "r.nc"
    na.run(TABLE, out)
    content = out.read_bytes()
    out.write_bytes(content[: len(content) // 2])
    with pytest.raises(na.ResultError, match="not a readable result file"):
        na.run(TABLE, out, resume=True)
    with pytest.raises(na.ResultError, match=r"not a readable result file .*\); choose another file with -o, or delete it"):
        na.run(TABLE, out)
    assert out.read_bytes() == content[: len(content) // 2], "nothing is overwritten"


def test_a_trajectory_that_leaves_the_table_fails_its_ensemble_only(tmp_path: Path) -> None:
    data = swept(TABLE, T=["100 K", "30000 K"])
    with pytest.raises(RunFailed) as failed:
        na.run(data, tmp_path / "r.nc")
    (line,) = failed.value.messages
    assert line.startswith("T = 30000 K: langevin: trajectory") and "left the table" in line and "asymptote" in line
    kept = na.open(tmp_path / "r.nc")
    assert list(kept["convergence/status"].values)[1] == "failed" and kept.attrs["complete"] == 0
    assert np.isfinite(kept["langevin/position"].values[0]).all() and np.isnan(kept["langevin/position"].values[1]).all()
    assert np.isfinite(kept["forces/friction"].values).all()


def test_junction_forces_then_dynamics(tmp_path: Path) -> None:
    out = tmp_path / "r.nc"
    data = swept(JUNCTION, bias=["0 V", "0.1 V"])
    with pytest.raises(Interrupted):
        na.run(data, out, progress=lambda done, total, text: interrupted_after(1)(done, total, text) if done > 2.2 else None)
    said: list[str] = []
    result = na.run(data, out, resume=True, progress=lambda done, total, text: said.append(text))
    assert not any("Green" in text for text in said), "the forces are in the result already"
    assert result["langevin/current"].dims == ("bias", "time", "lead")
    same(result, na.run(data))
    assert not beside(out).exists() and not checkpoint.beside(out).exists()


def test_forces_that_the_sweep_does_not_change_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from nonadia.runs import forces_execute

    computed, before = [], forces_execute.forces
    monkeypatch.setattr(forces_execute, "forces", lambda *given: computed.append(given) or before(*given))
    data = swept(JUNCTION, start=[-3, -2.5], bias=["0 V", "0.1 V"])
    data["parameters"]["start"] = -3
    result = na.run(changed(data, initial={"x": "start", "temperature": "300 K"}))
    assert len(computed) == 2 and result["langevin/position"].dims == ("start", "bias", "time", "mode")
    np.testing.assert_allclose(result["langevin/position"].values[:, 1, 0, 0], [-3, -2.5])
    alone = na.run(changed(JUNCTION, initial={"x": -2.5, "temperature": "300 K"}))
    for group in ("forces", "langevin"):
        for name, variable in alone[group].data_vars.items():
            np.testing.assert_array_equal(result[group][name].values[1, 0], variable.values, err_msg=f"{group}/{name}")


def test_a_driven_parameter_is_an_axis_of_the_table_only() -> None:
    data = swept(JUNCTION, bias=["0 V", "0.1 V", "0.2 V", "0.3 V"], lam=["20 meV", "15 meV"])
    data["forces"]["x"]["points"] = 31
    data = changed(data, drive={"bias": "0.005*(1 + sin(0.0005*t))"})
    result = na.run(data)
    assert result["forces/friction"].dims[:3] == ("bias", "lam", "x")
    assert result["langevin/position"].dims == ("lam", "time", "mode") and result.attrs["complete"] == 1
    assert result["convergence/langevin_status"].shape == (4, 2)
    # a constant drive at a value of the table is the ensemble without a drive
    still = na.run(changed(data, drive={"bias": "0.1 V"}) | {"sweep": {"bias": ["0 V", "0.1 V", "0.2 V", "0.3 V"]}})
    alone = swept(data)
    alone["parameters"]["bias"] = "0.1 V"
    del alone["langevin"]["drive"]
    one, other = (run["langevin/position"].values for run in (still, na.run(changed(alone, step=float(_step(still))))))
    np.testing.assert_allclose(one, other, atol=0.02 * np.abs(other).max())
    assert result["forces/bias"].values[1] == pytest.approx(0.1 * VOLT)


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"initial": {"x": 5, "temperature": "T"}}, "langevin.initial", "the table covers x from -3 to 3"),
        ({"exits": {"out": "x > 0.2"}}, "langevin.exits", "300 trajectories start there"),
        ({"asymptote": {"x": {"upper": "free"}}, "initial": {"x": -5, "p": 0}}, "langevin.initial", "start inside"),
        ({"trajectories": 10**11}, "langevin.trajectories", "are available); fewer would fit"),
        ({"trajectories": 10**9, "keep": 10**9}, "langevin.keep", "are available); fewer would fit"),
    ],
)
def test_what_cannot_start_is_refused_before_any_work(
    tmp_path: Path, change: dict[str, Any], key: str, words: str
) -> None:
    with pytest.raises(na.InputError) as caught:
        na.run(changed(TABLE, **change), tmp_path / "r.nc")
    (line,) = caught.value.lines()
    assert line.startswith(f"<dict>: {key}: ") and words in line, line
    assert not list(tmp_path.iterdir())


def test_a_table_of_noise_that_is_negative_is_refused() -> None:
    data = swept(TABLE)
    data["table"] |= {"noise": "0.001*(x - 1)"}
    del data["table"]["temperature"]
    with pytest.raises(na.InputError, match=r"<dict>: table\.noise: D is negative at x = -3"):
        na.run(data)


def test_wave_packets_do_not_go_to_a_cluster() -> None:
    with pytest.raises(na.InputError, match=r"--scheduler: wave packets .* run in one process"):
        na.run("harmonic", scheduler="tcp://127.0.0.1:9")


def test_the_command_line_says_what_came_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nonadia.cli.words import summary

    long = changed(swept(TABLE, T=["300 K"]), duration=60000, initial={"boltzmann": "T"}, exits={"far": "x > 1.2"})
    summary(na.run(changed(long, exits={})))
    said = capsys.readouterr().out
    assert "T = 300 K: steady kinetic temperature of x " in said and " K" in said and " ± " in said
    assert 270 < float(said.split("of x ")[1].split()[0]) < 330
    summary(na.run(changed(long, initial={"x": 0.3, "temperature": "T"})))
    assert "T = 300 K: far " in capsys.readouterr().out


def _step(result: xr.DataTree) -> float:
    return float(result["langevin"].attrs["step"])


def test_kernels_of_the_run_are_its_memory() -> None:
    data = changed(JUNCTION, memory=True)
    data["memory"] = {"x": data["forces"]["x"], "time": {"start": 0, "stop": 1500, "points": 61}, "tolerance": 0.02}
    data["forces"]["x"]["points"] = 17
    result = na.run(data)
    assert result.attrs["complete"] == 1 and "memory" in result.children
    assert np.isfinite(result["langevin/position"].values).all()
    plain = changed(data, memory=False)
    assert not np.array_equal(na.run(plain)["langevin/momentum"].values, result["langevin/momentum"].values)
