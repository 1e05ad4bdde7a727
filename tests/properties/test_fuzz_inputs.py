"""Mutations of every shipped input, of tables and of result files: each ends with its lines, never with an exception.

A long campaign over other seeds: NONADIA_EXAMPLES=30 python -m pytest tests/properties/test_fuzz_inputs.py
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from nonadia.models import library
from nonadia.runs import closed_estimate, forecast, langevin_estimate
from nonadia.runs.errors import InputError
from nonadia.runs.experiment import load
from tests.runs.closed_inputs import MARGINAL, MOLECULE, PLANE, REAL_SPACE
from tests.runs.langevin_inputs import JUNCTION, TABLE
from tests.runs.test_input import BASE

from .cases import FACTOR
from .hostile import KEYS, TEXTS, checked, command, document, garbled, junk, mutated, parsed, places, toml

SMALL = {"table": TABLE, "junction": JUNCTION, "molecule": MOLECULE, "plane": PLANE, "space": REAL_SPACE, "marginal": MARGINAL}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimates of times are tried for a moment only."""
    for module in (closed_estimate, forecast, langevin_estimate):
        monkeypatch.setattr(module, "_PATIENCE", 0.01)
    monkeypatch.setattr(closed_estimate, "_PATIENCE_FOR_ONE", 0.5)


def read(data: bytes | dict[str, Any], folder: Path) -> None:
    """As every command begins: an experiment, or an InputError that names file and key."""
    path = folder / "input.toml"
    path.write_bytes(document(data).encode() if isinstance(data, dict) else data)
    try:
        load(path)
    except InputError as error:
        assert error.lines() and all(line.startswith(f"{path}: ") and "\n" not in line for line in error.lines())


@pytest.mark.parametrize("name", ["", *library.names()])
def test_shipped_inputs_with_faults(name: str, tmp_path: Path) -> None:
    """Tables with faults, then the text with faults; and an input that has every table of a junction."""
    text = library.path(name).read_text(encoding="utf-8") if name else BASE
    for seed in range(4 * FACTOR):
        rng = random.Random(f"{name} {seed}")
        read(mutated(parsed(text), rng), tmp_path)
        read(garbled(text, rng), tmp_path)


@pytest.mark.parametrize("name", SMALL)
def test_check_of_small_inputs_with_faults(name: str, tmp_path: Path) -> None:
    """The whole command, estimates included, with --set."""
    for seed in range(15 * FACTOR):
        rng = random.Random(f"{name} {seed}")
        settings = []
        if seed % 3 == 0:
            key = ".".join(map(str, rng.choice(list(places(SMALL[name])))))
            value = junk(rng, 1)
            key = rng.choice([key, key, key, f"{key}.x", key[:-1], f'"{key}', f"{key}..a", rng.choice(KEYS), "["])
            settings = [f"{key}={toml(value) if seed % 2 else value}".replace("\0", "")]
        data = SMALL[name] if settings else mutated(SMALL[name], rng)
        ended, wrong = checked(data, tmp_path, *settings)
        assert not wrong, (seed, settings, wrong, ended.err)


@pytest.mark.parametrize("size", [0, 1, 20, 3000])
def test_bytes_that_are_no_text(size: int, tmp_path: Path) -> None:
    for seed in range(10 * FACTOR):
        read(random.Random(seed).randbytes(size), tmp_path)


CSV = "x [angstrom], mean_force, friction (1/ps), noise\n" + "".join(
    f"{0.1 * k:.2f}, {0.01 * (k - 5)}, {1 + 0.1 * k}, 0.001\n" for k in range(11)
)


def test_tables_with_faults(tmp_path: Path) -> None:
    """A CSV file, its lines and numbers spoilt."""
    data = {**TABLE, "coordinates": {"x": {"mass": 2000, "unit": "angstrom"}}, "table": {"file": "forces.csv"}}
    data = {key: value for key, value in data.items() if key != "langevin"}
    path = tmp_path / "forces.csv"
    path.write_text(CSV)
    _, wrong = checked(data, tmp_path)
    assert not wrong
    for seed in range(80 * FACTOR):
        rng = random.Random(seed)
        spoilt = garbled(CSV, rng)
        if seed % 5 == 0:
            spoilt = spoilt.replace(b"0.1", rng.choice(TEXTS).encode(), rng.randrange(1, 4))
        path.write_bytes(spoilt)
        ended, wrong = checked(data, tmp_path)
        assert not wrong, (seed, wrong, ended.err)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small result file."""
    import nonadia as na

    path = tmp_path_factory.mktemp("result") / "small.nc"
    data = {key: value for key, value in JUNCTION.items() if key != "langevin"}
    na.run(load({**data, "forces": {"x": [-3.0, -1.0, 0.0, 1.0, 3.0]}}), output=path)
    return path.read_bytes()


@pytest.mark.parametrize("way", ["bytes", "cut", "zeros", "empty", "text"])
def test_damaged_results(way: str, stored: bytes, tmp_path: Path) -> None:
    """Read by `plot` and as table.file: an error that names the file, or figures of what is left."""
    table = {**TABLE, "table": {"file": "result.nc"}}
    for key in ("coordinates", "langevin", "parameters"):
        table.pop(key)
    path = tmp_path / "result.nc"
    for seed in range(5 * FACTOR):
        rng = random.Random(f"{way} {seed}")
        data = bytearray(stored)
        if way == "bytes":
            for _ in range(rng.choice([1, 10, 1000])):
                data[rng.randrange(len(data))] = rng.randrange(256)
        elif way == "zeros":
            begin = rng.randrange(len(data))
            data[begin : begin + 500] = bytes(min(500, len(data) - begin))
        data = data[: rng.randrange(len(data))] if way == "cut" else data
        data = bytearray() if way == "empty" else bytearray(b"mean_force, x\n1, 2\n") if way == "text" else data
        path.write_bytes(bytes(data))
        ended, wrong = checked(table, tmp_path)
        assert not wrong, (seed, wrong, ended.err)
        if seed == 0:
            ended = command("plot", str(path), "-o", str(tmp_path / "figures"))
            assert ended.code in (0, 2) and "failed" not in ended.err and "Traceback" not in ended.err, (seed, ended)
