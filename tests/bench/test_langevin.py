"""`nonadia bench langevin`: the same physics in every code, measurements, verdicts, table, command line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nonadia.bench import compared, langevin, langevin_cases, langevin_own, langevin_peer, langevin_report, process
from nonadia.bench.langevin_cases import CASES, QUICK_CASES, Case, select
from nonadia.langevin.tables.from_dataset import field_of

from .test_wavepacket import bench

SMALL = Case("small", 3000, 400, (3000, 400), ("rate_2",))
RIGHT = {"temperature": 1.001, "spread": 0.999}
OWN: dict[str, Any] = {
    "status": "ok",
    "kernel": {"rate": 1.4e8, **RIGHT},
    "threads": {"1": {"rate": 7e7, "cpu_rate": 7.2e7, **RIGHT}, "2": {"rate": 1.3e8, "cpu_rate": 7e7, **RIGHT}},
}
PEERS: dict[str, dict[str, Any]] = {
    "numpy": {"status": "ok", "rate": 8e6, "trajectories": 3000, **RIGHT},
    "ase": {"status": "ok", "rate": 1.8e7, "single_rate": 3e4, "trajectories": 3000, **RIGHT},
}


def test_the_table_is_the_oscillator_described() -> None:
    """F, γ, D of the table between its points, D = γ k_BT, and room for every thermal excursion."""
    field = field_of(langevin_cases.forces())
    sigma = langevin_cases.SPREAD
    x = np.linspace(-7.9, 7.9, 997) * sigma
    gamma, noise = field.local(x[:, None])
    assert np.abs(field.force(x[:, None])[:, 0] + 0.2 * x).max() < 1e-12
    assert np.abs(gamma[:, 0, 0] / (10.0 * (1 + 0.5 * np.sin(x / sigma))) - 1).max() < 1e-6
    assert np.abs(noise / gamma / 9.5e-4 - 1).max() < 1e-6
    assert field.masses[0] == 2000.0 and 10.0 * langevin_cases.FREQUENCY == pytest.approx(0.1)
    assert field.uniform(0.0) is not None, "the compiled path is what is timed"


def test_selection() -> None:
    assert [c.name for c in select([])] == ["table 1D", "memory"] and select([], QUICK_CASES) == list(QUICK_CASES)
    assert [c.name for c in select(["MEMORY", "memory", "table 1D"])] == ["memory", "table 1D"]
    with pytest.raises(ValueError, match='"table 2D"; nearest: "table 1D"'):
        select(["table 2D"])
    assert (CASES[1].trajectories, CASES[1].steps, CASES[1].targets) == (100_000, 10_000, ("peak_gb",))
    assert langevin_cases.BOUNDS == {"rate_2": 50e6, "peak_gb": 1.0} and CASES[0].targets == ("rate_2",)


def test_every_code_reaches_the_same_equilibrium() -> None:
    """From rest, over ten relaxation times: temperature and spread of nonadia, NumPy and ASE within what is allowed."""
    own: dict[str, Any] = {}
    langevin_own.measure(SMALL, 0.0, own.update)
    peers: dict[str, dict[str, Any]] = {}
    for peer in langevin_peer.PEERS:
        peers[peer] = {"status": "ok"}
        langevin_peer.measure(peer, SMALL, 0.0, peers[peer].update)
    entry = langevin.judge(SMALL, own | {"status": "ok"}, peers)
    assert set(entry["deviations"]) == {"kernel", "1 threads", "2 threads", "numpy", "ase"} and entry["correct"], entry
    assert own["threads"]["1"]["spread"] == own["threads"]["2"]["spread"], "the same bits for any number of threads"
    assert own["threads"]["1"]["temperature"] == pytest.approx(own["kernel"]["temperature"], rel=1e-12), "the same trajectories"
    assert own["kernel"]["rate"] > peers["numpy"]["rate"] and own["kernel"]["rate"] > peers["ase"]["rate"]
    assert 0 < peers["ase"]["single_rate"] < peers["ase"]["rate"]
    assert peers["ase"]["trajectories"] == peers["numpy"]["trajectories"] == 3000


def test_memory_in_its_own_process() -> None:
    case = Case("m", 3000, 400, targets=("peak_gb",), memory=True)
    answers = process.run({"kind": "langevin memory", "case": asdict(case)}, 120.0, 4e9)
    assert answers["status"] == "ok", answers
    assert answers["peak_bytes"] >= answers["baseline_bytes"] > 1e7
    entry = langevin.judge(case, answers, {})
    assert entry["correct"] and entry["targets"][0]["met"] and set(entry["deviations"]) == {"1 threads"}


def test_verdicts() -> None:
    entry = langevin.judge(SMALL, OWN, PEERS)
    assert entry["ratios"] == pytest.approx({"rate_2": 1.3e8, "scaling": 13 / 7, "numpy_ratio": 9.0, "ase_ratio": 4.0})
    assert entry["correct"] and entry["targets"] == [{"quantity": "rate_2", "bound": 50e6, "value": 1.3e8, "met": True}]
    slow = OWN | {"threads": OWN["threads"] | {"2": OWN["threads"]["2"] | {"rate": 4.9e7}}}
    missed = langevin.judge(SMALL, slow, {})
    assert missed["targets"][0]["met"] is False and missed["correct"]
    assert langevin.BENCHMARK.failures({"cases": {"small": {"nonadia": slow, "peers": {}, **missed}}}) == []
    memory = Case("m", 3000, 400, targets=("peak_gb",), memory=True)
    large = langevin.judge(memory, {"status": "ok", "threads": {"1": {"rate": 1.0, **RIGHT}}, "peak_bytes": 1.01e9}, {})
    assert large["targets"][0]["met"] is False and large["ratios"] == {"peak_gb": 1.01}
    assert langevin.judge(SMALL, {"status": "time limit"}, {})["targets"][0]["met"] is None
    assert langevin.allowed(3000) == pytest.approx(5 * (2 / 3000) ** 0.5 + 0.0025)


@pytest.mark.parametrize("quantity", ["temperature", "spread"])
@pytest.mark.parametrize("code", ["kernel", "2", "ase"])
def test_a_wrong_result_is_a_failure(quantity: str, code: str) -> None:
    own, peers = json.loads(json.dumps(OWN)), json.loads(json.dumps(PEERS))
    {"kernel": own["kernel"], "2": own["threads"]["2"], "ase": peers["ase"]}[code][quantity] = 1.2
    entry = langevin.judge(SMALL, own, peers)
    assert not entry["correct"] and max(entry["deviations"].values()) == pytest.approx(0.2)
    said = langevin.BENCHMARK.failures({"cases": {"small": {"nonadia": own, "peers": peers, **entry}}})
    assert len(said) == 1 and said[0].startswith("small: temperature or spread differ by ")


def test_what_failed_is_said() -> None:
    broken = {"nonadia": {"status": "failed", "message": "why"}, "peers": {"ase": {"status": "failed", "message": "no"}}}
    entry = {"case": asdict(SMALL), **broken, **langevin.judge(SMALL, broken["nonadia"], broken["peers"])}
    assert langevin.BENCHMARK.failures({"cases": {"small": entry}}) == ["small: failed: why", "small: ase failed: no"]
    assert langevin_report.row("small", entry).endswith("failed: why")
    late = {"numpy": PEERS["numpy"], "ase": {"status": "time limit"}}
    assert "time limit" in langevin_report.row(
        "small", {"case": asdict(SMALL), "nonadia": OWN, "peers": late, **langevin.judge(SMALL, OWN, late)}
    )


def test_table() -> None:
    entry = {"case": asdict(SMALL), "nonadia": OWN, "peers": PEERS, **langevin.judge(SMALL, OWN, PEERS)}
    text = langevin_report.row("small", entry)
    assert len(text) == len(langevin_report.HEADER) and text.split("|")[1].split() == ["140", "70", "130", "1.86", "-"]
    assert text.split("|")[2].split() == ["8", "9"] and text.split("|")[3].split() == ["18", "4", "0.03"]
    conditions = {"peers": {"numpy": "compared", "ase": "not installed"}}
    lines = langevin_report.closing({"conditions": conditions, "cases": {"small": entry}})
    assert lines == [
        'ASE is not installed: nothing to compare with; pip install "nonadia[bench]"',
        "met     small: millions of steps per second with 2 threads 130, target >= 50",
    ]


def test_the_command_without_ase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "find_spec", lambda name: None if name == "ase" else object())
    monkeypatch.setattr(langevin_cases, "QUICK_CASES", (Case("small", 500, 400, (500, 400), ("rate_2",)),))
    status, out, err = bench("langevin", "--quick", "-o", str(tmp_path / "b.json"))
    assert status == 0, err
    results = json.loads((tmp_path / "b.json").read_text())
    assert results["finished"] and results["benchmark"] == "langevin" and list(results["cases"]) == ["small"]
    assert results["conditions"]["peers"] == {"numpy": "compared", "ase": "not installed"}
    assert results["machine"]["processor"] and results["versions"]["numpy"]
    entry = results["cases"]["small"]
    assert entry["correct"] and set(entry["peers"]) == {"numpy"} and entry["peers"]["numpy"]["status"] == "ok"
    assert "ASE is not installed" in out and "500    400 |" in out
    assert list(tmp_path.iterdir()) == [tmp_path / "b.json"]


def test_wrong_words(tmp_path: Path) -> None:
    for words, said in (
        (["langevins"], "heom, wavepacket, langevin"),
        (["langevin", "--cases", "tabel 1D"], '"table 1D"'),
        (["langevin", "-o", str(tmp_path / "none" / "b.json")], "cannot be written"),
    ):
        status, _, err = bench(*words)
        assert status == 2 and said in err and len(err.strip().splitlines()) == 1, err
