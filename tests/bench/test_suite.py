"""The whole benchmark: file, table, verdicts, the comparison with QuTiP, interruption."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nonadia.bench import report, suite
from nonadia.bench.cases import Case, Target
from nonadia.cli.app import main

TIMES = {"build_s": 0.1, "preconditioner_s": 0.01, "solve_s": 0.03, "total_s": 0.14}
OWN: dict[str, Any] = {"status": "ok", "peak_bytes": 3e8, "occupation": 0.5, "streaming": {"ratio": 2.0}, **TIMES}
TARGETS = (Target("solve_ratio", 500.0), Target("build_ratio", 40.0), Target("peak_gb", 0.25), Target("total_s", 0.2))
CASE = Case("x", (0.1,), 1, 1, occupation=0.5, targets=TARGETS)


def bench(*words: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `nonadia bench WORDS`, in this process."""
    out, err, argv, handler = io.StringIO(), io.StringIO(), sys.argv, signal.getsignal(signal.SIGTERM)
    sys.argv = ["nonadia", "bench", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        return (end.code if isinstance(end.code, int) else 0), out.getvalue(), err.getvalue()
    finally:
        sys.argv = argv
        signal.signal(signal.SIGTERM, handler)
    raise AssertionError("the command line always exits")


def test_against_qutip(tmp_path: Path) -> None:
    pytest.importorskip("qutip", reason="QuTiP is what the benchmark compares with (test extra)")
    case = Case("impurity", (-0.2, -0.2), 1, 2, interaction=0.5, peer=True)
    results = suite.run(suite.Plan([case], repeats=0.0, points=0), tmp_path / "b.json", lambda what, entry: None)
    assert results["conditions"]["qutip"] == "compared" and not suite.failures(results)
    entry = json.loads((tmp_path / "b.json").read_text())["cases"]["impurity"]
    own, peer = entry["nonadia"], entry["qutip"]
    assert own["status"] == peer["status"] == "ok" and peer["solver"] in ("PARDISO (MKL)", "SuperLU")
    assert set(entry["occupation_difference"]) == {"qutip"} and entry["occupation_difference"]["qutip"] < 1e-10
    solve = peer["solve_s"] / (own["preconditioner_s"] + own["solve_s"])
    assert entry["ratios"]["solve_ratio"] == {"value": solve, "lower_bound": False}
    assert entry["ratios"]["build_ratio"]["value"] == peer["build_s"] / own["build_s"] > 1


def test_the_command_without_qutip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "find_spec", lambda name: None)
    status, out, err = bench("--quick", "--cases", "level 20/2", "-o", str(tmp_path / "b.json"))
    assert status == 0, err
    results = json.loads((tmp_path / "b.json").read_text())
    assert results["schema"] == suite.SCHEMA and results["finished"] and results["conditions"]["qutip"] == "not installed"
    assert results["conditions"]["threads"] == 1 and results["machine"]["processor"] and results["versions"]["numpy"]
    entry = results["cases"]["level 20/2"]
    assert entry["qutip"] is None and entry["nonadia"]["unknowns"] == 3614 and entry["ratios"] == {}
    assert entry["correct"] and entry["occupation_difference"]["oracle"] < 1e-10
    grid = results["geometries"]
    assert grid["solves_per_geometry"] <= grid["most"]["solves_per_geometry"] == 4 and len(grid["iterations"]) == 5
    assert "0.257074341333" in out and "met     grid: solves per geometry" in out and "QuTiP is not installed" in out
    assert list(tmp_path.iterdir()) == [tmp_path / "b.json"]


