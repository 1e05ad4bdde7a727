"""The journal survives a record that a kill cut short, and never supplies what it does not hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nonadia.runs.journal import Journal


def records(count: int) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    return {f"key{i}": {"a": rng.normal(size=(i + 1, 2)), "n": np.array([i])} for i in range(count)}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.nc.journal")
    for key, arrays in records(3).items():
        journal[key] = arrays
    again = Journal(journal.path)
    assert list(again) == ["key0", "key1", "key2"]
    for key, arrays in records(3).items():
        for name, array in arrays.items():
            assert np.array_equal(again[key][name], array) and again[key][name].dtype == array.dtype
    again.remove()
    assert not journal.path.exists() and len(Journal(journal.path)) == 0


@pytest.mark.parametrize("lost", [1, 7, 60, 300])
def test_a_record_cut_short_is_dropped_and_the_file_goes_on(tmp_path: Path, lost: int) -> None:
    journal = Journal(tmp_path / "run.nc.journal")
    for key, arrays in records(3).items():
        journal[key] = arrays
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:-lost])
    again = Journal(journal.path)
    assert list(again) == ["key0", "key1"]
    again["key2"] = records(3)["key2"]
    assert journal.path.read_bytes() == content


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.nc.journal")
    for key, arrays in records(2).items():
        journal[key] = arrays
    content = bytearray(journal.path.read_bytes())
    content[-200] ^= 1
    journal.path.write_bytes(bytes(content))
    assert list(Journal(journal.path)) == ["key0"]
