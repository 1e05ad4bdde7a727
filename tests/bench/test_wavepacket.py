"""`nonadia bench wavepacket`: measurements, the same physics in every code, verdicts, table, command line."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import sys
import types
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nonadia.bench import compared, process, wavepacket, wavepacket_own, wavepacket_peer, wavepacket_report
from nonadia.bench.wavepacket_cases import CASES, QUICK_CASES, Case, observables, select
from nonadia.cli.app import main
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.initial import prepare

SMALL = Case("small", 2, 48, 2.2, 5.0, ("fft_ratio", "peer_ratio", "snapshot_steps"))
OWN: dict[str, Any] = {
    "status": "ok",
    "step_2_s": 0.0014,
    "step_4_s": 0.008,
    "single_s": 0.0007,
    "fft_pair_s": {"SciPy": 0.002, "ducc0": 0.001},
    "snapshot_s": 0.07,
    "propagation_difference": 2e-9,
    "propagation": {
        "split-operator": {"seconds": 0.5, "error_bound": 3e-9, "population": 0.1, "overlap_real": 0.2, "overlap_imag": 0.3},
        "chebyshev": {"seconds": 1.0, "error_bound": 1e-13, "population": 0.1, "overlap_real": 0.2, "overlap_imag": 0.3},
    },
}
PEERS: dict[str, dict[str, Any]] = {
    "wavepacket": {
        "status": "ok",
        "apply_s": 0.014,
        "propagation": {"seconds": 9.0, "population": 0.1, "overlap_real": 0.2, "overlap_imag": 0.3},
    },
    "qmsolve": {"status": "ok", "step_s": 0.0021},
}


def test_the_systems_are_those_described() -> None:
    """H of theory on a plane wave and a Gaussian; two dimensions are the Jahn-Teller model, its σ_z and σ_x parts."""
    case = select(["2D 64"])[0]
    molecule = case.molecule()
    x, y = (c.values for c in molecule.coordinates)
    h = molecule.hamiltonian()
    assert np.abs(0.5 * (h[0, 0] - h[1, 1]) - 0.03 * x[:, None]).max() < 1e-15
    assert np.abs(h[0, 1] - 0.03 * y[None, :]).max() < 1e-15
    assert np.abs(0.5 * (h[0, 0] + h[1, 1]) - 0.1 * (x[:, None] ** 2 + y**2)).max() < 1e-15
    single = case.one_state()
    assert np.array_equal(single.hamiltonian()[0, 0], h[0, 0])
    line = QUICK_CASES[0].molecule().hamiltonian()
    assert np.array_equal(line[0, 1], np.full(256, 0.01))


def test_selection() -> None:
    assert [c.name for c in select([])] == ["1D 1024", "2D 256", "3D 128"] and select([], QUICK_CASES) == list(QUICK_CASES)
    assert [c.name for c in select(["2d", "1D  256"])] == ["2D 256", "1D 256"]
    assert [c.name for c in select(["2D"], QUICK_CASES)] == ["2D 64"]
    with pytest.raises(ValueError, match='"2D 265"; nearest: "2D 256"'):
        select(["2D 265"])
    asked = [(c.points, c.dimensions, set(c.targets)) for c in CASES]
    assert asked[1] == (256, 2, {"fft_ratio", "peer_ratio", "snapshot_steps"}) and asked[2] == (128, 3, {"peak_gb"})


def test_measurements_of_a_small_case() -> None:
    answers: dict[str, Any] = {}
    wavepacket_own.measure(SMALL, 0.0, answers.update)
    assert answers["points"] == 48**2 and answers["fft"] in answers["fft_pair_s"] and "SciPy" in answers["fft_pair_s"]
    assert 0 < answers["single_s"] < answers["step_2_s"] < answers["step_4_s"] < answers["snapshot_s"]
    run = answers["propagation"]
    assert run["split-operator"]["error_bound"] < 1e-7 and answers["propagation_difference"] < 2e-7
    entry = wavepacket.judge(SMALL, answers | {"status": "ok"}, {})
    assert entry["correct"] and entry["ratios"]["fft_ratio"] > 0.5


def test_memory_in_its_own_process() -> None:
    case = QUICK_CASES[2]
    assert case.memory and case.dimensions == 3
    answers = process.run({"kind": "packet memory", "case": asdict(case)}, 120.0, 4e9)
    assert answers["status"] == "ok", answers
    assert answers["peak_bytes"] >= answers["propagation_peak_bytes"] >= answers["baseline_bytes"] > 1e7
    assert answers["fields"] > 10 and abs(answers["norm"] - 1.0) < 1e-12
    entry = wavepacket.judge(case, answers, {})
    assert entry["correct"] and entry["targets"][0]["met"]


def test_the_wavepacket_package_has_the_same_physics() -> None:
    """Populations and overlaps at the end of the propagation, in the quick cases of one and two dimensions."""
    for case in QUICK_CASES[:2]:
        answers: dict[str, Any] = {}
        wavepacket_peer.measure("wavepacket", case, 0.0, answers.update)
        start = prepare(case.molecule(), case.initial())
        *_, last = wavepacket_own.snapshots(case.molecule(), start, [0.0, case.duration], method="chebyshev")
        for name, value in observables(last.psi, start).items():
            assert abs(answers["propagation"][name] - value) < 1e-11
        assert answers["propagation"]["applications"] > 20 and answers["apply_s"] > 0


def test_a_step_of_qmsolve_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in of its interface: the potential, the packet, and how many steps a call makes."""
    called: list[tuple[float, float, int]] = []
    x = np.linspace(-2.2, 2.2, 16)

    class Simulation:
        def __init__(self, hamiltonian: Any, method: str) -> None:
            assert method == "split-step" and hamiltonian["N"] == 48 and hamiltonian["extent"] == 4.4
            grid = types.SimpleNamespace(x=x, y=0.5 * x)
            assert np.allclose(hamiltonian["potential"](grid), 0.1 * 1.25 * x**2 + 0.03 * x)
            self.grid = grid

        def run(self, packet: Any, total_time: float, dt: float, store_steps: int) -> None:
            assert packet(self.grid).shape == (16,)
            called.append((total_time, dt, store_steps))
            np.linalg.norm(np.ones((400, 400)), 2)

    module = types.ModuleType("qmsolve")
    module.__dict__.update(
        SingleParticle=lambda m: {"m": m},
        Hamiltonian=lambda particle, potential, **rest: rest | {"potential": potential, "m": particle["m"]},
        TimeSimulation=Simulation,
    )
    monkeypatch.setitem(sys.modules, "qmsolve", module)
    monkeypatch.setattr(wavepacket_peer, "version", lambda name: "2.0.0")
    answers: dict[str, Any] = {}
    wavepacket_peer.measure("qmsolve", SMALL, 0.0, answers.update)
    assert answers["version"] == "2.0.0" and answers["step_s"] > 0
    assert {(dt, store) for _, dt, store in called} == {(1.0, 1)} and called[-1][0] >= 50


