"""Runs on a Dask cluster: the same bits, also when a worker is killed; without Dask or a scheduler one clear line."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import distributed
import numpy as np
import pytest

import nonadia as na
from nonadia.langevin import ensemble
from nonadia.runs import checkpoint, executors
from nonadia.runs.errors import InputError
from nonadia.runs.executors import ClusterLost, cluster

from .langevin_inputs import JUNCTION, TABLE, changed, same, swept


@pytest.fixture(scope="module")
def workplace() -> Iterator[Any]:
    """A scheduler and two worker processes on this machine."""
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options, silence_logs=50) as found:
        yield found


def test_dynamics_on_a_cluster_are_the_same(workplace: Any) -> None:
    same(na.run(TABLE, scheduler=workplace.scheduler_address), na.run(TABLE))


def test_a_sweep_of_greens_functions_and_dynamics(workplace: Any) -> None:
    data = swept(JUNCTION, bias=["0 V", "0.1 V"])
    same(na.run(data, scheduler=workplace.scheduler_address), na.run(data))


def test_memory_kernels(workplace: Any) -> None:
    data = changed(JUNCTION, memory=True, trajectories=16, asymptote={"x": {"lower": "constant", "upper": "constant"}})
    data["forces"]["x"]["points"] = 9
    data["memory"] = {"x": data["forces"]["x"], "time": {"start": 0, "stop": 1500, "points": 41}, "tolerance": 0.05}
    one, other = na.run(data), na.run(data, scheduler=workplace.scheduler_address)
    same(other, one)
    np.testing.assert_array_equal(other["memory/friction_kernel"].values, one["memory/friction_kernel"].values)


def test_blocks_of_geometries(workplace: Any) -> None:
    data = swept(JUNCTION)
    del data["langevin"]
    data["forces"] = {"x": {"start": -8, "stop": 2, "points": 13}, "method": "heom", "tiers": 2, "poles": 2, "tolerance": 0.5}
    one, other = na.run(data), na.run(data, scheduler=workplace.scheduler_address)
    for name, variable in one["forces"].data_vars.items():
        np.testing.assert_array_equal(other["forces"][name].values, variable.values, err_msg=str(name))


def test_a_worker_that_is_killed_loses_nothing(workplace: Any) -> None:
    """SIGKILL while it computes: its pieces are computed again by the other one, or by the one that replaces it."""
    data = changed(TABLE, trajectories=4000, step=2)
    with distributed.Client(workplace.scheduler_address) as client:
        processes = list(client.run(os.getpid).values())
        assert len(processes) == 2
        killed = threading.Event()

        def kill_when_busy() -> None:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not killed.is_set():
                if any(client.processing().values()):
                    os.kill(processes[0], signal.SIGKILL)
                    killed.set()
                time.sleep(0.01)

        watcher = threading.Thread(target=kill_when_busy)
        watcher.start()
        result = na.run(data, scheduler=workplace.scheduler_address)
        assert killed.is_set(), "nothing was killed while the run was on"
        watcher.join()
    same(result, na.run(data))


def test_a_lost_scheduler_is_said_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes end while the run is on; afterwards the run goes on without them."""
    monkeypatch.setattr(checkpoint, "INTERVAL", 0.0)
    monkeypatch.setattr(ensemble, "ROUND", 0.1)
    monkeypatch.setattr(executors, "PATIENCE", 2.0)
    data, out = changed(TABLE, trajectories=4000, step=2), tmp_path / "r.nc"
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    found = distributed.LocalCluster(**options, silence_logs=50)

    def close_it(done: float, total: float, message: str) -> None:
        if done > 1.1:
            found.close()

    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}), pytest.raises(ClusterLost, match="was lost"):
        na.run(data, out, progress=close_it, scheduler=found.scheduler_address)
    said: list[float] = []
    result = na.run(data, out, resume=True, progress=lambda done, total, message: said.append(done))
    assert min(said) > 1.05, "it goes on from the checkpoint"
    same(result, na.run(data))


def test_no_scheduler_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "PATIENCE", 0.5)
    with pytest.raises(InputError) as caught, cluster("tcp://127.0.0.1:9"):
        pass
    (line,) = caught.value.lines()
    assert line.startswith("command line: --scheduler: no Dask scheduler answers at tcp://127.0.0.1:9")
    with pytest.raises(InputError, match="--scheduler: no Dask scheduler answers"), cluster("nonsense://"):
        pass


def test_a_scheduler_without_workers() -> None:
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0", silence_logs=50) as empty,
        pytest.raises(InputError, match="has no workers; start some with: dask worker"),
        cluster(empty.scheduler_address),
    ):
        pass


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r'needs Dask, which is not installed; install it with: pip install "nonadia\[dask\]"'):
        na.run(TABLE, scheduler="tcp://127.0.0.1:8786")