def test_verdicts() -> None:
    peer = {"status": "ok", "solver": "PARDISO (MKL)", "build_s": 5.0, "solve_s": 40.0, "occupation": 0.5 + 1e-12}
    entry = suite.judge(CASE, OWN, peer)
    assert entry["correct"] and entry["ratios"]["solve_ratio"]["value"] == pytest.approx(1000.0)
    assert [t["met"] for t in entry["targets"]] == [True, True, False, True]
    slower = suite.judge(CASE, OWN, peer | {"solver": "SuperLU"})["targets"]
    assert [t["met"] for t in slower] == [None, True, False, True], "the target is set against QuTiP's fastest solver"
    assert not suite.judge(CASE, OWN | {"occupation": 0.5 + 2e-8}, None)["correct"]
    assert [t["met"] for t in suite.judge(CASE, OWN, None)["targets"]] == [None, None, False, True]


def test_limits_bound_the_ratios() -> None:
    solving = {"status": "time limit", "solver": "PARDISO (MKL)", "build_s": 5.0, "phase": "solve", "phase_s": 30.0}
    entry = suite.judge(CASE, OWN, solving)
    assert entry["ratios"]["solve_ratio"] == {"value": pytest.approx(750.0), "lower_bound": True}
    assert [t["met"] for t in entry["targets"][:2]] == [True, True]
    early = suite.judge(CASE, OWN, solving | {"phase_s": 10.0})["targets"][0]
    assert early["lower_bound"] and early["met"] is None, "a bound below the target decides nothing"
    building = suite.judge(CASE, OWN, {"status": "time limit", "phase": "build", "phase_s": 60.0})
    assert building["ratios"] == {"build_ratio": {"value": pytest.approx(600.0), "lower_bound": True}}
    killed = suite.judge(CASE, OWN, {"status": "memory limit", "phase": "solve", "phase_s": 60.0, "build_s": 5.0})
    assert set(killed["ratios"]) == {"build_ratio"}, "running out of memory says nothing about time"


def test_the_table_says_what_is_open() -> None:
    own = OWN | {"unknowns": 7, "iterations": 3, "error": 1e-12, "baseline_bytes": 2e8}
    peer = {"status": "time limit", "version": "5", "solver": "PARDISO", "build_s": 5.0, "phase": "solve", "phase_s": 30.0}
    entry = {"nonadia": own, "qutip": peer, **suite.judge(CASE, own, peer)}
    text = report.row("x", entry)
    assert ">750" in text and "time limit" in text and " 100 " in text
    lines = report.closing({"cases": {"x": entry}, "geometries": None})
    assert lines[0] == "QuTiP 5, PARDISO"
    assert lines[1] == "met     x: solve, x faster than QuTiP > 750, target >= 500"
    assert lines[3] == "missed  x: peak memory of the process, GB 0.3, target <= 0.25"
    failed = {"nonadia": {"status": "failed", "message": "why"}, "qutip": None, "targets": [], "correct": False}
    assert "failed: why" in report.row("x", failed)
    assert suite.failures({"cases": {"x": failed}, "geometries": None}) == ["x: failed: why"]


def test_wrong_words(tmp_path: Path) -> None:
    for words, said in (
        (["hem"], "heom"),
        (["--cases", "level 20/3"], '"level 20/2"'),
        (["--cases", "level", "-o", str(tmp_path / "none" / "b.json")], "cannot be written"),
    ):
        status, _, err = bench(*words)
        assert status == 2 and said in err and len(err.strip().splitlines()) == 1, err


def test_interruption_keeps_what_is_finished(tmp_path: Path) -> None:
    words = ["bench", "--cases", "level 20/2,vib 12 6/3", "--without-qutip", "-o", "b.json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "nonadia", *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if line.startswith("vib 12 6/3"):
                break
        time.sleep(0.5)
        assert sys.platform != "linux" or any("nonadia.bench.child" in words for words in processes_in(tmp_path))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1 and "1 of 2 cases are saved in b.json" in err, err
    results = json.loads((tmp_path / "b.json").read_text())
    assert list(results["cases"]) == ["level 20/2"] and not results["finished"]
    assert not processes_in(tmp_path), "no measurement goes on"


def processes_in(folder: Path) -> list[str]:
    """Command lines of processes that work in `folder` (where the system tells)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry / "cwd") == str(folder.resolve()):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
    return found