def test_verdicts() -> None:
    entry = wavepacket.judge(SMALL, OWN, PEERS)
    expected = {"fft_ratio": 1.4, "apply_ratio": 10.0, "peer_ratio": 18.0, "chebyshev_ratio": 9.0, "single_ratio": 3.0}
    assert entry["ratios"] == pytest.approx(expected | {"snapshot_steps": 50.0})
    assert entry["correct"] and [t["met"] for t in entry["targets"]] == [True, True, False]
    alone = wavepacket.judge(SMALL, OWN, {})
    assert alone["correct"] and [t["met"] for t in alone["targets"]] == [True, None, False]


def test_a_wrong_result_is_a_failure() -> None:
    other = {"wavepacket": PEERS["wavepacket"] | {"propagation": PEERS["wavepacket"]["propagation"] | {"population": 0.1001}}}
    entry = wavepacket.judge(SMALL, OWN, other)
    assert not entry["correct"] and entry["differences"]["wavepacket"] == pytest.approx(1e-4)
    results = {"cases": {"small": {"nonadia": OWN, "peers": other, **entry}}}
    assert wavepacket.BENCHMARK.failures(results)[0].startswith("small: differs: ")
    assert not wavepacket.judge(SMALL, OWN | {"propagation_difference": 7e-9}, {})["correct"], "beyond its own error bound"
    assert not wavepacket.judge(SMALL, {**OWN, "peak_bytes": 1e9, "norm": 1.001}, {})["correct"]
    broken = {"nonadia": {"status": "failed", "message": "why"}, "peers": {"qmsolve": {"status": "failed", "message": "no"}}}
    broken |= wavepacket.judge(SMALL, broken["nonadia"], {})
    assert wavepacket.BENCHMARK.failures({"cases": {"small": broken}}) == ["small: failed: why", "small: qmsolve failed: no"]
    assert "failed: why" in wavepacket_report.row("small", broken)


