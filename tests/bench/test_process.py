"""Processes that measure: limits of time and memory, failures, memory peaks, and their end with their parent."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np

from nonadia.bench.cases import Case
from nonadia.bench.process import THREADS, peak_bytes, run

SMALL = Case("small", (0.1,), 2, 2)
GENEROUS = 8e9


def task(**changes: object) -> dict:
    return {"kind": "own", "case": asdict(SMALL), "repeats": 0.0, **changes}


def test_one_thread_and_all_answers() -> None:
    done = run(task(), 120.0, GENEROUS)
    assert done["status"] == "ok", done
    assert done["threads"] == {"numba": 1, **dict.fromkeys(THREADS, 1)}
    assert done["cpu_per_wall"] < 1.1
    assert done["total_s"] == done["build_s"] + done["preconditioner_s"] + done["solve_s"]
    assert done["peak_bytes"] >= done["baseline_bytes"] > 1e7
    streaming = done["streaming"]
    assert 0 < streaming["apply_s"] <= streaming["apply_cold_s"]
    moved = 2 * streaming["vector_bytes"] + streaming["table_bytes"]
    assert np.isclose(streaming["ratio"], streaming["apply_s"] * streaming["copy_bytes_per_s"] / moved)
    assert 16 * done["unknowns"] / 2 <= streaming["vector_bytes"] <= 16 * done["unknowns"]


def test_time_limit() -> None:
    endless = asdict(SMALL) | {"levels": (0.1,) * 3, "interaction": 0.3, "poles": 20, "tiers": 4}
    done = run(task(case=endless), 4.0, GENEROUS)
    assert done["status"] == "time limit"
    assert "build_s" not in done and 0 < done["phase_s"] < 10


def test_memory_limit() -> None:
    done = run(task(repeats=60.0), 120.0, 3e7)
    assert done["status"] == "memory limit" and done["seen_bytes"] > 3e7


def test_failures_say_why() -> None:
    done = run(task(case=asdict(SMALL) | {"poles": 0}), 120.0, GENEROUS)
    assert done["status"] == "failed" and "at least one pole" in done["message"]


def test_a_child_ends_with_its_parent() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "nonadia.bench.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(json.dumps(task(case=asdict(SMALL) | {"levels": (0.1,) * 3, "poles": 20, "tiers": 4})) + "\n")
    child.stdin.flush()
    assert "baseline_bytes" in child.stdout.readline()  # it is at work now
    child.stdin.close()
    assert child.wait(60) == 1
    child.stdout.close()


def test_the_peak_sees_what_is_gone() -> None:
    before = peak_bytes()
    block = np.ones(2**25)  # 256 MiB, more than the tests before it held
    del block
    assert peak_bytes() >= before
    assert peak_bytes() > 2**28
