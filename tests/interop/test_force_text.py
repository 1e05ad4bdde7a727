"""Numbers in files of another unit: exact both ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nonadia.interop.force_folders import x_folder
from nonadia.interop.force_text import half_digit, numbers, plain, rows, texts
from nonadia.units import EV, MICROAMPERE


@pytest.mark.parametrize("unit", [1.0, EV, 1.0 / EV, MICROAMPERE, 0.5291772])
def test_every_float_comes_back(unit: float) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=2000) * 10.0 ** rng.integers(-30, 30, 2000)
    values = np.concatenate([values, [0.0, 5e-324, 1e300 * min(unit, 1.0)]])
    assert np.array_equal(numbers(texts(values, unit), unit), values)


def test_some_floats_need_more_than_seventeen_digits() -> None:
    values = np.random.default_rng(3).normal(size=2000)
    assert any(len(text) > 24 for text in texts(values, EV))


def test_text_comes_back() -> None:
    printed = ["0.014142", "-0.105", "25", "0.123456789012"]
    assert texts(numbers(printed, EV), EV) == printed


def test_plain_and_rounding() -> None:
    assert [plain(t) for t in ("1e-3", "2", "-0.25")] == ["0.001", "2.0", "-0.25"]
    assert plain("0.4", 2) == "0.40"
    assert np.allclose(half_digit(["0.014142", "12", "1.5e-3"]), [5e-7, 0.5, 5e-5], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0.2", "x_.2"), ("-0.2", "x_-.2"), ("1", "x_1.0"), ("-25", "x_-25.0"), ("0", "x_0.0"),
        ("-0", "x_0.0"), ("1e-3", "x_.001"),
    ],
)
def test_names_of_folders(text: str, name: str) -> None:
    assert x_folder(text) == name
    assert float(name[2:]) == float(text)


def test_rows_skip_headings_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_text("Coord. Val.\tFriction\n# note\n\n 1.0D-01 2.5  3\n-2,4,5\n")
    assert rows(path, 2) == [["1.0E-01", "2.5"], ["-2", "4"]]


@pytest.mark.parametrize("wrong", ["1.0 *****", "1.0", "0.1 nan", "0.1 1\nx y"])
def test_rows_name_the_wrong_line(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "a.dat"
    path.write_text(f"x F\n{wrong}\n")
    with pytest.raises(ValueError, match=rf"a.dat: line {1 + len(wrong.splitlines())}: "):
        rows(path, 2)


def test_a_file_without_numbers_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_text("Coord. Val.\tFriction\n")
    with pytest.raises(ValueError, match="no row of numbers"):
        rows(path, 2)
