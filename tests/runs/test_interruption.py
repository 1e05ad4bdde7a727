"""Runs that are stopped: by Ctrl-C or SIGTERM at any moment, or killed outright; and how they go on."""

from __future__ import annotations

import os
import random
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


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_at_a_random_moment_and_resumed_is_the_same_to_the_bit(
    uninterrupted: xr.DataTree, tmp_path: Path, workers: int
) -> None:
    words = [*INPUT, "--workers", str(workers)] if workers > 1 else INPUT
    journal, moments = tmp_path / "run.nc.journal", random.Random(workers)
    for _ in range(2):  # killed, resumed, killed again in the later part
        process = start(tmp_path, *words, *(["--resume"] if journal.exists() else []))
        until_journal(process, journal, journal.stat().st_size if journal.exists() else 0)
        time.sleep(0.5 * moments.random())
        process.kill()
        process.wait(timeout=60)
        process.communicate()
        assert journal.stat().st_size > 0 and not (tmp_path / "run.nc").exists()
    resumed = finish(tmp_path, *words, "--resume")
    for name, variable in uninterrupted["forces"].data_vars.items():
        np.testing.assert_array_equal(resumed["forces"][name].values, variable.values, err_msg=str(name), strict=True)
    for name in ("status", "method", "tiers", "poles", "decomposition", "messages"):
        assert resumed["convergence"][name].item() == uninterrupted["convergence"][name].item()


def test_ctrl_c_says_what_the_journal_keeps(tmp_path: Path) -> None:
    process = start(tmp_path, *INPUT)
    until_journal(process, tmp_path / "run.nc.journal", 0)
    time.sleep(0.1)  # the write that made the file appear is over
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and len(errors.splitlines()) == 1, errors
    assert "of geometries kept in run.nc.journal" in errors and "--resume" in errors


def test_killing_the_run_leaves_no_worker_behind(tmp_path: Path) -> None:
    process = start(tmp_path, *INPUT, "--workers", "2")
    children: list[str] = []
    while process.poll() is None and len(children) < 3:  # two workers and their resource tracker
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)  # workers hold its pipes open until they end
    assert len(children) == 3 and not [pid for pid in children if alive(int(pid))]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
