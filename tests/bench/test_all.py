"""`nonadia bench all`: every benchmark in one run, and the ratios of their times to other programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nonadia.bench.ratios import Ratio, ratios, table
from nonadia.cli.app import main

STORED = Path(__file__).parents[2] / "benchmarks" / "results"
HEOM = {
    "a": {
        "ratios": {"build_ratio": {"value": 3.0, "lower_bound": False}, "solve_ratio": {"value": 300.0, "lower_bound": True}}
    },
    "b": {"ratios": {}},
}
PACKET = {"1D": {"ratios": {"fft_ratio": 1.2, "peer_ratio": 50.0, "single_ratio": 4.0}, "lower_bounds": ["peer_ratio"]}}


def test_what_counts_as_a_ratio() -> None:
    """Only times of two programs: no targets of our own (fft_ratio), no cases that were not compared."""
    found = ratios({"heom": {"cases": HEOM}, "wavepacket": {"cases": PACKET}})
    assert [(r.case, r.peer, r.value, r.lower_bound) for r in found] == [
        ("a", "QuTiP", 3.0, False),
        ("a", "QuTiP", 300.0, True),
        ("1D", "wavepacket", 50.0, True),
        ("1D", "qmsolve", 4.0, False),
    ]
    assert [line.split()[-1] for line in table(found)[1:]] == ["3", "300", "50", "4"] and "> 300" in table(found)[2]


def test_the_stored_results_have_ratios() -> None:
    """Names of ratios in the files of each benchmark are those that the table looks for."""
    for name in ("heom", "wavepacket", "langevin"):
        stored = json.loads((STORED / f"bench-{name}.json").read_text())
        assert all(isinstance(r, Ratio) and r.value > 1 for r in ratios({name: stored})), name
        assert ratios({name: stored}), name


def test_all_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, with stored results instead of measurements: three files, their union, table and figure."""
    from nonadia.cli import benchmark

    def stored(name: str, target: Path, asked: benchmark.Asked) -> tuple[dict[str, object], list[str]]:
        results = json.loads((STORED / f"bench-{name}.json").read_text())
        target.write_text(json.dumps(results))
        return results, ["a case: failed"] if name == "langevin" else []

    monkeypatch.setattr(benchmark, "_one", stored)
    monkeypatch.setattr("sys.argv", ["nonadia", "bench", "all", "-o", str(tmp_path / "all.json")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1 and "langevin: a case: failed" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("all-heom.json", "all-langevin.json", "all-wavepacket.json", "all.json", "all.png", "all.svg"),
    ]
    union = json.loads((tmp_path / "all.json").read_text())
    assert set(union["benchmarks"]) == {"heom", "wavepacket", "langevin"}
    assert {row["engine"] for row in union["ratios"]} == set(union["benchmarks"])


def test_cases_belong_to_one_benchmark(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["nonadia", "bench", "all", "--cases", "2D"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2 and "--cases" in capsys.readouterr().err
