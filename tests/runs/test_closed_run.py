"""Runs of closed systems: results, verdicts, sweeps, interruption and resumption, the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nonadia as na
from nonadia.runs import checkpoint
from nonadia.runs.checkpoint import Checkpoint, State
from nonadia.runs.errors import InputError
from nonadia.runs.execute import Interrupted, RunFailed
from nonadia.runs.journal import beside

from ..command import nonadia
from .closed_inputs import MARGINAL, MOLECULE, PLANE, REAL_SPACE, changed, write_toml

HARMONIC: dict[str, Any] = {
    "system": "molecule",
    "parameters": {"M": 2000, "k": 0.2, "w": "sqrt(k/M)"},
    "coordinates": {"x": {"mass": "M", "grid": {"start": -2.5, "stop": 2.5, "points": 80}}},
    "electrons": {"hamiltonian": [["k*x**2/2"]]},
    "initial": {"nuclear": {"gaussian": {"center": 0.5, "width": "1/sqrt(M*w)"}}},
    "propagation": {"duration": "pi/w", "store_every": "pi/w/8"},
    "factorization": {},
}


def interrupted_after(calls: int) -> Any:
    """A progress report that stops the run at its n-th call."""
    left = [calls]

    def report(done: float, total: float, message: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    return report


def same(one: Any, other: Any) -> None:
    """Every variable of every group bit for bit."""
    assert set(one.children) == set(other.children)
    for group in set(one.children) - {"convergence"}:
        a, b = one[group].to_dataset(), other[group].to_dataset()
        assert set(a.data_vars) == set(b.data_vars) and a.data_vars
        for name in a.data_vars:
            assert a[name].dims == b[name].dims
            numeric = a[name].dtype.kind == "f"
            assert np.array_equal(a[name].values, b[name].values, equal_nan=numeric), f"{group}/{name}"


def test_a_coherent_state_swings() -> None:
    """⟨x⟩ = x0 cos ωt, the energy is constant, and T_geo vanishes with one state."""
    result = na.run(HARMONIC)
    packet, ledger = result["wavepacket"], result["factorization"]
    t, w = packet["time"].values, np.sqrt(0.2 / 2000)
    assert np.abs(packet["position"].values[:, 0] - 0.5 * np.cos(w * t)).max() < 1e-7
    assert np.ptp(ledger["E_total"].values) < 1e-9 and np.abs(ledger["T_geo"].values).max() < 1e-12
    assert result.attrs["complete"] == 1 and result.attrs["converged"] == 1 and result.attrs["system"] == "molecule"
    convergence = result["convergence"]
    assert convergence["status"].item() == "converged" and convergence["error"].item() <= 1e-7
    assert convergence["steps"].item() == packet["steps"].values.sum() > 8


def test_the_file_holds_what_was_returned(tmp_path: Path) -> None:
    out = tmp_path / "r.nc"
    data = changed(changed(MOLECULE, "propagation.store_psi", True), "trajectories", {"newton": True, "quantum": 3})
    result = na.run(data, out)
    same(result, na.open(out))
    assert list(tmp_path.iterdir()) == [out], "journal and checkpoint are gone"
    packet = result["wavepacket"]
    psi = packet["psi_real"].values + 1j * packet["psi_imag"].values
    assert psi.shape == (9, 2, 96)
    assert np.allclose((np.abs(psi) ** 2).sum(axis=1), packet["reduced_density"].values, atol=1e-14)
    settings = json.loads(na.open(out).attrs["settings"])
    assert settings["propagation"]["tolerance"] == 1e-7 and settings["factorization"]["gauge"] == "real"
    assert result["trajectories"]["quantum_position"].shape == (9, 3, 1)


@pytest.mark.parametrize("base", [REAL_SPACE, MARGINAL, PLANE], ids=["real space", "marginal", "plane"])
def test_other_systems_run(base: dict[str, Any]) -> None:
    result = na.run(base)
    packet = result["wavepacket"]
    assert np.allclose(packet["norm"].values, 1.0, atol=1e-12) and result.attrs["complete"] == 1
    assert ("electron_density" in packet) == (base is REAL_SPACE)
    assert ("adiabatic_population" in packet) == (base is not MARGINAL)
    if base is MARGINAL:  # the packet of fixed width follows g(t) (theory EF(20))
        assert np.isclose(packet["position"].values[-1, 0], 0.1 * np.sin(0.01 * 50), atol=1e-3)


def test_a_sweep_gains_a_dimension(tmp_path: Path) -> None:
    data = changed(changed(MOLECULE, "sweep", {"c": [0.0, 0.01], "d": ["0.01", "0.02"]}), "adiabatic", {"surfaces": 2})
    result = na.run(data, tmp_path / "s.nc")
    packet = na.open(tmp_path / "s.nc")["wavepacket"]
    assert packet["population"].dims[:3] == ("c", "d", "time") and packet["population"].shape == (2, 2, 9, 2)
    assert np.allclose(packet["population"].sel(c=0.0).isel(state=0), 1.0), "without coupling nothing leaves the state"
    assert packet["population"].sel(c=0.01).isel(state=0).values.min() < 0.9
    alone = na.run(changed(MOLECULE, "parameters.d", "0.01"))
    assert np.array_equal(alone["wavepacket"]["energy"].values, packet["energy"].isel(c=1, d=0).values)
    assert result["convergence"]["status"].shape == (2, 2) and result["factorization"]["T_geo"].dims[:2] == ("c", "d")


@pytest.mark.parametrize("calls", [2, 5, 9])
def test_resumed_runs_are_the_same(tmp_path: Path, calls: int) -> None:
    data = changed(MOLECULE, "trajectories", {"newton": True, "quantum": 4})
    whole = na.run(data)
    out = tmp_path / "r.nc"
    with pytest.raises(Interrupted) as stopped:
        na.run(data, out, progress=interrupted_after(calls))
    if calls > 2:
        assert f"{calls - 1} of 9 snapshots are kept" in stopped.value.kept
        assert checkpoint.beside(out).exists() and beside(out).exists()
    same(na.run(data, out, resume=True), whole)
    same(na.open(out), whole)
    assert list(tmp_path.iterdir()) == [out]


def test_a_checkpoint_of_another_input_is_not_used(tmp_path: Path) -> None:
    out = tmp_path / "r.nc"
    with pytest.raises(Interrupted):
        na.run(MOLECULE, out, progress=interrupted_after(6))
    other = changed(MOLECULE, "parameters.c", 0.02)
    same(na.run(other, out, resume=True), na.run(other))


def test_a_damaged_checkpoint_starts_over(tmp_path: Path) -> None:
    out = tmp_path / "r.nc"
    with pytest.raises(Interrupted):
        na.run(MOLECULE, out, progress=interrupted_after(6))
    file = checkpoint.beside(out)
    file.write_bytes(file.read_bytes()[:100])
    same(na.run(MOLECULE, out, resume=True), na.run(MOLECULE))


def test_a_sweep_resumes_at_its_point(tmp_path: Path) -> None:
    data = changed(MOLECULE, "sweep", {"c": [0.01, 0.02]})
    out = tmp_path / "r.nc"
    with pytest.raises(Interrupted) as stopped:
        na.run(data, out, progress=interrupted_after(15))
    assert stopped.value.finished == 1
    asked = []
    resumed = na.run(data, out, resume=True, progress=lambda done, total, message: asked.append(message))
    assert all("c = 0.02" in message for message in asked)
    same(resumed, na.run(data))


def test_checkpoint_file(tmp_path: Path) -> None:
    psi = np.random.default_rng(0).normal(size=(2, 5)) + 1j
    kept = Checkpoint(tmp_path / "c", "key")
    assert kept.read() is None
    kept.offer(State(1, psi, 0.1, 4).arrays())
    assert not (tmp_path / "c").exists(), "too soon"
    kept.write(State(2, psi, 0.1, 4).arrays())
    kept.write(State(1, 0 * psi, 0.1, 4).arrays())
    state = State.of(Checkpoint(tmp_path / "c", "key").read())
    assert state is not None and state.index == 2 and np.array_equal(state.psi, psi)
    assert Checkpoint(tmp_path / "c", "other").read() is None
    assert [file.name for file in tmp_path.iterdir()] == ["c"]


# --- verdicts -------------------------------------------------------------------------------------


def verdict(data: dict[str, Any]) -> tuple[int, str]:
    result = na.run(data)
    return int(result.attrs["converged"]), " ".join(json.loads(result["convergence"]["messages"].item()))


def test_a_packet_that_reaches_the_edge() -> None:
    data = changed(HARMONIC, "electrons.hamiltonian", [["0"]])
    data = changed(changed(data, "propagation.duration", 2500), "propagation.store_every", 250)
    data["initial"]["nuclear"]["gaussian"] |= {"momentum": 2}
    converged, said = verdict(data)
    assert converged == 0 and "reaches the edge of the grid" in said and "larger box" in said


def test_too_large_a_step() -> None:
    converged, said = verdict(changed(changed(MOLECULE, "propagation.step", "1 fs"), "propagation.order", 2))
    assert converged == 0 and "norm error" in said and "smaller propagation.step" in said


def test_identities_that_do_not_close() -> None:
    data = changed(changed(MOLECULE, "factorization.refinement", 1), "factorization.tolerance", 1e-17)
    converged, said = verdict(data)
    assert converged == 0 and "EF(17)" in said and "refine" in said


def test_an_initial_state_that_the_grid_cannot_hold_is_refused() -> None:
    data = changed(MOLECULE, "initial.nuclear", {"state_of": {"surface": 1, "level": 40}})
    with pytest.raises(InputError, match="initial: the grid of R does not resolve it"):
        na.run(data)


def test_nothing_to_compute() -> None:
    data = changed(changed(MOLECULE, "propagation", None), "factorization", None)
    with pytest.raises(InputError, match=r"nothing to compute; give \[propagation\]"):
        na.run(data)


def test_what_does_not_fit_is_refused() -> None:
    data = changed(MOLECULE, "coordinates.R.grid.points", 2_000_000)
    data = changed(changed(data, "propagation.store_every", "T/20000"), "propagation.store_psi", True)
    with pytest.raises(InputError, match="the stored snapshots need"):
        na.run(changed(data, "factorization", None))


def test_a_failure_is_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from nonadia.runs.recorders import Recorders

    count = [0]
    record = Recorders.record

    def failing(self: Recorders, snapshot: Any) -> Any:
        count[0] += 1
        if count[0] == 4:
            raise RuntimeError("disk on fire")
        return record(self, snapshot)

    monkeypatch.setattr(Recorders, "record", failing)
    with pytest.raises(RunFailed, match="RuntimeError: disk on fire"):
        na.run(MOLECULE, tmp_path / "r.nc")
    same(na.run(MOLECULE, tmp_path / "r.nc", resume=True), na.run(MOLECULE))


# --- the command line -----------------------------------------------------------------------------


def test_command_line(tmp_path: Path) -> None:
    write_toml(tmp_path / "a.toml", MOLECULE)
    checked = nonadia("check", "a.toml", folder=tmp_path)
    assert checked.returncode == 0, checked.stderr
    for words in ("unknowns: 2 x 96 = 192", "memory about", "time: of the order of", "split-operator of order 4", "ok"):
        assert words in checked.stdout
    done = nonadia("run", "a.toml", folder=tmp_path)
    assert done.returncode == 0 and "converged" in done.stdout and (tmp_path / "a.nc").exists(), done.stderr
    refused = nonadia("converge", "a.toml", folder=tmp_path)
    assert refused.returncode == 2 and 'system: "molecule"; this command is for system = "junction"' in refused.stderr


def test_large_grids_are_not_tried_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from nonadia.runs import closed_estimate

    write_toml(tmp_path / "a.toml", MOLECULE)
    monkeypatch.setattr(closed_estimate, "_TIMED_UNKNOWNS", 100)
    checked = nonadia("check", "a.toml", folder=tmp_path)
    assert checked.returncode == 0 and "time: a step takes about" in checked.stdout, checked.stderr


def test_exit_status(tmp_path: Path) -> None:
    write_toml(tmp_path / "a.toml", changed(MOLECULE, "initial.nuclear.gaussian.momentum", 900))
    bad = nonadia("check", "a.toml", folder=tmp_path)
    assert bad.returncode == 2 and bad.stderr.startswith("a.toml: initial.nuclear.gaussian.momentum: ")
    assert len(bad.stderr.strip().splitlines()) == 1
    write_toml(tmp_path / "a.toml", changed(changed(MOLECULE, "propagation.step", "1 fs"), "propagation.order", 2))
    unconverged = nonadia("run", "a.toml", folder=tmp_path)
    assert unconverged.returncode == 1 and "smaller propagation.step" in unconverged.stdout
    assert "Traceback" not in unconverged.stderr and (tmp_path / "a.nc").exists()
