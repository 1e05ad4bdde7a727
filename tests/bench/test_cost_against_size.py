"""The figures of cost against size: laws are recovered from numbers that follow them, and everything is drawn."""

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


def test_every_series_of_the_hierarchy_is_a_case(script: ModuleType) -> None:
    for series in script.ENGINES["heom"].series:
        case = script.junction(series, series.sizes[-1])
        states = case.vibration[1] if case.vibration else None
        assert {"poles": case.poles, "tiers": case.tiers, "states": states}[series.axis] == series.sizes[-1]
        assert case.tiers == (series.sizes[-1] if series.axis == "tiers" else int(series.label[-1]))


@pytest.mark.parametrize("name", ["heom", *(pytest.param(name, marks=pytest.mark.slow) for name in ("wavepacket", "langevin"))])
def test_one_point_of_each_engine(script: ModuleType, name: str) -> None:
    engine = script.ENGINES[name]
    series = engine.series[-1]
    point = series.measure(series, series.sizes[0])
    assert all(point[quantity] >= 0 for quantity in engine.quantities)
    assert any(point[quantity] > 0 for quantity in engine.quantities if quantity.endswith("_s"))


@pytest.mark.parametrize("name", ["heom", "wavepacket", "langevin"])
def test_the_figure(script: ModuleType, tmp_path: Path, name: str) -> None:
    engine = script.ENGINES[name]

    def points(sizes: tuple[int, ...]) -> list[dict[str, float]]:
        return [{"size": n, **{quantity: 1e-4 * n**2 for quantity in engine.quantities}} for n in sizes]

    lines = [script.analyse(engine, s.axis, s.label, points(s.sizes)) for s in engine.series]
    assert set(lines[0]["fits"]) == set(engine.quantities)
    if name == "heom":
        lines.append(script.analyse(engine, "unknowns", "all", points((10, 100, 1000))))
        assert "build_s" not in lines[-1]["fits"]
    else:
        assert lines[0]["fits"]["memory_mb"]["slope"] == pytest.approx(2.0, abs=1e-6)
    script.draw(engine, lines, "synthetic", tmp_path / "cost.png")
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")
