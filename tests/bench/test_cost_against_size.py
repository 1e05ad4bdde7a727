"""The figure of cost against size: laws are recovered from numbers that follow them, and everything is drawn."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "cost_against_size.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cost_against_size", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_laws(script: ModuleType) -> None:
    sizes = np.array([2.0, 3.0, 4.0, 6.0, 8.0, 12.0])
    cost = 1e-3 + 1e-2 * sizes**3  # the constant part hides in the smaller half
    slope, intercept = script.fit("poles", sizes, cost)
    assert slope == pytest.approx(3.0, abs=1e-3) and np.exp(intercept) == pytest.approx(1e-2, rel=5e-3)
    assert script.growth("poles", slope) == "∝ n^3.0"
    slope, _ = script.fit("tiers", np.arange(1.0, 7.0), 0.1 * 7.0 ** np.arange(6))
    assert script.growth("tiers", slope) == "×7.0 a tier"


def test_every_series_is_a_case(script: ModuleType) -> None:
    for series in script.SERIES:
        case = series.case(series.sizes[-1])
        states = case.vibration[1] if case.vibration else None
        assert {"poles": case.poles, "tiers": case.tiers, "states": states}[series.axis] == series.sizes[-1]
        assert case.tiers == (series.sizes[-1] if series.axis == "tiers" else int(series.label[-1]))


def test_the_figure(script: ModuleType, tmp_path: Path) -> None:
    def points(sizes: tuple[int, ...]) -> list[dict[str, float]]:
        return [{"size": n, "unknowns": n**2, "solve_s": 1e-4 * n**2, "build_s": 1e-4 * n, "memory_mb": 0.1 * n} for n in sizes]

    lines = [script.analyse(s.axis, s.label, points(s.sizes)) for s in script.SERIES]
    lines.append(script.analyse("unknowns", "all", points((10, 100, 1000))))
    assert set(lines[0]["fits"]) == set(script.QUANTITIES) and "build_s" not in lines[-1]["fits"]
    script.draw(lines, "synthetic", tmp_path / "cost.png")
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")
