"""Dynamics that are stopped from outside: SIGKILL at random moments, Ctrl-C, a disk that is full."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

from nonadia.runs import checkpoint

from .langevin_inputs import same

INPUT = """
system = "table"
[parameters]
k = 0.02
T = "300 K"
[coordinates.x]
mass = 2000
unit = "1"
[table]
x = { start = -4, stop = 4, points = 61 }
potential = "k*x**2/2"
friction = "0.5*(1 + x**2/(1 + x**2))"
temperature = "T"
[langevin]
trajectories = 600
duration = 20000
stored = 81
step = 1
initial = { x = 0.3, temperature = "T" }
[sweep]
T = ["200 K", "300 K"]
"""
# a checkpoint after every round, not every ten seconds, and short rounds
EAGER = """
import nonadia.runs.checkpoint as c, nonadia.langevin.ensemble as e
c.INTERVAL, e.ROUND = {interval}, 0.05
from nonadia.__main__ import main
main()
"""


def start(folder: Path, *words: str, limit: int | None = None, interval: float = 0.0) -> subprocess.Popen[str]:
    (folder / "in.toml").write_text(INPUT, encoding="utf-8")

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # background jobs ignore it
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-c", EAGER.format(interval=interval), "run", "in.toml", "-o", "run.nc", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=prepare,
    )


def finish(folder: Path, *words: str) -> xr.DataTree:
    process = start(folder, *words)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0 or "not converged" in errors, errors
    assert sorted(path.name for path in folder.iterdir()) == ["in.toml", "run.nc"]
    with xr.open_datatree(folder / "run.nc", engine="h5netcdf") as tree:
        return tree.load()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> xr.DataTree:
    return finish(tmp_path_factory.mktemp("whole"))


def until_checkpoint(process: subprocess.Popen[str], folder: Path) -> None:
    deadline = time.monotonic() + 120
    while not (folder / "run.nc.checkpoint").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert process.poll() is None, process.communicate()[1]


@pytest.mark.parametrize(
    ("workers", "seed"), [(2, 1), *(pytest.param(w, s, marks=pytest.mark.slow) for w in (1, 2, 7) for s in (2, 3))]
)
def test_killed_at_random_moments_and_resumed_is_the_same_to_the_bit(
    uninterrupted: xr.DataTree, tmp_path: Path, workers: int, seed: int
) -> None:
    """SIGKILL twice: at any moment after the first checkpoint, and at any moment of the resumed run."""
    moments = random.Random(seed)
    process = start(tmp_path, "--workers", str(workers))
    until_checkpoint(process, tmp_path)
    time.sleep(0.8 * moments.random())
    process.kill()
    process.communicate(timeout=60)
    process = start(tmp_path, "--resume")
    time.sleep(4.0 * moments.random())  # perhaps while it imports, reads the checkpoint, or computes
    process.kill()
    process.communicate(timeout=60)
    same(finish(tmp_path, "--workers", str(workers), "--resume"), uninterrupted)


def test_ctrl_c_says_what_is_kept(tmp_path: Path) -> None:
    process = start(tmp_path)
    until_checkpoint(process, tmp_path)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    last = errors.splitlines()[-1]  # a slow machine reports its progress before
    assert last.startswith("interrupted; all forces and ") and "of 2 ensembles are saved in run.nc" in last
    assert "go on with the same command and --resume" in last


def test_a_full_disk_keeps_what_was_there(uninterrupted: xr.DataTree, tmp_path: Path) -> None:
    """No file can grow beyond a limit, as on a disk that is full: first the checkpoint, then the result."""
    for file, limit, interval in (("run.nc.checkpoint", 700_000, 0.0), ("run.nc", 700_000, 1e9)):
        process = start(tmp_path, "--resume", limit=limit, interval=interval)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 1, errors
        last = errors.splitlines()[-1]
        assert last.startswith(f"{file}: ") and "could not be written (" in last and "--resume" in last, errors
        assert "Traceback" not in errors
        assert {path.name for path in tmp_path.iterdir()} <= {"in.toml", "run.nc", "run.nc.checkpoint"}
        with xr.open_datatree(tmp_path / "run.nc", engine="h5netcdf") as kept:
            assert kept.attrs["complete"] == 0 and kept["forces/friction"].notnull().all()
    same(finish(tmp_path, "--resume"), uninterrupted)


def test_remnants_of_a_killed_process_are_cleaned_up(tmp_path: Path) -> None:
    from nonadia.runs.store import remove_remnants

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ours = tmp_path / f".run.nc.checkpoint.{os.getpid()}.part"
    names = [f".run.nc.{ended.pid}.part", f".run.nc.checkpoint.{ended.pid}.part", f".other.nc.{ended.pid}.part", ours.name]
    for name in names:
        (tmp_path / name).touch()
    remove_remnants(tmp_path / "run.nc")
    assert {path.name for path in tmp_path.iterdir()} == {names[2], ours.name}


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from nonadia.runs.store import SaveError

    kept = checkpoint.Checkpoint(tmp_path / "r.nc.checkpoint", "key")
    kept.write({"0.x": np.arange(5.0)})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match=r"No space left on device.*the one before is still there: make room"):
        kept.write({"0.x": np.zeros(5)})
    found = checkpoint.Checkpoint(tmp_path / "r.nc.checkpoint", "key").read()
    assert found is not None and np.array_equal(found["0.x"], np.arange(5.0))
    assert [path.name for path in tmp_path.iterdir()] == ["r.nc.checkpoint"]


def test_a_journal_that_cannot_grow_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from nonadia.runs.journal import Journal
    from nonadia.runs.store import SaveError

    journal = Journal(tmp_path / "j")
    journal["a"] = {"x": np.arange(5.0)}
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(SaveError, match=r"No space left on device.*1 finished pieces"):
            journal["b"] = {"x": np.arange(3.0)}
    journal["c"] = {"x": np.arange(2.0)}
    again = Journal(tmp_path / "j")
    assert list(again) == ["a", "c"] and np.array_equal(again["c"]["x"], np.arange(2.0))