def test_a_limit_of_time_bounds_the_ratio() -> None:
    slow = {"wavepacket": {"status": "time limit", "apply_s": 0.01, "phase": "propagation", "phase_s": 20.0}}
    entry = wavepacket.judge(SMALL, OWN, slow)
    assert entry["ratios"]["peer_ratio"] == 40.0 and entry["lower_bounds"] == ["peer_ratio"]
    assert entry["targets"][1]["met"] and entry["targets"][1]["lower_bound"]
    early = wavepacket.judge(SMALL, OWN, {"wavepacket": slow["wavepacket"] | {"phase_s": 1.0}})
    assert early["targets"][1]["met"] is None, "a bound below the target decides nothing"
    text = wavepacket_report.row("small", {"nonadia": OWN, "peers": slow, **entry})
    assert ">40" in text and "time limit" in text


def test_table() -> None:
    entry = {"nonadia": OWN, "peers": PEERS, **wavepacket.judge(SMALL, OWN, PEERS)}
    text = wavepacket_report.row("small", entry)
    assert len(text) <= len(wavepacket_report.HEADER) and " 0.001 " in text and " 1.4 " in text and text.endswith("    3")
    conditions = {"peers": {"wavepacket": "compared", "qmsolve": "not installed"}}
    lines = wavepacket_report.closing({"conditions": conditions, "cases": {"small": entry}})
    assert lines[0].startswith("qmsolve is not installed")
    assert lines[1] == "met     small: split-operator step over the bare FFT pair 1.4, target <= 1.5"
    assert lines[3] == "missed  small: one factorization, in steps of order 2 50, target <= 40"


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


def test_the_command_without_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "find_spec", lambda name: None)
    status, out, err = bench("wavepacket", "--quick", "--cases", "1D 256", "-o", str(tmp_path / "b.json"))
    assert status == 0, err
    results = json.loads((tmp_path / "b.json").read_text())
    assert results["finished"] and results["benchmark"] == "wavepacket" and list(results["cases"]) == ["1D 256"]
    assert results["conditions"]["peers"] == {"wavepacket": "not installed", "qmsolve": "not installed"}
    assert results["machine"]["processor"] and results["versions"]["numpy"] and results["conditions"]["threads"] == 1
    entry = results["cases"]["1D 256"]
    assert entry["correct"] and entry["peers"] == {} and entry["nonadia"]["threads"]["numba"] == 1
    assert "wavepacket is not installed: nothing to compare with" in out and "1D 256" in out
    assert list(tmp_path.iterdir()) == [tmp_path / "b.json"]


def test_wrong_words(tmp_path: Path) -> None:
    for words, said in (
        (["wavepackets"], "heom, wavepacket"),
        (["wavepacket", "--cases", "2D 265"], '"2D 256"'),
        (["wavepacket", "-o", str(tmp_path / "none" / "b.json")], "cannot be written"),
    ):
        status, _, err = bench(*words)
        assert status == 2 and said in err and len(err.strip().splitlines()) == 1, err


def test_one_step_is_one_pair_of_transforms() -> None:
    """What the ratio compares: a step of order 2 makes one transform forth and one back."""
    from nonadia.wavepacket import split

    molecule = SMALL.molecule()
    propagator = split.SplitOperator(Hamiltonian(molecule), 2)
    psi = prepare(molecule, SMALL.initial())
    counted: list[bool] = []
    plain = split.transform

    def counting(a: Any, axes: Any, forward: bool) -> None:
        counted.append(forward)
        plain(a, axes, forward)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split, "transform", counting)
        propagator.advance(psi, 0.0, 5.0, 10)
    assert counted == [True, False] * 10
