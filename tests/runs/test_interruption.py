"""Runs that are stopped: by Ctrl-C or SIGTERM at any moment, or killed outright; and how they go on."""

from __future__ import annotations

import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

# an interacting molecule that takes some seconds: 40 geometries in 7 blocks, two tiers each
INPUT = ["run", "anderson-holstein", "-o", "run.nc"]
for setting in ("forces.poles=4", "forces.tiers=4", "forces.tolerance=0.1", "forces.x={start=-9, stop=2, points=40}"):
    INPUT += ["--set", setting]
# worker processes start at once, not only when the first block shows that they would pay
EAGER = "import nonadia.friction.blocks as b; b.START_UP = 0.0; from nonadia.__main__ import main; main()"


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", EAGER, *words] if "--workers" in words else [sys.executable, "-m", "nonadia", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs ignore it
    )


def finish(folder: Path, *words: str) -> xr.DataTree:
    process = start(folder, *words)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0 or "not converged" in errors, errors
    assert [path.name for path in folder.iterdir()] == ["run.nc"], "the journal has served"
    with xr.open_datatree(folder / "run.nc", engine="h5netcdf") as tree:
        return tree.load()


def until_journal(process: subprocess.Popen[str], journal: Path, size: int) -> None:
    deadline = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.stat().st_size > size:
            return
        time.sleep(0.005)
    assert process.poll() is None, process.communicate()[1]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> xr.DataTree:
    return finish(tmp_path_factory.mktemp("whole"), *INPUT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_line_and_status_1_from_the_first_moment_on(tmp_path: Path, number: signal.Signals) -> None:
    """While modules are imported, the input is read and the bath is chosen."""
    moments = random.Random(int(number))
    for begin in (0.15, 0.5, 1.0, 1.8):
        process = start(tmp_path, *INPUT)
        # our code runs from the moment that Python itself is up
        wait_for_python(process.pid)
        time.sleep(begin * moments.random())
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1, errors
        assert errors.startswith("interrupted") and len(errors.splitlines()) == 1, errors
        assert not (tmp_path / "run.nc").exists()


def wait_for_python(pid: int) -> None:
    """Until the process catches SIGTERM, which it does before the first import that takes time."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        caught = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt")]
        if int(caught[0].split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)
    raise AssertionError("the process never listened for SIGTERM")


def same_to_the_bit(resumed: xr.DataTree, uninterrupted: xr.DataTree) -> None:
    for name, variable in uninterrupted["forces"].data_vars.items():
        np.testing.assert_array_equal(resumed["forces"][name].values, variable.values, err_msg=str(name), strict=True)
    for name in ("status", "method", "tiers", "poles", "decomposition", "messages"):
        assert resumed["convergence"][name].item() == uninterrupted["convergence"][name].item()


@pytest.mark.parametrize(
    ("workers", "seed"), [(1, 1), *(pytest.param(w, s, marks=pytest.mark.slow) for w in (1, 2) for s in (2, 3, 4))]
)
def test_killed_at_random_moments_and_resumed_is_the_same_to_the_bit(
    uninterrupted: xr.DataTree, tmp_path: Path, workers: int, seed: int
) -> None:
    """SIGKILL twice: at any moment after the first block is on disk, and at any moment of the resumed run."""
    words = [*INPUT, "--workers", str(workers)] if workers > 1 else INPUT
    journal, moments = tmp_path / "run.nc.journal", random.Random(seed)
    process = start(tmp_path, *words)
    until_journal(process, journal, 0)
    time.sleep(0.8 * moments.random())
    kill(process)
    assert journal.stat().st_size > 0 and not (tmp_path / "run.nc").exists()
    kept = journal.stat().st_size
    process = start(tmp_path, *words, "--resume")
    time.sleep(3.0 * moments.random())  # perhaps while it imports, reads the journal, or computes
    kill(process)
    if journal.exists():  # else it had come to its end
        assert journal.stat().st_size >= kept - 1
    same_to_the_bit(finish(tmp_path, *words, "--resume"), uninterrupted)


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_worker_fails_the_run_with_what_is_kept(uninterrupted: xr.DataTree, tmp_path: Path, seed: int) -> None:
    words = [*INPUT, "--workers", "2"]
    process = start(tmp_path, *words)
    workers = workers_of(process)
    until_journal(process, tmp_path / "run.nc.journal", 0)
    time.sleep(0.5 * random.Random(seed).random())
    os.kill(workers[seed % 2], signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1 and "worker process was killed" in errors, errors
    assert "kept in run.nc.journal" in errors and "--resume" in errors and "Traceback" not in errors
    same_to_the_bit(finish(tmp_path, *words, "--resume"), uninterrupted)


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The two worker processes, once both compute (the third child tracks their shared resources)."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
        found = [pid for pid, command in commands.items() if "resource_tracker" not in command]
        if len(found) == 2:
            return found
        time.sleep(0.01)
    raise AssertionError("the run never had two workers")


def test_too_little_memory_is_refused_with_numbers(tmp_path: Path) -> None:
    """A limit of the address space, as `ulimit -v` sets it."""
    limit = 2_000_000_000
    process = subprocess.run(
        [sys.executable, "-m", "nonadia", *INPUT, "--set", "forces.tiers=5", "--set", "forces.poles=9"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert process.returncode == 2, process.stderr
    (line,) = process.stderr.splitlines()
    assert all(word in line for word in ("forces.tiers", "GB", "available", "would fit")), line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_during_a_sweep_names_finished_points(tmp_path: Path) -> None:
    """Between and inside sweep points: finished ones are in the file, the blocks of the one in flight in the journal."""
    sweep = [*INPUT, "--set", 'sweep.bias=["0 V", "0.1 V", "0.2 V"]']
    process = start(tmp_path, *sweep)
    deadline = time.monotonic() + 240
    while not (tmp_path / "run.nc").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "of 3 sweep points are saved" in errors, errors
    finished = int(re.search(r"(\d) of 3", errors)[1])  # type: ignore[index]
    with xr.open_datatree(tmp_path / "run.nc", engine="h5netcdf") as tree:
        assert int(np.isfinite(tree["forces/friction"].values).all(axis=(1, 2, 3)).sum()) == finished


def test_ctrl_c_says_what_the_journal_keeps(tmp_path: Path) -> None:
    process = start(tmp_path, *INPUT)
    until_journal(process, tmp_path / "run.nc.journal", 0)
    time.sleep(0.1)  # the write that made the file appear is over
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    last = errors.splitlines()[-1]  # a slow machine reports its progress before
    assert "of geometries kept in run.nc.journal" in last and "--resume" in last


def test_killing_the_run_leaves_no_worker_behind(tmp_path: Path) -> None:
    process = start(tmp_path, *INPUT, "--workers", "2")
    children: list[str] = []
    while process.poll() is None and len(children) < 3:  # two workers and their resource tracker
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)  # workers hold its pipes open until they end
    assert len(children) == 3
    deadline = time.monotonic() + 30.0  # the resource tracker cleans up before it ends, and holds no pipe
    while any(alive(int(pid)) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in children if alive(int(pid))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
